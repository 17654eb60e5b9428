//! Migrations, the tables as the program sees them, and the rules by which they can be distributed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::Text;
use motcua::store::{DatabaseUrl, migrate, schema};

use super::{files, repository};
use crate::harness::{TestApp, empty_databases};

on_both!(keys_begin_with_the_agency, columns_are_as_declared, every_table_is_selectable);

/// Tables that are distributed on `agency_id`.
const BY_AGENCY: [&str; 18] = [
    "access_log",
    "counters",
    "declaration_reviews",
    "declarations",
    "dossiers",
    "events",
    "facts",
    "heads",
    "idempotency",
    "import_keys",
    "job_agencies",
    "notes",
    "payments",
    "personal",
    "personal_index",
    "records",
    "snapshot_acts",
    "snapshots",
];
/// Copied to every machine, or kept on one.
const ELSEWHERE: [&str; 10] = [
    "catalogue",
    "catalogue_stamps",
    "client_secrets",
    "clients",
    "data_keys",
    "jobs",
    "refresh_tokens",
    "revocations",
    "throttles",
    "users",
];
/// Of the migration library.
const BOOKKEEPING: &str = "__diesel_schema_migrations";

/// Words of what does not work on a distributed database, or only on one kind of it.
const FORBIDDEN: [&str; 14] = [
    "serial",
    "bigserial",
    "smallserial",
    "sequence",
    "nextval",
    "generated",
    "autoincrement",
    "pg_advisory_lock",
    "pg_advisory_xact_lock",
    "pg_try_advisory_xact_lock",
    "listen",
    "notify",
    "deferrable",
    "deferred",
];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The column `line` of what a query finds.
pub fn lines(database: &DatabaseUrl, sql: &str) -> Vec<String> {
    let found: QueryResult<Vec<Line>> = match database {
        DatabaseUrl::Sqlite(path) => {
            diesel::sql_query(sql).load(&mut SqliteConnection::establish(path).expect("a file"))
        }
        DatabaseUrl::Postgres(url) => diesel::sql_query(sql).load(&mut PgConnection::establish(url).expect("a server")),
    };
    found.unwrap_or_else(|error| panic!("{sql}: {error}")).into_iter().map(|line| line.line).collect()
}

/// The same of either database.
fn lines_of(database: &DatabaseUrl, lite: &str, postgres: &str) -> Vec<String> {
    lines(database, if matches!(database, DatabaseUrl::Sqlite(_)) { lite } else { postgres })
}

/// Everything that the database says of its schema.
fn described(database: &DatabaseUrl) -> Vec<String> {
    lines_of(
        database,
        "SELECT type || ' ' || name || ': ' || coalesce(sql, '') AS line FROM sqlite_master ORDER BY 1",
        "SELECT line FROM (
            SELECT concat_ws(' ', 'column', table_name, ordinal_position, column_name, data_type, is_nullable,
                             column_default, collation_name) AS line
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ) AS all_of_it ORDER BY line",
    )
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> BTreeSet<String> {
        let found = files(folder, "sql").into_iter();
        found.map(|(name, _)| name.strip_prefix(folder).expect("below it").to_owned()).collect()
    };
    let lite = names("migrations/sqlite");
    assert_eq!(lite, names("migrations/postgres"));
    let ups = lite.iter().filter(|name| name.ends_with("/up.sql")).count();
    assert_eq!(lite.len(), 2 * ups, "each goes up and down: {lite:?}");
}

#[test]
fn migrations_go_up_down_and_up_again() {
    empty_databases(|database| {
        let count = migrate::up(database).expect("up");
        assert!(count > 0);
        assert_eq!(migrate::up(database).expect("up again"), 0);
        let before = described(database);
        assert!(before.len() > 20, "{before:?}");
        assert_eq!(migrate::down(database).expect("down"), count);
        let left: Vec<String> = described(database).into_iter().filter(|line| !line.contains(BOOKKEEPING)).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        assert_eq!(migrate::up(database).expect("up"), count);
        assert_eq!(described(database), before);
    });
}

/// `table!`s as written: name → (primary key, columns with their types).
fn declared() -> BTreeMap<String, (Vec<String>, Vec<(String, String)>)> {
    let text = std::fs::read_to_string(repository("src/store/schema.rs")).expect("the schema");
    let mut tables = BTreeMap::new();
    for block in text.split("table! {").skip(1) {
        let block = block.split("\n}").next().expect("an end");
        let head = block.lines().map(str::trim).find(|line| line.ends_with(") {")).expect("a head");
        let (name, key) = head.trim_end_matches(") {").split_once(" (").expect("a key");
        let columns = block.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(" -> "));
        let columns = columns.map(|(column, kind)| (column.to_owned(), kind.to_owned())).collect();
        tables.insert(name.to_owned(), (key.split(", ").map(str::to_owned).collect(), columns));
    }
    tables
}

/// How a column of `table!` stands in the database.
fn stored(kind: &str, lite: bool) -> String {
    let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
    let name = match (inner.unwrap_or(kind), lite) {
        ("Text", true) => "TEXT",
        ("Integer" | "BigInt" | "Bool", true) => "INTEGER",
        ("Binary" | "Uid", true) => "BLOB",
        ("Text", false) => "text",
        ("Integer", false) => "integer",
        ("BigInt", false) => "bigint",
        ("Bool", false) => "boolean",
        ("Binary", false) => "bytea",
        ("Uid", false) => "uuid",
        (other, _) => panic!("{other}: say here how it is stored"),
    };
    format!("{name}{}", if inner.is_some() { "" } else { " NOT NULL" })
}

