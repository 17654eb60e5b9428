//! Every event of the contract's table with its effects.

use serde_json::{Value, json};

use crate::factory::{PARTIAL, event, event_with};
use crate::harness::TestApp;

on_both!(
    a_refusal_ends_what_was_never_received,
    forwarding_names_somebody,
    a_supplement_before_receipt_pauses_nothing,
    a_supplement_pauses_the_clock,
    a_supplement_may_start_the_clock_anew,
    a_requested_payment_pauses_until_all_is_paid,
    payments_and_refunds_add_up,
    an_extension_never_turns_late_into_on_time,
    a_withdrawal_ends_the_dossier,
    a_stop_ends_the_dossier,
    early_on_time_and_late,
    a_reopened_dossier_keeps_its_first_finish,
    digitised_flags_stay,
    a_rating_is_given_once,
    a_void_frees_neither_code_nor_history,
    only_another_leader_voids,
);

fn field(dossier: &Value, name: &str) -> String {
    dossier[name].as_str().unwrap_or_else(|| panic!("{name} of {dossier}")).to_owned()
}

fn a_refusal_ends_what_was_never_received(app: &TestApp) {
    for way in [&[][..], &["supplement_requested"]] {
        let dossier = app.walk(&app.create(&json!({"receive": null, "channel": "level_4"})), way);
        let refused = app.record("officer", &dossier, &event("refused"));
        assert_eq!(refused["state"], "refused");
        assert_eq!(refused["on_time_status"], "ended");
        assert_eq!(refused["code"], Value::Null);
        assert!(refused["answered_at"].is_string());
        // A request for papers answered already.
        assert_eq!(way.is_empty(), refused["answered_at"] == refused["ended_at"]);
    }
    let received = app.received();
    app.user("clerk").event(&received, &event("refused")).problem(409, "illegal-move");
    let nameless = event_with("refused", &json!({"reason": null}));
    let dossier = app.create(&json!({"receive": null}));
    app.user("clerk").event(&dossier, &nameless).refused_at("/reason", "required");
}

fn forwarding_names_somebody(app: &TestApp) {
    let dossier = app.received();
    app.user("clerk").event(&dossier, &json!({"type": "forwarded"})).refused_at("", "required");
    let due = dossier["due"].clone();
    let dossier = app.record("leader", &dossier, &json!({"type": "forwarded", "officer": "A", "unit": "Phòng 1"}));
    let dossier = app.record("officer", &dossier, &json!({"type": "forwarded", "officer": "B"}));
    assert_eq!(dossier["assigned_to"], json!({"officer": "B", "unit": "Phòng 1", "step": null}));
    assert_eq!(dossier["state"], "processing");
    assert_eq!(dossier["due"], due);
}

fn a_supplement_before_receipt_pauses_nothing(app: &TestApp) {
    let dossier = app.submitted_online("s1");
    let dossier = app.record("clerk", &dossier, &event("supplement_requested"));
    assert_eq!(dossier["paused"], Value::Null);
    assert_eq!(dossier["supplement_rounds"], 1);
    assert!(dossier["answered_at"].is_string());
    let supplemented = event("supplemented");
    let path = format!("/dossiers/{}/events", field(&dossier, "id"));
    let answer = app.user("portal").request("POST", &path).version(2).key("s2").json(&supplemented).send();
    let dossier = answer.expect(201)["dossier"].clone();
    assert_eq!(dossier["state"], "submitted");
    let dossier = app.record("clerk", &dossier, &event("received"));
    assert_eq!(dossier["due"], "2026-03-17T17:00:00+07:00");
}

