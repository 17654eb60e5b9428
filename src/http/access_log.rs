//! The access log, for auditors: who saw what of whom, when, why.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Authed, Oversee};
use super::body::{self, Query};
use super::page::{Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::Reading;
use super::tables::{As, Place, Table, Turn, Wish};
use crate::app::dossiers::locate;
use crate::app::{App, Caller};
use crate::domain::actor::Role;
use crate::domain::time::{self, Instant, business_date, end_of_day, from_micros, start_of_day};
use crate::store::Tx;
use crate::store::access::{AccessQuery, AccessRow};
use crate::store::catalogues::Tree;
use crate::store::query::Range;
use crate::store::sql_types::Id;

/// One look at personal data.
#[derive(Debug, Serialize, ToSchema)]
pub struct Access {
    pub id: Uuid,
    pub agency: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub actor: String,
    /// `read`, `search`, `export` or `erase`.
    pub action: String,
    /// Null for a search or an export.
    pub dossier: Option<Uuid>,
    pub purpose: String,
    /// Names of the values given out.
    pub fields: Vec<String>,
}

impl From<AccessRow> for Access {
    fn from(row: AccessRow) -> Self {
        Self {
            id: row.id.0,
            agency: row.agency_id,
            at: from_micros(row.at),
            actor: row.actor,
            action: row.action,
            dossier: row.dossier_id.map(|id| id.0),
            purpose: row.purpose,
            fields: row.fields.split(", ").map(str::to_owned).collect(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AccessLogQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `user:<id>`.
    pub actor: Option<String>,
    /// Mã số hồ sơ, or the id.
    pub dossier: Option<String>,
    /// Days in Vietnam, inclusive.
    pub from: Option<String>,
    pub to: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count them all.
    pub count: Option<bool>,
}

/// Days and names of the question, read before the database is asked.
struct Asked {
    agency: Option<String>,
    actor: Option<String>,
    dossier: Option<String>,
    span: Range,
}

impl Asked {
    fn read(query: &AccessLogQuery) -> Result<Self, ApiError> {
        let from = body::date("from", query.from.as_deref())?.map(|day| start_of_day(day).timestamp_micros());
        let to = body::date("to", query.to.as_deref())?.map(|day| end_of_day(day).timestamp_micros());
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(ApiError::field("?to", "range", "before `from`"));
        }
        let (agency, actor, dossier) = (query.agency.clone(), query.actor.clone(), query.dossier.clone());
        Ok(Self { agency, actor, dossier, span: Range { from, to } })
    }

    fn question(self, tx: &mut Tx<'_>, app: &App, caller: &Caller, now: Instant) -> Result<AccessQuery, ApiError> {
        let documents = app.catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, business_date(now), now);
        let reach = caller.reach_within(&tree, &[Role::Auditor], self.agency.as_deref())?;
        let dossier = match &self.dossier {
            None => None,
            Some(name) => {
                let (agency, id) = locate(tx, name)?;
                if !reach.contains(&agency) {
                    return Err(crate::app::AppError::NotFound.into());
                }
                Some(Id(id))
            }
        };
        let agencies = reach.into_iter().collect();
        Ok(AccessQuery { agencies, actor: self.actor, dossier, span: self.span, ..AccessQuery::default() })
    }
}

/// Who saw personal data, newest first; as a page or as a file
#[utoipa::path(
    operation_id = "list_access",
    tag = "audit",
    params(AccessLogQuery),
    responses((status = 200, description = "A page; with `format` a file of all of them", body = Page<Access>), Reading),
    security(("bearer" = []))
)]
#[get("/audit/access-log")]
pub async fn list(
    auth: Authed<Oversee>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<AccessLogQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, caller, now) = (query.0, auth.caller, state.app.clock.now());
    let (format, limit, cursor) = (query.format.clone(), query.limit, query.cursor.clone());
    let wish = Wish { format, limit, cursor, count: query.count, ..Wish::default() };
    let page = move |Turn { limit, cursor, .. }| {
        let query = AccessLogQuery { limit, cursor, ..query.clone() };
        page(state.clone(), caller.clone(), query, now)
    };
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    query: AccessLogQuery,
    now: Instant,
) -> Result<Page<Access>, ApiError> {
    let asked = Asked::read(&query)?;
    let size = limit(query.limit)?;
    let bare = AccessLogQuery { limit: None, cursor: None, count: None, format: None, ..query.clone() };
    let bound = serde_json::to_string(&bare).unwrap_or_default();
    let after = position(&bound, query.cursor.as_deref())?.map(|text| read_position(&text)).transpose()?;
    let app = state.app.clone();
    let listed = state.app.store.read(move |tx| {
        let ask = AccessQuery { after, limit: size + 1, ..asked.question(tx, &app, &caller, now)? };
        let count = query.count.unwrap_or(false).then(|| tx.access_count(&ask)).transpose()?;
        let mut rows = tx.access_page(&ask)?;
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| more).map(|row| cursor(&bound, &format!("{}/{}", row.at, row.id.0)));
        Ok::<_, ApiError>(Page { items: rows.into_iter().map(Access::from).collect(), next, count })
    });
    listed.await
}

fn read_position(text: &str) -> Result<(i64, Id), ApiError> {
    let (at, id) = text.split_once('/').ok_or_else(bad_cursor)?;
    Ok((at.parse().map_err(|_| bad_cursor())?, Id(id.parse().map_err(|_| bad_cursor())?)))
}

const TABLE: Table = Table {
    stem: "access-log",
    vietnamese: "NHẬT KÝ XEM DỮ LIỆU CÁ NHÂN",
    english: "ACCESS TO PERSONAL DATA",
    places: &[
        Place("/at", "Thời điểm", "At", 17.0, As::Instant),
        Place("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Place("/actor", "Người xem", "Actor", 42.0, As::Text),
        Place("/action", "Việc", "Action", 10.0, As::Text),
        Place("/dossier", "Số định danh hồ sơ", "Dossier id", 38.0, As::Text),
        Place("/purpose", "Mục đích", "Purpose", 50.0, As::Text),
        Place("/fields", "Dữ liệu", "Values", 30.0, As::All("")),
    ],
};
