//! Integrity checks over HTTP: of each one dossier that it flags, and the nearest one that it does not; links,
//! groups, rights and refusals.

mod agencies;
mod course;
mod histogram;
mod identities;
mod intake;
mod outcome;
mod print;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, FOREIGN, event_with, recorder};
use crate::harness::TestApp;

on_both!(
    the_catalogue_prints_what_decides,
    flagged_zero_is_shown_and_nothing_is_null,
    groups_add_up_and_open,
    a_settled_answer_stays,
    checks_are_for_auditors_and_leaders,
    bad_questions_are_refused,
);

/// March 2026: everything has happened by the last working evening.
const NOW: &str = "2026-03-31T18:00:00+07:00";
const MARCH: &str = "from=2026-03-01&to=2026-03-31";

/// `"03 08:00:00"` of March.
fn at(day_and_time: &str) -> String {
    format!("2026-03-{}+07:00", day_and_time.replace(' ', "T"))
}

fn stated(time: &str, with: &Value) -> Value {
    let mut body = with.clone();
    body["occurred_at"] = at(time).into();
    body["late_entry_reason"] = "mất điện".into();
    body
}

/// A dossier received (or, with `receive: null`, submitted) then.
#[track_caller]
fn new(app: &TestApp, time: &str, with: &Value) -> Value {
    app.create(&stated(time, with))
}

/// What happened to it next, recorded by one who may.
#[track_caller]
fn then(app: &TestApp, dossier: &Value, kind: &str, time: &str, with: &Value) -> Value {
    app.record(recorder(kind), dossier, &event_with(kind, &stated(time, with)))
}

/// Counts and members of a check, which agree.
#[track_caller]
fn found(app: &TestApp, id: &str, query: &str) -> (BTreeSet<String>, i64) {
    let answer = app.user("auditor").get(&format!("/audit/checks?ids={id}&{query}")).expect(200);
    let [check] = answer["checks"].as_array().expect("checks").as_slice() else { panic!("one check: {answer}") };
    (members(app, check), check["population"].as_i64().expect("a count"))
}

