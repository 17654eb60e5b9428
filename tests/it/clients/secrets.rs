//! Secrets of clients: shown once, stored as a hash, two valid while one takes the other's place.

use chrono::Duration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{bearing, by_secret, create, text};
use crate::harness::{Answer, TestApp};
use crate::ratchets::lines;

on_both!(
    a_secret_is_shown_once_and_stored_as_a_hash,
    two_secrets_are_valid_during_a_rotation,
    the_old_one_ends_at_a_stated_time,
    a_deleted_secret_ends_access_too,
    a_repeated_request_makes_no_second_secret,
    ends_that_cannot_be,
);

fn add(app: &TestApp, client: &Value, body: &Value) -> Answer {
    app.user("admin").post(&format!("/clients/{}/secrets", text(client, "id")), body)
}

fn seen(app: &TestApp, client: &Value) -> Value {
    app.user("admin").get(&format!("/clients/{}", text(client, "id"))).expect(200)
}

fn delete(app: &TestApp, client: &Value, secret: &str) -> Answer {
    app.user("admin").request("DELETE", &format!("/clients/{}/secrets/{secret}", text(client, "id"))).send()
}

fn a_secret_is_shown_once_and_stored_as_a_hash(app: &TestApp) {
    let client = create(app, "Cổng A");
    let secret = text(&client, "client_secret");
    let shown = seen(app, &client).to_string();
    assert!(!shown.contains(secret) && !shown.contains("hash"), "{shown}");
    let hash = hex::encode(Sha256::digest(secret));
    let sql = match app.database {
        motcua::store::DatabaseUrl::Sqlite(_) => "SELECT lower(hex(secret_hash)) AS line FROM client_secrets",
        motcua::store::DatabaseUrl::Postgres(_) => "SELECT encode(secret_hash, 'hex') AS line FROM client_secrets",
    };
    assert_eq!(lines(&app.database, sql), [hash]);
}

fn two_secrets_are_valid_during_a_rotation(app: &TestApp) {
    let client = create(app, "Cổng A");
    create(app, "Cổng B");
    let id = text(&client, "id");
    let second = add(app, &client, &json!({})).expect(201);
    let page = app.user("admin").get("/clients").expect(200);
    let items = page["items"].as_array().expect("clients");
    let own: Vec<_> = items.iter().map(|item| item["secrets"].as_array().map(Vec::len)).collect();
    assert_eq!(own, [Some(2), Some(1)], "each its own: {page}");
    for secret in [text(&client, "client_secret"), text(&second, "client_secret")] {
        by_secret(app, id, secret).expect(200);
    }
    let shown = seen(app, &client);
    assert_eq!(shown["secrets"].as_array().expect("secrets").len(), 2);
    assert_eq!(shown["revision"], 2, "what is shown has changed");
    add(app, &client, &json!({})).problem(409, "conflict");
    assert_eq!(delete(app, &client, text(&client["secrets"][0], "id")).status, 204);
    by_secret(app, id, text(&client, "client_secret")).problem(401, "invalid-client");
    by_secret(app, id, text(&second, "client_secret")).expect(200);
    delete(app, &client, text(&client["secrets"][0], "id")).problem(404, "not-found");
    add(app, &client, &json!({})).expect(201);
}

fn the_old_one_ends_at_a_stated_time(app: &TestApp) {
    let client = create(app, "Cổng A");
    let id = text(&client, "id");
    let end = json!({"previous_ends_at": "2026-03-12T00:00:00+07:00"});
    let second = add(app, &client, &end).expect(201);
    assert!(second["ends_at"].is_null());
    assert_eq!(seen(app, &client)["secrets"][0]["ends_at"], "2026-03-12T00:00:00+07:00");
    app.set_clock("2026-03-11T23:59:58+07:00");
    by_secret(app, id, text(&client, "client_secret")).expect(200);
    by_secret(app, id, text(&client, "client_secret")).problem(401, "invalid-client");
    by_secret(app, id, text(&second, "client_secret")).expect(200);
    assert_eq!(seen(app, &client)["secrets"].as_array().expect("secrets").len(), 1);
    // There is room for the next.
    app.pass(Duration::days(90));
    add(app, &client, &json!({})).expect(201);
    assert_eq!(lines(&app.database, "SELECT CAST(count(*) AS TEXT) AS line FROM client_secrets"), ["2"], "what ended");
}

fn a_deleted_secret_ends_access_too(app: &TestApp) {
    let client = create(app, "Cổng A");
    let token = by_secret(app, text(&client, "id"), text(&client, "client_secret")).expect(200);
    bearing(app, "GET", "/me", &token, None).expect(200);
    add(app, &client, &json!({})).expect(201);
    app.pass(Duration::seconds(4));
    bearing(app, "GET", "/me", &token, None).expect(200);
    assert_eq!(delete(app, &client, text(&client["secrets"][0], "id")).status, 204);
    app.pass(Duration::seconds(4));
    bearing(app, "GET", "/me", &token, None).problem(401, "unauthenticated");
}

fn a_repeated_request_makes_no_second_secret(app: &TestApp) {
    let client = create(app, "Cổng A");
    let send = |client: &Value, body: &Value| {
        let path = format!("/clients/{}/secrets", text(client, "id"));
        app.user("admin").request("POST", &path).key("k").json(body).send()
    };
    let first = send(&client, &json!({})).expect(201);
    let again = send(&client, &json!({})).expect(201);
    assert_eq!((&again["id"], &again["client_secret"]), (&first["id"], &Value::Null));
    assert_eq!(seen(app, &client)["secrets"].as_array().expect("secrets").len(), 2);
    let end = json!({"previous_ends_at": "2026-03-12T00:00:00+07:00"});
    send(&client, &end).problem(422, "idempotency-key-reused");
    send(&create(app, "Cổng B"), &json!({})).problem(422, "idempotency-key-reused");
    delete(app, &client, text(&first, "id"));
    send(&client, &json!({})).problem(409, "conflict");
}

fn ends_that_cannot_be(app: &TestApp) {
    let client = create(app, "Cổng A");
    for end in ["2026-03-09T00:00:00+07:00", "2027-06-01T00:00:00+07:00"] {
        add(app, &client, &json!({"previous_ends_at": end})).refused_at("/previous_ends_at", "time");
    }
    for body in [json!({"previous_ends_at": "soon"}), json!({"ends_at": null}), json!({"client_secret": "mine"})] {
        add(app, &client, &body).problem(422, "validation");
    }
    assert_eq!(seen(app, &client)["secrets"].as_array().expect("secrets").len(), 1);
}
