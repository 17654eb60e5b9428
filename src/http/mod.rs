//! The REST interface. Handlers parse, call one use case or one read, and shape the answer.

pub mod access_log;
pub mod address;
pub mod agencies;
pub mod audit;
pub mod auth;
pub mod body;
pub mod calendar;
pub mod calendar_apply;
pub mod calendar_preview;
pub mod checks;
pub mod clients;
pub mod deadlines;
pub mod declarations;
pub mod diff;
pub mod documents;
pub mod dossiers;
pub mod events;
pub mod exchange;
pub mod export;
pub mod fallback;
pub mod figures;
pub mod format;
pub mod guard;
pub mod health;
pub mod held;
pub mod histogram;
pub mod indicators;
pub mod jobs;
pub mod keys;
pub mod me;
pub mod metrics;
pub mod middleware;
pub mod oauth;
pub mod openapi;
pub mod pace;
pub mod page;
pub mod panics;
pub mod payments;
pub mod plans;
pub mod problem;
pub mod procedures;
pub mod purpose;
pub mod reports;
pub mod reread;
pub mod responses;
pub mod scorecards;
pub mod serve;
pub mod snapshots;
mod tables;
pub mod tokens;
pub mod users;
pub mod view;
pub mod words;

use std::time::Duration;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::passwords::Passwords;

/// What handlers share.
#[derive(Debug)]
pub struct State {
    pub app: App,
    pub tokens: tokens::Tokens,
    pub passwords: Passwords,
    pub cache: auth::TokenCache,
    pub metrics: metrics::Metrics,
    /// How long a body may keep the program waiting for its next piece.
    pub patience: Duration,
    /// Whether TLS is spoken.
    pub encrypted: bool,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

/// The single registration of routes: for the server, the tests and the OpenAPI document.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(health::healthz).service(health::readyz).service(oauth::token);
    config.service(oauth::revoke::revoke).service(keys::jwks);
    config.service(
        utoipa_actix_web::scope("/api/v1")
            .service(me::me)
            .service(me::change_password)
            .configure(catalogues)
            .configure(dossier_routes)
            .configure(figure_routes),
    );
}

fn catalogues(config: &mut ServiceConfig<'_>) {
    config
        .service(agencies::list)
        .service(agencies::get)
        .service(agencies::create)
        .service(agencies::replace)
        .service(procedures::list)
        .service(procedures::get)
        .service(procedures::create)
        .service(procedures::replace)
        .service(clients::list)
        .service(clients::get)
        .service(clients::create)
        .service(clients::replace)
        .service(clients::secrets::create)
        .service(clients::secrets::remove)
        .service(users::list)
        .service(users::get)
        .service(users::create)
        .service(users::replace)
        .service(calendar::get)
        .service(calendar::put)
        .service(calendar_preview::preview)
        .service(calendar_apply::apply)
        .service(jobs::list)
        .service(jobs::get);
}

fn dossier_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(dossiers::create)
        .service(dossiers::listing::list)
        .service(dossiers::search::search)
        .service(dossiers::get)
        .service(dossiers::control::control_sheet)
        .service(events::add)
        .service(events::list)
        .service(deadlines::calculate)
        .service(deadlines::explain)
        .service(payments::of_dossier)
        .service(documents::documents)
        .service(documents::rating);
}

fn figure_routes(config: &mut ServiceConfig<'_>) {
    config
        .service(indicators::list)
        .service(indicators::values)
        .service(payments::list)
        .service(plans::list)
        .service(plans::get)
        .service(plans::create)
        .service(scorecards::card)
        .service(scorecards::series::get)
        .service(scorecards::siblings::get)
        .service(reports::form_06a)
        .service(reports::form_07a)
        .service(reports::register::register);
    config.service(declarations::create).service(declarations::judge).service(declarations::list);
    config.service(exchange::import).service(exchange::export);
    config
        .service(diff::changed_since)
        .service(snapshots::create)
        .service(snapshots::list)
        .service(snapshots::differences)
        .service(snapshots::proof)
        .service(snapshots::get)
        .service(snapshots::seal)
        .service(snapshots::verify);
    config.service(access_log::list);
    config.service(audit::heads).service(audit::voided).service(audit::late_entries);
    config.service(checks::counts).service(checks::catalogue).service(histogram::get);
}
