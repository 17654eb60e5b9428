//! Plans and their scorecards.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Administer, Authed, Staff};
use super::body::{Json, Query};
use super::declarations::DeclarationView;
use super::dossiers::{key_of, known_at};
use super::figures::{CutQuery, CutText, CutView};
use super::indicators::{ValueView, list_path};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use crate::app::access::STAFF;
use crate::app::catalogue::{Expect, QUEUE, put_plan};
use crate::app::dossiers::once;
use crate::app::{App, AppError};
use crate::domain::actor::Role;
use crate::domain::time::business_date;
use crate::plans::{Comparator, Period, Plan};
use crate::store::catalogues::{Tree, calendar_version};
use crate::store::indicators;
use crate::store::query::Filters;
use crate::store::scorecards::{Actual, Ask, Caution, Row, Status, growth_percent, scorecard};

#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    pub items: Vec<Plan>,
}

/// All plans, latest revisions
#[utoipa::path(
    operation_id = "list_plans",
    tag = "plans",
    responses((status = 200, description = "By id", body = PlanList), Reading),
    security(("bearer" = []))
)]
#[get("/plans")]
pub async fn list(_auth: Authed<Staff>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let catalogues = state.app.catalogues.clone();
    let documents = state.app.store.read(move |tx| catalogues.plans(tx).map_err(AppError::from)).await?;
    let items = documents.codes().filter_map(|code| documents.latest(code)).map(|r| r.body.clone()).collect();
    Ok(HttpResponse::Ok().json(PlanList { items }))
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
    let key = key_of(&request, &auth.caller, "POST /plans", &json)?;
    let plan: Plan = json.read()?;
    let id = plan.id.clone();
    let (app, caller) = (state.app.clone(), auth.caller);
    state
        .app
        .store
        .write(QUEUE, move |tx| {
            let agencies = app.catalogues.agencies(tx)?;
            let now = app.clock.now();
            let tree = Tree::new(&agencies, business_date(now), now);
            if !caller.reach(&tree, &[Role::Admin]).contains(&plan.agency) {
                return Err(AppError::field("/agency", "unknown_agency", "no such agency within your reach"));
            }
            let earlier = app.catalogues.plans(tx)?.latest(&plan.id).map(|r| r.body.agency.clone());
            if earlier.is_some_and(|agency| agency != plan.agency) {
                return Err(AppError::Exists(plan.id.clone()));
            }
            once(tx, &caller.actor, key.as_ref(), now, &plan.id, |tx| {
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

#[derive(Debug, Deserialize, IntoParams)]
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
}

/// How many dossiers are missing to a target.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Needed)]
pub struct NeededView {
    /// Least number moved from the shortfall into the numerator; null: no number helps.
    pub convert: Option<i64>,
    /// Least number of further successes in a row; null: no number helps.
    pub in_a_row: Option<i64>,
}

/// Growth over the base period.
#[derive(Debug, Serialize, ToSchema)]
pub struct Growth {
    /// Two decimals, half up; null without a base.
    pub percent: Option<String>,
    pub base_numerator: i64,
    pub base_denominator: i64,
    pub base_period: Period,
}

/// One target, its value, and how they stand to each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardRow {
    pub key: String,
    pub title: String,
    pub title_en: Option<String>,
    /// The few words that carry the figure, as the source has them.
    pub wording: Option<String>,
    pub indicator: Option<String>,
    pub comparator: Comparator,
    pub target: Option<String>,
    pub unit: String,
    pub period: Period,
    pub actual: Option<ValueView>,
    pub growth: Option<Growth>,
    /// `met`, `missed`, `no_data`; null when the source names no figure.
    pub status: Option<&'static str>,
    /// `computed` from dossiers, or `declared` with evidence.
    pub basis: &'static str,
    /// What the agency declared for just this period: the last accepted version, else the last one. It is the value
    /// of a target that is not computed, once accepted; beside a computed figure it decides nothing.
    pub declared: Option<DeclarationView>,
    pub needed: Option<NeededView>,
    /// Shown beside it, with its own standing to the target where that makes sense.
    pub beside: Vec<BesideView>,
    pub warnings: Vec<Warning>,
    pub note: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BesideView {
    pub value: ValueView,
    pub status: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    #[schema(example = "on_time_rates_disagree")]
    pub code: &'static str,
    pub detail: &'static str,
    pub detail_en: &'static str,
}

impl Warning {
    fn of(caution: Caution) -> Self {
        let (code, detail, detail_en) = match caution {
            Caution::OnTimeRatesDisagree => (
                "on_time_rates_disagree",
                "Tính trên số đã giải quyết và tính cả hồ sơ quá hạn chưa xong cho kết luận khác nhau",
                "Over resolved dossiers and with open overdue ones the target is judged differently",
            ),
            Caution::DeclarationPending => (
                "declaration_pending",
                "Số liệu khai báo chưa được thẩm định nên chưa được tính",
                "The declared value has not been reviewed and does not count yet",
            ),
            Caution::DeclarationRejected => (
                "declaration_rejected",
                "Số liệu khai báo đã bị bác khi thẩm định nên không được tính",
                "The declared value was rejected and does not count",
            ),
            Caution::DeclarationSuperseding => (
                "declaration_superseding",
                "Có phiên bản khai báo mới hơn đang chờ thẩm định",
                "A later version of the declared value awaits its review",
            ),
            Caution::DeclarationDiffers => (
                "declaration_differs",
                "Số liệu khai báo khác số liệu tính từ hồ sơ; số tính từ hồ sơ được dùng",
                "The declared value is not the one computed from dossiers; the computed one stands",
            ),
        };
        Self { code, detail, detail_en }
    }
}

/// A plan judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scorecard {
    pub plan: String,
    pub title: String,
    pub plan_revision: i32,
    pub cut: CutView,
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
    pub rows: Vec<ScorecardRow>,
}

/// The plan's targets against the figures
#[utoipa::path(
    operation_id = "get_scorecard",
    tag = "plans",
    params(("id" = String, Path), ScorecardQuery),
    responses((status = 200, description = "Target by target", body = Scorecard), Reading),
    security(("bearer" = []))
)]
#[get("/plans/{id}/scorecard")]
pub async fn card(
    auth: Authed<Staff>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ScorecardQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let known_at = known_at(query.known_at.as_deref(), now)?.unwrap_or(now);
    let catalogues = state.app.catalogues.clone();
    let id = path.into_inner();
    let found = state.app.store.read(move |tx| {
        let documents = catalogues.plans(tx)?;
        let revision = documents.known(&id, business_date(known_at), known_at).ok_or(AppError::NotFound)?;
        Ok::<_, AppError>((revision.body.clone(), revision.revision))
    });
    let (plan, plan_revision) = found.await?;
    let (from, to) = (plan.from.to_string(), plan.to.to_string());
    let own_period = query.from.is_none() && query.to.is_none();
    let ask = CutQuery::read(
        CutText {
            agency: Some(query.agency.as_deref().unwrap_or(&plan.agency)),
            scope: query.scope.as_deref(),
            from: Some(query.from.as_deref().unwrap_or(&from)),
            to: Some(query.to.as_deref().unwrap_or(&to)),
            known_at: query.known_at.as_deref(),
            level: None,
            filters: Filters::default(),
        },
        now,
    )?;
    let catalogues = state.app.catalogues.clone();
    let caller = auth.caller;
    let answer = state
        .app
        .store
        .read(move |tx| {
            let (cut, _) = ask.resolve(tx, &catalogues, &caller, &STAFF, now)?;
            let period = (!own_period).then_some(Period { from: ask.from, to: ask.to });
            let inner = Ask {
                agency: ask.agency.clone().unwrap_or_else(|| plan.agency.clone()),
                agencies: cut.agencies.clone(),
                period,
                known_at: ask.known_at,
            };
            let rows = scorecard(tx, &catalogues, &plan, &inner)?;
            Ok::<_, ApiError>(Scorecard {
                plan: plan.id.clone(),
                title: plan.title.clone(),
                plan_revision,
                cut: ask.view(&cut),
                settled: ask.settled(now),
                calendar_version: calendar_version(tx, ask.known_at)?,
                rows: rows.into_iter().map(|row| row_view(row, &ask)).collect(),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// A status in the words of the contract.
#[must_use]
pub fn status_word(status: Option<Status>) -> Option<&'static str> {
    status.map(|status| match status {
        Status::Met => "met",
        Status::Missed => "missed",
        Status::NoData => "no_data",
    })
}

fn row_view(row: Row, ask: &CutQuery) -> ScorecardRow {
    let target = &row.target;
    let value = |actual: &Actual| {
        let mut narrowed = ask.clone();
        narrowed.from = actual.cut.from;
        narrowed.to = actual.cut.to;
        narrowed.filters.clone_from(&actual.cut.filters);
        narrowed.levels = target.scope.as_ref().map(crate::plans::TargetScope::levels).unwrap_or_default();
        let path = list_path(actual.indicator);
        let link = format!("{path}?indicator={}&part=denominator{}", actual.indicator.id, narrowed.query());
        ValueView::new(actual.indicator, actual.counts, None, link)
    };
    let growth = row.actual.as_ref().and_then(|actual| {
        let base = actual.base?;
        Some(Growth {
            percent: growth_percent(actual),
            base_numerator: base.numerator,
            base_denominator: base.denominator,
            base_period: target.base_period?,
        })
    });
    let small = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    ScorecardRow {
        key: target.key.clone(),
        title: target.title.clone(),
        title_en: target.title_en.clone(),
        wording: target.wording.clone(),
        indicator: target.indicator.clone(),
        comparator: target.comparator,
        target: target.threshold.clone(),
        unit: target.unit.clone(),
        period: row.period,
        actual: row.actual.as_ref().map(value),
        growth,
        status: status_word(row.status),
        basis: if target.indicator.is_some() { "computed" } else { "declared" },
        needed: row
            .needed
            .map(|needed| NeededView { convert: needed.convert.map(small), in_a_row: needed.in_a_row.map(small) }),
        beside: row
            .beside
            .iter()
            .map(|actual| BesideView { value: value(actual), status: status_word(actual.status) })
            .collect(),
        warnings: row.cautions.iter().map(|caution| Warning::of(*caution)).collect(),
        note: target.note.clone(),
        declared: row.declared.map(DeclarationView::new),
    }
}
