//! Requests that cannot be read, or that go nowhere.

use serde_json::json;

use super::refused;
use crate::factory::{event, new_dossier};
use crate::harness::TestApp;

on_both!(
    bytes_that_are_no_json_object,
    bodies_of_another_kind,
    bodies_beyond_the_limit,
    unknown_paths_and_methods,
    query_strings,
    cursors_of_another_question,
    headers_out_of_shape,
    titles_by_language,
    token_requests,
    numbers_beyond_measure,
);

fn bytes_that_are_no_json_object(app: &TestApp) {
    let dossier = app.received();
    let events = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    let mut invalid_utf8 = new_dossier(&json!({})).to_string().into_bytes();
    invalid_utf8[20] = 0xff;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = format!("{{\"agency\": {}{}}}", "{\"a\":".repeat(5000), "1".to_owned() + &"}".repeat(5000));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"   ".to_vec(),
        b"{".to_vec(),
        b"{\"agency\": }".to_vec(),
        b"{\"agency\": \"H26.103\"} {}".to_vec(),
        b"{'agency': 1}".to_vec(),
        b"NaN".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"12".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"\x00\x01\x02".to_vec(),
        b"{\"agency\": \"\\ud800\"}".to_vec(),
        invalid_utf8,
        deep.into_bytes(),
        deep_field.into_bytes(),
    ];
    for body in bodies {
        for path in ["/dossiers", events.as_str()] {
            let send = || {
                let request = app.user("clerk").request("POST", path).version(2);
                request.header("Content-Type", "application/json").bytes(body.clone()).send()
            };
            let problem = refused(app, send, 400, "malformed-request");
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert!(problem["errors"][0]["detail"].is_string(), "{shown}: {problem}");
        }
    }
}

fn bodies_of_another_kind(app: &TestApp) {
    let body = new_dossier(&json!({})).to_string().into_bytes();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""] {
        let send =
            || app.user("clerk").request("POST", "/dossiers").header("Content-Type", kind).bytes(body.clone()).send();
        refused(app, send, 415, "unsupported-media-type");
    }
    let bare = || app.user("clerk").request("POST", "/dossiers").bytes(body.clone()).send();
    refused(app, bare, 415, "unsupported-media-type");
    let import = || app.user("admin").post("/imports", &json!({}));
    refused(app, import, 415, "unsupported-media-type");
    let with_charset = app.user("clerk").request("POST", "/dossiers");
    with_charset.header("Content-Type", "application/json; charset=utf-8").bytes(body).send().expect(201);
}

fn bodies_beyond_the_limit(app: &TestApp) {
    let long = "x".repeat(1 << 20);
    let body = new_dossier(&json!({"previous": long}));
    refused(app, || app.user("clerk").post("/dossiers", &body), 413, "too-large");
    let dossier = app.received();
    let body = json!({"type": "voided", "reason": long});
    refused(app, || app.user("leader").event(&dossier, &body), 413, "too-large");
    refused(app, || app.user("admin").post("/users", &json!({"username": long})), 413, "too-large");
    // Just below it, a field's own length counts.
    let body = json!({"type": "voided", "reason": "x".repeat(1 << 19)});
    super::broken(app, || app.user("leader").event(&dossier, &body), "/reason", "too_long");
}

