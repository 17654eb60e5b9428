//! Who may do what: every operation of the OpenAPI document, as every role, at the own agency, below and above it, in
//! another province and where an agency has merged into the own one. The table is the contract; an operation that is
//! not in it fails the test.

mod asks;
mod foreign_fields;
mod imports;
pub mod places;
mod table;

use std::collections::BTreeSet;

use motcua::http::openapi::document;
use serde_json::{Value, json};

use crate::factory::{self, AGENCY, CHILD, FOREIGN, PASSWORD, event};
use crate::harness::{self, TestApp};

use asks::{Ask, Scene};
use foreign_fields::{
    no_body_takes_a_foreign_field, no_event_takes_a_foreign_field, no_form_or_line_takes_a_foreign_field,
};
use imports::an_import_is_no_second_path;
use places::PREDECESSOR;
use table::{CALLERS, OPERATIONS, PLACES};

on_both!(
    the_matrix,
    a_foreign_dossier_looks_like_none,
    staff_of_the_parent_read_and_do_not_write,
    staff_of_a_merged_agency_do_not_reach_its_successor,
    figures_open_for_readers_only,
    without_a_valid_token_nobody_enters,
    a_user_without_roles_enters_nowhere,
    no_body_takes_a_foreign_field,
    no_event_takes_a_foreign_field,
    no_form_or_line_takes_a_foreign_field,
    an_import_is_no_second_path,
);

