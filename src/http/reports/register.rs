//! The register (sổ theo dõi hồ sơ): every dossier received in a period, a line each, in order of receipt.
//!
//! A line goes on being filled in after the period has ended, as in the book on the desk: it shows the dossier as known
//! at `known_at`. Ask with the `known_at` of a past day for the book as it lay open then.

mod line;

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use line::{Line, letterhead};

use crate::app::access::READERS;
use crate::app::{App, AppError, Caller};
use crate::domain::time::{Instant, business_date, from_micros};
use crate::http::State;
use crate::http::auth::{Authed, DrillDown};
use crate::http::body::Query;
use crate::http::export::{self, Batch, Source};
use crate::http::figures::{CutQuery, CutText};
use crate::http::format::{Format, printed};
use crate::http::indicators::filters_of;
use crate::http::page::{self, ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::sheet::Sheet;
use crate::store::Tx;
use crate::store::catalogues::Tree;
use crate::store::hits::Hits;
use crate::store::query::{FactQuery, Sort, SortKey};
use crate::store::sql_types::Id;
use crate::vault::Vault;

/// Lines of a page for reading and paper; a longer book is a file.
const MOST_PRINTED: i64 = 2000;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RegisterQuery {
    /// Default: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    /// A channel, or `online` for both online ones.
    pub channel: Option<String>,
    /// First day of receipt, in Vietnam; default 1 January of `to`'s year.
    pub from: Option<String>,
    /// Last day of receipt; default today.
    pub to: Option<String>,
    /// As it was known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// `json` (default), `csv`, `xlsx`, `html`; a page for paper holds at most 2000 lines.
    pub format: Option<String>,
    /// 1 to 500, default 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count all of them.
    pub count: Option<bool>,
}

/// The book with its question.
#[derive(Debug, Clone)]
struct Book {
    ask: FactQuery,
    count: i64,
    frame: Sheet,
}

/// Sổ theo dõi hồ sơ: dossiers received in a period, in order of receipt
#[utoipa::path(
    operation_id = "get_register",
    tag = "reports",
    params(RegisterQuery),
    responses(
        (status = 200, description = "A page of lines, applicants masked; or the whole book as a file", body = Listed<Line>),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/reports/register")]
pub async fn register(
    auth: Authed<DrillDown>,
    state: web::Data<State>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let format = Format::read(query.format.as_deref(), &Format::ALL)?;
    let bound = question_of(&query);
    let after = position(&bound, query.cursor.as_deref())?.map(|text| Position::read(&text, now)).transpose()?;
    // Later pages are of the first page's instant.
    let cut = cut_of(&query, after.map_or(now, |position| position.known_at))?;
    let (app, caller) = (state.app.clone(), auth.caller);
    if format == Format::Json {
        let size = limit(query.limit)?;
        let listed = state.app.store.read(move |tx| {
            let Book { ask, count, .. } = open(tx, &app, &caller, &cut, now)?;
            let begun = after.map_or(0, |position| position.number);
            let ask = FactQuery { after: after.map(|position| position.last), limit: size + 1, ..ask };
            let mut hits = tx.facts_page(&ask)?;
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            let more = hits.len() > wanted;
            hits.truncate(wanted);
            let lines = line::read(tx, &app.vault, &ask, &hits, begun)?;
            let next = hits.last().filter(|_| more).map(|last| {
                let number = begun + i64::try_from(hits.len()).unwrap_or(0);
                cursor(&bound, &Position::write((last.sort_key, last.dossier), ask.known_at, number))
            });
            let count = query.count.unwrap_or(false).then_some(count);
            Ok::<_, ApiError>(Listed { cut: ListCut::of(tx, &ask, now)?, page: Page { items: lines, next, count } })
        });
        return Ok(HttpResponse::Ok().json(listed.await?));
    }
    page::whole(query.limit, query.cursor.as_deref(), query.count)?;
    let book = state.app.store.read(move |tx| open(tx, &app, &caller, &cut, now)).await?;
    if format == Format::Html {
        return paper(&state.app, book).await;
    }
    let mut reading = Lines::new(book.ask, state.app.vault.clone());
    let source = Source::new(book.frame, move |tx| reading.next(tx, export::BATCH));
    export::answer(&state.app, format, book.count, source).await
}

async fn paper(app: &App, book: Book) -> Result<HttpResponse, ApiError> {
    if book.count > MOST_PRINTED {
        let detail =
            format!("{} lines; a page holds {MOST_PRINTED}: ask for `xlsx`, or for a shorter period", book.count);
        return Err(ApiError::field("?format", "too_many_rows", &detail));
    }
    let Book { ask, mut frame, .. } = book;
    let most = usize::try_from(MOST_PRINTED).unwrap_or(usize::MAX);
    let mut reading = Lines::new(ask, app.vault.clone());
    let rows = app.store.read(move |tx| reading.next(tx, most));
    frame.rows = rows.await?.rows;
    printed(Format::Html, &frame)
}

/// The book being read, batch by batch.
struct Lines {
    vault: Vault,
    hits: Hits,
    number: i64,
}

impl Lines {
    fn new(ask: FactQuery, vault: Vault) -> Self {
        Self { vault, hits: Hits::new(ask), number: 0 }
    }

    fn next(&mut self, tx: &mut Tx<'_>, size: usize) -> Result<Batch, AppError> {
        let hits = self.hits.next(tx, size)?;
        let lines = line::read(tx, &self.vault, self.hits.ask(), &hits, self.number)?;
        self.number += i64::try_from(hits.len()).unwrap_or(0);
        Ok(Batch { rows: lines.iter().map(Line::row).collect(), last: self.hits.done() })
    }
}

fn cut_of(query: &RegisterQuery, now: Instant) -> Result<CutQuery, ApiError> {
    let text = CutText {
        agency: query.agency.as_deref(),
        scope: query.scope.as_deref(),
        from: query.from.as_deref(),
        to: query.to.as_deref(),
        known_at: query.known_at.as_deref(),
        level: query.level.as_deref(),
        filters: filters_of(query.procedure.clone(), query.field.clone(), query.channel.clone())?,
    };
    CutQuery::read(text, now)
}

/// Confines the book to the caller's reach.
fn open(tx: &mut Tx<'_>, app: &App, caller: &Caller, asked: &CutQuery, now: Instant) -> Result<Book, ApiError> {
    let (cut, submitted_by) = asked.resolve(tx, &app.catalogues, caller, &READERS, now)?;
    let received = cut.instants().fill("COALESCE({N}, FALSE)");
    let ask = FactQuery {
        at: cut.known_at.timestamp_micros(),
        submitted_by,
        sort: Sort { key: SortKey::Received, descending: false },
        ..cut.asking(received)
    };
    let documents = app.catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, business_date(cut.known_at), cut.known_at);
    let frame = line::frame(asked, &caller.roots(&READERS), &tree);
    let count = tx.facts_count(&ask)?;
    Ok(Book { ask, count, frame })
}

/// Everything that decides filter and order, for binding cursors.
fn question_of(query: &RegisterQuery) -> String {
    let bare = RegisterQuery { limit: None, cursor: None, count: None, format: None, ..query.clone() };
    serde_json::to_string(&bare).unwrap_or_default()
}

/// Where a page ends, and how many lines came before.
#[derive(Debug, Clone, Copy)]
struct Position {
    last: (i64, Id),
    /// Of the first page.
    known_at: Instant,
    number: i64,
}

impl Position {
    fn write(last: (i64, Id), known_at: i64, number: i64) -> String {
        format!("{}/{}/{known_at}/{number}", last.0, last.1.0)
    }

    fn read(text: &str, now: Instant) -> Result<Self, ApiError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [key, id, known_at, number] = parts.as_slice() else { return Err(bad_cursor()) };
        let whole = |text: &str| text.parse::<i64>().map_err(|_| bad_cursor());
        let last = (whole(key)?, Id(id.parse().map_err(|_| bad_cursor())?));
        let (known_at, number) = (from_micros(whole(known_at)?), whole(number)?);
        if known_at > now || known_at < Instant::UNIX_EPOCH || !(0..1 << 53).contains(&number) {
            return Err(bad_cursor());
        }
        Ok(Self { last, known_at, number })
    }
}
