//! Export, and back again.

use motcua::app::export;
use motcua::app::{App, AppError};
use motcua::domain::facts::marks;
use motcua::domain::history::FOREVER;
use motcua::store::StoreError;
use motcua::store::rows::{FactsRow, PaymentRow};
use motcua::store::sql_types::Id;
use serde_json::{Value, json};

use super::setup::{A, B, codes, databases, event, fill, histories, import, line, lite, live, rows, submitted};

fn exported(app: &App) -> Vec<Value> {
    let mut lines = Vec::new();
    let agencies = [A.to_owned(), B.to_owned()];
    let count = export::dossiers::<StoreError>(app, &agencies, |line| {
        lines.push(serde_json::from_str(line).expect("JSON"));
        Ok(())
    });
    assert_eq!(count.expect("a database"), lines.len() as u64);
    lines
}

/// What figures as known now are made of, in an order that does not depend on ids.
fn present(app: &App) -> Vec<(Vec<FactsRow>, Vec<PaymentRow>)> {
    let nobody = Id(uuid::Uuid::nil());
    let mut all: Vec<_> = rows(app)
        .into_iter()
        .map(|(facts, paid)| {
            let facts = facts.into_iter().filter(|row| row.known_to == FOREVER).map(|row| FactsRow {
                dossier_id: nobody,
                known_from: 0,
                submitted_by: String::new(),
                // Who recorded an event stays where it was recorded.
                marks: row.marks & !marks::RECEIVED_BY_SUBMITTER,
                ..row
            });
            let paid = paid.into_iter().filter(|row| row.known_to == FOREVER).map(|row| PaymentRow {
                dossier_id: nobody,
                known_from: 0,
                submitted_by: String::new(),
                ..row
            });
            (facts.collect::<Vec<_>>(), paid.collect::<Vec<_>>())
        })
        .collect();
    all.sort_by_key(|(facts, _)| facts.first().map(|row| (row.agency_id.clone(), row.submitted_at, row.code.clone())));
    all
}

#[test]
fn an_export_read_elsewhere_gives_the_same_figures() {
    for (from, to) in databases().into_iter().zip(databases()) {
        fill(&from);
        live(from.app(), &histories());
        let lines = exported(from.app());
        assert_eq!(lines.len(), 9);

        let documents = from
            .app()
            .store
            .read_blocking::<_, AppError, _>(|tx| Ok(export::catalogue_lines(tx, from.app())?))
            .unwrap();
        motcua_defaults(to.app());
        let documents: Vec<Value> = documents.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let report = import(to.app(), &documents);
        assert_eq!((report.catalogue, report.failed), (5, 0), "{report:?}");

        let report = import(to.app(), &lines);
        assert_eq!((report.created, report.deadline_differences_total), (9, 0), "{report:?}");
        assert_eq!(codes(to.app(), A), codes(from.app(), A));
        assert_eq!(present(to.app()), present(from.app()));

        assert_eq!(exported(to.app()).len(), 9);
        assert_eq!(import(to.app(), &lines).unchanged, 9);
        let home = import(from.app(), &lines);
        assert_eq!(home.unchanged, 9, "read where it was written: {home:?}");
        let mut second: Vec<Value> = exported(to.app());
        let mut first = lines;
        for line in first.iter_mut().chain(&mut second) {
            let id = line["source_id"].clone();
            assert_eq!(line["source"], "motcua", "the first source is kept: {id}");
        }
        let key = |line: &Value| line["source_id"].to_string();
        first.sort_by_key(key);
        second.sort_by_key(key);
        assert_eq!(second, first);
    }
}

fn motcua_defaults(app: &App) {
    super::setup::wait(motcua::app::catalogue::install_defaults(app)).expect("defaults");
}

#[test]
fn an_export_names_nobody() {
    for db in databases() {
        fill(&db);
        live(db.app(), &histories());
        let text: String = exported(db.app()).iter().map(Value::to_string).collect();
        let named = ["Nguyễn", "0912345678", "001099012345", "Trần Thị B", "ông An", "Ông An", "cảm ơn", "Bình Minh"];
        for word in named {
            assert!(!text.contains(word), "{word}");
        }
        for decided in ["snapshot", "fee_due", "due_strict", "worked_minutes", "answer_due", "calendar_version"] {
            assert!(!text.contains(&format!("\"{decided}\"")), "{decided}");
        }
        assert!(text.contains(r#""applicant":{"kind":"citizen","name":"N. V. A."}"#));
    }
}

#[test]
fn the_programs_own_events_are_left_out() {
    let recomputed = json!({"calendar_version": "x", "notice": "1/TB", "due": "2026-11-09T17:00:00+07:00",
        "due_strict": "2026-11-09T17:00:00+07:00"});
    let line = line(vec![
        submitted(A, "1.000001", "in_person", "03 08:00"),
        event("received", "03 08:00", json!({})),
        event("deadline_recomputed", "03 09:00", recomputed),
        event("payment_recorded", "03 10:00", json!({"amount": 10000, "method": "cash"})),
        event(
            "corrected",
            "03 11:00",
            json!({"target": 4, "field": "payment.amount", "value": 20000, "reason": "nhầm"}),
        ),
        event("payment_refunded", "03 12:00", json!({"payment": 4, "amount": 5000, "reason": "nhầm"})),
        event("digitised", "03 13:00", json!({"target": "component", "component": "TP1"})),
    ]);
    let (from, to) = (lite(), lite());
    fill(&from);
    fill(&to);
    live(from.app(), &[line]);
    let lines = exported(from.app());
    let events = &lines[0]["events"];
    assert_eq!(events[1].get("due"), None, "the reader's calendar decides");
    assert_eq!((&events[3]["target"], &events[4]["payment"]), (&json!(3), &json!(3)));
    assert_eq!(events[5]["target"], "component");
    assert_eq!(import(to.app(), &lines).created, 1);
    let paid = |app: &App| present(app)[0].1.last().map(|row| (row.amount, row.refunded));
    assert_eq!(paid(to.app()), Some((20000, 5000)));
    assert_eq!(paid(to.app()), paid(from.app()));
    assert_eq!(import(from.app(), &lines).unchanged, 1);
}
