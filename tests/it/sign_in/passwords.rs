//! Which passwords are taken, and how they are kept.

use std::process::Command;

use motcua::app::passwords::Cost;
use motcua::store::sql_types::Id;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::{by_password, me, renew};
use crate::factory::{PASSWORD, user_id};
use crate::harness::TestApp;

on_both!(
    common_passwords_are_refused,
    any_keyboard_types_the_same_password,
    a_stronger_hash_takes_the_place_of_a_weaker_one,
);

fn user(app: &TestApp, username: &str, password: &str) -> crate::harness::Answer {
    let roles = json!([{"role": "clerk", "agency": "H26.103"}]);
    let body = json!({"username": username, "display_name": "Bình", "password": password, "roles": roles});
    app.user("admin").post("/users", &body)
}

fn common_passwords_are_refused(app: &TestApp) {
    let cases = [
        ("Mật khẩu 123456", "common_password"),
        ("Password-123456", "common_password"),
        ("123456789012", "common_password"),
        ("motcua-demo-2024", "common_password"),
        ("tôi là BINH.TRAN", "contains_username"),
        ("mười một ký", "password"),
    ];
    for (password, code) in cases {
        user(app, "binh.tran", password).refused_at("/password", code);
    }
    user(app, "binh.tran", "ba con gà trống choai").expect(201);
    let change = |password: &str| {
        let body = json!({"current_password": PASSWORD, "new_password": password});
        app.user("clerk").request("PUT", "/me/password").json(&body).send()
    };
    change("qwertyuiop123456").refused_at("/new_password", "common_password");
    change("the clerk's own").refused_at("/new_password", "contains_username");
    let path = format!("/users/{}", user_id("clerk2"));
    let body = json!({"display_name": "x", "roles": [], "active": true, "password": "iloveyou1234"});
    app.user("admin").put(&path, 1, &body).refused_at("/password", "common_password");
    // Long ones of any kind are taken whole: the last character counts.
    let long = format!("{} – 漢字 🔑", "ổ bánh mì ".repeat(13));
    assert!((128..=200).contains(&long.chars().count()));
    user(app, "binh.dai", &long).expect(201);
    by_password(app, "binh.dai", &long).expect(200);
    by_password(app, "binh.dai", long.trim_end_matches('🔑')).problem(400, "invalid-grant");
}

fn any_keyboard_types_the_same_password(app: &TestApp) {
    let composed = "Đường về nhà ta xa".nfc().collect::<String>();
    let decomposed = composed.nfd().collect::<String>();
    assert_ne!(composed, decomposed);
    user(app, "binh.mot", &composed).expect(201);
    by_password(app, "binh.mot", &decomposed).expect(200);
    user(app, "binh.hai", &decomposed).expect(201);
    by_password(app, "binh.hai", &composed).expect(200);
    by_password(app, "binh.hai", &composed.to_lowercase()).problem(400, "invalid-grant");
}

fn stored(app: &TestApp) -> (String, i32) {
    let row = app.app.store.read_blocking(|tx| tx.user_by_id(Id(user_id("clerk")))).expect("a read").expect("a user");
    (row.password_hash, row.revision)
}

fn a_stronger_hash_takes_the_place_of_a_weaker_one(app: &TestApp) {
    let stronger = app.beside(|settings| settings.password_cost = Cost { memory_kib: 16, passes: 2 });
    let before = stored(app);
    let first: Value = by_password(app, "clerk", PASSWORD).expect(200);
    assert_eq!(stored(app), before, "as strong as any");
    by_password(&stronger, "clerk", "không phải mật khẩu").problem(400, "invalid-grant");
    assert_eq!(stored(app), before);
    by_password(&stronger, "clerk", PASSWORD).expect(200);
    let after = stored(app);
    assert!(after.0.contains("m=16,t=2"), "{}", after.0);
    assert_eq!(after.1, before.1, "the user is the same");
    // Nobody is signed out by it, and a weaker process leaves it alone.
    me(app, &first);
    renew(app, &first["refresh_token"]).expect(200);
    by_password(app, "clerk", PASSWORD).expect(200);
    assert_eq!(stored(app), after);
}

#[test]
fn the_command_line_refuses_them_too() {
    let output = Command::new(env!("CARGO_BIN_EXE_motcua"))
        .args(["user", "add", "binh", "--role", "admin@H26"])
        .env("MOTCUA_PASSWORD", "mật khẩu 2026")
        .env("MOTCUA_DATABASE_URL", "sqlite:/nonexistent/never-opened.db")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("everybody guesses"), "{said}");
}
