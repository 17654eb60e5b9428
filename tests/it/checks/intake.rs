//! How dossiers come in.

use serde_json::json;

use super::{NOW, flags, new, then};
use crate::factory::{CHILD, ON_THE_SPOT, event_with, new_dossier};
use crate::harness::TestApp;

on_both!(receipts_that_come_late, work_done_in_no_time, events_entered_late, online_by_whose_hand);

fn receipts_that_come_late(app: &TestApp) {
    app.set_clock(NOW);
    // A day has eight office hours.
    let online = |time: &str| {
        let dossier = new(app, "03 08:00:00", &json!({"channel": "level_4", "receive": null}));
        then(app, &dossier, "received", time, &json!({}))
    };
    online("04 08:00:00");
    let late = online("04 08:00:01");
    let waiting = new(app, "05 08:00:00", &json!({"channel": "level_4", "receive": null}));
    // A minute later the eight hours are not over.
    app.create(&json!({"channel": "level_4", "receive": null}));
    flags(app, "late_receipt", &[&late, &waiting], 3);

    let paper = |time: &str| {
        let dossier = new(app, "06 08:00:00", &json!({"receive": null}));
        then(app, &dossier, "received", time, &json!({}))
    };
    paper("09 08:00:00");
    let late = paper("09 08:00:01");
    let waiting = new(app, "28 09:00:00", &json!({"channel": "post", "receive": null}));
    new(app, "29 09:00:00", &json!({"channel": "post", "receive": null}));
    let gone = new(app, "06 08:00:00", &json!({"receive": null}));
    then(app, &gone, "withdrawn", "12 08:00:00", &json!({}));
    flags(app, "late_receipt_paper", &[&late, &waiting], 4);
}

fn work_done_in_no_time(app: &TestApp) {
    app.set_clock(NOW);
    let finished = |with, time: &str| then(app, &new(app, "03 08:00:00", &with), "finished", time, &json!({}));
    let quick = finished(json!({}), "03 08:29:59");
    finished(json!({}), "03 08:30:00");
    let spot = new(app, "03 08:00:00", &json!({"procedure": ON_THE_SPOT}));
    then(app, &spot, "finished", "03 08:01:00", &json!({}));
    flags(app, "quick_finish", &[&quick], 2);

    let issued = |day: &str| {
        let result = json!({"result": {"outcome": "granted", "document": true, "electronic": true, "signed": true,
                                       "number": "KQ-1", "issued_on": day}});
        then(app, &new(app, "05 08:00:00", &json!({})), "finished", "05 16:00:00", &result)
    };
    let before = issued("2026-03-04");
    issued("2026-03-05");
    flags(app, "receipt_after_result", &[&before], 5);
}

fn events_entered_late(app: &TestApp) {
    app.set_clock(NOW);
    let late = new(app, "03 08:00:00", &json!({}));
    app.create(&json!({"occurred_at": "2026-03-30T08:00:00+07:00"}));
    flags(app, "late_entry", &[&late], 2);
}

fn online_by_whose_hand(app: &TestApp) {
    app.set_clock(NOW);
    let assisted = new(app, "03 08:00:00", &json!({"channel": "level_4", "assisted": true, "receive": null}));
    let alone = new(app, "03 08:00:00", &json!({"channel": "level_4", "assisted": false, "receive": null}));
    let at_the_counter = new(app, "03 08:00:00", &json!({"assisted": true, "receive": null}));
    flags(app, "assisted", &[&assisted], 2);

    let received = |user: &str, dossier| app.record(user, dossier, &event_with("received", &json!({})));
    let by_one = received("clerk", &assisted);
    received("clerk2", &alone);
    received("clerk", &at_the_counter);
    // Not received yet; nor is it of this office's clerk.
    let body = new_dossier(&json!({"channel": "level_4", "agency": CHILD, "receive": null}));
    app.user("clerk.child").post("/dossiers", &body).expect(201);
    flags(app, "same_hand", &[&by_one], 2);
}
