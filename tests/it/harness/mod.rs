//! The program under test: a server of its own on a port of its own, a database of its own, a clock that
//! stands still until a request or the test moves it.

pub mod child;
mod client;
pub mod copies;
pub mod leaks;
pub mod postgres;
mod wire;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{HttpResponse, web};
use motcua::app::App;
use motcua::app::passwords::Cost;
use motcua::app::sessions::Ticket;
use motcua::clock::Clock;
use motcua::config::Settings;
use motcua::domain::actor::Subject;
use motcua::domain::code::{CodePattern, DEFAULT_PATTERN};
use motcua::domain::time::{Instant, parse};
use motcua::http::State;
use motcua::http::keys::new_key;
use motcua::http::tokens::Tokens;
use motcua::startup::{Application, open};
use motcua::store::{DatabaseUrl, Limits, Store};
use motcua::vault::{KeySource, Vault};

pub use client::{Answer, Client, escaped, form, form_at};
pub use wire::{GENEROUS, Wire, is_ended};

use crate::factory;

/// When the clock of every test begins: a plain Tuesday, the office just opened.
pub const START: &str = "2026-03-10T08:00:00+07:00";

/// The cheapest that Argon2 allows.
pub const COST: Cost = Cost { memory_kib: 8, passes: 1 };

/// Of the key that signs the tests' tokens, and its file.
const KEY_SEED: [u8; 32] = [7; 32];
const KEY_FILE: &str = "signing.key";

/// What personal values of tests are sealed with.
pub const DATA_KEY: &str = "4d6f7463756120746573747320736561c3a4000102030405060708090a0b0c0d";

pub fn vault() -> Vault {
    Vault::open(KeySource::given(DATA_KEY), || [0; 32]).expect("a key")
}

/// Runs each test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[test] fn $name() { $crate::harness::on_sqlite(super::$name); })+ }
        mod postgres { $(#[test] fn $name() { $crate::harness::on_postgres(super::$name); })+ }
    };
}

/// A running program.
pub struct TestApp {
    pub app: App,
    pub clock: Clock,
    pub database: DatabaseUrl,
    pub state: web::Data<State>,
    pub base: String,
    /// Where its figures for operators are served.
    pub metrics: Option<String>,
    agent: ureq::Agent,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    /// Removed when the test ends.
    place: Place,
}

/// Where a test's database lives; removed in the end.
struct Place {
    directory: PathBuf,
    database: Option<String>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let (Some(name), Some(server)) = (&self.database, postgres::server()) {
            server.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn fresh_name(kind: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("motcua_{kind}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory).expect("a directory for the test");
    directory
}

pub fn at(text: &str) -> Instant {
    parse(text).expect("a time")
}

pub fn on_sqlite(test: fn(&TestApp)) {
    test(&sqlite());
}

/// Skips loudly without PostgreSQL's programs; in CI that is a failure.
pub fn on_postgres(test: fn(&TestApp)) {
    if let Some(app) = postgres_app() {
        test(&app);
    }
}

pub fn no_postgres() {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci, "no PostgreSQL binaries: in CI every test runs on both databases");
    // Straight to the stream: what the macros print is shown for failing tests only.
    let _ = writeln!(std::io::stderr(), "SKIPPED: no PostgreSQL binaries");
}

/// A database with the world in it, and the folder beside it.
pub struct World {
    pub database: DatabaseUrl,
    place: Place,
}

impl World {
    /// On a server of the test's own.
    pub fn on(server: &postgres::Server) -> Self {
        let name = fresh_name("own");
        server.run(&format!("CREATE DATABASE {name}"));
        let database = DatabaseUrl::Postgres(server.url(&name));
        let place = Place { directory: directory(&name), database: None };
        prepare(&database, &place.directory);
        Self { database, place }
    }

    pub fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// Tokens as a program with this world's key issues them.
    pub fn token(&self, username: &str) -> String {
        let key = settings(&self.database, self.directory()).signing_key;
        let tokens = Tokens::open(&key).expect("a key");
        let clock = Clock::system();
        let subject = Subject::User(factory::user_id(username));
        let ticket = Ticket { subject, stamp: 1, session: None, id: clock.new_id() };
        tokens.issue(&ticket, clock.now()).expect("a token")
    }

    /// The store and what every use case needs, beside the program that serves it.
    pub fn app(&self) -> App {
        let store = Store::open(&self.database).expect("the database opens");
        App::open(store, Clock::system(), CodePattern::default(), vault()).expect("the keys fit")
    }
}

/// The program on a copy of the SQLite template.
pub fn sqlite() -> TestApp {
    TestApp::start(sqlite_world())
}

pub fn sqlite_world() -> World {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let directory = directory(&fresh_name("template"));
        let file = directory.join("template.db");
        let database = DatabaseUrl::Sqlite(file.display().to_string());
        prepare(&database, &directory);
        let bytes = std::fs::read(&file).expect("the template");
        let _ = std::fs::remove_dir_all(&directory);
        bytes
    });
    let place = Place { directory: directory(&fresh_name("lite")), database: None };
    let file = place.directory.join("motcua.db");
    std::fs::write(&file, template).expect("a copy of the template");
    World { database: DatabaseUrl::Sqlite(file.display().to_string()), place }
}

