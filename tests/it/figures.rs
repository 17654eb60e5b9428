//! Figures over HTTP: every one opens into its list, groups add up, a settled one never changes.

use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, FOREIGN, ON_THE_SPOT, PARTIAL, event, event_with};
use crate::harness::TestApp;

on_both!(
    the_catalogue_explains_each_indicator,
    every_figure_opens_into_its_list,
    groups_add_up,
    a_settled_figure_never_changes,
    a_voided_dossier_is_in_no_figure,
    an_empty_denominator_is_null,
    a_figure_is_asked_for_by_its_parts,
    a_scorecard_judges_targets,
);

/// Two months of a small district: some of everything.
pub fn some_history(app: &TestApp) {
    app.set_clock("2026-02-03T08:00:00+07:00");
    let early = app.walk(&app.received(), &["payment_recorded", "finished", "returned", "rated"]);
    assert_eq!(early["on_time_status"], "early");
    let late = app.create(&json!({"channel": "post", "agency": AGENCY}));
    let online = app.create(&json!({"channel": "level_4", "components": [
        {"code": "TP1", "electronic": true, "signed": true, "reuse": "component"},
    ]}));
    let partial = app.create(&json!({"procedure": PARTIAL, "channel": "level_3"}));
    let spot = app.create(&json!({"procedure": ON_THE_SPOT}));
    let spot = app.record("clerk", &spot, &event("finished"));
    app.record("clerk", &spot, &event("returned"));
    let gone = app.walk(&app.received(), &["withdrawn"]);
    assert_eq!(gone["state"], "withdrawn");
    let below = app.create(&json!({"agency": CHILD, "channel": "level_4"}));
    app.create(&json!({"agency": FOREIGN}));

    app.set_clock("2026-02-06T09:00:00+07:00");
    let paper = event_with(
        "supplement_requested",
        &json!({"items": [{"component": "TP2", "reason": "thiếu", "legal_basis": "Điều 9", "paper": true}]}),
    );
    let online = app.record("officer", &online, &paper);
    let pay = event_with("payment_recorded", &json!({"method": "national_portal", "reference": "GD-7"}));
    let online = app.record("clerk", &online, &pay);
    app.set_clock("2026-02-26T10:00:00+07:00");
    let online = app.walk(&online, &["supplemented", "finished"]);
    app.record("clerk", &online, &event_with("rated", &json!({"overall": 2})));
    let late = app.record(
        "leader",
        &late,
        &event_with(
            "extended",
            &json!({
                "new_due": "2026-03-30", "letter": {"number": "XL-2", "issued_on": "2026-02-26"},
            }),
        ),
    );
    app.walk(&late, &["finished"]);
    app.walk(&partial, &["forwarded"]);
    app.user("clerk.child").event(&below, &event("forwarded")).expect(201);
    app.set_clock("2026-03-05T08:00:00+07:00");
    app.received();
    app.submitted_online("p1");
    let wrong = app.received();
    app.record("leader", &wrong, &event("voided"));
    app.set_clock("2026-03-10T08:00:00+07:00");
}

fn values(app: &TestApp, query: &str) -> Vec<Value> {
    let answer = app.user("auditor").get(&format!("/indicators/values?{query}")).expect(200);
    answer["values"].as_array().expect("values").clone()
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("{name} of {value}"))
}

fn the_catalogue_explains_each_indicator(app: &TestApp) {
    let list = app.user("portal").get("/indicators").expect(200);
    let items = list["items"].as_array().expect("items");
    assert!(items.len() >= 30, "{} indicators", items.len());
    for item in items {
        for text in ["id", "title", "title_en", "definition", "numerator", "denominator", "unit", "direction", "source"]
        {
            assert!(item[text].as_str().is_some_and(|text| !text.is_empty()), "{text} of {item}");
        }
        assert!(item["definition_version"].as_u64().is_some());
        assert!(item["group_by"].is_array());
    }
    let values = values(app, "");
    assert_eq!(values.len(), items.len(), "every indicator has a value");
}

/// `len(list) == count`, for every indicator, part and group.
fn every_figure_opens_into_its_list(app: &TestApp) {
    some_history(app);
    let mut opened = 0;
    for group in
        ["", "&group_by=agency", "&group_by=procedure", "&group_by=field", "&group_by=channel", "&group_by=month"]
    {
        for value in values(app, &format!("agency={AGENCY}{group}")) {
            opened += usize::from(number(&value, "denominator") > 0);
            open(app, &value);
        }
    }
    assert!(opened > 60, "only {opened} figures with something in them");
}

