//! Readable requests that break rules.

use serde_json::{Value, json};

use super::{broken, refused};
use crate::factory::{FULL, ON_THE_SPOT, PARTIAL, applicant, event, event_with, merge, new_dossier};
use crate::harness::TestApp;

on_both!(
    dossiers_that_break_rules,
    applicants_that_break_rules,
    events_that_break_rules,
    what_the_server_writes_is_not_taken,
    times_that_cannot_be,
    events_out_of_order,
    late_entries_need_a_reason,
    catalogue_documents_that_break_rules,
    users_that_break_rules,
    every_refusal_of_several_faults_names_them_all,
);

fn dossiers_that_break_rules(app: &TestApp) {
    let cases = [
        (json!({"colour": "red"}), "", "unknown_field"),
        (json!({"applicant": {"kind": "citizen", "name": "A", "age": 3}}), "/applicant", "unknown_field"),
        (json!({"components": [{"code": "TP1", "colour": "red"}]}), "/components/0", "unknown_field"),
        (json!({"agency": null}), "", "required"),
        (json!({"applicant": null}), "", "required"),
        (json!({"channel": null}), "", "required"),
        (json!({"agency": 5}), "/agency", "wrong_type"),
        (json!({"channel": ["post"]}), "/channel", "wrong_type"),
        (json!({"receive": "yes"}), "/receive", "wrong_type"),
        (json!({"components": {"code": "TP1"}}), "/components", "wrong_type"),
        (json!({"components": [{"code": "TP1", "originals": -1}]}), "/components/0/originals", "wrong_type"),
        (
            json!({"components": [{"code": "TP1", "originals": 4_294_967_296_i64}]}),
            "/components/0/originals",
            "wrong_type",
        ),
        (json!({"components": [{"code": "TP1"}, {"code": "TP1"}]}), "/components/1/code", "duplicate"),
        (json!({"components": [{"code": ""}]}), "/components/0/code", "required"),
        (json!({"components": [{}]}), "/components/0/code", "required"),
        (json!({"components": [{"code": "a\u{0}b"}]}), "/components/0/code", "control_character"),
        (json!({"fees": [{"code": "LP1", "amount": -1}]}), "/fees/0/amount", "amount"),
        (json!({"fees": [{"code": "LP1", "amount": 1.5}]}), "/fees/0/amount", "wrong_type"),
        (json!({"fees": [{"code": "LP1"}]}), "/fees/0", "required"),
        (json!({"receive": null, "fees": []}), "/fees", "unexpected"),
        (json!({"procedure": "9.999999"}), "/procedure", "unknown_procedure"),
        (json!({"procedure": ON_THE_SPOT, "channel": "level_3"}), "/channel", "channel_not_offered"),
        (json!({"procedure": ON_THE_SPOT, "channel": "level_4"}), "/channel", "channel_not_offered"),
        (json!({"procedure": PARTIAL, "channel": "level_4"}), "/channel", "channel_not_offered"),
        (json!({"procedure": PARTIAL, "channel": "online_full"}), "/channel", "channel_not_offered"),
        (json!({"previous": "x".repeat(101)}), "/previous", "too_long"),
    ];
    for (with, pointer, code) in cases {
        let body = new_dossier(&with);
        let before = app.event_count();
        let answer = app.user("clerk").post("/dossiers", &body);
        let problem = answer.problem(422, "validation");
        let errors = problem["errors"].as_array().expect("errors");
        let named = errors.iter().any(|error| {
            // serde names the place of an unknown field with or without the field itself.
            let at = error["pointer"].as_str().unwrap_or_default();
            error["code"] == code && (at == pointer || (code == "unknown_field" && at.starts_with(pointer)))
        });
        assert!(named, "{with}: {pointer} {code} is not among {errors:?}");
        assert_eq!(app.event_count(), before, "{with} stored something");
    }
    for agency in ["H99", "h26.103", "", "H26.103'--"] {
        let body = new_dossier(&json!({"agency": agency}));
        let problem = refused(app, || app.user("clerk").post("/dossiers", &body), 404, "not-found");
        assert_eq!(problem["errors"][0]["pointer"], "/agency");
    }
}