fn a_supplement_pauses_the_clock(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-11T09:00:00+07:00");
    let dossier = app.walk(&dossier, &["supplement_requested"]);
    assert_eq!(dossier["paused"], json!({"since": "2026-03-11T09:00:01+07:00", "kind": "supplement"}));
    assert_eq!(dossier["due"], "2026-03-17T17:00:00+07:00");
    // While it is paused no time passes: still in time long after the promised day.
    app.set_clock("2026-03-24T09:00:00+07:00");
    let path = format!("/dossiers/{}", field(&dossier, "code"));
    assert_eq!(app.user("clerk").get(&path).expect(200)["on_time_status"], "in_time");
    let answered = event_with("supplemented", &json!({"occurred_at": "2026-03-23T16:00:00+07:00"}));
    let dossier = app.record("clerk", &dossier, &answered);
    // The working days in (11 March, 23 March]: 12, 13, 16 to 20, 23.
    for due in ["due", "due_strict"] {
        assert_eq!(dossier[due], "2026-03-27T17:00:00+07:00", "{due}");
    }
    assert_eq!(dossier["due_original"], "2026-03-17T17:00:00+07:00");
    assert_eq!(dossier["paused"], Value::Null);
    let why = app.user("clerk").get(&format!("{path}/deadline")).expect(200);
    assert_eq!(why["due_strict"], dossier["due_strict"]);
    assert_eq!(why["pauses"].as_array().map(Vec::len), Some(1));
}

fn a_supplement_may_start_the_clock_anew(app: &TestApp) {
    let dossier = app.create(&json!({"procedure": PARTIAL}));
    assert_eq!(dossier["due"], "2026-03-24T17:00:00+07:00");
    let extension = event_with("extended", &json!({"new_due": "2026-03-31"}));
    let dossier = app.record("leader", &dossier, &extension);
    assert_eq!(dossier["due"], "2026-03-31T17:00:00+07:00");
    app.set_clock("2026-03-12T09:00:00+07:00");
    let dossier = app.walk(&dossier, &["supplement_requested"]);
    app.set_clock("2026-03-16T10:00:00+07:00");
    let dossier = app.walk(&dossier, &["supplemented"]);
    // Ten working days from the 16th; the extension is gone.
    assert_eq!(dossier["due"], "2026-03-30T17:00:00+07:00");
    assert_eq!(dossier["due_strict"], "2026-03-30T17:00:00+07:00");
    assert_eq!(dossier["due_original"], "2026-03-24T17:00:00+07:00");
}

fn a_requested_payment_pauses_until_all_is_paid(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["forwarded", "payment_requested"]);
    assert_eq!(dossier["state"], "awaiting_payment");
    assert_eq!(dossier["paused"]["kind"], "payment");
    assert_eq!(dossier["fee"]["due"], 80000);
    app.set_clock("2026-03-12T09:00:00+07:00");
    let pay = |amount: i64| {
        event_with("payment_recorded", &json!({"amount": amount, "method": "national_portal", "reference": "GD-1"}))
    };
    let dossier = app.record("clerk", &dossier, &pay(50000));
    assert_eq!(dossier["state"], "awaiting_payment", "not all of it");
    app.user("clerk").event(&dossier, &pay(30001)).refused_at("/amount", "above_owed");
    let dossier = app.record("clerk", &dossier, &pay(30000));
    assert_eq!(dossier["state"], "processing");
    assert_eq!(dossier["due"], "2026-03-19T17:00:00+07:00", "two counted days later");
    assert_eq!(dossier["fee"], json!({"due": 80000, "paid": 80000, "refunded": 0, "methods": ["national_portal"]}));
}

fn payments_and_refunds_add_up(app: &TestApp) {
    let dossier = app.received();
    let bare = event_with("payment_recorded", &json!({"method": "card"}));
    app.user("clerk").event(&dossier, &bare).refused_at("/reference", "required");
    for amount in [0, -1] {
        let odd = event_with("payment_recorded", &json!({"amount": amount}));
        app.user("clerk").event(&dossier, &odd).refused_at("/amount", "amount");
    }
    let dossier = app.record("clerk", &dossier, &event("payment_recorded"));
    let n = dossier["version"].clone();
    let refund =
        |amount: i64, payment: &Value| event_with("payment_refunded", &json!({"amount": amount, "payment": payment}));
    app.user("clerk").event(&dossier, &refund(1, &json!(1))).refused_at("/payment", "unknown_payment");
    app.user("clerk").event(&dossier, &refund(50001, &n)).refused_at("/amount", "above_payment");
    let dossier = app.record("clerk", &dossier, &refund(20000, &n));
    assert_eq!(dossier["fee"], json!({"due": 50000, "paid": 50000, "refunded": 20000, "methods": ["cash"]}));
    app.user("leader").event(&dossier, &refund(30001, &n)).refused_at("/amount", "above_payment");
    let dossier = app.record("leader", &dossier, &refund(30000, &n));
    assert_eq!(dossier["fee"]["refunded"], 50000);
    // Owed again after the refund, also when the result is out.
    let dossier = app.walk(&dossier, &["finished", "returned", "payment_recorded"]);
    assert_eq!(dossier["fee"]["paid"], 100_000);
    assert_eq!(dossier["state"], "returned");
}

