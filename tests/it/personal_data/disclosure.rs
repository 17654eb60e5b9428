//! Who sees personal values in full, and the row that it leaves.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use motcua::store::DatabaseUrl;
use serde_json::{Value, json};

use super::at_rest::somebody;
use crate::factory::{AGENCY, CHILD, event_with, user_id};
use crate::harness::{Answer, TestApp, escaped};

on_both!(
    a_purpose_opens_and_is_kept,
    a_purpose_says_why_and_names_nobody,
    the_log_is_filtered_and_written_out,
    exports_name_people_to_auditors_with_a_purpose_only,
    without_a_row_nothing_is_given_out,
);

const WHY: &str = "Kiểm tra đơn thư khiếu nại 15/KN";
const NAME: &str = "Trần Thị Ngọc Bích";

fn dossier(app: &TestApp) -> (String, String) {
    let dossier = app.create(&json!({"applicant": somebody()}));
    let items = json!([{"component": "TP1", "reason": "thiếu giấy chứng nhận", "legal_basis": "NĐ 61"}]);
    let dossier = app.record("clerk", &dossier, &event_with("supplement_requested", &json!({"items": items})));
    let text = |name: &str| dossier[name].as_str().expect("a text").to_owned();
    (text("id"), text("code"))
}

fn asked(app: &TestApp, who: &str, path: &str, why: Option<&str>) -> Answer {
    let request = app.user(who).request("GET", path);
    match why {
        Some(why) => request.header("Purpose", why).send(),
        None => request.send(),
    }
}

fn log(app: &TestApp, query: &str) -> Vec<Value> {
    let found = app.user("auditor").get(&format!("/audit/access-log?limit=500{query}")).expect(200);
    found["items"].as_array().expect("items").clone()
}

fn a_purpose_opens_and_is_kept(app: &TestApp) {
    let (id, code) = dossier(app);
    let path = format!("/dossiers/{code}");
    for (who, tail) in [("auditor", ""), ("auditor", "/events"), ("auditor", "/control-sheet")] {
        let masked = asked(app, who, &format!("{path}{tail}"), None);
        masked.expect(200);
        assert!(!masked.text.contains(NAME) && !masked.text.contains("thiếu giấy"), "{who} {tail}: {}", masked.text);
    }
    assert_eq!(log(app, ""), Vec::<Value>::new(), "what is masked leaves no row");

    let full = asked(app, "auditor", &path, Some(WHY)).expect(200);
    assert_eq!(full["applicant"]["name"], NAME);
    assert_eq!(full["applicant"]["ids"][0]["number"], "001199000321");
    let events = asked(app, "auditor", &format!("{path}/events"), Some(WHY));
    assert!(events.text.contains(NAME) && events.text.contains("thiếu giấy"), "{}", events.text);
    assert!(asked(app, "auditor", &format!("{path}/control-sheet"), Some(WHY)).text.contains(NAME));
    let rows = log(app, "");
    assert_eq!(rows.len(), 3);
    let row = &rows[1];
    assert_eq!((&row["dossier"], &row["agency"], &row["action"]), (&json!(id), &json!(AGENCY), &json!("read")));
    assert_eq!((&row["purpose"], &row["actor"]), (&json!(WHY), &json!(format!("user:{}", user_id("auditor")))));
    assert_eq!(row["fields"], json!(["applicant", "item_reasons"]));
    assert_eq!(rows[2]["fields"], json!(["applicant"]));
    assert!(!rows.iter().any(|row| row.to_string().contains(NAME)), "the log names nobody");

    // Who handles it needs no purpose, and leaves a row all the same.
    assert_eq!(asked(app, "clerk", &path, None).expect(200)["applicant"]["name"], NAME);
    let rows = log(app, "");
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["actor"], json!(format!("user:{}", user_id("clerk"))));
    assert!(rows[0]["purpose"].as_str().is_some_and(|why| why.contains("handling")));

    // No purpose makes an admin a reader, or reaches beyond one's province.
    asked(app, "admin", &path, Some(WHY)).problem(403, "forbidden");
    asked(app, "auditor.far", &path, Some(WHY)).problem(404, "not-found");
    let listed = asked(app, "auditor", &format!("/dossiers?agency={AGENCY}"), Some(WHY));
    listed.expect(200);
    assert!(!listed.text.contains(NAME), "lists are masked whatever is stated");
    assert_eq!(log(app, "").len(), 4);

    // Staff of the parent do not handle what lies below.
    let child = app.create(&json!({"agency": CHILD, "applicant": somebody()}));
    let path = format!("/dossiers/{}", child["id"].as_str().expect("an id"));
    assert!(!asked(app, "leader", &path, None).text.contains(NAME));
    assert!(asked(app, "leader", &path, Some(WHY)).text.contains(NAME));
    assert_eq!(log(app, "").len(), 5);
}

