//! Every cell of the law's reports, and the list behind it, against the recount; settled ones against themselves.

use std::collections::{BTreeMap, BTreeSet};

use motcua::app::App;
use motcua::domain::time::canonical;
use motcua::store::figures::Cut;
use motcua::store::query::{FactQuery, Filters};
use motcua::store::reports::{self as forms, Ended, Layout, Report, Row, RowKind, RowsBy, compute};
use motcua::store::{StoreError, Tx};
use motcua::verify::reports::{self as recount, Form, Key};
use serde_json::Value;

use super::asks::{Ask, plain};
use super::recount::Recount;
use super::story::Story;

/// Cuts whose cells are compared; of the first ones also the lists.
const CUTS: usize = 12;
const WITH_LISTS: usize = 4;
const BY: [RowsBy; 3] = [RowsBy::Field, RowsBy::Procedure, RowsBy::Agency];
const TREATMENTS: [Ended; 2] = [Ended::Exclude, Ended::AsResolved];

/// The columns that counted somebody at some cut, as `06a/3`.
pub fn check(story: &mut Story<'_>) -> BTreeSet<String> {
    let recount = Recount::of(story);
    let now = story.app.clock.now();
    let mut counted = BTreeSet::new();
    for i in 0..CUTS {
        let mut ask = if i % 2 == 0 { Ask::wide(story, now) } else { Ask::random(story, now) };
        ask.filters = Filters::default();
        let done = story.app.store.read_blocking::<_, StoreError, _>(|tx| {
            for (layout, ended, by) in every() {
                let (report, cut) = asked(tx, story.app, &ask, layout, ended, by)?;
                let expected = expected(&recount, &report, &cut);
                counted.extend(compare(&report, &expected));
                if i < WITH_LISTS {
                    lists(tx, &report, &cut, &expected)?;
                }
            }
            Ok(())
        });
        done.expect("a database");
    }
    counted
}

/// Columns of all forms, as `06a/3`.
pub fn columns() -> BTreeSet<String> {
    let name = |layout: &Layout, number: &str| format!("{}/{number}", layout.id);
    let columns = |layout: &'static Layout| layout.columns.iter().map(move |column| name(layout, column.number));
    forms::LAYOUTS.into_iter().flat_map(columns).collect()
}

fn every() -> impl Iterator<Item = (&'static Layout, Ended, RowsBy)> {
    forms::LAYOUTS.into_iter().flat_map(|layout| {
        TREATMENTS.into_iter().flat_map(move |ended| BY.into_iter().map(move |by| (layout, ended, by)))
    })
}

