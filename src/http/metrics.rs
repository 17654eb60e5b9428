//! Figures for whoever operates the service, in the text format of Prometheus (OpenMetrics 1.0), on an address of their
//! own. Labels say what kind of request it was and how it ended, never about whom: an address is named by the pattern of
//! its route, because dossier codes stand in addresses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::State;
use super::held::Held;
use super::problem::{ApiError, Kind};
use crate::app::App;
use crate::app::passwords::Passwords;
use crate::store::DatabaseUrl;

/// From what a cached list takes to what a year's report may.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// How long a scrape waits for the database. Without it the other figures are still worth having.
const PATIENCE: Duration = Duration::from_secs(2);
/// Route of an address that is none of ours.
const UNMATCHED: &str = "unmatched";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    /// `2xx` …, or `gone` when the client did not wait for its answer.
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    grant: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    state: &'static str,
}

/// Counted since the start of the process; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Figures>);

type Durations = Family<RouteLabels, Histogram, fn() -> Histogram>;

#[derive(Debug)]
struct Figures {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Durations,
    in_flight: Gauge,
    sign_ins: Family<SignInLabels, Counter>,
    writing: Gauge,
    reading: Gauge,
    reads_waiting: Gauge,
    connections: Family<ConnectionLabels, Gauge>,
    database_up: Gauge,
    jobs: Family<JobLabels, Gauge>,
}

impl Metrics {
    /// With everything in one registry that the parts of the program count.
    #[must_use]
    pub fn new(app: &App, passwords: &Passwords) -> Self {
        let mut figures = Figures {
            registry: Registry::with_prefix("motcua"),
            requests: Family::default(),
            durations: Durations::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
            sign_ins: Family::default(),
            writing: Gauge::default(),
            reading: Gauge::default(),
            reads_waiting: Gauge::default(),
            connections: Family::default(),
            database_up: Gauge::default(),
            jobs: Family::default(),
        };
        figures.register();
        app.store.measures().register(&mut figures.registry);
        passwords.register(&mut figures.registry);
        let database = match app.store.url() {
            DatabaseUrl::Sqlite(_) => "sqlite",
            DatabaseUrl::Postgres(_) => "postgres",
        };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("database", database)]);
        figures.registry.register("build", "The program that answers", build);
        Self(Arc::new(figures))
    }

    /// Counts a try to sign in.
    pub fn sign_in(&self, grant: &str, outcome: Outcome) {
        let grants = ["password", "refresh_token", "client_credentials", "password_change"];
        let grant = grants.into_iter().find(|known| *known == grant).unwrap_or("other");
        self.0.sign_ins.get_or_create(&SignInLabels { grant, outcome: outcome.0 }).inc();
    }

    /// The figures of this instant, as text.
    async fn text(&self, app: &App) -> Result<String, std::fmt::Error> {
        let figures = &self.0;
        let load = app.store.load();
        figures.writing.set(count(load.writing));
        figures.reading.set(count(load.reading));
        figures.reads_waiting.set(count(load.reads_waiting));
        let idle = load.connections_idle;
        for (state, number) in [("idle", idle), ("busy", load.connections.saturating_sub(idle))] {
            figures.connections.get_or_create(&ConnectionLabels { state }).set(number.into());
        }
        let asked = app.store.read(|tx| tx.job_states());
        let known = tokio::time::timeout(PATIENCE, asked).await.ok().and_then(Result::ok);
        figures.database_up.set(known.is_some().into());
        // An old figure would look like a new one.
        figures.jobs.clear();
        for (state, number) in known.unwrap_or_default() {
            figures.jobs.get_or_create(&JobLabels { state }).set(number);
        }
        let mut out = String::new();
        text::encode(&mut out, &figures.registry)?;
        Ok(out)
    }
}

impl Figures {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let help = "Requests answered, by method, route and class of status";
        registry.register("http_requests", help, self.requests.clone());
        let help = "Time from a request's head to the last byte of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, self.durations.clone());
        registry.register("http_requests_in_flight", "Requests being worked on or answered", self.in_flight.clone());
        let help = "Tries to sign in, by grant and outcome";
        registry.register("sign_ins", help, self.sign_ins.clone());
        let help = "Requests that wait for a writer or are being written";
        registry.register("writes_waiting", help, self.writing.clone());
        registry.register("reads_running", "Requests that are reading", self.reading.clone());
        registry.register("reads_waiting", "Requests that wait for a turn to read", self.reads_waiting.clone());
        registry.register("reader_connections", "Open reading connections", self.connections.clone());
        let help = "Whether the database answered this scrape in time";
        registry.register("database_up", help, self.database_up.clone());
        registry.register("jobs", "Jobs, by state; absent while the database cannot be asked", self.jobs.clone());
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How a try to sign in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome(&'static str);

impl Outcome {
    /// Of the answer that it got.
    #[must_use]
    pub fn of<T>(result: &Result<T, ApiError>) -> Self {
        Self(match result {
            Ok(_) => "granted",
            Err(error) => match error.kind {
                Kind::TooMany => "throttled",
                Kind::Unavailable => "unavailable",
                kind if kind.status().is_server_error() => "failed",
                _ => "refused",
            },
        })
    }
}

/// One request on its way; counted when it is over, however it ends.
#[derive(Debug)]
pub struct Flight {
    metrics: Metrics,
    route: RouteLabels,
    begun: Instant,
    status: &'static str,
}

impl Flight {
    fn begin(metrics: Metrics, request: &ServiceRequest) -> Self {
        metrics.0.in_flight.inc();
        let route = request.match_pattern().unwrap_or_else(|| UNMATCHED.to_owned());
        let route = RouteLabels { method: method(request.method().as_str()), route };
        Self { metrics, route, begun: Instant::now(), status: "gone" }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let figures = &self.metrics.0;
        figures.in_flight.dec();
        figures.durations.get_or_create(&self.route).observe(self.begun.elapsed().as_secs_f64());
        let RouteLabels { method, route } = self.route.clone();
        figures.requests.get_or_create(&RequestLabels { method, route, status: self.status }).inc();
    }
}

/// Any word may stand for a method in a request: only known ones become labels.
fn method(name: &str) -> &'static str {
    let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    known.into_iter().find(|known| *known == name).unwrap_or("other")
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Wraps the whole application.
///
/// # Errors
/// Passes on what other middleware fails with.
pub async fn counted<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Held<Option<Flight>>>, Error> {
    let state = request.app_data::<web::Data<State>>();
    let mut flight = state.map(|state| Flight::begin(state.metrics.clone(), &request));
    let answer = next.call(request).await;
    if let Some(flight) = &mut flight {
        flight.status = class(match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        });
    }
    Ok(answer?.map_body(|_, body| Held::new(body, flight)))
}

/// What is served on the address of its own.
pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/metrics", web::get().to(scrape));
}

async fn scrape(state: web::Data<State>) -> HttpResponse {
    match state.metrics.text(&state.app).await {
        Ok(text) => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .insert_header(("Cache-Control", "no-store"))
            .insert_header(("X-Content-Type-Options", "nosniff"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the figures cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
