//! Who decides that agencies merge, and what is not told of those that have gone to others.

use serde_json::{Value, json};

use super::world::{self, AFTER, document, found, merge, work};
use crate::authz::places::{PARENT, PREDECESSOR as OLD};
use crate::factory::{AGENCY, CHILD, FOREIGN};
use crate::harness::{Answer, TestApp};

const BESIDE: &str = "H26.7";
const OTHER_CHILD: &str = "H26.103.26";

fn put(app: &TestApp, admin: &str, code: &str, change: &Value, query: &str) -> Answer {
    let (revision, body) = document(app, code, change);
    app.user(admin).put(&format!("/agencies/{code}{query}"), revision, &body)
}

fn import(app: &TestApp, admin: &str, code: &str, change: &Value) -> Value {
    let (_, mut line) = document(app, code, change);
    line["kind"] = "agency".into();
    let request = app.user(admin).request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    request.bytes(format!("{line}\n").into_bytes()).send().expect(200)
}

fn into(successor: &str) -> Value {
    json!({"valid_to": "2026-03-11", "successor": successor})
}

pub fn who_keeps_all_agencies_decides(app: &TestApp) {
    found(app);
    let kept = work(app);
    let refused = |admin: &str, code: &str, change: &Value| {
        let before = document(app, code, &json!({}));
        for query in ["", "?effective_from=2026-01-01", "?effective_from=2027-01-01"] {
            put(app, admin, code, change, query).refused_at("/successor", "unknown_agency");
        }
        let report = import(app, admin, code, change);
        assert_eq!((&report["failed"], &report["errors"][0]["pointer"]), (&json!(1), &json!("/successor")), "{report}");
        assert_eq!(document(app, code, &json!({})), before, "{admin} {code} {change}");
    };
    // Nobody gives their dossiers to others, nor takes over those of others by giving them their own.
    for (admin, code, successor) in [
        ("admin.before", OLD, AGENCY),
        ("admin.before", OLD, FOREIGN),
        ("admin", AGENCY, BESIDE),
        ("admin", AGENCY, PARENT),
        ("admin", CHILD, FOREIGN),
        ("admin", CHILD, OLD),
        ("admin.province", OLD, FOREIGN),
    ] {
        refused(admin, code, &into(successor));
    }
    let fresh = json!({"code": "H26.103.40", "name": "Xã", "level": "commune", "parent": AGENCY,
        "valid_to": "2026-03-11", "successor": BESIDE});
    app.user("admin").post("/agencies", &fresh).refused_at("/successor", "unknown_agency");

    merge(app);
    app.set_clock(AFTER);
    // Nor takes them back, by whatever date.
    for change in [
        json!({"valid_to": null, "successor": null}),
        json!({"successor": null}),
        json!({"valid_to": "2036-12-31"}),
        into(FOREIGN),
    ] {
        let before = document(app, OLD, &json!({}));
        for query in ["", "?effective_from=2026-03-12", "?effective_from=2026-06-01"] {
            put(app, "admin.before", OLD, &change, query).refused_at("/successor", "unknown_agency");
        }
        assert_eq!(import(app, "admin.before", OLD, &change)["failed"], 1, "{change}");
        assert_eq!(document(app, OLD, &json!({})), before, "{change}");
    }
    app.user("leader2").get(&format!("/dossiers/{}", kept.code)).expect(200);
    // The document as it is may come again, and the rest of it is still theirs to mend.
    assert_eq!(import(app, "admin.before", OLD, &json!({}))["unchanged"], 1);
    put(app, "admin.before", OLD, &json!({"name": "Tên đúng"}), "").expect(200);
    app.user("leader2").get(&format!("/dossiers/{}", kept.code)).expect(200);

    // Who keeps both merges them, and takes it back.
    put(app, "admin", CHILD, &into(OTHER_CHILD), "").expect(200);
    assert_eq!(import(app, "admin", CHILD, &into(AGENCY))["catalogue"], 1);
    put(app, "admin", CHILD, &json!({"valid_to": null, "successor": null}), "").expect(200);
    put(app, "admin.province", AGENCY, &into(BESIDE), "").expect(200);
    app.user("leader.beside").get(&format!("/dossiers/{}", kept.code)).expect(200);
    put(app, "admin.province", AGENCY, &json!({"valid_to": null, "successor": null}), "").expect(200);
    app.user("leader.beside").get(&format!("/dossiers/{}", kept.code)).problem(404, "not-found");

    // A merger to come is brought forward by nobody else either; until then the document is theirs to mend.
    let planned = json!({"valid_to": "2026-12-31", "successor": BESIDE});
    put(app, "admin.province", AGENCY, &planned, "?effective_from=2027-01-01").expect(200);
    assert_eq!(import(app, "admin", AGENCY, &json!({}))["unchanged"], 1);
    put(app, "admin", AGENCY, &json!({}), "?effective_from=2026-03-12").refused_at("/successor", "unknown_agency");
    let name = json!({"name": "Tên đúng", "valid_to": null, "successor": null});
    put(app, "admin", AGENCY, &name, "").expect(200);
}

/// What stood below an agency is still in reach, the agency itself is not: side by side it is a head without a word.
pub fn a_head_that_has_gone_tells_nothing(app: &TestApp) {
    let (gone, stayed) = ("H26.103.27", "H26.103.27.1");
    found(app);
    app.set_clock("2021-01-05T08:00:00+07:00");
    let overall = || app.user("overall");
    let agency = json!({"code": gone, "name": "UBND xã Đã Đi", "level": "commune", "parent": AGENCY,
        "valid_to": "2026-02-28", "successor": BESIDE});
    overall().post("/agencies", &agency).expect(201);
    let below = json!({"code": stayed, "name": "Thôn Ở Lại", "level": "commune", "parent": gone});
    overall().post("/agencies", &below).expect(201);
    app.set_clock(AFTER);
    put(app, "overall", stayed, &json!({"parent": AGENCY}), "?effective_from=2026-03-01").expect(200);
    let mut value = world::value("91.25");
    crate::factory::merge(&mut value, &json!({"agency": gone, "to": "2026-02-20"}));
    let path = "/plans/tinh-2026/targets/trained/declarations";
    app.user("leader.beside").post(path, &value).expect(201);
    let asked = format!("/plans/tinh-2026/scorecard/agencies?agency={AGENCY}&from=2026-01-01&to=2026-02-20");
    let seen = app.user("auditor").get(&asked);
    let cards = seen.expect(200)["agencies"].as_array().expect("agencies").clone();
    assert!(cards.iter().any(|card| card["agency"] == gone), "what stood below it was counted there: {}", seen.text);
    assert!(!seen.text.contains("91.25"), "{}", seen.text);
    let above = format!("/plans/tinh-2026/scorecard/agencies?agency={BESIDE}&from=2026-01-01&to=2026-03-12");
    app.user("leader.beside").get(&above).expect(200);
    let list = app.user("leader.beside").get(&format!("{path}?agency={gone}"));
    assert!(list.text.contains("91.25"), "{}", list.text);
}
