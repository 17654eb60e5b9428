//! Dossiers: create, list (and drill down), read.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Anyone, Audit, Authed, Intake, Permission};
use super::body::{self, Json, Query};
use super::figures::{CutQuery, drill_down};
use super::page::{Page, bad_cursor, cursor, limit, position};
use super::problem::{ApiError, Kind};
use super::responses::{Reading, Writing};
use super::view::{DossierView, shown_applicant};
use super::{checks, reports};
use crate::app::access::{READERS, handles};
use crate::app::dossiers::{Done, Key, NewDossier, create as create_dossier, locate};
use crate::app::record::File;
use crate::app::{AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::dossier::{OnTimeStatus, State as DossierState};
use crate::domain::error::FieldError;
use crate::domain::event::{Channel, Component, FeeLine, PaymentMethod, Received, ReturnMethod, Submitted};
use crate::domain::fold::{fold, fold_at};
use crate::domain::time::{Instant, business_date, end_of_day, start_of_day};
use crate::store::catalogues::Tree;
use crate::store::checks::count;
use crate::store::query::{FactQuery, Hit, Range};
use crate::store::sql_types::Id;
use crate::store::{Tx, history};

/// A new dossier.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDossier {
    #[schema(example = "H26.103.25.7")]
    pub agency: String,
    #[schema(example = "1.005129")]
    pub procedure: String,
    pub channel: Channel,
    pub applicant: crate::domain::applicant::Applicant,
    #[serde(default)]
    pub components: Option<Vec<Component>>,
    #[serde(default)]
    pub assisted: Option<bool>,
    #[serde(default)]
    pub return_method: Option<ReturnMethod>,
    /// Code or id of an earlier dossier of the same matter.
    #[serde(default)]
    pub previous: Option<String>,
    /// Receive it in the same call.
    #[serde(default)]
    pub receive: bool,
    /// With `receive`: fee lines; default the fees of the procedure.
    #[serde(default)]
    pub fees: Option<Vec<FeeLine>>,
    /// Default: the server's clock.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T08:15:00+07:00")]
    pub occurred_at: Option<String>,
    /// Needed when it happened before the last working day.
    #[serde(default)]
    pub late_entry_reason: Option<String>,
}

impl CreateDossier {
    fn into_new(self) -> Result<NewDossier, ApiError> {
        let occurred_at = self
            .occurred_at
            .map(|text| crate::domain::time::parse(&text))
            .transpose()
            .map_err(|detail| ApiError::field("/occurred_at", "time", &detail))?;
        if self.fees.is_some() && !self.receive {
            return Err(ApiError::field("/fees", "unexpected", "fees go with `receive`"));
        }
        let received = self.receive.then(|| Received { fees: self.fees, ..Received::default() });
        let submitted = Submitted {
            agency: self.agency,
            procedure: self.procedure,
            channel: self.channel,
            applicant: Some(self.applicant),
            components: self.components,
            assisted: self.assisted,
            return_method: self.return_method,
            previous: self.previous,
            snapshot: None,
            fee_due: None,
            answer_due: None,
        };
        Ok(NewDossier { submitted, received, occurred_at, late_entry_reason: self.late_entry_reason })
    }
}

/// A key is optional for staff and required for portals.
pub(super) fn key_of(
    request: &HttpRequest,
    caller: &Caller,
    place: &str,
    json: &Json,
) -> Result<Option<Key>, ApiError> {
    let key = body::idempotency_key(request)?;
    if key.is_none() && caller.has(Role::Portal) && !caller.has_any(&[Role::Clerk, Role::Officer, Role::Leader]) {
        return Err(ApiError::with(Kind::KeyRequired, "portals send an Idempotency-Key with every POST"));
    }
    Ok(key.map(|key| Key::new(key, place, &serde_json::Value::Object(json.0.clone()))))
}

