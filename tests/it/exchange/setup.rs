//! Databases of their own, and histories to fill them with.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use motcua::app::catalogue;
use motcua::app::import::{Importer, Report, Scope};
use motcua::app::record::{Ask, Book, File};
use motcua::app::{App, AppError};
use motcua::clock::Clock;
use motcua::domain::actor::{Role, Standing};
use motcua::domain::code::CodePattern;
use motcua::domain::event::{EventType, Payload};
use motcua::domain::time::{Instant, parse};
use motcua::store::rows::{FactsRow, PaymentRow};
use motcua::store::sql_types::Id;
use motcua::store::{DatabaseUrl, Store, migrate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::vault;

pub const A: &str = "H26.1";
pub const B: &str = "H26.2";

/// An empty database with its schema; gone when dropped.
pub struct Db {
    /// Emptied before the database is dropped.
    app: Option<App>,
    pub name: String,
}

impl Db {
    pub fn app(&self) -> &App {
        self.app.as_ref().expect("open")
    }

    /// Statements past the program.
    pub fn tamper(&self, lite: &str, pg: &str) {
        match self.app().store.url() {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(path).expect("a connection");
                conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {lite}")).expect("statements");
            }
            DatabaseUrl::Postgres(url) => {
                PgConnection::establish(url).expect("a connection").batch_execute(pg).expect("statements");
            }
        }
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let Some(app) = self.app.take() else { return };
        let url = app.store.url().clone();
        drop(app);
        match url {
            DatabaseUrl::Sqlite(path) => {
                for end in ["", "-wal", "-shm"] {
                    // Some were never made.
                    let _ = std::fs::remove_file(format!("{path}{end}"));
                }
            }
            DatabaseUrl::Postgres(_) => {
                let base = std::env::var("MOTCUA_TEST_POSTGRES").expect("it was there");
                let mut conn = PgConnection::establish(&base).expect("a connection");
                conn.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).expect("dropped");
            }
        }
    }
}

fn open(url: DatabaseUrl, name: String) -> Db {
    migrate::up(&url).expect("migrations");
    let store = Store::open(&url).expect("a store");
    let clock = Clock::simulated(at(TODAY), u64::from(std::process::id()) ^ name.len() as u64);
    Db { app: Some(App::open(store, clock, CodePattern::default(), vault()).expect("the keys fit")), name }
}

pub fn temp_path(end: &str) -> PathBuf {
    std::env::temp_dir().join(format!("motcua-exchange-{}{end}", fresh()))
}

/// A name that nothing else has.
fn fresh() -> String {
    Clock::system().new_id().simple().to_string()
}

pub fn lite() -> Db {
    let path = temp_path(".db").to_str().expect("a path").to_owned();
    open(DatabaseUrl::Sqlite(path.clone()), path)
}

/// A PostgreSQL database when the environment names a server.
pub fn pg() -> Option<Db> {
    let base = std::env::var("MOTCUA_TEST_POSTGRES").ok()?;
    let name = format!("motcua_{}", fresh());
    let mut conn = PgConnection::establish(&base).expect("a connection");
    conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
    let (server, _) = base.rsplit_once('/').expect("a URL with a database");
    Some(open(DatabaseUrl::Postgres(format!("{server}/{name}")), name))
}

/// One of each kind that is there.
pub fn databases() -> Vec<Db> {
    std::iter::once(lite()).chain(pg()).collect()
}

pub fn at(text: &str) -> Instant {
    parse(text).expect("a time")
}

pub fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(work)
}

pub const CATALOGUE: &str = "
agencies:
- {code: H26.1, name: UBND xã A, level: commune, parent: H26}
- {code: H26.2, name: UBND xã B, level: commune, parent: H26}
- {code: H26, name: UBND tỉnh, level: province}
procedures:
- code: '1.000001'
  name: Cấp bản sao
  field: Hộ tịch
  levels: [commune]
  service_level: full
  processing_time: {amount: 3, unit: working_days}
  fees: [{code: LP, kind: le_phi, amount: 20000}]
  components: [{code: TP1, name: Tờ khai}, {code: TP2, name: Bản sao, required: false}]
  electronic_result_eligible: true
- code: '1.000002'
  name: Chuyển mục đích
  field: Đất đai
  levels: [commune]
  service_level: partial
  processing_time: {amount: 20, unit: calendar_days}
  after_supplement: restart
";

const TODAY: &str = "2026-11-21T09:00:00+07:00";

/// Calendar, plans, two communes, two procedures, known since the beginning of the month.
pub fn fill(db: &Db) {
    db.app().clock.set(at("2026-11-01T08:00:00+07:00"));
    wait(catalogue::install_defaults(db.app())).expect("defaults");
    wait(catalogue::load_file(db.app(), CATALOGUE, &[])).expect("a catalogue");
    db.app().clock.set(at(TODAY));
}

