//! Indicators: the catalogue of definitions, and their values at a cut.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Anyone, Authed, Staff};
use super::body::Query;
use super::figures::{CutQuery, CutText, CutView, escape, groups_of};
use super::problem::ApiError;
use super::responses::Reading;
use super::tables::{As, FormQuery, Place, Table, file_form};
use crate::app::access::STAFF;
use crate::store::catalogues::{Tree, calendar_version};
use crate::store::figures::{Counts, Cut, Figure, GroupBy, by_month, days, figures, percent};
use crate::store::indicators::{self, DEFINITION_VERSION, Direction, Indicator};
use crate::store::query::Filters;

/// What an indicator means.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Indicator)]
pub struct IndicatorView {
    pub id: &'static str,
    /// Its number in the trade's catalogue.
    pub k: &'static str,
    pub title: &'static str,
    pub title_en: &'static str,
    pub definition: String,
    pub definition_en: String,
    pub denominator: &'static str,
    pub numerator: &'static str,
    pub denominator_en: &'static str,
    pub numerator_en: &'static str,
    /// `percent` or `days`.
    pub unit: &'static str,
    /// `dossier`, `payment` or `procedure`.
    pub counts: &'static str,
    /// `up`: more is better; `down`: less is.
    pub direction: &'static str,
    pub period_by: &'static str,
    pub definition_version: u32,
    pub group_by: &'static [&'static str],
    pub source: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorList {
    pub items: Vec<IndicatorView>,
}

fn direction(indicator: &Indicator) -> &'static str {
    match indicator.direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

impl IndicatorView {
    fn new(indicator: &'static Indicator) -> Self {
        Self {
            id: indicator.id,
            k: indicator.k,
            title: indicator.title_vi,
            title_en: indicator.title_en,
            definition: format!("{}; {}.", indicator.denominator_vi, indicator.numerator_vi),
            definition_en: format!("{}; {}.", indicator.denominator_en, indicator.numerator_en),
            denominator: indicator.denominator_vi,
            numerator: indicator.numerator_vi,
            denominator_en: indicator.denominator_en,
            numerator_en: indicator.numerator_en,
            unit: indicator.unit(),
            counts: indicator.counts(),
            direction: direction(indicator),
            period_by: indicator.period_by,
            definition_version: DEFINITION_VERSION,
            group_by: indicator.group_by(),
            source: indicator.source,
        }
    }
}

/// The catalogue of indicators
#[utoipa::path(
    operation_id = "list_indicators",
    tag = "indicators",
    params(FormQuery),
    responses((status = 200, description = "All definitions", body = IndicatorList), Reading),
    security(("bearer" = []))
)]
#[get("/indicators")]
pub async fn list(
    _auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<FormQuery>,
) -> Result<HttpResponse, ApiError> {
    let items: Vec<IndicatorView> = indicators::all().map(IndicatorView::new).collect();
    match file_form(query.0.format.as_deref())? {
        Some(format) => TABLE.whole(format, &request, state.app.clock.now(), items).await,
        None => Ok(HttpResponse::Ok().json(IndicatorList { items })),
    }
}

const TABLE: Table = Table {
    stem: "indicators",
    vietnamese: "DANH MỤC CHỈ TIÊU",
    english: "INDICATORS",
    places: &[
        Place("/id", "Mã", "Id", 28.0, As::Text),
        Place("/k", "Ký hiệu", "K", 8.0, As::Text),
        Place("/title", "Tên", "Title (Vietnamese)", 50.0, As::Text),
        Place("/title_en", "Tên (tiếng Anh)", "Title", 50.0, As::Text),
        Place("/denominator", "Mẫu số", "Denominator (Vietnamese)", 60.0, As::Text),
        Place("/numerator", "Tử số", "Numerator (Vietnamese)", 60.0, As::Text),
        Place("/denominator_en", "Mẫu số (tiếng Anh)", "Denominator", 60.0, As::Text),
        Place("/numerator_en", "Tử số (tiếng Anh)", "Numerator", 60.0, As::Text),
        Place("/unit", "Đơn vị", "Unit", 10.0, As::Text),
        Place("/counts", "Đếm", "Counts", 12.0, As::Text),
        Place("/direction", "Chiều", "Direction", 10.0, As::Text),
        Place("/definition_version", "Phiên bản định nghĩa", "Definition version", 10.0, As::Integer),
        Place("/source", "Nguồn", "Source", 40.0, As::Text),
    ],
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ValuesQuery {
    /// Default: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// First day, in Vietnam; default 1 January of `to`'s year.
    pub from: Option<String>,
    /// Last day; default today.
    pub to: Option<String>,
    /// As it was known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Comma-separated ids; default all.
    pub ids: Option<String>,
    /// `agency`, `procedure`, `field`, `channel` or `month`.
    pub group_by: Option<String>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    /// A channel, or `online`.
    pub channel: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
}

/// Which group of a figure.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    pub by: &'static str,
    pub key: String,
    pub name: String,
}

