//! Scorecards in time against the recount: every month and every stretch, this year and the one before, across a
//! merger; agencies side by side; and the same bytes again after more has been recorded.

use chrono::{Duration, NaiveDate};
use motcua::domain::time::{Instant, canonical, parse};
use motcua::store::catalogues::Tree;
use motcua::store::figures::Cut;
use motcua::store::indicators::{self, Subject};
use motcua::store::query::Filters;
use motcua::store::{StoreError, Tx};
use motcua::verify::figures::View;
use serde_json::{Value, json};

use super::asks::{Ask, plain};
use super::figures::fields;
use super::recount::{Recount, counts};
use super::story::Story;
use super::world::{MERGED, SUCCESSOR};
use crate::factory::AGENCY;

const PLAN: &str = "song-lam-2026";
/// Looked at, in the year after the story too: then the story is the year before.
const YEARS: [(&str, &str); 2] = [("2026-02-01", "2026-12-31"), ("2027-01-01", "2027-12-31")];

pub fn plan(story: &Story<'_>) {
    let target = |key: &str, indicator: &str, with: Value| {
        let mut target = json!({"key": key, "title": key, "indicator": indicator, "comparator": ">=",
            "threshold": "60", "unit": "percent"});
        crate::factory::merge(&mut target, &with);
        target
    };
    let nothing = || json!({});
    let targets = [
        target("resolved", "on_time_resolved", nothing()),
        target("due", "on_time_due", nothing()),
        target("handled", "on_time_handled", nothing()),
        target("online", "online_share", nothing()),
        target("portal", "online_payment_transactions", nothing()),
        target("catalogue", "procedures_with_online", nothing()),
        target("mean", "mean_processing_days", json!({"comparator": "<=", "threshold": "4", "unit": "days"})),
        target("overdue_online", "overdue_open", json!({"comparator": "<=", "scope": {"channel": "online"}})),
        target("communes", "on_time_resolved", json!({"scope": {"level": "commune"}})),
        target(
            "growth",
            "digitised_result",
            json!({"threshold": "38",
            "base_period": {"from": "2026-01-01", "to": "2026-03-31"}}),
        ),
    ];
    let plan = json!({"id": PLAN, "title": "Kế hoạch", "agency": AGENCY, "from": "2026-04-01", "to": "2027-12-31",
        "targets": targets});
    story.test.user("admin").post("/plans", &plan).expect(201);
}

fn get(story: &Story<'_>, path: &str, query: &str) -> Value {
    story.test.user("auditor").get(&format!("/plans/{PLAN}/scorecard{path}?{query}")).expect(200)
}