/// Submit a dossier, or submit and receive it
#[utoipa::path(
    operation_id = "create_dossier",
    tag = "dossiers",
    request_body = CreateDossier,
    params(("Idempotency-Key" = Option<String>, Header, description = "A retried request never makes a second dossier")),
    responses(
        (status = 201, description = "Created; `Location` and `ETag` name it", body = DossierView),
        Writing
    ),
    security(("bearer" = []))
)]
#[post("/dossiers")]
pub async fn create(
    auth: Authed<Intake>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let key = key_of(&request, &auth.caller, "POST /dossiers", &json)?;
    let new = json.read::<CreateDossier>()?.into_new()?;
    let (agency, pointer) = (new.submitted.agency.clone(), "/agency");
    let done = create_dossier(&state.app, auth.caller.clone(), new, key).await.map_err(|error| match error {
        AppError::NotFound => ApiError {
            errors: vec![FieldError::new(pointer, "unknown_agency", &format!("no agency {agency} within your reach"))],
            ..ApiError::new(Kind::NotFound)
        },
        other => other.into(),
    })?;
    let view = view_of(done)?;
    let name = view.code.clone().unwrap_or_else(|| view.id.to_string());
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/dossiers/{name}")))
        .insert_header((header::ETAG, format!("\"{}\"", view.version)))
        .json(view))
}

