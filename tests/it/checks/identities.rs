//! Dossiers that belong together by who handed them in.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{MARCH, NOW, flags, found, id_of, new, then};
use crate::factory::{AGENCY, CHILD, PARTIAL, event_with};
use crate::harness::TestApp;

on_both!(one_phone_behind_many, withdrawn_and_handed_in_again);

fn somebody(phone: &str, number: &str) -> Value {
    json!({"kind": "citizen", "name": "Lê Thị Bình", "phone": phone,
           "ids": [{"type": "citizen_id", "number": number}]})
}

fn one_phone_behind_many(app: &TestApp) {
    app.set_clock(NOW);
    let online = |agency: &str, channel: &str, phone: &str, number: usize| {
        let number = format!("0010990{number:05}");
        new(app, "03 08:00:00", &json!({"agency": agency, "channel": channel, "applicant": somebody(phone, &number)}))
    };
    let mut many: Vec<Value> = (0..9).map(|i| online(AGENCY, "level_4", "0912345678", i)).collect();
    // Neither on paper, nor elsewhere, nor of another phone.
    online(AGENCY, "post", "0912345678", 20);
    online(CHILD, "level_4", "0912345678", 21);
    let other = online(AGENCY, "level_4", "0987654321", 22);
    flags(app, "shared_identity", &[], 11);
    // The tenth, by a correction: one phone, otherwise written.
    let value = somebody("+84912345678", "001099000022");
    let body = json!({"target": 1, "field": "applicant", "value": value});
    many.push(app.record("leader", &other, &event_with("corrected", &body)));
    flags(app, "shared_identity", &many.iter().collect::<Vec<_>>(), 11);
    // As it was known before the correction.
    let before = "known_at=2026-03-31T18:00:13%2B07:00";
    assert_eq!(found(app, "shared_identity", &format!("agency={AGENCY}&{MARCH}&{before}")), (BTreeSet::new(), 11));

    // A page at a time, and as many as counted; nothing of the phone is told.
    let link = format!("/dossiers?check=shared_identity&agency={AGENCY}&{MARCH}");
    let (mut listed, mut next) = (BTreeSet::new(), Some(String::new()));
    while let Some(cursor) = next {
        let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
        let page = app.user("auditor").get(&format!("{link}&limit=3&count=true{cursor}"));
        assert!(!page.text.contains("912345678"), "{}", page.text);
        let page = page.expect(200);
        assert_eq!(page["count"], 10);
        listed.extend(page["items"].as_array().expect("items").iter().map(id_of));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(listed, many.iter().map(id_of).collect());
    let narrowed = app.user("auditor").get(&format!("{link}&channel=post&count=true")).expect(200);
    assert_eq!(narrowed["count"], 0);
}

fn withdrawn_and_handed_in_again(app: &TestApp) {
    app.set_clock(NOW);
    let mut numbers = 0;
    let mut left = || {
        numbers += 1;
        let who = somebody(&format!("09000000{numbers:02}"), &format!("0010990000{numbers:02}"));
        let dossier = new(app, "02 08:00:00", &json!({"applicant": who}));
        (then(app, &dossier, "withdrawn", "03 08:00:00", &json!({})), who)
    };
    let other_phone = |who: &Value| {
        let mut who = who.clone();
        who["phone"] = "0999999999".into();
        who
    };
    let (by_number, who) = left();
    new(app, "13 08:00:00", &json!({"applicant": other_phone(&who)}));
    let (_too_late, who) = left();
    new(app, "13 08:00:01", &json!({"applicant": who}));
    let (_other_matter, who) = left();
    new(app, "05 08:00:00", &json!({"applicant": who, "procedure": PARTIAL}));
    let (_elsewhere, who) = left();
    new(app, "05 08:00:00", &json!({"applicant": who, "agency": CHILD}));
    let (_before, who) = left();
    new(app, "03 07:59:59", &json!({"applicant": who}));
    let (voided, who) = left();
    let again = new(app, "05 08:00:00", &json!({"applicant": who}));
    let (named, _) = left();
    let previous = named["code"].clone();
    new(app, "05 08:00:00", &json!({"previous": previous, "applicant": somebody("0911111111", "001099999999")}));
    flags(app, "withdrawn_refiled", &[&by_number, &voided, &named], 7);
    app.record("leader", &again, &event_with("voided", &json!({})));
    flags(app, "withdrawn_refiled", &[&by_number, &named], 7);
    // What is handed in after the period has not happened yet at its end.
    let early = found(app, "withdrawn_refiled", &format!("agency={AGENCY}&from=2026-03-01&to=2026-03-12"));
    assert_eq!(early.0, BTreeSet::from([id_of(&named)]));
}
