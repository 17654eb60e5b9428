//! Sealed periods: frozen, sealed, verified by somebody else, compared later; and reports stored as printed.

mod copies;
mod declared;
mod proof;

use serde_json::{Value, json};

use crate::factory::{AGENCY, event, event_with, merge};
use crate::harness::TestApp;

on_both!(
    a_frozen_report_is_the_computed_one,
    two_people_seal_and_verify,
    later_differences_name_their_events,
    lists_narrow_and_page,
    a_retried_request_freezes_once,
    the_database_refuses_changes,
    bad_snapshots,
);

/// The body of a snapshot of the year so far; `with` replaces or adds fields.
pub fn body(app: &TestApp, with: &Value) -> Value {
    let known_at = motcua::domain::time::canonical(app.clock.now() - chrono::Duration::seconds(10));
    let mut body = json!({
        "label": "Quý I", "agency": AGENCY, "report": "06a", "from": "2026-01-01", "to": "2026-03-31",
        "known_at": known_at,
    });
    merge(&mut body, with);
    body
}

/// A frozen report of some dossiers, settled.
#[track_caller]
pub fn frozen(app: &TestApp, with: &Value) -> Value {
    app.pass(chrono::Duration::minutes(1));
    let body = body(app, with);
    app.user("leader").post("/reports/snapshots", &body).expect(201)
}

fn path(snapshot: &Value) -> String {
    format!("/reports/snapshots/{}", snapshot["id"].as_str().expect("an id"))
}

/// Two finished in time, one open, one withdrawn; the child has one.
pub fn some_dossiers(app: &TestApp) -> Vec<Value> {
    let mut dossiers: Vec<Value> = (0..4).map(|_| app.received()).collect();
    for dossier in &mut dossiers[..2] {
        *dossier = app.walk(dossier, &["payment_recorded", "finished"]);
    }
    dossiers[3] = app.walk(&dossiers[3], &["withdrawn"]);
    dossiers.push(app.create(&json!({"agency": crate::factory::CHILD})));
    dossiers
}

fn a_frozen_report_is_the_computed_one(app: &TestApp) {
    some_dossiers(app);
    let snapshot = frozen(app, &json!({}));
    let known_at = snapshot["content"]["report"]["known_at"].as_str().expect("an instant").replace('+', "%2B");
    let query = format!("agency={AGENCY}&from=2026-01-01&to=2026-03-31&known_at={known_at}");
    let report = app.user("leader").get(&format!("/reports/06a?{query}")).expect(200);
    let rows = snapshot["content"]["report"]["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), report["rows"].as_array().expect("rows").len());
    for (kept, row) in rows.iter().zip(report["rows"].as_array().expect("rows")) {
        let shown: Vec<Value> =
            row["cells"].as_array().expect("cells").iter().map(|cell| cell["count"].clone()).collect();
        assert_eq!(kept["cells"], json!(shown));
    }
    assert_eq!(rows.last().expect("a total")["cells"][4], 2);
    // The hash of a cell is that of its list.
    let total = report["rows"].as_array().and_then(|rows| rows.last()).expect("a total");
    for (i, cell) in total["cells"].as_array().expect("cells").iter().enumerate() {
        let link = cell["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let list = app.user("leader").get(&format!("{link}&limit=500")).expect(200);
        let name = |item: &Value, key: &str| item[key].as_str().expect("a name").to_owned();
        let items = list["items"].as_array().expect("items").iter();
        let mut members: Vec<(String, String)> = items.map(|item| (name(item, "agency"), name(item, "id"))).collect();
        members.sort();
        let members: String = members.iter().map(|(agency, id)| format!("{agency}/{id}\n")).collect();
        let kept = snapshot["content"]["dossiers"].as_array().and_then(|rows| rows.last()).expect("hashes");
        assert_eq!(kept[i], sha256(members.as_bytes()), "column {}", cell["column"]);
    }
    // The hash of the whole is over its canonical JSON.
    let text = serde_json_canonical(&snapshot["content"]);
    assert_eq!(snapshot["content_hash"], sha256(text.as_bytes()));
    assert_eq!(snapshot["basis"], "computed");
    let heads = snapshot["content"]["heads"].as_array().expect("heads");
    let now = app.user("auditor").get(&format!("/audit/heads?known_at={known_at}")).expect(200);
    assert_eq!(now["items"], json!(heads));
    assert!(!text.contains("Nguyễn"), "{text}");
}

pub fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(bytes))
}

fn serde_json_canonical(value: &Value) -> String {
    motcua::domain::chain::canonical_text(value)
}

