//! Guessing is slow, for whoever guesses; who knows the password gets in.

use std::net::IpAddr;

use chrono::Duration;
use serde_json::json;

use super::by_password;
use crate::factory::PASSWORD;
use crate::harness::{Answer, TestApp, escaped, form};
use crate::ratchets::lines;

on_both!(
    five_wrong_ones_and_a_wait,
    waits_double_and_end,
    knocking_makes_no_wait_longer,
    processes_count_together,
    a_storm_learns_no_more,
    an_account_is_guarded_from_everywhere,
    an_address_is_guarded_for_every_account,
    unknown_and_inactive_users_take_the_same_work,
    signing_in_writes_no_more_than_is_new,
    a_clock_set_back_locks_nobody_out,
    the_own_password_is_guarded_too,
);

/// Turned away, for so many seconds.
#[track_caller]
fn wait(answer: &Answer) -> i64 {
    answer.problem(429, "too-many-requests");
    answer.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds")
}

fn wrong(app: &TestApp, username: &str) -> Answer {
    by_password(app, username, "không phải mật khẩu")
}

fn fail(app: &TestApp, username: &str, times: usize) {
    for _ in 0..times {
        wrong(app, username).problem(400, "invalid-grant");
    }
}

fn five_wrong_ones_and_a_wait(app: &TestApp) {
    fail(app, "clerk", 5);
    let refused = by_password(app, "clerk", PASSWORD);
    assert_eq!(wait(&refused), 29, "a second has passed");
    let problem = refused.json();
    assert_eq!(problem["error"], "temporarily_unavailable");
    assert!(problem["error_description"].as_str().is_some_and(|text| !text.is_empty()));
    // Others at the same address go on.
    by_password(app, "clerk2", PASSWORD).expect(200);
    app.pass(Duration::seconds(29));
    by_password(app, "clerk", PASSWORD).expect(200);
    // Forgiven: five are free again.
    fail(app, "clerk", 5);
    wait(&wrong(app, "clerk"));
    // A user that does not exist is no different.
    fail(app, "not.a.user", 5);
    assert_eq!(wait(&wrong(app, "not.a.user")), 29);
}

fn waits_double_and_end(app: &TestApp) {
    fail(app, "clerk", 5);
    for seconds in [30, 60, 120, 240, 480, 900, 900] {
        assert_eq!(wait(&wrong(app, "clerk")), seconds - 1);
        app.pass(Duration::seconds(seconds - 1));
        wrong(app, "clerk").problem(400, "invalid-grant");
    }
    app.pass(Duration::minutes(15));
    by_password(app, "clerk", PASSWORD).expect(200);
    // An hour without a failure, and they are forgotten.
    fail(app, "clerk", 4);
    app.pass(Duration::minutes(61));
    fail(app, "clerk", 5);
}

fn knocking_makes_no_wait_longer(app: &TestApp) {
    fail(app, "clerk", 5);
    for left in (1..30).rev() {
        assert_eq!(wait(&wrong(app, "clerk")), left);
    }
    by_password(app, "clerk", PASSWORD).expect(200);
}

fn processes_count_together(app: &TestApp) {
    let other = app.beside(|_| {});
    fail(app, "clerk", 3);
    fail(&other, "clerk", 2);
    wait(&by_password(app, "clerk", PASSWORD));
    wait(&by_password(&other, "clerk", PASSWORD));
}

fn a_storm_learns_no_more(app: &TestApp) {
    let statuses = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..20).map(|_| scope.spawn(|| wrong(app, "clerk").status)).collect();
        guesses.into_iter().map(|guess| guess.join().expect("an answer")).collect::<Vec<_>>()
    });
    let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!((count(400), count(429)), (5, 15), "{statuses:?}");
}

/// From an address that a trusted proxy names.
fn from(app: &TestApp, address: &str, username: &str, password: &str) -> Answer {
    let text = format!("grant_type=password&username={username}&password={}", escaped(password));
    let request = app.anonymous().request("POST", "//oauth/token").header("X-Forwarded-For", address);
    request.header("Content-Type", "application/x-www-form-urlencoded").bytes(text.into_bytes()).send_now()
}

fn behind_a_proxy(app: &TestApp) -> TestApp {
    app.beside(|settings| settings.trusted_proxies = vec![IpAddr::from([127, 0, 0, 1]).into()])
}

