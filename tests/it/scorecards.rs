//! Scorecards in time over HTTP: months and the year before, growth, what the open dossiers may still do, agencies side
//! by side.

mod print;

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, event};
use crate::harness::{TestApp, escaped};

on_both!(
    months_stand_beside_those_of_the_year_before,
    an_outlook_lies_between_two_ends,
    where_there_is_no_outlook_it_says_why,
    agencies_stand_side_by_side,
    questions_that_break_rules,
);

const PLAN: &str = "song-lam-2026";

fn plan(app: &TestApp) {
    let target = |key: &str, indicator: Option<&str>, threshold: &str| {
        json!({"key": key, "title": key, "wording": threshold, "indicator": indicator, "comparator": ">=",
            "threshold": threshold, "unit": "percent"})
    };
    let mut growth = target("growth", Some("online_share"), "38");
    growth["base_period"] = json!({"from": "2025-01-01", "to": "2025-12-31"});
    let targets = [
        target("online", Some("online_share"), "50"),
        growth,
        target("resolved", Some("on_time_resolved"), "60"),
        target("due", Some("on_time_due"), "60"),
        target("handled", Some("on_time_handled"), "80"),
        target("trained", None, "90"),
    ];
    let plan = json!({"id": PLAN, "title": "Kế hoạch 2026", "agency": AGENCY, "from": "2026-01-01",
        "to": "2026-12-31", "targets": targets});
    app.user("admin").post("/plans", &plan).expect(201);
}

fn series(app: &TestApp, query: &str) -> Value {
    app.user("auditor").get(&format!("/plans/{PLAN}/scorecard/series?{query}")).expect(200)
}

fn of<'a>(answer: &'a Value, key: &str) -> &'a Value {
    let rows = answer["series"].as_array().expect("series");
    rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no target {key}"))
}

/// Numerator and denominator.
fn counts(value: &Value) -> (i64, i64) {
    let number = |name: &str| value[name].as_i64().unwrap_or_else(|| panic!("{name} of {value}"));
    (number("numerator"), number("denominator"))
}

fn online(app: &TestApp) -> Value {
    app.create(&json!({"channel": "level_4"}))
}

/// Checks that each link opens as many as the figure says.
fn open(app: &TestApp, value: &Value) {
    let link = value["dossiers"].as_str().expect("a link");
    let count = |part: &str| {
        let path = link.replace("part=denominator", &format!("part={part}"));
        app.user("auditor").get(&format!("/{path}&count=true")).expect(200)["count"].as_i64().expect("a count")
    };
    assert_eq!((count("numerator"), count("denominator")), counts(value), "{link}");
}