/// Settled reports as they are sent: JSON and spreadsheets of some cuts.
pub fn sent(story: &Story<'_>, asks: &[Ask]) -> Vec<(String, Vec<u8>)> {
    let mut sent = Vec::new();
    for (ask, (layout, ended, by)) in asks.iter().flat_map(|ask| every().map(move |what| (ask, what))) {
        // Where one admin reads.
        let agency = ask.agency.as_deref().filter(|agency| agency.starts_with("H26")).unwrap_or("H26");
        let cut = format!("agency={agency}&from={}&to={}&known_at={}", ask.from, ask.to, canonical(ask.known_at));
        let formats: &[&str] = if by == RowsBy::Field { &["json", "xlsx"] } else { &["json"] };
        for format in formats {
            let what = format!("rows={}&ended={}&format={format}", by.as_str(), ended.as_str());
            let path = format!("/reports/{}?{cut}&{what}", layout.id);
            let answer = story.test.user("admin.province").get(&path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            sent.push((path, answer.bytes));
        }
    }
    sent
}

/// The counts of those among them that are JSON, one text for each.
pub fn counts(sent: &[(String, Vec<u8>)]) -> Vec<String> {
    let json = sent.iter().filter(|(path, _)| path.ends_with("format=json"));
    let text = |bytes: &[u8]| {
        let report: Value = serde_json::from_slice(bytes).expect("JSON");
        let rows = report["rows"].as_array().expect("rows").iter();
        let cells = rows.flat_map(|row| row["cells"].as_array().expect("cells"));
        cells.map(|cell| format!("{} ", cell["count"])).collect()
    };
    json.map(|(_, bytes)| text(bytes)).collect()
}

/// As the texts of the settled: all reports of a cut.
pub fn texts(tx: &mut Tx<'_>, app: &App, ask: &Ask) -> Result<Vec<String>, StoreError> {
    let ask = Ask { filters: Filters::default(), ..ask.clone() };
    let text = |report: &Report| serde_json::to_string(report).expect("JSON");
    every().map(|(layout, ended, by)| Ok(text(&asked(tx, app, &ask, layout, ended, by)?.0))).collect()
}

fn asked(
    tx: &mut Tx<'_>,
    app: &App,
    ask: &Ask,
    layout: &'static Layout,
    ended: Ended,
    rows: RowsBy,
) -> Result<(Report, Cut), StoreError> {
    let (cut, groups) = ask.cut(tx, app)?;
    let asked = forms::Ask {
        layout,
        ended,
        rows,
        cut: &cut,
        agency: ask.agency.as_deref(),
        own: ask.own,
        levels: &[],
        groups: &groups,
    };
    let report = compute(tx, &app.catalogues, &asked)?;
    let text = serde_json::to_string(&report).expect("JSON");
    assert_eq!(serde_json::from_str::<Report>(&text).expect("a report"), report, "what is frozen is read back");
    Ok((report, cut))
}

fn expected(book: &Recount, report: &Report, cut: &Cut) -> BTreeMap<Key, recount::Row> {
    let rows = report.agencies.iter().filter_map(|agency| Some((agency.code.clone(), agency.row.clone()?))).collect();
    let ended = match report.ended {
        Ended::Exclude => recount::Ended::Exclude,
        Ended::AsResolved => recount::Ended::AsResolved,
    };
    let by = match report.rows_by {
        RowsBy::Field => recount::RowsBy::Field,
        RowsBy::Procedure => recount::RowsBy::Procedure,
        RowsBy::Agency => recount::RowsBy::Agency,
    };
    let form = Form::named(&report.report).expect("a form that the recount knows");
    assert!(form.columns().map(|number| number.to_string()).eq(report.columns.iter().cloned()));
    recount::report(book.book(), &plain(cut), form, ended, by, &rows)
}

fn key(row: &Row) -> Key {
    Key {
        level: row.level.map(|level| level.as_str().to_owned()),
        field: row.field.clone(),
        procedure: row.procedure.clone(),
        agency: row.agency.clone(),
    }
}

fn compare(report: &Report, expected: &BTreeMap<Key, recount::Row>) -> BTreeSet<String> {
    let keys: BTreeSet<Key> = report.rows.iter().map(key).collect();
    assert_eq!(keys.len(), report.rows.len(), "no row twice");
    assert!(keys.iter().eq(expected.keys()), "rows of {report:#?}");
    assert_eq!(report.rows.last().map(|row| row.kind), Some(RowKind::Total));
    assert_eq!(report.broken(report.layout().expect("a form")), [""; 0]);
    let mut counted = BTreeSet::new();
    for row in &report.rows {
        let oracle = &expected[&key(row)];
        for (column, count) in report.columns.iter().zip(&row.cells) {
            assert_eq!(*count, size(&oracle.cell(column)), "{column} of {row:?} in {report:#?}");
            if *count > 0 {
                counted.insert(format!("{}/{column}", report.report));
            }
        }
        assert_eq!([row.stopped, row.withdrawn], ["stopped", "withdrawn"].map(|name| size(&oracle.cell(name))));
        for (share, figure) in
            [(row.on_time_resolved, &oracle.on_time_resolved), (row.on_time_due, &oracle.on_time_due)]
        {
            let found = [size(&figure.numerator), size(&figure.denominator)];
            assert_eq!([share.numerator, share.denominator], found, "{row:?}");
        }
    }
    counted
}

/// Who is listed behind the cells of the total is who is counted there.
fn lists(
    tx: &mut Tx<'_>,
    report: &Report,
    cut: &Cut,
    expected: &BTreeMap<Key, recount::Row>,
) -> Result<(), StoreError> {
    let layout = report.layout()?;
    let total = &expected[&Key::default()];
    for column in layout.columns.iter().chain(layout.beside()) {
        let ask = FactQuery { limit: 1_000, ..column.question(report.ended, cut) };
        let listed = tx.facts_page(&ask)?.into_iter().map(|hit| hit.dossier.0.to_string()).collect();
        assert_eq!(total.cell(column.number), listed, "{} of {}", column.number, report.report);
        assert_eq!(tx.facts_count(&ask)?, size(&listed));
    }
    Ok(())
}

fn size(set: &BTreeSet<String>) -> i64 {
    i64::try_from(set.len()).expect("a small set")
}