/// Rated among the finished: how far a satisfaction speaks for all.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResponseRate {
    pub numerator: i64,
    pub denominator: i64,
    pub percent: Option<String>,
}

/// A figure with what is behind it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Value)]
pub struct ValueView {
    pub indicator: &'static str,
    pub group: Option<Group>,
    /// For unit `days`: the sum of office minutes.
    pub numerator: i64,
    pub denominator: i64,
    /// Two decimals, half up; null for an empty denominator.
    pub percent: Option<String>,
    /// Unit `days` only: the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub unit: &'static str,
    pub direction: &'static str,
    pub definition_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_rate: Option<ResponseRate>,
    /// Opens the denominator; `part=numerator` and `part=shortfall` open the others.
    pub dossiers: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ValuesAnswer {
    pub cut: CutView,
    /// The figures can no longer change.
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
    pub values: Vec<ValueView>,
}

/// Where the list behind a figure of this indicator is.
#[must_use]
pub fn list_path(indicator: &Indicator) -> String {
    format!("/api/v1/{}s", indicator.counts())
}

impl ValueView {
    #[must_use]
    pub fn new(indicator: &'static Indicator, counts: Counts, group: Option<Group>, link: String) -> Self {
        let Counts { numerator, denominator, responses } = counts;
        Self {
            indicator: indicator.id,
            group,
            numerator,
            denominator,
            percent: if indicator.in_days { None } else { percent(numerator, denominator) },
            value: if indicator.in_days { days(numerator, denominator) } else { None },
            unit: indicator.unit(),
            direction: direction(indicator),
            definition_version: DEFINITION_VERSION,
            response_rate: responses.map(|(numerator, denominator)| ResponseRate {
                numerator,
                denominator,
                percent: percent(numerator, denominator),
            }),
            dossiers: link,
        }
    }
}

/// Indicators named by `ids`, or all that can be grouped as asked.
fn wanted(ids: Option<&str>, by: Option<GroupBy>) -> Result<Vec<&'static Indicator>, ApiError> {
    let groups = |indicator: &Indicator| by.is_none_or(|by| indicator.group_by().contains(&by.as_str()));
    let Some(ids) = ids else { return Ok(indicators::all().filter(|indicator| groups(indicator)).collect()) };
    let mut found: Vec<&'static Indicator> = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let indicator = indicators::find(id)
            .ok_or_else(|| ApiError::field("?ids", "unknown_indicator", &format!("no indicator {id:?}")))?;
        if !groups(indicator) {
            let detail = format!("{id} can be grouped by {}", indicator.group_by().join(", "));
            return Err(ApiError::field("?group_by", "not_groupable", &detail));
        }
        if found.iter().all(|known| known.id != id) {
            found.push(indicator);
        }
    }
    Ok(found)
}

/// Filters shared by values and drill-downs.
pub(super) fn filters_of(
    procedure: Option<String>,
    field: Option<String>,
    channel: Option<String>,
) -> Result<Filters, ApiError> {
    let online_only = channel.as_deref() == Some("online");
    let channel = channel.filter(|_| !online_only);
    if channel.as_deref().is_some_and(|text| crate::domain::event::Channel::parse(text).is_none()) {
        return Err(ApiError::field("?channel", "unknown_value", "a channel, or `online`"));
    }
    Ok(Filters { procedure, field, channel, online_only })
}