fn an_extension_never_turns_late_into_on_time(app: &TestApp) {
    let dossier = app.received();
    let early = event_with("extended", &json!({"new_due": "2026-03-16"}));
    app.user("leader").event(&dossier, &early).refused_at("/new_due", "not_later");
    let by_date = event_with("extended", &json!({"new_due": "2026-03-20"}));
    app.user("officer").event(&dossier, &by_date).problem(403, "forbidden");
    let dossier = app.record("leader", &dossier, &by_date);
    assert_eq!(dossier["due"], "2026-03-20T17:00:00+07:00");
    assert_eq!(dossier["due_strict"], "2026-03-17T17:00:00+07:00");
    assert_eq!(dossier["letters"].as_array().map(Vec::len), Some(1));
    app.set_clock("2026-03-18T09:00:00+07:00");
    let path = format!("/dossiers/{}", field(&dossier, "code"));
    assert_eq!(app.user("clerk").get(&path).expect(200)["on_time_status"], "overdue");
    // A second one, after the promised instant: accepted.
    let second = event_with("extended", &json!({"new_due": "2026-03-25T10:00:00+07:00"}));
    let dossier = app.record("leader", &dossier, &second);
    assert_eq!(dossier["due"], "2026-03-25T10:00:00+07:00");
    let dossier = app.walk(&dossier, &["finished"]);
    assert_eq!(dossier["on_time_status"], "late");
}

fn a_withdrawal_ends_the_dossier(app: &TestApp) {
    for way in [&[][..], &["forwarded"], &["supplement_requested"], &["payment_requested"]] {
        let dossier = app.walk(&app.received(), way);
        let dossier = app.walk(&dossier, &["withdrawn"]);
        assert_eq!(dossier["state"], "withdrawn");
        assert_eq!(dossier["on_time_status"], "ended");
        assert_eq!(dossier["paused"], Value::Null);
        assert!(dossier["ended_at"].is_string());
        assert_eq!(dossier["finished_at"], Value::Null);
    }
    let unreceived = app.walk(&app.create(&json!({"receive": null})), &["withdrawn"]);
    assert_eq!(unreceived["state"], "withdrawn");
}

fn a_stop_ends_the_dossier(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["supplement_requested", "stopped"]);
    assert_eq!(dossier["state"], "stopped");
    assert_eq!(dossier["on_time_status"], "ended");
    let undecided = event_with("stopped", &json!({"decision": null}));
    app.user("leader").event(&app.received(), &undecided).problem(422, "validation");
}

fn early_on_time_and_late(app: &TestApp) {
    let cases = [
        ("2026-03-16T17:30:00+07:00", "early"),
        ("2026-03-17T08:00:00+07:00", "on_time"),
        ("2026-03-17T17:00:00+07:00", "on_time"),
        ("2026-03-17T17:00:01+07:00", "late"),
    ];
    let dossiers: Vec<Value> = cases.iter().map(|_| app.received()).collect();
    app.set_clock("2026-03-18T08:00:00+07:00");
    for ((at, class), dossier) in cases.iter().zip(&dossiers) {
        let with = json!({"occurred_at": at, "late_entry_reason": "mất mạng"});
        let finished = app.record("officer", dossier, &event_with("finished", &with));
        assert_eq!(finished["on_time_status"], *class, "{at}");
        assert_eq!(finished["result"]["outcome"], "granted");
        assert_eq!(finished["late_entry"], true);
    }
    let rejected = app.received();
    let body = json!({"result": {"outcome": "rejected", "document": true, "electronic": false, "signed": false}});
    let rejected = app.record("officer", &rejected, &event_with("finished", &body));
    assert_eq!(rejected["state"], "finished", "a refusal after receipt is a result");
}

