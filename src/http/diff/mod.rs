//! What changed between two instants of knowledge: which dossiers moved, and through what.

mod table;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

pub use view::{ChangedFigure, DiffAnswer, DiffHead, FiguresDiff, MembersDiff, MovedDossier, PartView, moved_view};

use super::State;
use super::auth::{Authed, DrillDown};
use super::body::{self, Query};
use super::dossiers::{ListQuery, known_at};
use super::figures::{CutQuery, CutText, drill_down, escape};
use super::indicators::filters_of;
use super::page::{MAX_LIMIT, Page, bad_cursor, cursor, limit, position};
use super::problem::{ApiError, Kind};
use super::reports;
use super::responses::Reading;
use super::tables::Wish;
use crate::app::Caller;
use crate::app::access::READERS;
use crate::domain::time::{self, Instant, from_micros};
use crate::store::Tx;
use crate::store::catalogues::{Catalogues, calendar_version};
use crate::store::diff::{Diff, Members, changes};
use crate::store::figures::{Cut, figures};
use crate::store::indicators::{self, DEFINITION_VERSION, Indicator, Part, Subject};
use crate::store::query::MovedCounts;
use crate::store::reports::{Ended, Layout};
use crate::store::sql_types::Id;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DiffQuery {
    /// The earlier instant: what has changed since it was known so?
    #[param(value_type = String, format = DateTime)]
    pub since: String,
    /// The later instant; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Default: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    /// A channel, or `online`.
    pub channel: Option<String>,
    /// An indicator that counts dossiers; without one, every figure that changed.
    pub indicator: Option<String>,
    /// `denominator` (default), `numerator`, `shortfall`.
    pub part: Option<String>,
    /// A report (`06a`, `07a`); without a column, every column that changed. Not beside `indicator`.
    pub report: Option<String>,
    /// A column of the report; `stopped` or `withdrawn` beside it.
    pub column: Option<String>,
    /// As the report was asked for: `exclude` (default) or `as_resolved`.
    pub ended: Option<String>,
    /// Only those that `entered`, or only those that `left`.
    pub moved: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

/// The earlier instant of a comparison.
///
/// # Errors
/// 400 when it is not a time; 422 when it does not lie before the later one.
pub(super) fn earlier(text: &str, known_at: Instant) -> Result<Instant, ApiError> {
    let since = body::instant("since", Some(text))?
        .ok_or_else(|| ApiError::malformed("?since", "a time with offset is expected"))?;
    if since >= known_at {
        return Err(ApiError::field("?since", "reversed", "lies before `known_at`"));
    }
    Ok(since)
}

/// What changed between two instants of knowledge, and through which events
///
/// With `indicator` and `part`: the dossiers that entered and left, each with the event that moved it, the passing
/// of time, or a change of the tree of agencies. Without: every figure of the cut that changed.
#[utoipa::path(
    operation_id = "get_diff",
    tag = "reports",
    params(DiffQuery),
    responses((status = 200, description = "Before, after, and what moved", body = DiffAnswer), Reading),
    security(("bearer" = []))
)]
#[get("/reports/diff")]
pub async fn changed_since(
    auth: Authed<DrillDown>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<DiffQuery>,
) -> Result<HttpResponse, ApiError> {
    let (query, caller, now) = (query.0, auth.caller, state.app.clock.now());
    let (format, cursor) = (query.format.clone(), query.cursor.clone());
    let Some(format) = (Wish { format, limit: query.limit, cursor, ..Wish::default() }).file()? else {
        return Ok(HttpResponse::Ok().json(answer(state, caller, query, now).await?));
    };
    let known_at = known_at(query.known_at.as_deref(), now)?.unwrap_or(now);
    let query = DiffQuery { known_at: Some(time::canonical(known_at)), format: None, ..query };
    if let Asked::All | Asked::Columns(..) = asked(&query)? {
        let DiffAnswer::Figures(found) = answer(state, caller, query, now).await? else {
            return Err(ApiError::new(Kind::Internal));
        };
        return table::FIGURES.whole(format, &request, known_at, found.figures).await;
    }
    let next = move |cursor| {
        let query = DiffQuery { cursor, limit: Some(MAX_LIMIT), ..query.clone() };
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            match answer(state, caller, query, now).await? {
                DiffAnswer::Members(found) => Ok(Page { items: found.items, next: found.next, count: None }),
                DiffAnswer::Figures(_) => Err(ApiError::new(Kind::Internal)),
            }
        }
    };
    table::DOSSIERS.file(format, &request, known_at, next).await
}

