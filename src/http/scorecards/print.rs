//! Scorecards on paper: one sheet for each form of them.

use super::series::{MonthView, PointView, SeriesView};
use super::siblings::ScorecardAgencies;
use super::view::ScorecardRow;
use super::{Scorecard, ScorecardHead};
use crate::http::indicators::ValueView;
use crate::http::problem::ApiError;
use crate::sheet::{Cell, Column, HeadCell, Row, Sheet, Signature, local_date, local_time};

/// What a printed scorecard is headed by besides its figures.
#[derive(Debug, Clone)]
pub struct Letterhead {
    pub agency: String,
    pub head: ScorecardHead,
}

/// The table of a sheet: its headings, widths and rows.
struct Table {
    what: &'static str,
    heading: Vec<Vec<HeadCell>>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Letterhead {
    fn sheet(&self, table: Table) -> Sheet {
        let ScorecardHead { plan, title, plan_revision, cut, calendar_version, .. } = &self.head;
        let mut known = format!("Số liệu được biết đến {}; kế hoạch bản {plan_revision}", local_time(cut.known_at));
        if let Some(calendar) = calendar_version {
            known.push_str(&format!("; lịch làm việc {calendar}"));
        }
        let mut subtitle =
            vec![format!("Từ ngày {} đến ngày {}", local_date(cut.from), local_date(cut.to)), known, title.clone()];
        if cut.scope == "own" {
            subtitle.push("Không gồm các đơn vị trực thuộc".to_owned());
        }
        let numbers = (1..=table.columns.len()).map(|n| format!("({n})")).collect();
        let agency = cut.agency.as_deref().unwrap_or("tat-ca");
        Sheet {
            name: format!("{}_{plan}_{agency}_{}_{}", table.what, cut.from, cut.to),
            form: String::new(),
            agency: vec![self.agency.clone()],
            title: "KẾT QUẢ THỰC HIỆN CHỈ TIÊU KẾ HOẠCH".to_owned(),
            subtitle,
            heading: table.heading,
            numbers,
            columns: table.columns,
            rows: table.rows,
            notes: table.notes,
            signatures: vec![Signature::preparer(), Signature::head()],
            landscape: true,
            as_of: cut.known_at,
        }
    }
}

fn heads(texts: &[&str]) -> Vec<HeadCell> {
    texts.iter().map(|text| HeadCell::new(text)).collect()
}

fn status(status: Option<&str>) -> Cell {
    Cell::text(match status {
        Some("met") => "Đạt",
        Some("missed") => "Chưa đạt",
        Some(_) => "Chưa có số liệu",
        None => "",
    })
}

/// Numerator, denominator, value. The denominator opens the list.
fn value(value: Option<&ValueView>) -> [Cell; 3] {
    let Some(value) = value else { return [Cell::empty(), Cell::empty(), Cell::empty()] };
    let shown = value.percent.as_ref().or(value.value.as_ref());
    [
        Cell::integer(value.numerator),
        Cell::integer(value.denominator).linked(value.dossiers.clone()),
        Cell::maybe(shown, Cell::decimal),
    ]
}

/// Title and what is to be reached.
fn target(row: &ScorecardRow) -> [Cell; 2] {
    let aim = row.target.as_ref().map(|target| {
        let unit = if row.unit == "percent" { "%" } else { "" };
        format!("{} {}{unit}", row.comparator.as_str(), crate::sheet::decimal(target))
    });
    [Cell::text(row.title.clone()), Cell::maybe(aim, Cell::text)]
}

/// What was declared, with how it stands: never in the column of computed figures.
fn declared(row: &ScorecardRow) -> [Cell; 2] {
    let Some(declared) = &row.declared else { return [Cell::empty(), Cell::empty()] };
    let standing = match declared.status {
        "accepted" => "đã thẩm định",
        "rejected" => "bị bác",
        _ => "chờ thẩm định",
    };
    let shown = declared.value.as_ref().or(declared.percent.as_ref());
    [Cell::maybe(shown, Cell::decimal), Cell::text(format!("Phiên bản {}, {standing}", declared.version))]
}

fn warnings<'a>(rows: impl Iterator<Item = &'a ScorecardRow>) -> Vec<String> {
    rows.flat_map(|row| row.warnings.iter().map(|warning| format!("{}: {}.", row.title, warning.detail))).collect()
}

