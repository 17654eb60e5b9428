//! Work over many agencies as a resumable job: one agency a transaction, in small pieces, so that other writers get
//! their turn between them. How far it has come is stored with what it did; broken off, it goes on from there.

mod apply;
mod worker;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use uuid::Uuid;

pub use worker::{Bell, Worker};

use super::catalogue::QUEUE;
use super::dossiers::{Key, earlier, once};
use super::{App, AppError};
use crate::store::calendars::Calendars;
use crate::store::jobs::{JobRow, UNFINISHED};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// Brings a new version of the calendar to open dossiers.
pub const CALENDAR_APPLY: &str = "calendar_apply";

/// Another calendar is in force by now.
pub const SUPERSEDED: &str = "superseded";
/// A defect, or a broken database: the log says more.
pub const INTERNAL: &str = "internal";

/// A job and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub job: JobRow,
    pub agencies_done: i64,
    /// Dossiers looked at, and those of them that moved.
    pub examined: i64,
    pub moved: i64,
}

impl Progress {
    /// With the dossiers of the agencies within `reach`, or of all.
    ///
    /// # Errors
    /// The database fails.
    pub fn of(tx: &mut Tx<'_>, job: JobRow, reach: Option<&BTreeSet<String>>) -> Result<Self, StoreError> {
        let mut progress = Self { job, agencies_done: 0, examined: 0, moved: 0 };
        for row in tx.job_agencies(progress.job.id)? {
            progress.agencies_done += i64::from(row.done);
            if reach.is_none_or(|reach| reach.contains(&row.agency_id)) {
                progress.examined += row.examined;
                progress.moved += row.moved;
            }
        }
        Ok(progress)
    }

    #[must_use]
    pub fn unfinished(&self) -> bool {
        UNFINISHED.contains(&self.job.state.as_str())
    }
}

/// Asks for the calendar `version` to be applied; an unfinished job of the same version serves again.
///
/// # Errors
/// `NotFound` for an unknown version, `Superseded` for one that is no longer in force, `KeyReused`.
pub fn request(
    tx: &mut Tx<'_>,
    app: &App,
    actor: &str,
    version: &str,
    key: Option<&Key>,
) -> Result<Progress, AppError> {
    let now = app.clock.now();
    if let Some(row) = earlier(tx, "", actor, key, now)? {
        let id = Uuid::parse_str(&row.resource).map_err(|_| StoreError::Corrupt("idempotency row".into()))?;
        return find(tx, id, None);
    }
    let calendars = Calendars::load(tx)?;
    let current = calendars.in_force().map(|calendar| calendar.version.clone()).unwrap_or_default();
    if calendars.find(version).is_none() {
        return Err(AppError::NotFound);
    }
    if current != version {
        return Err(AppError::Superseded { current });
    }
    let job = match tx.job_of(CALENDAR_APPLY, version)? {
        Some(job) => job,
        None => {
            let job = JobRow {
                id: Id(app.clock.new_id()),
                kind: CALENDAR_APPLY.to_owned(),
                subject: version.to_owned(),
                state: "queued".to_owned(),
                requested_by: actor.to_owned(),
                requested_at: now.timestamp_micros(),
                started_at: None,
                finished_at: None,
                error: None,
                agencies: 0,
                dossiers: 0,
            };
            tx.job_insert(&job)?;
            job
        }
    };
    once(tx, actor, key, now, &job.id.0.to_string(), |_| Ok(()))?;
    Ok(Progress::of(tx, job, None)?)
}

/// A job, with the dossiers of the agencies within `reach`, or of all.
///
/// # Errors
/// `NotFound`.
pub fn find(tx: &mut Tx<'_>, id: Uuid, reach: Option<&BTreeSet<String>>) -> Result<Progress, AppError> {
    let job = tx.job_by_id(Id(id))?.ok_or(AppError::NotFound)?;
    Ok(Progress::of(tx, job, reach)?)
}

/// Does the next piece of the oldest unfinished job and says how far it is; `None`: there is none. Blocks.
///
/// # Errors
/// The database fails. What is not the database's passing trouble ends the job as `failed`.
pub fn run_once(app: &App) -> Result<Option<Progress>, AppError> {
    let job = app.store.read_blocking::<_, AppError, _>(|tx| Ok(tx.job_unfinished()?))?;
    job.map(|job| step(app, job.id.0, apply::PAGE)).transpose()
}

/// Does the next piece of a job, of `page` dossiers at most. Blocks.
///
/// # Errors
/// As [`run_once`].
pub fn step(app: &App, id: Uuid, page: i64) -> Result<Progress, AppError> {
    step_with(app, id, || apply::step(app, Id(id), page))
}

/// Does `piece` as the next of a job. A panic fails the job as any other defect does.
///
/// # Errors
/// As [`run_once`].
pub fn step_with(app: &App, id: Uuid, piece: impl FnOnce() -> Result<(), AppError>) -> Result<Progress, AppError> {
    let done = catch_unwind(AssertUnwindSafe(piece));
    let done = done.unwrap_or_else(|_| Err(StoreError::Other("a piece of a job panicked".into()).into()));
    if let Err(error) = done {
        if passing(&error) {
            return Err(error);
        }
        tracing::error!(error = %error, job = %id, "the job failed");
        end(app, Id(id), Some(INTERNAL))?;
    }
    app.store.read_blocking(|tx| find(tx, id, None))
}

/// Works on a job until it is finished; `heard` is told after every piece. Blocks.
///
/// # Errors
/// The database fails; asked again, it goes on.
pub fn run(app: &App, id: Uuid, mut heard: impl FnMut(&Progress)) -> Result<Progress, AppError> {
    loop {
        let progress = step(app, id, apply::PAGE)?;
        heard(&progress);
        if !progress.unfinished() {
            return Ok(progress);
        }
    }
}

/// Trouble that goes by itself, or when somebody makes room.
fn passing(error: &AppError) -> bool {
    matches!(error, AppError::Store(StoreError::Unavailable(_) | StoreError::Retry(_) | StoreError::Full(_)))
}

/// Changes the row of a job that is not finished.
fn change(app: &App, id: Id, mut with: impl FnMut(&mut JobRow) + Send + 'static) -> Result<(), AppError> {
    app.store.write_blocking(QUEUE, move |tx| {
        let row = tx.job_by_id(id)?.filter(|row| UNFINISHED.contains(&row.state.as_str()));
        let Some(mut row) = row else { return Ok(()) };
        with(&mut row);
        Ok(tx.job_save(&row)?)
    })
}

fn end(app: &App, id: Id, error: Option<&'static str>) -> Result<(), AppError> {
    let now = app.clock.now().timestamp_micros();
    change(app, id, move |row| {
        row.state = if error.is_none() { "done" } else { "failed" }.to_owned();
        row.error = error.map(str::to_owned);
        row.finished_at = Some(now);
    })
}
