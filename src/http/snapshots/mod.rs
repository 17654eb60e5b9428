//! Sealed periods: a report frozen with hashes, sealed by a leader, verified by somebody else, compared later.

mod bundle;
mod compare;
mod declared;
mod listing;
mod view;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use bundle::proof;
pub use compare::differences;
pub use declared::Declared;
pub use listing::list;
pub use view::{SnapshotSummary, SnapshotView};

use super::State;
use super::auth::{Audit, Authed, Staff};
use super::body::Json;
use super::dossiers::key_of;
use super::figures::CutQuery;
use super::problem::ApiError;
use super::reports::ReportAsk;
use super::responses::{Reading, Writing};
use crate::app::access::STAFF;
use crate::app::snapshots::{KEEPERS, NewSnapshot, open, seal as seal_it, take, verify as verify_it};
use crate::app::{App, AppError, Caller};
use crate::domain::catalogue::Level;
use crate::domain::error::FieldError;
use crate::domain::time::{Instant, end_of_day};
use crate::store::figures::settled;
use crate::store::query::Filters;
use crate::store::reports::{self, Ended, RowsBy};
use crate::store::snapshots::freeze;

/// A period's report to be frozen as computed, or stored as it was printed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSnapshot {
    #[schema(example = "Báo cáo quý I/2026")]
    pub label: String,
    #[schema(example = "H26.103.25.7")]
    pub agency: String,
    /// `subtree` (default) or `own`.
    #[serde(default)]
    pub scope: Option<String>,
    /// `06a` or `07a`.
    pub report: String,
    /// Only agencies of these levels.
    #[serde(default)]
    pub levels: Option<Vec<Level>>,
    #[serde(default)]
    pub rows: Option<RowsBy>,
    #[serde(default)]
    pub ended: Option<Ended>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// As it was known then: at least five seconds ago. Computed reports name it; there is no default.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// A published report as printed, instead of one that is computed.
    #[serde(default)]
    pub declared: Option<Declared>,
}

impl CreateSnapshot {
    /// What must hold of every snapshot.
    fn check(&self) -> Result<&'static reports::Layout, ApiError> {
        let mut errors = Vec::new();
        if self.label.trim().is_empty() || self.label.chars().count() > 200 {
            errors.push(FieldError::new("/label", "length", "1 to 200 characters"));
        }
        if self.from > self.to {
            errors.push(FieldError::new("/from", "reversed", "the period ends before it begins"));
        }
        if self.to.signed_duration_since(self.from).num_days() > 366 * 30 {
            errors.push(FieldError::new("/from", "too_long", "at most thirty years"));
        }
        if !matches!(self.scope.as_deref(), None | Some("own" | "subtree")) {
            errors.push(FieldError::new("/scope", "unknown_value", "`own` or `subtree`"));
        }
        let layout = reports::find(&self.report);
        if layout.is_none() {
            errors.push(FieldError::new("/report", "unknown_report", "`06a` or `07a`"));
        }
        match layout.filter(|_| errors.is_empty()) {
            Some(layout) => Ok(layout),
            None => Err(ApiError::invalid(errors)),
        }
    }

    /// The instant of knowledge: named, past, and settled.
    fn known(&self, now: Instant) -> Result<Instant, ApiError> {
        let refused = |code: &str, detail: &str| Err(ApiError::field("/known_at", code, detail));
        let Some(text) = self.known_at.as_deref() else {
            return refused("required", "name the instant at which the report is known: at least five seconds ago");
        };
        let known_at =
            crate::domain::time::parse(text).map_err(|detail| ApiError::field("/known_at", "time", &detail))?;
        if known_at > now {
            return refused("in_future", "lies in the future");
        }
        if !settled(known_at, now) {
            return refused("unsettled", "what is known less than five seconds may still change");
        }
        Ok(known_at)
    }

    fn cut(&self, known_at: Instant) -> CutQuery {
        CutQuery {
            agency: Some(self.agency.clone()),
            own: self.scope.as_deref() == Some("own"),
            from: self.from,
            to: self.to,
            known_at,
            tree: None,
            levels: self.levels.clone().unwrap_or_default(),
            filters: Filters::default(),
        }
    }
}