fn two_people_seal_and_verify(app: &TestApp) {
    some_dossiers(app);
    let snapshot = frozen(app, &json!({}));
    let path = path(&snapshot);
    let act = |user: &str, act: &str| app.user(user).request("POST", &format!("{path}/{act}")).send();
    act("auditor", "verify").problem(409, "conflict");
    act("auditor", "seal").problem(403, "forbidden");
    act("leader.far", "seal").problem(404, "not-found");
    act("clerk", "seal").problem(403, "forbidden");
    let sealed = act("leader", "seal").expect(201);
    assert_eq!((&sealed["sealed"], &sealed["verified"]), (&json!(true), &Value::Null));
    act("leader2", "seal").problem(409, "already-exists");
    act("leader", "verify").problem(403, "forbidden");
    let verified = act("auditor", "verify").expect(201);
    assert_eq!(verified["verified"], "same");
    let acts = verified["acts"].as_array().expect("acts");
    let kinds: Vec<&Value> = acts.iter().map(|act| &act["kind"]).collect();
    assert_eq!(kinds, ["sealed", "verified"]);
    assert_eq!(acts[1]["content"]["cells"], json!([]));
    // A verification later on finds the same: what was known then stays.
    app.received();
    assert_eq!(act("leader2", "verify").expect(201)["verified"], "same");
    assert_eq!(app.user("clerk").get(&path).expect(200)["content"], snapshot["content"]);
}