fn applicants_that_break_rules(app: &TestApp) {
    let id = |kind: &str, number: &str| json!({"ids": [{"type": kind, "number": number}]});
    let cases = [
        (id("citizen_id", "00109901234"), "/applicant/ids/0/number", "identity_number"),
        (id("citizen_id", "0010990123456"), "/applicant/ids/0/number", "identity_number"),
        (id("citizen_id", "00109901234x"), "/applicant/ids/0/number", "identity_number"),
        (id("citizen_id", "٠٠١٠٩٩٠١٢٣٤٥"), "/applicant/ids/0/number", "identity_number"),
        (id("old_id", "0123456789"), "/applicant/ids/0/number", "identity_number"),
        (id("tax_code", "0123456789-01"), "/applicant/ids/0/number", "identity_number"),
        (id("tax_code", "012345678"), "/applicant/ids/0/number", "identity_number"),
        (id("passport", "B12"), "/applicant/ids/0/number", "identity_number"),
        (id("passport", "B1234567; DROP"), "/applicant/ids/0/number", "identity_number"),
        (json!({"name": "  "}), "/applicant/name", "name"),
        (json!({"name": "x".repeat(301)}), "/applicant/name", "name"),
        (json!({"phone": "12"}), "/applicant/phone", "phone"),
        (json!({"phone": "+84 912 345 678"}), "/applicant/phone", "phone"),
        (json!({"email": "an.example.vn"}), "/applicant/email", "email"),
        (json!({"address": "x".repeat(501)}), "/applicant/address", "too_long"),
    ];
    for (with, pointer, code) in cases {
        let mut person = applicant();
        merge(&mut person, &with);
        let body = new_dossier(&json!({"applicant": person}));
        broken(app, || app.user("clerk").post("/dossiers", &body), pointer, code);
    }
    for good in
        [id("old_id", "012345678"), id("tax_code", "0123456789-001"), id("passport", "B1234567"), json!({"ids": []})]
    {
        let mut person = applicant();
        merge(&mut person, &good);
        app.create(&json!({"applicant": person}));
    }
}

fn events_that_break_rules(app: &TestApp) {
    let dossier = app.received();
    let cases = [
        (json!({}), "/type", "required"),
        (json!({"type": "eaten"}), "/type", "unknown_event"),
        (json!({"type": 7}), "/type", "wrong_type"),
        (event_with("forwarded", &json!({"colour": "red"})), "/colour", "unknown_field"),
        (event_with("forwarded", &json!({"officer": 5})), "/officer", "wrong_type"),
        (event_with("forwarded", &json!({"officer": ""})), "/officer", "required"),
        (event_with("supplement_requested", &json!({"items": []})), "/items", "required"),
        (event_with("supplement_requested", &json!({"items": null})), "", "required"),
        (
            event_with("supplement_requested", &json!({"items": [{"component": "TP2", "legal_basis": "Điều 9"}]})),
            "/items/0/reason",
            "required",
        ),
        (event_with("supplement_requested", &json!({"reply_by": "2026-02-30"})), "/reply_by", "wrong_type"),
        (event_with("payment_requested", &json!({"lines": []})), "/lines", "required"),
        (event_with("payment_requested", &json!({"lines": [{"code": "A", "amount": 0}]})), "/lines/0/amount", "amount"),
        (
            event_with("payment_requested", &json!({"lines": [{"code": "A", "amount": -9}]})),
            "/lines/0/amount",
            "amount",
        ),
        (event_with("payment_recorded", &json!({"amount": 50001})), "/amount", "above_owed"),
        (event_with("payment_recorded", &json!({"amount": "50000"})), "/amount", "wrong_type"),
        (event_with("payment_recorded", &json!({"method": "shells"})), "/method", "wrong_type"),
        (event_with("withdrawn", &json!({"by": "neighbour"})), "/by", "wrong_type"),
        (event_with("withdrawn", &json!({"evidence": {"kind": "", "reference": "x"}})), "/evidence/kind", "required"),
        (event_with("extended", &json!({"new_due": "tomorrow"})), "/new_due", "wrong_type"),
        (event_with("extended", &json!({"new_due": "2026-03-17"})), "/new_due", "not_later"),
        (
            event_with("extended", &json!({"letter": {"number": "", "issued_on": "2026-03-10"}})),
            "/letter/number",
            "required",
        ),
        (event_with("finished", &json!({"result": {"outcome": "granted"}})), "/result", "required"),
        (
            event_with(
                "finished",
                &json!({"result": {
                    "outcome": "granted", "document": false, "electronic": true, "signed": false,
                }}),
            ),
            "/result/electronic",
            "no_document",
        ),
        (event_with("digitised", &json!({"component": null})), "/component", "required"),
        (event_with("digitised", &json!({"target": "result"})), "/component", "unexpected"),
        (event_with("digitised", &json!({"file": {"sha256": "ABC", "size": 1}})), "/file/sha256", "sha256"),
        (event_with("digitised", &json!({"file": {"sha256": "0".repeat(64), "size": -1}})), "/file/size", "wrong_type"),
        (event_with("voided", &json!({"reason": "\n"})), "/reason", "required"),
        (event_with("voided", &json!({"reason": "a\u{7}b"})), "/reason", "control_character"),
        (event_with("voided", &json!({"reason": "x".repeat(2001)})), "/reason", "too_long"),
        (event_with("forwarded", &json!({"late_entry_reason": ""})), "/late_entry_reason", "required"),
        (event_with("forwarded", &json!({"late_entry_reason": 5})), "/late_entry_reason", "wrong_type"),
    ];
    for (body, pointer, code) in cases {
        // `everything` would be a leader who took part in nothing here.
        broken(app, || app.user("everything").event(&dossier, &body), pointer, code);
    }
    assert_eq!(
        app.user("clerk").get(&format!("/dossiers/{}", dossier["id"].as_str().expect("an id"))).expect(200)["version"],
        2
    );
}

