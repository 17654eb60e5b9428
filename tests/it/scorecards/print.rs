//! Scorecards on paper: what stands in the files is what stands in the JSON.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use super::{PLAN, online, plan};
use crate::factory::{AGENCY, CHILD};
use crate::harness::{Answer, TestApp, escaped};

on_both!(files_say_what_the_answers_say, a_settled_scorecard_file_never_changes);

fn ask(app: &TestApp, path: &str, format: &str) -> Answer {
    let known_at = escaped("2026-03-10T09:59:00+07:00");
    let path = format!("/plans/{PLAN}/scorecard{path}?known_at={known_at}&format={format}");
    let answer = app.user("auditor").get(&path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer
}

/// Rows below the row of column numbers.
fn table(answer: &Answer) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes.clone())).expect("a spreadsheet");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("it can be read");
    let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let numbers = rows.iter().position(|row| row.first() == Some(&Data::String("(1)".into()))).expect("column numbers");
    rows[numbers + 1..].to_vec()
}

fn float(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// Numerator, denominator, percent: the three cells from `first`.
fn same(line: &[Data], first: usize, value: &Value) {
    let cells: Vec<Option<f64>> = line[first..first + 3].iter().map(calamine::DataType::get_float).collect();
    let expected = ["numerator", "denominator", "percent"].map(|name| float(&value[name]));
    assert_eq!(cells, expected, "{line:?} is not {value}");
}

fn a_spring(app: &TestApp) {
    app.set_clock("2025-02-28T08:00:00+07:00");
    app.received();
    app.set_clock("2026-03-10T08:00:00+07:00");
    plan(app);
    online(app);
    app.received();
    app.create(&json!({"agency": CHILD, "channel": "level_4"}));
    let declared = json!({"from": "2026-01-01", "to": "2026-12-31", "value": "92.4",
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-03-01"}]});
    app.user("leader").post(&format!("/plans/{PLAN}/targets/trained/declarations"), &declared).expect(201);
    app.set_clock("2026-03-10T10:00:00+07:00");
}

fn files_say_what_the_answers_say(app: &TestApp) {
    a_spring(app);
    let card = ask(app, "", "json").json();
    let rows = card["rows"].as_array().expect("rows");
    let lines = table(&ask(app, "", "xlsx"));
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(line[0].to_string(), row["title"].as_str().expect("a title"));
        same(line, 2, &row["actual"]);
        let declared = calamine::DataType::get_float(&line[6]);
        assert_eq!(declared, float(&row["declared"]["value"]), "declared apart from computed: {line:?}");
    }
    assert_eq!(lines[5][7].to_string(), "Phiên bản 1, chờ thẩm định");

    let series = ask(app, "/series", "json").json();
    let first = &series["series"][0];
    let lines = table(&ask(app, "/series", "xlsx"));
    assert_eq!(lines[0][0].to_string(), first["title"].as_str().expect("a title"));
    for (month, line) in first["months"].as_array().expect("months").iter().zip(&lines[1..]) {
        assert_eq!(line[0].to_string(), month["month"].as_str().expect("a month"));
        for (first, stretch) in [(1, "own"), (8, "cumulative")] {
            same(line, first, &month[stretch]["value"]);
            same(line, first + 4, &month[stretch]["previous_year"]["value"]);
        }
    }

    let agencies = ask(app, "/agencies", "json").json();
    let lines = table(&ask(app, "/agencies", "xlsx"));
    let cards = agencies["agencies"].as_array().expect("agencies");
    for (card, line) in cards.iter().zip(&lines[1..]) {
        assert_eq!(line[1].to_string(), card["agency"].as_str().expect("a code"));
        same(line, 2, &card["rows"][0]["actual"]);
    }
    same(&lines[1 + cards.len()], 2, &agencies["total"][0]["actual"]);

    for path in ["", "/series", "/agencies"] {
        let page = ask(app, path, "html");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        for text in ["UBND huyện Sông Lam", "Kế hoạch 2026", "kế hoạch bản 1", "66,67", "indicator=online_share"]
        {
            assert!(page.text.contains(text), "{path}: {text}");
        }
        assert!(page.text.contains("declaration") || page.text.contains("chưa được thẩm định"), "{path}");
        let text = ask(app, path, "csv");
        assert!(text.text.contains("66.67") || text.text.contains("66,67"), "{}", text.text);
        let refused = app.user("auditor").get(&format!("/plans/{PLAN}/scorecard{path}?format=pdf"));
        refused.refused_at("?format", "unknown_format");
    }
    assert_eq!(cards[0]["agency"], AGENCY);
}

fn a_settled_scorecard_file_never_changes(app: &TestApp) {
    a_spring(app);
    let files = || -> Vec<Vec<u8>> {
        let asks = ["", "/series", "/agencies"].into_iter().flat_map(|path| [(path, "xlsx"), (path, "csv")]);
        asks.map(|(path, format)| ask(app, path, format).bytes).collect()
    };
    let before = files();
    app.walk(&online(app), &["finished"]);
    assert!(files() == before, "a settled file changed");
}
