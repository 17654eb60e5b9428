//! An agency with a history, and its merger.

use serde_json::{Value, json};

use crate::authz::places::{PARENT, PREDECESSOR as OLD};
use crate::factory::{AGENCY, event, merge as with, new_dossier};
use crate::harness::{START, TestApp};

/// When everything is there, on the last day of the agency.
pub const BEFORE: &str = "2026-03-11T16:00:00+07:00";
/// When it has merged.
pub const AFTER: &str = "2026-03-12T10:00:00+07:00";

/// What the agency has.
pub struct Kept {
    /// Of a finished dossier.
    pub code: String,
    pub id: String,
    /// Code of one that goes on.
    pub unfinished: String,
    /// A frozen report that is sealed, and one that is not.
    pub sealed: String,
    pub open: String,
    /// Version of a declared value.
    pub declared: i64,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The agency, and a plan of the province.
pub fn found(app: &TestApp) {
    app.set_clock("2021-01-04T08:00:00+07:00");
    let agency = json!({"code": OLD, "name": "UBND huyện Sông Cũ", "level": "district", "parent": PARENT});
    app.user("admin.province").post("/agencies", &agency).expect(201);
    let target =
        |key: &str| json!({"key": key, "title": key, "comparator": ">=", "threshold": "90", "unit": "percent"});
    let mut computed = target("on_time");
    computed["indicator"] = "on_time_due".into();
    let plan = json!({"id": "tinh-2026", "title": "Kế hoạch tỉnh", "agency": PARENT, "from": "2026-01-01",
        "to": "2026-12-31", "targets": [target("trained"), computed]});
    app.user("admin.province").post("/plans", &plan).expect(201);
    app.set_clock(START);
}

pub fn value(value: &str) -> Value {
    json!({"agency": OLD, "from": "2026-01-01", "to": "2026-12-31", "value": value,
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-01-05"}]})
}

pub fn period(known_at: &str) -> Value {
    json!({"label": "Quý I", "agency": OLD, "report": "06a", "from": "2026-01-01", "to": "2026-03-31", "known_at": known_at})
}

/// Its staff at work.
pub fn work(app: &TestApp) -> Kept {
    let receive = || app.user("clerk.before").post("/dossiers", &new_dossier(&json!({"agency": OLD}))).expect(201);
    let (finished, unfinished) = (receive(), receive());
    let dossier = app.user("clerk.before").event(&finished, &event("forwarded")).expect(201)["dossier"].clone();
    app.user("leader.before").event(&dossier, &event("finished")).expect(201);
    let path = "/plans/tinh-2026/targets/trained/declarations";
    let declared = app.user("leader.before").post(path, &value("91")).expect(201)["version"].as_i64();
    app.pass(chrono::Duration::minutes(5));
    let known_at = motcua::domain::time::canonical(app.clock.now() - chrono::Duration::seconds(10));
    let freeze = || text(&app.user("leader.before").post("/reports/snapshots", &period(&known_at)).expect(201)["id"]);
    let (sealed, open) = (freeze(), freeze());
    app.user("leader.before").request("POST", &format!("/reports/snapshots/{sealed}/seal")).send().expect(201);
    Kept {
        code: text(&finished["code"]),
        id: text(&finished["id"]),
        unfinished: text(&unfinished["code"]),
        sealed,
        open,
        declared: declared.expect("a version"),
    }
}

/// Its document, with some fields replaced.
pub fn document(app: &TestApp, code: &str, change: &Value) -> (i64, Value) {
    let mut document = app.user("overall").get(&format!("/agencies/{code}")).expect(200);
    let revision = document["revision"].as_i64().expect("a revision");
    with(&mut document, &json!({"revision": null, "effective_from": null}));
    with(&mut document, change);
    (revision, document)
}

/// The merger, by who administers both.
pub fn merge(app: &TestApp) {
    app.set_clock("2026-03-12T08:00:00+07:00");
    let (revision, merged) = document(app, OLD, &json!({"valid_to": "2026-03-11", "successor": AGENCY}));
    app.user("admin.province").put(&format!("/agencies/{OLD}"), revision, &merged).expect(200);
}
