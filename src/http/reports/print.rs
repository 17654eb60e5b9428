//! A report as officials print it: the form's heading, its column numbers and sums, the signatures.

use super::view::{Links, name_of};
use crate::http::problem::ApiError;
use crate::sheet::{Cell, Column as SheetColumn, HeadCell, Row as SheetRow, Sheet, Signature, local_date, local_time};
use crate::store::figures::percent;
use crate::store::reports::{Column, Ended, Layout, Report, Row, RowKind, RowsBy, Share, Words};

/// The printed form.
///
/// # Errors
/// 500 for a report that this program does not make.
pub fn sheet(report: &Report) -> Result<Sheet, ApiError> {
    let layout = report.layout()?;
    let links = Links { report, layout };
    let mut marks = Marks::default();
    let rows = report.rows.iter().map(|row| line(&links, row, marks.next(row))).collect();
    let figures = layout.columns.iter().map(|_| SheetColumn::right(9.0));
    Ok(Sheet {
        name: name(report),
        form: layout.form.vi.to_owned(),
        agency: report.agency_name.clone().into_iter().collect(),
        title: layout.title.vi.to_uppercase(),
        subtitle: subtitle(report),
        heading: heading(layout, report.rows_by),
        numbers: numbers(layout),
        columns: [SheetColumn::center(6.0), SheetColumn::left(38.0)].into_iter().chain(figures).collect(),
        rows,
        notes: notes(layout, report, report.total()?),
        signatures: vec![Signature::preparer(), Signature::head()],
        landscape: true,
        as_of: report.known_at,
    })
}

fn name(report: &Report) -> String {
    let agency = report.agency.as_deref().unwrap_or("tat-ca");
    format!("bieu-{}_{agency}_{}_{}", report.report, report.from, report.to)
}

fn subtitle(report: &Report) -> Vec<String> {
    let settled = format!("Số liệu được biết đến {}", local_time(report.known_at));
    let mut lines = vec![
        format!("Từ ngày {} đến ngày {}", local_date(report.from), local_date(report.to)),
        "Đơn vị tính: số hồ sơ thủ tục hành chính".to_owned(),
        match &report.calendar_version {
            Some(calendar) => format!("{settled}; lịch làm việc {calendar}"),
            None => settled,
        },
    ];
    if report.own {
        lines.push("Không gồm các đơn vị trực thuộc".to_owned());
    }
    if !report.levels.is_empty() {
        let levels: Vec<&str> = report.levels.iter().map(|level| super::view::level_name(*level)).collect();
        lines.push(format!("Chỉ gồm: {}", levels.join(", ")));
    }
    lines
}

/// The headings, each over its neighbours as far as they share it, and down to the row of titles.
fn heading(layout: &Layout, by: RowsBy) -> Vec<Vec<HeadCell>> {
    let depth = 1 + layout.columns.iter().map(|column| column.under.len()).max().unwrap_or(0);
    let mut heads: Vec<Vec<HeadCell>> = vec![Vec::new(); depth];
    let what = match by {
        RowsBy::Agency => "Cơ quan, đơn vị",
        RowsBy::Field | RowsBy::Procedure => "Lĩnh vực, công việc giải quyết theo cấp",
    };
    heads[0].extend([HeadCell::over("TT", 1, depth), HeadCell::over(what, 1, depth)]);
    let mut before: &[Words] = &[];
    for column in layout.columns {
        let shared = column.under.iter().zip(before).take_while(|(one, other)| one == other).count();
        for (row, words) in column.under.iter().enumerate() {
            match heads[row].last_mut() {
                Some(cell) if row < shared => cell.cols += 1,
                _ => heads[row].push(HeadCell::new(words.vi)),
            }
        }
        let row = column.under.len();
        heads[row].push(HeadCell::over(column.title.vi, 1, depth - row));
        before = column.under;
    }
    heads
}

/// `(1) (2) (3)=(4)+(5)+(6) …`, as the forms print their sums.
fn numbers(layout: &Layout) -> Vec<String> {
    let number = |column: &Column| match column.parts {
        [] => format!("({})", column.number),
        parts => {
            let parts: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
            format!("({})={}", column.number, parts.join("+"))
        }
    };
    ["(1)".to_owned(), "(2)".to_owned()].into_iter().chain(layout.columns.iter().map(number)).collect()
}

/// The first column: I, II for levels, 1, 2 for fields and agencies, 1.1 for procedures.
#[derive(Debug, Default)]
struct Marks {
    levels: usize,
    rows: usize,
    procedures: usize,
}

const ROMAN: [&str; 5] = ["I", "II", "III", "IV", "V"];

impl Marks {
    fn next(&mut self, row: &Row) -> String {
        match row.kind {
            RowKind::Level => {
                *self = Self { levels: self.levels + 1, ..Self::default() };
                ROMAN.get(self.levels - 1).copied().unwrap_or_default().to_owned()
            }
            RowKind::Field | RowKind::Agency => {
                self.rows += 1;
                self.procedures = 0;
                self.rows.to_string()
            }
            RowKind::Procedure => {
                self.procedures += 1;
                format!("{}.{}", self.rows, self.procedures)
            }
            RowKind::Total => String::new(),
        }
    }
}

fn line(links: &Links<'_>, row: &Row, mark: String) -> SheetRow {
    let figures = links.layout.columns.iter().zip(&row.cells);
    let cells = figures.map(|(column, count)| Cell::integer(*count).linked(links.address(row, column)));
    let cells = [Cell::text(mark), Cell::text(name_of(row))].into_iter().chain(cells).collect();
    match row.kind {
        RowKind::Total => SheetRow::total(cells),
        RowKind::Level => SheetRow::group(cells),
        RowKind::Field if links.report.rows_by == RowsBy::Procedure => SheetRow::group(cells),
        RowKind::Field | RowKind::Procedure | RowKind::Agency => SheetRow::plain(cells),
    }
}

fn notes(layout: &Layout, report: &Report, total: &Row) -> Vec<String> {
    let ended = format!("{} hồ sơ dừng giải quyết và {} hồ sơ rút trong kỳ", total.stopped, total.withdrawn);
    let treatment = match report.ended {
        Ended::Exclude => format!("Không tính {ended} vào số tiếp nhận, đã giải quyết và đang giải quyết."),
        Ended::AsResolved => {
            format!("Tính {ended} vào số đã giải quyết, theo thời điểm kết thúc so với hạn trả.")
        }
    };
    let rate = |what: &str, share: Share| {
        let Share { numerator, denominator } = share;
        let percent =
            percent(numerator, denominator).map_or_else(|| "không có".to_owned(), |p| crate::sheet::decimal(&p) + "%");
        format!("Tỷ lệ trước và đúng hạn trên {what}: {percent} ({numerator}/{denominator}).")
    };
    let mut notes = vec![
        treatment,
        rate("số đã giải quyết", total.on_time_resolved),
        rate("số đến hạn (kể cả quá hạn chưa xong)", total.on_time_due),
    ];
    notes.extend(layout.notes.iter().map(|words| words.vi.to_owned()));
    notes
}
