//! What auditors and leaders look at: chain heads, voided dossiers, late entries.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Audit, Authed};
use super::body::Query;
use super::page::{Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::Reading;
use super::view::EventView;
use crate::app::AppError;
use crate::domain::actor::Role;
use crate::domain::event::EventType;
use crate::domain::time::{self, Instant, business_date, from_micros};
use crate::store::catalogues::Tree;
use crate::store::history::{Personal, event_of};

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

#[derive(Debug, Serialize, ToSchema)]
pub struct Heads {
    pub items: Vec<Head>,
}

/// Heads of the chains within reach
#[utoipa::path(
    operation_id = "list_heads",
    tag = "audit",
    responses((status = 200, description = "By agency", body = Heads), Reading),
    security(("bearer" = []))
)]
#[get("/audit/heads")]
pub async fn heads(auth: Authed<Audit>, state: web::Data<State>) -> Result<HttpResponse, ApiError> {
    let catalogues = state.app.catalogues.clone();
    let (caller, now) = (auth.caller, state.app.clock.now());
    let heads = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let reach = caller.reach(&Tree::new(&agencies, business_date(now), now), &ROLES);
            let rows = tx.heads_all()?.into_iter().filter(|row| reach.contains(&row.agency_id));
            let head = |row: crate::store::rows::HeadRow| Head {
                agency: row.agency_id,
                seq: row.seq,
                hash: row.hash,
                recorded_at: from_micros(row.recorded_at),
            };
            Ok::<_, AppError>(Heads { items: rows.map(head).collect() })
        })
        .await?;
    Ok(HttpResponse::Ok().json(heads))
}

/// An event that auditors look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditedEvent {
    pub agency: String,
    pub dossier: Uuid,
    pub event: EventView,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LateQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `true`: late entries that came by import; default: those entered by people.
    pub imported: Option<bool>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
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
    responses((status = 200, description = "By agency and place in the chain", body = Page<AuditedEvent>), Reading),
    security(("bearer" = []))
)]
#[get("/audit/voided")]
pub async fn voided(
    auth: Authed<Audit>,
    state: web::Data<State>,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let AuditQuery { agency, limit, cursor } = query.0;
    page(auth, state, agency, limit, cursor, Wanted::Voided).await
}

/// Events entered later than the working day after they happened; imports apart
#[utoipa::path(
    operation_id = "list_late_entries",
    tag = "audit",
    params(LateQuery),
    responses((status = 200, description = "By agency and place in the chain", body = Page<AuditedEvent>), Reading),
    security(("bearer" = []))
)]
#[get("/audit/late-entries")]
pub async fn late_entries(
    auth: Authed<Audit>,
    state: web::Data<State>,
    query: Query<LateQuery>,
) -> Result<HttpResponse, ApiError> {
    let LateQuery { agency, imported, limit, cursor } = query.0;
    let wanted = if imported.unwrap_or(false) { Wanted::LateImported } else { Wanted::Late };
    page(auth, state, agency, limit, cursor, wanted).await
}

async fn page(
    auth: Authed<Audit>,
    state: web::Data<State>,
    agency: Option<String>,
    size: Option<i64>,
    at: Option<String>,
    wanted: Wanted,
) -> Result<HttpResponse, ApiError> {
    let size = limit(size)?;
    let question = format!("audit {wanted:?} {agency:?}");
    let after = position(&question, at.as_deref())?;
    let after = after.map(|text| {
        let (agency, seq) = text.split_once('#').ok_or_else(bad_cursor)?;
        Ok::<_, ApiError>((agency.to_owned(), seq.parse::<i64>().map_err(|_| bad_cursor())?))
    });
    let mut after = after.transpose()?;
    let catalogues = state.app.catalogues.clone();
    let (caller, now) = (auth.caller, state.app.clock.now());
    let page = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let mut reach = caller.reach(&tree, &ROLES);
            if let Some(code) = &agency {
                let subtree = tree.subtree(code);
                reach.retain(|agency| subtree.contains(agency));
                if reach.is_empty() {
                    return Err(AppError::NotFound);
                }
            }
            let calendar = catalogues.calendar(tx)?;
            let codes: Vec<String> = reach.into_iter().collect();
            let (kind, mark) = wanted.marks();
            let mut items: Vec<AuditedEvent> = Vec::new();
            let full = |items: &Vec<AuditedEvent>| i64::try_from(items.len()).unwrap_or(i64::MAX) > size;
            while !full(&items) {
                let rows = tx.events_marked(&codes, kind, mark, after.as_ref(), size + 1)?;
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
            Ok::<_, AppError>(Page { items, next, count: None })
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}