fn a_purpose_says_why_and_names_nobody(app: &TestApp) {
    let (_, code) = dossier(app);
    let path = format!("/dossiers/{code}");
    let long = "vì ".repeat(101);
    for (why, rule) in [
        ("xem", "purpose"),
        (long.as_str(), "purpose"),
        ("Tìm người có số 001199000321", "personal"),
        ("Gọi số 0987 000 321 không được", "personal"),
    ] {
        let refused = asked(app, "auditor", &path, Some(why));
        refused.refused_at("Purpose", rule);
        assert!(!refused.text.contains(NAME) && !refused.text.contains("0987"), "{}", refused.text);
    }
    assert_eq!(log(app, "").len(), 0);
    asked(app, "auditor", &path, Some("Báo cáo quý 1 năm 2026, công văn 12/UBND")).expect(200);
}

fn the_log_is_filtered_and_written_out(app: &TestApp) {
    let (id, code) = dossier(app);
    let child = app.create(&json!({"agency": CHILD, "applicant": somebody()}));
    let child = child["id"].as_str().expect("an id");
    for _ in 0..2 {
        asked(app, "auditor", &format!("/dossiers/{code}"), Some(WHY)).expect(200);
    }
    asked(app, "clerk", &format!("/dossiers/{code}"), None).expect(200);
    asked(app, "auditor", &format!("/dossiers/{child}"), Some(WHY)).expect(200);
    let auditor = format!("user:{}", user_id("auditor"));
    for (query, count) in [
        (String::new(), 4),
        (format!("&actor={}", escaped(&auditor)), 3),
        (format!("&dossier={id}"), 3),
        (format!("&dossier={code}&actor={}", escaped(&auditor)), 2),
        (format!("&agency={CHILD}"), 1),
        ("&from=2026-03-10&to=2026-03-10".to_owned(), 4),
        ("&from=2026-03-11".to_owned(), 0),
        ("&to=2026-03-09".to_owned(), 0),
    ] {
        assert_eq!(log(app, &query).len(), count, "{query}");
    }
    // In pages, newest first, each once.
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = app.user("auditor").get(&format!("/audit/access-log?limit=3&count=true{next}")).expect(200);
        assert_eq!(page["count"], 4);
        seen.extend(page["items"].as_array().expect("items").iter().map(|row| row["id"].clone()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, log(app, "").iter().map(|row| row["id"].clone()).collect::<Vec<_>>());
    let csv = app.user("auditor").get("/audit/access-log?format=csv");
    assert_eq!(csv.text.matches(WHY).count(), 3, "{}", csv.text);
    assert!(!csv.text.contains(NAME));

    app.user("auditor").get("/audit/access-log?from=2026-03-11&to=2026-03-10").refused_at("?to", "range");
    app.user("auditor").get("/audit/access-log?dossier=H26.103-260310-9999").problem(404, "not-found");
    app.user("auditor.far").get(&format!("/audit/access-log?dossier={id}")).problem(404, "not-found");
    let foreign = app.user("auditor.far").get("/audit/access-log").expect(200);
    assert_eq!(foreign["items"], json!([]));
    app.user("leader").get("/audit/access-log").problem(403, "forbidden");
}

fn exports_name_people_to_auditors_with_a_purpose_only(app: &TestApp) {
    dossier(app);
    let path = format!("/exports/dossiers?agency={AGENCY}");
    assert!(!asked(app, "auditor", &path, None).text.contains(NAME));
    assert!(!asked(app, "leader", &path, None).text.contains(NAME));
    asked(app, "leader", &path, Some(WHY)).problem(403, "forbidden");
    asked(app, "admin", &path, Some(WHY)).problem(403, "forbidden");
    assert_eq!(log(app, "").len(), 0);
    let full = asked(app, "auditor", &path, Some(WHY));
    assert!(full.text.contains(NAME) && full.text.contains("0987000321"), "{}", full.text);
    let rows = log(app, "");
    assert_eq!((&rows[0]["action"], &rows[0]["purpose"]), (&json!("export"), &json!(WHY)));
}

/// Breaks the log as a full disk would.
fn break_log(app: &TestApp) {
    match &app.database {
        DatabaseUrl::Sqlite(path) => SqliteConnection::establish(path).expect("a file").batch_execute(
            "CREATE TRIGGER full BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
        ),
        DatabaseUrl::Postgres(url) => PgConnection::establish(url).expect("a server").batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk is full'; END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION full_disk()",
        ),
    }
    .expect("a trigger");
}

fn without_a_row_nothing_is_given_out(app: &TestApp) {
    let (_, code) = dossier(app);
    break_log(app);
    let path = format!("/dossiers/{code}");
    let refused = asked(app, "auditor", &path, Some(WHY));
    assert_eq!(refused.status, 507, "{}", refused.text);
    assert!(!refused.text.contains(NAME), "{}", refused.text);
    // The counter goes on, masked.
    let masked = asked(app, "clerk", &path, None);
    assert_eq!(masked.expect(200)["applicant"]["name"], "T. T. N. B.");
    let events = asked(app, "clerk", &format!("{path}/events"), None);
    events.expect(200);
    assert!(!events.text.contains(NAME), "{}", events.text);
}
