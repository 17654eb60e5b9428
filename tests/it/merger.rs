//! An agency merges into another one. Until then nothing of it belongs to its successor, from then on everything does,
//! and never anything to others; its own people keep what they had and get nothing more. What was answered before is
//! answered again, to those who may still see it.

mod decided;
mod repeated;
mod world;

use serde_json::{Value, json};

use crate::authz::places::PREDECESSOR as OLD;
use crate::factory::{AGENCY, CHILD, FULL, applicant, event, user_id};
use crate::harness::TestApp;

use decided::{a_head_that_has_gone_tells_nothing, who_keeps_all_agencies_decides};
use repeated::{
    catalogue_requests_are_answered_as_they_stand, nothing_is_repeated_to_who_may_no_longer_see_it,
    what_was_taken_before_is_answered_alike,
};
use world::{AFTER, BEFORE, Kept, found, merge, work};

on_both!(
    everything_passes_to_the_successor,
    the_successor_carries_on,
    what_was_frozen_stays_and_tells_nothing_new,
    who_keeps_all_agencies_decides,
    a_head_that_has_gone_tells_nothing,
    what_was_taken_before_is_answered_alike,
    nothing_is_repeated_to_who_may_no_longer_see_it,
    catalogue_requests_are_answered_as_they_stand,
);

const FORMER: &str = "leader.before";
const SUCCESSOR: &str = "leader2";
const ABOVE: &str = "leader.above";
const OTHERS: [&str; 3] = ["leader.far", "auditor.far", "leader.beside"];

/// Everything that can be asked of the agency by a leader, as known at one instant before the merger.
fn questions(kept: &Kept) -> Vec<String> {
    let known = "known_at=2026-03-11T05:00:00Z";
    let (of, cut) = (format!("agency={OLD}&{known}"), format!("agency={OLD}&from=2026-01-01&to=2026-03-11&{known}"));
    let (code, sealed) = (&kept.code, &kept.sealed);
    let snapshot = format!("/reports/snapshots/{sealed}");
    vec![
        format!("/dossiers/{code}?{known}"),
        format!("/dossiers/{}?{known}", kept.id),
        format!("/dossiers/{code}/events?{known}"),
        format!("/dossiers/{code}/deadline"),
        format!("/dossiers/{code}/documents"),
        format!("/dossiers/{code}/payments"),
        format!("/dossiers?{of}&count=true"),
        format!("/dossiers?{of}&format=csv"),
        format!("/dossiers?indicator=on_time_resolved&part=denominator&count=true&{cut}"),
        format!("/dossiers?report=06a&column=8&count=true&{cut}"),
        format!("/dossiers?check=late_receipt&{cut}"),
        format!("/procedures?indicator=procedures_with_online&part=denominator&{cut}"),
        format!("/payments?{of}"),
        format!("/indicators/values?{cut}"),
        format!("/indicators/values?group_by=agency&{cut}"),
        format!("/reports/06a?{cut}"),
        format!("/reports/07a?rows=agency&{cut}"),
        format!("/reports/register?{cut}"),
        format!("/reports/diff?since=2026-03-01T00:00:00Z&indicator=on_time_resolved&{cut}"),
        format!("/plans/tinh-2026/scorecard?{cut}"),
        format!("/plans/tinh-2026/scorecard/series?{cut}"),
        format!("/plans/tinh-2026/scorecard/agencies?{cut}"),
        format!("/plans/tinh-2026/targets/trained/declarations?{of}"),
        format!("/reports/snapshots?{of}"),
        snapshot.clone(),
        format!("{snapshot}/proof"),
        format!("{snapshot}/differences?known_at=2026-03-11T06:00:00Z"),
        format!("/audit/checks?{cut}"),
        format!("/audit/histogram?{cut}"),
        format!("/audit/voided?{of}"),
        format!("/audit/late-entries?{of}"),
        format!("/exports/dossiers?agency={OLD}"),
    ]
}

/// The agencies of the heads that somebody is given: of events, and of records.
fn heads(app: &TestApp, caller: &str) -> [bool; 2] {
    let heads = app.user(caller).get("/audit/heads").expect(200);
    ["items", "records"].map(|name| heads[name].as_array().expect("heads").iter().any(|head| head["agency"] == OLD))
}

/// A dossier of the agency from before, as an import has it; who takes it by whose admin.
fn import(app: &TestApp, admin: &str, n: u32) -> Value {
    let at = format!("2026-02-02T08:{n:02}:00+07:00");
    let submitted = json!({"type": "submitted", "occurred_at": at, "agency": OLD, "procedure": FULL,
        "channel": "in_person", "applicant": applicant(), "components": [{"code": "TP1", "originals": 1}]});
    let code = format!("{OLD}-260202-{n:04}");
    let received = json!({"type": "received", "occurred_at": at, "code": code});
    let line = json!({"kind": "dossier", "events": [submitted, received]});
    let request = app.user(admin).request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    request.bytes(format!("{line}\n").into_bytes()).send().expect(200)
}

