//! Declared values: versions with evidence, and the reviews of a second person.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Audit, Authed, Lead, Staff};
use super::body::{self, Json, Query};
use super::dossiers::{key_of, known_at};
use super::page::{ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::tables::{As, Place as Column, Table, Turn, Wish};
use crate::app::access::STAFF;
use crate::app::declarations::{Place, declare, review, target_of};
use crate::app::{AppError, Caller};
use crate::domain::declaration::{Declaration, Evidence, Verdict};
use crate::domain::score::percent;
use crate::domain::time::{self, Instant, business_date};
use crate::plans::Period;
use crate::store::catalogues::{Catalogues, Tree};
use crate::store::declarations::{Declared, Question, declared};
use crate::store::{Tx, notes};

/// A value to be declared: either `value`, or `numerator` and `denominator`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declare {
    /// Default: the plan's body. You are a leader there.
    pub agency: Option<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// A decimal in the target's unit, at most six digits after the point; of a growth target: the growth in percent.
    #[schema(example = "92.4")]
    pub value: Option<String>,
    /// Of a share: exact counts.
    pub numerator: Option<i64>,
    pub denominator: Option<i64>,
    /// At least one file or document.
    #[serde(default)]
    #[schema(min_items = 1, required = true)]
    pub evidence: Vec<Evidence>,
    pub note: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBody {
    /// Whose declaration; default: the plan's body.
    pub agency: Option<String>,
    pub verdict: Verdict,
    pub note: Option<String>,
}

/// One version of a declared value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Declaration)]
pub struct DeclarationView {
    pub agency: String,
    /// From 1 within agency, plan and target.
    pub version: i32,
    pub period: Period,
    pub unit: String,
    /// As it was written; null when exact counts were given.
    pub value: Option<String>,
    pub numerator: Option<i64>,
    pub denominator: Option<i64>,
    /// Of the counts: two decimals, half up.
    pub percent: Option<String>,
    /// `user:<id>`.
    pub declared_by: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub declared_at: Instant,
    /// `pending`, `accepted` or `rejected`, as known then.
    pub status: &'static str,
    pub evidence: Vec<Evidence>,
    /// Null in scorecards, and where it was erased.
    pub note: Option<String>,
    pub review: Option<ReviewView>,
}

/// What the second person said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeclarationReview)]
pub struct ReviewView {
    pub verdict: Verdict,
    pub reviewed_by: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub reviewed_at: Instant,
    pub note: Option<String>,
}

impl DeclarationView {
    /// Without notes: free text is shown where declarations are listed.
    #[must_use]
    pub fn bare(declared: Declared) -> Self {
        let view = Self::new(declared);
        Self { note: None, review: view.review.map(|review| ReviewView { note: None, ..review }), ..view }
    }

    #[must_use]
    pub fn new(declared: Declared) -> Self {
        let status = declared.standing().as_str();
        let Declaration { from, to, unit, value, numerator, denominator, evidence, note } = declared.content;
        Self {
            agency: declared.agency,
            version: declared.version,
            period: Period { from, to },
            unit,
            value,
            numerator,
            denominator,
            percent: numerator.zip(denominator).and_then(|(n, d)| percent(n, d)),
            declared_by: declared.declared_by,
            declared_at: declared.declared_at,
            status,
            evidence,
            note,
            review: declared.review.map(|review| ReviewView {
                verdict: review.verdict,
                reviewed_by: review.reviewed_by,
                reviewed_at: review.reviewed_at,
                note: review.note,
            }),
        }
    }
}

/// Declare a value, with evidence; nothing is overwritten
#[utoipa::path(
    operation_id = "declare_value",
    tag = "plans",
    request_body = Declare,
    params(
        ("id" = String, Path, description = "The plan"),
        ("key" = String, Path, description = "The target"),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request never makes a second version"),
    ),
    responses(
        (status = 201, description = "One more version, pending until somebody else has reviewed it", body = DeclarationView),
        Writing
    ),
    security(("bearer" = []))
)]
#[post("/plans/{id}/targets/{key}/declarations")]
pub async fn create(
    auth: Authed<Lead>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let (plan, target) = path.into_inner();
    let place = format!("POST /plans/{plan}/targets/{target}/declarations");
    let key = key_of(&state.app, &request, &auth.caller, &place, &json)?;
    let Declare { agency, from, to, value, numerator, denominator, evidence, note } = json.read()?;
    let content = Declaration { from, to, unit: String::new(), value, numerator, denominator, evidence, note };
    let place = Place { plan, target, agency };
    let done = declare(&state.app, auth.caller, place.clone(), content, key).await?;
    let location = format!(
        "/api/v1/plans/{}/targets/{}/declarations?agency={}&from={}&to={}",
        place.plan, place.target, done.agency, done.content.from, done.content.to
    );
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(DeclarationView::new(done)))
}

