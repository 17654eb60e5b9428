//! Agencies, procedures, calendar, users: versions by date, revisions by If-Match, nothing deleted.

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, FULL, PASSWORD, event, merge, new_dossier, user_id};
use crate::harness::{TestApp, escaped, form};

on_both!(
    a_procedure_changes_by_date,
    a_dossier_keeps_what_its_procedure_said,
    a_retired_procedure_takes_no_dossiers,
    an_agency_is_renamed_and_retired,
    a_merged_agency_lives_on_in_its_successor,
    a_new_calendar_moves_later_receipts,
    office_hours_are_the_agencys_own,
    users_are_kept,
    lists_are_paged,
);

fn change(seen: &Value, with: &Value) -> Value {
    let mut body = seen.clone();
    merge(&mut body, &json!({"revision": null, "effective_from": null}));
    merge(&mut body, with);
    body
}

fn revision(seen: &Value) -> i64 {
    seen["revision"].as_i64().expect("a revision")
}

fn a_procedure_changes_by_date(app: &TestApp) {
    let path = format!("/procedures/{FULL}");
    let answer = app.user("clerk").get(&path);
    let seen = answer.expect(200);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let longer = change(
        &seen,
        &json!({
            "processing_time": {"amount": 20, "unit": "working_days"}, "effective_from": "2026-03-16",
        }),
    );
    let answer = app.user("admin").put(&path, 1, &longer);
    assert_eq!(revision(&answer.expect(200)), 2);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    app.user("admin").put(&path, 1, &longer).problem(412, "stale-version");
    // The same body once more is no new revision.
    assert_eq!(revision(&app.user("admin").put(&path, 2, &longer).expect(200)), 2);
    let on = |date: &str| {
        let list = app.user("clerk").get(&format!("/procedures?valid_on={date}")).expect(200);
        let items = list["items"].as_array().expect("items").clone();
        items.into_iter().find(|item| item["code"] == FULL).expect("the procedure")["processing_time"]["amount"].clone()
    };
    assert_eq!((on("2026-03-15"), on("2026-03-16")), (json!(5), json!(20)));

    assert_eq!(app.received()["due"], "2026-03-17T17:00:00+07:00");
    app.set_clock("2026-03-16T08:00:00+07:00");
    assert_eq!(app.received()["due"], "2026-04-13T17:00:00+07:00");
    // Received on Friday, entered today: what held on Friday.
    let friday = app.create(&json!({"occurred_at": "2026-03-13T10:00:00+07:00"}));
    assert_eq!(friday["due"], "2026-03-20T17:00:00+07:00");
    let calculated = |at: &str| {
        let query = format!("/deadlines?procedure={FULL}&received_at={at}");
        app.anonymous().get(&query).expect(200)["due"].clone()
    };
    assert_eq!(calculated("2026-03-13T10:00:00%2B07:00"), friday["due"]);
    assert_eq!(calculated("2026-03-16T10:00:00%2B07:00"), "2026-04-13T17:00:00+07:00");
}

fn a_dossier_keeps_what_its_procedure_said(app: &TestApp) {
    let old = app.received();
    let submitted = app.create(&json!({"receive": null}));
    let path = format!("/procedures/{FULL}");
    let seen = app.user("clerk").get(&path).expect(200);
    let other = change(
        &seen,
        &json!({
            "name": "Tên mới", "field": "Khác", "service_level": "partial", "fees": [], "effective_from": "2026-03-11",
        }),
    );
    app.user("admin").put(&path, 1, &other).expect(200);
    app.set_clock("2026-03-12T09:00:00+07:00");
    let shown = app.user("clerk").get(&format!("/dossiers/{}", old["id"].as_str().expect("an id"))).expect(200);
    assert_eq!(shown["procedure"], old["procedure"]);
    assert_eq!(shown["fee"]["due"], 50000);
    // The snapshot is renewed at receipt.
    let received = app.walk(&submitted, &["received"]);
    assert_eq!(received["procedure"]["name"], "Tên mới");
    assert_eq!(received["fee"]["due"], 0);
}

fn a_retired_procedure_takes_no_dossiers(app: &TestApp) {
    let submitted = app.create(&json!({"receive": null}));
    let path = format!("/procedures/{FULL}");
    let seen = app.user("clerk").get(&path).expect(200);
    app.user("admin").put(&path, 1, &change(&seen, &json!({"valid_to": "2026-03-10"}))).expect(200);
    app.received();
    app.set_clock("2026-03-11T09:00:00+07:00");
    app.user("clerk").post("/dossiers", &new_dossier(&json!({}))).refused_at("/procedure", "retired_procedure");
    // What was submitted before is still finished.
    app.walk(&submitted, &["received", "finished", "returned"]);
    let list = app.user("clerk").get("/procedures?valid_on=2026-03-11").expect(200);
    assert!(list["items"].as_array().is_some_and(|items| items.iter().all(|item| item["code"] != FULL)));
    assert_eq!(app.user("clerk").get(&path).expect(200)["valid_to"], "2026-03-10", "never deleted");
}

