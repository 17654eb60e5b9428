//! Jobs: work over many agencies that goes on after the answer.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Authed, Foresee, Permission};
use super::body::Query;
use super::page::{Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::Reading;
use super::tables::{As, Place, Table, Turn, Wish};
use crate::app::jobs::{self, INTERNAL, Progress, SUPERSEDED};
use crate::app::{AppError, Caller};
use crate::domain::time::{self, Instant, from_micros};
use crate::store::sql_types::Id;

/// How many agencies are done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Share {
    pub done: i64,
    /// Counted at the start; what happens meanwhile may make it differ a little.
    pub total: i64,
}

/// Why a job failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobError {
    /// `superseded` or `internal`.
    pub code: &'static str,
    pub detail: &'static str,
    pub detail_en: &'static str,
}

/// A job and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    pub id: Uuid,
    /// `calendar_apply`.
    pub kind: String,
    /// What it is about: the calendar's version.
    pub subject: String,
    /// `queued`, `running`, `done`, `failed`.
    pub state: String,
    pub requested_by: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Instant,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Instant>,
    pub agencies: Share,
    /// Running dossiers within your reach whose time touches a changed date: those looked at so far.
    pub examined: i64,
    /// Those of them whose due instant moved: one `deadline_recomputed` each.
    pub moved: i64,
    pub error: Option<JobError>,
}

impl JobView {
    #[must_use]
    pub fn new(progress: Progress) -> Self {
        let Progress { job, agencies_done, examined, moved } = progress;
        let error = job.error.as_deref().map(|code| match code {
            SUPERSEDED => JobError {
                code: SUPERSEDED,
                detail: "Đã có phiên bản lịch mới hơn: hãy áp dụng phiên bản đó",
                detail_en: "A later version of the calendar is in force: apply that one",
            },
            _ => JobError {
                code: INTERNAL,
                detail: "Lỗi hệ thống; phần đã làm được giữ lại, có thể yêu cầu lại",
                detail_en: "An internal error; what was done is kept, ask again to go on",
            },
        });
        Self {
            id: job.id.0,
            kind: job.kind,
            subject: job.subject,
            state: job.state,
            requested_by: job.requested_by,
            requested_at: from_micros(job.requested_at),
            started_at: job.started_at.map(from_micros),
            finished_at: job.finished_at.map(from_micros),
            agencies: Share { done: agencies_done, total: job.agencies },
            examined,
            moved,
            error,
        }
    }
}

/// One job
#[utoipa::path(
    operation_id = "get_job",
    tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "How far it has come", body = JobView), Reading),
    security(("bearer" = []))
)]
#[get("/jobs/{id}")]
pub async fn get(
    auth: Authed<Foresee>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = Uuid::parse_str(&path).map_err(|_| AppError::NotFound)?;
    let (app, caller) = (state.app.clone(), auth.caller);
    let found = state.app.store.read(move |tx| {
        let reach = caller.reach_now(tx, &app, Foresee::ROLES)?;
        jobs::find(tx, id, Some(&reach))
    });
    let progress = found.await?;
    Ok(HttpResponse::Ok().json(JobView::new(progress)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

const TABLE: Table = Table {
    stem: "jobs",
    vietnamese: "CÔNG VIỆC CHẠY NỀN",
    english: "JOBS",
    places: &[
        Place("/id", "Số định danh", "Id", 38.0, As::Text),
        Place("/kind", "Loại", "Kind", 20.0, As::Text),
        Place("/subject", "Về việc", "Subject", 24.0, As::Text),
        Place("/state", "Tình trạng", "State", 12.0, As::Text),
        Place("/requested_at", "Yêu cầu lúc", "Requested", 17.0, As::Instant),
        Place("/agencies/done", "Số cơ quan đã xong", "Agencies done", 12.0, As::Integer),
        Place("/agencies/total", "Trên số cơ quan", "Of agencies", 12.0, As::Integer),
        Place("/examined", "Số hồ sơ đã xem", "Dossiers examined", 12.0, As::Integer),
        Place("/moved", "Số hồ sơ đổi hạn", "Moved", 12.0, As::Integer),
        Place("/error", "Lỗi", "Error", 40.0, As::Text),
    ],
};

/// All jobs, newest first
#[utoipa::path(
    operation_id = "list_jobs",
    tag = "jobs",
    params(JobQuery),
    responses((status = 200, description = "Newest first", body = Page<JobView>), Reading),
    security(("bearer" = []))
)]
#[get("/jobs")]
pub async fn list(
    auth: Authed<Foresee>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<JobQuery>,
) -> Result<HttpResponse, ApiError> {
    let JobQuery { format, limit, cursor } = query.0;
    let wish = Wish { format, limit, cursor, ..Wish::default() };
    let now = state.app.clock.now();
    let caller = auth.caller;
    let page = move |turn: Turn| page(state.clone(), caller.clone(), turn.limit, turn.cursor);
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    size: Option<i64>,
    after: Option<String>,
) -> Result<Page<JobView>, ApiError> {
    let size = limit(size)?;
    let before = position("jobs", after.as_deref())?.map(|text| {
        let (at, id) = text.split_once(' ').ok_or_else(bad_cursor)?;
        let at: i64 = at.parse().map_err(|_| bad_cursor())?;
        Ok::<_, ApiError>((at, Id(Uuid::parse_str(id).map_err(|_| bad_cursor())?)))
    });
    let before = before.transpose()?;
    let app = state.app.clone();
    let listed = state.app.store.read(move |tx| {
        let reach = caller.reach_now(tx, &app, Foresee::ROLES)?;
        let mut rows = tx.jobs_page(before, size + 1)?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
        rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| cursor("jobs", &format!("{} {}", row.requested_at, row.id.0)));
        let views = rows.into_iter().map(|row| Ok(JobView::new(Progress::of(tx, row, Some(&reach))?)));
        let items = views.collect::<Result<Vec<_>, AppError>>()?;
        Ok::<_, AppError>(Page { items, next, count: None })
    });
    Ok(listed.await?)
}