/// Accept or reject what somebody else declared; once per version
#[utoipa::path(
    operation_id = "review_declaration",
    tag = "plans",
    request_body = ReviewBody,
    params(
        ("id" = String, Path, description = "The plan"),
        ("key" = String, Path, description = "The target"),
        ("version" = i32, Path, description = "The agency's version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request is answered alike"),
    ),
    responses((status = 201, description = "The version with its review", body = DeclarationView), Writing),
    security(("bearer" = []))
)]
#[post("/plans/{id}/targets/{key}/declarations/{version}/review")]
pub async fn judge(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String, String)>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let (plan, target, version) = path.into_inner();
    let place = format!("POST /plans/{plan}/targets/{target}/declarations/{version}/review");
    let key = key_of(&state.app, &request, &auth.caller, &place, &json)?;
    let ReviewBody { agency, verdict, note } = json.read()?;
    let version = version.parse::<i32>().ok().filter(|n| *n > 0).ok_or(AppError::NotFound)?;
    let place = Place { plan, target, agency };
    let done = review(&state.app, auth.caller, place, version, (verdict, note), key).await?;
    Ok(HttpResponse::Created().json(DeclarationView::new(done)))
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeclarationsQuery {
    /// Default: the plan's body and every agency below it, within your reach.
    pub agency: Option<String>,
    /// Only declarations of the period that begins on this day.
    pub from: Option<String>,
    /// Only declarations of the period that ends on this day.
    pub to: Option<String>,
    /// Declarations and reviews as they were known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

/// Declarations with the plan they are of.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclaredList {
    /// The plan's latest revision.
    pub plan_revision: i32,
    #[serde(flatten)]
    pub listed: Listed<DeclarationView>,
}

impl From<DeclaredList> for Page<DeclarationView> {
    fn from(declared: DeclaredList) -> Self {
        declared.listed.page
    }
}

const TABLE: Table = Table {
    stem: "declarations",
    vietnamese: "SỐ LIỆU TỰ KÊ KHAI",
    english: "DECLARED VALUES",
    places: &[
        Column("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Column("/version", "Lần kê khai", "Version", 8.0, As::Integer),
        Column("/period/from", "Từ ngày", "From", 12.0, As::Date),
        Column("/period/to", "Đến ngày", "To", 12.0, As::Date),
        Column("/unit", "Đơn vị tính", "Unit", 12.0, As::Text),
        Column("/value", "Giá trị", "Value", 12.0, As::Text),
        Column("/numerator", "Tử số", "Numerator", 12.0, As::Integer),
        Column("/denominator", "Mẫu số", "Denominator", 12.0, As::Integer),
        Column("/percent", "Tỷ lệ (%)", "Percent", 10.0, As::Text),
        Column("/declared_by", "Người kê khai", "Declared by", 44.0, As::Text),
        Column("/declared_at", "Kê khai lúc", "Declared", 17.0, As::Instant),
        Column("/status", "Tình trạng", "Status", 14.0, As::Word(status_word)),
        Column("/evidence", "Văn bản", "Documents", 24.0, As::All("/number")),
        Column("/evidence", "Tệp (SHA-256)", "Files (SHA-256)", 68.0, As::All("/sha256")),
        Column("/review/reviewed_by", "Người thẩm tra", "Reviewed by", 44.0, As::Text),
        Column("/review/reviewed_at", "Thẩm tra lúc", "Reviewed", 17.0, As::Instant),
    ],
};

fn status_word(word: &str, vietnamese: bool) -> Option<&'static str> {
    match (word, vietnamese) {
        ("pending", true) => Some("chờ thẩm tra"),
        ("accepted", true) => Some("chấp nhận"),
        ("rejected", true) => Some("không chấp nhận"),
        _ => None,
    }
}

