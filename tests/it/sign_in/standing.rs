//! An admin changes who may do what: what was signed in before ends, and does not come back.

use serde_json::{Value, json};

use super::{ask_me, by_password, dead_in_five_seconds, me, renew};
use crate::factory::{AGENCY, PASSWORD, event, user_id};
use crate::harness::TestApp;

on_both!(
    other_roles_end_old_tokens,
    a_password_set_by_an_admin_ends_old_tokens,
    another_name_ends_nothing,
    a_deactivated_user_is_out_everywhere,
    nobody_deactivates_themselves,
);

/// Replaces what an admin may replace of a user.
fn change(app: &TestApp, username: &str, with: &Value) -> crate::harness::Answer {
    let path = format!("/users/{}", user_id(username));
    let seen = app.user("admin").get(&path).expect(200);
    let mut body = json!({"display_name": seen["display_name"], "roles": seen["roles"], "active": seen["active"]});
    crate::factory::merge(&mut body, with);
    app.user("admin").put(&path, seen["revision"].as_i64().expect("a revision"), &body)
}

fn other_roles_end_old_tokens(app: &TestApp) {
    let first = by_password(app, "clerk2", PASSWORD).expect(200);
    me(app, &first);
    change(app, "clerk2", &json!({"roles": [{"role": "officer", "agency": AGENCY}]})).expect(200);
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &first);
    let second = by_password(app, "clerk2", PASSWORD).expect(200);
    assert_eq!(me(app, &second)["roles"][0]["role"], "officer");
}

fn a_password_set_by_an_admin_ends_old_tokens(app: &TestApp) {
    let first = by_password(app, "clerk2", PASSWORD).expect(200);
    me(app, &first);
    change(app, "clerk2", &json!({"password": "ba con gà trống choai"})).expect(200);
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &first);
    by_password(app, "clerk2", PASSWORD).problem(400, "invalid-grant");
    by_password(app, "clerk2", "ba con gà trống choai").expect(200);
}

fn another_name_ends_nothing(app: &TestApp) {
    let first = by_password(app, "clerk2", PASSWORD).expect(200);
    change(app, "clerk2", &json!({"display_name": "Trần Thị Bình"})).expect(200);
    app.pass(chrono::Duration::seconds(4));
    me(app, &first);
    renew(app, &first["refresh_token"]).expect(200);
}

fn a_deactivated_user_is_out_everywhere(app: &TestApp) {
    let other = app.beside(|_| {});
    let first = by_password(app, "clerk2", PASSWORD).expect(200);
    me(&other, &first);
    let dossier = app.user("clerk2").post("/dossiers", &crate::factory::new_dossier(&json!({}))).expect(201);
    change(app, "clerk2", &json!({"active": false})).expect(200);
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    renew(&other, &first["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(&other, &first);
    let mut wrong = by_password(app, "not.a.user", PASSWORD).problem(400, "invalid-grant");
    let mut inactive = by_password(app, "clerk2", PASSWORD).problem(400, "invalid-grant");
    for problem in [&mut wrong, &mut inactive] {
        problem.as_object_mut().expect("a problem").remove("trace_id");
    }
    assert_eq!(wrong, inactive, "nobody learns that there was such a user");
    app.user("clerk2").get("/me").problem(401, "unauthenticated");
    app.user("clerk2").event(&dossier, &event("forwarded")).problem(401, "unauthenticated");
    // What they did stays theirs.
    let events = app.user("leader").get(&format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code")));
    assert_eq!(events.expect(200)["items"][0]["actor"], format!("user:{}", user_id("clerk2")));
    // Active again they sign in anew: what ended does not come back.
    change(app, "clerk2", &json!({"active": true})).expect(200);
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    ask_me(app, &first).problem(401, "unauthenticated");
    me(app, &by_password(app, "clerk2", PASSWORD).expect(200));
}

fn nobody_deactivates_themselves(app: &TestApp) {
    change(app, "admin", &json!({"active": false})).problem(409, "conflict");
    change(app, "admin", &json!({"roles": []})).problem(409, "conflict");
    change(app, "admin", &json!({"display_name": "Quản trị"})).expect(200);
    app.user("admin").get("/me").expect(200);
}
