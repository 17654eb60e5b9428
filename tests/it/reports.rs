//! The law's reports over HTTP: what each column counts, every cell opens into its dossiers, rows add up.

mod print;

use serde_json::{Value, json};

use crate::factory::{AGENCY, PARTIAL, event, event_with};
use crate::figures::some_history;
use crate::harness::TestApp;

on_both!(
    columns_of_06a,
    columns_of_07a,
    every_cell_opens_into_its_dossiers,
    rows_add_up,
    an_empty_report_is_a_row_of_zeros,
    a_settled_report_never_changes,
    what_cannot_be_asked,
);

pub fn report(app: &TestApp, form: &str, query: &str) -> Value {
    app.user("auditor").get(&format!("/reports/{form}?{query}")).expect(200)
}

fn rows(report: &Value) -> &[Value] {
    report["rows"].as_array().map(Vec::as_slice).expect("rows")
}

fn counts(row: &Value) -> Vec<i64> {
    let cells = row["cells"].as_array().expect("cells");
    cells.iter().map(|cell| cell["count"].as_i64().expect("a count")).collect()
}

fn total(report: &Value) -> Vec<i64> {
    let last = rows(report).last().expect("a total");
    assert_eq!(last["kind"], "total");
    counts(last)
}

/// February carries two over into March; in March one ends in each way.
fn a_spring(app: &TestApp) {
    app.set_clock("2026-02-20T08:00:00+07:00");
    let [slow, gone] = [json!({"channel": "post"}), json!({"channel": "level_4"})].map(|body| app.create(&body));
    app.create(&json!({"procedure": PARTIAL, "channel": "level_3"}));
    app.set_clock("2026-03-02T08:00:00+07:00");
    let early = app.received();
    let stopped = app.received();
    app.walk(&early, &["payment_recorded", "finished"]);
    app.record("leader", &stopped, &event("stopped"));
    let online = app.create(&json!({"channel": "level_4"}));
    let pay = event_with("payment_recorded", &json!({"method": "national_portal", "reference": "GD-8"}));
    app.record("clerk", &online, &pay);
    app.submitted_online("p1");
    let refused = app.submitted_online("p2");
    app.user("clerk").event(&refused, &event("refused")).expect(201);
    app.set_clock("2026-03-20T08:00:00+07:00");
    app.walk(&slow, &["finished"]);
    app.record("clerk", &gone, &event("withdrawn"));
    app.submitted_online("p3");
    app.received();
    app.set_clock("2026-03-20T10:00:00+07:00");
}

const MARCH: &str = "from=2026-03-01&to=2026-03-31";

fn columns_of_06a(app: &TestApp) {
    a_spring(app);
    let exclude = report(app, "06a", &format!("agency={AGENCY}&{MARCH}"));
    assert_eq!(total(&exclude), [5, 1, 2, 2, 2, 1, 0, 1, 3, 1, 2]);
    assert_eq!(exclude["ended"]["treatment"], "exclude");
    assert_eq!(exclude["ended"]["stopped"]["count"], 1);
    assert_eq!(exclude["ended"]["withdrawn"]["count"], 1);
    let rate = &rows(&exclude).last().expect("a total")["on_time_resolved"];
    assert_eq!(json!([rate["numerator"], rate["denominator"], rate["percent"]]), json!([1, 2, "50.00"]));
    assert_eq!(exclude["identities"], json!(["3=4+5+6", "7=8+9+10", "11=12+13", "3=7+11"]));
    for named in ["layout_version", "definition_version", "settled", "calendar_version", "agency_name"] {
        assert!(!exclude[named].is_null(), "{named} of {exclude}");
    }
    // The stopped one ended before its due date, the withdrawn one after it.
    let resolved = report(app, "06a", &format!("agency={AGENCY}&{MARCH}&ended=as_resolved"));
    assert_eq!(total(&resolved), [7, 1, 3, 3, 4, 2, 0, 2, 3, 1, 2]);
    assert_eq!(resolved["ended"]["stopped"]["count"], 1);
    let rate = &rows(&resolved).last().expect("a total")["on_time_resolved"];
    assert_eq!(rate["denominator"], 2, "K1a is of what was finished, whatever the columns count");
}

fn columns_of_07a(app: &TestApp) {
    a_spring(app);
    let exclude = report(app, "07a", &format!("agency={AGENCY}&{MARCH}"));
    let waiting = [1, 1, 1];
    let received = [5, 1, 0, 0, 2, 2];
    let resolved = [2, 1, 0, 0, 1];
    let rest = [3, 1, 2, 1, 1, 2, 1, 1];
    assert_eq!(total(&exclude), [&waiting[..], &received, &resolved, &rest].concat());
    assert_eq!(exclude["identities"], json!(["6=7+8+9+10+11", "12=13+14+15+16", "17=18+19", "22=23+24", "6=12+17"]));
    assert!(exclude["notes"].as_array().is_some_and(|notes| notes.len() == 3));
}

