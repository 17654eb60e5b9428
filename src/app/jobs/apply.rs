//! A calendar applied: `deadline_recomputed` written to the open dossiers that it moves.
//!
//! Each dossier is looked at again inside the transaction that writes to it: it may have ended, paused or moved since
//! somebody looked at a preview. One that stands as the calendar says gets no event, so a second run writes nothing.

use std::time::{Duration, Instant};

use super::{change, end};
use crate::app::record::{Ask, Book, File};
use crate::app::{App, AppError};
use crate::domain::actor::Standing;
use crate::domain::event::{DeadlineRecomputed, Payload};
use crate::domain::recompute::recompute;
use crate::store::Tx;
use crate::store::calendars::{Calendars, micros};
use crate::store::history::{self, Personal};
use crate::store::jobs::JobAgencyRow;
use crate::store::sql_types::Id;

/// Dossiers looked at in one transaction, at most.
pub const PAGE: i64 = 200;
/// After this long a piece ends: its stamps must be young at the commit, and others wait.
const ENOUGH: Duration = Duration::from_millis(300);

/// What became of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Done,
    /// Another version is in force by now.
    Superseded,
}

/// The next piece: counting, a part of an agency, or the end.
pub fn step(app: &App, id: Id, page: i64) -> Result<(), AppError> {
    let Some(job) = app.store.read_blocking::<_, AppError, _>(|tx| Ok(tx.job_by_id(id)?))? else {
        return Err(AppError::NotFound);
    };
    match job.state.as_str() {
        "queued" => begin(app, id, &job.subject),
        "running" => match next_agency(app, id)? {
            None => end(app, id, None),
            Some(agency) => {
                let (app2, version, name) = (app.clone(), job.subject, agency.clone());
                let work = move |tx: &mut Tx<'_>| piece(tx, &app2, id, (&agency, page), &version);
                let done = app.store.write_blocking(&name, work)?;
                match done {
                    Piece::Done => Ok(()),
                    Piece::Superseded => end(app, id, Some(super::SUPERSEDED)),
                }
            }
        },
        _ => Ok(()),
    }
}

/// Counts what there is to do, for whoever watches.
fn begin(app: &App, id: Id, version: &str) -> Result<(), AppError> {
    let (agencies, dossiers) = app.store.read_blocking::<_, AppError, _>(|tx| {
        let calendars = Calendars::load(tx)?;
        let span = calendars.find(version).and_then(|calendar| calendars.span_to(calendar));
        let dossiers = span.map_or(Ok(0), |span| tx.open_count(micros(span)))?;
        Ok((tx.heads_all()?.len(), dossiers))
    })?;
    let now = app.clock.now().timestamp_micros();
    change(app, id, move |row| {
        row.state = "running".to_owned();
        row.started_at = Some(now);
        row.agencies = i64::try_from(agencies).unwrap_or(i64::MAX);
        row.dossiers = dossiers;
    })
}

/// The first agency with a history in which the job is not done.
fn next_agency(app: &App, id: Id) -> Result<Option<String>, AppError> {
    app.store.read_blocking(|tx| {
        let done: std::collections::BTreeSet<String> =
            tx.job_agencies(id)?.into_iter().filter(|row| row.done).map(|row| row.agency_id).collect();
        let heads = tx.heads_all()?.into_iter().map(|head| head.agency_id);
        Ok(heads.filter(|agency| !done.contains(agency)).min())
    })
}

fn piece(tx: &mut Tx<'_>, app: &App, id: Id, (agency, limit): (&str, i64), version: &str) -> Result<Piece, AppError> {
    // The lock first: who else works on the same job has finished his piece then.
    let mut book = Book::open(tx, app, agency)?;
    let calendars = Calendars::load(tx)?;
    let Some(calendar) = calendars.in_force().filter(|calendar| calendar.version == version) else {
        return Ok(Piece::Superseded);
    };
    let mut row = tx.job_agency(agency, id)?.unwrap_or_else(|| JobAgencyRow::first(agency, id));
    if row.done {
        return Ok(Piece::Done);
    }
    let page = match calendars.span_to(calendar) {
        Some(span) => tx.open_page(agency, micros(span), row.position, limit)?,
        None => Vec::new(),
    };
    let ids: Vec<Id> = page.iter().filter(|(_, paused)| paused.is_none()).map(|(id, _)| *id).collect();
    let mut histories = history::events_of_many(tx, agency, &ids)?;
    let notice = calendar.notice.clone().unwrap_or_else(|| version.to_owned());
    let standing = Standing::of_system();
    let begun = Instant::now();
    row.done = page.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    let last = page.last().map(|(id, _)| *id);
    for (dossier, _) in page {
        row.position = Some(dossier);
        let Some(events) = histories.remove(&dossier) else { continue };
        row.examined += 1;
        let mut file = File { agency: agency.to_owned(), id: dossier.0, events, personal: Personal::new() };
        let Some(seen) = file.dossier() else { continue };
        let before = seen.calendar_version.as_deref().and_then(|version| calendars.working(version));
        if let Some(dues) = recompute(&seen, before, book.calendar(), book.hours()) {
            let event = DeadlineRecomputed {
                calendar_version: version.to_owned(),
                notice: notice.clone(),
                due: dues.due,
                due_strict: dues.due_strict,
            };
            book.append(tx, app, &mut file, Ask::now(Payload::DeadlineRecomputed(event)), &standing)?;
            row.moved += 1;
        }
        if begun.elapsed() > ENOUGH && Some(dossier) != last {
            row.done = false;
            break;
        }
    }
    tx.job_agency_save(&row)?;
    book.close(tx)?;
    Ok(Piece::Done)
}
