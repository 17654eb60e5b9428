//! How dossiers end.

use serde_json::{Value, json};

use super::{NOW, flags, new, then};
use crate::harness::TestApp;

on_both!(closed_without_a_result, returned_long_after, opened_again, late_and_no_word);

fn finished(app: &TestApp, time: &str) -> Value {
    then(app, &new(app, "02 08:00:00", &json!({})), "finished", time, &json!({}))
}

fn closed_without_a_result(app: &TestApp) {
    app.set_clock(NOW);
    let with = |document: bool, electronic: bool, number: Option<&str>| {
        let result = json!({"result": {
            "outcome": "granted", "document": document, "electronic": electronic, "signed": false, "number": number,
        }});
        then(app, &new(app, "02 08:00:00", &json!({})), "finished", "05 08:00:00", &result)
    };
    let nothing = with(false, false, None);
    let empty = with(true, false, None);
    with(true, false, Some("KQ-1"));
    with(true, true, None);
    let scanned = with(true, false, None);
    flags(app, "no_result", &[&nothing, &empty, &scanned], 5);
    then(app, &scanned, "digitised", "06 08:00:00", &json!({"target": "result", "component": null}));
    flags(app, "no_result", &[&nothing, &empty], 5);
}

fn returned_long_after(app: &TestApp) {
    app.set_clock(NOW);
    then(app, &finished(app, "05 09:00:00"), "returned", "15 09:00:00", &json!({}));
    let slow = then(app, &finished(app, "05 09:00:00"), "returned", "15 09:00:01", &json!({}));
    let never = finished(app, "20 09:00:00");
    finished(app, "23 09:00:00");
    let reopened = then(app, &finished(app, "05 09:00:00"), "reopened", "06 08:00:00", &json!({}));
    assert_eq!(reopened["state"], "processing");
    flags(app, "late_return", &[&slow, &never], 4);
}

fn opened_again(app: &TestApp) {
    app.set_clock(NOW);
    let again = then(app, &finished(app, "05 09:00:00"), "reopened", "06 08:00:00", &json!({}));
    let again = then(app, &again, "finished", "06 09:00:00", &json!({}));
    finished(app, "05 09:00:00");
    flags(app, "reopened", &[&again], 2);
}

fn late_and_no_word(app: &TestApp) {
    app.set_clock(NOW);
    // Due on the 9th at 17:00.
    finished(app, "09 17:00:00");
    let silent = finished(app, "09 17:00:01");
    let open = new(app, "02 08:00:00", &json!({}));
    let with_word = |issued: &str| {
        let letter = json!({"new_due": "2026-03-30", "letter": {"number": "XL-1", "issued_on": issued}});
        let dossier = then(app, &new(app, "02 08:00:00", &json!({})), "extended", "09 08:00:00", &letter);
        then(app, &dossier, "finished", "12 08:00:00", &json!({}))
    };
    with_word("2026-03-09");
    let late_word = with_word("2026-03-10");
    flags(app, "late_without_apology", &[&silent, &open, &late_word], 4);
}
