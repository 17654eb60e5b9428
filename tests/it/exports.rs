//! Questions at hand: every field that a dossier shows narrows and orders the list, and any list leaves as a file.

mod lists;

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, PARTIAL, event, event_with};
use crate::harness::{Answer, TestApp, escaped};

on_both!(
    every_shown_field_is_a_filter,
    lateness_counts_started_days,
    sorted_by_each_key,
    a_list_echoes_its_cut_and_repeats,
    csv_holds_the_list,
    a_spreadsheet_holds_the_list,
    files_carry_no_applicants,
    payments_leave_as_files,
    a_long_list_goes_out_in_batches,
);

/// The lines of a CSV file, each cut into its fields.
pub fn csv_lines(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(answer.status, 200, "{}: {}", answer.asked, answer.text);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = answer.text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut lines = vec![Vec::new()];
    let (mut field, mut quoted) = (String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                field.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => {
                lines.last_mut().expect("a line").push(std::mem::take(&mut field));
                if c == '\n' {
                    lines.push(Vec::new());
                }
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    assert_eq!(lines.pop(), Some(Vec::new()), "the last line ends");
    lines
}

/// The only worksheet of a spreadsheet.
pub fn worksheet(answer: &Answer) -> Vec<Vec<Data>> {
    assert_eq!(answer.status, 200, "{}: {}", answer.asked, answer.text);
    let kind = answer.header("content-type").expect("a type");
    assert_eq!(kind, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(answer.bytes.clone())).expect("a spreadsheet");
    let name = book.sheet_names().first().cloned().expect("a worksheet");
    let range = book.worksheet_range(&name).expect("a worksheet");
    range.rows().map(<[Data]>::to_vec).collect()
}

fn found(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.user("leader").get(&format!("/dossiers?{query}&limit=500&count=true")).expect(200);
    let ids = |item: &Value| item["id"].as_str().expect("an id").to_owned();
    let found: Vec<String> = page["items"].as_array().expect("items").iter().map(ids).collect();
    assert_eq!(page["count"].as_u64(), Some(found.len() as u64), "{query}");
    // The file answers the same question.
    let file = csv_lines(&app.user("leader").get(&format!("/dossiers?{query}&format=csv")));
    let place = file[0].iter().position(|label| label == "Số định danh").expect("the id");
    assert_eq!(file[1..].iter().map(|line| line[place].clone()).collect::<Vec<_>>(), found, "{query}");
    found
}

fn some(app: &TestApp) -> [Value; 4] {
    let done = app.create(&json!({"channel": "post", "assisted": null}));
    let done = app.walk(&done, &["forwarded", "payment_recorded"]);
    let result = json!({"outcome": "granted", "document": true, "electronic": true, "signed": true,
        "number": "12/XN-UBND", "issued_on": "2026-03-10"});
    let done = app.record("officer", &done, &event_with("finished", &json!({"result": result})));
    let done = app.walk(&done, &["returned", "rated"]);
    let component = json!({"type": "digitised", "target": "component", "component": "TP1"});
    let done = app.record("clerk", &done, &component);
    let waiting = app.create(&json!({"channel": "level_4", "return_method": "post"}));
    let waiting = app.walk(&waiting, &["supplement_requested"]);
    app.set_clock("2026-03-11T09:00:00+07:00");
    let stopped = app.walk(&app.create(&json!({"procedure": PARTIAL})), &["extended", "stopped"]);
    let submitted = app.create(&json!({"receive": null, "agency": CHILD, "previous": done["code"]}));
    [done, waiting, stopped, submitted]
}

fn every_shown_field_is_a_filter(app: &TestApp) {
    let [done, waiting, stopped, submitted] = some(app);
    let code = done["code"].as_str().expect("a code");
    let (step, officer) = (escaped("thẩm định"), escaped("Trần Thị Bình"));
    let cases: Vec<(String, Vec<&Value>)> = vec![
        (format!("code={code}"), vec![&done]),
        ("service_level=partial".into(), vec![&stopped]),
        (format!("step={step}"), vec![&done]),
        (format!("officer={officer}"), vec![&done]),
        ("unit=x".into(), vec![]),
        ("paused=supplement".into(), vec![&waiting]),
        ("paused=any".into(), vec![&waiting]),
        ("paused=payment".into(), vec![]),
        ("paused=none".into(), vec![&submitted, &stopped, &done]),
        ("outcome=granted".into(), vec![&done]),
        ("outcome=rejected".into(), vec![]),
        ("result_electronic=true".into(), vec![&done]),
        ("result_signed=false".into(), vec![]),
        ("assisted=true".into(), vec![]),
        ("late_entry=false".into(), vec![&submitted, &stopped, &waiting, &done]),
        ("extended=true".into(), vec![&stopped]),
        ("voided=true".into(), vec![]),
        ("submitted_from=2026-03-11".into(), vec![&submitted, &stopped]),
        ("due_original_from=2026-03-17&due_original_to=2026-03-17".into(), vec![&waiting, &done]),
        ("due_strict_from=2026-03-18".into(), vec![&stopped]),
        ("ended_from=2026-03-11&ended_to=2026-03-11".into(), vec![&stopped]),
        ("returned_to=2026-03-10".into(), vec![&done]),
        ("fee_due_from=1".into(), vec![&submitted, &waiting, &done]),
        ("fee_paid_from=50000&fee_paid_to=50000".into(), vec![&done]),
        ("fee_refunded_from=1".into(), vec![]),
        ("supplement_rounds_from=1".into(), vec![&waiting]),
        ("rating_from=4".into(), vec![&done]),
        ("rating_to=4".into(), vec![]),
        ("reopens_from=1".into(), vec![]),
        ("channel=online_full".into(), vec![&waiting]),
        ("component=TP1".into(), vec![&submitted, &stopped, &waiting, &done]),
        ("component=tp1".into(), vec![]),
        ("component=TP%25".into(), vec![]),
        ("component=TP".into(), vec![]),
        ("component=TP1&component_sign=digitised".into(), vec![&done]),
        ("component=TP1&component_sign=reused".into(), vec![]),
        ("return_method=post".into(), vec![&waiting]),
        ("return_method=counter".into(), vec![]),
        (format!("previous={code}"), vec![&submitted]),
        ("result_document=true".into(), vec![&done]),
        ("result_document=false".into(), vec![]),
        ("result_number=12%2FXN-UBND".into(), vec![&done]),
        ("result_number=12".into(), vec![]),
        ("result_issued_on=2026-03-10".into(), vec![&done]),
        ("letter=XL-1".into(), vec![&stopped]),
        ("answer_due_from=2026-03-11&answer_due_to=2026-03-11".into(), vec![&waiting]),
        ("answered_from=2026-03-11".into(), vec![&stopped]),
        ("last_finished_to=2026-03-10".into(), vec![&done]),
    ];
    for (query, expected) in cases {
        let expected: Vec<&str> = expected.iter().map(|dossier| dossier["id"].as_str().expect("an id")).collect();
        assert_eq!(found(app, &query), expected, "{query}");
    }
    for (query, pointer) in [
        ("component_sign=digitised", "?component_sign"),
        ("component=TP1&component_sign=Digitised", "?component_sign"),
        ("return_method=pigeon", "?return_method"),
    ] {
        let refused = app.user("leader").get(&format!("/dossiers?{query}")).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
    }
    app.user("leader").get("/dossiers?result_issued_on=10.03.2026").expect(400);
}

fn lateness_counts_started_days(app: &TestApp) {
    // Due on the 17th at 17:00, both.
    let open = app.received();
    let done = app.received();
    let id = |dossier: &Value| dossier["id"].as_str().expect("an id").to_owned();
    app.set_clock("2026-03-17T17:00:30+07:00");
    let done = app.walk(&done, &["payment_recorded", "finished"]);
    assert_eq!(done["on_time_status"], "late");
    assert_eq!(done["late_days"], 1);
    assert_eq!(found(app, "late_days_from=1"), [id(&done), id(&open)]);
    assert_eq!(found(app, "late_days_from=2"), Vec::<String>::new());
    let before = "known_at=2026-03-16T17:00:00%2B07:00";
    assert_eq!(found(app, &format!("late_days_to=-1&{before}")).len(), 2);
    assert_eq!(found(app, &format!("late_days_from=0&{before}")).len(), 0);
    let almost = "known_at=2026-03-16T17:00:01%2B07:00";
    assert_eq!(found(app, &format!("late_days_from=0&late_days_to=0&{almost}")).len(), 2);
    // The open one goes on, the finished one stays.
    app.set_clock("2026-03-19T17:00:01+07:00");
    let shown = app.user("clerk").get(&format!("/dossiers/{}", id(&open))).expect(200);
    assert_eq!(shown["late_days"], 3);
    assert_eq!(found(app, "late_days_from=3&late_days_to=3"), [id(&open)]);
    assert_eq!(found(app, "late_days_from=1&sort=-lateness"), [id(&open), id(&done)]);
    assert_eq!(found(app, "late_days_from=1&on_time_status=late"), [id(&done)]);
}

fn sorted_by_each_key(app: &TestApp) {
    some(app);
    app.received();
    let keys = [
        ("received", ["received_at", "submitted_at"]),
        ("submitted", ["submitted_at", "submitted_at"]),
        ("due", ["due", "due"]),
        ("finished", ["finished_at", "finished_at"]),
        ("lateness", ["late_days", "late_days"]),
    ];
    for (sort, [field, instead]) in keys {
        for descending in [false, true] {
            let query = format!("sort={}{sort}", if descending { "-" } else { "" });
            let whole = app.user("leader").get(&format!("/dossiers?{query}")).expect(200);
            let whole = whole["items"].as_array().expect("items").clone();
            assert_eq!(whole.len(), 5, "{query}");
            let key = |item: &Value| if item[field].is_null() { item[instead].clone() } else { item[field].clone() };
            let (with, without): (Vec<Value>, Vec<Value>) = whole.iter().map(key).partition(|key| !key.is_null());
            let as_text =
                |key: &Value| key.as_str().map_or_else(|| format!("{:+06}", key.as_i64().unwrap_or(0)), str::to_owned);
            let number = |key: &Value| key.as_i64();
            let ordered = with.windows(2).all(|pair| {
                let (a, b) = if descending { (&pair[1], &pair[0]) } else { (&pair[0], &pair[1]) };
                match (number(a), number(b)) {
                    (Some(a), Some(b)) => a <= b,
                    _ => as_text(a) <= as_text(b),
                }
            });
            assert!(ordered, "{query}: {with:?}");
            // What has no such instant comes last, either way.
            assert!(whole[with.len()..].iter().map(key).eq(without), "{query}");
            let mut paged = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = app.user("leader").get(&format!("/dossiers?{query}&limit=2{cursor}")).expect(200);
                paged.extend(page["items"].as_array().expect("items").iter().map(|item| item["id"].clone()));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(paged, whole.iter().map(|item| item["id"].clone()).collect::<Vec<_>>(), "{query}");
        }
    }
}

fn a_list_echoes_its_cut_and_repeats(app: &TestApp) {
    some(app);
    app.pass(chrono::Duration::seconds(20));
    let first = app.user("leader").get("/dossiers?sort=due&limit=3").expect(200);
    let known_at = first["cut"]["known_at"].as_str().expect("an instant").to_owned();
    assert_eq!(first["cut"]["settled"], false);
    assert_eq!(first["cut"]["at"], first["cut"]["known_at"]);
    app.walk(&app.received(), &["payment_recorded", "finished"]);
    app.pass(chrono::Duration::seconds(20));
    let query = format!("/dossiers?sort=due&known_at={}", escaped(&known_at));
    let again = app.user("leader").get(&format!("{query}&limit=3")).expect(200);
    assert_eq!(again["items"], first["items"]);
    assert_eq!(again["cut"]["settled"], true);
    for format in ["csv", "xlsx"] {
        let asked = format!("{query}&format={format}");
        let (once, twice) = (app.user("leader").get(&asked), app.user("leader").get(&asked));
        assert_eq!(once.status, 200, "{}", once.text);
        assert_eq!(once.bytes, twice.bytes, "{format}");
        assert_eq!(once.header("content-disposition"), twice.header("content-disposition"));
    }
    // Of a figure: the period's end, when it is earlier.
    let figure = "/dossiers?indicator=online_share&from=2026-03-01&to=2026-03-10";
    let opened = app.user("leader").get(figure).expect(200);
    assert_eq!(opened["cut"]["at"], "2026-03-10T23:59:59.999999+07:00");
}

fn csv_holds_the_list(app: &TestApp) {
    let [done, ..] = some(app);
    let answer = app.user("leader").get("/dossiers?format=csv&sort=received");
    let lines = csv_lines(&answer);
    let disposition = answer.header("content-disposition").expect("a file name").to_owned();
    assert!(disposition.starts_with("attachment; filename=\"dossiers_20260311T"), "{disposition}");
    assert!(disposition.ends_with(".csv\""), "{disposition}");
    let shown = app.user("leader").get("/dossiers?sort=received").expect(200);
    let shown = shown["items"].as_array().expect("items");
    assert_eq!(lines.len(), shown.len() + 1);
    let english = app.user("leader").request("GET", "/dossiers?format=csv&sort=received");
    let english = csv_lines(&english.header("Accept-Language", "en").send());
    let column =
        |label: &str| english[0].iter().position(|found| found == label).unwrap_or_else(|| panic!("no {label}"));
    for (line, item) in english[1..].iter().zip(shown) {
        let text = |name: &str| item[name].as_str().unwrap_or_default();
        for (label, name) in [
            ("Code", "code"),
            ("Id", "id"),
            ("Agency", "agency"),
            ("Submitted", "submitted_at"),
            ("Received", "received_at"),
            ("Due", "due"),
            ("Due, original", "due_original"),
            ("Due, strict", "due_strict"),
            ("Finished", "finished_at"),
            ("Ended otherwise", "ended_at"),
            ("Returned", "returned_at"),
        ] {
            assert_eq!(line[column(label)], text(name), "{label} of {item}");
        }
        let status = line[column("On-time status")].to_lowercase().replace(' ', "_");
        assert_eq!(status, item["on_time_status"].as_str().expect("a status"), "{item}");
        let late = item["late_days"].as_i64().map(|days| days.to_string()).unwrap_or_default();
        assert_eq!(line[column("Days late")], late, "{item}");
        assert_eq!(line[column("Fee due (VND)")], item["fee"]["due"].to_string());
    }
    assert_eq!(lines[1][0], done["code"].as_str().expect("a code"));
    assert_eq!(lines[1][2], "Đã trả kết quả");
}

fn a_spreadsheet_holds_the_list(app: &TestApp) {
    some(app);
    let table = csv_lines(&app.user("leader").get("/dossiers?format=csv"));
    let sheet = worksheet(&app.user("leader").get("/dossiers?format=xlsx"));
    let heading = sheet.iter().position(|row| row[0] == Data::String("Mã hồ sơ".into())).expect("a heading");
    assert_eq!(sheet.len(), heading + table.len(), "one row for each line");
    for (row, line) in sheet[heading..].iter().zip(&table) {
        for (cell, text) in row.iter().zip(line) {
            let same = match cell {
                Data::Empty => text.is_empty(),
                Data::String(found) => found == text,
                Data::Float(number) => text.parse::<f64>().is_ok_and(|expected| (expected - number).abs() < 1e-9),
                Data::DateTime(moment) => {
                    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
                    text.starts_with(&format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
                }
                other => panic!("{other:?}"),
            };
            assert!(same, "{cell:?} is not {text:?}");
        }
    }
}

fn files_carry_no_applicants(app: &TestApp) {
    some(app);
    for query in ["/dossiers?format=csv", "/payments?format=csv"] {
        let text = app.user("leader").get(query).text;
        for person in ["Nguyễn", "N. V. A.", "0912345678", "678", "001099012345"] {
            assert!(!text.contains(person), "{person} in {query}: {text}");
        }
    }
    // A portal's file holds what it submitted, and nothing else.
    let own = app.submitted_online("k1");
    let lines = csv_lines(&app.user("portal").get("/dossiers?format=csv"));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1][1], own["id"].as_str().expect("an id"));
}

fn payments_leave_as_files(app: &TestApp) {
    for amount in [20_000, 30_000] {
        let pay = event_with("payment_recorded", &json!({"amount": amount}));
        app.record("clerk", &app.received(), &pay);
    }
    let shown = app.user("leader").get("/payments").expect(200);
    assert_eq!(shown["cut"]["settled"], false);
    let lines = csv_lines(&app.user("leader").get("/payments?format=csv"));
    let amounts: Vec<&str> = lines[1..].iter().map(|line| line[4].as_str()).collect();
    assert_eq!(amounts, ["30000", "20000"]);
    assert_eq!(lines[1][6], "Tiền mặt");
    assert_eq!(lines[1][1], shown["items"][0]["dossier"].as_str().expect("an id"));
    let sheet = worksheet(&app.user("leader").get("/payments?format=xlsx"));
    assert_eq!(sheet.last().expect("a row")[4], Data::Float(20_000.0));
}

/// More rows than are read at a time, some of one instant.
fn a_long_list_goes_out_in_batches(app: &TestApp) {
    let line = |i: usize| {
        let at = format!("2026-02-{:02}T08:{:02}:00+07:00", 2 + i % 3, i % 7);
        let applicant = crate::factory::applicant();
        json!({"kind": "dossier", "source": "cũ", "source_id": i.to_string(), "events": [
            {"type": "submitted", "occurred_at": at, "agency": AGENCY, "procedure": "1.005129", "channel": "post",
             "applicant": applicant},
            {"type": "received", "occurred_at": at},
        ]})
    };
    let text: String = (0..1203).map(|i| line(i).to_string() + "\n").collect();
    let import = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    import.bytes(text.into_bytes()).send().expect(200);
    let lines = csv_lines(&app.user("leader").get("/dossiers?format=csv&sort=due"));
    assert_eq!(lines.len(), 1204);
    let mut ids: Vec<&String> = lines[1..].iter().map(|line| &line[1]).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1203);
    let sheet = worksheet(&app.user("leader").get("/dossiers?format=xlsx&sort=due"));
    let heading = sheet.iter().position(|row| row[0] == Data::String("Mã hồ sơ".into())).expect("a heading");
    let codes = sheet[heading + 1..].iter().map(|row| row[0].to_string());
    assert!(codes.eq(lines[1..].iter().map(|line| line[0].clone())));
    app.record("leader", &app.received(), &event("voided"));
}