fn open(app: &TestApp, value: &Value) {
    let link = value["dossiers"].as_str().expect("a link");
    let indicator = value["indicator"].as_str().expect("an id");
    let (denominator, numerator) = (number(value, "denominator"), number(value, "numerator"));
    let count = |part: &str| {
        let path = link.replace("part=denominator", &format!("part={part}"));
        let answer = app.user("auditor").get(&format!("/{path}&count=true&limit=500"));
        let page = answer.expect(200);
        let length = page["items"].as_array().map(Vec::len);
        assert_eq!(page["count"].as_u64(), length.map(|length| length as u64), "{path}");
        page["count"].as_i64().expect("a count")
    };
    assert_eq!(count("denominator"), denominator, "{value}");
    if value["unit"] == "days" {
        assert_eq!(count("numerator"), denominator, "{value}");
        return;
    }
    assert_eq!(count("numerator"), numerator, "{value}");
    if indicator != "withdrawn_or_stopped" {
        assert_eq!(count("shortfall"), denominator - numerator, "{value}");
    }
}

fn groups_add_up(app: &TestApp) {
    some_history(app);
    let whole = values(app, &format!("agency={AGENCY}"));
    for by in ["agency", "procedure", "field", "channel"] {
        let parts = values(app, &format!("agency={AGENCY}&group_by={by}"));
        for value in &whole {
            let of: Vec<&Value> = parts.iter().filter(|part| part["indicator"] == value["indicator"]).collect();
            let catalogued = value["dossiers"].as_str().is_some_and(|link| link.contains("/procedures"));
            if of.is_empty() || catalogued {
                continue;
            }
            for name in ["denominator", "numerator"] {
                let sum: i64 = of.iter().map(|part| number(part, name)).sum();
                assert_eq!(sum, number(value, name), "{by}: {name} of {value} in {of:?}");
            }
        }
    }
    let keys: Vec<String> = values(app, &format!("agency={AGENCY}&group_by=agency&ids=online_share"))
        .iter()
        .map(|value| value["group"]["key"].as_str().expect("a key").to_owned())
        .collect();
    assert_eq!(keys, [AGENCY, CHILD], "the agency itself, and its children that have something");
}

fn a_settled_figure_never_changes(app: &TestApp) {
    some_history(app);
    app.set_clock("2026-03-10T08:30:00+07:00");
    let young = app.user("auditor").get("/indicators/values").expect(200);
    assert_eq!(young["settled"], false);
    assert_eq!(young["cut"]["known_at"], "2026-03-10T08:30:01+07:00", "what was left out is echoed");
    assert_eq!(young["cut"]["from"], "2026-01-01");
    assert_eq!(young["cut"]["to"], "2026-03-10");
    let path = "/indicators/values?from=2026-01-01&to=2026-02-28&known_at=2026-03-10T08:30:00%2B07:00";
    app.set_clock("2026-03-10T08:31:00+07:00");
    let before = app.user("auditor").get(path);
    assert_eq!(before.expect(200)["settled"], true);
    let listed = "/dossiers?indicator=on_time_resolved&part=shortfall&from=2026-01-01&to=2026-02-28\
                  &known_at=2026-03-10T08:30:00%2B07:00&count=true";
    let list_before = app.user("auditor").get(listed);

    // Late entries, corrections and voids of what happened before.
    let late = json!({"occurred_at": "2026-02-10T09:00:00+07:00", "late_entry_reason": "mất mạng"});
    let entered = app.create(&late);
    app.record("officer", &entered, &event_with("finished", &late));
    let dossiers = app.user("clerk").get("/dossiers?finished_to=2026-02-28&limit=10").expect(200);
    for (i, dossier) in dossiers["items"].as_array().expect("items").iter().enumerate() {
        let body = if i == 0 { event("voided") } else { event("corrected") };
        app.record("leader2", dossier, &body);
    }
    let after = app.user("auditor").get(path);
    assert_eq!(after.text, before.text);
    assert_eq!(app.user("auditor").get(listed).text, list_before.text);
    let now = app.user("auditor").get("/indicators/values?from=2026-01-01&to=2026-02-28").expect(200);
    assert_ne!(now["values"], before.json()["values"], "known today it is another figure");
}

fn a_voided_dossier_is_in_no_figure(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["payment_recorded", "finished", "returned", "rated"]);
    let sum = |app: &TestApp| -> i64 {
        let values = values(app, "");
        let counts =
            values.iter().filter(|value| !value["dossiers"].as_str().is_some_and(|l| l.contains("/procedures")));
        counts.map(|value| number(value, "denominator")).sum()
    };
    assert!(sum(app) > 10);
    app.record("leader2", &dossier, &event("voided"));
    assert_eq!(sum(app), 0);
}

