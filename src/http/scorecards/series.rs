//! A plan month by month, with the previous year beside it and what the open dossiers may still do.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{growth_view, status_word, value_view};
use super::{Growth, Opened, ScorecardHead, ScorecardQuery, ScorecardRow, print};
use crate::app::access::STAFF;
use crate::domain::score::percent;
use crate::http::State;
use crate::http::auth::{Authed, Staff};
use crate::http::body::Query;
use crate::http::figures::CutQuery;
use crate::http::format::{Bytes, Format, printed};
use crate::http::indicators::ValueView;
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::plans::Target;
use crate::store::scorecards::outlook::{NoOutlook, Outlook, Scenario};
use crate::store::scorecards::series::{Month, Point, Series, series};
use crate::store::scorecards::{Actual, Status};

/// A plan through its period.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardSeries {
    #[serde(flatten)]
    pub head: ScorecardHead,
    pub series: Vec<SeriesView>,
}

/// The target's row of the scorecard, and how it came to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series)]
pub struct SeriesView {
    #[serde(flatten)]
    pub row: ScorecardRow,
    /// Of a computed target: the months of its period.
    pub months: Vec<MonthView>,
    pub outlook: Option<OutlookView>,
    /// Why there is none: `not_an_on_time_rate`, `period_over`, `period_not_begun`.
    pub no_outlook: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesMonth)]
pub struct MonthView {
    #[schema(example = "2026-03")]
    pub month: String,
    /// The month's own figure; null: it had not begun as known then. The running month goes to that day.
    pub own: Option<PointView>,
    /// Since the period began.
    pub cumulative: Option<PointView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesPoint)]
pub struct PointView {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub value: ValueView,
    /// Against the target.
    pub status: Option<&'static str>,
    /// Of a growth target: over its base period.
    pub growth: Option<Growth>,
    /// The same dates one year earlier, as known at the same instant.
    pub previous_year: PreviousYear,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PreviousYear {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub value: ValueView,
}

/// Between which ends an on-time figure will lie, dossiers still to come apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outlook)]
pub struct OutlookView {
    /// Open dossiers due by the period's end.
    pub open: i64,
    /// Of them: past due, late whatever happens.
    pub overdue: i64,
    /// Of them: can still end on time.
    pub in_time: i64,
    /// Lists the open ones; `part=numerator` the overdue, `part=shortfall` those in time.
    pub dossiers: String,
    /// All that can end on time do.
    pub all_on_time: ScenarioView,
    /// All end late.
    pub all_late: ScenarioView,
    /// How many of those in time may go late before the target is missed; null: it is missed even with all of them, or
    /// there is nothing to reach.
    pub may_slip: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scenario)]
pub struct ScenarioView {
    pub numerator: i64,
    pub denominator: i64,
    pub percent: Option<String>,
    pub status: Option<&'static str>,
}

fn scenario(scenario: Scenario) -> ScenarioView {
    let Scenario { counts, status } = scenario;
    let (numerator, denominator) = (counts.numerator, counts.denominator);
    ScenarioView { numerator, denominator, percent: percent(numerator, denominator), status: status_word(status) }
}

fn outlook_view(outlook: Outlook, target: &Target, ask: &CutQuery) -> OutlookView {
    let counts =
        crate::store::figures::Counts { numerator: outlook.overdue, denominator: outlook.open, responses: None };
    let stock =
        Actual { indicator: outlook.stock, counts, base: None, status: None::<Status>, cut: outlook.cut.clone() };
    OutlookView {
        open: outlook.open,
        overdue: outlook.overdue,
        in_time: outlook.open - outlook.overdue,
        dossiers: value_view(&stock, target, ask).dossiers,
        all_on_time: scenario(outlook.all_on_time),
        all_late: scenario(outlook.all_late),
        may_slip: outlook.may_slip,
    }
}

fn point_view(point: &Point, target: &Target, ask: &CutQuery) -> PointView {
    let Point { now, before } = point;
    PointView {
        from: now.cut.from,
        to: now.cut.to,
        value: value_view(now, target, ask),
        status: status_word(now.status),
        growth: growth_view(now, target),
        previous_year: PreviousYear {
            from: before.cut.from,
            to: before.cut.to,
            value: value_view(before, target, ask),
        },
    }
}

impl SeriesView {
    fn new(series: Series, ask: &CutQuery) -> Self {
        let Series { row, months, outlook } = series;
        let target = row.target.clone();
        let month = |month: Month| MonthView {
            month: month.name,
            own: month.points.as_ref().map(|points| point_view(&points.own, &target, ask)),
            cumulative: month.points.as_ref().map(|points| point_view(&points.cumulative, &target, ask)),
        };
        let no_outlook = outlook.as_ref().err().copied().map(NoOutlook::as_str);
        Self {
            months: months.into_iter().map(month).collect(),
            outlook: outlook.ok().map(|outlook| outlook_view(outlook, &target, ask)),
            no_outlook,
            row: ScorecardRow::new(row, ask),
        }
    }
}

/// The plan's targets month by month, each figure with the previous year's beside it
#[utoipa::path(
    operation_id = "get_scorecard_series",
    tag = "plans",
    params(("id" = String, Path), ScorecardQuery),
    responses(
        (status = 200, description = "Target by target, month by month", content(
            (ScorecardSeries = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/plans/{id}/scorecard/series")]
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
        let found = series(tx, &catalogues, &opened.plan, &opened.inner(&cut))?;
        let series = found.into_iter().map(|one| SeriesView::new(one, &opened.ask)).collect();
        let head = opened.head(tx, &cut, now)?;
        let letterhead = opened.letterhead(tx, &catalogues, &head)?;
        Ok::<_, ApiError>((ScorecardSeries { head, series }, letterhead))
    });
    let (answer, letterhead) = answer.await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(answer)),
        _ => printed(format, &print::series(&letterhead, &answer.series)),
    }
}
