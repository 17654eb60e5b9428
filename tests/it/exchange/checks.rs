//! The check of a database finds what was done past the program.

use motcua::app::check::{CheckReport, check};
use serde_json::json;

use super::setup::{A, Db, at, databases, enter, event, fill, histories, line, lite, live, submitted};

fn filled(db: &Db) -> CheckReport {
    fill(db);
    live(db.app(), &histories());
    let report = check(db.app(), &[], |_| {}).expect("a report");
    assert_eq!(report.findings, []);
    assert_eq!((report.agencies, report.dossiers, report.events), (2, 9, 43));
    assert!(report.fact_rows > 43 && report.payment_rows > 0);
    report
}

fn found(db: &Db) -> Vec<(String, i64, String)> {
    let report = check(db.app(), &[], |_| {}).expect("a report");
    report.findings.into_iter().map(|finding| (finding.agency, finding.seq, finding.kind)).collect()
}

fn one(seq: i64, kind: &str) -> Vec<(String, i64, String)> {
    vec![(A.to_owned(), seq, kind.to_owned())]
}

#[test]
fn an_edited_entry_is_named() {
    for db in databases() {
        filled(&db);
        let edit = "UPDATE events SET payload = replace(payload, 'thẩm định', 'đã duyệt') WHERE agency_id = 'H26.1'";
        db.tamper(
            &format!("DROP TRIGGER events_no_update; {edit};"),
            &format!("DROP TRIGGER events_append_only ON events; {edit};"),
        );
        assert_eq!(found(&db), one(4, "hash"));
    }
}

#[test]
fn a_wrong_counter_is_named() {
    for (db, n) in databases().into_iter().flat_map(|db| [(db, 0)]).chain([(lite(), 5)]) {
        filled(&db);
        let edit = format!("UPDATE counters SET n = {n} WHERE agency_id = 'H26.1' AND day = '261104'");
        db.tamper(&edit, &edit);
        assert_eq!(found(&db), one(0, "counter"));
    }
}

#[test]
fn wrong_rows_are_named() {
    for (edit, kind) in [
        ("UPDATE facts SET worked_minutes = 1 WHERE agency_id = 'H26.1' AND channel = 'level_4'", "facts"),
        ("DELETE FROM facts WHERE agency_id = 'H26.1' AND channel = 'level_4' AND rounds = 2", "facts"),
        ("UPDATE payments SET amount = 1 WHERE agency_id = 'H26.1'", "payments"),
        ("UPDATE dossiers SET code = 'H26.1-261103-0009' WHERE code = 'H26.1-261103-0001'", "dossier"),
        ("UPDATE heads SET hash = 'x' WHERE agency_id = 'H26.1'", "head"),
    ] {
        for db in databases() {
            filled(&db);
            db.tamper(edit, edit);
            let found = found(&db);
            assert_eq!(found.len(), 1, "{edit}: {found:?}");
            assert_eq!((found[0].0.as_str(), found[0].2.as_str()), (A, kind), "{edit}");
        }
    }
}

#[test]
fn a_rolled_back_chain_is_known_by_a_head_kept_elsewhere() {
    let db = lite();
    let kept = filled(&db).heads;
    let next = line(vec![submitted(A, "1.000001", "post", "20 08:00"), event("received", "20 08:00", json!({}))]);
    enter(db.app(), &next);
    assert!(check(db.app(), &kept, |_| {}).unwrap().is_clean());
    db.app().clock.set(at("2026-11-21T09:00:00+07:00"));
    let mut kept = check(db.app(), &[], |_| {}).unwrap().heads;
    kept[0].seq += 1;
    let report = check(db.app(), &kept, |_| {}).unwrap();
    assert_eq!(report.findings[0].kind, "truncated");
}
