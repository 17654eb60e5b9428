//! A full copy carries snapshots with what was done to them; restored and copied again it is the same, on either
//! database, and a snapshot that is not what was hashed is refused by name.

use motcua::verify;
use serde_json::{Value, json};

use super::declared::declared;
use super::{frozen, path, sha256, some_dossiers};
use crate::factory::{AGENCY, CHILD};
use crate::harness::copies::{copy, restore};
use crate::harness::{self, TestApp};

on_both!(snapshots_survive_a_restore, damaged_snapshots_are_refused);

/// One sealed and verified twice, one as printed and sealed, one that nobody has sealed; all of the district but the
/// last, and that over a commune.
fn source(app: &TestApp) -> Vec<Value> {
    some_dossiers(app);
    let printed = declared(&json!([{"name": "Tổng cộng", "cells": {"3": 5, "4": 1}}]));
    let taken =
        vec![frozen(app, &json!({})), frozen(app, &printed), frozen(app, &json!({"agency": CHILD, "report": "07a"}))];
    let act = |user: &str, snapshot: &Value, act: &str| {
        app.user(user).request("POST", &format!("{}/{act}", path(snapshot))).send().expect(201);
    };
    act("leader", &taken[0], "seal");
    act("leader2", &taken[0], "verify");
    act("auditor", &taken[0], "verify");
    act("leader2", &taken[1], "seal");
    taken
}

fn snapshots_survive_a_restore(app: &TestApp) {
    let taken = source(app);
    let text = copy(&app.app);
    assert_eq!(text.matches(r#""record":"snapshot""#).count(), 3);
    assert_eq!(text.matches(r#""record":"snapshot_act""#).count(), 4);
    assert!(verify::run::run(text.as_bytes(), |_| {}).is_clean());
    let opened = |app: &TestApp| -> Vec<Value> {
        let list = app.user("auditor").get("/reports/snapshots").expect(200)["items"].clone();
        taken.iter().map(|snapshot| app.user("auditor").get(&path(snapshot)).expect(200)).chain([list]).collect()
    };
    let proof = |app: &TestApp| app.user("auditor").get(&format!("{}/proof", path(&taken[0]))).bytes;
    let before = opened(app);
    for other in [Some(harness::sqlite()), harness::postgres_app()].into_iter().flatten() {
        assert_eq!(restore(&other.app, &text).refused, []);
        assert!(copy(&other.app) == text, "the copies differ");
        other.clock.set(app.clock.now());
        assert_eq!(opened(&other), before);
        assert!(proof(&other) == proof(app), "the proofs differ");
        // Counted again from the restored records, it is the same.
        let verify = format!("{}/verify", path(&taken[0]));
        assert_eq!(other.user("auditor").request("POST", &verify).send().expect(201)["verified"], "same");
        assert_eq!(restore(&other.app, &text).refused.len(), 2, "nothing is restored over what is there");
    }
}

/// The first line of this kind about `id`, changed.
fn edited(text: &str, record: &str, id: &str, change: &dyn Fn(&mut Value)) -> String {
    let mark = format!(r#""record":"{record}""#);
    let mut done = false;
    let mut line_of = |line: &str| {
        if done || !line.contains(&mark) || !line.contains(id) {
            return format!("{line}\n");
        }
        done = true;
        let mut value: Value = serde_json::from_str(line).expect("a line");
        change(&mut value["row"]);
        format!("{}\n", motcua::domain::chain::canonical_text(&value))
    };
    let text = text.lines().map(&mut line_of).collect();
    assert!(done, "{record}");
    text
}

/// Changes the content and writes its hash anew.
fn forged(row: &mut Value, change: impl Fn(&mut Value)) {
    change(&mut row["content"]);
    row["content_hash"] = json!(sha256(motcua::domain::chain::canonical_text(&row["content"]).as_bytes()));
}

fn damaged_snapshots_are_refused(app: &TestApp) {
    let taken = source(app);
    let text = copy(&app.app);
    let id = taken[0]["id"].as_str().expect("an id");
    let snapshot = |change: &dyn Fn(&mut Value)| edited(&text, "snapshot", id, change);
    let act = |change: &dyn Fn(&mut Value)| edited(&text, "snapshot_act", id, change);
    let first = text.lines().find(|line| line.contains(r#""record":"snapshot""#)).expect("a line");
    let cases = [
        ("content_hash is", snapshot(&|row| row["content"]["report"]["rows"][0]["cells"][0] = json!(99))),
        ("content_hash is", snapshot(&|row| row["content"]["dossiers"][0][0] = json!("0".repeat(64)))),
        ("content_hash is", snapshot(&|row| row["content_hash"] = json!("0".repeat(64)))),
        ("label is not", snapshot(&|row| row["label"] = json!("Quý IV"))),
        ("to is not", snapshot(&|row| row["to"] = json!("2026-06-30"))),
        ("known_at is not", snapshot(&|row| row["known_at"] = json!("2026-01-01T00:00:00.000000Z"))),
        ("no basis", snapshot(&|row| row["basis"] = json!("guessed"))),
        ("unknown field", snapshot(&|row| row["luck"] = json!(1))),
        ("every cell", snapshot(&|row| forged(row, |content| content["dossiers"][0] = json!([])))),
        ("stands twice", text.replacen(first, &format!("{first}\n{first}"), 1)),
        // Whoever writes the hash anew still has the chain of records against them.
        ("is not link", snapshot(&|row| forged(row, |content| content["heads"] = json!([])))),
        ("not that of the snapshot", act(&|row| row["content"]["content_hash"] = json!("0".repeat(64)))),
        ("sealed once", act(&|row| row["act"] = json!("verified"))),
        ("one before it is missing", act(&|row| row["n"] = json!(2))),
    ];
    let other = harness::sqlite();
    for (words, text) in cases {
        let report = restore(&other.app, &text);
        let refused = report.refused.iter().find(|refused| refused.agency == AGENCY);
        let reason = &refused.unwrap_or_else(|| panic!("restored, though {words}")).reason;
        assert!(reason.contains(id) && reason.contains(words), "{reason}");
        assert!(!copy(&other.app).contains(id), "all or nothing of an agency");
    }
}
