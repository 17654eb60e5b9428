//! The register and the control sheet: what stands in them, in every form, and how the page looks on paper.

mod chromium;

use calamine::Data;
use serde_json::{Value, json};

use crate::exports::{csv_lines, worksheet};
use crate::factory::{AGENCY, CHILD, PARTIAL, event, event_with};
use crate::harness::{TestApp, escaped};

on_both!(
    the_register_holds_what_was_received,
    the_register_as_it_lay_open_then,
    the_register_is_paged_and_numbered,
    the_register_as_files,
    a_page_of_the_register_on_paper,
    a_control_sheet_adds_up,
    a_control_sheet_known_then,
    a_control_sheet_as_files,
    what_cannot_be_asked,
);

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

fn lines(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.user("leader").get(&format!("/reports/register?{query}&limit=500&count=true")).expect(200);
    let items = page["items"].as_array().expect("items").clone();
    assert_eq!(page["count"].as_u64(), Some(items.len() as u64), "{query}");
    items
}

fn a_month(app: &TestApp) -> [Value; 3] {
    app.set_clock("2026-02-27T08:00:00+07:00");
    app.received();
    app.set_clock("2026-03-10T08:00:00+07:00");
    let done = app.received();
    let done = app.walk(&done, &["forwarded", "payment_recorded", "finished", "returned"]);
    let waiting = app.create(&json!({"agency": CHILD, "channel": "level_4"}));
    let waiting = app.record("clerk.child", &waiting, &event("supplement_requested"));
    app.create(&json!({"receive": null}));
    let extended = app.walk(&app.create(&json!({"procedure": PARTIAL})), &["extended"]);
    [done, waiting, extended]
}

fn the_register_holds_what_was_received(app: &TestApp) {
    let [done, waiting, extended] = a_month(app);
    let book = lines(app, MARCH);
    let codes: Vec<&Value> = book.iter().map(|line| &line["code"]).collect();
    assert_eq!(codes, [&done["code"], &waiting["code"], &extended["code"]]);
    // The same number as the figure and its list.
    let figure = app.user("leader").get(&format!("/indicators/values?ids=online_share&{MARCH}")).expect(200);
    assert_eq!(figure["values"][0]["denominator"], 3);
    let first = &book[0];
    for (name, expected) in [
        ("number", json!(1)),
        ("components", json!(1)),
        ("received_at", done["received_at"].clone()),
        ("due", done["due"].clone()),
        ("finished_at", done["finished_at"].clone()),
        ("returned_at", done["returned_at"].clone()),
        ("return_method", json!("counter")),
        ("on_time_status", json!("early")),
        ("state", json!("returned")),
        ("procedure_name", json!("Đăng ký khai sinh có yếu tố nước ngoài")),
    ] {
        assert_eq!(first[name], expected, "{name} of {first}");
    }
    assert!(first["forwarded_at"].is_string(), "{first}");
    assert_eq!(first["applicant"]["name"], "N. V. A.");
    assert_eq!(book[1]["state"], "awaiting_supplement");
    assert_eq!(book[2]["extended"], true);
    assert_eq!(lines(app, &format!("{MARCH}&agency={CHILD}")).len(), 1);
    assert_eq!(lines(app, &format!("{MARCH}&agency={AGENCY}&scope=own")).len(), 2);
    assert_eq!(lines(app, &format!("{MARCH}&channel=online")).len(), 1);
    app.record("leader", &extended, &event("voided"));
    assert_eq!(lines(app, MARCH).len(), 2);
}

fn the_register_as_it_lay_open_then(app: &TestApp) {
    let dossier = app.received();
    app.pass(chrono::Duration::seconds(10));
    let then = motcua::domain::time::local_text(app.clock.now());
    app.pass(chrono::Duration::seconds(10));
    app.walk(&dossier, &["payment_recorded", "finished"]);
    app.received();
    let query = format!("{MARCH}&known_at={}", escaped(&then));
    let book = lines(app, &query);
    assert_eq!(book.len(), 1);
    assert_eq!(book[0]["finished_at"], Value::Null);
    assert_eq!(lines(app, MARCH).len(), 2);
    let once = app.user("leader").get(&format!("/reports/register?{query}"));
    app.received();
    let again = app.user("leader").get(&format!("/reports/register?{query}"));
    assert_eq!(once.text, again.text);
}

fn the_register_is_paged_and_numbered(app: &TestApp) {
    a_month(app);
    let whole = lines(app, MARCH);
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.user("leader").get(&format!("/reports/register?{MARCH}&limit=1{cursor}")).expect(200);
        paged.extend(page["items"].as_array().expect("items").iter().cloned());
        // What is received meanwhile waits for the next look into the book.
        app.received();
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        assert!(paged.len() < 10, "the pages go round");
    }
    assert_eq!(paged, whole);
}