/// Every figure of the series is what the recount finds.
pub fn check(story: &mut Story<'_>) {
    let recount = Recount::of(story);
    story.test.set_clock("2027-04-20T10:00:00+07:00");
    let (first, last) =
        (crate::harness::at("2026-03-20T08:00:00+07:00"), crate::harness::at("2027-04-20T09:00:00+07:00"));
    let mut seen = [0, 0];
    for (i, (from, to)) in YEARS.iter().enumerate() {
        for agency in [AGENCY, SUCCESSOR] {
            let known_at = if i == 0 && story.dice.chance(50) {
                first + Duration::minutes(story.dice.between(0, 90_000))
            } else {
                last
            };
            let query = format!("agency={agency}&from={from}&to={to}&known_at={}", canonical(known_at));
            let answer = get(story, "/series", &query);
            for series in answer["series"].as_array().expect("series") {
                let months = series["months"].as_array().expect("months");
                assert_eq!(months.len(), if i == 0 { 11 } else { 12 });
                for point in months.iter().flat_map(|month| [&month["own"], &month["cumulative"]]) {
                    if !point.is_null() {
                        let (to, key) = (date(to), series["key"].as_str().expect("a key"));
                        for (n, point) in [point, &point["previous_year"]].into_iter().enumerate() {
                            seen[n] += compare(story, &recount, (agency, to, known_at), key, point);
                        }
                    }
                }
            }
            let follow = story.dice.index(10);
            opens(story, &answer["series"][follow]);
            sums(story, &query);
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "figures with something in them: {seen:?}");
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// 1 when there was something to count.
fn compare(
    story: &Story<'_>,
    recount: &Recount,
    (agency, tree, known_at): (&str, NaiveDate, Instant),
    key: &str,
    point: &Value,
) -> usize {
    let day = |name: &str| date(point[name].as_str().expect("a date"));
    let online_only = key == "overdue_online";
    let filters = Filters { online_only, ..Filters::default() };
    let agency = Some(agency.to_owned());
    let ask = Ask { agency, own: false, from: tree, to: tree, known_at, filters };
    let id = point["value"]["indicator"].as_str().expect("an indicator");
    let indicator = indicators::find(id).expect("known");
    let expected = story.app.store.read_blocking::<_, StoreError, _>(|tx| {
        let (whole, _) = ask.cut(tx, story.app)?;
        let mut cut = Cut { from: day("from"), to: day("to"), ..whole };
        if key == "communes" {
            communes(tx, story, &mut cut, tree)?;
        }
        let answers = recount.answers(&cut, &fields(tx, story.app, &cut)?);
        Ok(counts(&View::new(answers.book(indicator), &plain(&cut)).figure(id).expect("a figure")))
    });
    let number = |name: &str| point["value"][name].as_i64().expect("a number");
    let expected = expected.expect("a database");
    assert_eq!((number("numerator"), number("denominator")), expected, "{key} known at {known_at}: {point}");
    usize::from(expected != (0, 0))
}

fn communes(tx: &mut Tx<'_>, story: &Story<'_>, cut: &mut Cut, day: NaiveDate) -> Result<(), StoreError> {
    let documents = story.app.catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, day, cut.known_at);
    cut.agencies.retain(|code| tree.get(code).is_some_and(|agency| agency.level.as_str() == "commune"));
    Ok(())
}

/// The list behind each figure is as long as the figure says, whichever day its tree is of.
fn opens(story: &Story<'_>, series: &Value) {
    for month in series["months"].as_array().expect("months") {
        for point in [&month["own"], &month["cumulative"]].into_iter().filter(|point| !point.is_null()) {
            for value in [&point["value"], &point["previous_year"]["value"]] {
                let link = value["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
                let list = story.test.user("auditor").get(&format!("{link}&count=true")).expect(200);
                assert_eq!(list["count"], value["denominator"], "{link}");
            }
        }
    }
}

/// Agencies side by side add up to the scorecard; the merged one stands with its successor.
fn sums(story: &Story<'_>, query: &str) {
    let answer = get(story, "/agencies", query);
    assert_eq!(answer["total"], get(story, "", query)["rows"]);
    let agencies = answer["agencies"].as_array().expect("agencies");
    let codes: Vec<&str> = agencies.iter().map(|card| card["agency"].as_str().expect("a code")).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    let known = answer["cut"]["known_at"].as_str().expect("an instant");
    if parse(known).expect("an instant") > crate::harness::at("2026-04-08T11:00:00+07:00") {
        assert!(!codes.contains(&MERGED), "{codes:?}");
    }
    for (i, total) in answer["total"].as_array().expect("rows").iter().enumerate() {
        let id = total["indicator"].as_str().expect("an indicator");
        if !matches!(indicators::find(id).expect("known").subject, Subject::Dossier | Subject::Payment) {
            continue;
        }
        for name in ["numerator", "denominator"] {
            let of = |row: &Value| row["actual"][name].as_i64().expect("a number");
            let sum: i64 = agencies.iter().map(|card| of(&card["rows"][i])).sum();
            assert_eq!(sum, of(total), "{name} of {id}: {query}");
        }
    }
    for row in agencies.iter().filter_map(|card| card["rows"].as_array()?.first()) {
        let link = row["actual"]["dossiers"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let list = story.test.user("auditor").get(&format!("{link}&count=true")).expect(200);
        assert_eq!(list["count"], row["actual"]["denominator"], "{link}");
    }
}

/// What is settled now, in every form.
pub fn keep(story: &mut Story<'_>) -> Vec<(String, String)> {
    let known_at = canonical(story.app.clock.now() - Duration::seconds(30));
    let mut kept = Vec::new();
    for path in ["", "/series", "/agencies"] {
        let path = format!("/plans/{PLAN}/scorecard{path}?from=2026-01-01&to=2026-12-31&known_at={known_at}");
        let answer = story.test.user("auditor").get(&path);
        assert_eq!(answer.expect(200)["settled"], true);
        kept.push((path, answer.text));
    }
    kept
}

pub fn compare_kept(story: &Story<'_>, kept: &[(String, String)]) {
    for (path, before) in kept {
        assert_eq!(story.test.user("auditor").get(path).text, *before, "{path}");
        let (now, _) = path.split_once("&known_at").expect("an instant");
        assert_ne!(story.test.user("auditor").get(now).text, *before, "nothing was put to the test: {now}");
    }
}
