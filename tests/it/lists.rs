//! Lists of dossiers and payments: every one once, in order, filtered.

use serde_json::{Value, json};

use crate::factory::{CHILD, ON_THE_SPOT, PARTIAL, event, event_with};
use crate::harness::TestApp;

on_both!(
    pages_hold_every_dossier_once,
    newest_receipt_first,
    filters_narrow,
    a_status_filter_agrees_with_what_is_shown,
    payments_are_paged_newest_first,
    audit_lists_are_paged,
    a_list_known_then,
);

/// All pages of a list.
fn all(app: &TestApp, user: &str, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.user(user).get(&format!("{path}{cursor}")).expect(200);
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        let Some(next) = page["next"].as_str() else { return items };
        cursor = format!("{}cursor={next}", if path.contains('?') { "&" } else { "?" });
        assert!(items.len() < 1000, "the pages go round");
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn pages_hold_every_dossier_once(app: &TestApp) {
    let mut made = Vec::new();
    for i in 0..7 {
        let with = if i % 3 == 0 {
            json!({"receive": null})
        } else {
            json!({"agency": if i % 2 == 0 { CHILD } else { "H26.103" }})
        };
        made.push(app.create(&with)["id"].as_str().expect("an id").to_owned());
    }
    made.sort();
    for limit in [1, 2, 3, 7, 500] {
        let mut seen = ids(&all(app, "leader", &format!("/dossiers?limit={limit}")));
        seen.sort();
        assert_eq!(seen, made, "limit {limit}");
    }
    let counted = app.user("leader").get("/dossiers?limit=2&count=true").expect(200);
    assert_eq!(counted["count"], 7);
    assert_eq!(app.user("leader").get("/dossiers?limit=2").expect(200).get("count"), None);
}

fn newest_receipt_first(app: &TestApp) {
    let first = app.received();
    app.set_clock("2026-03-11T09:00:00+07:00");
    let second = app.received();
    // Received before the first, entered last.
    let third = app.create(&json!({"occurred_at": "2026-03-10T07:30:00+07:00"}));
    let submitted = app.create(&json!({"receive": null}));
    let expected =
        [&submitted, &second, &first, &third].map(|dossier| dossier["id"].as_str().expect("an id").to_owned());
    assert_eq!(ids(&all(app, "clerk", "/dossiers?limit=2")), expected);
    // Of one instant the id decides, and pages still hold each once.
    for _ in 0..5 {
        app.create(&json!({"occurred_at": "2026-03-11T08:00:00+07:00"}));
    }
    let paged = ids(&all(app, "clerk", "/dossiers?limit=2"));
    assert_eq!(paged, ids(&all(app, "clerk", "/dossiers?limit=500")));
    assert_eq!(paged.len(), 9);
}

fn filters_narrow(app: &TestApp) {
    let post = app.create(&json!({"channel": "post"}));
    let online = app.create(&json!({"channel": "level_4"}));
    let below = app.create(&json!({"agency": CHILD, "procedure": ON_THE_SPOT}));
    app.set_clock("2026-03-12T09:00:00+07:00");
    let partial = app.create(&json!({"procedure": PARTIAL, "channel": "level_3"}));
    let done = app.walk(&post, &["forwarded", "payment_recorded", "finished"]);
    let pay = event_with("payment_recorded", &json!({"method": "national_portal", "reference": "x"}));
    app.record("clerk", &online, &pay);
    let cases: [(&str, &[&Value]); 20] = [
        ("agency=H26.103.25", &[&below]),
        ("agency=H26.103&scope=own", &[&partial, &online, &post]),
        ("procedure=1.001193", &[&partial]),
        ("field=Ch%E1%BB%A9ng%20th%E1%BB%B1c", &[&below]),
        ("channel=post", &[&post]),
        ("channel=online", &[&partial, &online]),
        ("channel=level_4", &[&online]),
        ("state=finished", &[&done]),
        ("state=received", &[&partial, &below, &online]),
        ("on_time_status=early", &[&done]),
        ("payment_method=cash", &[&post]),
        ("payment_method=national_portal", &[&online]),
        ("payment_method=card", &[]),
        ("officer=Tr%E1%BA%A7n%20Th%E1%BB%8B%20B%C3%ACnh", &[&post]),
        ("digitised=true", &[&post]),
        ("received_from=2026-03-11", &[&partial]),
        ("received_to=2026-03-11", &[&below, &online, &post]),
        ("due_from=2026-03-17&due_to=2026-03-17", &[&online, &post]),
        ("finished_from=2026-03-12&finished_to=2026-03-12", &[&post]),
        ("finished_from=2026-03-13", &[]),
    ];
    for (query, expected) in cases {
        let expected: Vec<String> =
            expected.iter().map(|dossier| dossier["id"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(ids(&all(app, "leader", &format!("/dossiers?{query}"))), expected, "{query}");
        let counted = app.user("leader").get(&format!("/dossiers?{query}&count=true&limit=1")).expect(200);
        assert_eq!(counted["count"].as_u64(), Some(expected.len() as u64), "{query}");
    }
    assert_eq!(
        ids(&all(app, "leader", "/dossiers?field=' OR 1=1 --".replace(' ', "%20").as_str())),
        Vec::<String>::new()
    );
}

fn a_status_filter_agrees_with_what_is_shown(app: &TestApp) {
    app.create(&json!({"receive": null}));
    app.received();
    app.walk(&app.received(), &["supplement_requested"]);
    app.walk(&app.received(), &["finished"]);
    app.walk(&app.received(), &["finished", "reopened"]);
    app.walk(&app.received(), &["withdrawn"]);
    app.walk(&app.received(), &["finished", "voided"]);
    app.walk(&app.create(&json!({"receive": null})), &["refused"]);
    for at in ["2026-03-10T12:00:00+07:00", "2026-03-17T10:00:00+07:00", "2026-03-20T10:00:00+07:00"] {
        app.set_clock(at);
        let mut found = 0;
        let everything = all(app, "leader", "/dossiers");
        for status in ["not_started", "in_time", "overdue", "early", "on_time", "late", "ended"] {
            let listed = all(app, "leader", &format!("/dossiers?on_time_status={status}"));
            assert!(listed.iter().all(|dossier| dossier["on_time_status"] == status), "{status} at {at}");
            let shown = everything.iter().filter(|dossier| dossier["on_time_status"] == status).count();
            assert_eq!(listed.len(), shown, "{status} at {at}");
            found += listed.len();
        }
        assert_eq!(found, everything.len(), "every dossier has one status");
    }
}

fn payments_are_paged_newest_first(app: &TestApp) {
    let pay = |amount: i64| event_with("payment_recorded", &json!({"amount": amount}));
    for _ in 0..3 {
        let dossier = app.received();
        let dossier = app.record("clerk", &dossier, &pay(20000));
        app.record("clerk", &dossier, &pay(30000));
    }
    let voided = app.walk(&app.received(), &["payment_recorded"]);
    app.record("leader", &voided, &event("voided"));
    let mut whole = Vec::new();
    for limit in [1, 4, 500] {
        let items = all(app, "auditor", &format!("/payments?limit={limit}"));
        assert_eq!(items.len(), 6, "limit {limit}");
        let times: Vec<&str> = items.iter().map(|item| item["paid_at"].as_str().expect("a time")).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
        if whole.is_empty() {
            whole.clone_from(&items);
        }
        assert_eq!(items, whole);
    }
    let of_one =
        app.user("auditor").get(&format!("/dossiers/{}/payments", whole[0]["dossier"].as_str().expect("an id")));
    let of_one = of_one.expect(200);
    assert_eq!((of_one["due"].as_i64(), of_one["owed"].as_i64()), (Some(50000), Some(0)));
    assert_eq!(of_one["items"].as_array().map(Vec::len), Some(2));
}

fn audit_lists_are_paged(app: &TestApp) {
    for agency in ["H26.103", CHILD, "H26.103"] {
        let leader = if agency == CHILD { "leader.child" } else { "leader" };
        let dossier = app.create(&json!({"agency": agency}));
        app.record(leader, &dossier, &event("voided"));
        let late = json!({"agency": agency, "occurred_at": "2026-03-02T08:00:00+07:00", "late_entry_reason": "bão"});
        app.create(&late);
    }
    for (path, count) in [("/audit/voided", 3), ("/audit/late-entries", 6)] {
        let whole = all(app, "auditor", &format!("{path}?limit=500"));
        assert_eq!(whole.len(), count, "{path}");
        assert_eq!(all(app, "auditor", &format!("{path}?limit=1")), whole, "{path}");
        let below = all(app, "auditor", &format!("{path}?agency={CHILD}&limit=1"));
        assert_eq!(below.len(), count / 3, "{path}");
    }
    assert_eq!(all(app, "auditor", "/audit/late-entries?imported=true"), Vec::<Value>::new());
    let heads = app.user("auditor").get("/audit/heads").expect(200);
    let seqs: Vec<_> = heads["items"].as_array().expect("items").iter().map(|head| head["seq"].clone()).collect();
    assert_eq!(seqs, [json!(10), json!(5)]);
}

fn a_list_known_then(app: &TestApp) {
    let dossier = app.received();
    app.set_clock("2026-03-11T09:00:00+07:00");
    app.walk(&dossier, &["finished"]);
    app.received();
    let then = "known_at=2026-03-10T12:00:00%2B07:00";
    let list = all(app, "clerk", &format!("/dossiers?{then}"));
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["state"], "received");
    assert_eq!(list[0]["version"], 2);
    assert_eq!(all(app, "clerk", &format!("/dossiers?state=finished&{then}")).len(), 0);
    assert_eq!(all(app, "clerk", "/dossiers?state=finished").len(), 1);
}
