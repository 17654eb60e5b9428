//! Portals and devices: they sign in with a secret, which is shown once and replaced without a gap.

mod secrets;

use motcua::http::figures::escape;
use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, FOREIGN, PASSWORD, new_dossier};
use crate::harness::{Answer, TestApp, form};

on_both!(
    a_client_signs_in_both_ways,
    a_client_acts_as_a_portal,
    a_wrong_secret_says_nothing_of_clients,
    credentials_stand_in_one_place,
    a_client_without_standing_is_out,
    clients_that_break_rules,
    a_repeated_request_makes_no_second_client,
    an_admin_keeps_clients_within_reach,
);

/// A new client of the agency, with its secret.
pub fn create(app: &TestApp, name: &str) -> Value {
    let body = json!({"name": name, "roles": [{"role": "portal", "agency": AGENCY}]});
    app.user("admin").post("/clients", &body).expect(201)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn by_secret(app: &TestApp, id: &str, secret: &str) -> Answer {
    form(app, &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"))
}

fn basic(app: &TestApp, credentials: &str, more: &str) -> Answer {
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, credentials);
    let request = app.anonymous().request("POST", "//oauth/token").header("Authorization", &format!("Basic {encoded}"));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    request.bytes(format!("grant_type=client_credentials{more}").into_bytes()).send()
}

fn bearing(app: &TestApp, method: &'static str, path: &str, answer: &Value, body: Option<&Value>) -> Answer {
    let token = format!("Bearer {}", text(answer, "access_token"));
    let request = app.anonymous().request(method, path).header("Authorization", &token);
    match body {
        Some(body) => request.key(&body.to_string().len().to_string()).json(body).send(),
        None => request.send(),
    }
}

fn a_client_signs_in_both_ways(app: &TestApp) {
    let client = create(app, "Cổng dịch vụ công tỉnh");
    let (id, secret) = (text(&client, "id"), text(&client, "client_secret"));
    assert!(secret.len() >= 64);
    let answer = by_secret(app, id, secret);
    let by_form = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let by_header = basic(app, &format!("{id}:{secret}"), "").expect(200);
    basic(app, &format!("{}:{}", escape(id), escape(secret)), "&client_id=ignored").expect(200);
    for answer in [by_form, by_header] {
        assert!(answer["refresh_token"].is_null(), "a client signs in again");
        assert_eq!((text(&answer, "token_type"), answer["expires_in"].as_i64()), ("Bearer", Some(900)));
        let me = bearing(app, "GET", "/me", &answer, None).expect(200);
        assert_eq!((text(&me, "id"), text(&me, "username")), (id, "Cổng dịch vụ công tỉnh"));
        let change = json!({"current_password": PASSWORD, "new_password": "ba con gà trống choai"});
        bearing(app, "PUT", "/me/password", &answer, Some(&change)).problem(403, "forbidden");
    }
    // People whose portal signs in by password go on as before.
    form(app, &format!("grant_type=password&username=portal&password={}", escape(PASSWORD))).expect(200);
}

fn a_client_acts_as_a_portal(app: &TestApp) {
    let mut tokens = Vec::new();
    for name in ["Cổng A", "Cổng B"] {
        let client = create(app, name);
        let token = by_secret(app, text(&client, "id"), text(&client, "client_secret")).expect(200);
        tokens.push((text(&client, "id").to_owned(), token));
    }
    let body = new_dossier(&json!({"channel": "level_4", "receive": null}));
    let dossier = bearing(app, "POST", "/dossiers", &tokens[0].1, Some(&body)).expect(201);
    let path = format!("/dossiers/{}", text(&dossier, "id"));
    assert_eq!(bearing(app, "GET", &path, &tokens[0].1, None).expect(200)["applicant"]["name"], "Nguyễn Văn An");
    bearing(app, "GET", &path, &tokens[1].1, None).problem(404, "not-found");
    app.user("portal").get(&path).problem(404, "not-found");
    bearing(app, "GET", "/audit/heads", &tokens[0].1, None).problem(403, "forbidden");
    let events = app.user("leader").get(&format!("{path}/events")).expect(200);
    assert_eq!(events["items"][0]["actor"], format!("client:{}", tokens[0].0));
}

fn a_wrong_secret_says_nothing_of_clients(app: &TestApp) {
    let (client, other) = (create(app, "Cổng A"), create(app, "Cổng B"));
    let (id, secret) = (text(&client, "id"), text(&client, "client_secret"));
    let bare = |answer: Answer| {
        let mut problem = answer.problem(401, "invalid-client");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"motcua\""));
        assert_eq!(problem["error"], "invalid_client");
        assert!(problem["error_description"].as_str().is_some_and(|text| !text.is_empty()));
        problem.as_object_mut().expect("a problem").remove("trace_id");
        problem
    };
    let wrong = bare(by_secret(app, id, "mcs_wrong"));
    for answer in [
        by_secret(app, id, text(&other, "client_secret")),
        by_secret(app, "00000000-0000-7000-8000-000000000001", secret),
        by_secret(app, "portal", secret),
        by_secret(app, id, ""),
        basic(app, &format!("{id}:wrong"), ""),
        basic(app, "no-colon", ""),
        form(app, "grant_type=client_credentials"),
        form(app, &format!("grant_type=client_credentials&client_id={id}")),
    ] {
        assert_eq!(bare(answer), wrong);
    }
}

