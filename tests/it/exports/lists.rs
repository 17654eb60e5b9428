//! Every list leaves as a file, which holds the items of the list and nothing else; every list says by which rules it
//! was read.

use serde_json::{Value, json};

use super::{csv_lines, worksheet};
use crate::declarations::{self, TRAINED};
use crate::factory::{AGENCY, event};
use crate::harness::TestApp;
use crate::snapshots;

on_both!(every_list_is_a_file, a_file_is_more_than_a_page, lists_name_their_rules, files_have_no_pages);

/// Path, who asks, columns of the file that may be empty in every line.
const LISTS: [(&str, &str, &[&str]); 14] = [
    ("/procedures", "clerk", &["Effective from", "Valid to"]),
    (
        "/procedures?indicator=procedures_full_online&part=denominator",
        "leader",
        &["Effective from", "Valid to", "On the spot"],
    ),
    ("/agencies", "clerk", &["Valid from", "Valid to", "Successor"]),
    ("/users", "admin", &[]),
    ("/clients", "admin", &[]),
    ("/plans", "leader", &[]),
    ("/indicators", "clerk", &[]),
    ("/jobs", "auditor", &["Error"]),
    ("/audit/heads", "auditor", &[]),
    ("/audit/voided", "auditor", &["Reason of the late entry"]),
    ("/audit/late-entries", "auditor", &[]),
    ("/reports/snapshots", "auditor", &[]),
    ("/plans/song-lam-2026/targets/trained/declarations", "auditor", &["Value"]),
    ("/reports/diff?indicator=on_time_resolved&part=numerator&since=2026-03-10T08:00:00Z", "auditor", &[]),
];

/// Something in every list.
fn something(app: &TestApp) {
    app.walk(&app.received(), &["payment_recorded", "finished"]);
    let late = json!({"occurred_at": "2026-03-02T08:00:00+07:00", "late_entry_reason": "bão"});
    app.create(&late);
    app.record("leader", &app.received(), &event("voided"));
    app.set_clock("2026-03-11T09:00:00+07:00");
    app.walk(&app.received(), &["payment_recorded", "finished"]);
    declarations::plan(app);
    let body = declarations::body(&json!({"numerator": 11, "denominator": 12}));
    app.user("leader").post(&declarations::path(TRAINED), &body).expect(201);
    let review = format!("{}/1/review", declarations::path(TRAINED));
    app.user("auditor").post(&review, &json!({"verdict": "accepted"})).expect(201);
    let snapshot = snapshots::frozen(app, &json!({}));
    let path = format!("/reports/snapshots/{}", snapshot["id"].as_str().expect("an id"));
    app.user("leader").request("POST", &format!("{path}/seal")).send().expect(201);
    app.user("auditor").request("POST", &format!("{path}/verify")).send().expect(201);
    crate::clients::create(app, "Cổng dịch vụ công");
    let calendar = app.user("admin").get("/calendar").expect(200);
    let version = calendar["version"].as_str().expect("a version");
    crate::calendar_change::ask(app, version);
    app.pass(chrono::Duration::seconds(20));
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().expect("items")
}

