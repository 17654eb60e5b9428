//! Two clocks made searchable.
//!
//! For a cut `(at, known_at)` with `at ≤ known_at` a dossier's facts are the fold of the events
//! effective by `at` and recorded by `known_at`. Over the plane of both clocks that fold is constant
//! on rectangles; each rectangle is one row of the fact table, so that SQL finds the facts of every
//! dossier at any cut with four comparisons.

use uuid::Uuid;

use super::event::{Event, Payload};
use super::facts::{Facts, PaymentFact};
use super::fold::{effective, fold_at};
use super::time::{Instant, from_micros};

/// Upper end of what is still valid or still known.
pub const FOREVER: i64 = i64::MAX;

/// Facts on `[valid_from, valid_to) × [known_from, known_to)`, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    pub valid_from: i64,
    pub valid_to: i64,
    pub known_from: i64,
    pub known_to: i64,
    pub facts: Facts,
    pub payments: Vec<PaymentFact>,
}

/// What one more event does to the rows of its dossier.
///
/// The known row that holds `effective` ends there; known rows from `effective` on are superseded at
/// `recorded`; `rows` are new. Nothing valid can be asked for before it was known (`at ≤ known_at`),
/// so superseded rows also end at `recorded` in valid time, which keeps them out of later scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub effective: i64,
    pub recorded: i64,
    /// A known row begins before `effective` and reaches beyond it.
    pub splits: bool,
    /// Known rows begin at or after `effective`.
    pub supersedes: bool,
    /// The dossier had payments before: their rows are revised alike.
    pub had_payments: bool,
    pub rows: Vec<FactRow>,
}

/// The revision by the last of `events`, which are in order of recording.
#[must_use]
pub fn revise(agency: &str, id: Uuid, events: &[Event]) -> Option<Revision> {
    let (new, old) = events.split_last()?;
    let start = effective(new, events).timestamp_micros();
    let recorded = new.recorded_at.timestamp_micros();
    let mut rows = Vec::new();

    let old_points = breakpoints(old);
    let holder = old_points.iter().rposition(|point| *point <= start);
    if let Some(i) = holder.filter(|i| old_points[*i] < start) {
        let end = old_points.get(i + 1).copied().unwrap_or(FOREVER).min(recorded);
        if start < end {
            // The gap between happening and recording, as it was seen then.
            let known_from = known_since(old, old_points[i]);
            rows.extend(row(agency, id, old, (start, end), (known_from, recorded)));
        }
    }

    let mut points: Vec<i64> = breakpoints(events).into_iter().filter(|point| *point >= start).collect();
    points.push(FOREVER);
    for pair in points.windows(2) {
        rows.extend(row(agency, id, events, (pair[0], pair[1]), (recorded, FOREVER)));
    }
    let splits = holder.is_some_and(|i| old_points[i] < start);
    let supersedes = old_points.last().is_some_and(|last| *last >= start);
    let had_payments = old.iter().any(|event| matches!(event.payload, Payload::PaymentRecorded(_)));
    Some(Revision { effective: start, recorded, splits, supersedes, had_payments, rows })
}

/// All rows of a dossier, as if its events had just been recorded one after the other.
#[must_use]
pub fn replay(agency: &str, id: Uuid, events: &[Event]) -> Vec<FactRow> {
    let mut rows: Vec<FactRow> = Vec::new();
    for end in 1..=events.len() {
        let Some(revision) = revise(agency, id, &events[..end]) else { continue };
        for row in rows.iter_mut().filter(|row| row.known_to == FOREVER) {
            if row.valid_from >= revision.effective {
                row.known_to = revision.recorded;
                row.valid_to = row.valid_to.min(revision.recorded);
            } else {
                row.valid_to = row.valid_to.min(revision.effective);
            }
        }
        rows.extend(revision.rows);
    }
    rows.sort_by_key(|row| (row.valid_from, row.known_from));
    rows
}

fn row(agency: &str, id: Uuid, events: &[Event], valid: (i64, i64), known: (i64, i64)) -> Option<FactRow> {
    let dossier = fold_at(agency, id, events, from_micros(valid.0), Instant::MAX_UTC)?;
    Some(FactRow {
        valid_from: valid.0,
        valid_to: valid.1,
        known_from: known.0,
        known_to: known.1,
        facts: Facts::of(&dossier),
        payments: PaymentFact::all(&dossier),
    })
}

fn breakpoints(events: &[Event]) -> Vec<i64> {
    let mut points: Vec<i64> = events.iter().map(|event| effective(event, events).timestamp_micros()).collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// When the segment that begins at `point` took its present form.
fn known_since(events: &[Event], point: i64) -> i64 {
    let touching = events.iter().filter(|event| effective(event, events).timestamp_micros() <= point);
    touching.map(|event| event.recorded_at.timestamp_micros()).max().unwrap_or(point)
}