fn the_register_as_files(app: &TestApp) {
    a_month(app);
    let book = lines(app, MARCH);
    let file = |format: &str| app.user("leader").get(&format!("/reports/register?{MARCH}&format={format}"));
    let table = csv_lines(&file("csv"));
    assert_eq!(table.len(), 1 + book.len());
    assert_eq!(table[0].len(), 14);
    assert_eq!(table[0][6], "Giờ, ngày, tháng, năm – Tiếp nhận (7)");
    for (line, shown) in table[1..].iter().zip(&book) {
        assert_eq!(line[0], shown["number"].to_string());
        for (place, name) in [(1, "code"), (2, "procedure_name"), (6, "received_at"), (7, "due"), (10, "returned_at")] {
            assert_eq!(line[place], shown[name].as_str().unwrap_or_default(), "{name} of {shown}");
        }
        assert_eq!(line[4], "N. V. A.");
    }
    let sheet = worksheet(&file("xlsx"));
    let all: Vec<String> = sheet.iter().flatten().map(ToString::to_string).collect();
    for text in ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "UBND HUYỆN SÔNG LAM", "SỔ THEO DÕI HỒ SƠ", "(14)"]
    {
        assert!(all.iter().any(|cell| cell == text), "{text} is not in the spreadsheet");
    }
    let numbers = sheet.iter().position(|row| row[0] == Data::String("(1)".into())).expect("column numbers");
    for (row, line) in sheet[numbers + 1..].iter().zip(&table[1..]) {
        assert_eq!(row[0].to_string(), line[0]);
        assert_eq!(row[1].to_string(), line[1]);
        let Data::DateTime(received) = &row[6] else { panic!("{:?} is no time", row[6]) };
        let (year, month, day, hour, minute, ..) = received.to_ymd_hms_milli();
        assert!(line[6].starts_with(&format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}")), "{line:?}");
    }
    assert_eq!(file("xlsx").status, 200);
}

fn a_page_of_the_register_on_paper(app: &TestApp) {
    a_month(app);
    let asked = format!("/reports/register?{MARCH}&agency={AGENCY}&format=html");
    let page = app.user("leader").get(&asked);
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.header("content-disposition").is_some_and(|text| text.starts_with("inline; ")));
    assert!(page.header("content-security-policy").is_some_and(|text| text.starts_with("default-src 'none'")));
    assert!(!page.text.contains("Nguyễn Văn An"), "a name in full");
    chromium::looks_printed("register", &page.text, &(1..=1));
}

fn minutes(sheet: &Value) -> Vec<Option<i64>> {
    sheet["steps"].as_array().expect("steps").iter().map(|step| step["minutes"].as_i64()).collect()
}

fn sheet(app: &TestApp, dossier: &Value, query: &str) -> Value {
    let code = dossier["code"].as_str().expect("a code");
    app.user("leader").get(&format!("/dossiers/{code}/control-sheet?{query}")).expect(200)
}

/// Received Tuesday 8:00; passed on at 9:00; paused 10:00 to Wednesday 8:00; finished Wednesday 9:30.
fn handled(app: &TestApp) -> Value {
    let at = |day: u32, time: &str| json!({"occurred_at": format!("2026-03-{day}T{time}:00+07:00")});
    app.set_clock("2026-03-11T16:00:00+07:00");
    let mut dossier = app.create(&at(10, "08:00"));
    for (user, kind, when) in [
        ("clerk", "forwarded", at(10, "09:00")),
        ("officer", "supplement_requested", at(10, "10:00")),
        ("clerk", "supplemented", at(11, "08:00")),
        ("clerk", "payment_recorded", at(11, "09:00")),
        ("officer", "finished", at(11, "09:30")),
        ("clerk", "returned", at(11, "14:00")),
    ] {
        dossier = app.record(user, &dossier, &event_with(kind, &when));
    }
    dossier
}

