//! Integrity checks: their definitions, and whom they flag at a cut.

mod print;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Audit, Authed, Permission};
use super::body::Query;
use super::dossiers::ListQuery;
use super::figures::{CutQuery, CutText, CutView, groups_of};
use super::format::{Bytes, Format, printed};
use super::indicators::Group;
use super::problem::{ApiError, Kind};
use super::responses::Reading;
use crate::app::Caller;
use crate::store::catalogues::{Tree, calendar_version};
use crate::store::checks::count::{Found, count};
use crate::store::checks::histogram::Bucket;
use crate::store::checks::{self, Audited, CHECKS_VERSION, Check};
use crate::store::figures::percent;
use crate::store::query::Filters;

/// What a check looks for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckDefinition {
    pub id: &'static str,
    pub title: &'static str,
    pub title_en: &'static str,
    /// Population and flagged in one sentence, with the thresholds that decide.
    pub definition: String,
    pub definition_en: String,
    /// Who could be flagged: the denominator.
    pub population: String,
    pub population_en: String,
    pub flagged: String,
    pub flagged_en: String,
    /// `info`, `warning` or `serious`.
    pub severity: &'static str,
    pub severity_title: &'static str,
    /// Where it comes from: a practice that was found out, or a rule of law.
    pub source: &'static str,
    pub definition_version: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CheckCatalogue {
    pub items: Vec<CheckDefinition>,
    pub definition_version: u32,
}

impl CheckDefinition {
    fn new(check: &'static Check) -> Self {
        let ((population, population_en), (flagged, flagged_en)) = (check.population_text(), check.flagged_text());
        Self {
            id: check.id,
            title: check.title_vi,
            title_en: check.title_en,
            definition: format!("{population}; {flagged}."),
            definition_en: format!("{population_en}; {flagged_en}."),
            population,
            population_en,
            flagged,
            flagged_en,
            severity: check.severity.as_str(),
            severity_title: check.severity.titles().0,
            source: check.source,
            definition_version: CHECKS_VERSION,
        }
    }
}

/// The catalogue of integrity checks
#[utoipa::path(
    operation_id = "list_checks",
    tag = "audit",
    responses((status = 200, description = "All definitions, with their thresholds", body = CheckCatalogue), Reading),
    security(("bearer" = []))
)]
#[get("/audit/checks/catalogue")]
pub async fn catalogue(_auth: Authed<Audit>) -> HttpResponse {
    let items = checks::all().map(CheckDefinition::new).collect();
    HttpResponse::Ok().json(CheckCatalogue { items, definition_version: CHECKS_VERSION })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ChecksQuery {
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
    /// `agency`: direct children, each with its subtree, and the agency itself.
    pub group_by: Option<String>,
    /// `json` (default), `csv`, `xlsx` or `html`.
    pub format: Option<String>,
}

/// A check with what it found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckCount)]
pub struct CheckView {
    pub check: &'static str,
    pub title: &'static str,
    pub title_en: &'static str,
    pub severity: &'static str,
    pub group: Option<Group>,
    pub flagged: i64,
    pub population: i64,
    /// Two decimals, half up; null for an empty population.
    pub percent: Option<String>,
    pub definition_version: u32,
    /// Opens those flagged.
    pub dossiers: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ChecksAnswer {
    pub cut: CutView,
    /// The counts can no longer change.
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
    pub definition_version: u32,
    pub checks: Vec<CheckView>,
}

/// Checks named by `ids`, each once; default all.
fn wanted(ids: Option<&str>) -> Result<Vec<&'static Check>, ApiError> {
    let Some(ids) = ids else { return Ok(checks::all().collect()) };
    let mut found: Vec<&'static Check> = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let check = known("?ids", id)?;
        if found.iter().all(|other| other.id != id) {
            found.push(check);
        }
    }
    Ok(found)
}

fn known(pointer: &str, id: &str) -> Result<&'static Check, ApiError> {
    checks::find(id).ok_or_else(|| ApiError::field(pointer, "unknown_check", &format!("no check {id:?}")))
}

