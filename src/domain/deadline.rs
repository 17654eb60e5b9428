//! Due instants, why they are what they are, and working time.
//!
//! Everything here is a pure function of the start, the processing time, the calendar, the office hours and the
//! pauses. A period in days begins on the day after receipt, ends when the office closes on its last day and, if
//! that is a day off, on the next working day (Civil Code 2015 art. 147, 148). Time spent waiting for the applicant
//! is taken out (Decision 766/QĐ-TTg). Dates and times of day are Vietnam's.

use chrono::{Duration, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calendar::{OfficeHours, WorkingCalendar};
use super::time::{Instant, at_local, business_date, vietnam};

#[path = "deadline_explain.rs"]
mod explain;

pub use explain::{DayEffect, ExplainedDay, Explanation};

/// The longest processing time, in whatever unit. `Procedure::check` refuses more; here more is read as this.
pub const MAX_AMOUNT: u32 = 2000;

/// `immediate`: what comes in later is due on the next working day (so in Hà Nội's decisions 663 and 1811; Decree
/// 118/2025 art. 18 draws the same line for passing papers on).
const CUT_OFF: NaiveTime = NaiveTime::from_hms_opt(15, 0, 0).expect("a time of day");

/// What a processing time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Days the office works (ngày làm việc).
    WorkingDays,
    /// All days (ngày); only the last one must be a working day.
    CalendarDays,
    /// Hours of open office (giờ làm việc).
    WorkingHours,
    /// Returned on the spot (trả ngay).
    Immediate,
}

/// How long a procedure may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessingTime {
    /// 1 to 2000 units; 0 for `immediate`.
    #[serde(default)]
    #[schema(maximum = 2000)]
    pub amount: u32,
    pub unit: TimeUnit,
}

/// A stretch in which the clock stood still, after `from` and up to `to`. One that ends before it begins is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    #[serde(with = "super::time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub from: Instant,
    #[serde(with = "super::time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub to: Instant,
}

/// What a due instant is reckoned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Anchor {
    /// The clock runs from here: the receipt, or a restart. What a pause held before is of no account.
    Start {
        #[serde(with = "super::time::local")]
        #[schema(value_type = String, format = DateTime)]
        at: Instant,
    },
    /// A due instant that was promised (extended, imported). It stays as it is, save for pauses that begin at
    /// `since` or later: they move it.
    Fixed {
        #[serde(with = "super::time::local")]
        #[schema(value_type = String, format = DateTime)]
        due: Instant,
        #[serde(with = "super::time::local")]
        #[schema(value_type = String, format = DateTime)]
        since: Instant,
    },
}

/// A processing time at an office: what is needed to reckon due instants.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    pub calendar: &'a WorkingCalendar,
    pub hours: &'a OfficeHours,
    pub time: ProcessingTime,
}

impl Term<'_> {
    /// When the dossier is due. `pauses` in any order; those that overlap count once.
    #[must_use]
    pub fn due(&self, anchor: &Anchor, pauses: &[Pause]) -> Instant {
        let pauses = relevant(anchor, pauses);
        match self.time.unit {
            TimeUnit::WorkingDays | TimeUnit::CalendarDays => {
                let paused = self.length(&dates(&pauses));
                match *anchor {
                    Anchor::Start { at } => {
                        let last = self.count(business_date(at), self.amount() + paused);
                        at_local(self.calendar.on_or_after(last), self.hours.close())
                    }
                    Anchor::Fixed { due, .. } if paused == 0 => due,
                    Anchor::Fixed { due, .. } => {
                        let last = self.count(business_date(due), paused);
                        at_local(self.calendar.on_or_after(last), due.with_timezone(&vietnam()).time())
                    }
                }
            }
            TimeUnit::WorkingHours => {
                let paused = instants(&pauses).iter().map(|(from, to)| self.office_time(*from, *to)).sum();
                match *anchor {
                    Anchor::Start { at } => self.after(at, Duration::hours(self.amount()) + paused),
                    Anchor::Fixed { due, .. } => self.after(due, paused),
                }
            }
            TimeUnit::Immediate => {
                let resumed = pauses.iter().map(|pause| pause.to).max();
                match *anchor {
                    Anchor::Start { at } => self.same_day(resumed.unwrap_or(at)),
                    // A pause never brings a promised instant forward.
                    Anchor::Fixed { due, .. } => resumed.map_or(due, |at| due.max(self.same_day(at))),
                }
            }
        }
    }

    /// Whole office minutes from `from` to `to` that lie in no pause; never negative.
    #[must_use]
    pub fn worked_minutes(&self, from: Instant, to: Instant, pauses: &[Pause]) -> i64 {
        let clipped: Vec<Pause> = pauses.iter().map(|p| Pause { from: p.from.max(from), to: p.to.min(to) }).collect();
        let paused: Duration = instants(&clipped).iter().map(|(from, to)| self.office_time(*from, *to)).sum();
        (self.office_time(from, to) - paused).num_minutes().max(0)
    }

    /// How many days a pause moves a due date in day units: the days counted by this unit (calendar days for
    /// `calendar_days`, else working days) after the date of its beginning, up to and with the date of its end.
    #[must_use]
    pub fn counted_days(&self, pause: &Pause) -> i64 {
        self.length(&dates(&[*pause]))
    }

    fn amount(&self) -> i64 {
        i64::from(self.time.amount.min(MAX_AMOUNT))
    }

    /// Whether the unit counts `date`.
    fn counts(&self, date: NaiveDate) -> bool {
        self.time.unit == TimeUnit::CalendarDays || self.calendar.is_working(date)
    }

    /// The `n`-th counted day after `date`; `date` itself for 0.
    fn count(&self, date: NaiveDate, n: i64) -> NaiveDate {
        if self.time.unit == TimeUnit::CalendarDays {
            return date.checked_add_signed(Duration::days(n)).unwrap_or(NaiveDate::MAX);
        }
        (0..n).fold(date, |day, _| self.calendar.next_working(day))
    }

    /// Counted days in spans of dates.
    fn length(&self, spans: &[(NaiveDate, NaiveDate)]) -> i64 {
        spans.iter().map(|(from, to)| days(*from, *to).filter(|day| self.counts(*day)).count() as i64).sum()
    }

    /// `immediate`: the end of the day for what comes in at `at`.
    fn same_day(&self, at: Instant) -> Instant {
        let date = business_date(at);
        let last =
            if self.past_cut_off(at) { self.calendar.next_working(date) } else { self.calendar.on_or_after(date) };
        at_local(last, self.hours.close())
    }

    /// Whether `at` is after 15:00, or after an office that closes earlier has closed.
    fn past_cut_off(&self, at: Instant) -> bool {
        at.with_timezone(&vietnam()).time() > CUT_OFF.min(self.hours.close())
    }

    fn office_time(&self, from: Instant, to: Instant) -> Duration {
        working_time(self.calendar, self.hours, from, to)
    }

    fn after(&self, at: Instant, time: Duration) -> Instant {
        add_working_time(self.calendar, self.hours, at, time)
    }
}