fn a_control_sheet_adds_up(app: &TestApp) {
    let dossier = handled(app);
    let sheet = sheet(app, &dossier, "");
    let kinds: Vec<&str> =
        sheet["steps"].as_array().expect("steps").iter().filter_map(|step| step["event"].as_str()).collect();
    // A payment that ends no pause is no step.
    assert_eq!(
        kinds,
        ["submitted", "received", "forwarded", "supplement_requested", "supplemented", "finished", "returned"]
    );
    // Before receipt and while a supplement is awaited no clock runs; what follows the finish is not counted.
    assert_eq!(minutes(&sheet), [None, None, Some(60), Some(60), None, Some(90), None]);
    let worked = app.user("auditor").get("/indicators/values?ids=mean_processing_days").expect(200);
    let sum: i64 = minutes(&sheet).into_iter().flatten().sum();
    assert_eq!(worked["values"][0]["numerator"], sum);
    let steps = &sheet["steps"];
    assert_eq!(steps[2]["to"]["officer"], "Trần Thị Bình");
    assert_eq!(steps[3]["from"]["officer"], "Trần Thị Bình");
    assert_eq!(steps[4]["paused"], true);
    assert_eq!(steps[5]["on_time_status"], "early");
    assert_eq!(steps[5]["document"], "KQ-1");
    assert_eq!(sheet["running_minutes"], Value::Null);
    // Late, and still open.
    let open = app.received();
    app.set_clock("2026-03-19T09:00:00+07:00");
    let late = app.walk(&open, &["forwarded"]);
    let sheet = self::sheet(app, &late, "");
    assert_eq!(sheet["steps"][2]["on_time_status"], "overdue");
    assert_eq!(sheet["on_time_status"], "overdue");
    assert_eq!(sheet["running_minutes"], 0);
}

fn a_control_sheet_known_then(app: &TestApp) {
    let dossier = app.received();
    app.pass(chrono::Duration::seconds(10));
    let then = format!("known_at={}", escaped(&motcua::domain::time::local_text(app.clock.now())));
    let before = sheet(app, &dossier, &then);
    app.pass(chrono::Duration::seconds(10));
    app.walk(&dossier, &["forwarded", "payment_recorded", "finished"]);
    let mut again = sheet(app, &dossier, &then);
    assert_eq!(again["settled"], true);
    again["settled"] = before["settled"].clone();
    assert_eq!(again, before);
    assert_eq!(sheet(app, &dossier, "")["steps"].as_array().map(Vec::len), Some(4));
    // The applicant in full for those who handle it, masked for others.
    assert_eq!(before["applicant"]["name"], "Nguyễn Văn An");
    let code = dossier["code"].as_str().expect("a code");
    let masked = app.user("auditor").get(&format!("/dossiers/{code}/control-sheet")).expect(200);
    assert_eq!(masked["applicant"]["name"], "N. V. A.");
}

fn a_control_sheet_as_files(app: &TestApp) {
    let dossier = handled(app);
    let code = dossier["code"].as_str().expect("a code");
    let file = |format: &str| app.user("leader").get(&format!("/dossiers/{code}/control-sheet?format={format}"));
    let table = csv_lines(&file("csv"));
    assert_eq!(table.len(), 8);
    assert_eq!(table[3][3], "Trần Thị Bình, thẩm định");
    assert_eq!(table[6][5], "1 giờ 30 phút");
    assert_eq!(table[6][6], "Trước hạn");
    let cells: Vec<String> = worksheet(&file("xlsx")).iter().flatten().map(ToString::to_string).collect();
    for text in ["PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", "1 giờ 30 phút", "Giao, nhận hồ sơ"]
    {
        assert!(cells.iter().any(|cell| cell == text), "{text} is not in the spreadsheet");
    }
    let page = file("html");
    assert_eq!(page.status, 200, "{}", page.text);
    chromium::looks_printed("control-sheet", &page.text, &(1..=2));
}

fn what_cannot_be_asked(app: &TestApp) {
    let dossier = app.received();
    let code = dossier["code"].as_str().expect("a code");
    let leader = || app.user("leader");
    for (path, pointer, rule) in [
        ("/reports/register?format=pdf".to_owned(), "?format", "unknown_format"),
        ("/reports/register?format=csv&limit=5".to_owned(), "?limit", "unexpected"),
        ("/reports/register?from=2026-03-02&to=2026-03-01".to_owned(), "?from", "reversed"),
        ("/reports/register?channel=pigeon".to_owned(), "?channel", "unknown_value"),
        ("/reports/register?known_at=2027-01-01T00:00:00Z".to_owned(), "?known_at", "in_future"),
        (format!("/dossiers/{code}/control-sheet?format=pdf"), "?format", "unknown_format"),
        (format!("/dossiers/{code}/control-sheet?known_at=2027-01-01T00:00:00Z"), "?known_at", "in_future"),
    ] {
        leader().get(&path).refused_at(pointer, rule);
    }
    leader().get("/reports/register?cursor=zz").problem(400, "malformed-request");
    leader().get("/reports/register?colour=red").problem(400, "malformed-request");
    leader().get("/dossiers/H26.103-260310-0999/control-sheet").problem(404, "not-found");
    let before = format!("/dossiers/{code}/control-sheet?known_at=2026-03-01T00:00:00Z");
    leader().get(&before).problem(404, "not-found");
}