/// The program on a copy of the PostgreSQL template.
pub fn postgres_app() -> Option<TestApp> {
    postgres_world().map(TestApp::start)
}

pub fn postgres_world() -> Option<World> {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let Some(server) = postgres::server() else {
        no_postgres();
        return None;
    };
    let template = TEMPLATE.get_or_init(|| {
        let name = server.template();
        server.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        server.run(&format!("CREATE DATABASE {name}"));
        let directory = directory(&name);
        prepare(&DatabaseUrl::Postgres(server.url(&name)), &directory);
        let _ = std::fs::remove_dir_all(&directory);
        name
    });
    let name = fresh_name("pg");
    server.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
    let database = DatabaseUrl::Postgres(server.url(&name));
    Some(World { database, place: Place { directory: directory(&name), database: Some(name) } })
}

/// An empty database, not even migrated, on each kind of server there is.
pub fn empty_databases(test: fn(&DatabaseUrl)) {
    let place = Place { directory: directory(&fresh_name("empty")), database: None };
    test(&DatabaseUrl::Sqlite(place.directory.join("motcua.db").display().to_string()));
    let Some(server) = postgres::server() else { return no_postgres() };
    let name = fresh_name("empty");
    server.run(&format!("CREATE DATABASE {name}"));
    let url = DatabaseUrl::Postgres(server.url(&name));
    let place = Place { directory: directory(&name), database: Some(name) };
    test(&url);
    drop(place);
}

/// Migrates, and puts in the world that every test begins with.
fn prepare(database: &DatabaseUrl, directory: &Path) {
    let settings = settings(database, directory);
    actix_web::rt::System::new().block_on(async {
        let clock = Clock::simulated(at("2020-01-02T08:00:00+07:00"), 1);
        let app = open(&settings, clock).await.expect("the template opens");
        factory::populate(&app).await;
    });
    match database {
        DatabaseUrl::Sqlite(path) => {
            use diesel::connection::{Connection, SimpleConnection};
            let mut conn = diesel::SqliteConnection::establish(path).expect("the template");
            conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("everything in one file");
        }
        // Its pool may still be closing: a template must have no connections.
        DatabaseUrl::Postgres(_) => postgres::server().expect("it was there").run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname LIKE 'motcua_template%' AND pid <> pg_backend_pid()",
        ),
    }
}

