//! Many at once: codes stay gapless, chains whole, and of two who saw the same version one wins.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, event, new_dossier};
use crate::harness::{Answer, TestApp};

on_both!(
    codes_are_gapless_under_load,
    of_two_on_the_same_version_one_wins,
    one_key_sent_at_once_makes_one_dossier,
    readers_see_whole_dossiers,
);

/// Runs `work` in `count` threads that begin together.
fn together<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|i| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(i)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    })
}

fn codes_are_gapless_under_load(app: &TestApp) {
    const THREADS: usize = 32;
    const EACH: usize = 4;
    let answers = together(THREADS, |i| {
        let (user, agency) = if i % 2 == 0 { ("clerk", AGENCY) } else { ("clerk.child", CHILD) };
        let mut codes = Vec::new();
        for round in 0..EACH {
            // Every fourth request is unsound after its code would have been drawn: it must leave no gap.
            let fees = if (i + round) % 4 == 0 { json!([{"code": "A", "amount": -1}]) } else { Value::Null };
            let body = new_dossier(&json!({"agency": agency, "fees": fees}));
            let answer = app.user(user).request("POST", "/dossiers").json(&body).send_now();
            match answer.status {
                201 => codes.push(answer.json()["code"].as_str().expect("a code").to_owned()),
                422 => assert!(fees.is_array(), "{}", answer.text),
                _ => panic!("{}: {}", answer.status, answer.text),
            }
        }
        codes
    });
    let codes: Vec<String> = answers.into_iter().flatten().collect();
    assert_eq!(codes.len(), THREADS * EACH * 3 / 4);
    for agency in [AGENCY, CHILD] {
        let prefix = format!("{agency}-260310-");
        let mut numbers: Vec<usize> =
            codes.iter().filter_map(|code| code.strip_prefix(&prefix)?.parse().ok()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=THREADS * EACH * 3 / 8).collect::<Vec<_>>(), "{agency}");
        let rows = app.app.store.read_blocking(|tx| tx.events_after(agency, 0, 1000)).expect("events");
        for (i, pair) in rows.windows(2).enumerate() {
            assert_eq!(pair[1].seq, pair[0].seq + 1, "{agency} after {i}");
            assert_eq!(pair[1].prev_hash, pair[0].hash, "{agency} after {i}");
            assert!(pair[1].recorded_at > pair[0].recorded_at, "{agency} after {i}");
        }
        assert_eq!(rows.len(), numbers.len() * 2);
    }
}

fn of_two_on_the_same_version_one_wins(app: &TestApp) {
    for _ in 0..5 {
        let dossier = app.received();
        let path = format!("/dossiers/{}/events", dossier["code"].as_str().expect("a code"));
        let answers = together(8, |i| {
            let body = json!({"type": "forwarded", "officer": format!("Số {i}")});
            app.user("clerk").request("POST", &path).version(2).json(&body).send_now()
        });
        let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(won.len(), 1);
        for answer in lost {
            answer.problem(412, "stale-version");
        }
        app.pass(chrono::Duration::seconds(1));
        let got = app.user("clerk").get(path.trim_end_matches("/events")).expect(200);
        assert_eq!(got["version"], 3);
        assert_eq!(got["assigned_to"], won[0].json()["dossier"]["assigned_to"]);
    }
}

fn one_key_sent_at_once_makes_one_dossier(app: &TestApp) {
    let body = new_dossier(&json!({}));
    let answers = together(12, |_| app.user("clerk").request("POST", "/dossiers").key("k").json(&body).send_now());
    let mut ids = BTreeSet::new();
    for answer in &answers {
        // One still in work may be refused; whoever is answered is answered alike.
        match answer.status {
            201 => drop(ids.insert(answer.json()["id"].to_string())),
            409 => {}
            _ => panic!("{}: {}", answer.status, answer.text),
        }
    }
    assert_eq!(ids.len(), 1);
    assert_eq!(app.event_count(), 2);
}

fn readers_see_whole_dossiers(app: &TestApp) {
    let dossier = app.received();
    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    together(4, |i| {
        if i == 0 {
            let mut version = 2;
            for _ in 0..15 {
                let request = app.user("clerk").request("POST", &format!("{path}/events")).version(version);
                version = request.json(&event("forwarded")).send_now().expect(201)["dossier"]["version"]
                    .as_i64()
                    .expect("a version");
            }
            return;
        }
        for _ in 0..15 {
            let got = app.user("leader").request("GET", &path).send_now();
            let version = got.expect(200)["version"].as_u64().expect("a version");
            assert!(version >= 2);
            assert_eq!(got.json()["state"], if version == 2 { "received" } else { "processing" });
        }
    });
}
