//! The table of checks on paper says what the JSON says.

use std::io::Cursor;

use calamine::{Data, DataType, Reader, Xlsx};
use serde_json::{Value, json};

use super::{MARCH, NOW, new};
use crate::factory::{AGENCY, CHILD};
use crate::harness::{Answer, TestApp};

on_both!(the_spreadsheet_says_the_same, the_page_opens_every_count, an_unknown_format_is_refused);

fn asked(app: &TestApp, query: &str) -> (Value, Answer) {
    app.set_clock(NOW);
    for (agency, assisted) in [(AGENCY, true), (CHILD, true), (CHILD, false)] {
        new(app, "03 08:00:00", &json!({"channel": "level_4", "assisted": assisted, "agency": agency}));
    }
    let path = format!("/audit/checks?agency={AGENCY}&{MARCH}&known_at=2026-03-31T18:00:00%2B07:00{query}");
    let json = app.user("auditor").get(path.split("&format").next().unwrap_or_default()).expect(200);
    (json, app.user("auditor").get(&path))
}

fn the_spreadsheet_says_the_same(app: &TestApp) {
    for group in ["", "&group_by=agency"] {
        let (json, file) = asked(app, &format!("{group}&format=xlsx"));
        assert_eq!(file.status, 200, "{}", file.text);
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes)).expect("a spreadsheet");
        let range = book.worksheet_range_at(0).expect("a sheet").expect("it can be read");
        let rows: Vec<&[Data]> = range.rows().filter(|row| row.first().is_some_and(Data::is_float)).collect();
        let checks = json["checks"].as_array().expect("checks");
        assert_eq!(rows.len(), checks.len());
        for (row, check) in rows.iter().zip(checks) {
            let title = check["title"].as_str().expect("a title");
            assert!(row[1].to_string().starts_with(title), "{row:?} is not {check}");
            let first = if group.is_empty() { 3 } else { 4 };
            let expected = [&check["flagged"], &check["population"]].map(Value::as_f64);
            assert_eq!([row[first].get_float(), row[first + 1].get_float()], expected, "{check}");
            let percent = check["percent"].as_str().map(|text| text.parse::<f64>().expect("a number"));
            assert_eq!(row[first + 2].get_float(), percent, "{check}");
            if !group.is_empty() {
                assert_eq!(Some(row[3].to_string().as_str()), check["group"]["name"].as_str());
            }
        }
    }
}

fn the_page_opens_every_count(app: &TestApp) {
    let (json, page) = asked(app, "&format=html");
    assert_eq!(page.status, 200, "{}", page.text);
    for check in json["checks"].as_array().expect("checks") {
        let link = check["dossiers"].as_str().expect("a link");
        let escaped = link.replace('&', "&#38;");
        assert!(page.text.contains(&escaped), "{link} is not on the page");
    }
    let (json, text) = asked(app, "&format=csv");
    let checks = json["checks"].as_array().expect("checks").len();
    let numbered = text.text.lines().filter(|line| line.chars().next().is_some_and(|c| c.is_ascii_digit())).count();
    assert_eq!(numbered, checks, "{}", text.text);
}

fn an_unknown_format_is_refused(app: &TestApp) {
    app.user("auditor").get("/audit/checks?format=pdf").refused_at("?format", "unknown_format");
}