fn an_agency_is_renamed_and_retired(app: &TestApp) {
    let path = format!("/agencies/{CHILD}");
    let seen = app.user("clerk").get(&path).expect(200);
    let renamed = change(&seen, &json!({"name": "UBND xã Mới"}));
    let put = app.user("admin").put(&format!("{path}?effective_from=2026-04-01"), 1, &renamed).expect(200);
    assert_eq!((revision(&put), &put["effective_from"]), (2, &json!("2026-04-01")));
    let name = |date: &str| {
        let list = app.user("clerk").get(&format!("/agencies?valid_on={date}")).expect(200);
        let items = list["items"].as_array().expect("items").clone();
        items.into_iter().find(|item| item["code"] == CHILD).map(|item| item["name"].clone())
    };
    assert_eq!(name("2026-03-31"), Some(json!("UBND xã Trên")));
    assert_eq!(name("2026-04-01"), Some(json!("UBND xã Mới")));
    let retired = change(&seen, &json!({"valid_to": "2026-03-10"}));
    app.user("admin").put(&format!("{path}?effective_from=2026-01-01"), 2, &retired).expect(200);
    assert_eq!(name("2026-03-11"), None);
    app.set_clock("2026-03-11T09:00:00+07:00");
    let body = new_dossier(&json!({"agency": CHILD}));
    app.user("clerk.child").post("/dossiers", &body).refused_at("/agency", "retired_agency");
}

/// A merged agency: its staff are gone, its dossiers, their reading and their figures belong to the successor.
fn a_merged_agency_lives_on_in_its_successor(app: &TestApp) {
    let open = app.create(&json!({"agency": CHILD}));
    let other = "H26.103.26";
    let roles = json!([{"role": "clerk", "agency": other}, {"role": "officer", "agency": other}]);
    let body = json!({"username": "can.bo.moi", "display_name": "Cán bộ", "password": PASSWORD, "roles": roles});
    app.user("admin").post("/users", &body).expect(201);
    let token = |username: &str| {
        let answer = form(app, &format!("grant_type=password&username={username}&password={}", escaped(PASSWORD)));
        format!("Bearer {}", answer.expect(200)["access_token"].as_str().expect("a token"))
    };
    let path = format!("/dossiers/{}", open["code"].as_str().expect("a code"));
    let get = |path: &str| app.anonymous().request("GET", path).header("Authorization", &token("can.bo.moi")).send();
    get(&path).problem(404, "not-found");

    let seen = app.user("clerk").get(&format!("/agencies/{CHILD}")).expect(200);
    let merged = change(&seen, &json!({"valid_to": "2026-03-15", "successor": other}));
    app.user("admin").put(&format!("/agencies/{CHILD}?effective_from=2026-01-01"), 1, &merged).expect(200);
    get(&path).problem(404, "not-found");
    app.set_clock("2026-03-16T09:00:00+07:00");
    // The successor reads and carries on; the dossier's agency and code stay.
    let read = get(&path).expect(200);
    assert_eq!(read["agency"], CHILD);
    assert_eq!(read["applicant"]["name"], "Nguyễn Văn An");
    let request = app.anonymous().request("POST", &format!("{path}/events")).version(2);
    let finished = request.header("Authorization", &token("can.bo.moi")).json(&event("finished")).send().expect(201);
    assert_eq!(finished["dossier"]["state"], "finished");
    let figure = |agency: &str, scope: &str, to: &str| {
        let query = format!("/indicators/values?ids=online_share&agency={agency}&scope={scope}&to={to}");
        app.user("auditor").get(&query).expect(200)["values"][0]["denominator"].clone()
    };
    assert_eq!(figure(other, "own", "2026-03-16"), 1, "counted with the successor");
    assert_eq!(figure(AGENCY, "subtree", "2026-03-16"), 1);
    assert_eq!(figure(other, "own", "2026-03-15"), 0, "not before the merger");
    let body = new_dossier(&json!({"agency": CHILD}));
    app.user("clerk.child").post("/dossiers", &body).refused_at("/agency", "retired_agency");
}

