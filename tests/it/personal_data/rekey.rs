//! A new data key, while desks work.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use motcua::app::rekey::{is_settled, rekey};
use motcua::app::{App, KeysError, check};
use motcua::store::{DatabaseUrl, Store};
use motcua::vault::{KeySource, Vault};
use serde_json::{Value, json};

use super::at_rest::somebody;
use crate::factory::CHILD;
use crate::harness::{DATA_KEY, TestApp};
use crate::ratchets::schema::lines;

on_both!(keys_change_while_desks_work, what_broke_off_is_gone_on_with, a_key_is_announced_first);

/// Another program on the same database, whose keys lie in a file.
struct Desk {
    app: TestApp,
    keys: PathBuf,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn beside(app: &TestApp) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys");
        std::fs::write(&keys, format!("{DATA_KEY}  # the first\n")).expect("a file");
        let app = app.beside(|settings| settings.data_keys = file(&keys));
        Self { app, keys, _folder: folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let url = match &self.app.database {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{path}"),
            DatabaseUrl::Postgres(url) => url.clone(),
        };
        let mut program = Command::new(env!("CARGO_BIN_EXE_motcua"));
        program.args(arguments).env("MOTCUA_DATABASE_URL", url).env("MOTCUA_DATA_KEY_FILE", &self.keys);
        program.env("MOTCUA_SIGNING_KEY_FILE", "/nowhere").env("MOTCUA_LOG", "off").output().expect("it runs")
    }

    /// What the program printed.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a text")
    }

    fn key_lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.keys).expect("a file").lines().map(str::to_owned).collect()
    }

    /// The ids that stand in a table.
    fn ids(&self, column: &str, table: &str) -> Vec<String> {
        lines(&self.app.database, &format!("SELECT DISTINCT {column} AS line FROM {table} ORDER BY 1"))
    }

    fn found(&self) -> BTreeSet<String> {
        let answer = self.app.user("clerk").post("/dossiers/search", &json!({"phone": "0987000321"})).expect(200);
        ids_of(answer["items"].as_array().expect("items"))
    }

    /// Opens the database with the keys in a file.
    fn opened(&self, keys: &Path) -> Result<App, KeysError> {
        let store = Store::open(&self.app.database).expect("the database opens");
        let vault = Vault::open(file(keys), || [0; 32])?;
        App::open(store, self.app.clock.clone(), self.app.app.code_pattern.clone(), vault)
    }
}

fn file(path: &Path) -> KeySource {
    KeySource::File { path: path.to_owned(), made: false }
}

fn ids_of<'a>(dossiers: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    dossiers.into_iter().map(|dossier| dossier["id"].as_str().expect("an id").to_owned()).collect()
}

fn told(app: &TestApp, agency: &str) -> Value {
    app.create(&json!({"agency": agency, "applicant": somebody()}))
}