/// Target by target.
pub fn card(letterhead: &Letterhead, card: &Scorecard) -> Sheet {
    let row = |row: &ScorecardRow| {
        let missing = row.needed.as_ref().and_then(|needed| needed.convert);
        let mut cells: Vec<Cell> = target(row).into();
        cells.extend(value(row.actual.as_ref()));
        cells.push(Cell::maybe(row.growth.as_ref().and_then(|growth| growth.percent.clone()), Cell::decimal));
        cells.extend(declared(row));
        cells.extend([status(row.status), Cell::maybe(missing, Cell::integer)]);
        Row::plain(cells)
    };
    letterhead.sheet(Table {
        what: "chi-tieu",
        heading: vec![heads(&[
            "Chỉ tiêu",
            "Mục tiêu",
            "Tử số",
            "Mẫu số",
            "Thực hiện",
            "Tăng trưởng (%)",
            "Khai báo",
            "Thẩm định",
            "Kết quả",
            "Còn thiếu (hồ sơ)",
        ])],
        columns: [Column::left(44.0), Column::center(10.0)]
            .into_iter()
            .chain((0..4).map(|_| Column::right(10.0)))
            .chain([Column::right(10.0), Column::left(22.0), Column::center(12.0), Column::right(10.0)])
            .collect(),
        rows: card.rows.iter().map(row).collect(),
        notes: warnings(card.rows.iter()),
    })
}

/// Target by target, month by month: the month's own figure, the one since the period began, the year before.
pub fn series(letterhead: &Letterhead, series: &[SeriesView]) -> Sheet {
    let point = |point: Option<&PointView>| -> Vec<Cell> {
        let mut cells: Vec<Cell> = value(point.map(|point| &point.value)).into();
        cells.push(status(point.and_then(|point| point.status)));
        cells.extend(value(point.map(|point| &point.previous_year.value)));
        cells
    };
    let month = |month: &MonthView| {
        let mut cells = vec![Cell::text(month.month.clone())];
        cells.extend(point(month.own.as_ref()));
        cells.extend(point(month.cumulative.as_ref()));
        Row::plain(cells)
    };
    let rows = series.iter().filter(|one| !one.months.is_empty()).flat_map(|one| {
        let [title, aim] = target(&one.row);
        let mut head = vec![title, aim];
        head.resize_with(15, Cell::empty);
        std::iter::once(Row::group(head)).chain(one.months.iter().map(month))
    });
    let block = |text| HeadCell::over(text, 7, 1);
    let part = ["Tử số", "Mẫu số", "Thực hiện", "Kết quả", "Tử số năm trước", "Mẫu số năm trước", "Năm trước"];
    letterhead.sheet(Table {
        what: "chi-tieu-theo-thang",
        heading: vec![
            vec![HeadCell::over("Chỉ tiêu, tháng", 1, 2), block("Trong tháng"), block("Lũy kế từ đầu kỳ")],
            heads(&[part, part].concat()),
        ],
        columns: std::iter::once(Column::left(34.0)).chain((0..14).map(|_| Column::right(9.0))).collect(),
        rows: rows.collect(),
        notes: warnings(series.iter().map(|one| &one.row)),
    })
}

/// Target by target, the agencies below each, and what they add up to.
///
/// # Errors
/// 500 when an agency has other rows than the total.
pub fn agencies(letterhead: &Letterhead, answer: &ScorecardAgencies) -> Result<Sheet, ApiError> {
    let mut rows = Vec::new();
    for (i, total) in answer.total.iter().enumerate() {
        let [title, aim] = target(total);
        let mut head = vec![title, aim];
        head.resize_with(8, Cell::empty);
        rows.push(Row::group(head));
        let line = |name: String, code: &str, row: &ScorecardRow| {
            let mut cells = vec![Cell::text(name), Cell::text(code)];
            cells.extend(value(row.actual.as_ref()));
            cells.extend(declared(row));
            cells.push(status(row.status));
            cells
        };
        for card in &answer.agencies {
            let row = card.rows.get(i).ok_or_else(|| crate::http::format::broken("an agency lacks a target"))?;
            rows.push(Row::plain(line(card.name.clone(), &card.agency, row)));
        }
        rows.push(Row::total(line("Tổng cộng".to_owned(), "", total)));
    }
    Ok(letterhead.sheet(Table {
        what: "chi-tieu-theo-don-vi",
        heading: vec![heads(&[
            "Chỉ tiêu, đơn vị",
            "Mục tiêu, mã đơn vị",
            "Tử số",
            "Mẫu số",
            "Thực hiện",
            "Khai báo",
            "Thẩm định",
            "Kết quả",
        ])],
        columns: vec![
            Column::left(44.0),
            Column::center(18.0),
            Column::right(10.0),
            Column::right(10.0),
            Column::right(10.0),
            Column::right(10.0),
            Column::left(22.0),
            Column::center(12.0),
        ],
        rows,
        notes: warnings(answer.total.iter()),
    }))
}
