//! Import of dossiers: NDJSON, one dossier with its events a line, streamed in constant memory.
//!
//! ```json
//! {"kind": "dossier", "source": "old-system", "source_id": "77", "events": [
//!   {"type": "submitted", "occurred_at": "2024-01-05T08:00:00+07:00", "agency": "H26.1", "procedure": "1.005129", …},
//!   {"type": "received", "occurred_at": "…", "code": "H26.1-240105-0007", "due": "…"}, …]}
//! {"kind": "agency", "code": "H26.1", …}
//! ```
//!
//! Every dossier stands for itself: a bad line is reported and the others are recorded. Lines are submitted
//! to the writer without waiting for one another, so that many share a commit, and answered in order. A line
//! that was recorded before is known again by `source` and `source_id`, by the official code its receipt
//! carries, or, with neither, by its content. Documents (`agency`, `procedure`, `calendar`, `plan`) take
//! effect for the lines after them.

mod apply;
mod line;
mod report;
mod same;
mod split;

use std::collections::VecDeque;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use apply::BY_CODE;
pub use report::{DeadlineDifference, LineError, Report};
pub use split::LINE_LIMIT;

use super::catalogue::{self, Entry, Keeper};
use super::{App, AppError};
use crate::domain::error::{FieldError, Refusal};
use crate::store::StoreError;
use apply::{Outcome, Run, Stop, apply};
use line::{DossierLine, Line};
use split::{Cut, Splitter};

/// Lines submitted and not yet answered: enough to fill a grouped commit.
const WINDOW: usize = 256;
/// Bytes of such lines.
const WINDOW_BYTES: usize = 8 << 20;
/// How often a line is submitted again when the writer is too busy.
const TRIES: u32 = 6;

type Answer = Pin<Box<dyn Future<Output = Result<Outcome, Stop>> + Send>>;

enum Pending {
    Refused(u64, Vec<FieldError>),
    Submitted { line: Arc<DossierLine>, bytes: usize, answer: Answer },
}

/// What may be imported by whom.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Recorded as `import:<actor>`.
    pub actor: String,
    /// Whose dossiers and documents may be imported; `None`: everybody's.
    pub keeper: Option<Keeper>,
}

/// An import under way. Feed it bytes as they come, then finish it.
#[expect(missing_debug_implementations, reason = "holds futures")]
pub struct Importer {
    app: App,
    run: Arc<Run>,
    keeper: Option<Arc<Keeper>>,
    indicator_ids: Vec<&'static str>,
    splitter: Splitter,
    window: VecDeque<Pending>,
    window_bytes: usize,
    report: Report,
}

