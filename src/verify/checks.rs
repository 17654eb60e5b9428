//! Whom the integrity checks flag, counted the slow and plain way from what their definitions say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::book::Book;
use super::case::{Case, Class, State};
use super::entry::Channel;
use super::figures::{Cut, View};
use super::local_date;
use super::predicates::Seen;

/// The checks that this module counts: all that need no personal values.
pub const CHECKS: &[&str] = &[
    "late_receipt",
    "late_receipt_paper",
    "quick_finish",
    "receipt_after_result",
    "late_entry",
    "assisted",
    "same_hand",
    "late_supplement",
    "repeated_rounds",
    "same_item_twice",
    "withdrawn_near_due",
    "extended_after_due",
    "extended_twice",
    "extended_without_letter",
    "no_result",
    "late_return",
    "reopened",
    "late_without_apology",
    "mass_closing",
    "perfect_record",
];

/// Dossiers by their uuid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flagged {
    pub population: BTreeSet<String>,
    pub flagged: BTreeSet<String>,
}

/// One check. `None`: not one of [`CHECKS`].
#[must_use]
pub fn check(book: &Book, id: &str, cut: &Cut) -> Option<Flagged> {
    View::new(book, cut).check(id)
}

impl View<'_> {
    /// See [`check`].
    #[must_use]
    pub fn check(&self, id: &str) -> Option<Flagged> {
        if !CHECKS.contains(&id) {
            return None;
        }
        if matches!(id, "mass_closing" | "perfect_record") {
            return Some(self.agencies(id));
        }
        let mut found = Flagged::default();
        for case in self.cases() {
            let (population, flagged) = judged(self.seen(case), id, self.cut.at())?;
            if population {
                found.population.insert(case.dossier.clone());
            }
            if population && flagged {
                found.flagged.insert(case.dossier.clone());
            }
        }
        Some(found)
    }

    /// Agency by agency: is it one that stands out, and which of its dossiers show it.
    fn agencies(&self, id: &str) -> Flagged {
        let mut finished: BTreeMap<&str, Vec<(&Case, DateTime<Utc>, Class)>> = BTreeMap::new();
        for case in self.cases() {
            if let Some(finish) = self.seen(case).finish() {
                finished.entry(&case.agency).or_default().push((case, finish.at, finish.class));
            }
        }
        let mut found = Flagged::default();
        for all in finished.into_values() {
            found.population.extend(all.iter().map(|(case, ..)| case.dossier.clone()));
            let flagged: Vec<&Case> = match id {
                "mass_closing" => self.mass(&all),
                _ if all.len() >= 100 && all.iter().all(|(.., class)| *class != Class::Late) => {
                    all.iter().map(|(case, ..)| *case).collect()
                }
                _ => Vec::new(),
            };
            found.flagged.extend(flagged.iter().map(|case| case.dossier.clone()));
        }
        found
    }

    fn mass<'c>(&self, all: &[(&'c Case, DateTime<Utc>, Class)]) -> Vec<&'c Case> {
        let Some(calendar) = self.book.calendar(self.cut.known_at) else { return Vec::new() };
        let period = self.cut.from.iter_days().take_while(|day| *day <= self.cut.to);
        let worked: Vec<_> = period.filter(|day| calendar.is_worked(*day)).collect();
        if worked.len() < 10 || all.len() < 20 {
            return Vec::new();
        }
        let last_two = worked[worked.len() - 2];
        let late: Vec<&Case> =
            all.iter().filter(|(_, at, _)| local_date(*at) >= last_two).map(|(case, ..)| *case).collect();
        // Three times what two average days see.
        if late.len() * worked.len() >= 3 * 2 * all.len() { late } else { Vec::new() }
    }
}

/// In the population, and flagged if so.
fn judged(seen: Seen<'_>, id: &str, at: DateTime<Utc>) -> Option<(bool, bool)> {
    let (case, signs) = (seen.case, &seen.case.signs);
    let finish = seen.finish();
    let finished = finish.is_some();
    let submitted = seen.period.holds(case.submitted_at);
    let online = submitted && case.channel.is_online();
    let extended = seen.present() && signs.extensions > 0;
    let rounds = case.first_finish.as_ref().map_or(case.rounds, |finish| finish.rounds);
    let missed = |indicator: &str| seen.counted(indicator).map(|(denominator, numerator)| (denominator, !numerator));
    Some(match id {
        "late_receipt" => missed("online_receipt_8h")?,
        "late_without_apology" => missed("apology_letters")?,
        "late_receipt_paper" => {
            let paper = submitted && matches!(case.channel, Channel::InPerson | Channel::Post);
            let left_unanswered = case.ended_at.is_some() && case.answered_at.is_none();
            let waited = case.answered_at.unwrap_or(at) - case.submitted_at;
            (paper && !left_unanswered, waited > Duration::days(3))
        }
        "quick_finish" => {
            let takes_time = case.snapshot.processing_time.unit != "immediate" && !case.snapshot.on_the_spot;
            (finished && takes_time, finish.is_some_and(|finish| finish.worked_minutes < 30))
        }
        "receipt_after_result" => {
            let issued = finish.and_then(|finish| finish.result.issued_on);
            (finished, issued.zip(case.received_at).is_some_and(|(issued, received)| issued < local_date(received)))
        }
        "late_entry" => (seen.present(), signs.late_entry),
        "assisted" => (online, signs.assisted),
        "same_hand" => (online && case.received_at.is_some(), signs.same_hand),
        "late_supplement" => (seen.present(), signs.late_supplement),
        "repeated_rounds" => (seen.present(), rounds >= 2),
        "same_item_twice" => (seen.present(), signs.item_twice),
        "withdrawn_near_due" => {
            let near = case.ended_at.zip(case.dues).is_some_and(|(ended, dues)| {
                ended >= dues.strict - Duration::hours(24) && ended <= dues.strict + Duration::hours(24)
            });
            (seen.ended() && case.state == State::Withdrawn, near)
        }
        "extended_after_due" => (extended, signs.extended_after_due),
        "extended_twice" => (extended, signs.extensions >= 2),
        "extended_without_letter" => (extended, signs.letter_late),
        "no_result" => {
            let empty = finish.is_some_and(|finish| {
                let result = finish.result;
                !result.document || !(result.numbered || result.electronic || case.result_digitised)
            });
            (finished, empty)
        }
        "late_return" => {
            let gap = finish.is_some_and(|finish| case.returned_at.unwrap_or(at) - finish.at > Duration::days(10));
            (finished && signs.reopens == 0, gap)
        }
        "reopened" => (finished, signs.reopens > 0),
        _ => return None,
    })
}
