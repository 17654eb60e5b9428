//! Scorecards: a plan's targets against the figures, at once, month by month, agency by agency.

mod print;
pub mod series;
pub mod siblings;
mod view;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Authed, Staff};
use super::body::Query;
use super::dossiers::known_at;
use super::figures::{CutQuery, CutText, CutView};
use super::format::{Bytes, Format, printed};
use super::problem::ApiError;
use super::responses::Reading;
use crate::app::access::STAFF;
use crate::app::{App, AppError};
use crate::domain::time::{Instant, business_date};
use crate::plans::{Period, Plan};
use crate::store::Tx;
use crate::store::catalogues::{Catalogues, Tree, calendar_version};
use crate::store::figures::Cut;
use crate::store::query::Filters;
use crate::store::scorecards::{Ask, scorecard};
use print::Letterhead;
pub use view::{Growth, ScorecardRow};

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ScorecardQuery {
    /// Default: the plan's body.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// Default: the target's own period, else the plan's.
    pub from: Option<String>,
    pub to: Option<String>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Keys of the targets, comma-separated; default all.
    pub targets: Option<String>,
    /// `json` (default), `csv`, `xlsx` or `html`, for print.
    pub format: Option<String>,
}

/// Which plan, which revision of it, at which cut.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScorecardHead {
    pub plan: String,
    pub title: String,
    pub plan_revision: i32,
    pub cut: CutView,
    /// The figures can no longer change.
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
}

/// A plan judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scorecard {
    #[serde(flatten)]
    pub head: ScorecardHead,
    pub rows: Vec<ScorecardRow>,
}

/// A plan as it was known, and what is asked of it.
struct Opened {
    plan: Plan,
    revision: i32,
    ask: CutQuery,
    /// None: each target's own.
    period: Option<Period>,
}

impl Opened {
    async fn read(app: &App, id: String, query: &ScorecardQuery, now: Instant) -> Result<Self, ApiError> {
        let known_at = known_at(query.known_at.as_deref(), now)?.unwrap_or(now);
        let catalogues = app.catalogues.clone();
        let found = app.store.read(move |tx| {
            let documents = catalogues.plans(tx)?;
            let revision = documents.known(&id, business_date(known_at), known_at).ok_or(AppError::NotFound)?;
            Ok::<_, AppError>((revision.body.clone(), revision.revision))
        });
        let (mut plan, revision) = found.await?;
        let (from, to) = (plan.from.to_string(), plan.to.to_string());
        let text = CutText {
            agency: Some(query.agency.as_deref().unwrap_or(&plan.agency)),
            scope: query.scope.as_deref(),
            from: Some(query.from.as_deref().unwrap_or(&from)),
            to: Some(query.to.as_deref().unwrap_or(&to)),
            known_at: query.known_at.as_deref(),
            level: None,
            filters: Filters::default(),
        };
        let ask = CutQuery::read(text, now)?;
        if let Some(keys) = query.targets.as_deref() {
            let keys: Vec<&str> = keys.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
            if let Some(key) = keys.iter().find(|key| plan.targets.iter().all(|target| target.key != **key)) {
                let detail = format!("the plan has no target {key:?}");
                return Err(ApiError::field("?targets", "unknown_target", &detail));
            }
            plan.targets.retain(|target| keys.contains(&target.key.as_str()));
        }
        let own_period = query.from.is_none() && query.to.is_none();
        let period = (!own_period).then_some(Period { from: ask.from, to: ask.to });
        Ok(Self { plan, revision, ask, period })
    }

    /// The same for the store, confined to the agencies of a resolved cut.
    fn inner(&self, cut: &Cut) -> Ask {
        Ask {
            agency: self.ask.agency.clone().unwrap_or_else(|| self.plan.agency.clone()),
            agencies: cut.agencies.clone(),
            tree: self.ask.to,
            period: self.period,
            known_at: self.ask.known_at,
        }
    }

    fn head(&self, tx: &mut Tx<'_>, cut: &Cut, now: Instant) -> Result<ScorecardHead, ApiError> {
        Ok(ScorecardHead {
            plan: self.plan.id.clone(),
            title: self.plan.title.clone(),
            plan_revision: self.revision,
            cut: self.ask.view(cut),
            settled: self.ask.settled(now),
            calendar_version: calendar_version(tx, self.ask.known_at)?,
        })
    }
}

impl Opened {
    /// What stands above the figures on paper.
    fn letterhead(
        &self,
        tx: &mut Tx<'_>,
        catalogues: &Catalogues,
        head: &ScorecardHead,
    ) -> Result<Letterhead, ApiError> {
        let documents = catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, self.ask.to, self.ask.known_at);
        let code = self.ask.agency.clone().unwrap_or_else(|| self.plan.agency.clone());
        let agency = tree.get(&code).map_or(code, |agency| agency.name.clone());
        Ok(Letterhead { agency, head: head.clone() })
    }
}

/// The plan's targets against the figures
#[utoipa::path(
    operation_id = "get_scorecard",
    tag = "plans",
    params(("id" = String, Path), ScorecardQuery),
    responses(
        (status = 200, description = "Target by target", content(
            (Scorecard = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/plans/{id}/scorecard")]
pub async fn card(
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
        let rows = scorecard(tx, &catalogues, &opened.plan, &opened.inner(&cut))?;
        let rows = rows.into_iter().map(|row| ScorecardRow::new(row, &opened.ask)).collect();
        let head = opened.head(tx, &cut, now)?;
        let letterhead = opened.letterhead(tx, &catalogues, &head)?;
        Ok::<_, ApiError>((Scorecard { head, rows }, letterhead))
    });
    let (answer, letterhead) = answer.await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(answer)),
        _ => printed(format, &print::card(&letterhead, &answer)),
    }
}
