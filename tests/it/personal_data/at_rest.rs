//! What the database holds of people.

use motcua::app::{App, KeysError, check};
use motcua::store::{DatabaseUrl, Store};
use motcua::vault::{KeySource, Vault};
use serde_json::{Value, json};

use crate::factory::{AGENCY, event_with};
use crate::harness::{DATA_KEY, TestApp, vault};
use crate::ratchets::append_only::run;
use crate::ratchets::schema::lines;

on_both!(nothing_lies_open, rows_do_not_open_elsewhere, open_rows_are_sealed_at_the_next_start, the_key_must_fit);

const OTHER_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What must not be found.
const SECRETS: [&str; 4] = ["Trần Thị Ngọc Bích", "001199000321", "0987000321", "thiếu giấy chứng nhận"];

pub fn somebody() -> Value {
    json!({"kind": "citizen", "name": SECRETS[0], "phone": SECRETS[2], "address": "12 phố Hàng Bạc",
           "ids": [{"type": "citizen_id", "number": SECRETS[1]}]})
}

fn told(app: &TestApp) -> Value {
    let dossier = app.create(&json!({"applicant": somebody()}));
    let items = json!([{"component": "TP1", "reason": SECRETS[3], "legal_basis": "NĐ 61"}]);
    app.record("clerk", &dossier, &event_with("supplement_requested", &json!({"items": items})))
}

/// Every value of every table, as text.
pub fn dump(app: &TestApp) -> String {
    let lite = matches!(app.database, DatabaseUrl::Sqlite(_));
    if lite {
        let DatabaseUrl::Sqlite(path) = &app.database else { return String::new() };
        let read = |end: &str| std::fs::read(format!("{path}{end}")).unwrap_or_default();
        return String::from_utf8_lossy(&[read(""), read("-wal")].concat()).into_owned();
    }
    let tables = lines(
        &app.database,
        "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'",
    );
    tables
        .iter()
        .flat_map(|table| {
            lines(
                &app.database,
                &format!(
                    "SELECT {table}::text || encode(convert_to({table}::text, 'UTF8'), 'hex') AS line FROM {table}"
                ),
            )
        })
        .collect()
}

fn nothing_lies_open(app: &TestApp) {
    let dossier = told(app);
    let name = dossier["code"].as_str().expect("a code");
    let seen = app.user("clerk").get(&format!("/dossiers/{name}")).expect(200);
    assert_eq!(seen["applicant"]["name"], SECRETS[0], "who handles it reads it");
    let dump = dump(app);
    assert!(dump.contains("supplement_requested"), "the dump holds the events");
    for secret in SECRETS {
        let hex: String = hex::encode(secret);
        // PostgreSQL shows bytes in hexadecimal: once more so when those are.
        assert!(!dump.contains(secret) && !dump.contains(&hex) && !dump.contains(&hex::encode(&hex)), "{secret}");
    }
}

fn rows_do_not_open_elsewhere(app: &TestApp) {
    let (one, other) = (told(app), app.received());
    let (one, other) = (one["id"].as_str().expect("an id"), other["id"].as_str().expect("an id"));
    let quoted = |id: &str| match app.database {
        DatabaseUrl::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
        DatabaseUrl::Postgres(_) => format!("'{id}'"),
    };
    // A row of one dossier taken for the other's: past the triggers by erasing first.
    let (one, other_row) = (quoted(one), quoted(other));
    run(&app.database, &format!("DELETE FROM personal WHERE dossier_id = {other_row}")).expect("an erasure");
    let copied = "INSERT INTO personal (agency_id, dossier_id, n, key_id, sealed)";
    let from =
        format!("SELECT agency_id, {other_row}, n, key_id, sealed FROM personal WHERE dossier_id = {one} AND n = 1");
    run(&app.database, &format!("{copied} {from}")).expect("a forgery");
    let answer = app.user("clerk").get(&format!("/dossiers/{other}"));
    assert_eq!(answer.status, 500, "{}", answer.text);
    assert!(SECRETS.iter().all(|secret| !answer.text.contains(secret)), "{}", answer.text);
    let found = check::check(&app.app, &[], |_| {}).expect("a database").findings;
    assert_eq!(found.iter().map(|found| found.kind.as_str()).collect::<Vec<_>>(), ["personal"], "{found:?}");
}

fn reopened(app: &TestApp, vault: Vault) -> Result<App, KeysError> {
    let store = Store::open(&app.database).expect("the database opens");
    App::open(store, app.clock.clone(), app.app.code_pattern.clone(), vault)
}

