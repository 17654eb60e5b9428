//! Documents as revisions.

use motcua::app::catalogue::{self, Expect, LoadReport, Put, load_file, put_agency, put_calendar};
use motcua::app::{App, AppError};
use motcua::domain::calendar::embedded;
use motcua::domain::catalogue::{Agency, Level};
use motcua::domain::error::Refusal;

use super::setup::{CATALOGUE, databases, fill, lite, wait};

fn commune(code: &str, parent: Option<&str>) -> Agency {
    Agency {
        code: code.into(),
        name: format!("UBND {code}"),
        level: Level::Commune,
        parent: parent.map(str::to_owned),
        valid_from: None,
        valid_to: None,
        successor: None,
        office_hours: None,
    }
}

fn put(app: &App, agency: &Agency, expect: Expect) -> Result<Put, AppError> {
    let (app2, agency) = (app.clone(), agency.clone());
    app.store.write_blocking(catalogue::QUEUE, move |tx| put_agency(tx, &app2, &agency, None, expect))
}

fn broken<T>(result: Result<T, AppError>) -> Vec<(String, String)> {
    match result {
        Err(AppError::Refused(Refusal::Invalid(errors))) => {
            errors.into_iter().map(|error| (error.pointer, error.code)).collect()
        }
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn the_same_document_makes_no_revision() {
    for db in databases() {
        fill(&db);
        let again = wait(load_file(db.app(), CATALOGUE, &[])).unwrap();
        assert_eq!(again, LoadReport { documents: 5, changed: 0 });
        assert_eq!(wait(catalogue::install_defaults(db.app())).unwrap().changed, 0);

        let mut agency = commune("H26.3", Some("H26"));
        assert_eq!(put(db.app(), &agency, Expect::New).unwrap(), Put { revision: 1, changed: true });
        assert!(matches!(put(db.app(), &agency, Expect::New), Err(AppError::Exists(_))));
        agency.name = "UBND xã Ba".into();
        assert_eq!(put(db.app(), &agency, Expect::Revision(1)).unwrap(), Put { revision: 2, changed: true });
        assert!(matches!(put(db.app(), &agency, Expect::Revision(1)), Err(AppError::Stale { current: 2 })));
        assert_eq!(put(db.app(), &agency, Expect::Anything).unwrap(), Put { revision: 2, changed: false });
        let unknown = commune("H26.4", Some("H26"));
        assert!(matches!(put(db.app(), &unknown, Expect::Revision(1)), Err(AppError::NotFound)));

        let rows = db.app().store.read_blocking::<_, AppError, _>(|tx| Ok(tx.catalogue_revisions("agency", "H26.3")?));
        let from: Vec<String> = rows.unwrap().into_iter().map(|row| row.effective_from).collect();
        assert_eq!(from, ["0001-01-01", "2026-11-21"]);
    }
}

#[test]
fn agencies_make_a_tree() {
    let db = lite();
    fill(&db);
    let orphan = commune("H26.9", Some("H99"));
    assert_eq!(broken(put(db.app(), &orphan, Expect::Anything)), [("/parent".into(), "unknown_agency".into())]);
    let circle = commune("H26", Some("H26.1"));
    assert_eq!(broken(put(db.app(), &circle, Expect::Anything)), [("/parent".into(), "cycle".into())]);
}

#[test]
fn a_file_is_loaded_whole_or_not_at_all() {
    let db = lite();
    fill(&db);
    let text = "[{kind: agency, code: H26.5, name: X, level: commune, parent: H26},
        {kind: agency, code: H26.6, name: '', level: commune, parent: H77}]";
    let expected = [("/1/name".into(), "required".into()), ("/1/parent".into(), "unknown_agency".into())];
    assert_eq!(broken(wait(load_file(db.app(), text, &[]))), expected);
    let known = db.app().store.read_blocking::<_, AppError, _>(|tx| Ok(tx.catalogue_revisions("agency", "H26.5")?));
    assert!(known.unwrap().is_empty());
    let text = "{procedures: [{code: '1.1', nam: x}], agencies: [{kode: H}]}";
    let expected = [("/agencies/0/kode", "unknown_field"), ("/procedures/0/nam", "unknown_field")];
    let mut found = broken(wait(load_file(db.app(), text, &[])));
    found.sort();
    assert_eq!(found, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    assert_eq!(broken(wait(load_file(db.app(), "{plan: []}", &[]))), [("/plan".into(), "unknown_field".into())]);
    assert_eq!(broken(wait(load_file(db.app(), "[{", &[]))), [(String::new(), "malformed".into())]);
}

#[test]
fn a_calendar_version_keeps_its_name() {
    let db = lite();
    fill(&db);
    let put = |calendar: motcua::domain::calendar::Calendar| {
        let app = db.app().clone();
        let work = move |tx: &mut motcua::store::Tx<'_>| put_calendar(tx, &app, &calendar, Expect::Anything);
        db.app().store.write_blocking(catalogue::QUEUE, work)
    };
    let mut calendar = embedded();
    calendar.days.pop();
    assert_eq!(broken(put(calendar.clone())), [("/version".into(), "version_used".into())]);
    calendar.version = "another".into();
    assert_eq!(put(calendar).unwrap(), Put { revision: 2, changed: true });
    assert_eq!(put(embedded()).unwrap(), Put { revision: 1, changed: false });
}
