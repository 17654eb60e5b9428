//! The working calendar: versions with a notice number.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::auth::{Administer, Anyone, Authed};
use super::body::{self, Json};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use crate::app::catalogue::{Expect, QUEUE, put_calendar};
use crate::app::{App, AppError};
use crate::domain::calendar::Calendar;
use crate::store::catalogues::{CALENDAR, Document, read_revision};

/// The calendar and its revision, which is the `ETag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarView {
    #[serde(flatten)]
    pub calendar: Calendar,
    pub revision: i32,
}

async fn latest(app: &App) -> Result<HttpResponse, ApiError> {
    let view = app.store.read(|tx| {
        let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
        let row = read_revision::<Calendar>(rows.last().ok_or(AppError::NotFound)?)?;
        Ok::<_, AppError>(CalendarView { calendar: row.body, revision: row.revision })
    });
    let view = view.await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", view.revision))).json(view))
}

/// The calendar in force
#[utoipa::path(
    operation_id = "get_calendar",
    tag = "catalogues",
    responses((status = 200, description = "Days off and make-up days", body = CalendarView), Reading),
    security(("bearer" = []))
)]
#[get("/calendar")]
pub async fn get(_auth: Authed<Anyone>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    latest(&state.app).await
}

/// A new version of the calendar; later receipts use it
#[utoipa::path(
    operation_id = "replace_calendar",
    tag = "catalogues",
    request_body = Calendar,
    params(("If-Match" = String, Header, description = "The `ETag` that the caller saw")),
    responses((status = 200, description = "In force now", body = CalendarView), Writing),
    security(("bearer" = []))
)]
#[put("/calendar")]
pub async fn put(
    _auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let expect = Expect::Revision(i32::try_from(body::if_match(&request)?).unwrap_or(0));
    let calendar: Calendar = json.read()?;
    let app = state.app.clone();
    state.app.store.write(QUEUE, move |tx| put_calendar(tx, &app, &calendar, expect)).await?;
    latest(&state.app).await
}
