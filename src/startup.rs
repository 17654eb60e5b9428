//! Puts the parts together: database, catalogue, keys, server.

use std::net::{SocketAddr, TcpListener};
use std::sync::LazyLock;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::{HttpResponse, web};
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::catalogue::install_defaults;
use crate::app::full_copy::records;
use crate::app::passwords::Passwords;
use crate::app::rebuild::rebuild_facts;
use crate::app::{App, KeysError};
use crate::clock::Clock;
use crate::config::Settings;
use crate::http::fallback::{Known, refuse};
use crate::http::keys::new_key;
use crate::http::metrics::{self, Metrics};
use crate::http::serve::{Manners, serve};
use crate::http::tokens::Tokens;
use crate::http::{State, auth::TokenCache, body::BODY_LIMIT, guard, middleware, openapi, pace, panics, routes};
use crate::store::{DatabaseUrl, Store, StoreError, migrate};
use crate::telemetry::RequestSpan;
use crate::tls;
use crate::vault::{KeySource, Vault, make_file};

/// Why the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("database: {0}")]
    Database(#[from] crate::store::StoreError),
    #[error("signing key {path}: {reason}")]
    Key { path: String, reason: String },
    #[error("TLS: {0}")]
    Tls(String),
    #[error(transparent)]
    DataKeys(#[from] KeysError),
    #[error("MOTCUA_METRICS_LISTEN: {0}")]
    Metrics(std::io::Error),
    #[error("passwords: {0}")]
    Passwords(String),
    #[error("catalogue: {0}")]
    Catalogue(#[from] crate::app::AppError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// A server that is bound but not yet awaited.
pub struct Application {
    pub port: u16,
    pub server: Server,
    pub state: web::Data<State>,
    pub metrics: Option<MetricsServer>,
}

/// Serves figures for operators, apart from the API and its clients.
pub struct MetricsServer {
    pub port: u16,
    server: Server,
}

/// Opens the database, bringing its schema up to date and installing calendar and plans.
///
/// # Errors
/// The database cannot be reached or migrated.
pub async fn open(settings: &Settings, clock: Clock) -> Result<App, StartError> {
    let settings = settings.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let app = open_bare(&settings, clock)?;
        let rebuilt = rebuild_facts(&app, |_| {})?;
        Ok::<_, StartError>((app, rebuilt))
    });
    let (app, rebuilt) = opened.await.map_err(|error| StoreError::Other(error.to_string()))??;
    if rebuilt > 0 {
        tracing::info!(dossiers = rebuilt, "fact rows written anew after a change of their shape");
    }
    let shared = app.clone();
    let adopted = tokio::task::spawn_blocking(move || records::adopt(&shared)).await;
    let adopted = adopted.map_err(|error| StoreError::Other(error.to_string()))??;
    if adopted > 0 {
        tracing::info!(records = adopted, "records of before there were chains of them, chained now");
    }
    install_defaults(&app).await?;
    Ok(app)
}

/// The same without calendar and plans: for a restore, which brings its own. Blocks: not for an async thread.
///
/// # Errors
/// The database cannot be reached or migrated, or its data keys are not at hand.
pub fn open_bare(settings: &Settings, clock: Clock) -> Result<App, StartError> {
    migrate::up(&settings.database)?;
    let store = Store::open_within(&settings.database, settings.limits)?;
    let vault = vault(settings, &store, &clock)?;
    Ok(App::open(store, clock, settings.code_pattern.clone(), vault)?)
}

impl Application {
    /// Binds `settings.listen` and builds the server.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn build(settings: &Settings, app: App) -> Result<Self, StartError> {
        Self::build_with(settings, app, |_| {})
    }

    /// The same with further routes, of tests.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn build_with(settings: &Settings, app: App, further: fn(&mut web::ServiceConfig)) -> Result<Self, StartError> {
        let tokens = tokens(settings, &app.clock)?;
        let passwords = Passwords::start(settings.password_cost, app.clock.clone()).map_err(StartError::Passwords)?;
        let trusted_proxies = settings.trusted_proxies.clone();
        let metrics = Metrics::new(&app, &passwords);
        let tls = settings.tls.clone().map(tls::config).transpose().map_err(StartError::Tls)?;
        let (cache, patience, encrypted) = (TokenCache::default(), settings.patience, tls.is_some());
        let state =
            web::Data::new(State { app, tokens, passwords, cache, metrics, patience, encrypted, trusted_proxies });
        let beside = settings.metrics_listen.map(|address| MetricsServer::bind(address, &state)).transpose();
        let beside = beside.map_err(StartError::Metrics)?;
        let listener = TcpListener::bind(settings.listen)?;
        let port = listener.local_addr()?.port();
        let shared = state.clone();
        let document = openapi::document();
        let known = web::Data::new(Known::new(&document));
        let origins = settings.cors_origins.clone();
        let (workers, connections) = (settings.workers, settings.max_connections);
        let manners = Manners { workers, connections, patience, tls, signals: true };
        let server = serve(listener, manners, move || {
            let (app, _) = actix_web::App::new()
                .app_data(shared.clone())
                .app_data(known.clone())
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .app_data(web::FormConfig::default().limit(16 * 1024))
                .into_utoipa_app()
                .configure(routes)
                .split_for_parts();
            app.service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document.clone()))
                .service(web::redirect("/docs", "/docs/"))
                .route("/openapi.yaml", web::get().to(openapi_yaml))
                .configure(further)
                .default_service(web::to(refuse))
                .wrap(from_fn(guard::admit))
                .wrap(from_fn(middleware::problems))
                .wrap(from_fn(panics::caught))
                .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
                .wrap(from_fn(guard::dress))
                .wrap(TracingLogger::<RequestSpan>::new())
                .wrap(Compress::default())
                .wrap(from_fn(pace::paced))
                .wrap(from_fn(metrics::counted))
        })?;
        Ok(Self { port, server, state, metrics: beside })
    }

    /// Serves until it is told to stop.
    ///
    /// # Errors
    /// The server fails.
    pub async fn run(self) -> std::io::Result<()> {
        let Some(MetricsServer { server, .. }) = self.metrics else { return self.server.await };
        let beside = server.handle();
        let watched = actix_web::rt::spawn(server);
        let ended = self.server.await;
        // Last of all: what happens while the requests under way are finished can still be seen.
        beside.stop(false).await;
        drop(watched);
        ended
    }
}