/// Freeze a period's report, or store a published one as printed
#[utoipa::path(
    operation_id = "create_snapshot",
    tag = "reports",
    request_body = CreateSnapshot,
    params(("Idempotency-Key" = Option<String>, Header, description = "A retried request freezes nothing twice")),
    responses((status = 201, description = "Frozen; `Location` names it", body = SnapshotView), Writing),
    security(("bearer" = []))
)]
#[post("/reports/snapshots")]
pub async fn create(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let key = key_of(&state.app, &request, &auth.caller, "POST /reports/snapshots", &json)?;
    let new: CreateSnapshot = json.read()?;
    let layout = new.check()?;
    let now = state.app.clock.now();
    let (app, caller) = (state.app.clone(), auth.caller.clone());
    let prepared = match &new.declared {
        Some(declared) => {
            let content = declared.content(&new, layout)?;
            let known_at = match &new.known_at {
                Some(_) => return Err(ApiError::field("/known_at", "unexpected", "a declared report is as printed")),
                None => end_of_day(new.to).min(now),
            };
            reach(&state, &caller, new.cut(now), now).await?;
            ("declared", known_at, content)
        }
        None => {
            let known_at = new.known(now)?;
            let ask = ReportAsk {
                layout,
                ended: new.ended.unwrap_or_default(),
                rows: new.rows.unwrap_or_default(),
                cut: new.cut(known_at),
            };
            let frozen = state.app.store.read(move |tx| {
                ask.with(tx, &app.catalogues, &caller, &KEEPERS, now, |tx, ask| Ok(freeze(tx, &app.catalogues, ask)?))
            });
            let content = serde_json::to_value(frozen.await?)
                .map_err(|error| ApiError::with(super::problem::Kind::Internal, &error.to_string()))?;
            ("computed", known_at, content)
        }
    };
    let (basis, known_at, content) = prepared;
    let new = NewSnapshot {
        agency: new.agency,
        label: new.label.trim().to_owned(),
        basis,
        report: layout.id,
        from: new.from,
        to: new.to,
        known_at,
        content,
    };
    let id = take(&state.app, &auth.caller, new, key).await?;
    let view = read(&state, auth.caller, id).await?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, format!("/api/v1/reports/snapshots/{id}"))).json(view))
}

/// The agency must be within the caller's reach, also for what is not computed.
async fn reach(state: &State, caller: &Caller, ask: CutQuery, now: Instant) -> Result<(), ApiError> {
    let (catalogues, caller) = (state.app.catalogues.clone(), caller.clone());
    state.app.store.read(move |tx| ask.resolve(tx, &catalogues, &caller, &KEEPERS, now).map(drop)).await
}

async fn read(state: &State, caller: Caller, id: Uuid) -> Result<SnapshotView, ApiError> {
    let app = state.app.clone();
    let found = state.app.store.read(move |tx| {
        let row = open(tx, &app, &caller, &STAFF, id)?;
        let acts = tx.snapshot_acts_of(std::slice::from_ref(&row.agency_id), &[row.id])?;
        Ok::<_, AppError>((row, acts))
    });
    let (row, acts) = found.await?;
    Ok(SnapshotView::new(&row, &acts)?)
}

/// One snapshot with its content
#[utoipa::path(
    operation_id = "get_snapshot",
    tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "As it was frozen", body = SnapshotView), Reading),
    security(("bearer" = []))
)]
#[get("/reports/snapshots/{id}")]
pub async fn get(
    auth: Authed<Staff>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let view = read(&state, auth.caller, id_of(&path)?).await?;
    Ok(HttpResponse::Ok().json(view))
}

fn id_of(path: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(path).map_err(|_| AppError::NotFound.into())
}

/// Seal a snapshot: a leader of the agency stands for it
#[utoipa::path(
    operation_id = "seal_snapshot",
    tag = "reports",
    params(
        ("id" = Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request seals nothing twice"),
    ),
    responses((status = 201, description = "Sealed", body = SnapshotView), Writing),
    security(("bearer" = []))
)]
#[post("/reports/snapshots/{id}/seal")]
pub async fn seal(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&path)?;
    let key = bodiless_key(&state.app, &request, &auth.caller, &format!("POST /reports/snapshots/{id}/seal"))?;
    seal_it(&state.app, &auth.caller, id, key).await?;
    Ok(HttpResponse::Created().json(read(&state, auth.caller, id).await?))
}

/// Verify a sealed snapshot: another leader or an auditor has it recomputed; what is found is recorded
#[utoipa::path(
    operation_id = "verify_snapshot",
    tag = "reports",
    params(
        ("id" = Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request records nothing twice"),
    ),
    responses((status = 201, description = "What was found is the last of `acts`", body = SnapshotView), Writing),
    security(("bearer" = []))
)]
#[post("/reports/snapshots/{id}/verify")]
pub async fn verify(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&path)?;
    let key = bodiless_key(&state.app, &request, &auth.caller, &format!("POST /reports/snapshots/{id}/verify"))?;
    verify_it(&state.app, &auth.caller, id, key).await?;
    Ok(HttpResponse::Created().json(read(&state, auth.caller, id).await?))
}

fn bodiless_key(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    place: &str,
) -> Result<Option<crate::app::dossiers::Key>, ApiError> {
    key_of(app, request, caller, place, &Json(serde_json::Map::new()))
}