fn every_cell_opens_into_its_dossiers(app: &TestApp) {
    some_history(app);
    let mut opened = 0;
    for (form, ended) in [("06a", "exclude"), ("06a", "as_resolved"), ("07a", "exclude")] {
        for by in ["field", "procedure", "agency"] {
            let report = report(app, form, &format!("agency={AGENCY}&from=2026-02-05&rows={by}&ended={ended}"));
            for row in rows(&report) {
                for cell in row["cells"].as_array().expect("cells") {
                    opened += i64::from(cell["count"] != 0);
                    open(app, &cell["dossiers"], &cell["count"]);
                }
                let rates = ["on_time_resolved", "on_time_due"].map(|rate| &row[rate]);
                rates.iter().for_each(|rate| open(app, &rate["dossiers"], &rate["denominator"]));
            }
            for beside in ["stopped", "withdrawn"].map(|beside| &report["ended"][beside]) {
                open(app, &beside["dossiers"], &beside["count"]);
            }
        }
    }
    assert!(opened > 100, "only {opened} cells with somebody in them");
}

fn open(app: &TestApp, link: &Value, count: &Value) {
    let link = link.as_str().expect("a link");
    let page = app.user("auditor").get(&format!("/{link}&count=true&limit=500")).expect(200);
    assert_eq!(page["count"], *count, "{link}");
    assert_eq!(page["items"].as_array().map(Vec::len), count.as_u64().map(|count| count as usize), "{link}");
}

fn rows_add_up(app: &TestApp) {
    some_history(app);
    let sum = |report: &Value, kind: &str| {
        let mut sums = vec![0; total(report).len()];
        for row in rows(report).iter().filter(|row| row["kind"] == kind) {
            sums.iter_mut().zip(counts(row)).for_each(|(sum, count)| *sum += count);
        }
        sums
    };
    for form in ["06a", "07a"] {
        let query = format!("agency={AGENCY}&from=2026-02-05");
        let by_field = report(app, form, &query);
        let by_procedure = report(app, form, &format!("{query}&rows=procedure"));
        let by_agency = report(app, form, &format!("{query}&rows=agency"));
        let whole = total(&by_field);
        assert!(whole.iter().sum::<i64>() > 0);
        for (report, kinds) in [
            (&by_field, &["level", "field"][..]),
            (&by_procedure, &["level", "field", "procedure"]),
            (&by_agency, &["agency"]),
        ] {
            assert_eq!(total(report), whole);
            kinds.iter().for_each(|kind| assert_eq!(sum(report, kind), whole, "{kind} of {form}"));
        }
        // One level alone is its section in the whole.
        let commune = report(app, form, &format!("{query}&level=commune"));
        let section = rows(&by_field).iter().find(|row| row["level"] == "commune").expect("a section");
        assert_eq!(total(&commune), counts(section));
    }
}

fn an_empty_report_is_a_row_of_zeros(app: &TestApp) {
    let report = report(app, "06a", "from=2020-01-01&to=2020-12-31");
    assert_eq!(rows(&report).len(), 1);
    assert_eq!(total(&report), [0; 11]);
    for rate in ["on_time_resolved", "on_time_due"] {
        assert_eq!(rows(&report)[0][rate]["percent"], Value::Null);
    }
}

fn a_settled_report_never_changes(app: &TestApp) {
    a_spring(app);
    let known_at = "2026-03-20T09:59:50%2B07:00";
    let ask = |form: &str| {
        let path = format!("/reports/{form}?agency={AGENCY}&{MARCH}&known_at={known_at}&rows=procedure");
        app.user("auditor").get(&path)
    };
    let before = ["06a", "07a"].map(|form| ask(form).text);
    assert_eq!(ask("06a").json()["settled"], true);
    app.walk(&app.received(), &["finished"]);
    let late = app.create(&json!({"occurred_at": "2026-03-19T09:00:00+07:00"}));
    app.record("leader", &late, &event("voided"));
    assert_eq!(["06a", "07a"].map(|form| ask(form).text), before);
    let now = report(app, "06a", &format!("agency={AGENCY}&{MARCH}"));
    assert_ne!(total(&now), total(&serde_json::from_str(&before[0]).expect("a report")));
}

fn what_cannot_be_asked(app: &TestApp) {
    let broken = [
        ("/reports/06a?rows=weekday", "?rows", "unknown_value"),
        ("/reports/06a?ended=kept", "?ended", "unknown_value"),
        ("/reports/07a?level=village", "?level", "unknown_value"),
        ("/reports/06a?from=2026-03-02&to=2026-03-01", "?from", "reversed"),
        ("/reports/06a?known_at=2027-01-01T00:00:00Z", "?known_at", "in_future"),
        ("/dossiers?report=06b&column=3", "?report", "unknown_report"),
        ("/dossiers?report=06a", "?column", "unknown_column"),
        ("/dossiers?report=06a&column=14", "?column", "unknown_column"),
        ("/dossiers?report=06a&column=3&ended=kept", "?ended", "unknown_value"),
        ("/dossiers?column=3", "?column", "unexpected"),
        ("/dossiers?ended=exclude", "?ended", "unexpected"),
        ("/dossiers?report=06a&column=3&indicator=on_time_due", "?report", "unexpected"),
    ];
    for (path, pointer, code) in broken {
        app.user("auditor").get(path).refused_at(pointer, code);
    }
    app.user("auditor").get("/reports/06a?from=yesterday").problem(400, "malformed-request");
    app.user("auditor").get("/reports/06a?colour=red").problem(400, "malformed-request");
    app.user("auditor").get("/reports/06c").problem(404, "not-found");
    app.user("auditor").get("/reports/06a?agency=H99").problem(404, "not-found");
}
