//! A calendar that is in force, brought to the dossiers that are open.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};

use super::State;
use super::auth::{Administer, Authed, Foresee, Permission};
use super::body;
use super::jobs::JobView;
use super::problem::ApiError;
use super::responses::Writing;
use crate::app::AppError;
use crate::app::catalogue::QUEUE;
use crate::app::dossiers::Key;
use crate::app::jobs::{self, Progress};

/// Apply the calendar in force to open dossiers
///
/// A job goes through every agency and records `deadline_recomputed` where the due instant moves. Finished, ended and
/// voided dossiers never move; paused ones take the calendar when they resume. Safe to ask for again.
#[utoipa::path(
    operation_id = "apply_calendar",
    tag = "catalogues",
    params(
        ("version" = String, Path, description = "The version in force: the last one put"),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request never starts a second job")
    ),
    responses(
        (status = 202, description = "The job: `Location` names it. An unfinished one of this version serves again", body = JobView),
        Writing
    ),
    security(("bearer" = []))
)]
#[post("/calendar/{version}/apply")]
pub async fn apply(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let version = path.into_inner();
    let place = format!("POST /calendar/{version}/apply");
    let key = body::idempotency_key(&request)?.map(|key| Key::new(&state.app, key, &place, &serde_json::Value::Null));
    let (app, caller) = (state.app.clone(), auth.caller);
    let work = move |tx: &mut crate::store::Tx<'_>| {
        let job = jobs::request(tx, &app, &caller.actor, &version, key.as_ref())?.job;
        let reach = caller.reach_now(tx, &app, Foresee::ROLES)?;
        Ok::<_, AppError>(Progress::of(tx, job, Some(&reach))?)
    };
    let job = state.app.store.write(QUEUE, work).await?;
    state.app.bell.ring();
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/api/v1/jobs/{}", job.job.id.0)))
        .json(JobView::new(job)))
}
