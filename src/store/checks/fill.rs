//! What stands by name in the templates of checks: sets, thresholds, marks, instants. Texts and predicates are
//! filled from one table, so that a definition prints the very number that decides.

use crate::domain::calendar::WorkingCalendar;
use crate::domain::facts::marks;
use crate::domain::time::start_of_day;
use crate::store::figures::Cut;
use crate::store::indicators::Instants;

/// Changes when a definition or a threshold does; every answer carries it.
pub const CHECKS_VERSION: u32 = 1;

/// The numbers that decide.
const THRESHOLDS: [(&str, i64); 11] = [
    // A weekend never makes a receipt late.
    ("{receipt_days}", 3),
    ("{quick_minutes}", 30),
    ("{rounds}", 2),
    ("{due_hours}", 24),
    ("{return_days}", 10),
    ("{mass_finishes}", MASS_FINISHES),
    ("{mass_days}", MASS_DAYS),
    ("{mass_times}", MASS_TIMES),
    ("{perfect_finishes}", PERFECT_FINISHES),
    ("{refile_days}", REFILE_DAYS),
    ("{many_online}", MANY_ONLINE),
];

pub(super) const REFILE_DAYS: i64 = 10;
pub(super) const MANY_ONLINE: i64 = 10;

/// Fewer finishes than this say nothing of their distribution.
pub(super) const MASS_FINISHES: i64 = 20;
/// In a shorter period the last working days are no end of anything.
pub(super) const MASS_DAYS: i64 = 10;
pub(super) const MASS_TIMES: i64 = 3;
/// Working days that make the end of a period.
pub(super) const ENDING_DAYS: i64 = 2;
pub(super) const PERFECT_FINISHES: i64 = 100;

const MICROS: [(&str, i64); 2] = [("{hour}", 3_600_000_000), ("{day}", 86_400_000_000)];

const MARKS: [(&str, i64); 10] = [
    ("{immediate}", marks::IMMEDIATE),
    ("{item_twice}", marks::ITEM_TWICE),
    ("{late_supplement}", marks::LATE_SUPPLEMENT),
    ("{result_numbered}", marks::RESULT_NUMBERED),
    ("{extended}", marks::EXTENDED),
    ("{extended_after_due}", marks::EXTENDED_AFTER_DUE),
    ("{extended_twice}", marks::EXTENDED_TWICE),
    ("{letter_late}", marks::LETTER_LATE),
    ("{result_before_receipt}", marks::RESULT_BEFORE_RECEIPT),
    ("{same_hand}", marks::RECEIVED_BY_SUBMITTER),
];

/// The last working days of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// First microsecond of the first of them.
    pub begins: i64,
    /// Working days of the whole period.
    pub working_days: i64,
}

impl Ending {
    /// `None` in a period without that many working days.
    #[must_use]
    pub fn of(cut: &Cut, calendar: &WorkingCalendar) -> Option<Self> {
        let working = cut.from.iter_days().take_while(|day| *day <= cut.to).filter(|day| calendar.is_working(*day));
        let days: Vec<_> = working.collect();
        let count = i64::try_from(days.len()).ok()?;
        let first = days.get(usize::try_from(count - ENDING_DAYS).ok()?)?;
        Some(Self { begins: start_of_day(*first).timestamp_micros(), working_days: count })
    }
}

/// What the templates of a cut refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    pub instants: Instants,
    /// Without one nothing can be said of the end of the period.
    pub ending: Option<Ending>,
}

impl Scene {
    /// The filled template as a condition: false where it would be NULL.
    pub(super) fn sure(&self, template: &str) -> String {
        format!("COALESCE(({}), FALSE)", self.fill(template))
    }

    /// The filled template.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = template.replace("{T}", "({F} OR {X} OR {W})");
        for (name, mark) in MARKS {
            text = text.replace(name, &format!("((marks & {mark}) <> 0)"));
        }
        for (name, number) in THRESHOLDS.into_iter().chain(MICROS) {
            text = text.replace(name, &number.to_string());
        }
        // No ending: an instant that nothing comes after.
        let begins = self.ending.map_or(i64::MAX, |ending| ending.begins);
        text = text.replace("{ending}", &begins.to_string());
        self.instants.fill(&text)
    }
}

/// A text for people with its thresholds.
pub(super) fn words(template: &str) -> String {
    THRESHOLDS
        .iter()
        .chain(&[("{ending_days}", ENDING_DAYS)])
        .fold(template.to_owned(), |text, (name, number)| text.replace(name, &number.to_string()))
}