fn columns_are_as_declared(app: &TestApp) {
    let found = lines_of(
        &app.database,
        "SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END
             AS line FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid",
        "SELECT table_name || '.' || column_name || ' ' || data_type
             || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END AS line
         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position",
    );
    let found: Vec<String> = found.into_iter().filter(|line| !line.starts_with(BOOKKEEPING)).collect();
    let lite = matches!(app.database, DatabaseUrl::Sqlite(_));
    let expected: Vec<String> = declared()
        .into_iter()
        .flat_map(|(table, (_, columns))| {
            columns.into_iter().map(move |(column, kind)| format!("{table}.{column} {}", stored(&kind, lite)))
        })
        .collect();
    assert_eq!(found, expected);
    let keys = lines_of(
        &app.database,
        "SELECT m.name || ' ' || (SELECT group_concat(name, ', ') FROM
             (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk)) AS line
         FROM sqlite_master m WHERE m.type = 'table' ORDER BY 1",
        "SELECT conrelid::regclass || ' ' || (SELECT string_agg(attname, ', ' ORDER BY place)
             FROM unnest(conkey) WITH ORDINALITY AS k(number, place)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = number) AS line
         FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace ORDER BY 1",
    );
    let keys: Vec<String> = keys.into_iter().filter(|line| !line.starts_with(BOOKKEEPING)).collect();
    let expected: Vec<String> =
        declared().into_iter().map(|(table, (key, _))| format!("{table} {}", key.join(", "))).collect();
    assert_eq!(keys, expected);
}

/// Selects all columns of the tables and returns their names.
macro_rules! select_all {
    ($conn:expr, $($table:ident),+) => {
        [$({
            let all = schema::$table::table.select(schema::$table::all_columns);
            all.execute($conn).unwrap_or_else(|error| panic!("{}: {error}", stringify!($table)));
            stringify!($table)
        }),+]
    };
}

macro_rules! select_every_table {
    ($conn:expr) => {
        select_all!(
            $conn,
            access_log,
            catalogue,
            catalogue_stamps,
            client_secrets,
            clients,
            counters,
            data_keys,
            declaration_reviews,
            declarations,
            dossiers,
            events,
            facts,
            heads,
            idempotency,
            import_keys,
            job_agencies,
            jobs,
            notes,
            payments,
            personal,
            personal_index,
            records,
            refresh_tokens,
            revocations,
            snapshot_acts,
            snapshots,
            throttles,
            users
        )
    };
}

fn every_table_is_selectable(app: &TestApp) {
    let names = match &app.database {
        DatabaseUrl::Sqlite(path) => select_every_table!(&mut SqliteConnection::establish(path).expect("a file")),
        DatabaseUrl::Postgres(url) => select_every_table!(&mut PgConnection::establish(url).expect("a server")),
    };
    let declared: Vec<String> = declared().into_keys().collect();
    assert_eq!(names.to_vec(), declared, "a new table belongs into this test");
}

fn keys_begin_with_the_agency(app: &TestApp) {
    let tables = lines_of(
        &app.database,
        "SELECT name AS line FROM sqlite_master WHERE type = 'table'",
        "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'",
    );
    let tables: BTreeSet<&str> = tables.iter().map(String::as_str).filter(|name| *name != BOOKKEEPING).collect();
    let known: BTreeSet<&str> = BY_AGENCY.into_iter().chain(ELSEWHERE).collect();
    assert_eq!(tables, known, "say of a new table how it is distributed");

    // Every primary and unique key: its table and its first column; every foreign key: on both sides.
    let keys = lines_of(
        &app.database,
        "SELECT m.name || ' key ' || c.name AS line
         FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c
         WHERE m.type = 'table' AND i.\"unique\" = 1 AND c.seqno = 0
         UNION ALL SELECT m.name || ' key ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND c.pk = 1
         UNION ALL SELECT m.name || ' foreign ' || f.\"from\" || '/' || f.\"to\"
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.seq = 0",
        "SELECT i.indrelid::regclass || ' key ' || a.attname AS line
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace
         UNION ALL SELECT c.conrelid::regclass || ' foreign ' || a.attname || '/' || b.attname
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
         WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace",
    );
    let count = |kind: &str| keys.iter().filter(|key| key.contains(kind)).count();
    assert!(count(" key ") >= BY_AGENCY.len() && count(" foreign ") > 4, "{keys:?}");
    for key in keys {
        let (table, kind) = key.split_once(' ').expect("two words");
        if BY_AGENCY.contains(&table) {
            assert!(kind == "key agency_id" || kind == "foreign agency_id/agency_id", "{key}");
        }
    }
}

#[test]
fn nothing_that_a_distributed_database_lacks() {
    let sql = files("migrations", "sql").into_iter();
    for (name, text) in sql.chain(files("src/store", "rs")) {
        let spoken = |line: &&str| !["//", "--"].iter().any(|comment| line.trim_start().starts_with(comment));
        let text = text.lines().filter(spoken).collect::<Vec<_>>().join("\n").to_lowercase();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
        for word in FORBIDDEN {
            assert!(!words.contains(word), "{name}: {word}");
        }
    }
}