fn settings(database: &DatabaseUrl, directory: &Path) -> Settings {
    let signing_key = directory.join(KEY_FILE);
    if !signing_key.exists() {
        std::fs::write(&signing_key, new_key(&KEY_SEED)).expect("a signing key");
    }
    Settings {
        database: database.clone(),
        limits: Limits::default(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        metrics_listen: None,
        signing_key,
        data_keys: KeySource::given(DATA_KEY),
        code_pattern: CodePattern::parse(DEFAULT_PATTERN).expect("the default pattern"),
        workers: 1,
        max_connections: 1000,
        patience: Duration::from_secs(30),
        tls: None,
        cors_origins: vec!["https://one.example.vn".to_owned()],
        log_filter: "off".to_owned(),
        log_json: false,
        password_cost: COST,
        trusted_proxies: Vec::new(),
    }
}

/// A route with a defect, at the edge of the program that every other request passes too.
fn broken(config: &mut web::ServiceConfig) {
    async fn panics() -> &'static str {
        panic!("as the test wants it")
    }
    /// As the framework refuses, without a problem.
    async fn refuses() -> HttpResponse {
        HttpResponse::ImATeapot().finish()
    }
    config.route("/panics", web::get().to(panics));
    config.route("/refuses", web::get().to(refuses));
    config.route("/endless", web::get().to(wire::endless));
}

impl TestApp {
    fn start(world: World) -> Self {
        let World { database, place } = world;
        let settings = settings(&database, &place.directory);
        Self::serve(settings, Clock::simulated(at(START), 42), place)
    }

    /// Another process on the same database, under the same clock, with settings of its own.
    pub fn beside(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let place = Place { directory: directory(&fresh_name("beside")), database: None };
        let mut settings = settings(&self.database, &self.place.directory);
        change(&mut settings);
        Self::serve(settings, self.clock.clone(), place)
    }

    /// What a start of the program does to its database.
    pub fn start_over(&self) {
        let settings = settings(&self.database, &self.place.directory);
        let opened = actix_web::rt::System::new().block_on(motcua::startup::open(&settings, self.clock.clone()));
        opened.expect("the database opens");
    }

    /// The file of keys that sign its tokens.
    pub fn key_file(&self) -> PathBuf {
        self.place.directory.join(KEY_FILE)
    }

    fn serve(settings: Settings, clock: Clock, place: Place) -> Self {
        leaks::watch_logs();
        let database = settings.database.clone();
        let (ready, started) = mpsc::channel();
        let own_clock = clock.clone();
        let thread = std::thread::spawn(move || {
            // The template is migrated and has its defaults.
            let store = Store::open_within(&settings.database, settings.limits).expect("the database opens");
            let vault = Vault::open(settings.data_keys.clone(), || [0; 32]).expect("keys");
            let app = App::open(store, own_clock, settings.code_pattern.clone(), vault).expect("the keys fit");
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build_with(&settings, app.clone(), broken).expect("the program starts");
                let handle = application.server.handle();
                let metrics = application.metrics.as_ref().map(|metrics| metrics.port);
                let ports = (application.port, metrics);
                ready.send((ports, application.state.clone(), handle, app)).expect("the test waits");
                application.run().await.expect("the server runs");
            });
        });
        let ((port, metrics), state, handle, app) = started.recv().expect("the program started");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
        let base = format!("http://127.0.0.1:{port}");
        let metrics = metrics.map(|port| format!("http://127.0.0.1:{port}/metrics"));
        Self { app, clock, database, state, base, metrics, agent, handle, thread: Some(thread), place }
    }

    /// Requests without credentials.
    pub fn anonymous(&self) -> Client<'_> {
        Client::new(self, None)
    }

    /// Requests of a user of the [`factory`].
    pub fn user(&self, username: &str) -> Client<'_> {
        Client::new(self, Some(factory::user_id(username)))
    }

    pub fn set_clock(&self, text: &str) {
        self.clock.set(at(text));
    }

    pub fn pass(&self, time: chrono::Duration) {
        self.clock.set(self.clock.now() + time);
    }

    /// How many events there are: what a refused request must not change.
    pub fn event_count(&self) -> usize {
        let count = self.app.store.read_blocking(|tx| {
            let mut count = 0;
            for agency in tx.event_agencies()? {
                count += tx.events_after(&agency, 0, i64::MAX)?.len();
            }
            Ok::<_, motcua::store::StoreError>(count)
        });
        count.expect("the events can be read")
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}