impl MetricsServer {
    fn bind(address: SocketAddr, state: &web::Data<State>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let port = listener.local_addr()?.port();
        let manners = Manners { workers: 1, connections: 16, patience: state.patience, tls: None, signals: false };
        let state = state.clone();
        let server = serve(listener, manners, move || {
            actix_web::App::new().app_data(state.clone()).configure(metrics::routes).wrap(from_fn(pace::paced))
        })?;
        Ok(Self { port, server })
    }
}

/// Lets pages of these origins call the API with a token; nobody's cookies are ever looked at.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers(["Authorization", "Content-Type", "Accept-Language", "If-Match"])
        .allowed_headers(["Idempotency-Key", "Purpose", "X-Request-Id"])
        .expose_headers(["ETag", "Location", "Retry-After", "X-Request-Id"])
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

async fn openapi_yaml() -> HttpResponse {
    /// Written out when somebody first asks for it.
    static YAML: LazyLock<String> = LazyLock::new(openapi::yaml);
    HttpResponse::Ok().content_type("application/yaml").body(YAML.as_str())
}

/// The data keys. A file is made only for a database that was never sealed: no new key opens old rows.
fn vault(settings: &Settings, store: &Store, clock: &Clock) -> Result<Vault, StartError> {
    let mut source = settings.data_keys.clone();
    if let KeySource::File { made, .. } = &mut source
        && *made
    {
        *made = store.read_blocking::<_, StoreError, _>(|tx| tx.data_keys())?.is_empty();
    }
    Ok(Vault::open(source, || clock.random()).map_err(KeysError::from)?)
}

/// Reads the signing keys; beside an SQLite file one is made on first use, readable by its owner only.
fn tokens(settings: &Settings, clock: &Clock) -> Result<Tokens, StartError> {
    let path = &settings.signing_key;
    let failed = |reason: String| StartError::Key { path: path.display().to_string(), reason };
    if matches!(settings.database, DatabaseUrl::Sqlite(_)) && !path.exists() {
        make_file(path, new_key(&clock.random()).as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    Tokens::open(path).map_err(failed)
}
