//! A day off declared late: due instants of running dossiers reckoned anew with another calendar.
//!
//! What ended stays as it was judged: a dossier once finished, withdrawn, stopped or voided never moves. A paused one
//! takes the calendar that is in force when it resumes.

use super::calendar::{OfficeHours, WorkingCalendar};
use super::deadline::{Anchor, Pause, Term};
use super::dossier::{Dossier, State};
use super::time::Instant;

/// Both due instants of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dues {
    /// Pauses, calendar changes and extensions in it.
    pub due: Instant,
    /// The same without extensions: decides early, on time, late.
    pub due_strict: Instant,
}

/// The dues that `term` gives, an open pause counted as ending at `resumed`; none before the receipt.
///
/// The strict one counts from the start of the clock, or from an imported promise; an extension stands by itself.
/// Promise and extension are fixed: only pauses move them.
#[must_use]
pub fn dues(dossier: &Dossier, term: &Term<'_>, resumed: Option<Instant>) -> Option<Dues> {
    let start = dossier.clock_start?;
    let mut pauses: Vec<Pause> = dossier.pauses.iter().filter(|pause| pause.from >= start).copied().collect();
    pauses.extend(dossier.paused.zip(resumed).map(|(open, to)| Pause { from: open.since, to }));
    let anchor = match dossier.promised {
        Some(due) => Anchor::Fixed { due, since: start },
        None => Anchor::Start { at: start },
    };
    let due_strict = term.due(&anchor, &pauses);
    let due = match dossier.extension {
        Some((due, since)) => term.due(&Anchor::Fixed { due, since }, &pauses),
        None => due_strict,
    };
    Some(Dues { due, due_strict })
}

/// Whether the clock runs: received, not paused, and never finished or ended.
#[must_use]
pub fn running(dossier: &Dossier) -> bool {
    matches!(dossier.state, State::Received | State::Processing)
        && !dossier.voided
        && dossier.paused.is_none()
        && dossier.first_finish.is_none()
        && dossier.ended_at.is_none()
}

/// The dues of a running dossier under the calendar `after`, when that moves one of them.
///
/// `before` is the calendar by which they stand now, if it is known: what both calendars put at the same instant
/// does not move, whatever else (office hours, say) has changed since.
#[must_use]
pub fn recompute(
    dossier: &Dossier,
    before: Option<&WorkingCalendar>,
    after: &WorkingCalendar,
    hours: &OfficeHours,
) -> Option<Dues> {
    if !running(dossier) {
        return None;
    }
    let under = |calendar| dues(dossier, &Term { calendar, hours, time: dossier.snapshot.processing_time }, None);
    let new = under(after)?;
    if before.is_some_and(|before| under(before) == Some(new)) {
        return None;
    }
    let stands = dossier.due == Some(new.due) && dossier.due_strict == Some(new.due_strict);
    (!stands).then_some(new)
}

#[cfg(test)]
#[path = "recompute_tests.rs"]
mod tests;
