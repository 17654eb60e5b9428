//! What auditors and leaders look at: chain heads, voided dossiers, late entries.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Audit, Authed};
use super::body::{self, Query};
use super::dossiers::known_at;
use super::page::{ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::Reading;
use super::tables::{As, Place, Table, Turn, Wish, file_form};
use super::view::EventView;
use super::words::Word;
use crate::app::{AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::error::FieldError;
use crate::domain::event::EventType;
use crate::domain::time::{self, Instant, business_date, end_of_day, from_micros, start_of_day};
use crate::store::StoreError;
use crate::store::catalogues::Tree;
use crate::store::history::{Personal, event_of};
use crate::store::query::Range;
use crate::store::rows::HeadRow;

const ROLES: [Role; 2] = [Role::Auditor, Role::Leader];

/// The head of an agency's chain: keep it elsewhere, and a later truncation shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Head {
    pub agency: String,
    pub seq: i64,
    pub hash: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
}

impl Head {
    fn new(row: HeadRow) -> Self {
        Self { agency: row.agency_id, seq: row.seq, hash: row.hash, recorded_at: from_micros(row.recorded_at) }
    }
}

/// What is kept elsewhere: `motcua verify --heads` compares with it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Heads {
    pub cut: ListCut,
    /// The chains of events.
    pub items: Vec<Head>,
    /// The chains of what is kept beside them: declared values, reviews, snapshots, seals, the access log.
    pub records: Vec<Head>,
    /// JSON web signature (RFC 7515) with detached content: the RFC 8785 canonical JSON of the other fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = true, value_type = String)]
    pub signature: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HeadsQuery {
    /// As they stood then.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// `json` (default), `csv`, `xlsx`.
    pub format: Option<String>,
}

const HEADS: Table = Table {
    stem: "heads",
    vietnamese: "ĐẦU CHUỖI SỰ KIỆN CỦA TỪNG CƠ QUAN",
    english: "HEADS OF THE CHAINS OF EVENTS",
    places: &[
        Place("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Place("/seq", "Số thứ tự", "Place in the chain", 12.0, As::Integer),
        Place("/hash", "Mã băm", "Hash", 68.0, As::Text),
        Place("/recorded_at", "Ghi nhận", "Recorded", 17.0, As::Instant),
    ],
};

/// Signed heads of the chains within reach, also as they stood then
#[utoipa::path(
    operation_id = "list_heads",
    tag = "audit",
    params(HeadsQuery),
    responses((status = 200, description = "By agency", body = Heads), Reading),
    security(("bearer" = []))
)]
#[get("/audit/heads")]
pub async fn heads(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<HeadsQuery>,
) -> Result<HttpResponse, ApiError> {
    let file = file_form(query.0.format.as_deref())?;
    let catalogues = state.app.catalogues.clone();
    let (caller, now) = (auth.caller, state.app.clock.now());
    let known_at = known_at(query.0.known_at.as_deref(), now)?;
    let heads = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let reach = caller.reach(&Tree::new(&agencies, business_date(now), now), &ROLES);
            let last: Vec<HeadRow> = tx.heads_all()?.into_iter().filter(|row| reach.contains(&row.agency_id)).collect();
            let until = known_at.unwrap_or(Instant::MAX_UTC).timestamp_micros();
            let mut records = Vec::new();
            // An agency's head is made with its first entry or record, whichever comes first.
            for head in &last {
                records.extend(tx.record_head_at(&head.agency_id, until)?);
            }
            let rows = match known_at {
                None => last,
                Some(_) => {
                    let then = last.iter().map(|row| tx.head_at(&row.agency_id, until));
                    then.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
                }
            };
            let shown = known_at.unwrap_or(now);
            Ok::<_, AppError>(Heads {
                cut: ListCut::new(tx, (shown, shown), now)?,
                items: rows.into_iter().map(Head::new).collect(),
                records: records.into_iter().map(Head::new).collect(),
                signature: None,
            })
        })
        .await?;
    if let Some(format) = file {
        return HEADS.whole(format, &request, heads.cut.known_at, heads.items).await;
    }
    let signature = state.tokens.sign(&heads).map_err(|error| AppError::Store(StoreError::Other(error)))?;
    Ok(HttpResponse::Ok().json(Heads { signature: Some(signature), ..heads }))
}

/// An event that auditors look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditedEvent {
    pub agency: String,
    pub dossier: Uuid,
    pub event: EventView,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// Days of recording in Vietnam, inclusive.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only what was recorded by then.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LateQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `true`: late entries that came by import; default: those entered by people.
    pub imported: Option<bool>,
    /// Days of recording in Vietnam, inclusive.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only what was recorded by then.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

/// Which events an audit list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Voided,
    /// Entered late with a reason.
    Late,
    /// Imported with an `occurred_at` that would have needed one.
    LateImported,
}

impl Wanted {
    /// A fragment that every stored payload of the list holds; the exact rule is checked on what it finds.
    fn marks(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Voided => (Some(EventType::Voided.as_str()), None),
            Self::Late => (None, Some("\"late_entry_reason\":")),
            Self::LateImported => (None, Some("\"origin\":")),
        }
    }
}

/// Dossiers voided as entered in error: the events that voided them
#[utoipa::path(
    operation_id = "list_voided",
    tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "By agency and place in the chain", body = Listed<AuditedEvent>), Reading),
    security(("bearer" = []))
)]
#[get("/audit/voided")]
pub async fn voided(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    answer(auth, state, &request, query.0, Wanted::Voided).await
}

