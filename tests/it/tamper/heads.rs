//! Signed heads, kept in a file, and the command that compares with them.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::world::{Owner, world};
use crate::factory::AGENCY;
use crate::harness::{DATA_KEY, TestApp};
use motcua::store::DatabaseUrl;

on_both!(signed_heads_are_checked_and_compared);

/// `motcua verify` on the database of the test.
fn verify(app: &TestApp, arguments: &[&str]) -> Output {
    let url = match &app.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{path}"),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    Command::new(env!("CARGO_BIN_EXE_motcua"))
        .arg("verify")
        .args(arguments)
        .env("MOTCUA_DATABASE_URL", url)
        .env("MOTCUA_SIGNING_KEY_FILE", "/nowhere")
        .env("MOTCUA_DATA_KEY", DATA_KEY)
        .output()
        .expect("the program runs")
}

#[track_caller]
fn said(output: &Output, clean: bool, words: &str) -> Value {
    let spoken = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), clean, "{spoken} {}", String::from_utf8_lossy(&output.stdout));
    assert!(spoken.contains(words), "{spoken}");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn public_key() -> String {
    use ed25519_dalek::SigningKey;
    use ed25519_dalek::pkcs8::EncodePublicKey;
    use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
    // That of the harness.
    SigningKey::from_bytes(&[7; 32]).verifying_key().to_public_key_pem(LineEnding::LF).expect("a key")
}

fn signed_heads_are_checked_and_compared(app: &TestApp) {
    world(app);
    let heads = app.user("auditor").get("/audit/heads").expect(200);
    assert_eq!(
        (heads["items"].as_array().map(Vec::len), heads["records"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    // In another layout it is the same.
    let kept = file("heads.json", &serde_json::to_string_pretty(&heads).expect("a text"));
    let key = file("key.pem", &public_key());

    let report = said(&verify(app, &[]), true, "no kept heads to compare with");
    assert_eq!(report["heads_compared"], 0);
    let report = said(&verify(app, &["--heads", &kept]), true, "was not checked");
    assert_eq!(report["heads_compared"], 3);
    said(&verify(app, &["--heads", &kept, "--key", &key]), true, "are signed by key");
    // As a set of keys, found by its name.
    let signature = heads["signature"].as_str().expect("a signature");
    let (head, _) = signature.split_once("..").expect("detached");
    let kid = {
        use base64::Engine;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(head).expect("base64url");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        header["kid"].as_str().expect("a key id").to_owned()
    };
    let x = {
        use base64::Engine;
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.as_bytes())
    };
    let set = |kid: &str| {
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x}]})
            .to_string()
    };
    let keys = file("jwks.json", &set(&kid));
    said(&verify(app, &["--heads", &kept, "--key", &keys]), true, &kid);
    let others = file("others.json", &set("another"));
    said(&verify(app, &["--heads", &kept, "--key", &others]), false, "is not in the set");

    // A head changed, a signature of another kind, none at all.
    let mut forged = heads.clone();
    forged["items"][0]["seq"] = json!(1);
    let forged = file("forged.json", &forged.to_string());
    said(&verify(app, &["--heads", &forged, "--key", &key]), false, "does not fit");
    let token = app.user("auditor").token().expect("a token");
    let (head, signature) =
        (token.split('.').next().expect("a header"), token.split('.').next_back().expect("a signature"));
    let mut other = heads.clone();
    other["signature"] = json!(format!("{head}..{signature}"));
    said(&verify(app, &["--heads", &file("token.json", &other.to_string()), "--key", &key]), false, "of another kind");
    // Of another algorithm, whether or not there is a key to check it with.
    let mut other = heads.clone();
    let header = json!({"alg": "HS256", "kid": kid, "typ": motcua::verify::heads::TYPE}).to_string();
    let header = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header)
    };
    other["signature"] = json!(format!("{header}..{signature}"));
    let other = file("hs256.json", &other.to_string());
    said(&verify(app, &["--heads", &other, "--key", &key]), false, "of another kind: HS256");
    said(&verify(app, &["--heads", &other]), false, "of another kind: HS256");
    let mut bare = heads.clone();
    bare.as_object_mut().expect("an object").remove("signature");
    let bare = file("bare.json", &bare.to_string());
    said(&verify(app, &["--heads", &bare, "--key", &key]), false, "no signature");
    said(&verify(app, &["--heads", &bare]), true, "are not signed");

    // Rolled back behind them.
    let mut owner = Owner::of(app);
    app.received();
    let later = app.user("auditor").get("/audit/heads").expect(200);
    let later = file("later.json", &later.to_string());
    said(&verify(app, &["--heads", &later, "--key", &key]), true, "are signed");
    owner.put_back();
    said(&verify(app, &[]), true, "would look whole");
    let report = said(&verify(app, &["--heads", &later, "--key", &key]), false, "are signed");
    assert_eq!(
        (&report["findings"][0]["agency"], &report["findings"][0]["kind"]),
        (&json!(AGENCY), &json!("truncated"))
    );
}
