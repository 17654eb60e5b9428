//! Liveness and readiness.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::problem::{ApiError, Kind, ProblemDocument};
use crate::app::AppError;

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// The process runs
#[utoipa::path(tag = "operations", responses((status = 200, description = "The process runs", body = Health)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// The process can serve: the database answers and its catalogue is loaded
#[utoipa::path(
    tag = "operations",
    responses(
        (status = 200, description = "The database answers", body = Health),
        (status = 503, description = "It does not", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[get("/readyz")]
pub async fn readyz(state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let catalogues = state.app.catalogues.clone();
    let ready = state.app.store.read(move |tx| catalogues.calendar(tx).map_err(AppError::from)).await;
    match ready {
        Ok(_) => Ok(HttpResponse::Ok().json(Health { status: "ok" })),
        Err(_) => Err(ApiError::new(Kind::Unavailable)),
    }
}
