//! Procedures (thủ tục hành chính): versions by effective date; also the drill-down of figures that
//! count procedures.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Administer, Anyone, Authed};
use super::body::{self, Json, Query};
use super::dossiers::key_of;
use super::figures::{CutQuery, CutText, drill_down};
use super::indicators::filters_of;
use super::page::{ListCut, Listed, Page, cursor, limit, position};
use super::problem::{ApiError, Kind};
use super::responses::{Reading, Writing};
use super::tables::{As, Place, Table, Turn, Wish};
use super::words::Word;
use crate::app::access::READERS;
use crate::app::catalogue::{Expect, QUEUE, put_procedure};
use crate::app::dossiers::once;
use crate::app::{App, AppError, Caller};
use crate::domain::catalogue::{Procedure, ServiceLevel};
use crate::domain::time::{Instant, end_of_day};
use crate::store::figures::procedure_list;

/// A procedure version and its revision, which is the `ETag`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcedureVersion {
    #[serde(flatten)]
    pub procedure: Procedure,
    pub revision: i32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ProcedureQuery {
    /// In force on this date; default: the latest revisions.
    pub valid_on: Option<String>,
    /// Lĩnh vực.
    pub field: Option<String>,
    /// Drill-down: an indicator whose unit is the procedure, with `part` and the cut.
    pub indicator: Option<String>,
    /// `denominator`, `numerator`, `shortfall`.
    pub part: Option<String>,
    pub agency: Option<String>,
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    pub procedure: Option<String>,
    /// Drill-down: dossiers of this channel, or `online`.
    pub channel: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Drill-down: agencies as they stand on this day, merged ones with their successor; default `to`.
    pub tree: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count all of them.
    pub count: Option<bool>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

const TABLE: Table = Table {
    stem: "procedures",
    vietnamese: "DANH MỤC THỦ TỤC HÀNH CHÍNH",
    english: "ADMINISTRATIVE PROCEDURES",
    places: &[
        Place("/code", "Mã thủ tục", "Code", 14.0, As::Text),
        Place("/name", "Tên thủ tục", "Name", 60.0, As::Text),
        Place("/field", "Lĩnh vực", "Field", 24.0, As::Text),
        Place("/levels", "Cấp thực hiện", "Levels", 20.0, As::All("")),
        Place("/service_level", "Mức độ dịch vụ công", "Service level", 16.0, As::Word(service_level)),
        Place("/full_online_eligible", "Đủ điều kiện toàn trình", "Eligible for full online", 12.0, As::Yes),
        Place("/processing_time/amount", "Thời hạn", "Time", 10.0, As::Integer),
        Place("/processing_time/unit", "Đơn vị thời hạn", "Unit of time", 16.0, As::Word(time_unit)),
        Place("/fees", "Phí, lệ phí", "Fees", 16.0, As::All("/code")),
        Place("/components", "Thành phần hồ sơ", "Components", 24.0, As::All("/code")),
        Place("/electronic_result_eligible", "Kết quả điện tử", "Electronic result", 12.0, As::Yes),
        Place("/on_national_portal", "Trên Cổng DVCQG", "On the national portal", 12.0, As::Yes),
        Place("/on_the_spot", "Tại chỗ", "On the spot", 10.0, As::Yes),
        Place("/effective_from", "Hiệu lực từ", "Effective from", 12.0, As::Date),
        Place("/valid_to", "Hết hiệu lực", "Valid to", 12.0, As::Date),
        Place("/revision", "Lần sửa", "Revision", 8.0, As::Integer),
    ],
};

fn service_level(word: &str, vietnamese: bool) -> Option<&'static str> {
    Some(ServiceLevel::parse(word)?.word(vietnamese))
}

fn time_unit(word: &str, vietnamese: bool) -> Option<&'static str> {
    let (vi, en) = match word {
        "working_days" => ("ngày làm việc", "working days"),
        "calendar_days" => ("ngày", "calendar days"),
        "working_hours" => ("giờ làm việc", "working hours"),
        "immediate" => ("trả ngay", "at once"),
        _ => return None,
    };
    Some(if vietnamese { vi } else { en })
}

