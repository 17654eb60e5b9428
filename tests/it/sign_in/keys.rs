//! Signing keys: published, rotated by the command line while the program serves, and removed.

use std::process::Command;

use serde_json::Value;

use super::{ask_me, by_password, me, renew};
use crate::factory::PASSWORD;
use crate::harness::TestApp;

on_both!(keys_are_rotated_while_serving);

/// `motcua keys …` on the key file of a running program; what it prints.
fn keys(app: &TestApp, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_motcua"))
        .arg("keys")
        .args(arguments)
        .env("MOTCUA_SIGNING_KEY_FILE", app.key_file())
        .env("MOTCUA_DATABASE_URL", "sqlite:not-opened.db")
        .output()
        .expect("the program starts");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}

fn published(app: &TestApp) -> Vec<Value> {
    let answer = app.anonymous().get("//.well-known/jwks.json");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    answer.expect(200)["keys"].as_array().expect("keys").clone()
}

/// Which key signed an access token.
fn kid(answer: &Value) -> String {
    let token = answer["access_token"].as_str().expect("a token");
    jsonwebtoken::decode_header(token).expect("a header").kid.expect("a key")
}

fn keys_are_rotated_while_serving(app: &TestApp) {
    let other = app.beside(|settings| settings.signing_key = app.key_file());
    let before = published(app);
    assert_eq!(before.len(), 1);
    let first = by_password(app, "clerk", PASSWORD).expect(200);
    assert_eq!(kid(&first), before[0]["kid"].as_str().expect("a kid"));
    // Another system verifies with what is published.
    let key: jsonwebtoken::jwk::Jwk = serde_json::from_value(before[0].clone()).expect("a key");
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    rules.set_audience(&["motcua-api"]);
    rules.validate_exp = false;
    let token = first["access_token"].as_str().expect("a token");
    let key = jsonwebtoken::DecodingKey::from_jwk(&key).expect("a key");
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).expect("verified").claims;
    assert_eq!(claims["sub"], format!("user:{}", crate::factory::user_id("clerk")));

    // Announced, it is published and does not sign.
    let said = keys(app, &["announce"]).expect("announced");
    let announced = published(app)[1]["kid"].as_str().expect("a kid").to_owned();
    assert!(said.contains(&announced), "{said}");
    assert_eq!(kid(&by_password(app, "clerk", PASSWORD).expect(200)), kid(&first));
    // Rotated, it signs; nobody is signed out, here or elsewhere.
    keys(app, &["rotate"]).expect("rotated");
    let second = by_password(app, "clerk", PASSWORD).expect(200);
    assert_eq!(kid(&second), announced);
    me(&other, &first);
    me(&other, &second);
    let renewed = renew(&other, &first["refresh_token"]).expect(200);
    assert_eq!(kid(&renewed), announced);
    let listed = keys(app, &["list"]).expect("a list");
    assert!(listed.contains(&format!("{announced} signs")), "{listed}");
    assert!(listed.contains(&format!("{} verifies", kid(&first))), "{listed}");
    let file = std::fs::read_to_string(app.key_file()).expect("the file");
    assert_eq!(file.matches("BEGIN PRIVATE KEY").count(), 1, "of a former key the public half is kept");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(app.key_file()).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // Removed, what it signed is refused within seconds; the refresh token goes on.
    assert!(keys(app, &["remove", &announced]).expect_err("it signs").contains("rotate"));
    keys(app, &["remove", &kid(&first)]).expect("removed");
    assert_eq!(published(app).len(), 1);
    app.pass(chrono::Duration::seconds(4));
    ask_me(&other, &first).problem(401, "unauthenticated");
    me(&other, &renewed);
    renew(app, &renewed["refresh_token"]).expect(200);
    // Rotated without an announcement: a new key at once.
    keys(app, &["rotate"]).expect("rotated");
    assert_eq!(published(app).len(), 2);
}