fn what_the_server_writes_is_not_taken(app: &TestApp) {
    let submitted = app.create(&json!({"receive": null}));
    let due = "2026-12-31T17:00:00+07:00";
    let in_receipt = [
        ("code", json!("H26.103-260310-7777")),
        ("snapshot", json!({})),
        ("fee_due", json!(0)),
        ("due", json!(due)),
        ("due_original", json!(due)),
        ("due_strict", json!(due)),
        ("calendar_version", json!("x")),
        ("due_computed", json!(due)),
    ];
    for (field, value) in in_receipt {
        let mut body = event("received");
        body[field] = value;
        broken(app, || app.user("clerk").event(&submitted, &body), &format!("/{field}"), "read_only");
    }
    for field in ["origin", "personal", "actor", "recorded_at", "seq", "n", "hash"] {
        let mut body = event("received");
        body[field] = json!("x");
        broken(app, || app.user("clerk").event(&submitted, &body), &format!("/{field}"), "unknown_field");
    }
    for field in ["snapshot", "fee_due", "answer_due", "code", "due", "version", "state"] {
        let body = new_dossier(&json!({field: "x"}));
        refused(app, || app.user("clerk").post("/dossiers", &body), 422, "validation");
    }
    let dossier = app.received();
    let finished = event_with("finished", &json!({"worked_minutes": 1}));
    broken(app, || app.user("officer").event(&dossier, &finished), "/worked_minutes", "read_only");
    let paid = event_with("payment_recorded", &json!({"due": due}));
    broken(app, || app.user("clerk").event(&dossier, &paid), "/due", "read_only");
    let done = app.walk(&dossier, &["finished"]);
    let rated = event_with("rated", &json!({"entered_by_staff": false}));
    broken(app, || app.user("clerk").event(&done, &rated), "/entered_by_staff", "read_only");
}

fn times_that_cannot_be(app: &TestApp) {
    let dossier = app.received();
    let unreadable = [
        "2026-03-10T09:00:00",
        "2026-03-10",
        "2026-02-30T09:00:00+07:00",
        "yesterday",
        "",
        "1741572000",
        "2026-03-10T25:00:00+07:00",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "+020000-01-01T00:00:00Z",
    ];
    for at in unreadable {
        let body = event_with("forwarded", &json!({"occurred_at": at}));
        broken(app, || app.user("clerk").event(&dossier, &body), "/occurred_at", "time");
        let body = new_dossier(&json!({"occurred_at": at}));
        broken(app, || app.user("clerk").post("/dossiers", &body), "/occurred_at", "time");
    }
    let number = event_with("forwarded", &json!({"occurred_at": 1_741_572_000}));
    broken(app, || app.user("clerk").event(&dossier, &number), "/occurred_at", "wrong_type");
    app.set_clock("2026-03-10T10:00:00+07:00");
    let future = event_with("forwarded", &json!({"occurred_at": "2026-03-10T10:02:30+07:00"}));
    broken(app, || app.user("clerk").event(&dossier, &future), "/occurred_at", "in_future");
    let future = new_dossier(&json!({"occurred_at": "2026-03-11T10:00:00+07:00"}));
    broken(app, || app.user("clerk").post("/dossiers", &future), "/occurred_at", "in_future");
    // A desk's clock may run two minutes fast: taken as now.
    app.set_clock("2026-03-10T11:00:00+07:00");
    let soon = event_with("forwarded", &json!({"occurred_at": "2026-03-10T11:01:30+07:00"}));
    let answer = app.user("clerk").event(&dossier, &soon).expect(201);
    assert_eq!(answer["event"]["occurred_at"], answer["event"]["recorded_at"]);
}