/// The check, or the bar of the histogram, that a list of dossiers is opened from, by one who may.
///
/// # Errors
/// 403 for whoever is neither auditor nor leader; 422 for an unknown one, or one beside another drill-down.
pub(super) fn drill_down(query: &ListQuery, caller: &Caller) -> Result<Option<Audited>, ApiError> {
    let (pointer, other) = match (&query.check, &query.bucket) {
        (None, None) => return Ok(None),
        (Some(_), bucket) => ("?check", bucket.is_some()),
        (None, Some(_)) => ("?bucket", false),
    };
    if !caller.has_any(Audit::ROLES) {
        return Err(ApiError::with(Kind::Forbidden, "checks are for auditors and leaders"));
    }
    if other || query.indicator.is_some() || query.report.is_some() {
        return Err(ApiError::field(pointer, "exclusive", "a list opens one figure, cell, check or bar"));
    }
    if let Some(id) = &query.check {
        return Ok(Some(Audited::Check(known(pointer, id)?)));
    }
    let bucket = query.bucket.as_deref().and_then(Bucket::parse);
    let bucket = bucket.ok_or_else(|| ApiError::field(pointer, "unknown_bucket", "such as day:-3, hour:0 or past"))?;
    Ok(Some(Audited::Bucket(bucket)))
}

/// Integrity checks at a cut, each opening into the dossiers it flags
#[utoipa::path(
    operation_id = "get_checks",
    tag = "audit",
    params(ChecksQuery),
    responses(
        (status = 200, description = "Exact counts; those that flag nobody too", content(
            (ChecksAnswer = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/audit/checks")]
pub async fn counts(
    auth: Authed<Audit>,
    state: web::Data<State>,
    query: Query<ChecksQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let format = Format::read(query.format.as_deref(), &Format::ALL)?;
    let by_agency = match query.group_by.as_deref() {
        None => false,
        Some("agency") => true,
        Some(_) => return Err(ApiError::field("?group_by", "not_groupable", "checks are grouped by agency")),
    };
    let asked = wanted(query.ids.as_deref())?;
    let ask = CutQuery::read(
        CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: None,
            filters: Filters::default(),
        },
        now,
    )?;
    let catalogues = state.app.catalogues.clone();
    let caller = auth.caller;
    let (answer, name) = state
        .app
        .store
        .read(move |tx| {
            let (cut, _) = ask.resolve(tx, &catalogues, &caller, Audit::ROLES, now)?;
            let documents = catalogues.agencies(tx)?;
            let tree = Tree::new(&documents, ask.to, ask.known_at);
            let groups: Option<BTreeMap<String, String>> =
                by_agency.then(|| groups_of(&tree, ask.agency.as_deref(), &caller.roots(Audit::ROLES)));
            let found = count(tx, &cut, &asked, groups.as_ref())?;
            let answer = ChecksAnswer {
                cut: ask.view(&cut),
                settled: ask.settled(now),
                calendar_version: calendar_version(tx, ask.known_at)?,
                definition_version: CHECKS_VERSION,
                checks: found.into_iter().map(|found| view(&ask, &tree, found)).collect(),
            };
            let name = ask.agency.as_deref().and_then(|code| tree.get(code)).map(|agency| agency.name.clone());
            Ok::<_, ApiError>((answer, name))
        })
        .await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(answer)),
        Format::Csv | Format::Xlsx | Format::Html => printed(format, &print::sheet(&answer, name)),
    }
}

fn view(ask: &CutQuery, tree: &Tree<'_>, found: Found) -> CheckView {
    let Found { check, group, flagged, population } = found;
    let mut narrowed = ask.clone();
    if let Some(key) = &group {
        narrowed.own = ask.own || ask.agency.as_ref() == Some(key);
        narrowed.agency = Some(key.clone());
    }
    let name = |key: &str| tree.get(key).map_or_else(|| key.to_owned(), |agency| agency.name.clone());
    CheckView {
        check: check.id,
        title: check.title_vi,
        title_en: check.title_en,
        severity: check.severity.as_str(),
        group: group.map(|key| Group { by: "agency", name: name(&key), key }),
        flagged,
        population,
        percent: percent(flagged, population),
        definition_version: CHECKS_VERSION,
        dossiers: format!("/api/v1/dossiers?check={}{}", check.id, narrowed.query()),
    }
}
