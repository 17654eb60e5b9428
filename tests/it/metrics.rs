//! Figures for operators: counted right, bounded, about nobody, and nowhere but on their own address.

mod exposition;

use std::sync::mpsc::{Receiver, Sender, channel};

use motcua::store::{StoreError, Tx};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::calendar_change::{ask, finish, put, with_day_off};
use crate::factory::{AGENCY, PASSWORD, new_dossier};
use crate::harness::{TestApp, Wire, escaped, form, leaks};
use exposition::{Series, read};

on_both!(
    requests_are_counted_by_route,
    strange_requests_make_no_series,
    nobody_is_named,
    writers_are_watched,
    readers_are_watched,
    jobs_are_watched,
    sign_ins_are_counted,
    nowhere_but_on_their_own_address,
);

/// The same program with an address for its figures.
fn watched(app: &TestApp) -> TestApp {
    app.beside(|settings| settings.metrics_listen = Some("127.0.0.1:0".parse().expect("an address")))
}

fn page(app: &TestApp) -> String {
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let mut answer = agent.get(app.metrics.as_ref().expect("an address")).call().expect("figures");
    let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    answer.body_mut().read_to_string().expect("a text")
}

fn scrape(app: &TestApp) -> Series {
    read(&page(app))
}

/// Zero for a series that is not there.
fn of(series: &Series, name: &str) -> f64 {
    series.get(name).copied().unwrap_or_default()
}

fn requests(series: &Series, method: &str, route: &str, status: &str) -> f64 {
    let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
    of(series, &format!("motcua_http_requests_total{{{labels}}}"))
}

fn requests_are_counted_by_route(app: &TestApp) {
    let app = watched(app);
    let clerk = app.user("clerk");
    let dossier = clerk.post("/dossiers", &new_dossier(&json!({"receive": true}))).expect(201);
    let code = dossier["code"].as_str().expect("a code");
    let route = "/api/v1/dossiers/{code}";
    let before = scrape(&app);
    assert_eq!(requests(&before, "POST", "/api/v1/dossiers", "2xx"), 1.0);
    assert_eq!(requests(&before, "GET", route, "2xx"), 0.0);
    for _ in 0..3 {
        clerk.get(&format!("/dossiers/{code}")).expect(200);
    }
    clerk.get("/dossiers/H26-240101-0001").expect(404);
    clerk.request("DELETE", &format!("/dossiers/{code}")).send().problem(405, "method-not-allowed");
    app.anonymous().get("//panics").problem(500, "internal");
    let after = scrape(&app);
    assert_eq!(requests(&after, "GET", route, "2xx"), 3.0);
    assert_eq!(requests(&after, "GET", route, "4xx"), 1.0);
    assert_eq!(requests(&after, "DELETE", route, "4xx"), 1.0);
    assert_eq!(requests(&after, "GET", "/panics", "5xx"), 1.0);
    let durations = format!("motcua_http_request_duration_seconds_count{{method=\"GET\",route=\"{route}\"}}");
    assert_eq!(of(&after, &durations), 4.0);
    assert_eq!(of(&after, "motcua_http_requests_in_flight"), 0.0);
    let database = if matches!(app.database, motcua::store::DatabaseUrl::Sqlite(_)) { "sqlite" } else { "postgres" };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(of(&after, &format!("motcua_build_info{{version=\"{version}\",database=\"{database}\"}}")), 1.0);
}

fn strange_requests_make_no_series(app: &TestApp) {
    let app = watched(app);
    let mut dice = StdRng::seed_from_u64(9);
    let mut walk = |times: usize| {
        for i in 0..times {
            let word: String = (0..12).map(|_| dice.random_range('a'..='z')).collect();
            let strange = word.to_uppercase();
            let method = ["GET", "POST", "BREW", &strange][i % 4];
            let start =
                ["/", "/api/v1/", "/api/v1/dossiers/", "/api/v1/agencies/", "/docs/", "/api/v1/reports/"][i % 6];
            let mut wire = Wire::to(&app);
            wire.send(&format!(
                "{method} {start}{word}?{word}={word} HTTP/1.1\r\nHost: {word}\r\n{word}: {word}\r\nConnection: close\r\n\r\n"
            ));
            let answer = wire.rest();
            let status =
                answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|text| text.parse().ok());
            assert!(status.is_some_and(|status: u16| (200..500).contains(&status)), "{method} {start}{word}: {answer}");
        }
    };
    // Every kind of them once: twelve rounds of both lists.
    walk(12);
    let before = scrape(&app);
    walk(100);
    let after = scrape(&app);
    let new: Vec<&String> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert!(new.is_empty(), "{new:?}");
    assert!(requests(&after, "other", "unmatched", "4xx") > requests(&before, "other", "unmatched", "4xx"));
}

