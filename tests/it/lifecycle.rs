//! A dossier's way from submission to the handing over of its result, on every channel.

use serde_json::{Value, json};

use crate::factory::{AGENCY, FULL, ON_THE_SPOT, PARTIAL, event, event_with, new_dossier};
use crate::harness::TestApp;

on_both!(
    every_channel_from_submission_to_return,
    submit_and_receive_in_one_call,
    codes_count_by_day_of_receipt,
    a_dossier_is_found_by_code_and_by_id,
    the_history_lists_every_event_in_order,
    if_match_is_required_and_judged,
    a_past_instant_shows_the_dossier_as_it_was_known,
    a_clerk_finishes_on_the_spot,
    the_applicant_is_shown_to_those_who_handle_the_dossier,
    a_clock_stepping_back_hides_nothing,
);

fn every_channel_from_submission_to_return(app: &TestApp) {
    for channel in ["in_person", "post", "level_3", "level_4"] {
        let body = new_dossier(&json!({"channel": channel, "receive": null}));
        let answer = app.user("clerk").post("/dossiers", &body);
        let submitted = answer.expect(201);
        assert_eq!(submitted["state"], "submitted");
        assert_eq!(submitted["channel"], channel);
        assert_eq!(submitted["code"], Value::Null);
        assert_eq!(submitted["on_time_status"], "not_started");
        assert_eq!(submitted["answer_due"].is_string(), channel.starts_with("level"), "{channel}");
        assert_eq!(answer.header("etag"), Some("\"1\""));
        let place = answer.header("location").expect("a location").to_owned();
        assert_eq!(place, format!("/api/v1/dossiers/{}", submitted["id"].as_str().expect("an id")));
        let got = app.user("clerk").get(&format!("/{place}"));
        assert_eq!(got.expect(200)["id"], submitted["id"]);
        assert_eq!(got.header("etag"), Some("\"1\""));

        let answer = app.user("clerk").event(&submitted, &event("received"));
        let received = &answer.expect(201)["dossier"];
        assert_eq!(answer.header("etag"), Some("\"2\""));
        assert_eq!(received["state"], "received");
        assert_eq!(received["on_time_status"], "in_time");
        assert!(received["code"].as_str().is_some_and(|code| code.starts_with("H26.103-260310-")));
        assert_eq!(received["due"], received["due_strict"]);

        let steps = [
            ("forwarded", "processing"),
            ("supplement_requested", "awaiting_supplement"),
            ("supplemented", "processing"),
            ("finished", "finished"),
            ("returned", "returned"),
            ("rated", "returned"),
        ];
        let mut dossier = received.clone();
        for (kind, state) in steps {
            dossier = app.walk(&dossier, &[kind]);
            assert_eq!(dossier["state"], state, "{channel}: after {kind}");
        }
        assert_eq!(dossier["supplement_rounds"], 1);
        assert_eq!(dossier["on_time_status"], "early");
        assert_eq!(dossier["rating"], 5);
        assert_eq!(dossier["version"], 8);
        assert_eq!(dossier["assigned_to"]["officer"], "Trần Thị Bình");
        assert_eq!(dossier["components"].as_array().map(Vec::len), Some(2));
    }
}

fn submit_and_receive_in_one_call(app: &TestApp) {
    let answer = app.user("clerk").post("/dossiers", &new_dossier(&json!({})));
    let dossier = answer.expect(201);
    assert_eq!(answer.header("location"), Some("/api/v1/dossiers/H26.103-260310-0001"));
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(dossier["code"], "H26.103-260310-0001");
    assert_eq!(dossier["state"], "received");
    assert_eq!(dossier["agency"], AGENCY);
    assert_eq!(dossier["procedure"]["code"], FULL);
    assert_eq!(dossier["procedure"]["service_level"], "full");
    assert!(dossier["received_at"].as_str().is_some_and(|at| at.starts_with("2026-03-10T08:00:01")));
    // Five working days from a Tuesday end on the next Tuesday, at office close.
    for due in ["due", "due_original", "due_strict"] {
        assert_eq!(dossier[due], "2026-03-17T17:00:00+07:00", "{due}");
    }
    assert_eq!(dossier["fee"], json!({"due": 50000, "paid": 0, "refunded": 0, "methods": []}));
    assert_eq!(
        dossier["allowed_events"],
        json!(["forwarded", "supplement_requested", "payment_requested", "payment_recorded", "withdrawn", "digitised"])
    );
    let body = new_dossier(&json!({"fees": [{"code": "LP1", "amount": 50000, "exempt_reason": "hộ nghèo"}]}));
    assert_eq!(app.user("clerk").post("/dossiers", &body).expect(201)["fee"]["due"], 0);
}