fn unknown_paths_and_methods(app: &TestApp) {
    for path in
        ["/nowhere", "/dossiers/x/y/z", "//", "//api/v1", "//api/v2/dossiers", "/dossiers/", "//favicon.ico", "/%00"]
    {
        refused(app, || app.user("clerk").get(path), 404, "not-found");
    }
    for odd in ["%2e%2e%2f", "' OR 1=1 --", "H26.103-260310-0001%00", "%ff%fe", "☃"] {
        let name = if odd.starts_with('%') { odd.to_owned() } else { crate::harness::escaped(odd) };
        refused(app, || app.user("clerk").get(&format!("/dossiers/{name}")), 404, "not-found");
    }
    let allow = |method: &'static str, path: &str| {
        let answer = app.user("clerk").request(method, path).json(&json!({})).send();
        answer.problem(405, "method-not-allowed");
        let mut allowed: Vec<String> =
            answer.header("allow").unwrap_or_default().split(',').map(|name| name.trim().to_owned()).collect();
        allowed.sort();
        allowed.retain(|name| name != "HEAD" && name != "OPTIONS");
        allowed.join(" ")
    };
    let before = app.event_count();
    assert_eq!(allow("DELETE", "/dossiers"), "GET POST");
    assert_eq!(allow("PUT", "/dossiers/H26.103-260310-0001"), "GET");
    assert_eq!(allow("DELETE", "/dossiers/H26.103-260310-0001/events"), "GET POST");
    assert_eq!(allow("PATCH", "/agencies/H26"), "GET PUT");
    assert_eq!(allow("DELETE", "/users/1"), "GET PUT");
    assert_eq!(allow("POST", "/me"), "GET");
    assert_eq!(allow("GET", "//oauth/token"), "POST");
    assert_eq!(allow("POST", "//healthz"), "GET");
    assert_eq!(app.event_count(), before);
    // Whatever the framework may refuse by itself.
    app.anonymous().get("//refuses").problem(400, "malformed-request");
}

fn query_strings(app: &TestApp) {
    let unreadable = [
        ("/dossiers?colour=red", "?colour"),
        ("/dossiers?limit=ten", "?limit"),
        ("/dossiers?received_from=2026-02-30", "?received_from"),
        ("/dossiers?received_from=10/03/2026", "?received_from"),
        ("/dossiers?known_at=2026-03-10", "?known_at"),
        ("/dossiers?known_at=2026-03-10T08:00:00", "?known_at"),
        ("/dossiers?from=0001-01-01", "?from"),
        ("/dossiers?to=99999-01-01", "?to"),
        ("/dossiers?count=maybe", "?count"),
        ("/dossiers?cursor=zz", "?cursor"),
        ("/dossiers?cursor=..", "?cursor"),
        ("/procedures?valid_on=soon", "?valid_on"),
        ("/agencies?valid_on=2026-13-01", "?valid_on"),
        ("/deadlines?procedure=1.005129&received_at=now", "?received_at"),
        ("/deadlines?procedure=1.005129", "?received_at"),
        ("/indicators/values?from=yesterday", "?from"),
        ("/indicators/values?known_at=1", "?known_at"),
        ("/indicators/values?colour=red", "?colour"),
        ("/payments?limit=-", "?limit"),
        ("/dossiers?late_days_from=soon", "?late_days_from"),
        ("/dossiers?assisted=perhaps", "?assisted"),
        ("/dossiers?returned_to=2026-02-30", "?returned_to"),
    ];
    for (path, pointer) in unreadable {
        let problem = refused(app, || app.user("auditor").get(path), 400, "malformed-request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{path}: {problem}");
    }
    let broken = [
        ("/dossiers?limit=0", "?limit", "range"),
        ("/dossiers?limit=501", "?limit", "range"),
        ("/dossiers?state=lost", "?state", "unknown_value"),
        ("/dossiers?channel=pigeon", "?channel", "unknown_value"),
        ("/dossiers?on_time_status=nearly", "?on_time_status", "unknown_value"),
        ("/dossiers?payment_method=shells", "?payment_method", "unknown_value"),
        ("/dossiers?scope=all", "?scope", "unknown_value"),
        ("/dossiers?part=numerator", "?part", "unexpected"),
        ("/dossiers?indicator=luck", "?indicator", "unknown_indicator"),
        ("/dossiers?indicator=on_time_resolved&part=half", "?part", "unknown_part"),
        ("/dossiers?indicator=withdrawn_or_stopped&part=shortfall", "?part", "no_shortfall"),
        ("/dossiers?indicator=procedures_full_online", "?indicator", "other_unit"),
        ("/dossiers?from=2026-03-10&to=2026-03-09", "?from", "reversed"),
        ("/dossiers?from=1970-01-01&to=2026-03-09", "?from", "too_long"),
        ("/dossiers?known_at=2027-01-01T00:00:00Z", "?known_at", "in_future"),
        ("/dossiers?sort=name", "?sort", "unknown_sort"),
        ("/dossiers?sort=--due", "?sort", "unknown_sort"),
        ("/dossiers?format=pdf", "?format", "unknown_format"),
        ("/dossiers?format=html", "?format", "unknown_format"),
        ("/dossiers?format=csv&limit=5", "?limit", "unexpected"),
        ("/dossiers?format=csv&count=true", "?count", "unexpected"),
        ("/dossiers?format=csv&state=lost", "?state", "unknown_value"),
        ("/dossiers?received_from=2026-03-10&received_to=2026-03-09", "?received_from", "reversed"),
        ("/dossiers?late_days_from=2&late_days_to=1", "?late_days_from", "reversed"),
        ("/dossiers?late_days_from=9223372036854775807", "?late_days_from", "range"),
        ("/dossiers?fee_due_to=-9223372036854775808", "?fee_due_to", "range"),
        ("/dossiers?paused=perhaps", "?paused", "unknown_value"),
        ("/dossiers?outcome=lost", "?outcome", "unknown_value"),
        ("/dossiers?service_level=4", "?service_level", "unknown_value"),
        ("/payments?format=pdf", "?format", "unknown_format"),
        ("/payments?format=csv&limit=5", "?limit", "unexpected"),
        ("/procedures?indicator=on_time_resolved", "?indicator", "other_unit"),
        ("/payments?indicator=on_time_resolved", "?indicator", "other_unit"),
        ("/indicators/values?ids=luck", "?ids", "unknown_indicator"),
        ("/indicators/values?group_by=weekday", "?group_by", "unknown_value"),
        ("/indicators/values?known_at=2027-01-01T00:00:00Z", "?known_at", "in_future"),
    ];
    for (path, pointer, code) in broken {
        super::broken(app, || app.user("auditor").get(path), pointer, code);
    }
    // A "+" that was not escaped.
    app.user("auditor").get("/dossiers?known_at=2026-03-10T08:00:00+07:00").expect(200);
    app.user("auditor").get("/deadlines?procedure=9.9&received_at=2026-03-10T08:00:00Z").problem(404, "not-found");
}

