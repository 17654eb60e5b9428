//! Full copies: out, and into another database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use motcua::app::catalogue::load_file;
use motcua::app::disclosure::{Disclosure, enter as enter_access};
use motcua::app::full_copy::{self, CopyError, RestoreReport};
use motcua::app::{App, AppError, check};
use motcua::store::StoreError;
use motcua::store::access::{AccessQuery, AccessRow};
use motcua::verify;
use motcua::verify::unseal::Keys;
use serde_json::{Value, json};

use crate::harness::DATA_KEY;
use crate::harness::copies::copy;

use super::setup::{
    A, B, Db, codes, enter, event, fill, histories, import, line, lite, live, pg, rows, submitted, temp_path, wait,
};

struct Temp(PathBuf);

impl Drop for Temp {
    fn drop(&mut self) {
        // Nothing to do when it is gone.
        let _ = std::fs::remove_file(&self.0);
    }
}

const TOP: &str = "H26";

fn kept(text: &str) -> Temp {
    let path = temp_path(".ndjson");
    std::fs::write(&path, text).expect("a copy");
    Temp(path)
}

fn restore(app: &App, path: &Path) -> Result<RestoreReport, CopyError> {
    full_copy::restore(app, path, Arc::new(|_| {}))
}

/// Native and imported dossiers; one has its personal values erased.
fn source(db: &Db) -> String {
    fill(db);
    let lines = histories();
    let erased = live(db.app(), &lines)[3];
    let mut more: Vec<Value> = histories();
    for (i, line) in more.iter_mut().enumerate() {
        line["source"] = json!("cũ");
        line["source_id"] = Value::from(i.to_string());
    }
    assert_eq!(import(db.app(), &more).created, 9);
    let hex = erased.simple();
    db.tamper(
        &format!("DELETE FROM personal WHERE dossier_id = x'{hex}'"),
        &format!("DELETE FROM personal WHERE dossier_id = '{erased}'"),
    );
    // The province has nothing else.
    for (agency, purpose) in [(A, "thanh tra"), (B, "giải quyết khiếu nại"), (A, "kiểm toán"), (TOP, "thanh tra")]
    {
        see(db.app(), agency, purpose);
    }
    copy(db.app())
}

/// Somebody sees something of an agency's people.
fn see(app: &App, agency: &str, purpose: &'static str) {
    let (app, agency) = (app.clone(), agency.to_owned());
    let what = Disclosure { agency: agency.clone(), dossier: None, action: "search", fields: vec!["phone".into()] };
    let store = app.store.clone();
    let seen = store.write_long_blocking::<_, AppError, _>(&agency, move |tx| {
        Ok(enter_access(tx, &app.clock, &what, "user:auditor", purpose)?)
    });
    seen.expect("a row in the log");
}

/// Who saw what, newest first.
fn seen(app: &App) -> Vec<AccessRow> {
    let ask = AccessQuery { agencies: [TOP, A, B].map(str::to_owned).to_vec(), limit: 10, ..AccessQuery::default() };
    app.store.read_blocking::<_, StoreError, _>(|tx| tx.access_page(&ask)).expect("a log")
}

fn journey(from: &Db, to: &Db) {
    let text = source(from);
    let file = kept(&text);
    assert!(!text.contains("Nguyễn Văn An"), "personal rows are as stored: sealed");
    let keys = Keys::parse(DATA_KEY).expect("a key");
    let offline = verify::run::run_against(text.as_bytes(), &Default::default(), Some(&keys), |_| {});
    assert_eq!((offline.findings.as_slice(), offline.dossiers, offline.erased), (&[][..], 18, 2));
    assert_eq!(offline.personal_unchecked, 0);
    assert!(verify::run::run(text.as_bytes(), |_| {}).personal_unchecked > 0);

    let report = restore(to.app(), &file.0).expect("a copy");
    assert_eq!(report.refused, []);
    assert_eq!(
        report.agencies.iter().map(|done| (done.agency.as_str(), done.dossiers)).collect::<Vec<_>>(),
        [(TOP, 0), (A, 12), (B, 6)]
    );
    assert!(copy(to.app()) == text, "the copies differ");
    assert_eq!(rows(to.app()), rows(from.app()));
    assert_eq!((seen(to.app()).len(), seen(to.app())), (4, seen(from.app())));
    let check = check::check(to.app(), &offline.heads, |_| {}).expect("a copy");
    assert_eq!((check.findings.as_slice(), check.dossiers, check.erased), (&[][..], 18, 2));

    // Life goes on: codes, and imports that were run before.
    to.app().clock.set(super::setup::at("2026-11-21T09:00:00+07:00"));
    let next = line(vec![submitted(A, "1.000001", "post", "20 08:00"), event("received", "20 08:00", json!({}))]);
    enter(to.app(), &next);
    assert!(codes(to.app(), A).contains(&"H26.1-261120-0001".to_owned()));
    let mut again = histories();
    for (i, line) in again.iter_mut().enumerate() {
        line["source"] = json!("cũ");
        line["source_id"] = Value::from(i.to_string());
    }
    again[0]["events"][6]["overall"] = json!(1);
    let report = import(to.app(), &again);
    assert_eq!((report.unchanged, report.differing, report.created), (8, 1, 0), "{report:?}");

    let second = restore(to.app(), &file.0).expect("a copy");
    assert_eq!((second.catalogue, second.agencies.len(), second.refused.len()), (0, 0, 3));
    assert!(second.refused[0].reason.contains("is here already"), "{:?}", second.refused);
    assert!(second.refused[1].reason.contains("has events here already"), "{:?}", second.refused);
}