fn codes_count_by_day_of_receipt(app: &TestApp) {
    let code = |dossier: &Value| dossier["code"].as_str().expect("a code").to_owned();
    assert_eq!(code(&app.received()), "H26.103-260310-0001");
    assert_eq!(code(&app.received()), "H26.103-260310-0002");
    assert_eq!(code(&app.create(&json!({"agency": "H26.103.25"}))), "H26.103.25-260310-0001");
    app.set_clock("2026-03-11T09:00:00+07:00");
    assert_eq!(code(&app.received()), "H26.103-260311-0001");
    // Entered a day late: the next number of its own date.
    let yesterday = json!({"occurred_at": "2026-03-10T16:00:00+07:00"});
    assert_eq!(code(&app.create(&yesterday)), "H26.103-260310-0003");
    // A refused request takes no number.
    let refused = new_dossier(&json!({"fees": [{"code": "LP1", "amount": -1}]}));
    app.user("clerk").post("/dossiers", &refused).problem(422, "validation");
    assert_eq!(code(&app.received()), "H26.103-260311-0002");
}

fn a_dossier_is_found_by_code_and_by_id(app: &TestApp) {
    let dossier = app.received();
    let by_code = app.user("officer").get(&format!("/dossiers/{}", dossier["code"].as_str().expect("a code")));
    let by_id = app.user("officer").get(&format!("/dossiers/{}", dossier["id"].as_str().expect("an id")));
    assert_eq!(by_code.expect(200), by_id.expect(200));
    app.user("officer").get("/dossiers/H26.103-260310-0999").problem(404, "not-found");
    app.user("officer").get("/dossiers/01990000-0000-7000-8000-000000000000").problem(404, "not-found");
}

fn the_history_lists_every_event_in_order(app: &TestApp) {
    let dossier = app.received();
    let dossier = app.walk(&dossier, &["forwarded", "finished", "returned"]);
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let list = app.user("leader").get(&path).expect(200);
    let items = list["items"].as_array().expect("items");
    let kinds: Vec<&str> = items.iter().filter_map(|item| item["type"].as_str()).collect();
    assert_eq!(kinds, ["submitted", "received", "forwarded", "finished", "returned"]);
    for (i, item) in items.iter().enumerate() {
        assert_eq!(item["n"], i + 1);
        assert_eq!(item["seq"], i + 1);
    }
    assert_eq!(items[4]["payload"]["collector"], "Nguyễn Văn An");
    assert_eq!(items[0]["payload"]["applicant"]["name"], "Nguyễn Văn An");
    let clerk = crate::factory::user_id("clerk");
    assert_eq!(items[0]["actor"], format!("user:{clerk}"));
    // An auditor follows what was done, not to whom.
    let masked = app.user("auditor").get(&path).expect(200);
    assert_eq!(masked["items"][4]["payload"], json!({"method": "counter"}));
    assert_eq!(masked["items"][0]["payload"].get("applicant"), None);
}

fn if_match_is_required_and_judged(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let post = || app.user("clerk").request("POST", &path).json(&event("forwarded"));
    let before = app.event_count();
    post().send().problem(428, "if-match-required");
    post().version(1).send().problem(412, "stale-version");
    post().version(3).send().problem(412, "stale-version");
    for odd in ["2", "W/\"2\"", "\"two\"", "*", "\"2\", \"3\""] {
        post().header("If-Match", odd).send().problem(400, "malformed-request");
    }
    assert_eq!(app.event_count(), before);
    let answer = post().version(2).send();
    answer.expect(201);
    assert_eq!(answer.header("etag"), Some("\"3\""));
}

