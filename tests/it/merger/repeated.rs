//! A request that comes again with its `Idempotency-Key`, when much has changed.

use serde_json::{Value, json};

use super::world::{AFTER, document, found, merge, period, value};
use crate::authz::places::{PARENT, PREDECESSOR as OLD};
use crate::factory::{AGENCY, CHILD, FOREIGN, PASSWORD, event, new_dossier, user_id};
use crate::harness::{Answer, TestApp};

/// Requests of the former agency's people, each with a key.
struct Requests {
    dossier: Value,
    events: String,
    snapshot: Value,
    seal: String,
    review: String,
}

const DECLARE: &str = "/plans/tinh-2026/targets/trained/declarations";

fn send(app: &TestApp, user: &str, path: &str, body: &Value) -> Answer {
    app.user(user).request("POST", path).key(path).version(2).json(body).send()
}

/// The first time.
fn work(app: &TestApp) -> (Requests, Vec<Answer>) {
    found(app);
    // A key lasts a day: all of it until after the merger.
    app.set_clock("2026-03-11T15:00:00+07:00");
    let dossier = new_dossier(&json!({"agency": OLD}));
    let first = send(app, "clerk.before", "/dossiers", &dossier);
    let events = format!("/dossiers/{}/events", first.expect(201)["code"].as_str().expect("a code"));
    app.pass(chrono::Duration::minutes(5));
    let snapshot = period("2026-03-11T08:04:00Z");
    let frozen = send(app, "leader.before", "/reports/snapshots", &snapshot);
    let seal = format!("/reports/snapshots/{}/seal", frozen.expect(201)["id"].as_str().expect("an id"));
    let declared = send(app, "leader.before", DECLARE, &value("91"));
    let review = format!("{DECLARE}/{}/review", declared.expect(201)["version"]);
    let requests = Requests { dossier, events, snapshot, seal, review };
    let mut answers = again(app, &requests, ["clerk.before", "leader.before", "auditor.before"]);
    // An answer shows what the dossier had come to at once, and a snapshot what it has come to since.
    answers[0] = first;
    for answer in &answers {
        answer.expect(201);
    }
    (requests, answers)
}

/// All of them, as they were sent.
fn again(app: &TestApp, requests: &Requests, [clerk, leader, auditor]: [&str; 3]) -> Vec<Answer> {
    let Requests { dossier, events, snapshot, seal, review } = requests;
    let supplement = event("supplement_requested");
    vec![
        send(app, clerk, "/dossiers", dossier),
        send(app, clerk, events, &supplement),
        send(app, leader, DECLARE, &value("91")),
        app.user(leader).request("POST", seal).key(seal).send(),
        send(app, leader, "/reports/snapshots", snapshot),
        send(app, auditor, review, &json!({"agency": OLD, "verdict": "accepted"})),
    ]
}

const THEM: [&str; 3] = ["clerk.before", "leader.before", "auditor.before"];

pub fn what_was_taken_before_is_answered_alike(app: &TestApp) {
    let (requests, first) = work(app);
    let count = app.event_count();
    merge(app);
    app.set_clock(AFTER);
    let second = again(app, &requests, THEM);
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first.expect(201), second.expect(201), "{}", first.asked);
    }
    assert_eq!(app.event_count(), count);
    // Its people now work for the successor: it is theirs still.
    for (user, role) in THEM.iter().zip(["clerk", "leader", "auditor"]) {
        transfer(app, user, &json!([{"role": role, "agency": AGENCY}]));
    }
    for (first, second) in first.iter().zip(again(app, &requests, THEM)) {
        assert_eq!(first.expect(201), second.expect(201), "{}", first.asked);
    }
    assert_eq!(app.event_count(), count);
}

/// By somebody who administers all there is.
fn transfer(app: &TestApp, user: &str, roles: &Value) {
    let path = format!("/users/{}", user_id(user));
    let known = app.user("overall").get(&path).expect(200);
    let change = json!({"display_name": user, "roles": roles, "active": true});
    app.user("overall").put(&path, known["revision"].as_i64().expect("a revision"), &change).expect(200);
}

pub fn nothing_is_repeated_to_who_may_no_longer_see_it(app: &TestApp) {
    let (requests, _) = work(app);
    for merged in [false, true] {
        if merged {
            merge(app);
            app.set_clock(AFTER);
        }
        for agency in [FOREIGN, CHILD] {
            for (user, role) in THEM.iter().zip(["clerk", "leader", "auditor"]) {
                transfer(app, user, &json!([{"role": role, "agency": agency}]));
            }
            for answer in again(app, &requests, THEM) {
                answer.problem(404, "not-found");
            }
        }
        // Above they read: masked, like everything of it.
        for (user, role) in THEM.iter().zip(["clerk", "leader", "auditor"]) {
            transfer(app, user, &json!([{"role": role, "agency": PARENT}]));
        }
        let above = again(app, &requests, THEM);
        assert_eq!(above.iter().map(|answer| answer.status).collect::<Vec<_>>(), [403, 201, 403, 403, 201, 201]);
        for answer in &above {
            for personal in ["Nguyễn Văn An", "001099012345", "thiếu bản sao"] {
                assert!(!answer.text.contains(personal), "{}: {}", answer.asked, answer.text);
            }
        }
    }
}

pub fn catalogue_requests_are_answered_as_they_stand(app: &TestApp) {
    let roles = json!([{"role": "clerk", "agency": CHILD}]);
    let user = json!({"username": "moi", "display_name": "Cán bộ", "password": PASSWORD, "roles": roles});
    let portal = json!({"name": "Cổng mới", "roles": [{"role": "portal", "agency": CHILD}]});
    let post = |path: &str, body: &Value| app.user("admin").request("POST", path).key(path).json(body).send();
    let (first, client) = (post("/users", &user).expect(201), post("/clients", &portal).expect(201));
    assert_eq!(post("/users", &user).expect(201), first);
    assert_eq!(post("/clients", &portal).expect(201)["id"], client["id"]);
    // Who was added has gone to another province; so has the client, and the name.
    let change = json!({"display_name": "Cán bộ", "roles": [{"role": "clerk", "agency": FOREIGN}], "active": true});
    app.user("overall").put(&format!("/users/{}", first["id"].as_str().expect("an id")), 1, &change).expect(200);
    let change = json!({"name": "Cổng mới", "roles": [{"role": "portal", "agency": FOREIGN}], "active": true});
    app.user("overall").put(&format!("/clients/{}", client["id"].as_str().expect("an id")), 1, &change).expect(200);
    for (path, body) in [("/users", &user), ("/clients", &portal)] {
        post(path, body).problem(404, "not-found");
    }
    // Nor does a merger of the agency that they were added for change that.
    let (revision, merged) = document(app, CHILD, &json!({"valid_to": "2026-03-09", "successor": "H26.7"}));
    app.user("overall").put(&format!("/agencies/{CHILD}"), revision, &merged).expect(200);
    for (path, body) in [("/users", &user), ("/clients", &portal)] {
        post(path, body).refused_at("/roles/0/agency", "unknown_agency");
    }
}