async fn answer(
    state: web::Data<State>,
    caller: Caller,
    query: DiffQuery,
    now: Instant,
) -> Result<DiffAnswer, ApiError> {
    let size = limit(query.limit)?;
    let bare = DiffQuery { limit: None, cursor: None, format: None, ..query.clone() };
    let question = serde_json::to_string(&bare).unwrap_or_default();
    let after = position(&question, query.cursor.as_deref())?;
    let after = after.map(|text| text.parse().map(Id).map_err(|_| bad_cursor())).transpose()?;
    let entered = match query.moved.as_deref() {
        None => None,
        Some("entered") => Some(true),
        Some("left") => Some(false),
        Some(_) => return Err(ApiError::field("?moved", "unknown_value", "`entered` or `left`")),
    };
    let of = asked(&query)?;
    let ask = CutQuery::read(
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
    )?;
    let since = earlier(&query.since, ask.known_at)?;
    let catalogues = state.app.catalogues.clone();
    state
        .app
        .store
        .read(move |tx| {
            let (before, later) = cuts(tx, &catalogues, &caller, &ask, since, now)?;
            let head = DiffHead {
                cut: ask.view(&later),
                since,
                since_at: before.at(),
                settled: ask.settled(now),
                definition_version: DEFINITION_VERSION,
                calendar_version_since: calendar_version(tx, since)?,
                calendar_version: calendar_version(tx, ask.known_at)?,
            };
            let members = match of {
                Asked::Part(members) => members,
                Asked::All => {
                    let figures = changed_figures(tx, &catalogues, &ask, (&before, &later))?;
                    return Ok(DiffAnswer::Figures(FiguresDiff { head, figures }));
                }
                Asked::Columns(layout, ended) => {
                    let figures = changed_columns(tx, &ask, (&before, &later), (layout, ended))?;
                    return Ok(DiffAnswer::Figures(FiguresDiff { head, figures }));
                }
            };
            let scopes = scopes(tx, &catalogues, &caller, &ask, since, now)?;
            let diff = Diff { members, before, after: later, scopes };
            let (before, later) = diff.sizes(tx)?;
            let counts = diff.counts(tx)?;
            let mut found = diff.page(tx, entered, after, size + 1)?;
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            let more = found.len() > wanted;
            found.truncate(wanted);
            let next = found.last().filter(|_| more).map(|last| cursor(&question, &last.moved.dossier.0.to_string()));
            let items = found.into_iter().filter_map(|found| moved_view(found, ask.known_at)).collect();
            Ok::<_, ApiError>(DiffAnswer::Members(MembersDiff {
                head,
                part: PartView::new(members),
                before,
                after: later,
                entered: counts.entered,
                left: counts.left,
                items,
                next,
            }))
        })
        .await
}

/// The cut as known at both instants.
pub(super) fn cuts(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    caller: &Caller,
    ask: &CutQuery,
    since: Instant,
    now: Instant,
) -> Result<(Cut, Cut), ApiError> {
    let (later, _) = ask.resolve(tx, catalogues, caller, &READERS, now)?;
    let earlier = CutQuery { known_at: since, ..ask.clone() };
    Ok((earlier.resolve(tx, catalogues, caller, &READERS, now)?.0, later))
}

