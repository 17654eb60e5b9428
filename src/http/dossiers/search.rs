//! Finding dossiers by an applicant's number: exact, by the blind index, and in a body, for addresses are logged.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::listing::rows;
use crate::app::AppError;
use crate::app::disclosure::{Disclosure, record};
use crate::domain::actor::Role;
use crate::domain::applicant::{IdentityKind, PHONE, id_number, national};
use crate::domain::time::business_date;
use crate::http::State;
use crate::http::auth::{Authed, DrillDown};
use crate::http::body::Json;
use crate::http::page::MAX_LIMIT;
use crate::http::problem::{ApiError, ProblemDocument};
use crate::http::purpose::purpose;
use crate::http::responses::Reading;
use crate::http::view::DossierView;
use crate::store::Tx;
use crate::store::catalogues::Tree;
use crate::store::personal::searched_key;
use crate::store::query::FactQuery;

/// Fewer digits are nobody's number.
const SHORTEST: usize = 6;

/// One number of an applicant.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// Căn cước, chứng minh nhân dân, mã số thuế or passport: the whole of it.
    pub identity_number: Option<String>,
    /// `0912345678` and `+84912345678` are one.
    pub phone: Option<String>,
    /// Only this agency and those below it.
    pub agency: Option<String>,
}

/// Dossiers found, applicants masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Newest receipt first; at most 500.
    pub items: Vec<DossierView>,
    /// There are more.
    pub more: bool,
}

/// What is looked for: its name, and kinds with the number in one spelling.
fn numbers(asked: &SearchRequest) -> Result<(&'static str, Vec<(&'static str, String)>), ApiError> {
    let (name, found) = match (&asked.identity_number, &asked.phone) {
        (Some(number), None) => {
            let number = id_number(number);
            ("identity_number", IdentityKind::ALL.map(|kind| (kind.as_str(), number.clone())).to_vec())
        }
        (None, Some(phone)) => ("phone", vec![(PHONE, national(phone))]),
        _ => return Err(ApiError::field("/identity_number", "one_of", "either `identity_number` or `phone`")),
    };
    let fits = found.iter().all(|(_, number)| (SHORTEST..=20).contains(&number.len()));
    if fits { Ok((name, found)) } else { Err(ApiError::field(&format!("/{name}"), "number", "not a whole number")) }
}

/// Find dossiers by a phone or an identity number; the search is kept in the access log
#[utoipa::path(
    operation_id = "search_dossiers",
    tag = "dossiers",
    request_body = SearchRequest,
    params(("Purpose" = Option<String>, Header, description = "Required of auditors; 10 to 300 characters, kept in the access log")),
    responses((status = 200, description = "Exact matches within the caller's reach, applicants masked", body = SearchAnswer),
        (status = 408, description = "The body came too slowly", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`", body = ProblemDocument, content_type = "application/problem+json"),
        Reading),
    security(("bearer" = []))
)]
#[post("/dossiers/search")]
pub async fn search(
    auth: Authed<DrillDown>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let asked: SearchRequest = json.read()?;
    let stated = purpose(&request)?;
    let (name, numbers) = numbers(&asked)?;
    // Who handles dossiers at the counter searches for them; anybody else says why.
    let mut roles = vec![Role::Clerk, Role::Officer, Role::Leader];
    if stated.is_some() {
        roles.push(Role::Auditor);
    } else if !auth.caller.has_any(&roles) {
        return Err(ApiError::field("Purpose", "required", "an auditor says why"));
    }
    let now = state.app.clock.now();
    let (app, caller) = (state.app.clone(), auth.caller.clone());
    let root = caller.roots(&roles).into_iter().next().unwrap_or_default();
    let found = state.app.store.read(move |tx: &mut Tx<'_>| {
        let documents = app.catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, business_date(now), now);
        let agencies: Vec<String> = caller.reach_within(&tree, &roles, asked.agency.as_deref())?.into_iter().collect();
        let key = app.vault.key(&searched_key(tx)?).map_err(crate::store::StoreError::from)?;
        let digests: Vec<Vec<u8>> = agencies
            .iter()
            .flat_map(|agency| numbers.iter().map(|(kind, number)| key.digest(agency, kind, number)))
            .collect();
        let places = tx.identities_found(&agencies, key.id(), &digests)?;
        let ask = FactQuery {
            agencies,
            at: now.timestamp_micros(),
            known_at: now.timestamp_micros(),
            ids: Some(places.into_iter().map(|(_, id)| id).collect()),
            limit: MAX_LIMIT + 1,
            ..FactQuery::default()
        };
        let mut hits = tx.facts_page(&ask)?;
        let most = usize::try_from(MAX_LIMIT).unwrap_or(usize::MAX);
        let more = hits.len() > most;
        hits.truncate(most);
        Ok::<_, AppError>(SearchAnswer { items: rows(tx, &app.vault, &hits, &ask)?, more })
    });
    let answer = found.await?;
    // That somebody was looked for is told to nobody before it is written down.
    let what = Disclosure { agency: root, dossier: None, action: "search", fields: vec![name.to_owned()] };
    record(&state.app, &auth.caller, what, stated.as_deref()).await?;
    Ok(HttpResponse::Ok().json(answer))
}
