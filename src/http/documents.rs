//! Papers, results and rating of one dossier; all of them are written through events.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::auth::{Anyone, Authed};
use super::body::Query;
use super::dossiers::{ReadQuery, known_at, open};
use super::problem::ApiError;
use super::responses::Reading;
use super::view::{ComponentView, ResultView, components_of, result_of};
use crate::app::record::File;
use crate::app::{AppError, Caller};
use crate::domain::dossier::Dossier;
use crate::domain::event::{Answer, DigitisedTarget, Payload};
use crate::domain::fold::{fold, fold_at};
use crate::domain::time::{self, Instant, business_date};
use crate::store::catalogues::Tree;

/// A digital file that was recorded for a component or the result.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigitisedFile {
    /// `n` of its event.
    pub n: u32,
    pub target: DigitisedTarget,
    pub component: Option<String>,
    pub sha256: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub digitised_at: Instant,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Documents {
    pub components: Vec<ComponentView>,
    pub result: Option<ResultView>,
    pub files: Vec<DigitisedFile>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Rating {
    /// 1 to 5; null: not rated.
    pub overall: Option<u8>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub rated_at: Option<Instant>,
    pub via: Option<String>,
    pub answers: Vec<Answer>,
    /// A clerk entered it, not the applicant.
    pub entered_by_staff: Option<bool>,
}

/// A dossier as known at an instant, or as it stands.
async fn seen(state: &State, caller: Caller, name: String, query: &ReadQuery) -> Result<(File, Dossier), ApiError> {
    let now = state.app.clock.now();
    let known_at = known_at(query.known_at.as_deref(), now)?;
    let catalogues = state.app.catalogues.clone();
    let found = state.app.store.read(move |tx| {
        let agencies = catalogues.agencies(tx)?;
        let tree = Tree::new(&agencies, business_date(now), now);
        let mut file = open(tx, &caller, &tree, &name)?;
        let dossier = match known_at {
            Some(at) => {
                let dossier = fold_at(&file.agency, file.id, &file.events, at, at);
                file.events.retain(|event| event.recorded_at <= at);
                dossier
            }
            None => fold(&file.agency, file.id, &file.events),
        };
        Ok::<_, AppError>((file, dossier.ok_or(AppError::NotFound)?))
    });
    Ok(found.await?)
}

/// Components, result and digital files of one dossier
#[utoipa::path(
    operation_id = "list_documents",
    tag = "dossiers",
    params(("code" = String, Path, description = "Mã số hồ sơ, or the id"), ReadQuery),
    responses((status = 200, description = "What is there", body = Documents), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/documents")]
pub async fn documents(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let (file, dossier) = seen(&state, auth.caller, path.into_inner(), &query.0).await?;
    let files = file.events.iter().filter_map(|event| match &event.payload {
        Payload::Digitised(e) => Some(DigitisedFile {
            n: event.n,
            target: e.target,
            component: e.component.clone(),
            sha256: e.file.as_ref().map(|file| file.sha256.clone()),
            size: e.file.as_ref().map(|file| file.size),
            digitised_at: event.occurred_at,
        }),
        _ => None,
    });
    let files = files.collect();
    Ok(HttpResponse::Ok().json(Documents { components: components_of(&dossier), result: result_of(&dossier), files }))
}

/// The rating of one dossier
#[utoipa::path(
    operation_id = "get_rating",
    tag = "dossiers",
    params(("code" = String, Path, description = "Mã số hồ sơ, or the id"), ReadQuery),
    responses((status = 200, description = "The rating, if there is one", body = Rating), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/rating")]
pub async fn rating(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let (file, dossier) = seen(&state, auth.caller, path.into_inner(), &query.0).await?;
    let rated = file.events.iter().find_map(|event| match &event.payload {
        Payload::Rated(e) => Some(e.clone()),
        _ => None,
    });
    Ok(HttpResponse::Ok().json(Rating {
        overall: dossier.rating,
        rated_at: dossier.rated_at,
        via: rated.as_ref().map(|rated| rated.via.clone()),
        answers: rated.as_ref().and_then(|rated| rated.answers.clone()).unwrap_or_default(),
        entered_by_staff: rated.and_then(|rated| rated.entered_by_staff),
    }))
}
