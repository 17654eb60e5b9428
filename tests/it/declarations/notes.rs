//! Free text beside declared values and reviews: read by whom the values are listed for, and sealed where it is kept.

use motcua::app::rekey::rekey;
use motcua::app::{App, AppError, KeysError, check};
use motcua::store::notes::{NoteRow, values};
use motcua::store::sql_types::Id;
use motcua::store::{DatabaseUrl, Store, StoreError};
use motcua::vault::{KeySource, Vault};
use motcua::verify::line::{Line, Lines, RecordLine};
use motcua::verify::records::record_hash;
use motcua::verify::run::{Report, run, run_against};
use motcua::verify::unseal::Keys;
use serde_json::{Value, json};

use super::{TRAINED, body, path, plan, versions};
use crate::factory::{AGENCY, CHILD};
use crate::harness::copies::{copy, restore};
use crate::harness::{self, DATA_KEY, TestApp};
use crate::personal_data::at_rest::dump;
use crate::ratchets::append_only::run as past;
use crate::ratchets::schema::lines;

on_both!(
    notes_lie_sealed,
    a_changed_note_is_found,
    an_erased_note_is_lawful,
    notes_get_the_new_key,
    a_note_of_an_earlier_version_stays,
);

const DECLARED: &str = "bà Phạm Thị Lụa, 0977000222, báo lại";
const REVIEWED: &str = "ông Đỗ Văn Mạnh chưa nộp biên bản";

/// A value with a note, reviewed with one; and one of a commune that has no dossiers.
fn noted(app: &TestApp) {
    plan(app);
    let told = |user: &str, with: Value| app.user(user).post(&path(TRAINED), &body(&with)).expect(201);
    let first = told("leader", json!({"value": "91", "note": DECLARED}));
    assert_eq!(first["note"], DECLARED);
    told("leader.child", json!({"value": "70", "agency": CHILD, "note": DECLARED}));
    let verdict = json!({"verdict": "rejected", "note": REVIEWED});
    let judged = app.user("auditor").post(&format!("{}/1/review", path(TRAINED)), &verdict).expect(201);
    assert_eq!((&judged["note"], &judged["review"]["note"]), (&json!(DECLARED), &json!(REVIEWED)));
}

/// The notes of what is listed, each with that of its review.
fn listed(app: &TestApp) -> Vec<[Value; 2]> {
    versions(app, "auditor", "").iter().map(|one| [one["note"].clone(), one["review"]["note"].clone()]).collect()
}

