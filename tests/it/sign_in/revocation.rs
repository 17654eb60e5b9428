//! `POST /oauth/revoke`: what is ended ends everywhere, and nobody learns whether it was there.

use serde_json::Value;

use super::{ask_me, by_password, dead_in_five_seconds, me, renew};
use crate::factory::PASSWORD;
use crate::harness::{Answer, TestApp, form_at};

on_both!(
    a_refresh_token_ends_its_sign_in,
    an_access_token_ends_alone,
    unknown_tokens_get_the_same_answer,
    a_token_that_ended_lives_seconds_in_other_processes,
    what_ended_is_swept_when_it_would_have_expired,
);

fn revoke(app: &TestApp, token: &Value) -> Answer {
    form_at(app, "//oauth/revoke", &format!("token={}", token.as_str().expect("a token")))
}

fn a_refresh_token_ends_its_sign_in(app: &TestApp) {
    let first = by_password(app, "clerk", PASSWORD).expect(200);
    let second = renew(app, &first["refresh_token"]).expect(200);
    let elsewhere = by_password(app, "clerk", PASSWORD).expect(200);
    me(app, &second);
    // An exchanged one will do.
    let answer = revoke(app, &first["refresh_token"]);
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    renew(app, &second["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &second);
    dead_in_five_seconds(app, &first);
    me(app, &elsewhere);
    renew(app, &elsewhere["refresh_token"]).expect(200);
}

fn an_access_token_ends_alone(app: &TestApp) {
    let first = by_password(app, "clerk", PASSWORD).expect(200);
    let second = renew(app, &first["refresh_token"]).expect(200);
    me(app, &first);
    assert_eq!(revoke(app, &first["access_token"]).status, 200);
    dead_in_five_seconds(app, &first);
    me(app, &second);
    renew(app, &second["refresh_token"]).expect(200);
}

fn unknown_tokens_get_the_same_answer(app: &TestApp) {
    for form in ["token=unknown", "token=", "token=a.b.c&token_type_hint=access_token", "token=%00&more=1"] {
        let answer = form_at(app, "//oauth/revoke", form);
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{form}");
    }
    for form in ["", "token_type_hint=refresh_token", "token=a&token=b"] {
        let problem = form_at(app, "//oauth/revoke", form).problem(400, "invalid-token-request");
        assert_eq!(problem["error"], "invalid_request");
        assert!(problem["error_description"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let json = app.anonymous().request("POST", "//oauth/revoke").json(&serde_json::json!({"token": "a"})).send();
    assert_eq!(json.problem(415, "unsupported-media-type")["error"], "invalid_request");
}

fn a_token_that_ended_lives_seconds_in_other_processes(app: &TestApp) {
    let other = app.beside(|_| {});
    let first = by_password(app, "clerk", PASSWORD).expect(200);
    me(&other, &first);
    revoke(app, &first["refresh_token"]);
    dead_in_five_seconds(&other, &first);
    // A clock that is set back makes no verified token live longer.
    let second = by_password(app, "clerk", PASSWORD).expect(200);
    me(&other, &second);
    revoke(app, &second["refresh_token"]);
    app.pass(chrono::Duration::minutes(-5));
    ask_me(&other, &second).problem(401, "unauthenticated");
}

fn what_ended_is_swept_when_it_would_have_expired(app: &TestApp) {
    let count = |table: &str| {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS line FROM {table}");
        crate::ratchets::lines(&app.database, &sql)[0].clone()
    };
    for _ in 0..3 {
        let answer = by_password(app, "clerk", PASSWORD).expect(200);
        revoke(app, &answer["access_token"]);
    }
    assert_eq!((count("refresh_tokens").as_str(), count("revocations").as_str()), ("3", "3"));
    app.pass(chrono::Duration::hours(25));
    by_password(app, "clerk", PASSWORD).expect(200);
    assert_eq!((count("refresh_tokens").as_str(), count("revocations").as_str()), ("1", "0"));
}
