//! Office days and hours of an agency, as the stories need them.

use std::sync::Arc;

use chrono::{Datelike, Duration, NaiveDate, NaiveTime};

use super::dice::Dice;
use crate::domain::calendar::{OfficeHours, WorkingCalendar};
use crate::domain::deadline::{add_working_minutes, working_time};
use crate::domain::time::{Instant, at_local, business_date};

/// How busy the months are, January first: quiet around Tết, busy in spring and before the school year.
const SEASON: [u32; 12] = [90, 60, 115, 110, 100, 100, 105, 120, 105, 100, 100, 95];
/// How busy the hours of the day are for those who submit at home.
const HOME: [u32; 24] = [1, 0, 0, 0, 0, 1, 2, 5, 9, 10, 10, 6, 4, 5, 9, 9, 8, 6, 5, 6, 8, 7, 4, 2];

/// Calendar and hours.
#[derive(Debug, Clone)]
pub struct Office {
    calendar: Arc<WorkingCalendar>,
    hours: OfficeHours,
}

impl Office {
    #[must_use]
    pub fn new(calendar: Arc<WorkingCalendar>, hours: OfficeHours) -> Self {
        Self { calendar, hours }
    }

    /// After so many minutes of open office.
    #[must_use]
    pub fn after(&self, at: Instant, minutes: i64) -> Instant {
        add_working_minutes(&self.calendar, &self.hours, at, minutes.max(1))
    }

    /// Minutes of open office between two instants.
    #[must_use]
    pub fn minutes(&self, from: Instant, to: Instant) -> i64 {
        working_time(&self.calendar, &self.hours, from, to).num_minutes()
    }

    /// The `n`-th working day after `date`, or before it when below zero.
    #[must_use]
    pub fn working_day(&self, date: NaiveDate, n: i64) -> NaiveDate {
        let step = |day| if n < 0 { self.calendar.previous_working(day) } else { self.calendar.next_working(day) };
        (0..n.abs()).fold(date, |day, _| step(day))
    }

    /// Some moment at the counter on or after `date`.
    #[must_use]
    pub fn at_counter(&self, date: NaiveDate, dice: &mut Dice) -> Instant {
        let date = self.calendar.on_or_after(date);
        let opening = self.hours.sessions.first().map_or(NaiveTime::MIN, |session| session.from);
        // Nobody is served in the last twenty minutes of the day.
        let minutes = dice.between(4, (self.hours.minutes_per_day() - 20).max(5));
        self.after(at_local(date, opening), minutes) + Duration::seconds(dice.between(0, 59))
    }

    /// Some moment of `date` at home.
    #[must_use]
    pub fn at_home(date: NaiveDate, dice: &mut Dice) -> Instant {
        let hours: Vec<(u32, u32)> = (0..24).zip(HOME).collect();
        let hour = dice.weighted(&hours);
        let second = dice.between(0, 3599);
        at_local(date, NaiveTime::MIN) + Duration::hours(i64::from(hour)) + Duration::seconds(second)
    }

    /// The next time the office is open, some days later: when an applicant comes back.
    #[must_use]
    pub fn days_later(&self, at: Instant, days: i64, dice: &mut Dice) -> Instant {
        let later = self.at_counter(business_date(at) + Duration::days(days), dice);
        if later > at { later } else { self.after(at, 15) }
    }
}

/// Dates on which dossiers come in, with the weight of their season.
#[derive(Debug)]
pub struct Days {
    working: Vec<(NaiveDate, u32)>,
    all: Vec<(NaiveDate, u32)>,
}

impl Days {
    #[must_use]
    pub fn new(calendar: &WorkingCalendar, from: NaiveDate, to: NaiveDate) -> Self {
        let all: Vec<(NaiveDate, u32)> = from
            .iter_days()
            .take_while(|day| *day <= to)
            .map(|day| {
                let season = SEASON[day.month0() as usize];
                // Weekends and holidays see a third of the online submissions.
                (day, if calendar.is_working(day) { season } else { season / 3 })
            })
            .collect();
        Self { working: all.iter().copied().filter(|(day, _)| calendar.is_working(*day)).collect(), all }
    }

    pub fn working(&self, dice: &mut Dice) -> NaiveDate {
        dice.weighted(&self.working)
    }

    pub fn any(&self, dice: &mut Dice) -> NaiveDate {
        dice.weighted(&self.all)
    }
}