/// All versions of a target's declared values, with their reviews
#[utoipa::path(
    operation_id = "list_declarations",
    tag = "plans",
    params(
        ("id" = String, Path, description = "The plan"),
        ("key" = String, Path, description = "The target"),
        DeclarationsQuery
    ),
    responses((status = 200, description = "By agency and version", body = DeclaredList), Reading),
    security(("bearer" = []))
)]
#[get("/plans/{id}/targets/{key}/declarations")]
pub async fn list(
    auth: Authed<Staff>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    query: Query<DeclarationsQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, caller, now) = (query.0, auth.caller, state.app.clock.now());
    let place = path.into_inner();
    let wish = Wish {
        format: query.format.clone(),
        limit: query.limit,
        cursor: query.cursor.clone(),
        known_at: query.known_at.clone(),
        ..Wish::default()
    };
    let page = move |Turn { limit, cursor, known_at }| {
        let query = DeclarationsQuery { limit, cursor, known_at, ..query.clone() };
        page(state.clone(), caller.clone(), place.clone(), query, now)
    };
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    (plan, target): (String, String),
    query: DeclarationsQuery,
    now: Instant,
) -> Result<DeclaredList, ApiError> {
    let (from, to) = (body::date("from", query.from.as_deref())?, body::date("to", query.to.as_deref())?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::field("?from", "reversed", "the period ends before it begins"));
    }
    let known_at = known_at(query.known_at.as_deref(), now)?.unwrap_or(now);
    let size = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let question = format!("declarations {plan} {target} {:?} {from:?} {to:?} {:?}", query.agency, query.known_at);
    let after = position(&question, query.cursor.as_deref())?.map(|text| read_position(&text)).transpose()?;
    let app = state.app.clone();
    let listed = state.app.store.read(move |tx| {
        let place = Place { plan, target, agency: query.agency };
        let (plan, _) = target_of(tx, &app, &place, now)?;
        let plans = app.catalogues.plans(tx)?;
        let plan_revision = plans.latest(&place.plan).map_or(0, |plan| plan.revision);
        let ask = Question {
            agencies: readable(tx, &app.catalogues, &caller, &plan.agency, place.agency.as_deref(), now)?,
            plan: Some(place.plan),
            target: Some(place.target),
            version: None,
            known_at: known_at.timestamp_micros(),
        };
        let mut found = declared(tx, &ask)?;
        found
            .retain(|one| from.is_none_or(|from| one.content.from == from) && to.is_none_or(|to| one.content.to == to));
        found.retain(|one| after.as_ref().is_none_or(|after| (&one.agency, one.version) > (&after.0, after.1)));
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next = last.map(|one| cursor(&question, &format!("{}#{}", one.agency, one.version)));
        notes::open(tx, &app.vault, &mut found)?;
        let page = Page { items: found.into_iter().map(DeclarationView::new).collect(), next, count: None };
        let cut = ListCut::new(tx, (known_at, known_at), now)?;
        Ok::<_, ApiError>(DeclaredList { plan_revision, listed: Listed { cut, page } })
    });
    listed.await
}

fn read_position(text: &str) -> Result<(String, i32), ApiError> {
    let (agency, version) = text.split_once('#').ok_or_else(bad_cursor)?;
    Ok((agency.to_owned(), version.parse().map_err(|_| bad_cursor())?))
}

/// The agencies whose declarations are listed: one with those merged into it, or the plan's body with all below it.
fn readable(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    caller: &Caller,
    body: &str,
    agency: Option<&str>,
    now: Instant,
) -> Result<Vec<String>, AppError> {
    let documents = catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, business_date(now), now);
    let reach = caller.reach(&tree, &STAFF);
    let asked = match agency {
        Some(code) if !reach.contains(code) => {
            tracing::warn!(actor = %caller.actor, agency = code, "out of scope");
            return Err(AppError::NotFound);
        }
        Some(code) => tree.own(code),
        None => tree.subtree(body),
    };
    Ok(asked.intersection(&reach).cloned().collect())
}