/// Office time between two instants: what of it lies in a session of a working day. Zero if `to` is not after `from`.
#[must_use]
pub fn working_time(calendar: &WorkingCalendar, hours: &OfficeHours, from: Instant, to: Instant) -> Duration {
    if to <= from {
        return Duration::zero();
    }
    let last = business_date(to);
    let working =
        business_date(from).iter_days().take_while(|day| *day <= last).filter(|day| calendar.is_working(*day));
    working
        .flat_map(|day| sessions(hours, day))
        .map(|(open, close)| (close.min(to) - open.max(from)).max(Duration::zero()))
        .sum()
}

/// The earliest instant by which `minutes` of office time have passed since `at`; `at` itself for none.
///
/// Time outside the sessions does not pass. An online dossier is to be answered within 8 working hours, that is 480
/// minutes (Decree 118/2025/NĐ-CP, which speaks of one working day).
#[must_use]
pub fn add_working_minutes(calendar: &WorkingCalendar, hours: &OfficeHours, at: Instant, minutes: i64) -> Instant {
    add_working_time(calendar, hours, at, Duration::try_minutes(minutes).unwrap_or(Duration::MAX))
}

fn add_working_time(calendar: &WorkingCalendar, hours: &OfficeHours, at: Instant, time: Duration) -> Instant {
    if time <= Duration::zero() || hours.minutes_per_day() == 0 {
        return at;
    }
    let mut left = time;
    let mut date = calendar.on_or_after(business_date(at));
    loop {
        for (open, close) in sessions(hours, date) {
            let open = open.max(at);
            if close - open >= left {
                return open + left;
            }
            left -= (close - open).max(Duration::zero());
        }
        let next = calendar.next_working(date);
        if next <= date {
            return at_local(date, hours.close());
        }
        date = next;
    }
}

/// The sessions of a working day as instants.
fn sessions(hours: &OfficeHours, date: NaiveDate) -> impl Iterator<Item = (Instant, Instant)> {
    hours.sessions.iter().map(move |session| (at_local(date, session.from), at_local(date, session.to)))
}

/// The dates after `from`, up to and with `to`.
fn days(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    from.iter_days().skip(1).take_while(move |day| *day <= to)
}

/// The pauses that bear on an anchor: for `Start` what of them lies after it, for `Fixed` those that begin at
/// `since` or later.
fn relevant(anchor: &Anchor, pauses: &[Pause]) -> Vec<Pause> {
    let bears = |pause: &Pause| match *anchor {
        Anchor::Start { at } => Some(Pause { from: pause.from.max(at), to: pause.to }),
        Anchor::Fixed { since, .. } => (pause.from >= since).then_some(*pause),
    };
    pauses.iter().filter_map(bears).filter(|pause| pause.from <= pause.to).collect()
}

/// The dates in the pauses: spans (from, to] in order, apart from each other.
fn dates(pauses: &[Pause]) -> Vec<(NaiveDate, NaiveDate)> {
    union(pauses.iter().map(|pause| (business_date(pause.from), business_date(pause.to))).collect())
}

/// The time in the pauses: spans in order, apart from each other.
fn instants(pauses: &[Pause]) -> Vec<(Instant, Instant)> {
    union(pauses.iter().map(|pause| (pause.from, pause.to)).collect())
}

fn union<T: Ord + Copy>(mut spans: Vec<(T, T)>) -> Vec<(T, T)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    let mut apart: Vec<(T, T)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    apart
}

#[cfg(test)]
#[path = "deadline_tests.rs"]
mod tests;
