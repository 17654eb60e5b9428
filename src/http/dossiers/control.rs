//! The control sheet of one dossier (phiếu kiểm soát quá trình giải quyết hồ sơ): every hand-over and change of state,
//! how long the work lay where in office time, and how it stood to the limit.

mod print;
mod steps;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use steps::Step;

use super::{applicant_shown, known_at, open_with_personal};
use crate::app::AppError;
use crate::app::disclosure::Sight;
use crate::domain::applicant::Applicant;
use crate::domain::dossier::OnTimeStatus;
use crate::domain::fold::fold;
use crate::domain::time::{self, Instant, business_date};
use crate::http::State;
use crate::http::auth::{Anyone, Authed};
use crate::http::body::Query;
use crate::http::format::{Format, printed};
use crate::http::problem::ApiError;
use crate::http::purpose::{disclosed, purpose};
use crate::http::responses::Reading;
use crate::http::view::shown_applicant;
use crate::store::StoreError;
use crate::store::catalogues::{Tree, calendar_at};
use crate::store::figures::settled;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SheetQuery {
    /// As it was known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// `json` (default), `csv`, `xlsx`, `html`.
    pub format: Option<String>,
}

/// Phiếu kiểm soát quá trình giải quyết hồ sơ.
#[derive(Debug, Serialize, ToSchema)]
pub struct ControlSheet {
    pub id: Uuid,
    pub code: Option<String>,
    pub agency: String,
    pub procedure: String,
    pub procedure_name: String,
    /// Masked unless the caller handles the dossier; null when erased.
    pub applicant: Option<Applicant>,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// False: an event stamped before `known_at` may still be on its way.
    pub settled: bool,
    /// Calendar by which office time is counted: in force as known then.
    pub calendar_version: String,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub received_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_strict: Option<Instant>,
    pub on_time_status: OnTimeStatus,
    /// In order of recording.
    pub steps: Vec<Step>,
    /// Office minutes since the last step, of a dossier on which the clock runs.
    pub running_minutes: Option<i64>,
}

/// Phiếu kiểm soát quá trình giải quyết: hand-overs, time taken and result against the limit
#[utoipa::path(
    operation_id = "get_control_sheet",
    tag = "dossiers",
    params(
        ("code" = String, Path, description = "Mã số hồ sơ, or the id"),
        SheetQuery,
        ("Purpose" = Option<String>, Header, description = "Why who does not handle the dossier wants its personal values; 10 to 300 characters, kept in the access log")
    ),
    responses((status = 200, description = "Step by step", body = ControlSheet), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/control-sheet")]
pub async fn control_sheet(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    query: Query<SheetQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let format = Format::read(query.0.format.as_deref(), &Format::ALL)?;
    let at = known_at(query.0.known_at.as_deref(), now)?.unwrap_or(now);
    let (catalogues, vault) = (state.app.catalogues.clone(), state.app.vault.clone());
    let (caller, name) = (auth.caller.clone(), path.into_inner());
    let stated = purpose(&request)?;
    let why = stated.clone();
    let (view, letterhead) = disclosed(&state, &auth.caller, stated.as_deref(), move |tx, may_show| {
        let agencies = catalogues.agencies(tx)?;
        let today = Tree::new(&agencies, business_date(now), now);
        let mut file = open_with_personal(tx, &vault, &caller, &today, &name)?;
        file.events.retain(|event| event.recorded_at <= at);
        let dossier = fold(&file.agency, file.id, &file.events).ok_or(AppError::NotFound)?;
        // What the sheet is counted and headed with is as known then, so that it can be asked for again.
        let tree = Tree::new(&agencies, business_date(at), at);
        let hours = tree.get(&file.agency).map(crate::domain::catalogue::Agency::hours).unwrap_or_default();
        let calendar =
            calendar_at(tx, at)?.ok_or_else(|| StoreError::Corrupt("no working calendar is loaded".into()))?;
        let sight = caller.sight(&today, &file.agency, &dossier.submitted_by, why.as_deref());
        let (steps, running_minutes) = steps::of(&file, &calendar, &hours, at);
        let view = ControlSheet {
            id: dossier.id,
            code: dossier.code.clone(),
            agency: dossier.agency.clone(),
            procedure: dossier.procedure.clone(),
            procedure_name: dossier.snapshot.name.clone(),
            applicant: shown_applicant(&file, may_show && sight != Sight::Masked),
            known_at: at,
            settled: settled(at, now),
            calendar_version: calendar.version().to_owned(),
            received_at: dossier.received_at,
            due: dossier.due,
            due_strict: dossier.due_strict,
            on_time_status: dossier.on_time_status(at),
            steps,
            running_minutes,
        };
        let letterhead = crate::http::reports::letterhead(&tree, &file.agency);
        Ok(((view, letterhead), sight, applicant_shown(&file)))
    })
    .await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(view)),
        _ => printed(format, &print::sheet(&view, letterhead)),
    }
}
