//! Who may do what: every operation of the OpenAPI document, as every role, at the own agency, below it and in
//! another province. The table is the contract; an operation that is not in it fails the test.

mod asks;

use std::collections::BTreeSet;

use motcua::http::openapi::document;
use serde_json::{Value, json};

use crate::factory::{self, AGENCY, CHILD, FOREIGN, PASSWORD, event};
use crate::harness::{self, TestApp};

use asks::{Ask, Scene};

on_both!(
    the_matrix,
    a_foreign_dossier_looks_like_none,
    staff_of_the_parent_read_and_do_not_write,
    figures_open_for_readers_only,
    without_a_valid_token_nobody_enters,
    a_user_without_roles_enters_nowhere,
);

/// Columns of the table; the last one sends no credentials.
const CALLERS: [&str; 7] = ["clerk", "officer", "leader", "auditor", "admin", "portal", "anonymous"];
/// Rows of an operation.
const PLACES: [&str; 3] = [AGENCY, CHILD, FOREIGN];

/// An operation, how it is asked for, and the statuses by caller: one line for each place, or one for all.
struct Operation {
    method: &'static str,
    path: &'static str,
    ask: fn(&Scene<'_>) -> Ask,
    expect: &'static [[u16; 7]],
}

macro_rules! operations {
    ($($method:ident $path:literal by $ask:ident => $([$($status:literal)+])+;)+) => {
        &[$(Operation {
            method: stringify!($method), path: $path, ask: asks::$ask, expect: &[$([$($status),+]),+],
        }),+]
    };
}

#[rustfmt::skip]
const OPERATIONS: &[Operation] = operations! {
    //                                                      clerk officer leader auditor admin portal anonymous
    GET "/healthz" by path                                   => [200 200 200 200 200 200 200];
    GET "/readyz" by path                                    => [200 200 200 200 200 200 200];
    GET "/.well-known/jwks.json" by path                     => [200 200 200 200 200 200 200];
    POST "/oauth/token" by sign_in                           => [200 200 200 200 200 200 200];
    POST "/oauth/revoke" by sign_out                         => [200 200 200 200 200 200 200];

    GET "/api/v1/me" by path                                 => [200 200 200 200 200 200 401];
    PUT "/api/v1/me/password" by own_password                => [204 204 204 204 204 204 401];

    GET "/api/v1/agencies" by path                           => [200 200 200 200 200 200 401];
    POST "/api/v1/agencies" by new_agency                    => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/agencies/{code}" by agency                  => [200 200 200 200 200 200 401];
    PUT "/api/v1/agencies/{code}" by changed_agency          => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 403 403 401];
    GET "/api/v1/procedures" by path                         => [200 200 200 200 200 200 401];
    POST "/api/v1/procedures" by new_procedure               => [403 403 403 403 201 403 401];
    GET "/api/v1/procedures/{code}" by procedure             => [200 200 200 200 200 200 401];
    PUT "/api/v1/procedures/{code}" by changed_procedure     => [403 403 403 403 200 403 401];
    GET "/api/v1/users" by path                              => [403 403 403 403 200 403 401];
    POST "/api/v1/users" by new_user                         => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/users/{id}" by user                         => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    PUT "/api/v1/users/{id}" by changed_user                 => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    GET "/api/v1/clients" by path                            => [403 403 403 403 200 403 401];
    POST "/api/v1/clients" by new_client                     => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/clients/{id}" by client                     => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    PUT "/api/v1/clients/{id}" by changed_client             => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    POST "/api/v1/clients/{id}/secrets" by new_secret        => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 404 403 401];
    DELETE "/api/v1/clients/{id}/secrets/{secret}" by client_secret
                                                             => [403 403 403 403 204 403 401]
                                                                [403 403 403 403 204 403 401]
                                                                [403 403 403 403 404 403 401];
    GET "/api/v1/calendar" by path                           => [200 200 200 200 200 200 401];
    PUT "/api/v1/calendar" by changed_calendar               => [403 403 403 403 200 403 401];
    POST "/api/v1/calendar/preview" by calendar_preview      => [403 403 200 200 200 403 401]
                                                                [403 403 200 200 200 403 401]
                                                                [403 403 404 404 404 403 401];
    POST "/api/v1/calendar/{version}/apply" by calendar_apply => [403 403 403 403 202 403 401];
    GET "/api/v1/jobs" by path                               => [403 403 200 200 200 403 401];
    GET "/api/v1/jobs/{id}" by job                           => [403 403 200 200 200 403 401];
    GET "/api/v1/deadlines" by calculator                    => [200 200 200 200 200 200 200];