/// What else shows the agency to its clerks, auditors and admins: status by caller.
fn beside(app: &TestApp, clerk: &str, auditor: &str, admin: &str) -> Vec<u16> {
    let search = json!({"agency": OLD, "phone": "0912345678"});
    let users = format!("/users/{}", user_id("clerk.before"));
    vec![
        app.user(clerk).post("/dossiers/search", &search).status,
        app.user(clerk).get(&format!("/dossiers?agency={OLD}")).status,
        app.user(auditor).get(&format!("/audit/access-log?agency={OLD}")).status,
        app.user(auditor).get(&format!("/dossiers?agency={OLD}")).status,
        app.user(admin).get(&users).status,
        app.user(admin).get(&format!("/reports/06a?agency={OLD}")).status,
    ]
}

fn everything_passes_to_the_successor(app: &TestApp) {
    found(app);
    let kept = work(app);
    let questions = questions(&kept);
    let mut wrong = Vec::new();
    let mut expect = |when: &str, caller: &str, question: &str, status: u16, like: Option<&[u8]>| {
        let answer = app.user(caller).request("GET", question).send_now();
        if answer.status != status || like.is_some_and(|like| answer.bytes != like) {
            wrong.push(format!("{when} {caller} {question}: {} {}", answer.status, answer.text));
        }
    };
    app.set_clock(BEFORE);
    let theirs: Vec<Vec<u8>> = questions.iter().map(|question| app.user(FORMER).get(question).bytes).collect();
    for (question, theirs) in questions.iter().zip(&theirs) {
        expect("before", FORMER, question, 200, Some(theirs));
        expect("before", ABOVE, question, 200, None);
        for caller in [SUCCESSOR, "auditor"].iter().chain(&OTHERS) {
            expect("before", caller, question, 404, None);
        }
    }
    assert_eq!(beside(app, "clerk.before", "auditor.before", "admin.before"), [200; 6]);
    assert_eq!(beside(app, "clerk", "auditor", "admin"), [404; 6]);
    assert_eq!(
        [FORMER, ABOVE, SUCCESSOR, "leader.far"].map(|caller| heads(app, caller)),
        [[true; 2], [true; 2], [false; 2], [false; 2]]
    );

    merge(app);
    app.set_clock(AFTER);
    for (question, theirs) in questions.iter().zip(&theirs) {
        // The very same, figure by figure: only now to whom it belongs.
        expect("after", FORMER, question, 200, Some(theirs));
        expect("after", SUCCESSOR, question, 200, Some(theirs));
        expect("after", "auditor", question, 200, None);
        expect("after", ABOVE, question, 200, None);
        for caller in OTHERS {
            expect("after", caller, question, 404, None);
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(beside(app, "clerk.before", "auditor.before", "admin.before"), [200; 6]);
    assert_eq!(beside(app, "clerk", "auditor", "admin"), [200; 6]);
    assert_eq!(beside(app, "clerk.far", "auditor.far", "admin"), [404, 404, 404, 404, 200, 200]);
    assert_eq!(
        [FORMER, ABOVE, SUCCESSOR, "leader.far"].map(|caller| heads(app, caller)),
        [[true; 2], [true; 2], [true; 2], [false; 2]]
    );

    // A figure of the successor counts them from the merger on, and opens into as many dossiers.
    for (to, count) in [("2026-03-11", 0), ("2026-03-12", 1)] {
        let cut = format!("agency={AGENCY}&scope=own&from=2026-01-01&to={to}&known_at=2026-03-12T02:00:00Z");
        let values = app.user(SUCCESSOR).get(&format!("/indicators/values?ids=on_time_resolved&{cut}")).expect(200);
        assert_eq!(values["values"][0]["denominator"], count, "{to}");
        let list = app.user(SUCCESSOR).get(&format!("/dossiers?indicator=on_time_resolved&count=true&{cut}"));
        assert_eq!(list.expect(200)["count"], count, "{to}");
    }
}

fn the_successor_carries_on(app: &TestApp) {
    found(app);
    let kept = work(app);
    let declarations = "/plans/tinh-2026/targets/trained/declarations";
    let (seal, verify) =
        (format!("/reports/snapshots/{}/seal", kept.open), format!("/reports/snapshots/{}/verify", kept.sealed));
    let review = format!("{declarations}/{}/review", kept.declared);
    let verdict = json!({"agency": OLD, "verdict": "accepted"});
    let events = format!("/dossiers/{}/events", kept.unfinished);
    let snapshot = world::period("2026-03-11T01:00:00Z");
    let write = |caller: &str| -> Vec<u16> {
        let user = || app.user(caller);
        vec![
            user().request("POST", &events).version(2).json(&event("forwarded")).send().status,
            user().request("POST", &seal).send().status,
            user().request("POST", &verify).send().status,
            user().post(declarations, &world::value("92")).status,
            user().post(&review, &verdict).status,
            user().post("/reports/snapshots", &snapshot).status,
        ]
    };
    app.set_clock(BEFORE);
    let closed = [404; 6];
    assert_eq!(import(app, "admin", 1)["errors"][0]["code"], "unknown_agency");
    assert_eq!(write(SUCCESSOR), closed);
    assert_eq!(write("leader.far"), closed);
    merge(app);
    app.set_clock(AFTER);
    assert_eq!(write("leader.far"), closed);
    assert_eq!(write("leader.beside"), closed);
    assert_eq!(import(app, "admin", 2)["created"], 1);
    assert_eq!(import(app, "admin.before", 3)["created"], 1);
    // Staff above read; they take, verify and review, and stand for nothing.
    assert_eq!(write(ABOVE)[..2], [403, 403]);
    assert_eq!(app.user(ABOVE).post(declarations, &world::value("92")).status, 403);
    // The leader above has verified and reviewed it by now.
    assert_eq!(write(SUCCESSOR), [201, 201, 201, 201, 409, 201]);

    // Dossiers go on where they are, and none begins there any more.
    let seen = app.user("clerk").get(&format!("/dossiers/{}", kept.unfinished)).expect(200);
    assert_eq!((&seen["agency"], &seen["version"]), (&json!(OLD), &json!(3)));
    let events = |caller: &str, body: &Value| app.user(caller).event(&seen, body);
    events("clerk.child", &event("forwarded")).problem(404, "not-found");
    events("clerk.above", &event("forwarded")).problem(403, "forbidden");
    events("clerk.before", &event("forwarded")).expect(201);
    let fresh = crate::factory::new_dossier(&json!({"agency": OLD}));
    for caller in ["clerk", "clerk.before"] {
        app.user(caller).post("/dossiers", &fresh).refused_at("/agency", "retired_agency");
    }
    let found = motcua::app::check::check(&app.app, &[], |_| {}).expect("a check");
    assert_eq!(found.findings, []);
}

/// A report of an agency with those below it is the agency's, also when one of them has gone to others since: it is proven
/// as it was, and says nothing of what became of the dossiers behind it.
fn what_was_frozen_stays_and_tells_nothing_new(app: &TestApp) {
    let dossier = app.create(&json!({"agency": CHILD}));
    let id = dossier["id"].as_str().expect("an id");
    app.pass(chrono::Duration::minutes(5));
    let known_at = motcua::domain::time::canonical(app.clock.now() - chrono::Duration::seconds(10));
    let mut period = world::period(&known_at);
    period["agency"] = AGENCY.into();
    let frozen = app.user("leader").post("/reports/snapshots", &period).expect(201);
    let snapshot = format!("/reports/snapshots/{}", frozen["id"].as_str().expect("an id"));
    app.user("leader").request("POST", &format!("{snapshot}/seal")).send().expect(201);
    let kept = ["", "/proof"].map(|tail| app.user("auditor").get(&format!("{snapshot}{tail}")).bytes);
    app.user("leader.beside").get(&snapshot).problem(404, "not-found");

    app.set_clock("2026-03-12T08:00:00+07:00");
    let (revision, gone) = world::document(app, CHILD, &json!({"valid_to": "2026-03-11", "successor": "H26.7"}));
    app.user("admin.province").put(&format!("/agencies/{CHILD}"), revision, &gone).expect(200);
    app.set_clock(AFTER);
    let carried = app.user("leader.beside").event(&dossier, &event("forwarded")).expect(201)["dossier"].clone();
    app.user("leader.beside").event(&carried, &event("finished")).expect(201);

    let still = ["", "/proof"].map(|tail| app.user("auditor").get(&format!("{snapshot}{tail}")).bytes);
    assert!(kept == still, "as it was frozen");
    app.user("leader2").request("POST", &format!("{snapshot}/verify")).send().expect(201);
    let differences = app.user("auditor").get(&format!("{snapshot}/differences"));
    differences.expect(200);
    assert!(!differences.text.contains(id), "{}", differences.text);
    app.user("auditor").get(&format!("/dossiers/{id}")).problem(404, "not-found");
    app.user("leader.beside").get(&format!("{snapshot}/proof")).problem(404, "not-found");
}