impl Importer {
    /// `file` is the name by which events remember where they came from; `indicator_ids` are those that
    /// targets of imported plans may name.
    #[must_use]
    pub fn new(app: &App, scope: Scope, file: &str, indicator_ids: &[&'static str]) -> Self {
        Self {
            app: app.clone(),
            run: Arc::new(Run { actor: format!("import:{}", scope.actor), file: file.to_owned() }),
            keeper: scope.keeper.map(Arc::new),
            indicator_ids: indicator_ids.to_vec(),
            splitter: Splitter::default(),
            window: VecDeque::new(),
            window_bytes: 0,
            report: Report::default(),
        }
    }

    /// Takes the next bytes of the file; lines may be cut anywhere.
    ///
    /// # Errors
    /// The database is not there or full. What was recorded stays; the import can be run again.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        for (number, cut) in self.splitter.push(bytes) {
            self.take(number, cut).await?;
        }
        Ok(())
    }

    /// Takes the end of the file and waits for what is under way.
    ///
    /// # Errors
    /// As [`Importer::feed`].
    pub async fn finish(mut self) -> Result<Report, StoreError> {
        if let Some((number, cut)) = self.splitter.end() {
            self.take(number, cut).await?;
        }
        self.drain(0, 0).await?;
        Ok(self.report)
    }

    /// Reads a whole file; `progress` is told the bytes read so far.
    ///
    /// # Errors
    /// As [`Importer::feed`]; also when the file cannot be read on.
    pub async fn read(mut self, mut file: impl Read, mut progress: impl FnMut(u64)) -> Result<Report, StoreError> {
        let mut buffer = vec![0; 1 << 16];
        let mut done: u64 = 0;
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => return self.finish().await,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(StoreError::Other(format!("the file cannot be read on: {error}"))),
            };
            self.feed(buffer.get(..count).unwrap_or_default()).await?;
            done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            progress(done);
        }
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    async fn take(&mut self, number: u64, cut: Cut) -> Result<(), StoreError> {
        let pending = match &cut {
            Cut::TooLong => {
                let detail = format!("longer than {LINE_LIMIT} bytes");
                Pending::Refused(number, vec![FieldError::new("", "line_too_long", &detail)])
            }
            Cut::Line(bytes) => {
                let start = if number == 1 { bytes.strip_prefix(b"\xEF\xBB\xBF") } else { None };
                let text = start.unwrap_or(bytes).trim_ascii();
                if text.is_empty() {
                    return Ok(());
                }
                match line::read(number, text) {
                    Err(errors) => Pending::Refused(number, errors),
                    Ok(Line::Document(entry)) => return self.document(number, entry).await,
                    Ok(Line::Dossier(line)) if self.out_of_scope(&line.agency) => {
                        let detail = "không có cơ quan này / no such agency";
                        Pending::Refused(number, vec![FieldError::new("/events/0/agency", "unknown_agency", detail)])
                    }
                    Ok(Line::Dossier(line)) => {
                        let (line, bytes): (Arc<DossierLine>, usize) = (line.into(), text.len());
                        let answer = self.submit(&line);
                        Pending::Submitted { line, bytes, answer }
                    }
                }
            }
        };
        if let Pending::Submitted { bytes, .. } = &pending {
            self.window_bytes += bytes;
        }
        self.window.push_back(pending);
        self.drain(WINDOW, WINDOW_BYTES).await
    }

    fn out_of_scope(&self, agency: &str) -> bool {
        self.keeper.as_ref().is_some_and(|keeper| !keeper.keeps(agency))
    }

    fn submit(&self, line: &Arc<DossierLine>) -> Answer {
        let (app, run, line) = (self.app.clone(), Arc::clone(&self.run), Arc::clone(line));
        let (agency, keeper) = (line.agency.clone(), self.keeper.clone());
        Box::pin(self.app.store.submit(&agency, move |tx| apply(tx, &app, &run, keeper.as_deref(), &line)))
    }

    /// Waits for the oldest lines until no more than `lines` of `bytes` in all are under way.
    async fn drain(&mut self, lines: usize, bytes: usize) -> Result<(), StoreError> {
        while self.window.len() > lines || self.window_bytes > bytes {
            match self.window.pop_front() {
                None => break,
                Some(Pending::Refused(number, errors)) => {
                    self.report.lines += 1;
                    self.report.failed(number, errors);
                }
                Some(Pending::Submitted { line, bytes, answer }) => {
                    self.window_bytes -= bytes;
                    let outcome = self.settle(&line, answer).await;
                    self.note(line.number, outcome)?;
                }
            }
        }
        Ok(())
    }

    /// The answer; a writer that was too busy is asked again.
    async fn settle(&self, line: &Arc<DossierLine>, answer: Answer) -> Result<Outcome, Stop> {
        let mut outcome = answer.await;
        for i in 0..TRIES {
            if !matches!(outcome, Err(Stop::Store(StoreError::Unavailable(_)))) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100 << i)).await;
            outcome = self.submit(line).await;
        }
        outcome
    }

    fn note(&mut self, number: u64, outcome: Result<Outcome, Stop>) -> Result<(), StoreError> {
        match outcome {
            Ok(Outcome::Created(difference)) => {
                self.report.created += 1;
                if let Some(difference) = difference {
                    self.report.difference(difference);
                }
            }
            Ok(Outcome::Unchanged) => self.report.unchanged += 1,
            Ok(Outcome::Differs(detail)) => self.report.differs(number, &detail),
            Err(Stop::Refused(errors)) => self.report.failed(number, errors),
            Err(Stop::Store(error)) => self.report.failed(number, vec![of_the_line(error)?]),
        }
        self.report.lines += 1;
        Ok(())
    }

    /// Puts a document, after all lines before it and before all lines after it.
    async fn document(&mut self, number: u64, entry: Entry) -> Result<(), StoreError> {
        self.drain(0, 0).await?;
        let (app, ids, keeper) = (self.app.clone(), self.indicator_ids.clone(), self.keeper.clone());
        let document = entry.clone();
        let put = move |tx: &mut crate::store::Tx<'_>| {
            if let Some(keeper) = &keeper {
                keeper.may_put(tx, &app, &document)?;
            }
            catalogue::put_entry(tx, &app, &document, &ids)
        };
        let put = self.app.store.write(catalogue::QUEUE, put).await;
        self.report.lines += 1;
        match put {
            Ok(put) => {
                if let (Entry::Agency(agency), Some(keeper)) = (entry, &mut self.keeper) {
                    Arc::make_mut(keeper).add(agency.code);
                }
                let counter = if put.changed { &mut self.report.catalogue } else { &mut self.report.unchanged };
                *counter += 1;
            }
            Err(AppError::Refused(Refusal::Invalid(errors))) => self.report.failed(number, errors),
            Err(AppError::Store(error)) => self.report.failed(number, vec![of_the_line(error)?]),
            Err(other) => self.report.failed(number, vec![FieldError::new("", "refused", &other.to_string())]),
        }
        Ok(())
    }
}

/// What concerns one line only; anything else ends the import.
fn of_the_line(error: StoreError) -> Result<FieldError, StoreError> {
    match error {
        StoreError::Conflict(text) => Ok(FieldError::new("", "exists", &text)),
        StoreError::Other(text) => {
            tracing::error!(error = %text, "a line could not be recorded");
            Ok(FieldError::new("", "internal", "the database refused this line"))
        }
        other => Err(other),
    }
}