fn an_account_is_guarded_from_everywhere(app: &TestApp) {
    let app = &behind_a_proxy(app);
    from(app, "192.0.2.200", "clerk", PASSWORD).expect(200);
    for i in 0..50 {
        from(app, &format!("198.51.100.{i}"), "clerk", "đoán mò một lần").problem(400, "invalid-grant");
    }
    assert_eq!(wait(&from(app, "203.0.113.1", "clerk", PASSWORD)), 30);
    // Where the clerk works nothing is noticed: nobody can lock them out.
    from(app, "192.0.2.200", "clerk", PASSWORD).expect(200);
    app.pass(Duration::seconds(30));
    from(app, "203.0.113.1", "clerk", PASSWORD).expect(200);
    // That address is familiar now, but not for another account.
    for i in 0..50 {
        from(app, &format!("198.51.101.{i}"), "clerk2", "đoán mò một lần").problem(400, "invalid-grant");
    }
    wait(&from(app, "203.0.113.1", "clerk2", PASSWORD));
}

fn an_address_is_guarded_for_every_account(app: &TestApp) {
    let proxied = behind_a_proxy(app);
    for i in 0..100 {
        // Every one from another address of the same /64.
        from(&proxied, &format!("2001:db8:7:7::{i:x}"), &format!("user{i}"), "một mật khẩu lộ")
            .problem(400, "invalid-grant");
    }
    wait(&from(&proxied, "2001:db8:7:7:ffff::1", "clerk", PASSWORD));
    from(&proxied, "2001:db8:7:8::1", "clerk", PASSWORD).expect(200);
    // Without trust in the proxy its word counts for nothing: all come from one address.
    for i in 0..5 {
        from(app, &format!("198.51.100.{i}"), "clerk2", "đoán mò một lần").problem(400, "invalid-grant");
    }
    wait(&from(app, "198.51.100.99", "clerk2", PASSWORD));
}

fn unknown_and_inactive_users_take_the_same_work(app: &TestApp) {
    let path = format!("/users/{}", crate::factory::user_id("clerk2"));
    let inactive = json!({"display_name": "x", "roles": [{"role": "clerk", "agency": "H26.103"}], "active": false});
    app.user("admin").put(&path, 1, &inactive).expect(200);
    let work = |ask: &dyn Fn() -> Answer| {
        let before = app.state.passwords.verified();
        ask();
        app.state.passwords.verified() - before
    };
    assert_eq!(work(&|| by_password(app, "clerk", PASSWORD)), 1);
    assert_eq!(work(&|| wrong(app, "clerk")), 1);
    assert_eq!(work(&|| wrong(app, "not.a.user")), 1);
    assert_eq!(work(&|| by_password(app, "clerk2", PASSWORD)), 1);
    assert_eq!(work(&|| wrong(app, "clerk2")), 1);
    // Turned away, nobody costs anything.
    fail(app, "officer", 5);
    assert_eq!(work(&|| by_password(app, "officer", PASSWORD)), 0);
    assert_eq!(work(&|| form(app, "grant_type=password&username=clerk")), 0);
}

fn rows(app: &TestApp) -> Vec<String> {
    let text = "CAST(failures AS TEXT) || ' ' || CAST(last_at AS TEXT) || ' ' || CAST(until_at AS TEXT)";
    lines(&app.database, &format!("SELECT {text} AS line FROM throttles ORDER BY 1"))
}

fn signing_in_writes_no_more_than_is_new(app: &TestApp) {
    by_password(app, "clerk", PASSWORD).expect(200);
    let first = rows(app);
    assert_eq!(first.len(), 1, "that the address is familiar");
    for _ in 0..3 {
        by_password(app, "clerk", PASSWORD).expect(200);
    }
    assert_eq!(rows(app), first);
    app.pass(Duration::hours(25));
    by_password(app, "clerk", PASSWORD).expect(200);
    assert_ne!(rows(app), first, "once a day");
    // Failures are kept as hashes, and swept when they are forgotten.
    fail(app, "mật khẩu ở nhầm ô", 1);
    assert_eq!(rows(app).len(), 4);
    app.pass(Duration::hours(2));
    fail(app, "clerk", 1);
    assert_eq!(rows(app).len(), 4);
}

fn a_clock_set_back_locks_nobody_out(app: &TestApp) {
    fail(app, "clerk", 5);
    wait(&wrong(app, "clerk"));
    app.pass(Duration::minutes(-60));
    by_password(app, "clerk", PASSWORD).expect(200);
}

fn the_own_password_is_guarded_too(app: &TestApp) {
    let change = |current: &str| {
        let body = json!({"current_password": current, "new_password": "ba con gà trống choai"});
        app.user("clerk").request("PUT", "/me/password").json(&body).send()
    };
    for _ in 0..5 {
        change("không phải mật khẩu").refused_at("/current_password", "wrong_password");
    }
    assert_eq!(wait(&change(PASSWORD)), 29);
    wait(&by_password(app, "clerk", PASSWORD));
    app.pass(Duration::seconds(30));
    assert_eq!(change(PASSWORD).status, 204);
}