fn every_list_is_a_file(app: &TestApp) {
    something(app);
    let mut bare = Vec::new();
    for (path, user, empty) in LISTS {
        let list = app.user(user).get(path).expect(200);
        assert!(!items(&list).is_empty(), "{path}");
        assert!(list["next"].is_null(), "{path}");
        let sign = if path.contains('?') { '&' } else { '?' };
        let csv = app.user(user).request("GET", &format!("{path}{sign}format=csv"));
        let lines = csv_lines(&csv.header("Accept-Language", "en").send());
        assert_eq!(lines.len(), items(&list).len() + 1, "{path}");
        for (place, label) in lines[0].iter().enumerate() {
            let filled = lines[1..].iter().any(|line| !line[place].is_empty());
            if !filled && !empty.contains(&label.as_str()) {
                bare.push(format!("{label} of {path}"));
            }
        }
        // Its first column stands in the item.
        for (line, item) in lines[1..].iter().zip(items(&list)) {
            assert!(item.to_string().contains(&line[0]), "{} of {path}", line[0]);
        }
        let sheet = worksheet(&app.user(user).get(&format!("{path}{sign}format=xlsx")));
        assert!(sheet.len() > items(&list).len(), "{path}");
        let vietnamese = csv_lines(&app.user(user).get(&format!("{path}{sign}format=csv")));
        assert_ne!(vietnamese[0], lines[0], "{path}");
    }
    assert_eq!(bare, Vec::<String>::new(), "columns with nothing in any line");
    let differences = app.user("auditor").get("/reports/diff?since=2026-03-10T08:00:00Z&to=2026-12-31").expect(200);
    let lines =
        csv_lines(&app.user("auditor").get("/reports/diff?since=2026-03-10T08:00:00Z&to=2026-12-31&format=csv"));
    assert_eq!(lines.len(), differences["figures"].as_array().expect("figures").len() + 1);
}

fn a_file_is_more_than_a_page(app: &TestApp) {
    let line = |i: usize| {
        let at = format!("2026-02-02T08:{:02}:00+07:00", i % 60);
        json!({"kind": "dossier", "source": "cũ", "source_id": i.to_string(), "events": [
            {"type": "submitted", "occurred_at": at, "agency": AGENCY, "procedure": "1.005129", "channel": "post",
             "applicant": crate::factory::applicant()},
        ]})
    };
    let text: String = (0..601).map(|i| line(i).to_string() + "\n").collect();
    let import = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    import.bytes(text.into_bytes()).send().expect(200);
    let path = "/audit/late-entries?imported=true";
    let lines = csv_lines(&app.user("auditor").get(&format!("{path}&format=csv")));
    assert_eq!(lines.len(), 602);
    let places: std::collections::BTreeSet<&String> = lines[1..].iter().map(|line| &line[4]).collect();
    assert_eq!(places.len(), 601, "every event once");
    let sheet = worksheet(&app.user("auditor").get(&format!("{path}&format=xlsx")));
    assert!(sheet.len() > 601);
}

fn lists_name_their_rules(app: &TestApp) {
    something(app);
    let calendar = app.user("admin").get("/calendar").expect(200);
    let version = &calendar["version"];
    for path in [
        "/dossiers",
        "/dossiers?indicator=on_time_resolved&part=numerator&to=2026-12-31",
        "/payments",
        "/procedures?indicator=procedures_full_online&part=denominator",
        "/reports/register",
        "/reports/snapshots",
        "/audit/heads",
        "/audit/voided",
        "/audit/late-entries",
        "/plans/song-lam-2026/targets/trained/declarations",
    ] {
        let cut = app.user("leader").get(path).expect(200)["cut"].clone();
        assert_eq!(cut["definition_version"], 1, "{path}: {cut}");
        assert_eq!(cut["calendar_version"], *version, "{path}: {cut}");
        assert!(cut["known_at"].is_string() && cut["at"].is_string(), "{path}: {cut}");
        assert_eq!(cut["settled"], false, "{path}: {cut}");
    }
    let declared = app.user("leader").get("/plans/song-lam-2026/targets/trained/declarations").expect(200);
    assert_eq!(declared["plan_revision"], 1);
    let before = app.user("leader").get("/audit/heads?known_at=2020-01-01T00:00:00Z").expect(200);
    assert_eq!((&before["cut"]["settled"], &before["cut"]["calendar_version"]), (&json!(true), &Value::Null));
}

fn files_have_no_pages(app: &TestApp) {
    for path in ["/procedures", "/agencies", "/audit/voided", "/reports/snapshots"] {
        let refused = app.user("leader").get(&format!("{path}?format=csv&limit=5")).expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "?limit", "{path}");
        let refused = app.user("leader").get(&format!("{path}?format=pdf")).expect(422);
        assert_eq!(refused["errors"][0]["code"], "unknown_format", "{path}");
    }
}
