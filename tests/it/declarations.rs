//! Declared values: versions with evidence, a second person's review, and how scorecards show them.

mod bad_input;
mod copies;
mod notes;
mod scorecard;

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, FOREIGN, merge, user_id};
use crate::harness::{TestApp, escaped};

on_both!(
    every_declaration_is_a_version,
    a_retried_request_makes_no_second_version,
    a_second_person_reviews_once,
    leaders_declare_for_their_own_agency,
    lists_are_of_an_instant_and_a_reach,
    pages_follow_each_other,
);

pub const PLAN: &str = "song-lam-2026";
/// A target that dossiers do not answer.
pub const TRAINED: &str = "trained";

pub fn evidence() -> Value {
    json!([
        {"kind": "document", "number": "12/BC-UBND", "date": "2026-03-02", "title": "Báo cáo quý I"},
        {"kind": "file", "sha256": "ab".repeat(32), "size": 20_480, "name": "bao-cao.pdf"},
    ])
}

/// A plan of the district with declared and computed targets.
pub fn plan(app: &TestApp) {
    let target = |key: &str, indicator: Option<&str>, comparator: &str, threshold: &str, unit: &str| {
        json!({"key": key, "title": key, "wording": threshold, "indicator": indicator, "comparator": comparator,
            "threshold": threshold, "unit": unit})
    };
    let mut growth = target("growth", None, ">=", "38", "percent");
    growth["base_period"] = json!({"from": "2025-01-01", "to": "2025-12-31"});
    let plan = json!({
        "id": PLAN, "title": "Kế hoạch 2026", "agency": AGENCY, "from": "2026-01-01", "to": "2026-12-31",
        "targets": [
            target(TRAINED, None, ">=", "90", "percent"), target("courses", None, ">=", "12", "count"), growth,
            target("online", Some("online_share"), ">=", "50", "percent"),
        ],
    });
    app.user("admin").post("/plans", &plan).expect(201);
}

pub fn path(target: &str) -> String {
    format!("/plans/{PLAN}/targets/{target}/declarations")
}

/// A declaration of the plan's whole period; `with` replaces or adds fields.
pub fn body(with: &Value) -> Value {
    let mut body = json!({"from": "2026-01-01", "to": "2026-12-31", "evidence": evidence()});
    merge(&mut body, with);
    body
}

pub fn versions(app: &TestApp, user: &str, query: &str) -> Vec<Value> {
    let list = app.user(user).get(&format!("{}?{query}", path(TRAINED))).expect(200);
    list["items"].as_array().expect("items").clone()
}

fn every_declaration_is_a_version(app: &TestApp) {
    plan(app);
    let first =
        app.user("leader").post(&path(TRAINED), &body(&json!({"numerator": 11, "denominator": 12, "note": "x"})));
    let location = first.header("location").expect("a place").to_owned();
    let first = first.expect(201);
    let expected = json!({
        "agency": AGENCY, "version": 1, "period": {"from": "2026-01-01", "to": "2026-12-31"}, "unit": "percent",
        "value": null, "numerator": 11, "denominator": 12, "percent": "91.67",
        "declared_by": format!("user:{}", user_id("leader")), "declared_at": "2026-03-10T08:00:02+07:00",
        "status": "pending", "evidence": evidence(), "note": "x", "review": null,
    });
    assert_eq!(first, expected);
    let second = app.user("leader2").post(&path(TRAINED), &body(&json!({"value": "92.4"}))).expect(201);
    assert_eq!((second["version"].as_i64(), &second["value"]), (Some(2), &json!("92.4")));
    let other_period = body(&json!({"value": "50", "to": "2026-06-30"}));
    let third = app.user("leader").post(&path(TRAINED), &other_period).expect(201);
    assert_eq!(third["version"], 3);
    // Another target counts on its own.
    let other = app.user("leader").post(&path("courses"), &body(&json!({"value": "13"}))).expect(201);
    assert_eq!(other["version"], 1);
    assert_eq!(versions(app, "auditor", ""), [first.clone(), second.clone(), third]);
    let there = location.strip_prefix("/api/v1").expect("below the API");
    assert_eq!(app.user("auditor").get(there).expect(200)["items"], json!([first, second]));
}

fn a_retried_request_makes_no_second_version(app: &TestApp) {
    plan(app);
    let send = |value: &str| {
        let request = app.user("leader").request("POST", &path(TRAINED)).key("q1");
        request.json(&body(&json!({"value": value}))).send()
    };
    let first = send("92.4").expect(201);
    app.user("auditor").post(&format!("{}/1/review", path(TRAINED)), &json!({"verdict": "accepted"})).expect(201);
    assert_eq!(send("92.4").expect(201), first, "as the request left it");
    send("93").problem(422, "idempotency-key-reused");
    assert_eq!(versions(app, "auditor", "").len(), 1);
    let judge = || {
        let request = app.user("leader2").request("POST", &format!("{}/2/review", path(TRAINED))).key("k");
        request.json(&json!({"verdict": "rejected"})).send()
    };
    judge().problem(404, "not-found");
    app.user("leader").post(&path(TRAINED), &body(&json!({"value": "94"}))).expect(201);
    assert_eq!(judge().expect(201), judge().expect(201));
}

