//! What differs between two versions of the calendar.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::calendar::{Calendar, DayKind, DayOfWeek};
use super::time::{Instant, end_of_day, start_of_day};

/// A date that is worked in one version and off in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDay {
    pub date: NaiveDate,
    pub before: DayKind,
    pub after: DayKind,
}

/// From one version to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The plain week differs: any date may be another.
    pub week: bool,
    /// Listed dates, in order.
    pub days: Vec<ChangedDay>,
}

/// The dates within which everything that differs lies, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

/// Every date there is to the store.
const EVER: Span = Span {
    first: NaiveDate::from_ymd_opt(1, 1, 1).expect("a date"),
    last: NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date"),
};

impl Changes {
    #[must_use]
    pub fn between(before: &Calendar, after: &Calendar) -> Self {
        let week = |calendar: &Calendar| DayOfWeek::ALL.map(|day| calendar.weekend.contains(&day));
        let dates: BTreeSet<NaiveDate> = before.days.iter().chain(&after.days).map(|day| day.date).collect();
        let (old, new) = (before.index(), after.index());
        let changed = dates.into_iter().filter(|date| old.is_working(*date) != new.is_working(*date));
        let days = changed.map(|date| ChangedDay { date, before: old.day(date), after: new.day(date) }).collect();
        Self { week: week(before) != week(after), days }
    }

    /// `None`: the same days are worked, whatever they are called.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        if self.week {
            return Some(EVER);
        }
        Some(Span { first: self.days.first()?.date, last: self.days.last()?.date })
    }
}

impl Span {
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// First and last instant in Vietnam.
    #[must_use]
    pub fn instants(&self) -> (Instant, Instant) {
        (start_of_day(self.first), end_of_day(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::super::calendar::{CalendarDay, ListedKind, embedded};
    use super::*;

    fn listed(date: &str, kind: ListedKind) -> CalendarDay {
        CalendarDay { date: date.parse().unwrap(), name: "Nghỉ".into(), kind, source: None, confidence: None }
    }

    #[test]
    fn only_what_is_worked_otherwise_counts() {
        let before = embedded();
        let mut after = before.clone();
        assert_eq!(Changes::between(&before, &after), Changes::default());
        after.days[0].name = "Tên khác".into();
        // A Saturday stays off under whatever name.
        after.days.push(listed("2026-12-05", ListedKind::Holiday));
        assert_eq!(Changes::between(&before, &after).span(), None);
        after.days.push(listed("2026-12-24", ListedKind::SubstituteDayOff));
        after.days.push(listed("2026-12-12", ListedKind::MakeupWorkingDay));
        let changes = Changes::between(&before, &after);
        let dates: Vec<String> = changes.days.iter().map(|day| day.date.to_string()).collect();
        assert_eq!(dates, ["2026-12-12", "2026-12-24"]);
        assert_eq!(changes.days[0].before, DayKind::Weekend);
        assert_eq!(changes.days[1].before, DayKind::Working);
        let span = changes.span().unwrap();
        assert_eq!((span.first.to_string(), span.last.to_string()), ("2026-12-12".into(), "2026-12-24".into()));
        // Taking it back changes the same dates.
        assert_eq!(Changes::between(&after, &before).days.len(), 2);
    }

    #[test]
    fn another_week_reaches_everywhere() {
        let before = embedded();
        let mut after = before.clone();
        after.weekend = vec![DayOfWeek::Sun];
        let changes = Changes::between(&before, &after);
        assert!(changes.week);
        let (first, last) = changes.span().unwrap().instants();
        assert!(first.timestamp_micros() < 0 && last > first);
        // The order of the days says nothing.
        let mut turned = before.clone();
        turned.weekend.reverse();
        assert!(!Changes::between(&before, &turned).week);
    }
}
