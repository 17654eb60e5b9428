//! What the renderers write is read back.

use std::io::Cursor;

use calamine::{Data, Dimensions, Reader, Xlsx, open_workbook_from_rs};

use super::*;
use crate::domain::time::parse;

fn at(text: &str) -> Instant {
    parse(text).unwrap()
}

fn sheet() -> Sheet {
    let day = NaiveDate::from_ymd_opt(2024, 12, 31).unwrap();
    Sheet {
        name: "biểu-06a".into(),
        form: "Biểu số II.06a/VPCP/KSTT".into(),
        agency: vec!["UBND HUYỆN SÔNG LAM".into(), "UBND XÃ TRÊN".into()],
        title: "TÌNH HÌNH TIẾP NHẬN".into(),
        subtitle: vec!["Kỳ báo cáo: từ ngày 01/01/2024".into()],
        heading: vec![
            vec![HeadCell::over("Lĩnh vực", 1, 2), HeadCell::over("Tiếp nhận", 3, 1), HeadCell::over("Ngày", 2, 1)],
            vec!["Tổng", "Trực tuyến", "Tỷ lệ", "Chốt", "Biết"].into_iter().map(HeadCell::new).collect(),
        ],
        numbers: (1..=6).map(|i| format!("({i})")).collect(),
        columns: vec![
            Column::left(30.0),
            Column::right(10.0),
            Column::right(10.0),
            Column::right(10.0),
            Column::center(14.0),
            Column::center(18.0),
        ],
        rows: vec![
            Row::group(vec![
                Cell::text("<b>Hộ tịch</b> & \"khác\""),
                Cell::integer(54_580).linked("/api/v1/dossiers?report=06a&column=3"),
                Cell::integer(-1),
                Cell::decimal("96.80"),
                Cell::date(day),
                Cell::instant(at("2024-12-31T23:30:00+07:00")),
            ]),
            Row::plain(vec![
                Cell::text("=HYPERLINK(\"http://x\")"),
                Cell::integer(0),
                Cell::empty(),
                Cell::decimal("0.05"),
                Cell::empty(),
                Cell::empty(),
            ]),
        ],
        notes: vec!["Không tính 3 hồ sơ rút".into()],
        signatures: vec![Signature::preparer(), Signature::head()],
        landscape: true,
        as_of: at("2025-01-02T00:00:00+07:00"),
    }
}

fn opened(sheet: &Sheet) -> Xlsx<Cursor<Vec<u8>>> {
    open_workbook_from_rs(Cursor::new(xlsx::render(sheet).unwrap())).unwrap()
}

/// The row of the worksheet whose first cell says this.
fn row_of(range: &calamine::Range<Data>, text: &str) -> usize {
    range.rows().position(|row| row[0] == Data::String(text.into())).unwrap_or_else(|| panic!("no row {text:?}"))
}

#[test]
fn a_spreadsheet_holds_numbers_and_dates_not_texts() {
    let mut book = opened(&sheet());
    assert_eq!(book.sheet_names(), ["biểu-06a"]);
    let range = book.worksheet_range("biểu-06a").unwrap();
    let numbers = row_of(&range, "(1)");
    let first: Vec<Data> = range.rows().nth(numbers + 1).unwrap().to_vec();
    assert_eq!(first[0], Data::String("<b>Hộ tịch</b> & \"khác\"".into()));
    assert_eq!(first[1], Data::Float(54_580.0));
    assert_eq!(first[2], Data::Float(-1.0));
    assert_eq!(first[3], Data::Float(96.8));
    let Data::DateTime(date) = &first[4] else { panic!("{:?} is no date", first[4]) };
    assert_eq!(date.to_ymd_hms_milli(), (2024, 12, 31, 0, 0, 0, 0));
    let Data::DateTime(moment) = &first[5] else { panic!("{:?} is no time", first[5]) };
    assert_eq!(moment.to_ymd_hms_milli(), (2024, 12, 31, 23, 30, 0, 0));
    let second: Vec<Data> = range.rows().nth(numbers + 2).unwrap().to_vec();
    // A text cell stays a text: no formula comes to life.
    assert_eq!(second[0], Data::String("=HYPERLINK(\"http://x\")".into()));
    assert_eq!(second[2], Data::Empty);
    assert!(book.worksheet_formula("biểu-06a").unwrap().is_empty());
}

