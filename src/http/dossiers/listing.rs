//! Lists of dossiers: one question serves the count, the pages and the files.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::filters::conditions;
use super::query::ListQuery;
use super::table::{self, frame};
use crate::app::access::READERS;
use crate::app::record::File;
use crate::app::{App, AppError, Caller};
use crate::domain::fold::fold_at;
use crate::domain::time::{Instant, from_micros};
use crate::http::State;
use crate::http::auth::{Audit, Authed, Dossiers, Permission};
use crate::http::body::Query;
use crate::http::export::{self, Batch, Source};
use crate::http::figures::{CutQuery, drill_down};
use crate::http::format::Format;
use crate::http::middleware::prefers_vietnamese;
use crate::http::page::{self, ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::http::view::{DossierView, shown_applicant};
use crate::http::{checks, reports};
use crate::store::checks::Audited;
use crate::store::hits::Hits;
use crate::store::indicators::{Indicator, Part};
use crate::store::query::{Condition, FactQuery, Hit, Sort};
use crate::store::reports::{Column, Ended};
use crate::store::sql_types::Id;
use crate::store::{Tx, history};
use crate::vault::Vault;

/// What a dossier list asks for, not yet confined to the caller's reach.
#[derive(Debug, Clone)]
struct Asked {
    cut: CutQuery,
    opened: Opened,
    conditions: Vec<Condition>,
    sort: Sort,
}

/// What of a figure is opened.
#[derive(Debug, Clone, Copy)]
enum Opened {
    Indicator(&'static Indicator, Part),
    Report(&'static Column, Ended),
    Audited(Audited),
    Nothing,
}

impl Asked {
    fn read(query: &ListQuery, caller: &Caller, now: Instant) -> Result<Self, ApiError> {
        let indicator = drill_down(query.indicator.as_deref(), query.part.as_deref(), "dossier")?;
        let cell = reports::drill_down(query)?;
        let opened = match (indicator, cell, checks::drill_down(query, caller)?) {
            (Some((indicator, part)), ..) => Opened::Indicator(indicator, part),
            (None, Some((column, ended)), _) => Opened::Report(column, ended),
            (None, None, Some(audited)) => Opened::Audited(audited),
            (None, None, None) => Opened::Nothing,
        };
        let sort = match query.sort.as_deref() {
            None => Sort::default(),
            Some(text) => Sort::parse(text).ok_or_else(|| {
                let detail = format!("one of {}, or with `-` before it", Sort::WORDS.join(", "));
                ApiError::field("?sort", "unknown_sort", &detail)
            })?,
        };
        Ok(Self { cut: CutQuery::of_list(query, now)?, opened, conditions: conditions(query)?, sort })
    }

    /// The question: the only one that counts, pages and files are answered from.
    fn question(&self, tx: &mut Tx<'_>, app: &App, caller: &Caller, now: Instant) -> Result<FactQuery, ApiError> {
        let roles = if matches!(self.opened, Opened::Audited(_)) { Audit::ROLES } else { &READERS };
        let (cut, submitted_by) = self.cut.resolve(tx, &app.catalogues, caller, roles, now)?;
        let bare = match self.opened {
            Opened::Indicator(indicator, part) => cut.question(indicator, part),
            Opened::Report(column, ended) => column.question(ended, &cut),
            Opened::Audited(audited) => audited.question(tx, &cut)?,
            Opened::Nothing => FactQuery {
                agencies: cut.agencies.iter().cloned().collect(),
                at: cut.known_at.timestamp_micros(),
                known_at: cut.known_at.timestamp_micros(),
                ..FactQuery::default()
            },
        };
        Ok(FactQuery { submitted_by, conditions: self.conditions.clone(), sort: self.sort, ..bare })
    }
}

/// Dossiers, newest receipt first; with `indicator`, `report` or `check` those behind a figure; as a page or as a file
#[utoipa::path(
    operation_id = "list_dossiers",
    tag = "dossiers",
    params(ListQuery),
    responses(
        (status = 200, description = "A page, applicants masked; with `format` a file of all of them, without applicants", body = Listed<DossierView>),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/dossiers")]
pub async fn list(
    auth: Authed<Dossiers>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<ListQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let question = question_of(&query);
    let after = position(&question, query.cursor.as_deref())?.map(|text| Position::read(&text, now)).transpose()?;
    // Later pages are of the first page's instant: what was recorded meanwhile moves nothing from one to the other.
    let begun = after.map_or(now, |position| position.known_at);
    let asked = Asked::read(&query, &auth.caller, begun)?;
    let format = Format::read(query.format.as_deref(), &Format::LISTS)?;
    if format != Format::Json {
        page::whole(query.limit, query.cursor.as_deref(), query.count)?;
        let vietnamese = prefers_vietnamese(request.headers());
        return file(&state.app, auth.caller, asked, now, format, vietnamese).await;
    }
    let size = limit(query.limit)?;
    let (app, caller) = (state.app.clone(), auth.caller);
    let listed = state
        .app
        .store
        .read(move |tx| {
            let ask = asked.question(tx, &app, &caller, now)?;
            let count = query.count.unwrap_or(false).then(|| tx.facts_count(&ask)).transpose()?;
            let ask = FactQuery { after: after.map(|position| position.last), limit: size + 1, ..ask };
            let mut hits = tx.facts_page(&ask)?;
            let more = i64::try_from(hits.len()).unwrap_or(i64::MAX) > size;
            hits.truncate(usize::try_from(size).unwrap_or(usize::MAX));
            let next = hits.last().filter(|_| more).map(|hit| cursor(&question, &Position::write(hit, ask.known_at)));
            let items = rows(tx, &app.vault, &hits, &ask)?;
            Ok::<_, ApiError>(Listed { cut: ListCut::of(tx, &ask, now)?, page: Page { items, next, count } })
        })
        .await?;
    Ok(HttpResponse::Ok().json(listed))
}

/// The whole list as a file. Its instants are fixed before the first row, so that its pages agree.
async fn file(
    app: &App,
    caller: Caller,
    asked: Asked,
    now: Instant,
    format: Format,
    vietnamese: bool,
) -> Result<HttpResponse, ApiError> {
    let resolver = app.clone();
    let (ask, count) = app
        .store
        .read(move |tx| {
            let ask = asked.question(tx, &resolver, &caller, now)?;
            let count = tx.facts_count(&ask)?;
            Ok::<_, ApiError>((ask, count))
        })
        .await?;
    let frame = frame(&ask, vietnamese);
    let at = from_micros(ask.at);
    let mut hits = Hits::new(ask);
    let next = move |tx: &mut Tx<'_>| {
        let found = hits.next_rows(tx, export::BATCH)?;
        let rows = found.iter().map(|row| table::row(row, at, vietnamese)).collect();
        Ok(Batch { rows, last: hits.done() })
    };
    export::answer(app, format, count, Source::new(frame, next)).await
}

/// The dossiers found, with their facts at the cut.
pub(super) fn rows(
    tx: &mut Tx<'_>,
    vault: &Vault,
    hits: &[Hit],
    ask: &FactQuery,
) -> Result<Vec<DossierView>, AppError> {
    let places: Vec<_> = hits.iter().map(|hit| (hit.agency.clone(), hit.dossier.0)).collect();
    let mut found = history::many(tx, vault, &places)?;
    let (at, known_at) = (from_micros(ask.at), from_micros(ask.known_at));
    let mut views = Vec::with_capacity(hits.len());
    for (agency, id) in places {
        let Some((events, personal)) = found.remove(&id) else { continue };
        let Some(dossier) = fold_at(&agency, id, &events, at, known_at) else { continue };
        let file = File { agency, id, events, personal };
        views.push(DossierView::new(&dossier, shown_applicant(&file, false), at, None));
    }
    Ok(views)
}

/// Everything that decides filter and order, for binding cursors.
fn question_of(query: &ListQuery) -> String {
    let bare = ListQuery { limit: None, cursor: None, count: None, format: None, ..query.clone() };
    serde_json::to_string(&bare).unwrap_or_default()
}

/// Where a page ends.
#[derive(Debug, Clone, Copy)]
struct Position {
    last: (i64, Id),
    /// Of the first page.
    known_at: Instant,
}

impl Position {
    fn write(hit: &Hit, known_at: i64) -> String {
        format!("{}/{}/{known_at}", hit.sort_key, hit.dossier.0)
    }

    fn read(text: &str, now: Instant) -> Result<Self, ApiError> {
        let parts: Vec<&str> = text.split('/').collect();
        let [key, id, known_at] = parts.as_slice() else { return Err(bad_cursor()) };
        let last = (key.parse().map_err(|_| bad_cursor())?, Id(id.parse().map_err(|_| bad_cursor())?));
        let known_at = from_micros(known_at.parse().map_err(|_| bad_cursor())?);
        if known_at > now || known_at < Instant::UNIX_EPOCH {
            return Err(bad_cursor());
        }
        Ok(Self { last, known_at })
    }
}