#[test]
fn a_copy_comes_back_byte_for_byte() {
    journey(&lite(), &lite());
}

#[test]
fn a_copy_goes_from_one_kind_of_database_to_the_other() {
    if let (Some(first), Some(second)) = (pg(), pg()) {
        journey(&lite(), &first);
        journey(&second, &lite());
    }
}

/// Replaces in the first line that holds all of `marks`.
fn edit(text: &str, marks: &[&str], change: impl Fn(&str) -> String) -> String {
    let mut done = false;
    let lines = text.lines().map(|line| {
        if !done && marks.iter().all(|mark| line.contains(mark)) {
            done = true;
            return change(line);
        }
        format!("{line}\n")
    });
    let text = lines.collect();
    assert!(done, "{marks:?}");
    text
}

fn swap(old: &'static str, new: &'static str) -> impl Fn(&str) -> String {
    move |line| format!("{}\n", line.replace(old, new))
}

#[test]
fn a_tampered_agency_is_refused_whole() {
    let from = lite();
    let text = source(&from);
    let of_a = r#""agency":"H26.1""#;
    let cases: [(&str, String); 5] = [
        ("edited", edit(&text, &[of_a, r#""type":"forwarded""#], swap("thẩm định", "đã duyệt"))),
        ("deleted", edit(&text, &[of_a, r#""type":"forwarded""#], |_| String::new())),
        (
            "personal",
            edit(&text, &[of_a, r#""kind":"personal""#], |line| {
                let mut row: Value = serde_json::from_str(line).unwrap();
                row["sealed"] = json!(row["sealed"].as_str().unwrap().chars().rev().collect::<String>());
                format!("{row}\n")
            }),
        ),
        ("moved", {
            let sealed = |n: usize| {
                let row = text.lines().filter(|line| line.contains(r#""kind":"personal""#)).nth(n).unwrap();
                serde_json::from_str::<Value>(row).unwrap()["sealed"].as_str().unwrap().to_owned()
            };
            text.replace(&sealed(0), &sealed(1))
        }),
        (
            "orphan",
            edit(&text, &[of_a, r#""kind":"personal""#], |line| {
                let mut row: Value = serde_json::from_str(line).unwrap();
                row["dossier"] = json!("00000000-0000-7000-8000-000000000000");
                format!("{row}\n{line}\n")
            }),
        ),
    ];
    for (name, text) in cases {
        let (to, file) = (lite(), kept(&text));
        let report = restore(to.app(), &file.0).unwrap();
        let refused: Vec<&str> = report.refused.iter().map(|refused| refused.agency.as_str()).collect();
        assert_eq!(refused, [A], "{name}");
        assert_eq!(report.agencies.len(), 2, "{name}");
        assert_eq!(codes(to.app(), A), Vec::<String>::new(), "{name}");
        assert_eq!(check::check(to.app(), &[], |_| {}).unwrap().findings, [], "{name}");
    }
}

#[test]
fn what_is_no_full_copy_is_named_by_line() {
    let from = lite();
    let text = source(&from);
    let headless: String = text.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let cut = &text[..text.len() - 20];
    let late = format!("{text}{}\n", text.lines().nth(1).unwrap());
    let torn = format!("{text}{}\n", text.lines().find(|line| line.contains(r#""kind":"event""#)).unwrap());
    // One reader would take the first officer and another one the last; the hash is that of the last.
    let twice = edit(&text, &[r#""officer":"#], swap(r#""officer":"#, r#""officer":"khác","officer":"#));
    let named = edit(&text, &[r#""catalogue":"agency""#], swap(r#""name":"#, r#""name":"khác","name":"#));
    let cases = [("empty", ""), ("headless", &headless), ("cut", cut), ("late", &late), ("torn", &torn)];
    for (name, text) in cases.into_iter().chain([("twice", twice.as_str()), ("named", named.as_str())]) {
        let (to, file) = (lite(), kept(text));
        let Err(CopyError::Format(detail)) = restore(to.app(), &file.0) else { panic!("{name}") };
        assert!(detail.starts_with("line "), "{name}: {detail}");
    }
    let (to, file) = (lite(), kept(&text));
    wait(load_file(to.app(), "agencies: [{code: H26, name: khác, level: province}]", &[])).unwrap();
    assert!(matches!(restore(to.app(), &file.0), Err(CopyError::Catalogue(_))));
}
