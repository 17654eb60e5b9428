//! The events of a dossier: every change goes through here.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::auth::{Anyone, Authed, Record};
use super::body::{self, Json, Query};
use super::dossiers::{ReadQuery, key_of, known_at, open, open_with_personal, view_of};
use super::problem::ApiError;
use super::purpose::{disclosed, purpose};
use super::responses::{Reading, Writing};
use super::view::{DossierView, EventView};
use crate::app::AppError;
use crate::app::access::handles;
use crate::app::disclosure::{Disclosure, Sight};
use crate::app::dossiers::{add_event, locate};
use crate::app::record::Ask;
use crate::domain::error::FieldError;
use crate::domain::event::{EventType, Payload};
use crate::domain::time::business_date;
use crate::store::catalogues::Tree;

/// What every event body may hold beside its own fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventRequest {
    #[serde(flatten)]
    pub event: Payload,
    /// Default: the server's clock. Needs an offset.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub occurred_at: Option<String>,
    /// Needed when it happened before the last working day.
    pub late_entry_reason: Option<String>,
}

/// A recorded event and the dossier after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventAnswer {
    pub dossier: DossierView,
    pub event: EventView,
}

/// Takes the common keys out of the map, then reads the variant strictly.
pub fn read_event(mut json: Json) -> Result<Ask, ApiError> {
    let kind: String = json.take("type")?.ok_or_else(|| ApiError::field("/type", "required", "which event?"))?;
    let kind = EventType::parse(&kind).ok_or_else(|| ApiError::field("/type", "unknown_event", "no such event"))?;
    let occurred_at = json.take_instant("occurred_at")?;
    let late_entry_reason = json.take("late_entry_reason")?;
    let decided: Vec<FieldError> = kind
        .decided_fields()
        .iter()
        .filter(|field| json.0.contains_key(**field))
        .map(|field| FieldError::new(&format!("/{field}"), "read_only", "written by the server"))
        .collect();
    if !decided.is_empty() {
        return Err(ApiError::invalid(decided));
    }
    let payload = Payload::read(kind, json.0).map_err(|error| ApiError::invalid(vec![error]))?;
    Ok(Ask { payload, occurred_at, late_entry_reason, origin: None })
}

/// Record an event
#[utoipa::path(
    operation_id = "add_event",
    tag = "dossiers",
    request_body = EventRequest,
    params(
        ("code" = String, Path, description = "Mã số hồ sơ, or the id"),
        ("If-Match" = String, Header, description = "The `ETag` that the caller saw"),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request records nothing twice"),
    ),
    responses((status = 201, description = "Recorded", body = EventAnswer), Writing),
    security(("bearer" = []))
)]
#[post("/dossiers/{code}/events")]
pub async fn add(
    auth: Authed<Record>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let name = path.into_inner();
    let catalogues = state.app.catalogues.clone();
    let (caller, now) = (auth.caller.clone(), state.app.clock.now());
    // Out of scope is 404 whatever else is wrong with the request.
    let place = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            open(tx, &caller, &tree, &name)?;
            locate(tx, &name)
        })
        .await?;
    let version = body::if_match(&request)?;
    let key = key_of(&state.app, &request, &auth.caller, &format!("POST /dossiers/{}/events", place.1), &json)?;
    let ask = read_event(json)?;
    let done = add_event(&state.app, auth.caller.clone(), place, ask, version, key).await?;
    let event = done.file.events.iter().find(|event| event.n == done.version).ok_or(AppError::NotFound)?;
    // Whoever records handles the dossier; who repeats a request may have another desk by now.
    let submitter = done.file.dossier().map(|dossier| dossier.submitted_by).unwrap_or_default();
    let event = EventView::new(event, &done.file.personal, handles(&done.standing, &submitter));
    let dossier = view_of(done)?;
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, format!("\"{}\"", dossier.version)))
        .json(EventAnswer { dossier, event }))
}

/// The events of a dossier.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    pub items: Vec<EventView>,
}

/// The history of a dossier, in order of recording
#[utoipa::path(
    operation_id = "list_events",
    tag = "dossiers",
    params(
        ("code" = String, Path, description = "Mã số hồ sơ, or the id"),
        ReadQuery,
        ("Purpose" = Option<String>, Header, description = "Why who does not handle the dossier wants its personal values; 10 to 300 characters, kept in the access log")
    ),
    responses((status = 200, description = "All its events", body = EventList), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/events")]
pub async fn list(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let known_at = known_at(query.0.known_at.as_deref(), now)?;
    let (catalogues, vault) = (state.app.catalogues.clone(), state.app.vault.clone());
    let (caller, name) = (auth.caller.clone(), path.into_inner());
    let stated = purpose(&request)?;
    let why = stated.clone();
    let list = disclosed(&state, &auth.caller, stated.as_deref(), move |tx, may_show| {
        let agencies = catalogues.agencies(tx)?;
        let tree = Tree::new(&agencies, business_date(now), now);
        let file = open_with_personal(tx, &vault, &caller, &tree, &name)?;
        let submitter = file.dossier().map(|dossier| dossier.submitted_by).unwrap_or_default();
        let sight = caller.sight(&tree, &file.agency, &submitter, why.as_deref());
        let full = may_show && sight != Sight::Masked;
        let seen = file.events.iter().filter(|event| known_at.is_none_or(|known_at| event.recorded_at <= known_at));
        let items: Vec<EventView> = seen.map(|event| EventView::new(event, &file.personal, full)).collect();
        // Before its first event there was no dossier.
        let last = items.last().map(|item| item.n).ok_or(AppError::NotFound)?;
        let what = Disclosure::of_dossier(&file.agency, file.id, &file.personal, |n, _| n <= last);
        Ok((EventList { items }, sight, what))
    })
    .await?;
    Ok(HttpResponse::Ok().json(list))
}
