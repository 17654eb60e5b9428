//! The checks as a table on paper: what each looks for, how many it flags, of how many.

use super::ChecksAnswer;
use crate::sheet::{Cell, Column, HeadCell, Row, Sheet, local_date, local_time};
use crate::store::checks::find;

/// The printed table.
#[must_use]
pub fn sheet(answer: &ChecksAnswer, agency_name: Option<String>) -> Sheet {
    let grouped = answer.checks.iter().any(|check| check.group.is_some());
    let mut heads = vec![HeadCell::new("STT"), HeadCell::new("Nội dung kiểm tra"), HeadCell::new("Mức độ")];
    let mut columns = vec![Column::center(6.0), Column::left(70.0), Column::center(16.0)];
    if grouped {
        heads.push(HeadCell::new("Cơ quan, đơn vị"));
        columns.push(Column::left(34.0));
    }
    heads.extend(["Số hồ sơ bị nêu", "Trên số hồ sơ", "Tỷ lệ (%)"].map(HeadCell::new));
    columns.extend([Column::right(12.0); 3]);
    let mut subtitle = vec![
        format!("Từ ngày {} đến ngày {}", local_date(answer.cut.from), local_date(answer.cut.to)),
        format!("Số liệu được biết đến {}", local_time(answer.cut.known_at)),
    ];
    if answer.cut.scope == "own" {
        subtitle.push("Không gồm các đơn vị trực thuộc".to_owned());
    }
    let place = answer.cut.agency.as_deref().unwrap_or("tat-ca");
    Sheet {
        name: format!("kiem-tra_{place}_{}_{}", answer.cut.from, answer.cut.to),
        form: String::new(),
        agency: agency_name.into_iter().collect(),
        title: "KIỂM TRA TÍNH TRUNG THỰC CỦA SỐ LIỆU".to_owned(),
        subtitle,
        heading: vec![heads],
        numbers: Vec::new(),
        columns,
        rows: answer.checks.iter().zip(1..).map(|(check, number)| row(check, number, grouped)).collect(),
        notes: vec![
            "Một hồ sơ bị nêu là điều cần xem lại, không phải kết luận sai phạm.".to_owned(),
            format!("Phiên bản định nghĩa: {}.", answer.definition_version),
        ],
        signatures: Vec::new(),
        landscape: true,
        as_of: answer.cut.known_at,
    }
}

fn row(check: &super::CheckView, number: i64, grouped: bool) -> Row {
    let known = find(check.check);
    let title = known.map_or_else(
        || check.title.to_owned(),
        |known| format!("{}: {}; {}.", known.title_vi, known.population_text().0, known.flagged_text().0),
    );
    let mut cells = vec![
        Cell::integer(number),
        Cell::text(title),
        Cell::maybe(known, |known| Cell::text(known.severity.titles().0)),
    ];
    if grouped {
        cells.push(Cell::maybe(check.group.as_ref(), |group| Cell::text(group.name.as_str())));
    }
    cells.push(Cell::integer(check.flagged).linked(check.dossiers.as_str()));
    cells.push(Cell::integer(check.population));
    cells.push(Cell::maybe(check.percent.as_deref(), Cell::decimal));
    Row::plain(cells)
}