fn months_stand_beside_those_of_the_year_before(app: &TestApp) {
    // A year earlier: one of two in February, none of one in March, after the day that is compared.
    app.set_clock("2025-02-28T08:00:00+07:00");
    online(app);
    app.received();
    app.set_clock("2025-03-20T08:00:00+07:00");
    app.received();
    app.set_clock("2026-02-02T08:00:00+07:00");
    plan(app);
    online(app);
    app.set_clock("2026-03-05T08:00:00+07:00");
    online(app);
    app.received();
    app.set_clock("2026-03-10T09:00:00+07:00");
    let answer = series(app, "");
    assert_eq!((&answer["plan_revision"], &answer["settled"]), (&json!(1), &json!(false)));
    let online = of(&answer, "online");
    let months = online["months"].as_array().expect("months");
    let names: Vec<&str> = months.iter().map(|month| month["month"].as_str().expect("a name")).collect();
    assert_eq!((names.len(), names[0], names[11]), (12, "2026-01", "2026-12"));
    let told = |point: &Value| {
        let before = &point["previous_year"];
        let days = ["from", "to"].map(|name| before[name].as_str().expect("a date").to_owned());
        (counts(&point["value"]), point["status"].clone(), days, counts(&before["value"]))
    };
    let days = |from: &str, to: &str| [from.to_owned(), to.to_owned()];
    let (met, no_data) = (json!("met"), json!("no_data"));
    let january = (told(&months[0]["own"]), told(&months[0]["cumulative"]));
    assert_eq!(january.0, ((0, 0), no_data, days("2025-01-01", "2025-01-31"), (0, 0)));
    assert_eq!(january.0, january.1);
    assert_eq!(months[0]["own"]["value"]["percent"], Value::Null);
    assert_eq!(told(&months[1]["own"]), ((1, 1), met.clone(), days("2025-02-01", "2025-02-28"), (1, 2)));
    // The running month: as far as it has come, this year and the year before.
    assert_eq!(months[2]["own"]["to"], "2026-03-10");
    assert_eq!(told(&months[2]["own"]), ((1, 2), met.clone(), days("2025-03-01", "2025-03-10"), (0, 0)));
    assert_eq!(told(&months[2]["cumulative"]), ((2, 3), met, days("2025-01-01", "2025-03-10"), (1, 2)));
    for month in &months[3..] {
        assert_eq!((&month["own"], &month["cumulative"]), (&Value::Null, &Value::Null), "not zero: not there yet");
    }
    for month in &months[..3] {
        for point in [&month["own"], &month["cumulative"]] {
            open(app, &point["value"]);
            open(app, &point["previous_year"]["value"]);
        }
    }
    // Growth of a share: two thirds over a third is 100 %.
    let growth = &of(&answer, "growth")["months"][2]["cumulative"]["growth"];
    let base = json!({"from": "2025-01-01", "to": "2025-12-31"});
    let expected = json!({"percent": "100.00", "base_numerator": 1, "base_denominator": 3, "base_period": base});
    assert_eq!(*growth, expected);
    assert_eq!(of(&answer, "growth")["months"][2]["cumulative"]["status"], "met");
}

fn an_outlook_lies_between_two_ends(app: &TestApp) {
    app.set_clock("2026-03-02T08:00:00+07:00");
    plan(app);
    // Two finished on time, three will be overdue, one of them paused in time; two still have time; one is due later.
    let mut dossiers: Vec<Value> = (0..5).map(|_| app.received()).collect();
    let paused = dossiers.pop().expect("five");
    app.record("officer", &paused, &event("supplement_requested"));
    for dossier in dossiers.drain(..2) {
        app.walk(&dossier, &["finished"]);
    }
    app.set_clock("2026-03-11T08:00:00+07:00");
    app.received();
    app.received();
    app.set_clock("2026-03-12T08:00:00+07:00");
    let query = "from=2026-03-01&to=2026-03-18";
    app.create(&json!({"procedure": "1.001193"}));
    let answer = series(app, query);
    let outlook = |key: &str| of(&answer, key)["outlook"].clone();
    let told = |key: &str| {
        let outlook = outlook(key);
        let stock = ["open", "overdue", "in_time"].map(|name| outlook[name].as_i64().expect("a number"));
        let end = |name: &str| (counts(&outlook[name]), outlook[name]["status"].as_str().unwrap_or("–").to_owned());
        (stock, end("all_on_time"), end("all_late"), outlook["may_slip"].as_i64())
    };
    let is = |counts: (i64, i64), status: &str| (counts, status.to_owned());
    // 2 of 2 so far; with the three in time 5 of 7, else 2 of 7. 60 % of 7 is 5: none may slip.
    assert_eq!(told("resolved"), ([5, 2, 3], is((5, 7), "met"), is((2, 7), "missed"), Some(0)));
    assert_eq!(told("due"), told("resolved"), "both rates come to the same end");
    // Eight present, two of them late; 80 % is out of reach.
    assert_eq!(told("handled"), ([5, 2, 3], is((6, 8), "missed"), is((3, 8), "missed"), None));
    let link = outlook("due")["dossiers"].as_str().expect("a link").to_owned();
    for (part, count) in [("denominator", 5), ("numerator", 2), ("shortfall", 3)] {
        let path = link.replace("part=denominator", &format!("part={part}"));
        let list = app.user("auditor").get(&format!("/{path}&count=true")).expect(200);
        assert_eq!(list["count"], count, "{path}");
    }
    assert_eq!(of(&answer, "resolved")["needed"], json!({"convert": 0, "in_a_row": 0}));
}