fn an_empty_denominator_is_null(app: &TestApp) {
    for value in values(app, "ids=on_time_resolved,mean_processing_days,satisfaction,online_payment_transactions") {
        assert_eq!(number(&value, "denominator"), 0);
        assert_eq!(value["percent"], Value::Null, "{value}");
        assert!(value.get("value").is_none_or(Value::is_null), "{value}");
    }
}

fn a_figure_is_asked_for_by_its_parts(app: &TestApp) {
    some_history(app);
    let one = |query: &str| values(app, &format!("ids=online_share&{query}"))[0].clone();
    let of = |value: &Value| (number(value, "numerator"), number(value, "denominator"));
    // Six in February at the district, one below it; one more in March.
    assert_eq!(of(&one("agency=H26.103&from=2026-02-01&to=2026-02-28")), (3, 7));
    assert_eq!(of(&one("agency=H26.103&scope=own&from=2026-02-01&to=2026-02-28")), (2, 6));
    assert_eq!(of(&one("agency=H26.103.25")), (1, 1));
    assert_eq!(of(&one("")), (3, 8));
    assert_eq!(of(&one("channel=post")), (0, 1));
    assert_eq!(of(&one("channel=online")), (3, 3));
    assert_eq!(of(&one("procedure=1.001193")), (1, 1));
    assert_eq!(one("")["percent"], "37.50");
    assert_eq!(of(&one("from=2026-03-06&to=2026-03-09")), (0, 0));
    let months = values(app, "ids=online_share&group_by=month&from=2026-01-15&to=2026-03-05");
    let months: Vec<(String, i64)> = months
        .iter()
        .map(|value| (value["group"]["key"].as_str().expect("a key").to_owned(), number(value, "denominator")))
        .collect();
    let filled: Vec<_> = months.iter().filter(|(_, count)| *count > 0).cloned().collect();
    assert_eq!(filled, [("2026-02".to_owned(), 7), ("2026-03".to_owned(), 1)]);
    let mean = values(app, "ids=mean_processing_days")[0].clone();
    assert_eq!(mean["unit"], "days");
    assert!(mean["value"].is_string() && mean["percent"].is_null(), "{mean}");
}

fn a_scorecard_judges_targets(app: &TestApp) {
    some_history(app);
    let target = |key: &str, indicator: &str, comparator: &str, threshold: &str| {
        json!({"key": key, "title": key, "wording": threshold, "indicator": indicator, "comparator": comparator,
            "threshold": threshold, "unit": "percent"})
    };
    let plan = json!({
        "id": "song-lam-2026", "title": "Kế hoạch 2026", "agency": AGENCY, "from": "2026-01-01", "to": "2026-12-31",
        "targets": [
            target("on_time", "on_time_resolved", ">=", "90"), target("online", "online_share", ">=", "30"),
            target("nothing", "apology_letters", ">=", "100"), target("overdue", "overdue_open", "<=", "0"),
        ],
    });
    app.user("admin").post("/plans", &plan).expect(201);
    let card = app.user("leader").get("/plans/song-lam-2026/scorecard").expect(200);
    assert_eq!(card["cut"]["agency"], AGENCY);
    assert_eq!(card["cut"]["from"], "2026-01-01");
    assert_eq!(card["cut"]["to"], "2026-12-31");
    let row = |key: &str| -> Value {
        let rows = card["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no row {key}")).clone()
    };
    let online = row("online");
    assert_eq!(online["status"], "met");
    assert_eq!(online["basis"], "computed");
    assert_eq!((online["needed"]["convert"].as_i64(), online["needed"]["in_a_row"].as_i64()), (Some(0), Some(0)));
    let on_time = row("on_time");
    assert_eq!(on_time["status"], "missed");
    // 3 of 4: all four are needed for nine tenths, or six further ones in a row (9 of 10).
    assert_eq!((number(&on_time["actual"], "numerator"), number(&on_time["actual"], "denominator")), (3, 4));
    assert_eq!((on_time["needed"]["convert"].as_i64(), on_time["needed"]["in_a_row"].as_i64()), (Some(1), Some(6)));
    for key in ["on_time", "online", "overdue"] {
        open(app, &row(key)["actual"]);
    }
    let earlier = app.user("leader").get("/plans/song-lam-2026/scorecard?from=2025-01-01&to=2025-12-31").expect(200);
    assert!(
        earlier["rows"].as_array().is_some_and(|rows| rows.iter().all(|row| row["status"] == "no_data")),
        "{earlier}"
    );
}
