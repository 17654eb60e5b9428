//! Tokens: by password, renewed once, ended by a new password.

mod families;
mod keys;
mod passwords;
mod revocation;
mod standing;
mod throttle;

use serde_json::{Value, json};

use crate::factory::PASSWORD;
use crate::harness::{TestApp, escaped, form};

on_both!(a_password_opens_and_a_refresh_renews, a_new_password_ends_old_tokens, a_wrong_password_says_nothing_of_users,);

fn by_password(app: &TestApp, username: &str, password: &str) -> crate::harness::Answer {
    form(app, &format!("grant_type=password&username={username}&password={}", escaped(password)))
}

fn renew(app: &TestApp, token: &Value) -> crate::harness::Answer {
    form(app, &format!("grant_type=refresh_token&refresh_token={}", token.as_str().expect("a token")))
}

fn ask_me(app: &TestApp, answer: &Value) -> crate::harness::Answer {
    let token = answer["access_token"].as_str().expect("a token");
    app.anonymous().request("GET", "/me").header("Authorization", &format!("Bearer {token}")).send()
}

fn me(app: &TestApp, answer: &Value) -> Value {
    ask_me(app, answer).expect(200)
}

/// What an access token said a moment ago it says no longer; a cache may have served meanwhile.
#[track_caller]
fn dead_in_five_seconds(app: &TestApp, answer: &Value) {
    app.pass(chrono::Duration::seconds(4));
    ask_me(app, answer).problem(401, "unauthenticated");
}

fn a_password_opens_and_a_refresh_renews(app: &TestApp) {
    let answer = by_password(app, "clerk", PASSWORD);
    let first = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(first["token_type"], "Bearer");
    assert!(first["expires_in"].as_i64().is_some_and(|seconds| seconds <= 900));
    assert_eq!(me(app, &first)["username"], "clerk");
    app.pass(chrono::Duration::hours(8));
    let second = renew(app, &first["refresh_token"]).expect(200);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(me(app, &second)["username"], "clerk");
    app.pass(chrono::Duration::hours(25));
    renew(app, &second["refresh_token"]).problem(400, "invalid-grant");
}

fn a_new_password_ends_old_tokens(app: &TestApp) {
    let first = by_password(app, "officer", PASSWORD).expect(200);
    me(app, &first);
    let body = json!({"current_password": PASSWORD, "new_password": "một mật khẩu khác hẳn"});
    assert_eq!(app.user("officer").request("PUT", "/me/password").json(&body).send().status, 204);
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &first);
    by_password(app, "officer", PASSWORD).problem(400, "invalid-grant");
    me(app, &by_password(app, "officer", "một mật khẩu khác hẳn").expect(200));
    app.user("officer")
        .request("PUT", "/me/password")
        .json(&body)
        .send()
        .refused_at("/current_password", "wrong_password");
}

fn a_wrong_password_says_nothing_of_users(app: &TestApp) {
    let bare = |username: &str| {
        let mut problem = by_password(app, username, "không phải mật khẩu").problem(400, "invalid-grant");
        problem.as_object_mut().expect("a problem").remove("trace_id");
        problem
    };
    assert_eq!(bare("clerk"), bare("not.a.user"));
}