#[test]
fn the_table_holds_every_operation_and_no_other() {
    let text = serde_json::to_value(document()).expect("a document");
    let mut documented = BTreeSet::new();
    for (path, item) in text["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let listed: BTreeSet<(String, String)> =
        OPERATIONS.iter().map(|operation| (operation.method.to_owned(), operation.path.to_owned())).collect();
    assert_eq!(listed.len(), OPERATIONS.len(), "an operation stands twice in the table");
    let missing: Vec<_> = documented.difference(&listed).collect();
    assert!(missing.is_empty(), "not in the authorisation table of tests/it/authz.rs: {missing:?}");
    let gone: Vec<_> = listed.difference(&documented).collect();
    assert!(gone.is_empty(), "in the table, but no operation: {gone:?}");
}

fn the_matrix(app: &TestApp) {
    places::merge(app);
    let mut wrong = Vec::new();
    for operation in OPERATIONS {
        for (i, place) in PLACES.iter().enumerate() {
            let Some(expected) = operation.expected(i) else { continue };
            let scene = Scene { app, place, operation: operation.path };
            let mut kept: Option<Ask> = None;
            for (caller, expected) in CALLERS.iter().zip(expected) {
                let ask = kept.take().unwrap_or_else(|| (operation.ask)(&scene));
                let client = if *caller == "anonymous" { app.anonymous() } else { app.user(caller) };
                let answer = ask.send(client, operation.method, place);
                // What was read or refused is still as it was, and serves the next caller too.
                if operation.method == "GET" || answer.status >= 400 {
                    kept = Some(ask);
                }
                if answer.status != *expected {
                    wrong.push(format!(
                        "{} {} at {place} as {caller}: {} instead of {expected}: {}",
                        operation.method, operation.path, answer.status, answer.text
                    ));
                } else if !answer.text.is_empty() && answer.status >= 400 {
                    let code = answer.json()["code"].as_str().expect("a code").to_owned();
                    answer.problem(*expected, &code);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The answer without what differs from one request to the next.
fn bare(answer: &crate::harness::Answer) -> (u16, Vec<(String, String)>, String) {
    let mut body = answer.json();
    body.as_object_mut().expect("a problem").remove("trace_id");
    // Whether the connection stays open is a matter of how much of the body had arrived.
    // The name of the request is its own, and the framework lists in no order what other origins may see.
    let passing = ["date", "connection", "x-request-id", "access-control-expose-headers"];
    let headers = answer.headers.iter().filter(|(name, _)| !passing.contains(&name.as_str()));
    let mut headers: Vec<(String, String)> = headers.cloned().collect();
    headers.sort();
    (answer.status, headers, body.to_string())
}

fn a_foreign_dossier_looks_like_none(app: &TestApp) {
    let foreign = app.create(&json!({"agency": FOREIGN}));
    let missing = [("H38.1-260310-0777", "code"), ("01990000-0000-7000-8000-000000000001", "id")];
    for (none, name) in missing {
        let real = foreign[name].as_str().expect("a name");
        for caller in ["clerk", "officer", "leader", "auditor", "admin", "portal"] {
            for tail in ["", "/events", "/deadline", "/payments", "/documents", "/rating"] {
                let get = |name: &str| app.user(caller).get(&format!("/dossiers/{name}{tail}"));
                let (there, not_there) = (get(real), get(none));
                there.problem(404, "not-found");
                assert_eq!(bare(&there), bare(&not_there), "{caller} {tail}");
            }
            let post = |name: &str| {
                let request = app.user(caller).request("POST", &format!("/dossiers/{name}/events"));
                request.version(2).key("k").json(&event("forwarded")).send()
            };
            assert_eq!(bare(&post(real)), bare(&post(none)), "{caller} writes");
        }
    }
    let list = |agency: &str| app.user("clerk").get(&format!("/dossiers?agency={agency}"));
    assert_eq!(bare(&list(FOREIGN)), bare(&list("H77.7")));
    let create = |agency: &str| app.user("clerk").post("/dossiers", &factory::new_dossier(&json!({"agency": agency})));
    let (there, not_there) = (create(FOREIGN), create("H77.7"));
    assert_eq!(there.text.replace(FOREIGN, "H77.7").len(), not_there.text.len());
    assert_eq!((there.status, not_there.status), (404, 404));
}

fn staff_of_the_parent_read_and_do_not_write(app: &TestApp) {
    let dossier = app.create(&json!({"agency": CHILD}));
    let path = format!("/dossiers/{}", dossier["id"].as_str().expect("an id"));
    for caller in ["clerk", "officer", "leader"] {
        let seen = app.user(caller).get(&path).expect(200);
        assert_eq!(seen["allowed_events"], json!([]), "{caller}");
        for kind in ["forwarded", "voided", "corrected"] {
            app.user(caller).event(&dossier, &event(kind)).problem(403, "forbidden");
        }
    }
    // And the child's staff do not see the parent's dossiers.
    let above = app.received();
    for caller in ["clerk.child", "leader.child"] {
        app.user(caller).get(&format!("/dossiers/{}", above["id"].as_str().expect("an id"))).problem(404, "not-found");
    }
    app.user("clerk.child").event(&dossier, &event("forwarded")).expect(201);
}

fn staff_of_a_merged_agency_do_not_reach_its_successor(app: &TestApp) {
    places::merge(app);
    let theirs = asks::entered_late(app, PREDECESSOR);
    for dossier in [app.received(), app.create(&json!({"agency": CHILD}))] {
        let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
        for caller in ["clerk.before", "leader.before"] {
            for tail in ["", "/events", "/control-sheet"] {
                app.user(caller).get(&format!("{path}{tail}")).problem(404, "not-found");
            }
            app.user(caller).event(&dossier, &event("forwarded")).problem(404, "not-found");
            let agency = dossier["agency"].as_str().expect("an agency");
            app.user(caller).get(&format!("/dossiers?agency={agency}")).problem(404, "not-found");
            let list = app.user(caller).get("/dossiers").expect(200);
            let ids: Vec<&Value> = list["items"].as_array().expect("items").iter().map(|row| &row["id"]).collect();
            assert_eq!(ids, [&theirs["id"]], "{caller}");
        }
    }
}

fn figures_open_for_readers_only(app: &TestApp) {
    app.user("admin").get("/indicators/values?ids=on_time_resolved").expect(200);
    app.user("admin").get("/dossiers?indicator=on_time_resolved").problem(403, "forbidden");
    app.user("admin").get("/procedures?indicator=procedures_full_online").problem(403, "forbidden");
    app.user("portal").get("/procedures?indicator=procedures_full_online").problem(403, "forbidden");
    app.user("admin").get("/payments").problem(403, "forbidden");
    app.user("auditor").get("/dossiers?indicator=on_time_resolved&part=numerator").expect(200);
    app.user("auditor").get("/procedures?indicator=procedures_full_online").expect(200);
}

fn without_a_valid_token_nobody_enters(app: &TestApp) {
    let with = |value: &str| app.anonymous().request("GET", "/me").header("Authorization", value).send();
    let token = app.user("clerk").token().expect("a token");
    with(&format!("Bearer {token}")).expect(200);
    with(&format!("bearer {token}")).expect(200);
    let mut forged = token.clone();
    let last = forged.pop().expect("a character");
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let (head, _) = token.rsplit_once('.').expect("three parts");
    let unsigned =
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDEwMDAifQ.";
    let middle = format!("{}x{}", &token[..40], &token[41..]);
    let odd = [
        format!("Basic {token}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x.y.z".to_owned(),
        format!("Bearer {head}."),
        format!("Bearer {unsigned}"),
        format!("Bearer {middle}"),
        token.clone(),
    ];
    for value in odd {
        let refused = with(&value);
        refused.problem(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    app.anonymous().get("/me").problem(401, "unauthenticated");
    // A token ends after a quarter of an hour, a user at once: a verified one serves seconds longer at most.
    app.pass(chrono::Duration::minutes(15));
    with(&format!("Bearer {token}")).problem(401, "unauthenticated");
    let user = app.user("admin").get(&format!("/users/{}", factory::user_id("clerk2"))).expect(200);
    let change = json!({"display_name": "x", "roles": user["roles"], "active": false});
    let path = format!("/users/{}", factory::user_id("clerk2"));
    app.user("admin").put(&path, user["revision"].as_i64().expect("a revision"), &change).expect(200);
    app.user("clerk2").get("/me").problem(401, "unauthenticated");
    let form = format!("grant_type=password&username=clerk2&password={}", harness::escaped(PASSWORD));
    harness::form(app, &form).problem(400, "invalid-grant");
}

fn a_user_without_roles_enters_nowhere(app: &TestApp) {
    for operation in OPERATIONS {
        if operation.open() {
            continue;
        }
        let scene = Scene { app, place: AGENCY, operation: operation.path };
        let answer = (operation.ask)(&scene).send(app.user("nobody"), operation.method, "any");
        answer.problem(403, "forbidden");
    }
    let me: Value = app.user("clerk").get("/me").expect(200);
    assert_eq!(me["roles"], json!([{"role": "clerk", "agency": AGENCY}]));
}