fn credentials_stand_in_one_place(app: &TestApp) {
    let client = create(app, "Cổng A");
    let (id, secret) = (text(&client, "id"), text(&client, "client_secret"));
    let twice = basic(app, &format!("{id}:{secret}"), &format!("&client_id={id}&client_secret={secret}"));
    assert_eq!(twice.problem(400, "invalid-token-request")["error"], "invalid_request");
    // Never from the address, which ends up in logs.
    let request = app
        .anonymous()
        .request("POST", &format!("//oauth/token?client_id={id}&client_secret={secret}"))
        .header("Content-Type", "application/x-www-form-urlencoded");
    request.bytes(b"grant_type=client_credentials".to_vec()).send().problem(401, "invalid-client");
}

fn a_client_without_standing_is_out(app: &TestApp) {
    let client = create(app, "Cổng A");
    let (id, secret) = (text(&client, "id"), text(&client, "client_secret"));
    let path = format!("/clients/{id}");
    let put = |revision: i64, name: &str, agency: &str, active: bool| {
        let body = json!({"name": name, "roles": [{"role": "portal", "agency": agency}], "active": active});
        app.user("admin").put(&path, revision, &body)
    };
    let token = by_secret(app, id, secret).expect(200);
    put(1, "Cổng A, tên mới", AGENCY, true).expect(200);
    put(1, "Cổng A", AGENCY, true).problem(412, "stale-version");
    app.pass(chrono::Duration::seconds(4));
    assert_eq!(bearing(app, "GET", "/me", &token, None).expect(200)["username"], "Cổng A, tên mới");
    put(2, "Cổng A", CHILD, true).expect(200);
    app.pass(chrono::Duration::seconds(4));
    bearing(app, "GET", "/me", &token, None).problem(401, "unauthenticated");
    let token = by_secret(app, id, secret).expect(200);
    bearing(app, "GET", "/me", &token, None).expect(200);
    assert_eq!(put(3, "Cổng A", CHILD, false).expect(200)["active"], false);
    by_secret(app, id, secret).problem(401, "invalid-client");
    app.pass(chrono::Duration::seconds(4));
    bearing(app, "GET", "/me", &token, None).problem(401, "unauthenticated");
    put(4, "Cổng A", CHILD, true).expect(200);
    bearing(app, "GET", "/me", &token, None).problem(401, "unauthenticated");
    by_secret(app, id, secret).expect(200);
}

