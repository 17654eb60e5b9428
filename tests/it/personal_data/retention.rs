//! Personal values past their period: counted, and erased when told to.

use motcua::app::check;
use motcua::app::retention::{Periods, RetentionError, erase, overdue};
use serde_json::{Value, json};

use super::at_rest::somebody;
use crate::factory::{CHILD, PARTIAL};
use crate::harness::TestApp;
use crate::ratchets::schema::lines;

on_both!(what_was_kept_long_enough_is_erased, nothing_is_erased_that_was_not_counted);

const DECISION: &str = "Quyết định 12/QĐ-UBND ngày 05/01/2029";

fn periods(texts: &[&str]) -> Periods {
    Periods::new(texts.iter().map(|text| text.parse().expect("a period"))).expect("periods")
}

fn shown(app: &TestApp, dossier: &Value) -> Value {
    let who = if dossier["agency"] == CHILD { "clerk.child" } else { "clerk" };
    app.user(who).get(&format!("/dossiers/{}", dossier["id"].as_str().expect("an id"))).expect(200)
}

fn count(app: &TestApp, table: &str) -> String {
    lines(&app.database, &format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM {table}")).remove(0)
}

fn ended(app: &TestApp, with: &Value) -> Value {
    let dossier = app.create(with);
    app.walk(&dossier, &["finished", "returned"])
}

fn what_was_kept_long_enough_is_erased(app: &TestApp) {
    let old = ended(app, &json!({"applicant": somebody()}));
    let below = app.walk(&app.create(&json!({"agency": CHILD, "applicant": somebody()})), &[]);
    let other_field = ended(app, &json!({"procedure": PARTIAL, "applicant": somebody()}));
    let refused = app.create(&json!({"receive": null, "applicant": somebody()}));
    let refused = app.walk(&refused, &["refused"]);
    let figures = |app: &TestApp| {
        let path = "/reports/06a?from=2026-03-01&to=2026-03-31&known_at=2026-12-31T00:00:00%2B07:00&rows=procedure";
        app.user("auditor").get(path).expect(200)
    };
    app.set_clock("2028-12-31T20:00:00+07:00");
    let kept = periods(&["Hộ tịch=2", "Không có=1"]);
    let report = overdue(&app.app, &kept).expect("a database");
    assert_eq!((report.dossiers, report.due.len()), (0, 0), "the second year after 2026 is not over");
    app.set_clock("2029-01-05T09:00:00+07:00");
    let later = ended(app, &json!({"applicant": somebody()}));
    let before = figures(app);
    let rows = count(app, "personal");

    let report = overdue(&app.app, &kept).expect("a database");
    assert_eq!((report.dossiers, report.due[0].field.as_str(), report.due[0].years), (2, "Hộ tịch", 2));
    assert_eq!((report.due[0].first_year, report.due[0].last_year), (2026, 2026));
    assert_eq!(report.without_period.into_iter().collect::<Vec<_>>(), [("Xây dựng".to_owned(), 1)]);
    assert_eq!(count(app, "personal"), rows, "a report erases nothing");
    let erased = erase(&app.app, &kept, 2, DECISION).expect("they are erased");
    assert_eq!((erased.dossiers, erased.rows), (report.dossiers, report.rows));

    for dossier in [&old, &refused] {
        assert_eq!(shown(app, dossier)["applicant"], Value::Null);
    }
    for dossier in [&below, &other_field, &later] {
        assert_eq!(shown(app, dossier)["applicant"]["name"], somebody()["name"], "open, or not that old");
    }
    let search = app.user("clerk").post("/dossiers/search", &json!({"phone": "0987000321"})).expect(200);
    assert_eq!(search["items"].as_array().expect("items").len(), 3);

    // What happened, when and how fast stays as it was.
    assert_eq!(figures(app), before);
    let found = check::check(&app.app, &[], |_| {}).expect("a database");
    assert_eq!((found.findings, found.erased), (vec![], erased.rows));
    assert_eq!(erase(&app.app, &kept, 0, DECISION).expect("nothing is left").rows, 0);

    let log = app.user("auditor").get("/audit/access-log?limit=500").expect(200);
    let log: Vec<&Value> =
        log["items"].as_array().expect("items").iter().filter(|row| row["action"] == "erase").collect();
    assert_eq!(log.len(), 2);
    for row in log {
        assert_eq!(row["actor"], "cli");
        assert!(row["purpose"].as_str().expect("a purpose").starts_with(DECISION), "{row}");
        assert!(row["fields"].as_array().expect("names").contains(&json!("applicant")), "{row}");
        assert!([&old, &refused].iter().any(|dossier| dossier["id"] == row["dossier"]), "{row}");
    }
}

fn nothing_is_erased_that_was_not_counted(app: &TestApp) {
    ended(app, &json!({}));
    app.set_clock("2040-01-05T09:00:00+07:00");
    let rows = count(app, "personal");
    let refused = erase(&app.app, &periods(&["Hộ tịch=2"]), 2, DECISION);
    assert!(matches!(refused, Err(RetentionError::Changed { confirmed: 2, found: 1 })), "{refused:?}");
    assert_eq!((count(app, "personal"), count(app, "access_log")), (rows, "0".to_owned()));
}