fn keys_change_while_desks_work(app: &TestApp) {
    let desk = Desk::beside(app);
    let early: Vec<Value> = (0..20).map(|i| told(&desk.app, ["H26.103", CHILD][i % 2])).collect();
    let old = desk.ids("key_id", "personal");
    let over = AtomicBool::new(false);
    let (report, late) = std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            let mut late = Vec::new();
            while !over.load(Ordering::Relaxed) || late.len() < 20 {
                late.push(told(&desk.app, ["H26.103", CHILD][late.len() % 2]));
                let found = desk.found();
                assert!(found.is_superset(&ids_of(early.iter().chain(&late))), "everybody is found at every moment");
                let seen =
                    desk.app.user("clerk").get(&format!("/dossiers/{}", early[0]["id"].as_str().expect("an id")));
                assert_eq!(seen.expect(200)["applicant"]["name"], somebody()["name"]);
            }
            late
        });
        let report = desk.done(&["rekey"]);
        over.store(true, Ordering::Relaxed);
        (report, working.join().expect("nothing fails while keys change"))
    });
    let report: Value = serde_json::from_str(&report).expect("a report");
    assert!(report["rows"].as_u64() >= Some(20), "{report}");
    assert_eq!(report["replaced"], json!(old));
    let new = vec![report["key"].as_str().expect("a key").to_owned()];
    assert_ne!(new, old);
    assert_eq!((desk.ids("id", "data_keys"), desk.ids("key_id", "personal_index")), (new.clone(), new.clone()));
    assert_eq!(desk.ids("key_id", "personal"), new);
    assert_eq!(desk.found(), ids_of(early.iter().chain(&late)));
    assert_eq!(desk.key_lines().len(), 2);

    // The database needs the new line only, and nothing else than it.
    let other = desk.keys.with_extension("one");
    std::fs::write(&other, &desk.key_lines()[1]).expect("a file");
    let alone = desk.opened(&other).expect("the new key is enough");
    let report = check::check(&alone, &[], |_| {}).expect("a database");
    assert_eq!((report.findings, report.personal_unchecked), (vec![], 0));
    std::fs::write(&other, &desk.key_lines()[0]).expect("a file");
    assert!(matches!(desk.opened(&other), Err(KeysError::Missing(id)) if id == new[0]));

    // A program that was not given the new key writes nothing that others could not read.
    app.user("clerk").post("/dossiers", &crate::factory::new_dossier(&json!({}))).problem(503, "unavailable");
}

fn what_broke_off_is_gone_on_with(app: &TestApp) {
    let desk = Desk::beside(app);
    let mut all = vec![told(&desk.app, "H26.103"), told(&desk.app, CHILD)];
    let second = DATA_KEY.replace('4', "5");
    std::fs::write(&desk.keys, format!("{DATA_KEY}\n{second}\n")).expect("a file");
    let own = desk.opened(&desk.keys).expect("keys");
    let broken = catch_unwind(AssertUnwindSafe(|| rekey(&own, |_| panic!("as the test wants it"))));
    assert!(broken.is_err());
    assert_eq!((desk.ids("id", "data_keys").len(), desk.ids("key_id", "personal").len()), (2, 2), "half of it is done");
    assert!(!is_settled(&own).expect("a database"));

    // In between everything is found, whenever it was written, and whichever key it is under.
    all.push(told(&desk.app, CHILD));
    assert_eq!(desk.found(), ids_of(&all));
    assert_eq!(check::check(&own, &[], |_| {}).expect("a database").findings, []);

    // Called again, the program goes on with that key and makes none.
    let report: Value = serde_json::from_str(&desk.done(&["rekey"])).expect("a report");
    assert_eq!(desk.key_lines().len(), 2);
    assert_eq!(desk.ids("key_id", "personal"), [report["key"].as_str().expect("a key")]);
    assert_eq!((desk.ids("id", "data_keys").len(), desk.ids("key_id", "personal_index").len()), (1, 1));
    assert_eq!(desk.found(), ids_of(&all));
    assert!(is_settled(&own).expect("a database"));
}

fn a_key_is_announced_first(app: &TestApp) {
    let desk = Desk::beside(app);
    told(&desk.app, "H26.103");
    let old = desk.ids("key_id", "personal");
    desk.done(&["rekey", "--announce"]);
    told(&desk.app, "H26.103");
    assert_eq!((desk.key_lines().len(), desk.ids("key_id", "personal")), (2, old.clone()), "it does not seal yet");
    assert!(!desk.run(&["rekey", "--announce"]).status.success(), "there is one already");
    desk.done(&["rekey"]);
    assert_eq!(desk.key_lines().len(), 2);
    assert_ne!(desk.ids("key_id", "personal"), old);

    // Keys from the environment are the operator's to change.
    let url = match &app.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{path}"),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    let newest = desk.key_lines()[1].split_whitespace().next().expect("a key").to_owned();
    let mut program = Command::new(env!("CARGO_BIN_EXE_motcua"));
    program.arg("rekey").env("MOTCUA_DATABASE_URL", url).env("MOTCUA_DATA_KEY", newest);
    let refused = program.env("MOTCUA_SIGNING_KEY_FILE", "/nowhere").output().expect("it runs");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("restart every program"));
}
