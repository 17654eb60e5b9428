//! What happens to the clock while a dossier is in hand.

use serde_json::{Value, json};

use super::{NOW, flags, new, then};
use crate::harness::TestApp;

on_both!(supplements_that_stop_the_clock, withdrawals_near_the_end, extensions_out_of_order);

/// Received on Monday 2 March at 08:00; due after five working days, on the 9th at 17:00.
fn received(app: &TestApp) -> Value {
    let dossier = new(app, "02 08:00:00", &json!({}));
    assert_eq!(dossier["due_strict"], "2026-03-09T17:00:00+07:00");
    dossier
}

fn asked(app: &TestApp, dossier: &Value, component: &str, time: &str) -> Value {
    let items = json!({"items": [{"component": component, "reason": "thiếu", "legal_basis": "Điều 9"}]});
    then(app, dossier, "supplement_requested", time, &items)
}

fn supplements_that_stop_the_clock(app: &TestApp) {
    app.set_clock(NOW);
    // Four fifths of 177 hours are 141 h 36 min.
    asked(app, &received(app), "TP2", "08 05:35:59");
    let late = asked(app, &received(app), "TP2", "08 05:36:00");
    flags(app, "late_supplement", &[&late], 2);

    let again = |component: &str| {
        let first = asked(app, &received(app), "TP2", "03 08:00:00");
        let back = then(app, &first, "supplemented", "04 08:00:00", &json!({}));
        asked(app, &back, component, "04 09:00:00")
    };
    let (same, other) = (again("TP2"), again("TP1"));
    let once = asked(app, &received(app), "TP2", "03 08:00:00");
    assert_eq!(once["supplement_rounds"], 1);
    flags(app, "repeated_rounds", &[&same, &other], 5);
    flags(app, "same_item_twice", &[&same], 5);

    // What is asked of a reopened dossier stops no clock.
    let done = then(app, &received(app), "finished", "03 08:00:00", &json!({}));
    let open = then(app, &done, "reopened", "20 08:00:00", &json!({}));
    asked(app, &open, "TP2", "21 08:00:00");
    flags(app, "late_supplement", &[&late], 6);
}

fn withdrawals_near_the_end(app: &TestApp) {
    app.set_clock(NOW);
    let left = |time: &str| then(app, &received(app), "withdrawn", time, &json!({}));
    left("08 16:59:59");
    let before = left("08 17:00:00");
    let after = left("10 17:00:00");
    left("10 17:00:01");
    then(app, &received(app), "stopped", "09 10:00:00", &json!({}));
    flags(app, "withdrawn_near_due", &[&before, &after], 4);
}

fn extensions_out_of_order(app: &TestApp) {
    app.set_clock(NOW);
    let extended = |dossier: &Value, time: &str, issued: &str, until: &str| {
        let body = json!({"new_due": until, "letter": {"number": "XL-1", "issued_on": format!("2026-03-{issued}")}});
        then(app, dossier, "extended", time, &body)
    };
    let plain = extended(&received(app), "09 17:00:00", "09", "2026-03-20");
    let after = extended(&received(app), "09 17:00:01", "09", "2026-03-20");
    let letter = extended(&received(app), "09 16:00:00", "10", "2026-03-20");
    let twice = extended(&plain, "20 17:00:00", "20", "2026-04-30");
    // Once, but reopened before: the first finish has decided.
    let done = then(app, &received(app), "finished", "03 08:00:00", &json!({}));
    let open = then(app, &done, "reopened", "20 08:00:00", &json!({}));
    extended(&open, "20 09:00:00", "20", "2026-04-30");
    flags(app, "extended_after_due", &[&after], 4);
    flags(app, "extended_without_letter", &[&letter], 4);
    flags(app, "extended_twice", &[&twice], 4);
}
