//! A retried request never does its work twice.

use serde_json::{Value, json};

use crate::factory::{CHILD, event, event_with, new_dossier};
use crate::harness::{Answer, TestApp};

on_both!(
    the_same_key_makes_one_dossier,
    the_same_key_with_another_body_is_refused,
    a_key_belongs_to_its_sender_and_agency,
    a_replay_shows_what_was_answered_then,
    an_event_is_recorded_once,
    the_key_is_looked_up_before_the_version_is_judged,
    a_refusal_is_not_kept,
    a_key_lasts_a_day,
    nothing_personal_is_kept_with_a_key,
    catalogue_documents_are_added_once,
);

fn post(app: &TestApp, user: &str, key: &str, body: &Value) -> Answer {
    app.user(user).request("POST", "/dossiers").key(key).json(body).send()
}

fn the_same_key_makes_one_dossier(app: &TestApp) {
    let body = new_dossier(&json!({}));
    let first = post(app, "clerk", "k", &body);
    let before = app.event_count();
    let second = post(app, "clerk", "k", &body);
    assert_eq!(first.expect(201), second.expect(201));
    for name in ["location", "etag"] {
        assert_eq!(first.header(name), second.header(name));
    }
    // The order of fields and white space say nothing.
    let spaced = serde_json::to_string_pretty(&body).expect("json").replace("\"agency\"", " \"agency\"");
    let request = app.user("clerk").request("POST", "/dossiers").key("k").header("Content-Type", "application/json");
    assert_eq!(request.bytes(spaced.into_bytes()).send().expect(201), first.json());
    assert_eq!(app.event_count(), before);
    assert_eq!(post(app, "clerk", "other", &body).expect(201)["code"], "H26.103-260310-0002");
}

fn the_same_key_with_another_body_is_refused(app: &TestApp) {
    post(app, "clerk", "k", &new_dossier(&json!({}))).expect(201);
    let before = app.event_count();
    let other = new_dossier(&json!({"channel": "post"}));
    post(app, "clerk", "k", &other).problem(422, "idempotency-key-reused");
    let dossier = app.received();
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let add = |body: &Value| app.user("clerk").request("POST", &path).version(2).key("k").json(body).send();
    add(&event("forwarded")).problem(422, "idempotency-key-reused");
    assert_eq!(app.event_count(), before + 2);
}

fn a_key_belongs_to_its_sender_and_agency(app: &TestApp) {
    let body = new_dossier(&json!({}));
    let first = post(app, "clerk", "k", &body).expect(201);
    let second = post(app, "clerk2", "k", &body).expect(201);
    assert_ne!(first["id"], second["id"]);
    let below = new_dossier(&json!({"agency": CHILD}));
    assert_ne!(post(app, "clerk.child", "k", &below).expect(201)["id"], first["id"]);
}

fn a_replay_shows_what_was_answered_then(app: &TestApp) {
    let body = new_dossier(&json!({}));
    let first = post(app, "clerk", "k", &body).expect(201);
    app.walk(&first, &["forwarded", "finished"]);
    let again = post(app, "clerk", "k", &body);
    assert_eq!(again.header("etag"), Some("\"2\""));
    assert_eq!(again.expect(201)["state"], "received");
}

fn an_event_is_recorded_once(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let pay = event_with("payment_recorded", &json!({"amount": 20000}));
    let send =
        |key: &str, version: i64| app.user("clerk").request("POST", &path).version(version).key(key).json(&pay).send();
    let first = send("k", 2).expect(201);
    assert_eq!(send("k", 2).expect(201), first);
    assert_eq!(send("k2", 3).expect(201)["dossier"]["fee"]["paid"], 40000);
    assert_eq!(send("k", 2).expect(201), first, "as it was answered then");
    // The same dossier by its other name is the same place.
    let by_id = format!("/dossiers/{}/events", dossier["id"].as_str().expect("an id"));
    let again = app.user("clerk").request("POST", &by_id).version(2).key("k").json(&pay).send();
    assert_eq!(again.expect(201), first);
    let got = app.user("clerk").get(&format!("/dossiers/{}", dossier["code"].as_str().expect("a code"))).expect(200);
    assert_eq!(got["fee"]["paid"], 40000);
}

fn the_key_is_looked_up_before_the_version_is_judged(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let request = || app.user("clerk").request("POST", &path).version(2).json(&event("forwarded"));
    request().key("k").send().expect(201);
    request().key("new").send().problem(412, "stale-version");
    // Sent again after a lost answer, the version is stale by the request's own doing.
    let again = request().key("k").send();
    again.expect(201);
    assert_eq!(again.header("etag"), Some("\"3\""));
}

fn a_refusal_is_not_kept(app: &TestApp) {
    let unsound = new_dossier(&json!({"procedure": "9.9"}));
    post(app, "clerk", "k", &unsound).problem(422, "validation");
    post(app, "clerk", "k", &new_dossier(&json!({}))).expect(201);
}

fn a_key_lasts_a_day(app: &TestApp) {
    let body = new_dossier(&json!({}));
    let first = post(app, "clerk", "k", &body).expect(201);
    app.pass(chrono::Duration::hours(23));
    assert_eq!(post(app, "clerk", "k", &body).expect(201)["id"], first["id"]);
    app.pass(chrono::Duration::hours(2));
    let later = post(app, "clerk", "k", &body).expect(201);
    assert_ne!(later["id"], first["id"]);
    assert_eq!(post(app, "clerk", "k", &body).expect(201)["id"], later["id"]);
}

fn nothing_personal_is_kept_with_a_key(app: &TestApp) {
    let dossier = post(app, "clerk", "k", &new_dossier(&json!({}))).expect(201);
    let actor = format!("user:{}", crate::factory::user_id("clerk"));
    let row =
        app.app.store.read_blocking(|tx| tx.idempotency_find("H26.103", &actor, "k")).expect("a read").expect("a row");
    assert_eq!(row.resource, dossier["id"]);
    assert_eq!((row.status, row.version), (201, 2));
    assert!(!format!("{row:?}").contains("Nguyễn"));
}

fn catalogue_documents_are_added_once(app: &TestApp) {
    let agency = json!({"code": "H26.103.77", "name": "Xã mới", "level": "commune", "parent": "H26.103"});
    let user = json!({"username": "binh", "display_name": "Bình", "password": "mười hai ký tự", "roles": []});
    for (path, body, name) in [("/agencies", agency, "name"), ("/users", user, "display_name")] {
        let send = |key: &str, body: &Value| {
            app.user("admin").request("POST", path).key(&format!("{key} {path}")).json(body).send()
        };
        let first = send("k1", &body);
        let again = send("k1", &body);
        assert_eq!(first.expect(201), again.expect(201), "{path}");
        assert_eq!(first.header("location"), again.header("location"));
        send("k2", &body).problem(409, "already-exists");
        let mut other = body.clone();
        other[name] = "khác".into();
        send("k1", &other).problem(422, "idempotency-key-reused");
    }
}
