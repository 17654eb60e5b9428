//! Deadlines explained: the public calculator, and why this dossier is due when it is.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Anyone, Authed};
use super::body::{self, Query};
use super::dossiers::{ReadQuery, known_at, open};
use super::problem::{ApiError, Kind, ProblemDocument};
use super::responses::Reading;
use crate::app::AppError;
use crate::domain::deadline::{Anchor, Explanation, Pause, Term};
use crate::domain::dossier::{Dossier, OnTimeStatus, OpenPause};
use crate::domain::error::FieldError;
use crate::domain::fold::fold_at;
use crate::domain::time::{self, Instant, business_date};
use crate::store::catalogues::Tree;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeadlineQuery {
    /// Procedure code.
    #[param(example = "1.005129")]
    pub procedure: String,
    /// When the dossier was received, with offset.
    #[param(value_type = String, format = DateTime, example = "2026-11-20T08:15:00+07:00")]
    pub received_at: String,
    /// Agency whose office hours count; default the usual ones.
    pub agency: Option<String>,
}

/// When would it be due, and why
#[utoipa::path(
    operation_id = "calculate_deadline",
    tag = "deadlines",
    params(DeadlineQuery),
    responses(
        (status = 200, description = "The due instant, day by day", body = Explanation),
        (status = 400, description = "A parameter cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "Unknown procedure or agency", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Temporarily unavailable", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[get("/deadlines")]
pub async fn calculate(state: web::Data<State>, query: Query<DeadlineQuery>) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let at = body::instant("received_at", Some(&query.received_at))?
        .ok_or_else(|| ApiError::malformed("?received_at", "a time with offset is expected"))?;
    let catalogues = state.app.catalogues.clone();
    let now = state.app.clock.now();
    let missing = |pointer: &str, code: &str| ApiError {
        errors: vec![FieldError::new(pointer, code, "not in the catalogue on this date")],
        ..ApiError::new(Kind::NotFound)
    };
    let explanation = state
        .app
        .store
        .read(move |tx| {
            let procedures = catalogues.procedures(tx)?;
            let procedure = procedures
                .at(&query.procedure, business_date(at), now)
                .ok_or_else(|| missing("?procedure", "unknown_procedure"))?;
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let hours = match &query.agency {
                Some(code) => tree.get(code).ok_or_else(|| missing("?agency", "unknown_agency"))?.hours(),
                None => crate::domain::calendar::OfficeHours::default(),
            };
            let calendar = catalogues.calendar(tx)?;
            let term = Term { calendar: &calendar, hours: &hours, time: procedure.body.processing_time };
            Ok::<_, ApiError>(term.explain(&Anchor::Start { at }, &[]))
        })
        .await?;
    Ok(HttpResponse::Ok().json(explanation))
}

/// A dossier's deadlines, explained with the calendar in force as known then.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierDeadline {
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due_original: Instant,
    /// Decides early, on time, late.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due_strict: Instant,
    /// Calendar version with which the recorded instants were computed.
    pub calendar_version: Option<String>,
    pub on_time_status: OnTimeStatus,
    pub paused: Option<OpenPause>,
    /// Closed pauses since receipt.
    pub pauses: Vec<Pause>,
    /// How `due_strict` comes about. An open pause is not in it yet.
    pub strict: Explanation,
    /// How `due` comes about, when an extension makes it another.
    pub extended: Option<Explanation>,
}

/// Why this dossier is due when it is, also as it was known then
#[utoipa::path(
    operation_id = "explain_deadline",
    tag = "deadlines",
    params(("code" = String, Path, description = "Mã số hồ sơ, or the id"), ReadQuery),
    responses((status = 200, description = "Day by day", body = DossierDeadline), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/deadline")]
pub async fn explain(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let known_at = known_at(query.0.known_at.as_deref(), now)?;
    let catalogues = state.app.catalogues.clone();
    let (caller, name) = (auth.caller, path.into_inner());
    let answer = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let file = open(tx, &caller, &tree, &name)?;
            let at = known_at.unwrap_or(now);
            let dossier = match known_at {
                Some(at) => fold_at(&file.agency, file.id, &file.events, at, at),
                None => file.dossier(),
            };
            let dossier = dossier.ok_or(AppError::NotFound)?;
            let seen = Tree::new(&agencies, business_date(at), at);
            let agency = seen.get(&file.agency).or_else(|| tree.get(&file.agency));
            let hours = agency.map(crate::domain::catalogue::Agency::hours).unwrap_or_default();
            let calendar = match known_at {
                Some(at) => catalogues.calendar_known(tx, at)?,
                None => catalogues.calendar(tx)?,
            };
            let term = Term { calendar: &calendar, hours: &hours, time: dossier.snapshot.processing_time };
            deadline_of(&dossier, &term, at)
                .ok_or_else(|| ApiError::with(Kind::NotFound, "the dossier has not been received: no clock runs yet"))
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn deadline_of(dossier: &Dossier, term: &Term<'_>, at: Instant) -> Option<DossierDeadline> {
    let start = dossier.clock_start?;
    let pauses: Vec<Pause> = dossier.pauses.iter().filter(|pause| pause.from >= start).copied().collect();
    let anchor = match dossier.promised {
        Some(due) => Anchor::Fixed { due, since: start },
        None => Anchor::Start { at: start },
    };
    let extended = dossier.extension.map(|(due, since)| term.explain(&Anchor::Fixed { due, since }, &pauses));
    Some(DossierDeadline {
        due: dossier.due?,
        due_original: dossier.due_original?,
        due_strict: dossier.due_strict?,
        calendar_version: dossier.calendar_version.clone(),
        on_time_status: dossier.on_time_status(at),
        paused: dossier.paused,
        pauses: dossier.pauses.clone(),
        strict: term.explain(&anchor, &pauses),
        extended,
    })
}