#[test]
fn headings_are_merged_where_they_span() {
    let mut book = opened(&sheet());
    let range = book.worksheet_range("biểu-06a").unwrap();
    let top = u32::try_from(row_of(&range, "Lĩnh vực")).unwrap();
    let merged: Vec<Dimensions> = book.merge_cells_by_sheet_name("biểu-06a").unwrap();
    for (start, end) in [((top, 0), (top + 1, 0)), ((top, 1), (top, 3)), ((top, 4), (top, 5))] {
        assert!(merged.contains(&Dimensions { start, end }), "{start:?}–{end:?} is not among {merged:?}");
    }
    assert_eq!(range.get_value((top + 1, 2)), Some(&Data::String("Trực tuyến".into())));
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    assert_eq!(xlsx::render(&sheet()).unwrap(), xlsx::render(&sheet()).unwrap());
    let later = Sheet { as_of: at("2025-01-03T00:00:00+07:00"), ..sheet() };
    assert_ne!(xlsx::render(&sheet()).unwrap(), xlsx::render(&later).unwrap());
}

#[test]
fn csv_is_marked_quoted_and_guarded() {
    let text = csv::render(&sheet());
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap().split("\r\n").collect();
    assert_eq!(
        lines[0],
        "Lĩnh vực (1),Tiếp nhận – Tổng (2),Tiếp nhận – Trực tuyến (3),Tiếp nhận – Tỷ lệ (4),Ngày – Chốt (5),Ngày – Biết (6)"
    );
    assert_eq!(lines[1], "\"<b>Hộ tịch</b> & \"\"khác\"\"\",54580,-1,96.80,2024-12-31,2024-12-31T23:30:00+07:00");
    assert_eq!(lines[2], "\"'=HYPERLINK(\"\"http://x\"\")\",0,,0.05,,");
    assert_eq!(lines[3..], [""]);
}

#[test]
fn a_page_is_escaped_and_loads_nothing() {
    let page = html::render(&sheet()).unwrap();
    assert!(page.contains("&#60;b&#62;Hộ tịch&#60;/b&#62; &#38; &#34;khác&#34;"), "{page}");
    assert!(page.contains("<a href=\"/api/v1/dossiers?report=06a&#38;column=3\">54.580</a>"), "{page}");
    assert!(page.contains(">96,80</td>") && page.contains(">31/12/2024 23:30</td>"), "{page}");
    assert!(page.contains("<th colspan=\"3\" rowspan=\"1\">Tiếp nhận</th>"), "{page}");
    for refused in ["<script", "src=", "@import", "url(", "http://www"] {
        assert!(!page.contains(refused), "{refused} in {page}");
    }
}

#[test]
fn numbers_as_they_are_written_in_vietnam() {
    let shown: Vec<String> = [0, 999, 1000, -54_580, i64::MIN].into_iter().map(grouped).collect();
    assert_eq!(shown, ["0", "999", "1.000", "-54.580", "-9.223.372.036.854.775.808"]);
    let shown: Vec<String> = ["96.80", "1234.5", "-0.50", "7", "n/a"].into_iter().map(decimal).collect();
    assert_eq!(shown, ["96,80", "1.234,5", "-0,50", "7", "n/a"]);
}

#[test]
fn a_sheet_of_one_column_can_be_printed() {
    let narrow = Sheet {
        heading: vec![vec![HeadCell::new("Mã")]],
        numbers: Vec::new(),
        columns: vec![Column::left(20.0)],
        rows: vec![Row::plain(vec![Cell::text("H26")])],
        ..sheet()
    };
    let mut book = opened(&narrow);
    let range = book.worksheet_range("biểu-06a").unwrap();
    let place = row_of(&range, "Mã");
    assert_eq!(range.rows().nth(place + 1).unwrap()[0], Data::String("H26".into()));
}

#[test]
fn what_a_spreadsheet_has_no_day_for_stands_as_text() {
    let old = Sheet {
        heading: vec![vec![HeadCell::new("Ngày")]],
        numbers: Vec::new(),
        columns: vec![Column::left(20.0)],
        rows: vec![Row::plain(vec![Cell::date("0001-01-01".parse().unwrap())])],
        ..sheet()
    };
    let mut book = opened(&old);
    let range = book.worksheet_range("biểu-06a").unwrap();
    let row = range.rows().nth(row_of(&range, "Ngày") + 1).unwrap();
    assert_eq!(row[0], Data::String("0001-01-01".into()));
}
