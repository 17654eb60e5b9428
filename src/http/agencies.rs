//! Agencies: the tree of cơ quan, đơn vị.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Administer, Anyone, Authed};
use super::body::{self, Json, Query};
use super::dossiers::key_of;
use super::page::{Page, cursor, limit, position};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::tables::{As, Place, Table, Turn, Wish};
use crate::app::catalogue::{Expect, Keeper, QUEUE, put_agency};
use crate::app::dossiers::once;
use crate::app::{App, AppError};
use crate::domain::catalogue::Agency;
use crate::domain::time::Instant;

/// An agency and its revision, which is the `ETag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgencyView {
    #[serde(flatten)]
    pub agency: Agency,
    pub revision: i32,
    /// From when this revision holds.
    pub effective_from: NaiveDate,
}

/// Parameters of catalogue lists.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct CatalogueQuery {
    /// In force on this date; default: the latest revisions.
    pub valid_on: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

const TABLE: Table = Table {
    stem: "agencies",
    vietnamese: "DANH MỤC CƠ QUAN, ĐƠN VỊ",
    english: "AGENCIES",
    places: &[
        Place("/code", "Mã cơ quan", "Code", 16.0, As::Text),
        Place("/name", "Tên cơ quan", "Name", 50.0, As::Text),
        Place("/level", "Cấp", "Level", 12.0, As::Text),
        Place("/parent", "Cơ quan cấp trên", "Parent", 16.0, As::Text),
        Place("/valid_from", "Từ ngày", "Valid from", 12.0, As::Date),
        Place("/valid_to", "Đến ngày", "Valid to", 12.0, As::Date),
        Place("/successor", "Cơ quan kế thừa", "Successor", 16.0, As::Text),
        Place("/revision", "Lần sửa", "Revision", 8.0, As::Integer),
        Place("/effective_from", "Hiệu lực từ", "Effective from", 12.0, As::Date),
    ],
};

/// Agencies by code
#[utoipa::path(
    operation_id = "list_agencies",
    tag = "catalogues",
    params(CatalogueQuery),
    responses((status = 200, description = "By code", body = Page<AgencyView>), Reading),
    security(("bearer" = []))
)]
#[get("/agencies")]
pub async fn list(
    _auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<CatalogueQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, now) = (query.0, state.app.clock.now());
    let wish =
        Wish { format: query.format.clone(), limit: query.limit, cursor: query.cursor.clone(), ..Wish::default() };
    let page =
        move |Turn { limit, cursor, .. }| page(state.clone(), CatalogueQuery { limit, cursor, ..query.clone() }, now);
    TABLE.answer(&request, wish, now, page).await
}

async fn page(state: web::Data<State>, query: CatalogueQuery, now: Instant) -> Result<Page<AgencyView>, ApiError> {
    let size = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let on = body::date("valid_on", query.valid_on.as_deref())?;
    let question = format!("agencies {on:?}");
    let after = position(&question, query.cursor.as_deref())?;
    let catalogues = state.app.catalogues.clone();
    let documents = state.app.store.read(move |tx| catalogues.agencies(tx).map_err(AppError::from)).await?;
    let mut items: Vec<AgencyView> = documents
        .codes()
        .filter(|code| after.as_deref().is_none_or(|after| *code > after))
        .filter_map(|code| match on {
            Some(date) => documents.at(code, date, now),
            None => documents.latest(code),
        })
        .filter(|revision| on.is_none_or(|date| revision.body.exists_on(date)))
        .take(size + 1)
        .map(|r| AgencyView { agency: r.body.clone(), revision: r.revision, effective_from: r.effective_from })
        .collect();
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|last| cursor(&question, &last.agency.code));
    Ok(Page { items, next, count: None })
}

/// One agency, its latest revision
#[utoipa::path(
    operation_id = "get_agency",
    tag = "catalogues",
    params(("code" = String, Path)),
    responses((status = 200, description = "The agency", body = AgencyView), Reading),
    security(("bearer" = []))
)]
#[get("/agencies/{code}")]
pub async fn get(
    _auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let view = latest(&state.app, path.into_inner()).await?;
    Ok(tagged(HttpResponse::Ok(), &view))
}

async fn latest(app: &App, code: String) -> Result<AgencyView, ApiError> {
    let catalogues = app.catalogues.clone();
    let view = app.store.read(move |tx| {
        let documents = catalogues.agencies(tx)?;
        let found = documents.latest(&code).ok_or(AppError::NotFound)?;
        Ok::<_, AppError>(AgencyView {
            agency: found.body.clone(),
            revision: found.revision,
            effective_from: found.effective_from,
        })
    });
    Ok(view.await?)
}

fn tagged(mut answer: actix_web::HttpResponseBuilder, view: &AgencyView) -> HttpResponse {
    answer.insert_header((header::ETAG, format!("\"{}\"", view.revision))).json(view)
}

/// Add an agency
#[utoipa::path(
    operation_id = "create_agency",
    tag = "catalogues",
    request_body = Agency,
    responses((status = 201, description = "Added", body = AgencyView), Writing),
    security(("bearer" = []))
)]
#[post("/agencies")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let key = key_of(&state.app, &request, &auth.caller, "POST /agencies", &json)?;
    let agency: Agency = json.read()?;
    let code = agency.code.clone();
    let (app, caller) = (state.app.clone(), auth.caller);
    state
        .app
        .store
        .write(QUEUE, move |tx| {
            once(tx, &caller.actor, key.as_ref(), app.clock.now(), &agency.code, |tx| {
                Keeper::of(tx, &app, &caller)?.may_put_agency(tx, &app, &agency, None)?;
                put_agency(tx, &app, &agency, None, Expect::New).map(|_| ())
            })
        })
        .await?;
    let view = latest(&state.app, code).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/agencies/{}", view.agency.code)));
    Ok(tagged(answer, &view))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ReplaceQuery {
    /// From when the new revision holds; default today.
    pub effective_from: Option<String>,
}

/// A new revision of an agency; retire it by `valid_to`
#[utoipa::path(
    operation_id = "replace_agency",
    tag = "catalogues",
    request_body = Agency,
    params(
        ("code" = String, Path),
        ("If-Match" = String, Header, description = "The `ETag` that the caller saw"),
        ReplaceQuery
    ),
    responses((status = 200, description = "Changed", body = AgencyView), Writing),
    security(("bearer" = []))
)]
#[put("/agencies/{code}")]
pub async fn replace(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    query: Query<ReplaceQuery>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let code = path.into_inner();
    latest(&state.app, code.clone()).await?;
    let expect = Expect::Revision(i32::try_from(body::if_match(&request)?).unwrap_or(0));
    let from = body::date("effective_from", query.0.effective_from.as_deref())?;
    let agency: Agency = json.read()?;
    if agency.code != code {
        return Err(ApiError::field("/code", "other_code", "the code in the path names another agency"));
    }
    let (app, caller) = (state.app.clone(), auth.caller);
    state
        .app
        .store
        .write(QUEUE, move |tx| {
            Keeper::of(tx, &app, &caller)?.may_put_agency(tx, &app, &agency, from)?;
            put_agency(tx, &app, &agency, from, expect)
        })
        .await?;
    Ok(tagged(HttpResponse::Ok(), &latest(&state.app, code).await?))
}