pub fn import_as(app: &App, scope: Scope, text: &[u8]) -> Report {
    wait(async {
        let mut importer = Importer::new(app, scope, "file.ndjson", &[]);
        for piece in text.chunks(1000) {
            importer.feed(piece).await.expect("a database");
        }
        importer.finish().await.expect("a database")
    })
}

pub fn import(app: &App, lines: &[Value]) -> Report {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    import_as(app, Scope { actor: "user:admin".into(), keeper: None }, text.as_bytes())
}

/// An event on a day of November 2026, +07:00.
pub fn event(kind: &str, when: &str, mut fields: Value) -> Value {
    let (day, time) = when.split_once(' ').expect("day and time");
    fields["type"] = Value::from(kind);
    fields["occurred_at"] = Value::from(format!("2026-11-{day}T{time}:00+07:00"));
    fields
}

pub fn submitted(agency: &str, procedure: &str, channel: &str, when: &str) -> Value {
    event(
        "submitted",
        when,
        json!({"agency": agency, "procedure": procedure, "channel": channel,
            "applicant": {"kind": "citizen", "name": "Nguyễn Văn An", "phone": "0912345678",
                "ids": [{"type": "citizen_id", "number": "001099012345"}]},
            "components": [{"code": "TP1", "originals": 1, "signed": true, "electronic": true}]}),
    )
}

pub fn line(events: Vec<Value>) -> Value {
    json!({"kind": "dossier", "events": events})
}

fn result() -> Value {
    json!({"result": {"outcome": "granted", "document": true, "electronic": true, "signed": true,
        "number": "12/GCN", "issued_on": "2026-11-10", "signer": "Trần Thị B"}})
}

/// Dossiers of every fate.
pub fn histories() -> Vec<Value> {
    let reason = || json!({"reason": "Ông An khai thiếu", "legal_basis": "Điều 5"});
    let asked =
        || json!({"items": [{"component": "TP2", "reason": "thiếu chữ ký", "legal_basis": "Điều 5", "paper": true}]});
    let full = || json!({"components": [{"code": "TP1", "electronic": true}, {"code": "TP2", "copies": 1}]});
    let decision = || json!({"reason": "theo quyết định", "legal_basis": "Điều 9", "decision": {"number": "1/QĐ", "date": "2026-11-06"}});
    vec![
        line(vec![
            submitted(A, "1.000001", "in_person", "02 08:00"),
            event("payment_recorded", "02 08:05", json!({"amount": 20000, "method": "cash"})),
            event("received", "02 08:10", json!({})),
            event("forwarded", "02 08:20", json!({"officer": "Lê Văn C", "step": "thẩm định"})),
            event("finished", "04 10:00", result()),
            event("returned", "04 15:00", json!({"method": "counter", "collector": "Nguyễn Văn An"})),
            event("rated", "04 16:00", json!({"overall": 5, "via": "kiosk", "comment": "cảm ơn anh C"})),
            event("digitised", "05 08:00", json!({"target": "component", "component": "TP1"})),
        ]),
        line(vec![
            submitted(A, "1.000001", "level_4", "02 19:00"),
            event("supplement_requested", "03 08:00", asked()),
            event("supplemented", "03 09:00", full()),
            event(
                "received",
                "03 10:00",
                json!({"fees": [{"code": "LP", "amount": 20000, "exempt_reason": "hộ nghèo"}]}),
            ),
            event("forwarded", "03 10:30", json!({"unit": "Tư pháp"})),
            event("supplement_requested", "04 08:00", asked()),
            event("supplemented", "09 14:00", full()),
            event(
                "extended",
                "09 15:00",
                json!({"new_due": "2026-11-20", "reason": "xác minh ông An",
                "letter": {"number": "3/TXL", "issued_on": "2026-11-09"}}),
            ),
            event("finished", "12 10:00", result()),
        ]),
        line(vec![
            submitted(B, "1.000002", "level_3", "03 08:00"),
            event("received", "03 09:00", json!({})),
            event("payment_requested", "04 08:00", json!({"lines": [{"code": "TSDĐ", "amount": 1_500_000}]})),
            event(
                "payment_recorded",
                "06 14:00",
                json!({"amount": 1_500_000, "method": "national_portal", "reference": "GD1"}),
            ),
            event("payment_refunded", "07 08:00", json!({"payment": 4, "amount": 500_000, "reason": "nộp thừa"})),
            event(
                "corrected",
                "07 09:00",
                json!({"target": 4, "field": "payment.method", "value": "provincial_portal", "reason": "ghi nhầm"}),
            ),
            event(
                "corrected",
                "07 09:10",
                json!({"target": 1, "field": "applicant", "reason": "sai tên",
                "value": {"kind": "business", "name": "Công ty Bình Minh"}}),
            ),
            event("supplement_requested", "09 08:00", asked()),
            event("supplemented", "10 08:00", full()),
        ]),
        line(vec![submitted(A, "1.000001", "post", "03 08:00"), event("refused", "03 08:30", reason())]),
        line(vec![
            submitted(A, "1.000001", "in_person", "04 08:00"),
            event("received", "04 08:00", json!({})),
            event(
                "withdrawn",
                "05 08:00",
                json!({"by": "applicant", "evidence": {"kind": "đơn", "reference": "5/ĐR"}}),
            ),
        ]),
        line(vec![
            submitted(B, "1.000001", "in_person", "04 08:00"),
            event("received", "04 08:00", json!({})),
            event("stopped", "06 08:00", decision()),
        ]),
        line(vec![
            submitted(A, "1.000001", "in_person", "04 09:00"),
            event("received", "04 09:00", json!({})),
            event("finished", "12 09:00", result()),
            event("reopened", "12 14:00", json!({"reason": "khiếu nại"})),
            event("finished", "13 09:00", result()),
        ]),
        line(vec![
            submitted(A, "1.000001", "in_person", "05 09:00"),
            event("received", "05 09:00", json!({})),
            event("voided", "05 10:00", json!({"reason": "nhập trùng"})),
        ]),
        line(vec![submitted(B, "1.000001", "level_4", "20 09:00")]),
    ]
}

