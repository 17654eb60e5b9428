//! What every request must be, and what every answer carries.

use std::time::Duration;

use serde_json::json;

use crate::factory::new_dossier;
use crate::harness::{Answer, GENEROUS, TestApp, Wire, sqlite};

on_both!(
    every_answer_is_dressed,
    requests_are_named,
    only_named_origins_may_call,
    without_names_no_other_origin_may_call,
    packed_bodies_are_refused,
    odd_addresses_are_refused,
    json_is_unambiguous,
);

fn every_answer_is_dressed(app: &TestApp) {
    for (path, status) in [
        ("//healthz", 200),
        ("//openapi.yaml", 200),
        ("//docs/", 200),
        ("//nowhere", 404),
        ("//panics", 500),
        ("/dossiers", 200),
        ("/dossiers?limit=0", 422),
        ("//oauth/token", 405),
        ("/reports/06a?format=html&from=2026-01-01&to=2026-03-01", 200),
    ] {
        let answer = app.user("leader").get(path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("X-Frame-Options"), Some("DENY"), "{path}");
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'self'"), path.starts_with("//docs"), "{path}");
        let kept = path.starts_with("//") && !path.starts_with("//oauth");
        assert_eq!(answer.header("Cache-Control"), (!kept).then_some("no-store"), "{path}");
        assert_eq!(answer.header("Strict-Transport-Security"), None, "{path}: not without TLS");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{path}");
    }
    // What the documentation loads is what its policy lets it load.
    let page = app.anonymous().get("//docs/").text;
    for tag in page.split("<script").skip(1) {
        assert!(tag.trim_start().starts_with("src=\"./") || tag.contains(" src=\"./"), "an inline script: {tag}");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
}

fn requests_are_named(app: &TestApp) {
    let named = |id: &str| app.anonymous().request("GET", "/me").header("X-Request-Id", id).send();
    let answer = named("portal-2026.11_a");
    assert_eq!(answer.header("X-Request-Id"), Some("portal-2026.11_a"));
    assert_eq!(answer.expect(401)["trace_id"], "portal-2026.11_a");
    for odd in ["short", "with space here", &"x".repeat(65), "<script>alert(1)</script>"] {
        let answer = named(odd);
        let own = answer.header("X-Request-Id").expect("one of our own").to_owned();
        assert_ne!(own, odd);
        assert_eq!(answer.expect(401)["trace_id"], *own);
    }
    let panicked = app.anonymous().request("GET", "//panics").header("X-Request-Id", "portal-2026.11_b").send();
    assert_eq!(panicked.header("X-Request-Id"), Some("portal-2026.11_b"));
    assert_eq!(panicked.expect(500)["trace_id"], "portal-2026.11_b");
    let [one, two] = [0, 1].map(|_| app.anonymous().get("//healthz").header("X-Request-Id").map(str::to_owned));
    assert!(one.is_some() && one != two);
}

fn only_named_origins_may_call(app: &TestApp) {
    let from = |origin: &str| app.user("clerk").request("GET", "/me").header("Origin", origin).send();
    let list = |text: Option<&str>| {
        let mut names: Vec<_> = text.unwrap_or_default().split(',').map(|name| name.trim().to_lowercase()).collect();
        names.sort();
        names.join(" ")
    };
    let allowed = from("https://one.example.vn");
    allowed.expect(200);
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some("https://one.example.vn"));
    assert_eq!(allowed.header("Access-Control-Allow-Credentials"), None);
    assert_eq!(list(allowed.header("Access-Control-Expose-Headers")), "etag location retry-after x-request-id");
    assert_eq!(from("https://two.example.vn").header("Access-Control-Allow-Origin"), None);
    let asked = |origin: &str, method: &str, headers: &str| preflight(app, origin, method, headers);
    let allowed = asked("https://one.example.vn", "POST", "authorization, if-match, idempotency-key");
    assert_eq!(allowed.status, 200, "{}", allowed.text);
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some("https://one.example.vn"));
    assert_eq!(list(allowed.header("Access-Control-Allow-Methods")), "delete get post put");
    assert_eq!(
        list(allowed.header("Access-Control-Allow-Headers")),
        "accept-language authorization content-type idempotency-key if-match purpose x-request-id"
    );
    assert_eq!(allowed.header("Access-Control-Max-Age"), Some("600"));
    for (origin, method, headers) in [
        ("https://two.example.vn", "POST", "authorization"),
        ("https://one.example.vn.evil.example", "POST", "authorization"),
        ("http://one.example.vn", "POST", "authorization"),
        ("null", "POST", "authorization"),
        ("https://one.example.vn", "PATCH", "authorization"),
        ("https://one.example.vn", "POST", "x-forwarded-for"),
    ] {
        let refused = asked(origin, method, headers);
        assert_eq!(refused.status, 400, "{origin} {method} {headers}: {}", refused.text);
        assert_eq!(refused.header("Access-Control-Allow-Methods"), None, "{origin} {method} {headers}");
    }
}

fn preflight(app: &TestApp, origin: &str, method: &str, headers: &str) -> Answer {
    let request = app.anonymous().request("OPTIONS", "/dossiers").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", method);
    request.header("Access-Control-Request-Headers", headers).send()
}