fn clients_that_break_rules(app: &TestApp) {
    create(app, "Cổng A");
    let other = create(app, "Cổng B");
    let role = |role: &str, agency: &str| json!([{"role": role, "agency": agency}]);
    let cases = [
        (json!({"name": "A"}), "/name", "name"),
        (json!({"name": " Cổng"}), "/name", "name"),
        (json!({"name": "Cổng\u{7}"}), "/name", "name"),
        (json!({"name": "x".repeat(101)}), "/name", "name"),
        (json!({"roles": []}), "/roles", "count"),
        (json!({"roles": role("clerk", AGENCY)}), "/roles/0/role", "role"),
        (json!({"roles": role("admin", AGENCY)}), "/roles/0/role", "role"),
        (json!({"roles": role("portal", FOREIGN)}), "/roles/0/agency", "unknown_agency"),
        (json!({"roles": role("portal", "H26")}), "/roles/0/agency", "unknown_agency"),
        (json!({"roles": role("portal", "H99")}), "/roles/0/agency", "unknown_agency"),
    ];
    let path = format!("/clients/{}", text(&other, "id"));
    for (with, pointer, code) in cases {
        let mut body = json!({"name": "Cổng C", "roles": role("portal", AGENCY)});
        crate::factory::merge(&mut body, &with);
        app.user("admin").post("/clients", &body).refused_at(pointer, code);
        body["active"] = true.into();
        app.user("admin").put(&path, 1, &body).refused_at(pointer, code);
    }
    // What the server decides is not taken.
    for field in ["id", "active", "client_secret", "secrets", "revision", "stamp", "secret_hash"] {
        let body = json!({"name": "Cổng C", "roles": role("portal", AGENCY), field: "x"});
        app.user("admin").post("/clients", &body).problem(422, "validation");
    }
    let taken = json!({"name": "Cổng A", "roles": role("portal", AGENCY)});
    app.user("admin").post("/clients", &taken).problem(409, "already-exists");
    let body = json!({"name": "Cổng A", "roles": role("portal", AGENCY), "active": true});
    app.user("admin").put(&path, 1, &body).problem(409, "already-exists");
    app.user("admin").request("PUT", &path).json(&body).send().problem(428, "if-match-required");
    app.user("admin").get("/clients/no-uuid").problem(404, "not-found");
}

fn a_repeated_request_makes_no_second_client(app: &TestApp) {
    let send = |name: &str| {
        let body = json!({"name": name, "roles": [{"role": "portal", "agency": AGENCY}]});
        app.user("admin").request("POST", "/clients").key("k").json(&body).send()
    };
    let answer = send("Cổng A");
    let first = answer.expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("location"), Some(format!("/api/v1/clients/{}", text(&first, "id")).as_str()));
    let mut again = send("Cổng A").expect(201);
    assert!(again["client_secret"].is_null(), "shown once");
    again["client_secret"] = first["client_secret"].clone();
    assert_eq!(again, first);
    send("Cổng B").problem(422, "idempotency-key-reused");
}

fn an_admin_keeps_clients_within_reach(app: &TestApp) {
    let below = create(app, "Cổng A");
    let body = json!({"name": "Cổng tỉnh", "roles": [{"role": "portal", "agency": "H26"}]});
    let above = app.user("admin.province").post("/clients", &body).expect(201);
    let names = |user: &str, query: &str| {
        let page = app.user(user).get(&format!("/clients{query}")).expect(200);
        let names: Vec<String> =
            page["items"].as_array().expect("items").iter().map(|c| text(c, "name").into()).collect();
        (names, page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(names("admin", "").0, ["Cổng A"]);
    assert_eq!(names("admin.province", "").0, ["Cổng A", "Cổng tỉnh"]);
    let (first, next) = names("admin.province", "?limit=1");
    let (second, end) = names("admin.province", &format!("?limit=1&cursor={}", next.expect("more")));
    assert_eq!((first.concat() + &second.concat(), end), ("Cổng ACổng tỉnh".to_owned(), None));
    let path = format!("/clients/{}", text(&above, "id"));
    app.user("admin").get(&path).problem(404, "not-found");
    app.user("admin").put(&path, 1, &json!({"name": "x"})).problem(404, "not-found");
    app.user("admin").post(&format!("{path}/secrets"), &json!({})).problem(404, "not-found");
    let secret = text(&above["secrets"][0], "id").to_owned();
    app.user("admin").request("DELETE", &format!("{path}/secrets/{secret}")).send().problem(404, "not-found");
    // A secret of another client is not there either.
    let own = format!("/clients/{}/secrets/{secret}", text(&below, "id"));
    app.user("admin").request("DELETE", &own).send().problem(404, "not-found");
    by_secret(app, text(&above, "id"), text(&above, "client_secret")).expect(200);
}
