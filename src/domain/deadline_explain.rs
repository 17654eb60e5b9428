//! The way to a due instant, day by day.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::calendar::{OfficeHours, WorkingCalendar};
use super::super::time::{Instant, business_date, start_of_day};
use super::{Anchor, Pause, ProcessingTime, Term, TimeUnit, dates, days, instants, relevant};

/// What a date does in an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayEffect {
    /// Receipt or restart. In day units the day itself is not counted.
    Start,
    /// The due date as promised, from which a moved one is counted on.
    Promised,
    /// One of the days (or some of the minutes) of the processing time.
    Counted,
    /// A day off, not counted.
    Skipped,
    /// Would have counted, but the clock stood still.
    Paused,
    /// Given in return for a paused day that lies behind the end reached without it.
    Added,
    /// `immediate`: the last pause ended; as if received now.
    Resumed,
    /// `immediate`: too late in the day, so the next working day.
    AfterCutOff,
    /// The end fell on a day off (or after the cut-off) and moved here.
    Rolled,
    /// The due date: always the last entry.
    Due,
}

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedDay {
    pub date: NaiveDate,
    pub effect: DayEffect,
    /// Day units: 1 for the first counted (or paused, or added) day, 2 for the second, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The holiday, the make-up day or the day of the weekend, in Vietnamese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `working_hours`: office minutes of that day with this effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
}

/// A due instant with the days that lead to it.
///
/// `days` goes by date, with two exceptions: paused days that lie behind the end follow it (before it rolls to a
/// working day), and a promised date comes before the pauses that move it. Counted entries sum up to the processing time, and every paused one is
/// matched by the end lying one counted day (minute) later. The list is as long as the stretch it tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Receipt, restart, or the promised due instant.
    #[serde(with = "super::super::time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub start: Instant,
    pub processing_time: ProcessingTime,
    pub calendar_version: String,
    pub office_hours: OfficeHours,
    pub days: Vec<ExplainedDay>,
    #[serde(with = "super::super::time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due: Instant,
}

impl Term<'_> {
    /// The same with the way it was reached, day by day.
    #[must_use]
    pub fn explain(&self, anchor: &Anchor, pauses: &[Pause]) -> Explanation {
        let due = self.due(anchor, pauses);
        let pauses = relevant(anchor, pauses);
        let mut list = Listing::new(self.calendar);
        let start = match *anchor {
            Anchor::Start { at } => {
                list.plain(business_date(at), DayEffect::Start);
                at
            }
            Anchor::Fixed { due, .. } => {
                list.plain(business_date(due), DayEffect::Promised);
                due
            }
        };
        match self.time.unit {
            TimeUnit::WorkingDays | TimeUnit::CalendarDays => self.list_days(&mut list, anchor, &dates(&pauses)),
            TimeUnit::WorkingHours => self.list_hours(&mut list, anchor, &instants(&pauses), due),
            TimeUnit::Immediate => self.list_immediate(&mut list, anchor, &pauses),
        }
        list.plain(business_date(due), DayEffect::Due);
        Explanation {
            start,
            processing_time: self.time,
            calendar_version: self.calendar.version().to_owned(),
            office_hours: self.hours.clone(),
            days: list.days,
            due,
        }
    }

    fn list_days(&self, list: &mut Listing, anchor: &Anchor, paused: &[(NaiveDate, NaiveDate)]) {
        let paused_days = || paused.iter().flat_map(|(from, to)| days(*from, *to)).filter(|day| self.counts(*day));
        let total = self.length(paused);
        let last = match *anchor {
            Anchor::Start { at } => {
                let first = business_date(at);
                let last = self.count(first, self.amount() + total);
                let mut left = self.amount();
                for day in days(first, last) {
                    if !self.counts(day) {
                        list.plain(day, DayEffect::Skipped);
                    } else if paused.iter().any(|(from, to)| *from < day && day <= *to) {
                        list.numbered(day, DayEffect::Paused);
                    } else if left > 0 {
                        left -= 1;
                        list.numbered(day, DayEffect::Counted);
                    } else {
                        list.numbered(day, DayEffect::Added);
                    }
                }
                paused_days().filter(|day| *day > last).for_each(|day| list.numbered(day, DayEffect::Paused));
                last
            }
            Anchor::Fixed { .. } if total == 0 => return,
            Anchor::Fixed { due, .. } => {
                paused_days().for_each(|day| list.numbered(day, DayEffect::Paused));
                let first = business_date(due);
                let last = self.count(first, total);
                for day in days(first, last) {
                    if self.counts(day) {
                        list.numbered(day, DayEffect::Added);
                    } else {
                        list.plain(day, DayEffect::Skipped);
                    }
                }
                last
            }
        };
        list.roll_to(last, self.calendar.on_or_after(last));
    }

    fn list_hours(&self, list: &mut Listing, anchor: &Anchor, paused: &[(Instant, Instant)], due: Instant) {
        let on = |day: NaiveDate, from: Instant, to: Instant| {
            self.office_time(from.max(start_of_day(day)), to.min(start_of_day(day) + Duration::days(1)))
        };
        let paused_on = |day: NaiveDate, until: Instant| -> Duration {
            paused.iter().map(|(from, to)| on(day, *from, until.min(*to))).sum()
        };
        let paused_until = paused.last().map(|(_, to)| *to);
        match *anchor {
            Anchor::Start { at } => {
                let end = paused_until.map_or(due, |to| due.max(to));
                let mut left = Duration::hours(self.amount());
                for day in touched(at, end) {
                    if !self.calendar.is_working(day) && business_date(at) < day && day < business_date(due) {
                        list.plain(day, DayEffect::Skipped);
                    }
                    let worked = on(day, at, due) - paused_on(day, due);
                    let counted = worked.min(left);
                    left -= counted;
                    list.minutes(day, DayEffect::Paused, paused_on(day, end));
                    list.minutes(day, DayEffect::Counted, counted);
                    list.minutes(day, DayEffect::Added, worked - counted);
                }
            }
            Anchor::Fixed { due: promised, .. } => {
                if let (Some((from, _)), Some(to)) = (paused.first(), paused_until) {
                    touched(*from, to).for_each(|day| list.minutes(day, DayEffect::Paused, paused_on(day, to)));
                }
                for day in touched(promised, due) {
                    if !self.calendar.is_working(day) && business_date(promised) < day {
                        list.plain(day, DayEffect::Skipped);
                    }
                    list.minutes(day, DayEffect::Added, on(day, promised, due));
                }
            }
        }
    }

    fn list_immediate(&self, list: &mut Listing, anchor: &Anchor, pauses: &[Pause]) {
        for day in dates(pauses).iter().flat_map(|(from, to)| days(*from, *to)) {
            if self.counts(day) {
                list.numbered(day, DayEffect::Paused);
            } else {
                list.plain(day, DayEffect::Skipped);
            }
        }
        let resumed = pauses.iter().map(|pause| pause.to).max();
        if let Some(at) = resumed {
            list.plain(business_date(at), DayEffect::Resumed);
        }
        let handed_in = match *anchor {
            Anchor::Start { at } => resumed.unwrap_or(at),
            Anchor::Fixed { .. } if resumed.is_none() => return,
            Anchor::Fixed { due, .. } => resumed.unwrap_or(due),
        };
        let date = business_date(handed_in);
        if self.calendar.is_working(date) && self.past_cut_off(handed_in) {
            list.plain(date, DayEffect::AfterCutOff);
            list.roll_to(date, self.calendar.next_working(date));
        } else {
            list.roll_to(date, self.calendar.on_or_after(date));
        }
    }
}