fn without_names_no_other_origin_may_call(app: &TestApp) {
    let closed = app.beside(|settings| settings.cors_origins.clear());
    let asked = preflight(&closed, "https://one.example.vn", "POST", "authorization");
    let called = closed.user("clerk").request("GET", "/me").header("Origin", "https://one.example.vn").send();
    called.expect(200);
    for answer in [asked, called] {
        let told: Vec<_> = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control-")).collect();
        assert!(told.is_empty(), "{}: {told:?}", answer.asked);
    }
}

fn packed_bodies_are_refused(app: &TestApp) {
    // Stored blocks would do; what matters is that nobody begins to unpack.
    let bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x63, 0x60, 0x18, 5, 0xa3, 0x60, 0x14, 0x0c];
    for (user, path, kind) in
        [("clerk", "/dossiers", "application/json"), ("admin", "/imports", "application/x-ndjson")]
    {
        for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let request = app.user(user).request("POST", path).header("Content-Type", kind);
            let answer = request.header("Content-Encoding", encoding).bytes(bomb.clone()).send();
            answer.problem(415, "unsupported-media-type");
        }
    }
    let request = app.user("clerk").request("POST", "/dossiers").header("Content-Encoding", "identity");
    request.json(&new_dossier(&json!({}))).send().expect(201);
}

fn odd_addresses_are_refused(app: &TestApp) {
    let clerk = app.user("clerk");
    // A query string that nobody reads, either.
    app.anonymous().get(&format!("//healthz?{}", "x".repeat(8 * 1024))).expect(200);
    app.anonymous().get(&format!("//healthz?{}", "x".repeat(8 * 1024 + 1))).problem(400, "malformed-request");
    clerk.get("/dossiers?procedure=a%00b").problem(400, "malformed-request");
    for path in ["/dossiers/%00", "/dossiers/H26%00/events"] {
        clerk.get(path).problem(404, "not-found");
    }
    for path in ["/dossiers/%FF%FE", "/dossiers/%E2%80%AE%F0%9F%98%80", "/dossiers?procedure=%FF", "/agencies/%0d%0a"] {
        let answer = clerk.get(path);
        assert!((200..500).contains(&answer.status), "{path}: {}", answer.text);
    }
}

fn json_is_unambiguous(app: &TestApp) {
    let send = |text: String| {
        let request = app.user("clerk").request("POST", "/dossiers").header("Content-Type", "application/json");
        request.bytes(text.into_bytes()).send()
    };
    for (text, words) in [
        (r#"{"agency": "H26.103", "agency": "H26"}"#.to_owned(), "agency"),
        (r#"{"applicant": {"name": "An", "name": "Ba"}}"#.to_owned(), "stands twice"),
        (format!("{}{}", "{\"a\":".repeat(200), "1"), "128"),
        (format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), "128"),
        ("{\"a\": 1".to_owned(), "line 1"),
    ] {
        let problem = send(text).problem(400, "malformed-request");
        assert!(problem.to_string().contains(words), "{problem}");
    }
    // A line of an import is refused alone.
    let lines = [
        format!(r#"{{"kind":"dossier","events":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000)),
        r#"{"kind":"dossier","kind":"agency","events":[]}"#.to_owned(),
        r#"{"kind":"dossier","events":[{"type":"submitted","type":"received"}]}"#.to_owned(),
    ];
    let import = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    let report = import.bytes(lines.join("\n").into_bytes()).send().expect(200);
    assert_eq!(report["errors_total"], 3, "{report}");
    for (i, words) in ["128 levels", "stands twice", "stands twice"].into_iter().enumerate() {
        let error = &report["errors"][i];
        assert!(error["line"] == i + 1 && error.to_string().contains(words), "{words}: {error}");
    }
}

#[test]
fn who_is_refused_while_sending_can_read_so() {
    let app = sqlite();
    let mut wire = Wire::to(&app);
    let token = app.user("clerk").token().expect("a token");
    assert!(wire.send(&format!(
        "POST /api/v1/dossiers HTTP/1.1\r\nHost: motcua.test\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n"
    )));
    assert!(wire.answered_within(GENEROUS), "no answer");
    // Most clients look for an answer when they have sent everything.
    assert!((0..4).all(|_| wire.send(&"x".repeat(100_000))), "cut before they can");
    assert!(wire.rest().starts_with("HTTP/1.1 413 "));
}

#[test]
fn connections_have_a_bound_and_the_surplus_waits() {
    let app = sqlite().beside(|settings| settings.max_connections = 2);
    let ask = |wire: &mut Wire| wire.send("GET /healthz HTTP/1.1\r\nHost: motcua.test\r\n\r\n");
    let mut open = [(); 2].map(|()| Wire::to(&app));
    for wire in &mut open {
        assert!(ask(wire) && wire.answered_within(GENEROUS), "no answer");
    }
    let mut surplus = Wire::to(&app);
    assert!(ask(&mut surplus));
    assert!(!surplus.answered_within(Duration::from_millis(500)), "a third connection was taken in");
    let [first, _second] = open;
    drop(first);
    assert!(surplus.answered_within(GENEROUS), "no place after one is free");
}