/// Records lines as clerks would have, every event at its time; their ids.
pub fn live(app: &App, lines: &[Value]) -> Vec<Uuid> {
    let mut steps: Vec<(Instant, usize, &Value)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        for event in line["events"].as_array().expect("events") {
            steps.push((at(event["occurred_at"].as_str().expect("a text")), i, event));
        }
    }
    steps.sort_by_key(|(when, _, _)| *when);
    let mut ids = vec![None; lines.len()];
    for (when, i, event) in steps {
        app.clock.set(when);
        let agency = lines[i]["events"][0]["agency"].as_str().expect("an agency");
        ids[i] = Some(record(app, agency, ids[i], event, None));
    }
    app.clock.set(at(TODAY));
    ids.into_iter().flatten().collect()
}

/// Records one line now, late.
pub fn enter(app: &App, line: &Value) {
    let mut known = None;
    for event in line["events"].as_array().expect("events") {
        let agency = line["events"][0]["agency"].as_str().expect("an agency");
        known = Some(record(app, agency, known, event, Some("mất điện")));
    }
}

fn record(app: &App, agency: &str, known: Option<Uuid>, event: &Value, late: Option<&str>) -> Uuid {
    let mut fields = event.as_object().expect("an object").clone();
    let kind = fields.remove("type").and_then(|kind| EventType::parse(kind.as_str()?)).expect("a type");
    let when = fields.remove("occurred_at").map(|when| at(when.as_str().expect("a text")));
    let payload = Payload::read(kind, fields).expect("a payload");
    let actor = if kind == EventType::Voided { "user:leader" } else { "user:staff" };
    let roles = vec![Role::Clerk, Role::Officer, Role::Leader];
    let system = kind == EventType::DeadlineRecomputed;
    let standing = Standing { actor: actor.into(), roles, system, ..Standing::default() };
    let ask = Ask { occurred_at: when, late_entry_reason: late.map(str::to_owned), ..Ask::now(payload) };
    let (app2, agency2) = (app.clone(), agency.to_owned());
    let done = app.store.write_blocking::<_, AppError, _>(agency, move |tx| {
        let mut book = Book::open(tx, &app2, &agency2)?;
        let file = match known {
            None => book.start(tx, &app2, ask.clone(), &standing)?,
            Some(id) => {
                let mut file = File::load(tx, &app2.vault, &agency2, id)?;
                book.append(tx, &app2, &mut file, ask.clone(), &standing)?;
                file
            }
        };
        book.close(tx)?;
        Ok(file.id)
    });
    done.expect("recorded")
}

/// Every dossier of both agencies, with all of its rows.
pub fn rows(app: &App) -> Vec<(Vec<FactsRow>, Vec<PaymentRow>)> {
    let read = app.store.read_blocking::<_, motcua::store::StoreError, _>(|tx| {
        let mut rows = Vec::new();
        for agency in [A, B] {
            for id in tx.dossier_ids_after(agency, None, 1000)? {
                rows.push((tx.facts_of(agency, id)?, tx.payments_of(agency, id)?));
            }
        }
        Ok(rows)
    });
    read.expect("a database")
}

pub fn codes(app: &App, agency: &str) -> Vec<String> {
    let read = app.store.read_blocking::<_, motcua::store::StoreError, _>(|tx| {
        let ids: Vec<Id> = tx.dossier_ids_after(agency, None, 1000)?;
        tx.dossier_codes(agency, &ids)
    });
    let mut codes: Vec<String> = read.expect("a database").into_iter().filter_map(|(_, code)| code).collect();
    codes.sort();
    codes
}