/// Procedures by code; with `indicator` and `part` those behind a figure
#[utoipa::path(
    operation_id = "list_procedures",
    tag = "catalogues",
    params(ProcedureQuery),
    responses((status = 200, description = "By code", body = Listed<ProcedureVersion>), Reading),
    security(("bearer" = []))
)]
#[get("/procedures")]
pub async fn list(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<ProcedureQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, caller, now) = (query.0, auth.caller, state.app.clock.now());
    let wish = Wish {
        format: query.format.clone(),
        limit: query.limit,
        cursor: query.cursor.clone(),
        count: query.count,
        known_at: query.known_at.clone(),
    };
    let page = move |Turn { limit, cursor, known_at }| {
        let query = ProcedureQuery { limit, cursor, known_at, ..query.clone() };
        page(state.clone(), caller.clone(), query, now)
    };
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    query: ProcedureQuery,
    now: Instant,
) -> Result<Listed<ProcedureVersion>, ApiError> {
    let size = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
    let on = body::date("valid_on", query.valid_on.as_deref())?;
    let bare = ProcedureQuery { limit: None, cursor: None, count: None, format: None, ..query.clone() };
    let question = serde_json::to_string(&bare).unwrap_or_default();
    let after = position(&question, query.cursor.as_deref())?;
    let drill = drill_down(query.indicator.as_deref(), query.part.as_deref(), "procedure")?;
    if drill.is_some() && !caller.has_any(&READERS) {
        return Err(ApiError::with(Kind::Forbidden, "none of your roles opens a figure"));
    }
    let cut = CutQuery::read(
        CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: query.level.as_deref(),
            filters: filters_of(query.procedure.clone(), query.field.clone(), query.channel.clone())?,
        },
        now,
    )?
    .with_tree(query.tree.as_deref())?;
    let catalogues = state.app.catalogues.clone();
    state
        .app
        .store
        .read(move |tx| {
            let documents = catalogues.procedures(tx)?;
            let codes: Vec<String> = match drill {
                Some((indicator, part)) => {
                    let (inner, _) = cut.resolve(tx, &catalogues, &caller, &READERS, now)?;
                    procedure_list(tx, &catalogues, &inner, indicator, part)?
                }
                None => documents.codes().map(str::to_owned).collect(),
            };
            let dated = on.or_else(|| drill.map(|_| cut.to));
            let found: Vec<ProcedureVersion> = codes
                .iter()
                .filter_map(|code| match dated {
                    Some(date) => documents.at(code, date, cut.known_at).or_else(|| documents.latest(code)),
                    None => documents.latest(code),
                })
                .filter(|r| drill.is_some() || query.field.as_ref().is_none_or(|field| *field == r.body.field))
                .filter(|r| {
                    drill.is_some() || on.is_none_or(|date| r.effective_from <= date && r.body.offered_on(date))
                })
                .map(|r| ProcedureVersion { procedure: r.body.clone(), revision: r.revision })
                .collect();
            let count = query.count.unwrap_or(false).then(|| i64::try_from(found.len()).unwrap_or(i64::MAX));
            let rest = found.into_iter().filter(|v| after.as_ref().is_none_or(|after| v.procedure.code > *after));
            let mut items: Vec<ProcedureVersion> = rest.take(size + 1).collect();
            let more = items.len() > size;
            items.truncate(size);
            let next = items.last().filter(|_| more).map(|last| cursor(&question, &last.procedure.code));
            let at = cut.known_at.min(end_of_day(cut.to));
            let cut = ListCut::new(tx, (cut.known_at, at), now)?;
            Ok::<_, ApiError>(Listed { cut, page: Page { items, next, count } })
        })
        .await
}

/// One procedure, its latest revision
#[utoipa::path(
    operation_id = "get_procedure",
    tag = "catalogues",
    params(("code" = String, Path)),
    responses((status = 200, description = "The procedure", body = ProcedureVersion), Reading),
    security(("bearer" = []))
)]
#[get("/procedures/{code}")]
pub async fn get(
    _auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let view = latest(&state.app, path.into_inner()).await?;
    Ok(tagged(HttpResponse::Ok(), &view))
}

async fn latest(app: &App, code: String) -> Result<ProcedureVersion, ApiError> {
    let catalogues = app.catalogues.clone();
    let view = app.store.read(move |tx| {
        let documents = catalogues.procedures(tx)?;
        let found = documents.latest(&code).ok_or(AppError::NotFound)?;
        Ok::<_, AppError>(ProcedureVersion { procedure: found.body.clone(), revision: found.revision })
    });
    Ok(view.await?)
}

fn tagged(mut answer: actix_web::HttpResponseBuilder, view: &ProcedureVersion) -> HttpResponse {
    answer.insert_header((header::ETAG, format!("\"{}\"", view.revision))).json(view)
}

/// Add a procedure
#[utoipa::path(
    operation_id = "create_procedure",
    tag = "catalogues",
    request_body = Procedure,
    responses((status = 201, description = "Added", body = ProcedureVersion), Writing),
    security(("bearer" = []))
)]
#[post("/procedures")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let key = key_of(&state.app, &request, &auth.caller, "POST /procedures", &json)?;
    let procedure: Procedure = json.read()?;
    let code = procedure.code.clone();
    let (app, actor) = (state.app.clone(), auth.caller.actor);
    state
        .app
        .store
        .write(QUEUE, move |tx| {
            once(tx, &actor, key.as_ref(), app.clock.now(), &procedure.code, |tx| {
                put_procedure(tx, &app, &procedure, Expect::New).map(|_| ())
            })
        })
        .await?;
    let view = latest(&state.app, code).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/procedures/{}", view.procedure.code)));
    Ok(tagged(answer, &view))
}

/// A new version of a procedure, from its `effective_from` on; retire it by `valid_to`
#[utoipa::path(
    operation_id = "replace_procedure",
    tag = "catalogues",
    request_body = Procedure,
    params(("code" = String, Path), ("If-Match" = String, Header, description = "The `ETag` that the caller saw")),
    responses((status = 200, description = "Changed", body = ProcedureVersion), Writing),
    security(("bearer" = []))
)]
#[put("/procedures/{code}")]
pub async fn replace(
    _auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let code = path.into_inner();
    latest(&state.app, code.clone()).await?;
    let expect = Expect::Revision(i32::try_from(body::if_match(&request)?).unwrap_or(0));
    let procedure: Procedure = json.read()?;
    if procedure.code != code {
        return Err(ApiError::field("/code", "other_code", "the code in the path names another procedure"));
    }
    let app = state.app.clone();
    state.app.store.write(QUEUE, move |tx| put_procedure(tx, &app, &procedure, expect)).await?;
    Ok(tagged(HttpResponse::Ok(), &latest(&state.app, code).await?))
}