    POST "/api/v1/dossiers" by new_dossier                   => [201 403 403 403 403 201 401]
                                                                [403 403 403 403 403 201 401]
                                                                [404 403 403 403 403 404 401];
    GET "/api/v1/dossiers" by of_agency                      => [200 200 200 200 403 200 401]
                                                                [200 200 200 200 403 200 401]
                                                                [404 404 404 404 403 404 401];
    POST "/api/v1/dossiers/search" by search               => [200 200 200 422 403 403 401]
                                                                [200 200 200 422 403 403 401]
                                                                [404 404 404 422 403 403 401];
    GET "/api/v1/dossiers/{code}" by dossier                 => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/events" by dossier          => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    POST "/api/v1/dossiers/{code}/events" by new_event       => [201 201 201 403 403 404 401]
                                                                [403 403 403 403 403 404 401]
                                                                [404 404 404 403 403 404 401];
    GET "/api/v1/dossiers/{code}/deadline" by dossier        => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/payments" by dossier        => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/documents" by dossier       => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/control-sheet" by dossier   => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/rating" by dossier          => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];

    GET "/api/v1/indicators" by path                         => [200 200 200 200 200 200 401];
    GET "/api/v1/indicators/values" by of_agency             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/06a" by of_agency                   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/07a" by of_agency                   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/register" by of_agency              => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    GET "/api/v1/payments" by of_agency                      => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    GET "/api/v1/plans" by path                              => [200 200 200 200 200 403 401];
    POST "/api/v1/plans" by new_plan                         => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/plans/{id}" by plan                         => [200 200 200 200 200 403 401];
    GET "/api/v1/plans/{id}/scorecard" by scorecard          => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/plans/{id}/scorecard/series" by scorecard   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/plans/{id}/scorecard/agencies" by scorecard => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    POST "/api/v1/plans/{id}/targets/{key}/declarations" by declaration
                                                             => [403 403 201 403 403 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 404 403 403 403 401];
    GET "/api/v1/plans/{id}/targets/{key}/declarations" by declarations
                                                             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    POST "/api/v1/plans/{id}/targets/{key}/declarations/{version}/review" by review
                                                             => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];

    GET "/api/v1/reports/diff" by diff                       => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    POST "/api/v1/reports/snapshots" by new_snapshot         => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/reports/snapshots" by of_agency             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/snapshots/{id}" by snapshot         => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/snapshots/{id}/differences" by snapshot
                                                             => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/reports/snapshots/{id}/proof" by snapshot   => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    POST "/api/v1/reports/snapshots/{id}/seal" by snapshot   => [403 403 201 403 403 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 404 404 403 403 401];
    POST "/api/v1/reports/snapshots/{id}/verify" by sealed   => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/access-log" by of_agency              => [403 403 403 200 403 403 401]
                                                                [403 403 403 200 403 403 401]
                                                                [403 403 403 404 403 403 401];
    GET "/api/v1/audit/heads" by path                        => [403 403 200 200 403 403 401];
    GET "/api/v1/audit/voided" by of_agency                  => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/late-entries" by of_agency            => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/checks" by of_agency                  => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/histogram" by of_agency               => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/checks/catalogue" by path             => [403 403 200 200 403 403 401];
    POST "/api/v1/imports" by import                         => [403 403 403 403 200 403 401];
    GET "/api/v1/exports/dossiers" by of_agency              => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
};

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
    let mut wrong = Vec::new();
    for operation in OPERATIONS {
        for (i, place) in PLACES.iter().enumerate() {
            let Some(expected) = operation.expect.get(i) else { continue };
            for (caller, expected) in CALLERS.iter().zip(expected) {
                let scene = Scene { app, place, operation: operation.path };
                let ask = (operation.ask)(&scene);
                let client = if *caller == "anonymous" { app.anonymous() } else { app.user(caller) };
                let answer = ask.send(client, operation.method, place);
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
        if operation.expect[0][6] == 200 {
            continue;
        }
        let scene = Scene { app, place: AGENCY, operation: operation.path };
        let answer = (operation.ask)(&scene).send(app.user("nobody"), operation.method, "any");
        answer.problem(403, "forbidden");
    }
    let me: Value = app.user("clerk").get("/me").expect(200);
    assert_eq!(me["roles"], json!([{"role": "clerk", "agency": AGENCY}]));
}