/// The dossiers behind a count: as many as counted.
#[track_caller]
fn members(app: &TestApp, check: &Value) -> BTreeSet<String> {
    let link = check["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
    let page = app.user("auditor").get(&format!("{link}&count=true&limit=500")).expect(200);
    let items = page["items"].as_array().expect("items");
    let ids: BTreeSet<String> = items.iter().map(id_of).collect();
    assert_eq!((page["count"].as_u64(), ids.len()), (check["flagged"].as_u64(), items.len()), "{check}");
    assert_eq!(check["flagged"].as_u64(), Some(ids.len() as u64), "{check}");
    ids
}

fn id_of(dossier: &Value) -> String {
    dossier["id"].as_str().expect("an id").to_owned()
}

/// Exactly these are flagged, out of so many.
#[track_caller]
fn flags(app: &TestApp, id: &str, flagged: &[&Value], population: i64) {
    let expected: BTreeSet<String> = flagged.iter().map(|dossier| id_of(dossier)).collect();
    assert_eq!(found(app, id, &format!("agency={AGENCY}&{MARCH}")), (expected, population), "{id}");
}

fn the_catalogue_prints_what_decides(app: &TestApp) {
    let list = app.user("leader").get("/audit/checks/catalogue").expect(200);
    let items = list["items"].as_array().expect("items");
    let answer = app.user("leader").get("/audit/checks").expect(200);
    let ids = |items: &[Value], name: &str| items.iter().map(|item| item[name].clone()).collect::<Vec<_>>();
    assert_eq!(ids(items, "id"), ids(answer["checks"].as_array().expect("checks"), "check"));
    for item in items {
        for name in ["title", "title_en", "definition", "definition_en", "population", "flagged", "source"] {
            assert!(
                item[name].as_str().is_some_and(|text| !text.is_empty() && !text.contains('{')),
                "{name} of {item}"
            );
        }
        assert!(["info", "warning", "serious"].contains(&item["severity"].as_str().expect("a severity")));
    }
    let quick = items.iter().find(|item| item["id"] == "quick_finish").expect("a check");
    assert!(quick["definition"].as_str().expect("a text").contains("dưới 30 phút"), "{quick}");
}

fn flagged_zero_is_shown_and_nothing_is_null(app: &TestApp) {
    app.set_clock(NOW);
    let answer = app.user("auditor").get(&format!("/audit/checks?{MARCH}")).expect(200);
    let checks = answer["checks"].as_array().expect("checks");
    assert!(checks.len() >= 20, "{} checks", checks.len());
    for check in checks {
        assert_eq!((&check["flagged"], &check["population"], &check["percent"]), (&json!(0), &json!(0), &Value::Null));
    }
    new(app, "03 08:00:00", &json!({"channel": "level_4"}));
    let answer =
        app.user("auditor").get(&format!("/audit/checks?{MARCH}&ids=assisted,assisted,late_entry")).expect(200);
    let checks = answer["checks"].as_array().expect("checks");
    let said: Vec<_> =
        checks.iter().map(|c| (c["check"].as_str(), c["flagged"].as_i64(), c["percent"].as_str())).collect();
    assert_eq!(said, [(Some("assisted"), Some(0), Some("0.00")), (Some("late_entry"), Some(1), Some("100.00"))]);
    assert_eq!(answer["settled"], false);
    assert!(answer["calendar_version"].is_string() && answer["definition_version"].is_u64());
    assert_eq!(answer["cut"]["at"], answer["cut"]["known_at"], "the period is not over");
}

fn groups_add_up_and_open(app: &TestApp) {
    app.set_clock(NOW);
    for agency in [AGENCY, CHILD, CHILD, FOREIGN] {
        new(app, "03 08:00:00", &json!({"channel": "level_4", "assisted": true, "agency": agency}));
    }
    new(app, "03 08:00:00", &json!({"channel": "level_4", "agency": CHILD}));
    let query = format!("agency={AGENCY}&{MARCH}&ids=assisted,reopened&group_by=agency");
    let answer = app.user("leader").get(&format!("/audit/checks?{query}")).expect(200);
    let checks = answer["checks"].as_array().expect("checks");
    let said: Vec<_> = checks
        .iter()
        .map(|check| (check["group"]["key"].as_str().expect("a key"), &check["flagged"], &check["population"]))
        .collect();
    assert_eq!(
        said,
        [(AGENCY, &json!(1), &json!(1)), (CHILD, &json!(2), &json!(3))],
        "groups without anybody are left out"
    );
    assert_eq!(checks.iter().map(|check| members(app, check).len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(found(app, "assisted", &format!("agency={AGENCY}&{MARCH}&scope=own")).1, 1);
    // The auditor's own reach, without an agency named, ends at the province of others.
    assert_eq!(found(app, "assisted", MARCH).1, 4);
}

fn a_settled_answer_stays(app: &TestApp) {
    app.set_clock(NOW);
    let first = new(app, "03 08:00:00", &json!({"channel": "level_4", "assisted": true}));
    app.set_clock("2026-04-02T09:00:00+07:00");
    let path = format!("/audit/checks?agency={AGENCY}&{MARCH}&known_at=2026-04-02T08:00:00%2B07:00");
    let before = app.user("auditor").get(&path);
    assert_eq!(before.expect(200)["settled"], true);
    new(app, "04 08:00:00", &json!({"channel": "level_4", "assisted": true}));
    app.record("leader", &first, &event_with("voided", &json!({})));
    assert_eq!(app.user("auditor").get(&path).text, before.text);
    let now = app.user("auditor").get(&format!("/audit/checks?agency={AGENCY}&{MARCH}")).expect(200);
    assert_ne!(now["checks"], before.json()["checks"], "as known now, something else");
}

fn checks_are_for_auditors_and_leaders(app: &TestApp) {
    for (user, status) in
        [("clerk", 403), ("officer", 403), ("portal", 403), ("admin", 403), ("auditor", 200), ("leader", 200)]
    {
        app.user(user).get("/dossiers?check=assisted").expect(status);
        app.user(user).get("/audit/checks/catalogue").expect(status);
    }
    app.user("auditor").get(&format!("/dossiers?check=assisted&agency={FOREIGN}")).problem(404, "not-found");
    app.user("auditor").get(&format!("/audit/checks?agency={FOREIGN}")).problem(404, "not-found");
    app.anonymous().get("/dossiers?check=assisted").problem(401, "unauthenticated");
}

fn bad_questions_are_refused(app: &TestApp) {
    let auditor = app.user("auditor");
    auditor.get("/audit/checks?ids=assisted,nonsense").refused_at("?ids", "unknown_check");
    auditor.get("/dossiers?check=nonsense").refused_at("?check", "unknown_check");
    auditor.get("/dossiers?check=assisted&indicator=on_time_due").refused_at("?check", "exclusive");
    auditor.get("/dossiers?check=assisted&report=06a&column=8").refused_at("?check", "exclusive");
    auditor.get("/audit/checks?group_by=month").refused_at("?group_by", "not_groupable");
    for path in ["/audit/checks?", "/dossiers?check=assisted&"] {
        auditor.get(&format!("{path}from=2026-03-02&to=2026-03-01")).refused_at("?from", "reversed");
        auditor.get(&format!("{path}known_at=2027-01-01T00:00:00%2B07:00")).refused_at("?known_at", "in_future");
        auditor.get(&format!("{path}scope=everything")).refused_at("?scope", "unknown_value");
        auditor.get(&format!("{path}from=yesterday")).problem(400, "malformed-request");
    }
}