/// The answer to a write: the dossier as the request left it, also when it is repeated.
pub(super) fn view_of(done: Done) -> Result<DossierView, ApiError> {
    let Done { mut file, version, replayed, standing } = done;
    if replayed {
        file.events.retain(|event| event.n <= version);
    }
    let dossier = file.dossier().ok_or(AppError::NotFound)?;
    let at = file.events.last().map_or(dossier.submitted_at, |event| event.recorded_at);
    let applicant = shown_applicant(&file, handles(&standing, &dossier.submitted_by));
    Ok(DossierView::new(&dossier, applicant, at, Some(&standing)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ReadQuery {
    /// The dossier as it was known at this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
}

/// One dossier, also as it was known then
#[utoipa::path(
    operation_id = "get_dossier",
    tag = "dossiers",
    params(("code" = String, Path, description = "Mã số hồ sơ, or the id"), ReadQuery),
    responses((status = 200, description = "The dossier", body = DossierView), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}")]
pub async fn get(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let known_at = known_at(query.0.known_at.as_deref(), now)?;
    let catalogues = state.app.catalogues.clone();
    let caller = auth.caller;
    let name = path.into_inner();
    let view = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let mut file = open(tx, &caller, &tree, &name)?;
            if let Some(known_at) = known_at {
                file.events.retain(|event| event.recorded_at <= known_at);
            }
            let at = known_at.unwrap_or(now);
            // Everything recorded is shown, also what another machine's faster clock has stamped.
            let dossier = fold(&file.agency, file.id, &file.events).ok_or(AppError::NotFound)?;
            let standing = caller.standing(&tree, &file.agency);
            let full = caller.sees_personal(&tree, &file.agency, &dossier.submitted_by);
            let standing = known_at.is_none().then_some(&standing);
            Ok::<_, AppError>(DossierView::new(&dossier, shown_applicant(&file, full), at, standing))
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", view.version))).json(view))
}

/// A past instant; the future is not known yet.
pub(super) fn known_at(text: Option<&str>, now: Instant) -> Result<Option<Instant>, ApiError> {
    let known_at = body::instant("known_at", text)?;
    if known_at.is_some_and(|known_at| known_at > now) {
        return Err(ApiError::field("?known_at", "in_future", "lies in the future"));
    }
    Ok(known_at)
}

/// A dossier's file, if the caller may read it.
pub(super) fn open(tx: &mut Tx<'_>, caller: &Caller, tree: &Tree<'_>, name: &str) -> Result<File, AppError> {
    let (agency, id) = locate(tx, name)?;
    let file = File::load(tx, &agency, id)?;
    let dossier = file.dossier().ok_or(AppError::NotFound)?;
    caller.may_read(tree, &agency, &dossier.submitted_by)?;
    Ok(file)
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Default: every agency that the caller reaches.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    pub procedure: Option<String>,
    /// Lĩnh vực.
    pub field: Option<String>,
    /// A channel, or `online` for both online ones.
    pub channel: Option<String>,
    pub state: Option<String>,
    pub on_time_status: Option<String>,
    pub payment_method: Option<String>,
    /// The result is electronic or digitised.
    pub digitised: Option<bool>,
    pub officer: Option<String>,
    /// Dates in Vietnam, inclusive.
    pub received_from: Option<String>,
    pub received_to: Option<String>,
    pub due_from: Option<String>,
    pub due_to: Option<String>,
    pub finished_from: Option<String>,
    pub finished_to: Option<String>,
    /// Drill-down: an indicator, with `part` and the cut's `from`, `to`, `known_at`.
    pub indicator: Option<String>,
    /// `denominator`, `numerator`, `shortfall`.
    pub part: Option<String>,
    /// Drill-down: a report (`06a`, `07a`), with `column`, `ended` and the cut; not beside `indicator`.
    pub report: Option<String>,
    /// A column of the report; `stopped` or `withdrawn` beside it.
    pub column: Option<String>,
    /// As the report was asked for: `exclude` (default) or `as_resolved`.
    pub ended: Option<String>,
    /// Drill-down: an integrity check, with the cut; for auditors and leaders.
    pub check: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// 1 to 500, default 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count all of them.
    pub count: Option<bool>,
}

/// Dossiers, newest receipt first; with `indicator` and `part` those behind a figure
#[utoipa::path(
    operation_id = "list_dossiers",
    tag = "dossiers",
    params(ListQuery),
    responses((status = 200, description = "A page; applicants are masked", body = Page<DossierView>), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers")]
pub async fn list(
    auth: Authed<super::auth::Dossiers>,
    state: web::Data<State>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let asked = FactFilters::read(&query)?;
    let page_size = limit(query.limit)?;
    let question = question_of(&query);
    let after = position(&question, query.cursor.as_deref())?.map(|text| read_position(&text)).transpose()?;
    let cut = CutQuery::of_list(&query, now)?;
    let drill = drill_down(query.indicator.as_deref(), query.part.as_deref(), "dossier")?;
    let cell = reports::drill_down(&query)?;
    let caller = auth.caller;
    let check = checks::drill_down(&query, &caller)?;
    let roles = if check.is_some() { Audit::ROLES } else { &READERS };
    let catalogues = state.app.catalogues.clone();
    let page = state
        .app
        .store
        .read(move |tx| {
            let (cut, submitted_by) = cut.resolve(tx, &catalogues, &caller, roles, now)?;
            let mut ask = match (drill, cell, check) {
                (Some((indicator, part)), ..) => cut.question(indicator, part),
                (None, Some((column, ended)), _) => column.question(ended, &cut),
                (None, None, Some(check)) => count::question(tx, &cut, check)?,
                (None, None, None) => FactQuery {
                    agencies: cut.agencies.iter().cloned().collect(),
                    at: cut.known_at.timestamp_micros(),
                    known_at: cut.known_at.timestamp_micros(),
                    ..FactQuery::default()
                },
            };
            ask.submitted_by = submitted_by;
            asked.apply(&mut ask);
            ask.after = after;
            ask.limit = page_size + 1;
            let count = query.count.unwrap_or(false).then(|| {
                let all = FactQuery { after: None, ..ask.clone() };
                tx.facts_count(&all)
            });
            let mut hits = tx.facts_page(&ask)?;
            let more = i64::try_from(hits.len()).unwrap_or(i64::MAX) > page_size;
            hits.truncate(usize::try_from(page_size).unwrap_or(usize::MAX));
            let next = hits.last().filter(|_| more).map(|hit| cursor(&question, &write_position(hit)));
            let items = rows(tx, &hits, &ask)?;
            Ok::<_, ApiError>(Page { items, next, count: count.transpose()? })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// The dossiers found, with their facts at the cut.
fn rows(tx: &mut Tx<'_>, hits: &[Hit], ask: &FactQuery) -> Result<Vec<DossierView>, AppError> {
    let places: Vec<_> = hits.iter().map(|hit| (hit.agency.clone(), hit.dossier.0)).collect();
    let mut found = history::many(tx, &places)?;
    let at = crate::domain::time::from_micros(ask.at);
    let known_at = crate::domain::time::from_micros(ask.known_at);
    let mut views = Vec::with_capacity(hits.len());
    for (agency, id) in places {
        let Some((events, personal)) = found.remove(&id) else { continue };
        let Some(dossier) = fold_at(&agency, id, &events, at, known_at) else { continue };
        let file = File { agency, id, events, personal };
        views.push(DossierView::new(&dossier, shown_applicant(&file, false), at, None));
    }
    Ok(views)
}

/// Everything that decides filter and order, for binding cursors.
fn question_of(query: &ListQuery) -> String {
    let bare = ListQuery { limit: None, cursor: None, count: None, ..query.clone() };
    serde_json::to_string(&bare).unwrap_or_default()
}

fn write_position(hit: &Hit) -> String {
    format!("{}/{}", hit.sort_key, hit.dossier.0)
}

fn read_position(text: &str) -> Result<(i64, Id), ApiError> {
    let (key, id) = text.split_once('/').ok_or_else(bad_cursor)?;
    Ok((key.parse().map_err(|_| bad_cursor())?, Id(id.parse().map_err(|_| bad_cursor())?)))
}

/// The list's own filters.
struct FactFilters(FactQuery);

impl FactFilters {
    fn read(query: &ListQuery) -> Result<Self, ApiError> {
        let known = |name: &str, value: Option<&String>, fits: &dyn Fn(&str) -> bool| match value {
            Some(text) if !fits(text) => Err(ApiError::field(&format!("?{name}"), "unknown_value", "no such value")),
            other => Ok(other.cloned()),
        };
        let day = |name: &str, text: &Option<String>| body::date(name, text.as_deref());
        let range = |from: Option<chrono::NaiveDate>, to: Option<chrono::NaiveDate>| Range {
            from: from.map(|date| start_of_day(date).timestamp_micros()),
            to: to.map(|date| end_of_day(date).timestamp_micros()),
        };
        let online_only = query.channel.as_deref() == Some("online");
        let channel = query.channel.as_ref().filter(|_| !online_only);
        let status = known("on_time_status", query.on_time_status.as_ref(), &|t| OnTimeStatus::parse(t).is_some())?;
        Ok(Self(FactQuery {
            procedure: query.procedure.clone(),
            field: query.field.clone(),
            channel: known("channel", channel, &|text| Channel::parse(text).is_some())?,
            online_only,
            state: known("state", query.state.as_ref(), &|text| DossierState::parse(text).is_some())?,
            status,
            payment_method: known("payment_method", query.payment_method.as_ref(), &|text| {
                PaymentMethod::parse(text).is_some()
            })?,
            digitised: query.digitised,
            officer: query.officer.clone(),
            received: range(day("received_from", &query.received_from)?, day("received_to", &query.received_to)?),
            due: range(day("due_from", &query.due_from)?, day("due_to", &query.due_to)?),
            finished: range(day("finished_from", &query.finished_from)?, day("finished_to", &query.finished_to)?),
            ..FactQuery::default()
        }))
    }

    fn apply(self, ask: &mut FactQuery) {
        let filters = self.0;
        ask.status = filters.status.as_deref().and_then(OnTimeStatus::parse).map(|s| status_predicate(s, ask.at));
        ask.procedure = filters.procedure;
        ask.field = filters.field;
        ask.channel = filters.channel;
        ask.online_only = filters.online_only;
        ask.state = filters.state;
        ask.payment_method = filters.payment_method;
        ask.digitised = filters.digitised;
        ask.officer = filters.officer;
        ask.received = filters.received;
        ask.due = filters.due;
        ask.finished = filters.finished;
    }
}

/// The on-time status as a predicate, in step with `Dossier::on_time_status`.
fn status_predicate(status: OnTimeStatus, at: i64) -> String {
    let ended = "(voided OR ended_at IS NOT NULL OR state = 'refused')";
    let open = format!("NOT {ended} AND finished_at IS NULL AND received_at IS NOT NULL");
    let late = format!("COALESCE(paused_since, {at}) > figure_due_strict");
    match status {
        OnTimeStatus::Ended => ended.to_owned(),
        OnTimeStatus::NotStarted => format!("NOT {ended} AND finished_at IS NULL AND received_at IS NULL"),
        OnTimeStatus::InTime => format!("{open} AND NOT ({late})"),
        OnTimeStatus::Overdue => format!("{open} AND {late}"),
        OnTimeStatus::Early | OnTimeStatus::OnTime | OnTimeStatus::Late => {
            format!("NOT {ended} AND class = '{}'", status.as_str())
        }
    }
}