/// The agencies of the cut from each change of the tree in between on.
pub(super) fn scopes(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    caller: &Caller,
    ask: &CutQuery,
    since: Instant,
    now: Instant,
) -> Result<Vec<(i64, BTreeSet<String>)>, ApiError> {
    let documents = catalogues.agencies(tx)?;
    let between = |at: &i64| since.timestamp_micros() < *at && *at <= ask.known_at.timestamp_micros();
    let revisions = documents.codes().flat_map(|code| documents.revisions(code));
    let instants: BTreeSet<i64> = revisions.map(|revision| revision.recorded_at).filter(between).collect();
    let scope = |at: i64| {
        let then = CutQuery { known_at: from_micros(at), ..ask.clone() };
        Ok((at, then.resolve(tx, catalogues, caller, &READERS, now)?.0.agencies))
    };
    instants.into_iter().map(scope).collect()
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Part(Members),
    /// Every figure.
    All,
    /// Every column of a report.
    Columns(&'static Layout, Ended),
}

fn asked(query: &DiffQuery) -> Result<Asked, ApiError> {
    let part = drill_down(query.indicator.as_deref(), query.part.as_deref(), "dossier")?;
    let mut list = ListQuery {
        report: query.report.clone(),
        column: query.column.clone(),
        ended: query.ended.clone(),
        indicator: query.indicator.clone(),
        ..ListQuery::default()
    };
    let every = query.report.is_some() && query.column.is_none();
    if every {
        // Any column serves to read the rest.
        list.column = Some("3".to_owned());
    }
    Ok(match (part, reports::drill_down(&list)?) {
        (Some((indicator, part)), _) => Asked::Part(Members::Indicator(indicator, part)),
        (None, Some((_, ended))) if every => {
            let layout = query.report.as_deref().and_then(crate::store::reports::find);
            layout.map_or(Asked::All, |layout| Asked::Columns(layout, ended))
        }
        (None, Some((column, ended))) => Asked::Part(Members::Column(column, ended)),
        (None, None) => Asked::All,
    })
}

/// The figures that changed: parts with dossiers that moved, and counts of other units that differ.
fn changed_figures(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    ask: &CutQuery,
    (before, after): (&Cut, &Cut),
) -> Result<Vec<ChangedFigure>, ApiError> {
    let all: Vec<&'static Indicator> = indicators::all().collect();
    let earlier = figures(tx, catalogues, before, &all, None, &BTreeMap::new())?;
    let later = figures(tx, catalogues, after, &all, None, &BTreeMap::new())?;
    let dossiers = all.iter().filter(|indicator| indicator.subject == Subject::Dossier);
    let parts: Vec<(&'static Indicator, Part)> =
        dossiers.flat_map(|indicator| indicator.parts().iter().map(|part| (*indicator, *part))).collect();
    let asked: Vec<Members> = parts.iter().map(|(indicator, part)| Members::Indicator(indicator, *part)).collect();
    let moved = changes(tx, before, after, &asked)?;
    let mut list = Vec::new();
    for (old, new) in earlier.iter().zip(&later) {
        for part in new.indicator.parts() {
            let members = Members::Indicator(new.indicator, *part);
            let place = parts.iter().position(|(indicator, other)| indicator.id == new.indicator.id && other == part);
            let moved = place.and_then(|place| moved.get(place)).copied();
            let sizes = (old.counts.of(*part), new.counts.of(*part));
            list.extend(figure_of(("", members), ask, before.known_at, sizes, moved));
        }
    }
    Ok(list)
}

/// The columns of a report that changed.
fn changed_columns(
    tx: &mut Tx<'_>,
    ask: &CutQuery,
    (before, after): (&Cut, &Cut),
    (layout, ended): (&'static Layout, Ended),
) -> Result<Vec<ChangedFigure>, ApiError> {
    let columns: Vec<Members> = layout.columns.iter().map(|column| Members::Column(column, ended)).collect();
    let moved = changes(tx, before, after, &columns)?;
    let mut list = Vec::new();
    for (members, moved) in columns.into_iter().zip(moved) {
        let sizes = (tx.facts_count(&members.question(before))?, tx.facts_count(&members.question(after))?);
        list.extend(figure_of((layout.id, members), ask, before.known_at, sizes, Some(moved)));
    }
    Ok(list)
}

/// `moved`: none where the unit is not the dossier. Nothing when nothing changed.
fn figure_of(
    (report, members): (&str, Members),
    ask: &CutQuery,
    since: Instant,
    (before, after): (i64, i64),
    moved: Option<MovedCounts>,
) -> Option<ChangedFigure> {
    if before == after && moved.unwrap_or_default() == MovedCounts::default() {
        return None;
    }
    let asked = match members {
        Members::Indicator(indicator, part) => format!("indicator={}&part={}", escape(indicator.id), part.as_str()),
        Members::Column(column, ended) => format!("report={report}&column={}&ended={}", column.number, ended.as_str()),
    };
    let link = format!("/api/v1/reports/diff?{asked}&since={}{}", time::canonical(since), ask.query());
    Some(ChangedFigure {
        part: PartView::new(members),
        before,
        after,
        entered: moved.map(|moved| moved.entered),
        left: moved.map(|moved| moved.left),
        diff: moved.map(|_| link),
    })
}