fn events_out_of_order(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-11T10:00:00+07:00");
    let dossier =
        app.record("clerk", &dossier, &event_with("forwarded", &json!({"occurred_at": "2026-03-11T09:00:00+07:00"})));
    let at = |kind: &str, at: &str| event_with(kind, &json!({"occurred_at": at}));
    for (kind, time) in [("finished", "2026-03-11T08:59:59+07:00"), ("withdrawn", "2026-03-10T09:00:00+07:00")] {
        broken(
            app,
            || app.user("everything").event(&dossier, &at(kind, time)),
            "/occurred_at",
            "occurs_before_previous",
        );
    }
    // What neither state nor clock depends on may be entered afterwards, but not from before the submission.
    let paid = app.record("clerk", &dossier, &at("payment_recorded", "2026-03-10T10:00:00+07:00"));
    let early = at("digitised", "2026-03-10T07:59:00+07:00");
    broken(app, || app.user("clerk").event(&paid, &early), "/occurred_at", "occurs_before_previous");
    let refund = event_with("payment_refunded", &json!({"payment": 4, "occurred_at": "2026-03-10T09:59:00+07:00"}));
    broken(app, || app.user("clerk").event(&paid, &refund), "/occurred_at", "occurs_before_previous");
    let asked = app.record("clerk", &paid, &at("payment_requested", "2026-03-11T09:30:00+07:00"));
    let pay = event_with("payment_recorded", &json!({"amount": 30000, "occurred_at": "2026-03-11T09:29:00+07:00"}));
    broken(app, || app.user("clerk").event(&asked, &pay), "/occurred_at", "occurs_before_previous");
}

fn late_entries_need_a_reason(app: &TestApp) {
    // A Tuesday: Monday is the last working day before it.
    let yesterday = new_dossier(&json!({"occurred_at": "2026-03-09T08:00:00+07:00"}));
    app.user("clerk").post("/dossiers", &yesterday).expect(201);
    for at in ["2026-03-08T23:59:59+07:00", "2026-03-06T10:00:00+07:00", "2021-05-05T10:00:00+07:00"] {
        let late = new_dossier(&json!({"occurred_at": at}));
        broken(app, || app.user("clerk").post("/dossiers", &late), "/late_entry_reason", "late_entry_reason_required");
    }
    let late = new_dossier(&json!({"occurred_at": "2026-03-06T10:00:00+07:00", "late_entry_reason": "mất điện"}));
    let dossier = app.user("clerk").post("/dossiers", &late).expect(201);
    assert_eq!(dossier["late_entry"], true);
    assert_eq!(dossier["code"], "H26.103-260306-0001");
    let list = app.user("auditor").get("/audit/late-entries").expect(200);
    let entries: Vec<&Value> =
        list["items"].as_array().expect("items").iter().map(|item| &item["event"]["type"]).collect();
    assert_eq!(entries, ["submitted", "received"]);
    assert_eq!(list["items"][0]["event"]["late_entry_reason"], "mất điện");
}