fn nobody_is_named(app: &TestApp) {
    let app = watched(app);
    let body = new_dossier(&json!({"receive": true}));
    let dossier = app.user("clerk").post("/dossiers", &body).expect(201);
    let code = dossier["code"].as_str().expect("a code").to_owned();
    let id = dossier["id"].as_str().expect("an id").to_owned();
    for name in [&code, &id] {
        app.user("clerk").get(&format!("/dossiers/{name}")).expect(200);
        app.user("clerk").get(&format!("/dossiers/{name}/nothing")).expect(404);
        app.user("leader").get(&format!("/dossiers?officer={name}&agency={AGENCY}"));
    }
    app.user("admin").get(&format!("/users/{}", crate::factory::user_id("clerk"))).expect(200);
    app.user("admin").get(&format!("/agencies/{AGENCY}")).expect(200);
    form(&app, &format!("grant_type=password&username=clerk2&password={}", escaped(PASSWORD))).expect(200);
    form(&app, &format!("grant_type={code}&username={code}&password=clerk"));
    let page = page(&app);
    let mut secrets = texts(&body["applicant"]);
    assert!(secrets.iter().any(|text| text.len() == 12), "an identity number among {secrets:?}");
    secrets.extend([code, id, AGENCY.to_owned(), "clerk".to_owned(), "admin".to_owned(), PASSWORD.to_owned()]);
    secrets.push(crate::factory::user_id("clerk").to_string());
    secrets.extend(leaks::PEOPLE.map(str::to_owned));
    for secret in secrets.iter().filter(|text| text.len() > 3) {
        assert!(!page.contains(secret.as_str()), "{secret} stands in the figures");
    }
}

/// Every text in a body.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        // What a number is called by is no secret.
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "type" && *key != "kind")
            .flat_map(|(_, value)| texts(value))
            .collect(),
        _ => Vec::new(),
    }
}

/// Work that says when it has begun and ends when it is told to.
fn held() -> (Sender<()>, Receiver<()>, impl Fn() + Clone + Send + 'static) {
    let (begun, told) = channel();
    let (end, ended) = channel::<()>();
    let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
    let work = move || {
        // Nobody may be listening any more.
        let _ = begun.send(());
        let _ = ended.lock().expect("a sound lock").recv();
    };
    (end, told, work)
}

fn writers_are_watched(app: &TestApp) {
    let app = app.beside(|settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().expect("an address"));
        settings.limits.waiting = 1;
    });
    let clerk = app.user("clerk");
    let body = new_dossier(&json!({"receive": true}));
    clerk.post("/dossiers", &body).expect(201);
    let before = scrape(&app);
    assert!(of(&before, "motcua_commit_requests_count") >= 1.0);
    assert!(of(&before, "motcua_commit_duration_seconds_sum") > 0.0);
    assert_eq!(of(&before, "motcua_writes_waiting"), 0.0);
    let (end, begun, work) = held();
    let write = app.app.store.submit(AGENCY, move |_| {
        work();
        Ok::<_, motcua::app::AppError>(())
    });
    begun.recv().expect("the work begins");
    assert_eq!(of(&scrape(&app), "motcua_writes_waiting"), 1.0);
    clerk.post("/dossiers", &body).problem(503, "unavailable");
    drop(end);
    actix_web::rt::System::new().block_on(write).expect("written");
    clerk.post("/dossiers", &body).expect(201);
    let after = scrape(&app);
    let grown = |name: &str| of(&after, name) - of(&before, name);
    assert_eq!(grown("motcua_writes_refused_total"), 1.0);
    assert_eq!(of(&after, "motcua_writes_waiting"), 0.0);
    assert_eq!(grown("motcua_commit_requests_count"), 2.0);
    assert_eq!(grown("motcua_commit_requests_sum"), 2.0);
    assert_eq!(grown("motcua_commit_duration_seconds_count"), 2.0);
}