fn a_second_person_reviews_once(app: &TestApp) {
    plan(app);
    let mine = app.user("leader").post(&path(TRAINED), &body(&json!({"value": "92.4"}))).expect(201);
    let review = format!("{}/1/review", path(TRAINED));
    let accept = json!({"verdict": "accepted", "note": "đã đối chiếu"});
    app.user("leader").post(&review, &accept).problem(403, "self-review");
    assert_eq!(versions(app, "leader", ""), [mine], "nothing was stored");
    let judged = app.user("auditor").post(&review, &accept).expect(201);
    assert_eq!(judged["status"], "accepted");
    let expected = json!({
        "verdict": "accepted", "reviewed_by": format!("user:{}", user_id("auditor")),
        "reviewed_at": "2026-03-10T08:00:05+07:00", "note": "đã đối chiếu",
    });
    assert_eq!(judged["review"], expected);
    for again in ["auditor", "leader2"] {
        app.user(again).post(&review, &json!({"verdict": "rejected"})).problem(409, "already-exists");
    }
    app.user("leader").post(&review, &accept).problem(403, "self-review");
    assert_eq!(versions(app, "leader", ""), [judged]);
    app.user("clerk").post(&review, &accept).problem(403, "forbidden");
    for missing in ["2", "0", "-1", "x", "99999999999"] {
        let path = format!("{}/{missing}/review", path(TRAINED));
        app.user("leader2").post(&path, &accept).problem(404, "not-found");
    }
}

fn leaders_declare_for_their_own_agency(app: &TestApp) {
    plan(app);
    let of = |agency: &str| body(&json!({"value": "90", "agency": agency}));
    app.user("leader").post(&path(TRAINED), &of(CHILD)).problem(403, "forbidden");
    app.user("leader").post(&path(TRAINED), &of(FOREIGN)).problem(404, "not-found");
    app.user("leader.far").post(&path(TRAINED), &of(FOREIGN)).refused_at("/agency", "outside_plan");
    app.user("leader.child").post(&path(TRAINED), &body(&json!({"value": "90"}))).problem(404, "not-found");
    let child = app.user("leader.child").post(&path(TRAINED), &of(CHILD)).expect(201);
    assert_eq!((child["agency"].as_str(), child["version"].as_i64()), (Some(CHILD), Some(1)));
    // Every agency counts its own versions; who reviews says whose.
    let own = app.user("leader").post(&path(TRAINED), &of(AGENCY)).expect(201);
    assert_eq!(own["version"], 1);
    let review = format!("{}/1/review", path(TRAINED));
    let accept = |agency: Option<&str>| json!({"verdict": "accepted", "agency": agency});
    app.user("leader.child").post(&review, &accept(Some(CHILD))).problem(403, "self-review");
    app.user("leader.child").post(&review, &accept(None)).problem(404, "not-found");
    let judged = app.user("leader").post(&review, &accept(Some(CHILD))).expect(201);
    assert_eq!((judged["agency"].as_str(), judged["status"].as_str()), (Some(CHILD), Some("accepted")));
    assert_eq!(versions(app, "auditor", &format!("agency={AGENCY}"))[0]["status"], "pending");
}

fn lists_are_of_an_instant_and_a_reach(app: &TestApp) {
    plan(app);
    app.user("leader").post(&path(TRAINED), &body(&json!({"value": "80"}))).expect(201);
    app.user("leader.child").post(&path(TRAINED), &body(&json!({"value": "70", "agency": CHILD}))).expect(201);
    let before = escaped("2026-03-10T08:00:03+07:00");
    app.set_clock("2026-03-11T08:00:00+07:00");
    app.user("leader2").post(&format!("{}/1/review", path(TRAINED)), &json!({"verdict": "rejected"})).expect(201);
    let status = |query: &str| -> Vec<(String, String)> {
        let text = |item: &Value, name: &str| item[name].as_str().expect("a text").to_owned();
        versions(app, "auditor", query).iter().map(|item| (text(item, "agency"), text(item, "status"))).collect()
    };
    let of = |agency: &str, status: &str| (agency.to_owned(), status.to_owned());
    assert_eq!(status(""), [of(AGENCY, "rejected"), of(CHILD, "pending")]);
    assert_eq!(status(&format!("known_at={before}")), [of(AGENCY, "pending"), of(CHILD, "pending")]);
    assert_eq!(status(&format!("known_at={}", escaped("2026-03-10T08:00:00+07:00"))), []);
    assert_eq!(status("from=2026-01-01&to=2026-06-30"), []);
    assert_eq!(versions(app, "leader.child", "").len(), 1, "the parent is out of reach");
    assert_eq!(versions(app, "leader.far", "").len(), 0);
    app.user("leader.child").get(&format!("{}?agency={AGENCY}", path(TRAINED))).problem(404, "not-found");
}

fn pages_follow_each_other(app: &TestApp) {
    plan(app);
    for value in ["1", "2", "3", "4", "5"] {
        app.user("leader").post(&path(TRAINED), &body(&json!({"value": value}))).expect(201);
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = app.user("auditor").get(&format!("{}?limit=2{next}", path(TRAINED))).expect(200);
        seen.extend(page["items"].as_array().expect("items").iter().map(|item| item["version"].as_i64().expect("n")));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    app.user("auditor").get(&format!("{}?limit=2{next}", path("courses"))).problem(400, "malformed-request");
}