/// Events entered later than the working day after they happened; imports apart
#[utoipa::path(
    operation_id = "list_late_entries",
    tag = "audit",
    params(LateQuery),
    responses((status = 200, description = "By agency and place in the chain", body = Listed<AuditedEvent>), Reading),
    security(("bearer" = []))
)]
#[get("/audit/late-entries")]
pub async fn late_entries(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<LateQuery>,
) -> Result<HttpResponse, ApiError> {
    let LateQuery { agency, imported, from, to, known_at, limit, cursor, format } = query.0;
    let wanted = if imported.unwrap_or(false) { Wanted::LateImported } else { Wanted::Late };
    answer(auth, state, &request, AuditQuery { agency, from, to, known_at, limit, cursor, format }, wanted).await
}

/// The span of recording that was asked for.
fn recorded(query: &AuditQuery, now: Instant) -> Result<Range, ApiError> {
    let (from, to) = (body::date("from", query.from.as_deref())?, body::date("to", query.to.as_deref())?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        let error = FieldError::new("?from", "reversed", "the period ends before it begins");
        return Err(ApiError::invalid(vec![error]));
    }
    let known_at = known_at(query.known_at.as_deref(), now)?;
    let last = to.map(end_of_day).into_iter().chain(known_at).min();
    Ok(Range { from: from.map(|day| start_of_day(day).timestamp_micros()), to: last.map(|at| at.timestamp_micros()) })
}

const TABLE: Table = Table {
    stem: "events",
    vietnamese: "SỰ KIỆN CẦN KIỂM TRA",
    english: "EVENTS TO BE LOOKED AT",
    places: &[
        Place("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Place("/dossier", "Số định danh hồ sơ", "Dossier id", 38.0, As::Text),
        Place("/event/type", "Sự kiện", "Event", 22.0, As::Word(event_word)),
        Place("/event/n", "Lần", "N", 6.0, As::Integer),
        Place("/event/seq", "Số thứ tự trong chuỗi", "Place in the chain", 12.0, As::Integer),
        Place("/event/occurred_at", "Xảy ra", "Occurred", 17.0, As::Instant),
        Place("/event/recorded_at", "Ghi nhận", "Recorded", 17.0, As::Instant),
        Place("/event/actor", "Người ghi", "Actor", 44.0, As::Text),
        Place("/event/late_entry_reason", "Lý do nhập muộn", "Reason of the late entry", 40.0, As::Text),
    ],
};

fn event_word(word: &str, vietnamese: bool) -> Option<&'static str> {
    Some(EventType::parse(word)?.word(vietnamese))
}

async fn answer(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: &HttpRequest,
    query: AuditQuery,
    wanted: Wanted,
) -> Result<HttpResponse, ApiError> {
    let (caller, now) = (auth.caller, state.app.clock.now());
    let wish = Wish {
        format: query.format.clone(),
        limit: query.limit,
        cursor: query.cursor.clone(),
        known_at: query.known_at.clone(),
        ..Wish::default()
    };
    let page = move |Turn { limit, cursor, known_at }| {
        let query = AuditQuery { limit, cursor, known_at, ..query.clone() };
        page(state.clone(), caller.clone(), query, wanted, now)
    };
    TABLE.answer(request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    query: AuditQuery,
    wanted: Wanted,
    now: Instant,
) -> Result<Listed<AuditedEvent>, ApiError> {
    let size = limit(query.limit)?;
    let recorded = recorded(&query, now)?;
    let known_at = known_at(query.known_at.as_deref(), now)?.unwrap_or(now);
    let question = format!("audit {wanted:?} {:?} {:?} {:?} {:?}", query.agency, query.from, query.to, query.known_at);
    let after = position(&question, query.cursor.as_deref())?;
    let agency = query.agency;
    let after = after.map(|text| {
        let (agency, seq) = text.split_once('#').ok_or_else(bad_cursor)?;
        Ok::<_, ApiError>((agency.to_owned(), seq.parse::<i64>().map_err(|_| bad_cursor())?))
    });
    let mut after = after.transpose()?;
    let catalogues = state.app.catalogues.clone();
    state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let reach = caller.reach_within(&tree, &ROLES, agency.as_deref())?;
            let calendar = catalogues.calendar(tx)?;
            let codes: Vec<String> = reach.into_iter().collect();
            let mut items: Vec<AuditedEvent> = Vec::new();
            let full = |items: &Vec<AuditedEvent>| i64::try_from(items.len()).unwrap_or(i64::MAX) > size;
            while !full(&items) {
                let rows = tx.events_marked(&codes, wanted.marks(), recorded, after.as_ref(), size + 1)?;
                let Some(last) = rows.last() else { break };
                after = Some((last.agency_id.clone(), last.seq));
                for row in rows {
                    let event = event_of(&row)?;
                    let late = crate::domain::decide::is_late_entry(event.occurred_at, event.recorded_at, &calendar);
                    let fits = match wanted {
                        Wanted::Voided => true,
                        Wanted::Late => event.late_entry_reason.is_some() && event.origin.is_none(),
                        Wanted::LateImported => event.origin.is_some() && late,
                    };
                    if fits && !full(&items) {
                        let view = EventView::new(&event, &Personal::new(), false);
                        items.push(AuditedEvent { agency: row.agency_id, dossier: row.dossier_id.0, event: view });
                    }
                }
            }
            let more = full(&items);
            items.truncate(usize::try_from(size).unwrap_or(usize::MAX));
            let last = items.last().filter(|_| more);
            let next = last.map(|item| cursor(&question, &format!("{}#{}", item.agency, item.event.seq)));
            let cut = ListCut::new(tx, (known_at, known_at), now)?;
            Ok::<_, AppError>(Listed { cut, page: Page { items, next, count: None } })
        })
        .await
        .map_err(ApiError::from)
}