/// Values at a cut, each opening into its dossiers
#[utoipa::path(
    operation_id = "get_values",
    tag = "indicators",
    params(ValuesQuery),
    responses((status = 200, description = "Exact counts and percents", body = ValuesAnswer), Reading),
    security(("bearer" = []))
)]
#[get("/indicators/values")]
pub async fn values(
    auth: Authed<Staff>,
    state: web::Data<State>,
    query: Query<ValuesQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let by = match query.group_by.as_deref() {
        None => None,
        Some(text) => Some(GroupBy::parse(text).ok_or_else(|| {
            ApiError::field("?group_by", "unknown_value", "agency, procedure, field, channel or month")
        })?),
    };
    let asked = wanted(query.ids.as_deref(), by)?;
    let ask = CutQuery::read(
        CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: query.level.as_deref(),
            filters: filters_of(query.procedure, query.field, query.channel)?,
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
            let documents = catalogues.agencies(tx)?;
            let tree = Tree::new(&documents, ask.to, ask.known_at);
            let groups = match by {
                Some(GroupBy::Agency) => groups_of(&tree, ask.agency.as_deref(), &caller.roots(&STAFF)),
                _ => BTreeMap::new(),
            };
            let procedures = catalogues.procedures(tx)?;
            let name = |by: GroupBy, key: &str| match by {
                GroupBy::Agency => tree.get(key).map(|agency| agency.name.clone()),
                GroupBy::Procedure => procedures.at(key, ask.to, ask.known_at).map(|r| r.body.name.clone()),
                GroupBy::Field | GroupBy::Channel | GroupBy::Month => None,
            };
            let found = if by == Some(GroupBy::Month) {
                // A month opens into the same agencies that it counts: those of the tree at its own end.
                let month = |(name, slice): (String, Cut)| -> Result<(String, Cut), ApiError> {
                    let ask = CutQuery { from: slice.from, to: slice.to, ..ask.clone() };
                    Ok((name, ask.resolve(tx, &catalogues, &caller, &STAFF, now)?.0))
                };
                let months = cut.months().into_iter().map(month).collect::<Result<Vec<_>, _>>()?;
                by_month(tx, &catalogues, &months, &asked)?
            } else {
                figures(tx, &catalogues, &cut, &asked, by, &groups)?
            };
            let views = found.into_iter().map(|figure| {
                let link = link_of(&ask, &figure, by);
                let group = figure.group.zip(by).map(|(key, by)| Group {
                    by: by.as_str(),
                    name: name(by, &key).unwrap_or_else(|| key.clone()),
                    key,
                });
                ValueView::new(figure.indicator, figure.counts, group, link)
            });
            Ok::<_, ApiError>(ValuesAnswer {
                cut: ask.view(&cut),
                settled: ask.settled(now),
                calendar_version: calendar_version(tx, ask.known_at)?,
                values: views.collect(),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// The list behind a figure, narrowed to its group.
fn link_of(ask: &CutQuery, figure: &Figure, by: Option<GroupBy>) -> String {
    let mut narrowed = ask.clone();
    if let (Some(by), Some(key)) = (by, &figure.group) {
        match by {
            GroupBy::Agency => {
                narrowed.own = ask.own || ask.agency.as_ref() == Some(key);
                narrowed.agency = Some(key.clone());
            }
            GroupBy::Procedure => narrowed.filters.procedure = Some(key.clone()),
            GroupBy::Field => narrowed.filters.field = Some(key.clone()),
            GroupBy::Channel => {
                narrowed.filters.channel = Some(key.clone());
                narrowed.filters.online_only = false;
            }
            GroupBy::Month => {
                if let Some((from, to)) = month_of(key, ask) {
                    narrowed.from = from;
                    narrowed.to = to;
                }
            }
        }
    }
    format!(
        "{}?indicator={}&part=denominator{}",
        list_path(figure.indicator),
        escape(figure.indicator.id),
        narrowed.query()
    )
}

fn month_of(key: &str, ask: &CutQuery) -> Option<(chrono::NaiveDate, chrono::NaiveDate)> {
    let first: chrono::NaiveDate = format!("{key}-01").parse().ok()?;
    let last = first.checked_add_months(chrono::Months::new(1))?.pred_opt()?;
    Some((first.max(ask.from), last.min(ask.to)))
}