fn where_there_is_no_outlook_it_says_why(app: &TestApp) {
    app.set_clock("2026-03-02T08:00:00+07:00");
    plan(app);
    let why = |query: &str, key: &str| {
        let answer = series(app, query);
        let row = of(&answer, key).clone();
        assert_eq!(row["outlook"].is_null(), row["no_outlook"].is_string(), "{row}");
        row["no_outlook"].as_str().unwrap_or("–").to_owned()
    };
    assert_eq!(why("", "resolved"), "–");
    assert_eq!(why("", "online"), "not_an_on_time_rate");
    assert_eq!(why("", "growth"), "not_an_on_time_rate");
    assert_eq!(why("", "trained"), "not_an_on_time_rate");
    assert_eq!(why("from=2026-01-01&to=2026-02-28", "due"), "period_over");
    assert_eq!(why("from=2026-04-01&to=2026-06-30", "due"), "period_not_begun");
    let answer = series(app, "targets=trained,growth");
    assert_eq!(answer["series"].as_array().map(Vec::len), Some(2));
    assert_eq!(of(&answer, "trained")["months"], json!([]));
}

fn agencies_stand_side_by_side(app: &TestApp) {
    plan(app);
    online(app);
    app.received();
    app.create(&json!({"agency": CHILD, "channel": "level_4"}));
    app.set_clock("2026-03-10T09:00:00+07:00");
    let known_at = escaped("2026-03-10T08:59:00+07:00");
    let query = format!("known_at={known_at}");
    let get = |path: &str| app.user("auditor").get(&format!("/plans/{PLAN}/scorecard{path}?{query}")).expect(200);
    let answer = get("/agencies");
    assert_eq!(answer["total"], get("")["rows"]);
    assert_eq!(answer["cut"], get("")["cut"]);
    let cards = answer["agencies"].as_array().expect("agencies");
    let heads: Vec<(&str, &str, &str)> = cards
        .iter()
        .map(|card| ["agency", "name", "scope"].map(|name| card[name].as_str().expect("a text")).into())
        .collect();
    let expected = [
        (AGENCY, "UBND huyện Sông Lam", "own"),
        (CHILD, "UBND xã Trên", "subtree"),
        ("H26.103.26", "UBND xã Dưới", "subtree"),
    ];
    assert_eq!(heads, expected);
    let online: Vec<(i64, i64)> = cards.iter().map(|card| counts(&card["rows"][0]["actual"])).collect();
    assert_eq!(online, [(1, 2), (1, 1), (0, 0)]);
    assert_eq!(counts(&answer["total"][0]["actual"]), (2, 3));
    let empty = &cards[2]["rows"][0];
    assert_eq!((&empty["status"], &empty["actual"]["percent"]), (&json!("no_data"), &Value::Null));
    for card in cards {
        for row in card["rows"].as_array().expect("rows").iter().filter(|row| !row["actual"].is_null()) {
            open(app, &row["actual"]);
        }
    }
    // Whoever reaches only a commune sees that commune.
    let child = app.user("leader.child").get(&format!("/plans/{PLAN}/scorecard/agencies?agency={CHILD}")).expect(200);
    assert_eq!(child["agencies"].as_array().map(Vec::len), Some(1));
}

fn questions_that_break_rules(app: &TestApp) {
    plan(app);
    for path in ["", "/series", "/agencies"] {
        let ask = |query: &str| app.user("leader").get(&format!("/plans/{PLAN}/scorecard{path}?{query}"));
        ask("from=2026-03-01&to=2026-01-01").refused_at("?from", "reversed");
        ask("targets=online,nothing").refused_at("?targets", "unknown_target");
        ask("scope=all").refused_at("?scope", "unknown_value");
        ask(&format!("known_at={}", escaped("2026-12-31T00:00:00+07:00"))).refused_at("?known_at", "in_future");
        ask("from=tomorrow").problem(400, "malformed-request");
        ask("colour=red").problem(400, "malformed-request");
        ask("agency=H38").problem(404, "not-found");
        app.user("leader").get(&format!("/plans/no-plan/scorecard{path}")).problem(404, "not-found");
    }
    app.user("leader").get("/dossiers?indicator=open_due&tree=soon").problem(400, "malformed-request");
}
