//! Refresh tokens of one sign-in: one at a time is fresh, and an exchanged one that comes back ends them all.

use chrono::Duration;
use serde_json::Value;

use super::{by_password, dead_in_five_seconds, me, renew};
use crate::factory::PASSWORD;
use crate::harness::TestApp;

on_both!(
    a_lost_reply_is_given_again,
    reuse_after_the_grace_ends_the_family,
    reuse_beside_a_used_successor_ends_the_family,
    families_end_alone,
    a_family_ends_after_a_month,
    of_two_who_renew_at_once_both_hold_the_same,
);

fn sign_in(app: &TestApp) -> Value {
    by_password(app, "clerk", PASSWORD).expect(200)
}

fn a_lost_reply_is_given_again(app: &TestApp) {
    let first = sign_in(app);
    let second = renew(app, &first["refresh_token"]).expect(200);
    app.pass(Duration::seconds(20));
    // The client repeats its request: the same refresh token, and an access token that works.
    let again = renew(app, &first["refresh_token"]).expect(200);
    assert_eq!(again["refresh_token"], second["refresh_token"], "a family does not fork");
    assert_ne!(again["access_token"], second["access_token"]);
    me(app, &again);
    let third = renew(app, &again["refresh_token"]).expect(200);
    assert_ne!(third["refresh_token"], second["refresh_token"]);
    renew(app, &third["refresh_token"]).expect(200);
}

fn reuse_after_the_grace_ends_the_family(app: &TestApp) {
    let first = sign_in(app);
    let second = renew(app, &first["refresh_token"]).expect(200);
    me(app, &second);
    app.pass(Duration::seconds(31));
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    // Whoever holds the later one is out too, and signs in again.
    renew(app, &second["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &second);
    dead_in_five_seconds(app, &first);
    renew(app, &sign_in(app)["refresh_token"]).expect(200);
}

fn reuse_beside_a_used_successor_ends_the_family(app: &TestApp) {
    let first = sign_in(app);
    let second = renew(app, &first["refresh_token"]).expect(200);
    let third = renew(app, &second["refresh_token"]).expect(200);
    // Within the grace, but the reply cannot have been lost: its token was used.
    renew(app, &first["refresh_token"]).problem(400, "invalid-grant");
    renew(app, &third["refresh_token"]).problem(400, "invalid-grant");
    dead_in_five_seconds(app, &third);
}

fn families_end_alone(app: &TestApp) {
    let (desk, phone) = (sign_in(app), sign_in(app));
    let next = renew(app, &desk["refresh_token"]).expect(200);
    app.pass(Duration::minutes(1));
    renew(app, &desk["refresh_token"]).problem(400, "invalid-grant");
    renew(app, &next["refresh_token"]).problem(400, "invalid-grant");
    me(app, &phone);
    renew(app, &phone["refresh_token"]).expect(200);
}

fn a_family_ends_after_a_month(app: &TestApp) {
    let mut answer = sign_in(app);
    // Thirty days by twenty hours.
    for _ in 0..35 {
        app.pass(Duration::hours(20));
        answer = renew(app, &answer["refresh_token"]).expect(200);
    }
    app.pass(Duration::hours(20));
    renew(app, &answer["refresh_token"]).problem(400, "invalid-grant");
}

fn of_two_who_renew_at_once_both_hold_the_same(app: &TestApp) {
    // Two processes, as two tabs of one browser might meet them.
    let other = app.beside(|_| {});
    let first = sign_in(app);
    let answers = std::thread::scope(|scope| {
        let tabs: Vec<_> = (0..8)
            .map(|i| {
                let (asked, first) = (if i % 2 == 0 { app } else { &other }, &first);
                scope.spawn(move || renew(asked, &first["refresh_token"]).expect(200))
            })
            .collect();
        tabs.into_iter().map(|tab| tab.join().expect("an answer")).collect::<Vec<_>>()
    });
    let tokens: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer["refresh_token"].to_string()).collect();
    assert_eq!(tokens.len(), 1, "one successor");
    me(app, &answers[7]);
    renew(&other, &answers[0]["refresh_token"]).expect(200);
}