/// The dates that a stretch of time touches.
fn touched(from: Instant, to: Instant) -> impl Iterator<Item = NaiveDate> {
    let last = business_date(to);
    business_date(from).iter_days().take_while(move |day| *day <= last)
}

/// The entries as they come.
struct Listing<'a> {
    calendar: &'a WorkingCalendar,
    days: Vec<ExplainedDay>,
    numbers: BTreeMap<DayEffect, u32>,
    sums: BTreeMap<DayEffect, Duration>,
}

impl<'a> Listing<'a> {
    fn new(calendar: &'a WorkingCalendar) -> Self {
        Self { calendar, days: Vec::new(), numbers: BTreeMap::new(), sums: BTreeMap::new() }
    }

    fn push(&mut self, date: NaiveDate, effect: DayEffect, number: Option<u32>, minutes: Option<i64>) {
        let name = self.calendar.name(date);
        self.days.push(ExplainedDay { date, effect, number, name, minutes });
    }

    fn plain(&mut self, date: NaiveDate, effect: DayEffect) {
        self.push(date, effect, None, None);
    }

    fn numbered(&mut self, date: NaiveDate, effect: DayEffect) {
        let number = self.numbers.entry(effect).or_default();
        *number += 1;
        let number = *number;
        self.push(date, effect, Some(number), None);
    }

    /// Part of a minute is carried over to the next entry of the same effect, so that the minutes add up.
    fn minutes(&mut self, date: NaiveDate, effect: DayEffect, time: Duration) {
        if time.is_zero() {
            return;
        }
        let sum = self.sums.entry(effect).or_default();
        let before = sum.num_minutes();
        *sum += time;
        let minutes = sum.num_minutes() - before;
        self.push(date, effect, None, Some(minutes));
    }

    /// From an end at `from` to the working day `to`; nothing if they are the same.
    fn roll_to(&mut self, from: NaiveDate, to: NaiveDate) {
        for day in days(from, to) {
            self.plain(day, if day == to { DayEffect::Rolled } else { DayEffect::Skipped });
        }
    }
}