/// The database as the version before had it: opened rows, in the old table; and its imports.
fn take_back(app: &TestApp) {
    let rows = app.app.store.read_blocking(|tx| tx.personal_after(AGENCY, None, 100)).expect("rows");
    let mut sql = String::new();
    for row in &rows {
        let open = row.open(&app.app.vault).expect("a row");
        let plain = hex::encode(hex::encode(open.salt) + &Value::Object(open.body).to_string());
        let (id, n) = (row.dossier_id.0, row.n);
        let (id, plain) = match app.database {
            DatabaseUrl::Sqlite(_) => (format!("x'{}'", id.simple()), format!("x'{plain}'")),
            DatabaseUrl::Postgres(_) => (format!("'{id}'"), format!("'\\x{plain}'")),
        };
        sql += &format!("DELETE FROM personal WHERE dossier_id = {id} AND n = {n};");
        sql += &format!("INSERT INTO personal VALUES ('{AGENCY}', {id}, {n}, '', {plain});");
    }
    sql += "UPDATE import_keys SET content_hash = 'abc', source_id = 'abc';";
    sql += match app.database {
        DatabaseUrl::Sqlite(_) => include_str!("../../../migrations/sqlite/2026-11-27-000007_personal_data/down.sql"),
        DatabaseUrl::Postgres(_) => {
            include_str!("../../../migrations/postgres/2026-11-27-000007_personal_data/down.sql")
        }
    };
    run(&app.database, &sql).expect("the schema goes back");
}

fn open_rows_are_sealed_at_the_next_start(app: &TestApp) {
    let line = json!({"kind": "dossier", "events": [
        {"type": "submitted", "occurred_at": "2026-03-05T08:00:00+07:00", "agency": AGENCY,
         "procedure": crate::factory::FULL, "channel": "in_person", "applicant": somebody(), "components": []}]});
    let import = || {
        let request = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
        request.bytes(line.to_string().into_bytes()).send().expect(200)
    };
    assert_eq!(import()["created"], 1);
    let dossier = told(app);
    let shown = |app: &TestApp| {
        app.user("clerk").get(&format!("/dossiers/{}", dossier["id"].as_str().expect("an id"))).expect(200)["applicant"]
            .clone()
    };
    // Not asked for here: the version before kept no log of those who look.
    let before = dossier["applicant"].clone();
    let index = "SELECT CAST(n AS TEXT) || ' ' || CAST(known_from AS TEXT) || ' ' || CAST(known_to AS TEXT) AS line \
                 FROM personal_index ORDER BY 1";
    let indexed = lines(&app.database, index);
    take_back(app);
    let salted = lines(&app.database, "SELECT body AS line FROM personal");
    assert!(salted.iter().any(|body| body.contains(SECRETS[0])), "{salted:?}");
    run(
        &app.database,
        match app.database {
            DatabaseUrl::Sqlite(_) => include_str!("../../../migrations/sqlite/2026-11-27-000007_personal_data/up.sql"),
            DatabaseUrl::Postgres(_) => {
                include_str!("../../../migrations/postgres/2026-11-27-000007_personal_data/up.sql")
            }
        },
    )
    .expect("the schema goes up");

    reopened(app, vault()).expect("the keys fit");
    assert_eq!(lines(&app.database, "SELECT CAST(COUNT(*) AS TEXT) AS line FROM personal WHERE key_id = ''"), ["0"]);
    assert_eq!(shown(app), before);
    assert_eq!(lines(&app.database, index), indexed);
    let hashes = lines(&app.database, "SELECT content_hash || source_id AS line FROM import_keys");
    assert!(hashes.iter().all(|hash| hash.starts_with("k:") && !hash.contains("abc")), "{hashes:?}");
    assert_eq!(check::check(&app.app, &[], |_| {}).expect("a database").findings, []);
    let dump = dump(app);
    assert!(SECRETS.iter().all(|secret| !dump.contains(secret)), "nothing of it stays in the file");
}

fn the_key_must_fit(app: &TestApp) {
    told(app);
    let id = lines(&app.database, "SELECT id AS line FROM data_keys").remove(0);
    let wrong = Vault::open(KeySource::given(OTHER_KEY), || [0; 32]).expect("a key");
    let error = reopened(app, wrong).expect_err("another key is noticed").to_string();
    assert!(error.contains(&id) && error.contains("MOTCUA_DATA_KEY_FILE"), "{error}");
    let both = format!("{DATA_KEY},{OTHER_KEY}");
    reopened(app, Vault::open(KeySource::given(&both), || [0; 32]).expect("keys")).expect("the old key is among them");
    let keys = lines(&app.database, "SELECT id AS line FROM data_keys");
    assert_eq!(keys, [id], "another key seals after a rotation only");
}