/// The first declared value, as a scorecard shows it.
fn on_the_scorecard(app: &TestApp) -> Value {
    let card = app.user("leader").get(&format!("/plans/{}/scorecard", super::PLAN)).expect(200);
    let rows = card["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["declared"].clone()).find(|declared| declared["version"] == 1).expect("a declared value")
}

fn all_of_them() -> Vec<[Value; 2]> {
    vec![[json!(DECLARED), json!(REVIEWED)], [json!(DECLARED), Value::Null]]
}

/// Offline, with the data key.
fn opened(text: &str) -> Report {
    let keys = Keys::parse(DATA_KEY).expect("a key");
    run_against(text.as_bytes(), &Default::default(), Some(&keys), |_| {})
}

fn notes_lie_sealed(app: &TestApp) {
    noted(app);
    assert_eq!(listed(app), all_of_them());
    assert_eq!(on_the_scorecard(app)["note"], Value::Null);
    assert_eq!(on_the_scorecard(app)["review"]["note"], Value::Null);

    let (kept, text) = (dump(app), copy(&app.app));
    assert!(kept.contains("sealed:") && text.contains("sealed:"), "a name stands for each");
    for said in [DECLARED, REVIEWED] {
        assert!(!kept.contains(said) && !kept.contains(&hex::encode(said)), "{said}");
        assert!(!text.contains(said) && !text.contains(&hex::encode(said)), "{said}");
    }
    let (closed, open) = (run(text.as_bytes(), |_| {}), opened(&text));
    assert_eq!((closed.findings.as_slice(), closed.personal_unchecked), (&[][..], 3));
    assert_eq!((open.findings.as_slice(), open.personal_unchecked, open.erased), (&[][..], 0, 0));
    let found = check::check(&app.app, &[], |_| {}).expect("a database");
    assert_eq!((found.findings.as_slice(), found.personal_unchecked, found.erased), (&[][..], 0, 0));

    for other in [Some(harness::sqlite()), harness::postgres_app()].into_iter().flatten() {
        assert_eq!(restore(&other.app, &text).refused, []);
        assert!(copy(&other.app) == text, "the copies differ");
        other.clock.set(app.clock.now());
        assert_eq!(listed(&other), all_of_them());
    }
}

/// The ids of an agency's notes, in the order of their recording, as they stand in a statement.
fn ids(app: &TestApp, agency: &str) -> Vec<String> {
    let rows = app.app.store.read_blocking(|tx| tx.notes_after(agency, None, 100)).expect("notes");
    let quoted = |id: uuid::Uuid| match app.database {
        DatabaseUrl::Sqlite(_) => format!("x'{}'", id.simple()),
        DatabaseUrl::Postgres(_) => format!("'{id}'"),
    };
    rows.into_iter().map(|row| quoted(row.id.0)).collect()
}

/// What the program finds in its database, and `verify` in a copy of it.
fn findings(app: &TestApp) -> [Vec<(String, String)>; 2] {
    let found = check::check(&app.app, &[], |_| {}).expect("a database").findings;
    let offline = opened(&copy(&app.app)).findings;
    [
        found.into_iter().map(|one| (one.agency, one.detail)).collect(),
        offline.into_iter().map(|one| (one.agency, one.detail)).collect(),
    ]
}

/// Past the triggers: by erasing first.
fn a_changed_note_is_found(app: &TestApp) {
    noted(app);
    let [declared, reviewed] = ids(app, AGENCY).try_into().expect("two notes");
    let sound = copy(&app.app);
    // The other's text under this one's name does not open there.
    past(&app.database, &format!("CREATE TABLE elsewhere AS SELECT * FROM notes WHERE id = {declared}"))
        .expect("a copy");
    past(&app.database, &format!("DELETE FROM notes WHERE id = {declared}")).expect("an erasure");
    let columns = "agency_id, id, key_id, sealed";
    let swapped = format!("SELECT agency_id, {declared}, key_id, sealed FROM notes WHERE id = {reviewed}");
    past(&app.database, &format!("INSERT INTO notes ({columns}) {swapped}")).expect("a forgery");
    for found in findings(app) {
        assert!(
            found.iter().any(|(agency, detail)| agency == AGENCY && detail.contains("changed, moved")),
            "{found:?}"
        );
    }
    assert_eq!(app.user("auditor").get(&path(TRAINED)).status, 500);
    let to = harness::sqlite();
    let refused = restore(&to.app, &copy(&app.app)).refused;
    assert_eq!(refused.iter().map(|refused| refused.agency.as_str()).collect::<Vec<_>>(), [AGENCY]);

    // One that nobody names.
    past(&app.database, &format!("DELETE FROM notes WHERE id = {declared}")).expect("an erasure");
    past(&app.database, &format!("INSERT INTO notes ({columns}) SELECT {columns} FROM elsewhere")).expect("as it was");
    assert_eq!(findings(app), [vec![], vec![]]);
    let row = app.app.store.read_blocking(|tx| tx.notes_after(CHILD, None, 1)).expect("notes").remove(0);
    let key = harness::vault().key(&row.key_id).expect("a key");
    let orphan = NoteRow::seal(&key, (CHILD, Id(app.clock.new_id())), &values([1; 16], "khác"), [2; 24]);
    let put = app.app.store.write_blocking::<_, AppError, _>(CHILD, move |tx| Ok(tx.note_insert(&orphan)?));
    put.expect("a note of nothing");
    for found in findings(app) {
        let [(agency, detail)] = found.as_slice() else { panic!("{found:?}") };
        assert!(agency == CHILD && detail.contains("nothing commits to it"), "{found:?}");
    }

    // Another text, sealed with the very key: the record commits to the first one.
    let bent = resealed(&sound, "khác");
    let found = opened(&bent).findings;
    assert!(found.iter().any(|one| one.detail.contains("does not match its commitment")), "{found:?}");
    let to = harness::sqlite();
    assert_eq!(restore(&to.app, &bent).refused.len(), 2);
}

/// A copy in which every note says something else, as who holds the keys could make it.
fn resealed(copy: &str, text: &str) -> String {
    let bent = Lines::new(copy.as_bytes()).map(|line| {
        let line = match line.expect("a line") {
            Line::Personal(mut row) if row.n == 0 => {
                let key = harness::vault().key(&row.key).expect("a key");
                let id = Id(row.dossier.parse().expect("an id"));
                let sealed = NoteRow::seal(&key, (&row.agency, id), &values([1; 16], text), [2; 24]);
                row.sealed = hex::encode(sealed.sealed);
                Line::Personal(row)
            }
            other => other,
        };
        serde_json::to_string(&line).expect("a line") + "\n"
    });
    bent.collect()
}

fn an_erased_note_is_lawful(app: &TestApp) {
    noted(app);
    past(&app.database, "DELETE FROM notes").expect("an erasure");
    assert_eq!(listed(app), [[Value::Null, Value::Null], [Value::Null, Value::Null]]);
    let found = check::check(&app.app, &[], |_| {}).expect("a database");
    assert_eq!((found.findings.as_slice(), found.erased), (&[][..], 3));
    let offline = opened(&copy(&app.app));
    assert_eq!((offline.findings.as_slice(), offline.erased), (&[][..], 3));
    // Nothing is put in its place, and none is changed.
    noted_again(app);
    let [one] = ids(app, AGENCY).try_into().expect("a note");
    for change in ["sealed = sealed", "key_id = 'k2', agency_id = 'H26'"] {
        past(&app.database, &format!("UPDATE notes SET {change} WHERE id = {one}")).expect_err(change);
    }
}

fn noted_again(app: &TestApp) {
    app.user("leader").post(&path(TRAINED), &body(&json!({"value": "92", "note": REVIEWED}))).expect(201);
}

fn notes_get_the_new_key(app: &TestApp) {
    noted(app);
    let folder = tempfile::tempdir().expect("a folder");
    let (both, alone) = (folder.path().join("both"), folder.path().join("alone"));
    let second = DATA_KEY.replace('4', "5");
    std::fs::write(&both, format!("{DATA_KEY}\n{second}\n")).expect("a file");
    std::fs::write(&alone, &second).expect("a file");
    let open = |path: &std::path::Path| {
        let keys = KeySource::File { path: path.to_owned(), made: false };
        let (store, vault) = (Store::open(&app.database).expect("the database"), Vault::open(keys, || [0; 32]));
        App::open(store, app.clock.clone(), app.app.code_pattern.clone(), vault.expect("keys")).expect("the keys fit")
    };
    // What comes under the old key when its agency is done keeps that key.
    past(&app.database, "CREATE TABLE elsewhere AS SELECT * FROM notes").expect("a copy");
    let mut late = false;
    let own = open(&both);
    let broken = rekey(&own, |done| {
        if done.rows == 3 && !std::mem::replace(&mut late, true) {
            let again = format!("INSERT INTO notes SELECT * FROM elsewhere WHERE agency_id = '{AGENCY}'");
            past(&app.database, &format!("DELETE FROM notes WHERE agency_id = '{AGENCY}'")).expect("an erasure");
            past(&app.database, &again).expect("as it was");
        }
    });
    assert!(matches!(&broken, Err(KeysError::Store(StoreError::Unavailable(detail))) if detail.contains(AGENCY)));
    let done = rekey(&own, |_| {}).expect("a rotation");
    assert_eq!((done.rows, done.replaced.len()), (2, 1));
    assert_eq!(lines(&app.database, "SELECT DISTINCT key_id AS line FROM notes"), [done.key]);
    let report = check::check(&open(&alone), &[], |_| {}).expect("a database");
    assert_eq!((report.findings.as_slice(), report.personal_unchecked, report.erased), (&[][..], 0, 0));
}

/// As the version before wrote it: the text stands in the record, and is part of its hash.
fn a_note_of_an_earlier_version_stays(app: &TestApp) {
    plan(app);
    app.user("leader").post(&path(TRAINED), &body(&json!({"value": "91"}))).expect(201);
    let text = copy(&app.app);
    let before = Lines::new(text.as_bytes()).map(|line| {
        let line = match line.expect("a line") {
            Line::Record(RecordLine { link: Some(mut link), mut row, agency, record }) => {
                row["body"]["note"] = json!(DECLARED);
                let mut line = RecordLine { agency, record, row, link: Some(link.clone()) };
                link.hash = record_hash(&line, &link).expect("a hash");
                line.link = Some(link);
                Line::Record(line)
            }
            other => other,
        };
        serde_json::to_string(&line).expect("a line") + "\n"
    });
    let before: String = before.collect();
    for other in [Some(harness::sqlite()), harness::postgres_app()].into_iter().flatten() {
        assert_eq!(restore(&other.app, &before).refused, []);
        other.clock.set(app.clock.now());
        assert_eq!(listed(&other), [[json!(DECLARED), Value::Null]]);
        assert_eq!(on_the_scorecard(&other)["note"], Value::Null);
        assert_eq!(check::check(&other.app, &[], |_| {}).expect("a database").findings, []);
    }
}
