//! Dossiers: create, read; listing and drilling down in the modules below.

pub mod control;
mod filters;
pub mod listing;
mod query;
pub mod search;
mod table;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Anyone, Authed, Intake};
use super::body::{self, Json, Query};
use super::problem::{ApiError, Kind};
use super::purpose::{disclosed, purpose};
use super::responses::{Reading, Writing};
use super::view::{DossierView, shown_applicant};
use crate::app::access::handles;
use crate::app::disclosure::{Disclosure, Sight};
use crate::app::dossiers::{Done, Key, NewDossier, create as create_dossier, locate};
use crate::app::keys::states_applicant;
use crate::app::record::File;
use crate::app::{App, AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::error::FieldError;
use crate::domain::event::{Channel, Component, FeeLine, Received, ReturnMethod, Submitted};
use crate::domain::fold::fold;
use crate::domain::time::{Instant, business_date};
use crate::store::catalogues::Tree;
use crate::store::{Tx, history};
use crate::vault::Vault;

pub use query::ListQuery;

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
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    place: &str,
    json: &Json,
) -> Result<Option<Key>, ApiError> {
    let key = body::idempotency_key(request)?;
    if key.is_none() && caller.has(Role::Portal) && !caller.has_any(&[Role::Clerk, Role::Officer, Role::Leader]) {
        return Err(ApiError::with(Kind::KeyRequired, "portals send an Idempotency-Key with every POST"));
    }
    Ok(key.map(|key| Key::new(app, key, place, &serde_json::Value::Object(json.0.clone()))))
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
    let key = key_of(&state.app, &request, &auth.caller, "POST /dossiers", &json)?;
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
    params(
        ("code" = String, Path, description = "Mã số hồ sơ, or the id"),
        ReadQuery,
        ("Purpose" = Option<String>, Header, description = "Why who does not handle the dossier wants its personal values; 10 to 300 characters, kept in the access log")
    ),
    responses((status = 200, description = "The dossier", body = DossierView), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}")]
pub async fn get(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let known_at = known_at(query.0.known_at.as_deref(), now)?;
    let stated = purpose(&request)?;
    let why = stated.clone();
    let (catalogues, vault) = (state.app.catalogues.clone(), state.app.vault.clone());
    let caller = auth.caller.clone();
    let name = path.into_inner();
    let view = disclosed(&state, &auth.caller, stated.as_deref(), move |tx, may_show| {
        let agencies = catalogues.agencies(tx)?;
        let tree = Tree::new(&agencies, business_date(now), now);
        let mut file = open_with_personal(tx, &vault, &caller, &tree, &name)?;
        if let Some(known_at) = known_at {
            file.events.retain(|event| event.recorded_at <= known_at);
        }
        let at = known_at.unwrap_or(now);
        // Everything recorded is shown, also what another machine's faster clock has stamped.
        let dossier = fold(&file.agency, file.id, &file.events).ok_or(AppError::NotFound)?;
        let standing = caller.standing(&tree, &file.agency);
        let sight = caller.sight(&tree, &file.agency, &dossier.submitted_by, why.as_deref());
        let standing = known_at.is_none().then_some(&standing);
        let applicant = shown_applicant(&file, may_show && sight != Sight::Masked);
        let view = DossierView::new(&dossier, applicant, at, standing);
        Ok((view, sight, applicant_shown(&file)))
    })
    .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, format!("\"{}\"", view.version))).json(view))
}

/// What of the applicant is about to be given out.
pub(super) fn applicant_shown(file: &File) -> Option<Disclosure> {
    let stated = |n: u32| file.events.iter().any(|event| event.n == n && states_applicant(&event.payload));
    let shown = |n: u32, name: &str| stated(n) && matches!(name, "applicant" | "value");
    let mut what = Disclosure::of_dossier(&file.agency, file.id, &file.personal, shown)?;
    what.fields = vec!["applicant".to_owned()];
    Some(what)
}

/// A past instant; the future is not known yet.
pub(super) fn known_at(text: Option<&str>, now: Instant) -> Result<Option<Instant>, ApiError> {
    let known_at = body::instant("known_at", text)?;
    if known_at.is_some_and(|known_at| known_at > now) {
        return Err(ApiError::field("?known_at", "in_future", "lies in the future"));
    }
    Ok(known_at)
}

/// A dossier's file without its personal values, if the caller may read it.
pub(super) fn open(tx: &mut Tx<'_>, caller: &Caller, tree: &Tree<'_>, name: &str) -> Result<File, AppError> {
    let (agency, id) = locate(tx, name)?;
    let file = File::bare(tx, &agency, id)?;
    let dossier = file.dossier().ok_or(AppError::NotFound)?;
    caller.may_read(tree, &agency, &dossier.submitted_by)?;
    Ok(file)
}

/// The same with its personal values, for who will show some of them.
pub(super) fn open_with_personal(
    tx: &mut Tx<'_>,
    vault: &Vault,
    caller: &Caller,
    tree: &Tree<'_>,
    name: &str,
) -> Result<File, AppError> {
    let file = open(tx, caller, tree, name)?;
    Ok(File { personal: history::personal(tx, vault, &file.agency, file.id)?, ..file })
}
