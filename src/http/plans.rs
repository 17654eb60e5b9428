//! Plans: what agencies set out to reach.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::auth::{Administer, Authed, Staff};
use super::body::{Json, Query};
use super::dossiers::key_of;
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::tables::{As, FormQuery, Place, Table, file_form};
use crate::app::catalogue::{Expect, Keeper, QUEUE, put_plan};
use crate::app::dossiers::once;
use crate::app::{App, AppError};
use crate::plans::Plan;
use crate::store::indicators;

#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    pub items: Vec<Plan>,
}

const TABLE: Table = Table {
    stem: "plans",
    vietnamese: "KẾ HOẠCH",
    english: "PLANS",
    places: &[
        Place("/id", "Mã", "Id", 24.0, As::Text),
        Place("/title", "Tên", "Title", 60.0, As::Text),
        Place("/agency", "Cơ quan ban hành", "Body", 16.0, As::Text),
        Place("/from", "Từ ngày", "From", 12.0, As::Date),
        Place("/to", "Đến ngày", "To", 12.0, As::Date),
        Place("/targets", "Chỉ tiêu", "Targets", 60.0, As::All("/key")),
    ],
};

/// All plans, latest revisions
#[utoipa::path(
    operation_id = "list_plans",
    tag = "plans",
    params(FormQuery),
    responses((status = 200, description = "By id", body = PlanList), Reading),
    security(("bearer" = []))
)]
#[get("/plans")]
pub async fn list(
    _auth: Authed<Staff>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<FormQuery>,
) -> Result<HttpResponse, ApiError> {
    let file = file_form(query.0.format.as_deref())?;
    let catalogues = state.app.catalogues.clone();
    let documents = state.app.store.read(move |tx| catalogues.plans(tx).map_err(AppError::from)).await?;
    let items: Vec<Plan> =
        documents.codes().filter_map(|code| documents.latest(code)).map(|r| r.body.clone()).collect();
    match file {
        Some(format) => TABLE.whole(format, &request, state.app.clock.now(), items).await,
        None => Ok(HttpResponse::Ok().json(PlanList { items })),
    }
}

/// One plan
#[utoipa::path(
    operation_id = "get_plan",
    tag = "plans",
    params(("id" = String, Path)),
    responses((status = 200, description = "The plan", body = Plan), Reading),
    security(("bearer" = []))
)]
#[get("/plans/{id}")]
pub async fn get(
    _auth: Authed<Staff>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (plan, revision) = find(&state.app, path.into_inner()).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{revision}\""))).json(plan))
}

async fn find(app: &App, id: String) -> Result<(Plan, i32), ApiError> {
    let catalogues = app.catalogues.clone();
    let found = app.store.read(move |tx| {
        let documents = catalogues.plans(tx)?;
        let revision = documents.latest(&id).ok_or(AppError::NotFound)?;
        Ok::<_, AppError>((revision.body.clone(), revision.revision))
    });
    Ok(found.await?)
}

/// Add a plan, or a new revision of one
#[utoipa::path(
    operation_id = "create_plan",
    tag = "plans",
    request_body = Plan,
    responses((status = 201, description = "Stored", body = Plan), Writing),
    security(("bearer" = []))
)]
#[post("/plans")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    // Storing the same plan twice makes no revision; the key still guards against another body.
    let key = key_of(&state.app, &request, &auth.caller, "POST /plans", &json)?;
    let plan: Plan = json.read()?;
    let id = plan.id.clone();
    let (app, caller) = (state.app.clone(), auth.caller);
    state
        .app
        .store
        .write(QUEUE, move |tx| {
            Keeper::of(tx, &app, &caller)?.may_put_plan(tx, &app, &plan)?;
            once(tx, &caller.actor, key.as_ref(), app.clock.now(), &plan.id, |tx| {
                put_plan(tx, &app, &plan, &indicators::ids(), Expect::Anything).map(|_| ())
            })
        })
        .await?;
    let (plan, revision) = find(&state.app, id).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/plans/{}", plan.id)))
        .insert_header((header::ETAG, format!("\"{revision}\"")))
        .json(plan))
}