fn a_reopened_dossier_keeps_its_first_finish(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["finished"]);
    let (first, class) = (dossier["finished_at"].clone(), dossier["on_time_status"].clone());
    app.set_clock("2026-04-10T09:00:00+07:00");
    let dossier = app.walk(&dossier, &["reopened"]);
    assert_eq!(dossier["state"], "processing");
    assert_eq!(dossier["reopens"], 1);
    assert_eq!((&dossier["finished_at"], &dossier["on_time_status"]), (&first, &class));
    let dossier = app.walk(&dossier, &["supplement_requested", "supplemented", "finished", "returned"]);
    assert_eq!((&dossier["finished_at"], &dossier["on_time_status"]), (&first, &class));
    assert_ne!(dossier["last_finished_at"], first);
    assert_eq!(dossier["state"], "returned");
}

fn digitised_flags_stay(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["digitised"]);
    assert_eq!(dossier["components"][0]["digitised"], true);
    let dossier = app.walk(&dossier, &["supplement_requested", "supplemented"]);
    assert_eq!(dossier["components"][0]["digitised"], true, "the flag stays with the code");
    assert_eq!(dossier["components"][1]["digitised"], false);
    let unknown = event_with("digitised", &json!({"component": "TP7"}));
    app.user("clerk").event(&dossier, &unknown).refused_at("/component", "unknown_component");
    let paper = json!({"result": {"outcome": "granted", "document": true, "electronic": false, "signed": true}});
    let dossier = app.record("officer", &dossier, &event_with("finished", &paper));
    assert_eq!(dossier["result"]["digitised"], false);
    let body = event_with("digitised", &json!({"target": "result", "component": null}));
    assert_eq!(app.record("officer", &dossier, &body)["result"]["digitised"], true);
}

fn a_rating_is_given_once(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["finished", "returned"]);
    for overall in [0, 6] {
        let odd = event_with("rated", &json!({"overall": overall}));
        app.user("clerk").event(&dossier, &odd).refused_at("/overall", "range");
    }
    let answer = app.user("clerk").event(&dossier, &event("rated")).expect(201);
    assert_eq!(answer["event"]["payload"]["entered_by_staff"], true);
    app.user("clerk").event(&answer["dossier"], &event("rated")).problem(409, "illegal-move");
}

fn a_void_frees_neither_code_nor_history(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["finished", "voided"]);
    assert_eq!(dossier["state"], "voided");
    assert_eq!(dossier["voided"], true);
    assert_eq!(dossier["on_time_status"], "ended");
    assert_eq!(dossier["allowed_events"], json!([]));
    assert_eq!(field(&app.received(), "code"), "H26.103-260310-0002");
    let path = format!("/dossiers/{}/events", field(&dossier, "code"));
    let events = app.user("auditor").get(&path).expect(200);
    assert_eq!(events["items"].as_array().map(Vec::len), Some(4));
    let list = app.user("auditor").get("/audit/voided").expect(200);
    assert_eq!(list["items"][0]["dossier"], dossier["id"]);
    assert_eq!(list["items"][0]["event"]["type"], "voided");
}

fn only_another_leader_voids(app: &TestApp) {
    let body = crate::factory::new_dossier(&json!({"receive": null}));
    let own = app.user("head.clerk").post("/dossiers", &body).expect(201);
    app.user("head.clerk").event(&own, &event("voided")).problem(403, "forbidden");
    let received = app.user("clerk").event(&own, &event("received")).expect(201)["dossier"].clone();
    app.user("head.clerk").event(&received, &event("voided")).problem(403, "forbidden");
    app.record("leader", &received, &event("voided"));

    let other = app.create(&json!({"receive": null}));
    let other = app.user("head.clerk").event(&other, &event("received")).expect(201)["dossier"].clone();
    app.user("head.clerk").event(&other, &event("voided")).problem(403, "forbidden");
    app.user("clerk").event(&other, &event("voided")).problem(403, "forbidden");
    app.record("leader2", &other, &event("voided"));
}