fn catalogue_documents_that_break_rules(app: &TestApp) {
    let agency = |with: Value| {
        let mut body = json!({"code": "H26.103.77", "name": "Xã mới", "level": "commune", "parent": "H26.103"});
        merge(&mut body, &with);
        body
    };
    let agencies = [
        (json!({"code": "H26.103.77 "}), "/code", "agency_code"),
        (json!({"code": "h26"}), "/code", "agency_code"),
        (json!({"name": ""}), "/name", "required"),
        (json!({"level": "village"}), "/level", "wrong_type"),
        (json!({"colour": "red"}), "/colour", "unknown_field"),
        (json!({"parent": "H99"}), "/parent", "unknown_agency"),
        (json!({"parent": "H38.1"}), "/parent", "unknown_agency"),
        (json!({"successor": "H26.103.25"}), "/valid_to", "required"),
        (json!({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}), "/valid_to", "reversed"),
        (json!({"valid_to": "2026-02-31"}), "/valid_to", "wrong_type"),
    ];
    for (with, pointer, code) in agencies {
        broken(app, || app.user("admin").post("/agencies", &agency(with.clone())), pointer, code);
    }
    app.user("admin").post("/agencies", &agency(json!({"code": "H26.103.25"}))).problem(409, "already-exists");
    let seen = app.user("admin.province").get("/agencies/H26").expect(200);
    let mut circle = seen.clone();
    merge(&mut circle, &json!({"revision": null, "effective_from": null, "parent": "H26.103"}));
    broken(app, || app.user("admin.province").put("/agencies/H26", 1, &circle), "/parent", "cycle");

    let procedure = app.user("admin").get(&format!("/procedures/{FULL}")).expect(200);
    let change = |with: Value| {
        let mut body = procedure.clone();
        merge(&mut body, &json!({"revision": null}));
        merge(&mut body, &with);
        body
    };
    let path = format!("/procedures/{FULL}");
    let procedures = [
        (json!({"code": "1.000001"}), "/code", "other_code"),
        (json!({"name": ""}), "/name", "required"),
        (json!({"levels": []}), "/levels", "required"),
        (json!({"processing_time": {"amount": 0, "unit": "working_days"}}), "/processing_time/amount", "range"),
        (json!({"processing_time": {"amount": 3, "unit": "immediate"}}), "/processing_time/amount", "range"),
        (json!({"fees": [{"code": "A", "kind": "phi", "amount": -1}]}), "/fees/0/amount", "amount"),
        (
            json!({"components": [{"code": "A", "name": "x"}, {"code": "A", "name": "y"}]}),
            "/components/1/code",
            "duplicate",
        ),
        (json!({"effective_from": "soon"}), "/effective_from", "wrong_type"),
    ];
    for (with, pointer, code) in procedures {
        broken(app, || app.user("admin").put(&path, 1, &change(with.clone())), pointer, code);
    }
    let request = app.user("admin").request("PUT", &path).json(&change(json!({})));
    request.send().problem(428, "if-match-required");
    app.user("admin").put(&path, 9, &change(json!({}))).problem(412, "stale-version");
    app.user("admin").put("/procedures/9.9", 1, &change(json!({}))).problem(404, "not-found");
    let plan = json!({"id": "x", "title": "x", "agency": "H26.103", "from": "2026-01-01", "to": "2026-12-31",
        "targets": [{"key": "a"}]});
    refused(app, || app.user("admin").post("/plans", &plan), 422, "validation");
    let calendar = json!({"version": "t", "weekend": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "days": []});
    broken(app, || app.user("admin").put("/calendar", 1, &calendar), "/weekend", "no_working_day");
}

fn users_that_break_rules(app: &TestApp) {
    let user = |with: Value| {
        let mut body = json!({"username": "binh.tran", "display_name": "Bình", "password": "mười hai ký tự",
            "roles": [{"role": "clerk", "agency": "H26.103"}]});
        merge(&mut body, &with);
        body
    };
    let cases = [
        (json!({"username": "Bình"}), "/username", "username"),
        (json!({"username": "ab"}), "/username", "username"),
        (json!({"password": "ngắn"}), "/password", "password"),
        (json!({"password": "x".repeat(201)}), "/password", "password"),
        (json!({"display_name": " "}), "/display_name", "required"),
        (json!({"roles": [{"role": "king", "agency": "H26.103"}]}), "/roles/0/role", "wrong_type"),
        (json!({"roles": [{"role": "clerk", "agency": "H99"}]}), "/roles/0/agency", "unknown_agency"),
        (json!({"roles": [{"role": "admin", "agency": "H26"}]}), "/roles/0/agency", "unknown_agency"),
        (json!({"admin": true}), "/admin", "unknown_field"),
    ];
    for (with, pointer, code) in cases {
        broken(app, || app.user("admin").post("/users", &user(with.clone())), pointer, code);
    }
    app.user("admin").post("/users", &user(json!({"username": "clerk"}))).problem(409, "already-exists");
    let changed = json!({"current_password": "not this one", "new_password": "mười hai ký tự"});
    let send = || app.user("clerk").request("PUT", "/me/password").json(&changed).send();
    broken(app, send, "/current_password", "wrong_password");
}

fn every_refusal_of_several_faults_names_them_all(app: &TestApp) {
    let body = new_dossier(&json!({
        "procedure": ON_THE_SPOT, "channel": "level_4",
        "applicant": {"kind": "citizen", "name": "", "phone": "1"}, "components": [{"code": ""}],
    }));
    let problem = refused(app, || app.user("clerk").post("/dossiers", &body), 422, "validation");
    let mut pointers: Vec<&str> =
        problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/applicant/name", "/applicant/phone", "/channel", "/components/0/code"]);
}
