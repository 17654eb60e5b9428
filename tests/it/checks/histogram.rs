//! Finishes relative to their due instant.

use serde_json::{Value, json};

use super::{MARCH, NOW, new, then};
use crate::factory::AGENCY;
use crate::harness::TestApp;

on_both!(every_finish_is_in_one_bar, a_bar_is_opened_by_its_name);

fn bars<'a>(answer: &'a Value, name: &str) -> &'a Vec<Value> {
    answer[name].as_array().expect("bars")
}

/// The bars that are not empty.
fn counts(answer: &Value, name: &str) -> Vec<(String, i64)> {
    let all = bars(answer, name).iter();
    let some = all.filter(|bar| bar["count"] != 0);
    some.map(|bar| (bar["bucket"].as_str().expect("an id").to_owned(), bar["count"].as_i64().expect("a count")))
        .collect()
}

fn every_finish_is_in_one_bar(app: &TestApp) {
    app.set_clock(NOW);
    // Due on the 9th at 17:00.
    let finishes = [
        ("02 08:30:00", "day:-7"),
        ("08 23:59:59", "day:-1"),
        ("09 00:00:00", "hour:10"),
        ("09 06:00:00", "hour:10"),
        ("09 06:00:01", "hour:10"),
        ("09 07:00:00", "hour:10"),
        ("09 07:00:01", "hour:9"),
        ("09 16:00:00", "hour:1"),
        ("09 16:00:01", "hour:0"),
        ("09 17:00:00", "hour:0"),
        ("09 17:00:01", "past"),
        ("09 23:59:59", "past"),
        ("10 00:00:00", "day:1"),
    ];
    for (time, _) in finishes {
        then(app, &new(app, "02 08:00:00", &json!({})), "finished", time, &json!({}));
    }
    new(app, "02 08:00:00", &json!({}));
    let answer = app.user("auditor").get(&format!("/audit/histogram?agency={AGENCY}&{MARCH}")).expect(200);
    let said = |name: &str| counts(&answer, name);
    assert_eq!(
        said("days"),
        [("day:-7", 1), ("day:-1", 1), ("day:0", 10), ("day:1", 1)].map(|(id, n)| (id.to_owned(), n))
    );
    let due_day = [("hour:10", 4), ("hour:9", 1), ("hour:1", 1), ("hour:0", 2), ("past", 2)];
    assert_eq!(said("due_day"), due_day.map(|(id, n)| (id.to_owned(), n)));
    assert_eq!((bars(&answer, "days").len(), bars(&answer, "due_day").len()), (61, 12));
    assert_eq!((&answer["finished"], &answer["settled"]), (&json!(13), &json!(false)));
    for bar in bars(&answer, "days").iter().chain(bars(&answer, "due_day")).filter(|bar| bar["count"] != 0) {
        let link = bar["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let page = app.user("leader").get(&format!("{link}&count=true")).expect(200);
        assert_eq!(page["count"], bar["count"], "{bar}");
        assert_eq!(page["items"].as_array().map(Vec::len), bar["count"].as_i64().map(|count| count as usize), "{bar}");
    }
    let far = app.user("auditor").get(&format!("/audit/histogram?{MARCH}&scope=own")).expect(200);
    assert_eq!(far["finished"], 13);

    // Beyond a month the last bar holds them all.
    app.set_clock("2026-06-01T08:00:00+07:00");
    let late = |date: &str| {
        let body = json!({"occurred_at": format!("2026-{date}T09:00:00+07:00"), "late_entry_reason": "mất điện"});
        let dossier = new(app, "02 08:00:00", &json!({}));
        app.record("officer", &dossier, &crate::factory::event_with("finished", &body))
    };
    for date in ["04-07", "04-08", "05-20"] {
        late(date);
    }
    let query = format!("agency={AGENCY}&from=2026-04-01&to=2026-05-31");
    let answer = app.user("auditor").get(&format!("/audit/histogram?{query}")).expect(200);
    assert_eq!(counts(&answer, "days"), [("day:29".to_owned(), 1), ("day:30".to_owned(), 2)]);
    assert_eq!(bars(&answer, "days")[60]["open_ended"], true);
}

fn a_bar_is_opened_by_its_name(app: &TestApp) {
    app.user("clerk").get("/dossiers?bucket=past").problem(403, "forbidden");
    let auditor = app.user("auditor");
    for bucket in ["day:31", "hour:11", "day", "nonsense"] {
        auditor.get(&format!("/dossiers?bucket={bucket}")).refused_at("?bucket", "unknown_bucket");
    }
    auditor.get("/dossiers?bucket=past&check=assisted").refused_at("?check", "exclusive");
    auditor.get("/dossiers?bucket=past&indicator=on_time_due").refused_at("?bucket", "exclusive");
    auditor.get("/audit/histogram?from=2026-03-02&to=2026-03-01").refused_at("?from", "reversed");
}