fn cursors_of_another_question(app: &TestApp) {
    for _ in 0..3 {
        app.received();
    }
    let page = app.user("clerk").get("/dossiers?limit=2").expect(200);
    let cursor = page["next"].as_str().expect("more of them");
    let next = |query: &str| app.user("clerk").get(&format!("/dossiers?limit=2&{query}cursor={cursor}"));
    assert_eq!(next("").expect(200)["items"].as_array().map(Vec::len), Some(1));
    for other in ["state=received&", "agency=H26.103&", "field=x&", "indicator=online_share&", "sort=due&"] {
        refused(app, || next(other), 400, "malformed-request");
    }
    refused(app, || app.user("admin").get(&format!("/agencies?cursor={cursor}")), 400, "malformed-request");
    let flipped = cursor.replace('.', ".f");
    refused(app, || app.user("clerk").get(&format!("/dossiers?limit=2&cursor={flipped}")), 400, "malformed-request");
    let (mark, position) = cursor.split_once('.').expect("a mark");
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let slash = position.rfind("2f").expect("an instant at the end");
    for instant in ["99999999999999999", "-1"] {
        let position = format!("{}{}", &position[..slash + 2], hex(instant));
        let send = || app.user("clerk").get(&format!("/dossiers?limit=2&cursor={mark}.{position}"));
        refused(app, send, 400, "malformed-request");
    }
    for position in ["", "00", "2f", "39393939393939393939393939393939393939392f", "ff"] {
        let send = || app.user("clerk").get(&format!("/dossiers?cursor={mark}.{position}"));
        refused(app, send, 400, "malformed-request");
    }
}

fn headers_out_of_shape(app: &TestApp) {
    let body = new_dossier(&json!({}));
    for key in ["", "  ", &"k".repeat(201)] {
        let send = || app.user("clerk").request("POST", "/dossiers").key(key).json(&body).send();
        refused(app, send, 400, "malformed-request");
    }
    let dossier = app.received();
    let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
    for version in ["\"-1\"", "\"99999999999999999999\"", "\"2", "2\""] {
        let request = || app.user("clerk").request("POST", &path).header("If-Match", version);
        refused(app, || request().json(&event("forwarded")).send(), 400, "malformed-request");
    }
    for path in ["/users/not-a-uuid", "/users/00000000-0000-0000-0000-00000000ffff"] {
        refused(app, || app.user("admin").get(path), 404, "not-found");
    }
}

