//! A full copy carries what was declared; restored and copied again it is the same, on either database.

use motcua::verify;
use serde_json::json;

use super::{PLAN, TRAINED, body, path, plan};
use crate::factory::{AGENCY, CHILD};
use crate::harness::copies::{copy, restore};
use crate::harness::{self, TestApp};

on_both!(declarations_survive_a_restore, records_that_do_not_fit_are_refused);

/// A district with dossiers and declarations, a commune that has only declared something.
fn source(app: &TestApp) -> String {
    plan(app);
    app.received();
    let declare = |user: &str, with| app.user(user).post(&path(TRAINED), &body(&with)).expect(201);
    declare("leader", json!({"numerator": 11, "denominator": 12, "note": "quý I"}));
    declare("leader", json!({"value": "92.4"}));
    declare("leader.child", json!({"value": "70", "agency": CHILD}));
    let review = format!("{}/1/review", path(TRAINED));
    app.user("leader2").post(&review, &json!({"verdict": "rejected", "note": "thiếu"})).expect(201);
    app.user("auditor").post(&review, &json!({"verdict": "accepted", "agency": CHILD})).expect(201);
    copy(&app.app)
}

fn declarations_survive_a_restore(app: &TestApp) {
    let text = source(app);
    assert_eq!(text.matches(r#""record":"declaration""#).count(), 3);
    assert_eq!(text.matches(r#""record":"declaration_review""#).count(), 2);
    assert!(verify::run::run(text.as_bytes(), |_| {}).is_clean());
    let listed = |app: &TestApp| app.user("auditor").get(&path(TRAINED)).expect(200)["items"].clone();
    let before = listed(app);
    for other in [Some(harness::sqlite()), harness::postgres_app()].into_iter().flatten() {
        assert_eq!(restore(&other.app, &text).refused, []);
        assert!(copy(&other.app) == text, "the copies differ");
        other.clock.set(app.clock.now());
        assert_eq!(listed(&other), before);
        // Versions go on, and nothing is restored over what is there.
        let next = other.user("leader").post(&path(TRAINED), &body(&json!({"value": "93"}))).expect(201);
        assert_eq!(next["version"], 3);
        assert_eq!(restore(&other.app, &text).refused.len(), 2);
    }
}

fn records_that_do_not_fit_are_refused(app: &TestApp) {
    let text = source(app);
    let edited = |mark: &str, change: &dyn Fn(&str) -> String| -> String {
        let mut done = false;
        let lines = text.lines().map(|line| {
            let hit = !done && line.contains(mark) && line.contains(&format!(r#""agency":"{AGENCY}""#));
            done |= hit;
            if hit { change(line) } else { format!("{line}\n") }
        });
        let text = lines.collect();
        assert!(done, "{mark}");
        text
    };
    let swapped = |mark: &str, old: &str, new: &str| edited(mark, &|line| format!("{}\n", line.replace(old, new)));
    let declaration = r#""record":"declaration""#;
    let cases = [
        swapped(declaration, "\"declaration\"", "\"rumour\""),
        swapped(declaration, "\"unit\"", "\"colour\""),
        swapped(r#""record":"declaration_review""#, "rejected", "perhaps"),
        swapped(r#""record":"declaration_review""#, "\"version\":1", "\"version\":7"),
        edited(declaration, &|line| format!("{line}\n{line}\n")),
        swapped(r#""record":"declaration_review""#, PLAN, "another-plan"),
    ];
    for text in cases {
        let other = harness::sqlite();
        let report = restore(&other.app, &text);
        let refused: Vec<&str> = report.refused.iter().map(|refused| refused.agency.as_str()).collect();
        assert_eq!(refused, [AGENCY]);
        assert_eq!(other.event_count(), 0, "all or nothing of an agency");
    }
}
