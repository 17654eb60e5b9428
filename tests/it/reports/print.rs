//! The forms on paper: what stands in the spreadsheet, the page and the text file is what stands in the JSON.

use std::io::Cursor;

use super::{MARCH, a_spring, counts, report, rows};
use crate::factory::AGENCY;
use crate::figures::some_history;
use crate::harness::{Answer, TestApp};
use calamine::{Data, Reader, Xlsx};

on_both!(
    the_spreadsheet_says_the_same_cell_by_cell,
    the_page_opens_every_number,
    the_text_file_says_the_same,
    the_print_names_its_choices,
    a_settled_file_never_changes,
);

fn file(app: &TestApp, path: &str) -> Answer {
    let answer = app.user("auditor").get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer
}

/// Rows of the table: those below the row of column numbers, and that row itself.
fn table(answer: &Answer) -> (Vec<String>, Vec<Vec<Data>>) {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes.clone())).expect("a spreadsheet");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("it can be read");
    let rows: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let numbers = rows.iter().position(|row| row.first() == Some(&Data::String("(1)".into()))).expect("column numbers");
    (rows[numbers].iter().map(ToString::to_string).collect(), rows[numbers + 1..].to_vec())
}

fn the_spreadsheet_says_the_same_cell_by_cell(app: &TestApp) {
    some_history(app);
    for (form, width) in [("06a", 13), ("07a", 24)] {
        for by in ["field", "procedure", "agency"] {
            let query = format!("agency={AGENCY}&from=2026-02-05&rows={by}&known_at=2026-03-10T07:00:00%2B07:00");
            let json = report(app, form, &query);
            let answer = file(app, &format!("/reports/{form}?{query}&format=xlsx"));
            let (numbers, table) = table(&answer);
            assert_eq!(numbers.len(), width);
            assert_eq!(numbers[2], if form == "06a" { "(3)=(4)+(5)+(6)" } else { "(3)" });
            assert!(rows(&json).len() > 1);
            for (row, line) in rows(&json).iter().zip(&table) {
                assert_eq!(line[1].to_string(), row["name"].as_str().expect("a name"), "{row}");
                let numbers: Vec<Option<f64>> = line[2..width].iter().map(calamine::DataType::get_float).collect();
                let expected: Vec<Option<f64>> = counts(row).iter().map(|count| Some(*count as f64)).collect();
                assert_eq!(numbers, expected, "{row}");
            }
            let after = &table[rows(&json).len()];
            assert!(after[2..].iter().all(|cell| *cell == Data::Empty), "{after:?} is no row of the table");
        }
    }
}

fn the_page_opens_every_number(app: &TestApp) {
    some_history(app);
    let query = format!("agency={AGENCY}&from=2026-02-05&known_at=2026-03-10T07:00:00%2B07:00");
    let json = report(app, "06a", &query);
    let page = file(app, &format!("/reports/06a?{query}&format=html"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let mut links = 0;
    for cell in rows(&json).iter().flat_map(|row| row["cells"].as_array().expect("cells")) {
        let link = cell["dossiers"].as_str().expect("a link");
        let escaped = link.replace('&', "&#38;");
        assert!(page.text.contains(&escaped) || page.text.contains(&link.replace('&', "&amp;")), "{link}");
        links += 1;
    }
    assert!(links > 20);
    for text in ["Biểu số II.06a/VPCP/KSTT", "NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG", "Từ ngày 05/02/2026 đến ngày 10/03/2026"]
    {
        assert!(page.text.contains(text), "{text}");
    }
}

fn the_text_file_says_the_same(app: &TestApp) {
    a_spring(app);
    let query = format!("agency={AGENCY}&{MARCH}");
    let text = file(app, &format!("/reports/06a?{query}&format=csv")).text;
    let json = report(app, "06a", &query);
    let numbers: Vec<String> = counts(rows(&json).last().expect("a total")).iter().map(i64::to_string).collect();
    let last = format!("Tổng cộng,{}", numbers.join(","));
    let lines: Vec<String> = text.lines().map(|line| line.replace(';', ",")).collect();
    assert!(lines.iter().any(|line| line.contains(&last)), "{last} is not in {text}");
}

fn the_print_names_its_choices(app: &TestApp) {
    a_spring(app);
    let page = |query: &str| {
        let path = format!("/reports/06a?agency={AGENCY}&{MARCH}{query}&format=html");
        file(app, &path).text
    };
    assert!(page("").contains("Không tính 1 hồ sơ dừng giải quyết và 1 hồ sơ rút trong kỳ"));
    assert!(
        page("&ended=as_resolved")
            .contains("Tính 1 hồ sơ dừng giải quyết và 1 hồ sơ rút trong kỳ vào số đã giải quyết")
    );
    assert!(page("").contains("50,00% (1/2)"));
    assert!(page("&level=commune&scope=own").contains("Chỉ gồm: Cơ quan cấp xã"));
    app.user("auditor").get("/reports/06a?format=pdf").refused_at("?format", "unknown_format");
}

fn a_settled_file_never_changes(app: &TestApp) {
    a_spring(app);
    let known_at = "2026-03-20T09:59:50%2B07:00";
    let files = |app: &TestApp| -> Vec<Vec<u8>> {
        let ask = |form, format| format!("/reports/{form}?agency={AGENCY}&{MARCH}&known_at={known_at}&format={format}");
        let asks = [("06a", "xlsx"), ("07a", "xlsx"), ("06a", "csv"), ("06a", "html")];
        asks.iter().map(|(form, format)| file(app, &ask(form, format)).bytes).collect()
    };
    let before = files(app);
    app.walk(&app.received(), &["finished"]);
    assert!(files(app) == before, "a settled file changed");
}