fn titles_by_language(app: &TestApp) {
    let title = |language: Option<&str>| {
        let mut request = app.user("clerk").request("GET", "/dossiers/none");
        if let Some(language) = language {
            request = request.header("Accept-Language", language);
        }
        let answer = request.send();
        let problem = answer.problem(404, "not-found");
        let language = answer.header("content-language").unwrap_or_default().to_owned();
        (language, problem["title"].as_str().expect("a title").to_owned())
    };
    let vietnamese = ("vi".to_owned(), "Không tìm thấy".to_owned());
    let english = ("en".to_owned(), "Not found".to_owned());
    for language in
        [None, Some("vi"), Some("vi-VN,en;q=0.8"), Some("fr"), Some("en;q=0.5, vi;q=0.9"), Some(""), Some(";;q=x,")]
    {
        assert_eq!(title(language), vietnamese, "{language:?}");
    }
    for language in ["en", "en-GB, vi;q=0.7", "fr, en;q=0.3", "EN-us"] {
        assert_eq!(title(Some(language)), english, "{language}");
    }
}

fn token_requests(app: &TestApp) {
    let form = |text: &str| crate::harness::form(app, text);
    let oauth = |text: &str, code: &str, error: &str| {
        let problem = form(text).problem(400, code);
        assert_eq!(problem["error"], error, "{text}");
        assert!(problem["error_description"].is_string());
    };
    oauth("grant_type=password&username=clerk&password=wrong", "invalid-grant", "invalid_grant");
    oauth("grant_type=password&username=nobody.at.all&password=wrong", "invalid-grant", "invalid_grant");
    oauth("grant_type=refresh_token&refresh_token=00", "invalid-grant", "invalid_grant");
    oauth("grant_type=password&username=clerk", "invalid-token-request", "invalid_request");
    oauth("grant_type=refresh_token", "invalid-token-request", "invalid_request");
    oauth("grant_type=magic", "invalid-token-request", "unsupported_grant_type");
    oauth("username=clerk", "invalid-token-request", "invalid_request");
    oauth("", "invalid-token-request", "invalid_request");
    oauth("%ff=%fe", "invalid-token-request", "invalid_request");
    form(&format!("grant_type=password&username=clerk&password={}", "x".repeat(20_000))).problem(413, "too-large");
    let json = app.anonymous().request("POST", "//oauth/token").json(&json!({"grant_type": "password"})).send();
    json.problem(415, "unsupported-media-type");
}

fn numbers_beyond_measure(app: &TestApp) {
    let dossier = app.received();
    for amount in ["9007199254740992", "9223372036854775807"] {
        let body: serde_json::Value =
            serde_json::from_str(&format!("{{\"type\":\"payment_recorded\",\"method\":\"cash\",\"amount\":{amount}}}"))
                .expect("json");
        super::broken(app, || app.user("clerk").event(&dossier, &body), "/amount", "amount");
    }
    for amount in ["9223372036854775808", "1e400", "1.5", "-9223372036854775809", "1e3"] {
        let text = format!("{{\"type\":\"payment_recorded\",\"method\":\"cash\",\"amount\":{amount}}}");
        let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
        let before = app.event_count();
        let request = app.user("clerk").request("POST", &path).version(2).header("Content-Type", "application/json");
        let answer = request.bytes(text.into_bytes()).send();
        assert!(matches!(answer.status, 400 | 422), "{amount}: {}", answer.text);
        answer.problem(answer.status, if answer.status == 400 { "malformed-request" } else { "validation" });
        assert_eq!(app.event_count(), before);
    }
    let lines = json!([{"code": "A", "amount": 9_007_199_254_740_991_i64}, {"code": "B", "amount": 1}]);
    let body = new_dossier(&json!({"fees": lines}));
    super::broken(app, || app.user("clerk").post("/dossiers", &body), "/fees", "amount");
}