fn later_differences_name_their_events(app: &TestApp) {
    let dossiers = some_dossiers(app);
    let snapshot = frozen(app, &json!({"to": "2026-03-10"}));
    let path = format!("{}/differences", path(&snapshot));
    app.set_clock("2026-04-02T09:00:00+07:00");
    let none = app.user("auditor").get(&path).expect(200);
    assert_eq!((&none["count"], &none["cells"]), (&json!(0), &json!([])));
    let late = json!({"occurred_at": "2026-03-10T16:00:00+07:00", "late_entry_reason": "mất mạng"});
    app.record("officer", &dossiers[2], &event_with("finished", &late));
    app.record("leader2", &dossiers[0], &event("voided"));
    let found = app.user("auditor").get(&path).expect(200);
    let cells = found["cells"].as_array().expect("cells");
    let total = |column: &str| {
        let cell = cells.iter().find(|cell| cell["column"] == column && cell["level"].is_null());
        cell.unwrap_or_else(|| panic!("column {column} of the total in {found}"))
    };
    // One came, one went: the number stays, and it is not the same people.
    let resolved = total("7");
    assert_eq!((&resolved["frozen"], &resolved["recomputed"]), (&json!(2), &json!(2)));
    assert_eq!((&resolved["entered"], &resolved["left"]), (&json!(1), &json!(1)));
    let causes: Vec<&Value> = resolved["dossiers"]
        .as_array()
        .expect("dossiers")
        .iter()
        .map(|item| &item["steps"][0]["event"]["type"])
        .collect();
    assert!(causes.contains(&&json!("finished")) && causes.contains(&&json!("voided")), "{resolved}");
    assert_eq!((&total("11")["frozen"], &total("11")["recomputed"]), (&json!(2), &json!(1)));
    for cell in cells {
        let link = cell["diff"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let diff = app.user("auditor").get(link).expect(200);
        for (key, other) in [("before", "frozen"), ("after", "recomputed")] {
            assert_eq!(diff[key].as_i64(), Some(cell[other].as_i64().unwrap_or(0)), "{cell}");
        }
        assert_eq!((&diff["entered"], &diff["left"]), (&cell["entered"], &cell["left"]));
        assert_eq!(diff["items"], cell["dossiers"]);
    }
    let summary = format!(
        "/reports/diff?report=06a&agency={AGENCY}&from=2026-01-01&to=2026-03-10&since={}",
        snapshot["content"]["report"]["known_at"].as_str().expect("an instant").replace('+', "%2B")
    );
    let columns = app.user("auditor").get(&summary).expect(200);
    let changed: Vec<&Value> = columns["figures"].as_array().expect("figures").iter().map(|f| &f["column"]).collect();
    assert!(changed.contains(&&json!("7")) && !changed.contains(&&json!("13")), "{columns}");
    // Page by page the same cells.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.user("auditor").get(&format!("{path}?limit=2{cursor}")).expect(200);
        paged.extend(page["cells"].as_array().expect("cells").iter().map(|cell| cell["column"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, cells.iter().map(|cell| cell["column"].clone()).collect::<Vec<_>>());
    app.user("auditor").get(&format!("{path}?known_at=2026-01-01T00:00:00Z")).refused_at("?known_at", "reversed");
    app.user("auditor").get(&format!("{path}?known_at=2036-01-01T00:00:00Z")).refused_at("?known_at", "in_future");
    app.user("clerk").get(&path).problem(403, "forbidden");
}

fn lists_narrow_and_page(app: &TestApp) {
    let first = frozen(app, &json!({"label": "một"}));
    let second = frozen(app, &json!({"label": "hai", "report": "07a", "from": "2026-03-01"}));
    let child = app
        .user("leader.child")
        .post("/reports/snapshots", &body(app, &json!({"agency": crate::factory::CHILD, "label": "con"})));
    let child = child.expect(201);
    let ids = |query: &str| -> Vec<Value> {
        let list = app.user("clerk").get(&format!("/reports/snapshots?{query}")).expect(200);
        list["items"].as_array().expect("items").iter().map(|item| item["id"].clone()).collect()
    };
    let all = [child["id"].clone(), second["id"].clone(), first["id"].clone()];
    assert_eq!(ids(""), all);
    assert_eq!(ids("report=07a"), [second["id"].clone()]);
    assert_eq!(ids(&format!("agency={}", crate::factory::CHILD)), [child["id"].clone()]);
    assert_eq!(ids("basis=declared"), [json!(null); 0]);
    assert_eq!(ids("to=2026-02-01"), [child["id"].clone(), first["id"].clone()]);
    let page = app.user("clerk").get("/reports/snapshots?limit=2").expect(200);
    let next = page["next"].as_str().expect("a next page");
    assert_eq!(ids(&format!("limit=2&cursor={next}")), [first["id"].clone()]);
    assert!(page["items"][0].get("content").is_none());
    let far = app.user("leader.far").get("/reports/snapshots").expect(200);
    assert_eq!(far["items"], json!([]));
    app.user("leader.far").get(&path(&first)).problem(404, "not-found");
    app.user("clerk").get(&format!("/reports/snapshots?agency={}", crate::factory::FOREIGN)).problem(404, "not-found");
    app.user("clerk").get("/reports/snapshots?report=08a").refused_at("?report", "unknown_value");
    app.user("clerk").get("/reports/snapshots?basis=guess").refused_at("?basis", "unknown_value");
    app.user("clerk").get("/reports/snapshots?from=2026-02-01&to=2026-01-01").refused_at("?from", "reversed");
    app.user("clerk").get("/reports/snapshots?cursor=x").problem(400, "malformed-request");
}

fn a_retried_request_freezes_once(app: &TestApp) {
    app.pass(chrono::Duration::minutes(1));
    let body = body(app, &json!({}));
    let send = |body: &Value| app.user("leader").request("POST", "/reports/snapshots").key("q1").json(body).send();
    let (first, again) = (send(&body).expect(201), send(&body).expect(201));
    assert_eq!(first, again);
    let mut other = body.clone();
    merge(&mut other, &json!({"label": "khác"}));
    send(&other).problem(422, "idempotency-key-reused");
    let seal = || app.user("leader").request("POST", &format!("{}/seal", path(&first))).key("s1").send();
    assert_eq!(seal().expect(201), seal().expect(201));
}

fn the_database_refuses_changes(app: &TestApp) {
    let snapshot = frozen(app, &json!({}));
    app.user("leader").request("POST", &format!("{}/seal", path(&snapshot))).send().expect(201);
    for sql in [
        "UPDATE snapshots SET content = '{}'",
        "DELETE FROM snapshots",
        "UPDATE snapshot_acts SET actor = 'nobody'",
        "DELETE FROM snapshot_acts",
    ] {
        let error = crate::ratchets::run(&app.database, sql).expect_err(sql);
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
}

fn bad_snapshots(app: &TestApp) {
    app.pass(chrono::Duration::minutes(1));
    let post = |with: Value| app.user("leader").post("/reports/snapshots", &body(app, &with));
    post(json!({"known_at": null})).refused_at("/known_at", "required");
    post(json!({"known_at": "2036-01-01T00:00:00Z"})).refused_at("/known_at", "in_future");
    post(json!({"known_at": "gestern"})).refused_at("/known_at", "time");
    let fresh = motcua::domain::time::canonical(app.clock.now() - chrono::Duration::seconds(2));
    post(json!({"known_at": fresh})).refused_at("/known_at", "unsettled");
    post(json!({"report": "08a"})).refused_at("/report", "unknown_report");
    post(json!({"from": "2026-04-01"})).refused_at("/from", "reversed");
    post(json!({"from": "1900-01-01"})).refused_at("/from", "too_long");
    post(json!({"scope": "all"})).refused_at("/scope", "unknown_value");
    post(json!({"label": " "})).refused_at("/label", "length");
    post(json!({"luck": 1})).problem(422, "validation");
    post(json!({"agency": "H38.1"})).problem(404, "not-found");
    app.user("clerk").post("/reports/snapshots", &body(app, &json!({}))).problem(403, "forbidden");
    for path in ["/reports/snapshots/x", "/reports/snapshots/01990000-0000-7000-8000-000000000001"] {
        app.user("leader").get(path).problem(404, "not-found");
        app.user("leader").get(&format!("{path}/proof")).problem(404, "not-found");
        app.user("leader").get(&format!("{path}/differences")).problem(404, "not-found");
        app.user("leader").request("POST", &format!("{path}/seal")).send().problem(404, "not-found");
        app.user("leader").request("POST", &format!("{path}/verify")).send().problem(404, "not-found");
    }
}
