//! Agencies side by side, and what they add up to.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Opened, ScorecardHead, ScorecardQuery, ScorecardRow, print};
use crate::app::access::STAFF;
use crate::http::State;
use crate::http::auth::{Authed, Staff};
use crate::http::body::Query;
use crate::http::figures::{CutQuery, groups_of};
use crate::http::format::{Bytes, Format, printed};
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::store::catalogues::Tree;
use crate::store::scorecards::scorecard;
use crate::store::scorecards::siblings::siblings;

/// A plan judged agency by agency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardAgencies {
    #[serde(flatten)]
    pub head: ScorecardHead,
    /// Each child with its subtree, and the body itself; by code. Merged agencies stand with their successor.
    pub agencies: Vec<AgencyCard>,
    /// The ordinary scorecard of the body with its subtree: dossiers and payments add up to it.
    pub total: Vec<ScorecardRow>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AgencyCard {
    pub agency: String,
    pub name: String,
    /// `subtree`; of the body itself `own`.
    pub scope: &'static str,
    pub rows: Vec<ScorecardRow>,
}

/// The plan's targets for the agencies below its body, side by side
#[utoipa::path(
    operation_id = "get_scorecard_agencies",
    tag = "plans",
    params(("id" = String, Path), ScorecardQuery),
    responses(
        (status = 200, description = "Agency by agency, and in all", content(
            (ScorecardAgencies = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/plans/{id}/scorecard/agencies")]
pub async fn get(
    auth: Authed<Staff>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ScorecardQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let format = Format::read(query.0.format.as_deref(), &Format::ALL)?;
    let opened = Opened::read(&state.app, path.into_inner(), &query.0, now).await?;
    let (catalogues, caller) = (state.app.catalogues.clone(), auth.caller);
    let answer = state.app.store.read(move |tx| {
        let (cut, _) = opened.ask.resolve(tx, &catalogues, &caller, &STAFF, now)?;
        let inner = opened.inner(&cut);
        let documents = catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, inner.tree, inner.known_at);
        let groups = groups_of(&tree, Some(&inner.agency), &caller.roots(&STAFF));
        let mut agencies = Vec::new();
        for sibling in siblings(tx, &catalogues, &opened.plan, &inner, &groups)? {
            let body = sibling.agency == inner.agency;
            let ask =
                CutQuery { agency: Some(sibling.agency.clone()), own: body || opened.ask.own, ..opened.ask.clone() };
            agencies.push(AgencyCard {
                name: tree.get(&sibling.agency).map_or_else(String::new, |agency| agency.name.clone()),
                agency: sibling.agency,
                scope: if ask.own { "own" } else { "subtree" },
                rows: sibling.rows.into_iter().map(|row| ScorecardRow::new(row, &ask)).collect(),
            });
        }
        let total = scorecard(tx, &catalogues, &opened.plan, &inner)?;
        let total = total.into_iter().map(|row| ScorecardRow::new(row, &opened.ask)).collect();
        let head = opened.head(tx, &cut, now)?;
        let letterhead = opened.letterhead(tx, &catalogues, &head)?;
        Ok::<_, ApiError>((ScorecardAgencies { head, agencies, total }, letterhead))
    });
    let (answer, letterhead) = answer.await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(answer)),
        _ => printed(format, &print::agencies(&letterhead, &answer)?),
    }
}