fn a_past_instant_shows_the_dossier_as_it_was_known(app: &TestApp) {
    app.set_clock("2026-03-10T09:00:00+07:00");
    let dossier = app.received();
    app.set_clock("2026-03-11T09:00:00+07:00");
    let dossier = app.walk(&dossier, &["forwarded"]);
    app.set_clock("2026-03-12T15:00:00+07:00");
    // Finished yesterday, entered today: unknown in between.
    let finished = event_with("finished", &json!({"occurred_at": "2026-03-11T16:00:00+07:00"}));
    let dossier = app.record("officer", &dossier, &finished);
    app.set_clock("2026-03-13T09:00:00+07:00");
    let dossier = app.walk(&dossier, &["returned"]);

    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    let state_at = |known_at: &str| {
        let answer = app.user("clerk").get(&format!("{path}?known_at={known_at}")).expect(200);
        assert_eq!(answer["allowed_events"], json!([]), "the past is not written to");
        let events = app.user("clerk").get(&format!("{path}/events?known_at={known_at}")).expect(200);
        let count = events["items"].as_array().map(Vec::len);
        assert_eq!(answer["version"].as_u64(), count.map(|count| count as u64));
        answer["state"].as_str().expect("a state").to_owned()
    };
    app.user("clerk").get(&format!("{path}?known_at=2026-03-10T08:59:00%2B07:00")).problem(404, "not-found");
    assert_eq!(state_at("2026-03-10T12:00:00%2B07:00"), "received");
    assert_eq!(state_at("2026-03-11T12:00:00Z"), "processing");
    assert_eq!(state_at("2026-03-12T12:00:00+07:00"), "processing");
    assert_eq!(state_at("2026-03-12T15:30:00%2B07:00"), "finished");
    app.set_clock("2026-03-13T10:00:00+07:00");
    assert_eq!(state_at("2026-03-13T09:30:00%2B07:00"), "returned");
    let future = app.user("clerk").get(&format!("{path}?known_at=2026-03-13T11:00:00%2B07:00"));
    future.refused_at("?known_at", "in_future");
}

fn a_clerk_finishes_on_the_spot(app: &TestApp) {
    let dossier = app.create(&json!({"procedure": ON_THE_SPOT}));
    assert_eq!(dossier["due"], "2026-03-10T17:00:00+07:00");
    assert!(dossier["allowed_events"].as_array().is_some_and(|events| events.contains(&"finished".into())));
    let dossier = app.record("clerk", &dossier, &event("finished"));
    assert_eq!(dossier["on_time_status"], "on_time");
    let other = app.create(&json!({"procedure": PARTIAL}));
    app.user("clerk").event(&other, &event("finished")).problem(403, "forbidden");
}

fn the_applicant_is_shown_to_those_who_handle_the_dossier(app: &TestApp) {
    let dossier = app.create(&json!({"agency": "H26.103.25"}));
    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    let full = app.user("clerk.child").get(&path).expect(200);
    assert_eq!(full["applicant"]["ids"][0]["number"], "001099012345");
    for reader in ["clerk", "leader", "auditor"] {
        let masked = app.user(reader).get(&path).expect(200);
        assert_eq!(masked["applicant"]["name"], "N. V. A.", "{reader}");
        assert_eq!(masked["applicant"]["ids"][0]["number"], "*********345", "{reader}");
        assert_eq!(masked["applicant"]["phone"], "*******678", "{reader}");
    }
    let list = app.user("clerk.child").get("/dossiers").expect(200);
    assert_eq!(list["items"][0]["applicant"]["name"], "N. V. A.", "lists are masked for everybody");
}

/// A machine whose clock is set back still shows what was just written.
fn a_clock_stepping_back_hides_nothing(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-10T07:30:00+07:00");
    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    let got = app.user("clerk").get(&path).expect(200);
    assert_eq!(got["version"], 2);
    let forwarded = event_with("forwarded", &json!({"occurred_at": dossier["received_at"]}));
    let dossier = app.record("clerk", &dossier, &forwarded);
    assert_eq!(dossier["state"], "processing");
    assert_eq!(app.user("clerk").get(&path).expect(200)["version"], 3);
}