/// So many read at one time, and one may wait.
const SEATS: usize = 8;

fn readers_are_watched(app: &TestApp) {
    let app = app.beside(|settings| {
        settings.metrics_listen = Some("127.0.0.1:0".parse().expect("an address"));
        settings.limits.waiting = 1;
    });
    let idle = scrape(&app);
    assert_eq!(of(&idle, "motcua_database_up"), 1.0);
    assert_eq!(of(&idle, "motcua_reads_running"), 0.0);
    let (end, begun, work) = held();
    let mut reads = Vec::new();
    for _ in 0..=SEATS {
        let (store, work) = (app.app.store.clone(), work.clone());
        let held = move |_: &mut Tx<'_>| {
            work();
            Ok::<_, StoreError>(())
        };
        let read = async move { store.read(held).await };
        reads.push(std::thread::spawn(|| actix_web::rt::System::new().block_on(read)));
    }
    for _ in 0..SEATS {
        begun.recv().expect("a read begins");
    }
    // The last one may still be on its way to its place.
    while app.app.store.load().reads_waiting == 0 {
        std::thread::yield_now();
    }
    let busy = scrape(&app);
    assert_eq!(of(&busy, "motcua_reads_running"), 8.0);
    assert_eq!(of(&busy, "motcua_reads_waiting"), 1.0);
    assert_eq!(of(&busy, "motcua_reader_connections{state=\"busy\"}"), 8.0);
    // The scrape itself was turned away, and says so.
    assert_eq!(of(&busy, "motcua_database_up"), 0.0);
    assert_eq!(of(&busy, "motcua_reads_refused_total"), 1.0);
    assert!(busy.keys().all(|name| !name.starts_with("motcua_jobs{")));
    drop(end);
    for read in reads {
        read.join().expect("no panic").expect("read");
    }
    assert_eq!(of(&scrape(&app), "motcua_database_up"), 1.0);
}

fn jobs_are_watched(app: &TestApp) {
    let app = watched(app);
    let jobs = |state: &str| of(&scrape(&app), &format!("motcua_jobs{{state=\"{state}\"}}"));
    assert_eq!(jobs("queued"), 0.0);
    put(&app, &with_day_off(&app, "metrics-1", "2026-03-12"));
    ask(&app, "metrics-1");
    assert_eq!((jobs("queued"), jobs("done")), (1.0, 0.0));
    finish(&app);
    assert_eq!((jobs("queued"), jobs("done")), (0.0, 1.0));
}

fn sign_ins_are_counted(app: &TestApp) {
    let app = watched(app);
    let sign_in = |password: &str| {
        form(&app, &format!("grant_type=password&username=clerk&password={}", escaped(password))).status
    };
    assert_eq!(sign_in(PASSWORD), 200);
    for _ in 0..5 {
        assert_eq!(sign_in("không phải mật khẩu"), 400);
    }
    assert_eq!(sign_in(PASSWORD), 429);
    form(&app, "grant_type=refresh_token&refresh_token=x").problem(400, "invalid-grant");
    form(&app, "grant_type=magic").problem(400, "invalid-token-request");
    let change = json!({"current_password": "không phải mật khẩu", "new_password": "một mật khẩu khác hẳn"});
    app.user("officer").request("PUT", "/me/password").json(&change).send().expect(422);
    let counted = scrape(&app);
    for (grant, outcome, times) in [
        ("password", "granted", 1.0),
        ("password", "refused", 5.0),
        ("password", "throttled", 1.0),
        ("refresh_token", "refused", 1.0),
        ("other", "refused", 1.0),
        ("password_change", "refused", 1.0),
    ] {
        let name = format!("motcua_sign_ins_total{{grant=\"{grant}\",outcome=\"{outcome}\"}}");
        assert_eq!(of(&counted, &name), times, "{name}");
    }
}

fn nowhere_but_on_their_own_address(app: &TestApp) {
    assert_eq!(app.metrics, None, "off unless it is asked for");
    let app = watched(app);
    for path in ["//metrics", "/metrics"] {
        app.anonymous().get(path).problem(404, "not-found");
        app.user("admin").get(path).problem(404, "not-found");
    }
    let other = app.metrics.as_ref().expect("an address").replace("/metrics", "/api/v1/dossiers");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    assert_eq!(agent.get(other).call().expect("an answer").status().as_u16(), 404);
}