fn a_new_calendar_moves_later_receipts(app: &TestApp) {
    let before = app.received();
    let seen = app.user("clerk").get("/calendar").expect(200);
    let mut days = seen["days"].as_array().expect("days").clone();
    days.push(json!({"date": "2026-03-12", "name": "Nghỉ bão", "kind": "holiday"}));
    days.push(json!({"date": "2026-03-14", "name": "Làm bù", "kind": "makeup_working_day"}));
    let storm = change(&seen, &json!({"version": "bao-so-3", "notice": "TB-3", "days": days}));
    let used = change(&seen, &json!({"days": days}));
    app.user("admin").put("/calendar", 1, &used).refused_at("/version", "version_used");
    let answer = app.user("admin").put("/calendar", revision(&seen), &storm);
    assert_eq!(answer.expect(200)["version"], "bao-so-3");
    app.user("admin").put("/calendar", revision(&seen), &storm).problem(412, "stale-version");
    let path = format!("/dossiers/{}", before["code"].as_str().expect("a code"));
    assert_eq!(app.user("clerk").get(&path).expect(200)["due"], before["due"], "a promise is not broken silently");
    let after = app.received();
    // The 12th is off, Saturday the 14th is worked: 11, 13, 14, 16, 17.
    assert_eq!(after["due"], "2026-03-17T17:00:00+07:00");
    let why =
        app.user("clerk").get(&format!("/dossiers/{}/deadline", after["code"].as_str().expect("a code"))).expect(200);
    assert_eq!(why["calendar_version"], "bao-so-3");
    let text = why["strict"]["days"].to_string();
    assert!(text.contains("Nghỉ bão") && text.contains("2026-03-14"), "{text}");
}

fn office_hours_are_the_agencys_own(app: &TestApp) {
    let seen = app.user("clerk").get(&format!("/agencies/{AGENCY}")).expect(200);
    let hours = json!({"sessions": [{"from": "07:30", "to": "11:30"}, {"from": "13:00", "to": "16:30"}]});
    let put = app.user("admin").put(&format!("/agencies/{AGENCY}"), 1, &change(&seen, &json!({"office_hours": hours})));
    put.expect(200);
    assert_eq!(app.received()["due"], "2026-03-17T16:30:00+07:00");
    assert_eq!(app.create(&json!({"agency": CHILD}))["due"], "2026-03-17T17:00:00+07:00");
    let query = format!("/deadlines?procedure={FULL}&received_at=2026-03-10T08:00:00%2B07:00");
    assert_eq!(app.anonymous().get(&query).expect(200)["due"], "2026-03-17T17:00:00+07:00");
    let own = app.anonymous().get(&format!("{query}&agency={AGENCY}"));
    assert_eq!(own.expect(200)["due"], "2026-03-17T16:30:00+07:00");
}

fn users_are_kept(app: &TestApp) {
    let body = json!({"username": "binh.tran", "display_name": "Trần Thị Bình", "password": PASSWORD,
        "roles": [{"role": "officer", "agency": CHILD}]});
    let answer = app.user("admin").post("/users", &body);
    let user = answer.expect(201);
    assert!(!answer.text.contains("password"));
    let path = answer.header("location").expect("a location").trim_start_matches("/api/v1").to_owned();
    assert_eq!(app.user("admin").get(&path).expect(200), user);
    assert_eq!(user["revision"], 1);
    let promoted =
        json!({"display_name": "Trần Thị Bình", "active": true, "roles": [{"role": "leader", "agency": CHILD}]});
    app.user("admin").request("PUT", &path).json(&promoted).send().problem(428, "if-match-required");
    let put = app.user("admin").put(&path, 1, &promoted);
    assert_eq!(put.expect(200)["roles"], promoted["roles"]);
    assert_eq!(put.header("etag"), Some("\"2\""));
    app.user("admin").put(&path, 1, &promoted).problem(412, "stale-version");
    // The roles of somebody above are not given, taken or seen.
    let above = format!("/users/{}", user_id("admin.province"));
    app.user("admin").get(&above).problem(404, "not-found");
    app.user("admin").put(&above, 1, &promoted).problem(404, "not-found");
    let king = json!({"display_name": "x", "active": true, "roles": [{"role": "admin", "agency": "H26"}]});
    app.user("admin").put(&path, 2, &king).refused_at("/roles/0/agency", "unknown_agency");
    let list = app.user("admin").get("/users?limit=500").expect(200);
    let names: Vec<&str> =
        list["items"].as_array().expect("items").iter().filter_map(|user| user["username"].as_str()).collect();
    assert!(names.contains(&"binh.tran") && !names.contains(&"admin.province") && !names.contains(&"clerk.far"));
    assert!(names.is_sorted());
}

fn lists_are_paged(app: &TestApp) {
    for path in ["/agencies", "/procedures", "/users"] {
        let whole = app.user("admin").get(&format!("{path}?limit=500")).expect(200);
        let whole = whole["items"].as_array().expect("items").clone();
        for limit in [1, 2, 3] {
            let mut items: Vec<Value> = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = app.user("admin").get(&format!("{path}?limit={limit}{cursor}")).expect(200);
                items.extend(page["items"].as_array().expect("items").iter().cloned());
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
                assert!(items.len() <= whole.len(), "the pages go round");
            }
            assert_eq!(items, whole, "{path} by {limit}");
        }
    }
}
