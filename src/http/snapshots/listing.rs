//! Lists of snapshots, as a page or as a file.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::SnapshotSummary;
use crate::app::access::STAFF;
use crate::app::{AppError, Caller};
use crate::domain::time::{Instant, business_date};
use crate::http::State;
use crate::http::auth::{Authed, Staff};
use crate::http::body::{self, Query};
use crate::http::dossiers::known_at as past;
use crate::http::page::{ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::http::tables::{As, Place, Table, Turn, Wish};
use crate::store::catalogues::Tree;
use crate::store::query::SnapshotQuery;
use crate::store::sql_types::Id;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SnapshotListQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `06a` or `07a`.
    pub report: Option<String>,
    /// `computed` or `declared`.
    pub basis: Option<String>,
    /// Periods that touch these days.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Taken by then.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

const TABLE: Table = Table {
    stem: "snapshots",
    vietnamese: "BÁO CÁO ĐÃ CHỐT",
    english: "FROZEN REPORTS",
    places: &[
        Place("/id", "Số định danh", "Id", 38.0, As::Text),
        Place("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Place("/label", "Tên", "Label", 40.0, As::Text),
        Place("/basis", "Nguồn số liệu", "Basis", 14.0, As::Word(basis_word)),
        Place("/report", "Biểu", "Report", 8.0, As::Text),
        Place("/from", "Từ ngày", "From", 12.0, As::Date),
        Place("/to", "Đến ngày", "To", 12.0, As::Date),
        Place("/known_at", "Số liệu tại thời điểm", "Known at", 17.0, As::Instant),
        Place("/taken_at", "Chốt lúc", "Taken", 17.0, As::Instant),
        Place("/taken_by", "Người chốt", "Taken by", 44.0, As::Text),
        Place("/content_hash", "Mã băm nội dung", "Content hash", 68.0, As::Text),
        Place("/sealed", "Đã niêm phong", "Sealed", 10.0, As::Yes),
        Place("/verified", "Kết quả thẩm tra", "Verified", 18.0, As::Text),
    ],
};

fn basis_word(word: &str, vietnamese: bool) -> Option<&'static str> {
    match (word, vietnamese) {
        ("computed", true) => Some("tính từ hồ sơ"),
        ("declared", true) => Some("theo văn bản công bố"),
        _ => None,
    }
}

/// Snapshots, newest first
#[utoipa::path(
    operation_id = "list_snapshots",
    tag = "reports",
    params(SnapshotListQuery),
    responses((status = 200, description = "A page, without contents; with `format` a file of all of them", body = Listed<SnapshotSummary>), Reading),
    security(("bearer" = []))
)]
#[get("/reports/snapshots")]
pub async fn list(
    auth: Authed<Staff>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<SnapshotListQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, caller, now) = (query.0, auth.caller, state.app.clock.now());
    let wish = Wish {
        format: query.format.clone(),
        limit: query.limit,
        cursor: query.cursor.clone(),
        known_at: query.known_at.clone(),
        ..Wish::default()
    };
    let page = move |Turn { limit, cursor, known_at }| {
        let query = SnapshotListQuery { limit, cursor, known_at, ..query.clone() };
        page(state.clone(), caller.clone(), query, now)
    };
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    query: SnapshotListQuery,
    now: Instant,
) -> Result<Listed<SnapshotSummary>, ApiError> {
    let size = limit(query.limit)?;
    let bare = SnapshotListQuery { limit: None, cursor: None, format: None, ..query.clone() };
    let question = serde_json::to_string(&bare).unwrap_or_default();
    let after = position(&question, query.cursor.as_deref())?.map(|text| read_position(&text)).transpose()?;
    let known = |name: &str, value: &Option<String>, words: &[&str]| match value {
        Some(word) if !words.contains(&word.as_str()) => {
            Err(ApiError::field(name, "unknown_value", &words.join(" or ")))
        }
        _ => Ok(()),
    };
    known("?report", &query.report, &["06a", "07a"])?;
    known("?basis", &query.basis, &["computed", "declared"])?;
    let (from, to) = (body::date("from", query.from.as_deref())?, body::date("to", query.to.as_deref())?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(ApiError::field("?from", "reversed", "the period ends before it begins"));
    }
    let known_at = past(query.known_at.as_deref(), now)?;
    let mut ask = SnapshotQuery {
        agencies: Vec::new(),
        report: query.report,
        basis: query.basis,
        from: from.map(|day| day.to_string()),
        to: to.map(|day| day.to_string()),
        known_at: known_at.map(|at| at.timestamp_micros()),
        after,
        limit: size + 1,
    };
    let (catalogues, agency) = (state.app.catalogues.clone(), query.agency);
    state
        .app
        .store
        .read(move |tx| {
            let documents = catalogues.agencies(tx)?;
            let tree = Tree::new(&documents, business_date(now), now);
            let reach = caller.reach_within(&tree, &STAFF, agency.as_deref())?;
            ask.agencies = reach.into_iter().collect();
            let mut rows = tx.snapshots_page(&ask)?;
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            let more = rows.len() > wanted;
            rows.truncate(wanted);
            let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
            let acts = tx.snapshot_acts_of(&ask.agencies, &ids)?;
            let last = rows.last().filter(|_| more);
            let next = last.map(|row| cursor(&question, &format!("{}/{}", row.recorded_at, row.id.0)));
            let items = rows.iter().map(|row| SnapshotSummary::new(row, &acts)).collect();
            let shown = known_at.unwrap_or(now);
            let cut = ListCut::new(tx, (shown, shown), now)?;
            Ok::<_, AppError>(Listed { cut, page: Page { items, next, count: None } })
        })
        .await
        .map_err(ApiError::from)
}

fn read_position(text: &str) -> Result<(i64, Id), ApiError> {
    let (at, id) = text.split_once('/').ok_or_else(bad_cursor)?;
    Ok((at.parse().map_err(|_| bad_cursor())?, Id(id.parse().map_err(|_| bad_cursor())?)))
}
