//! Working days and office hours.
//!
//! A [`Calendar`] is the document an administrator enters and the store keeps; a [`WorkingCalendar`] is the same
//! thing arranged for look-up. A day is worked if it is an ordinary weekday that is not listed as off, or if it is
//! listed as made up (làm bù). Which days are off: Labour Code 2019 art. 112 and the yearly notices on the breaks,
//! each listed day with its own source. Later notices make a new version, never a change of an old one.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::FieldError;

/// A calendar holds at most this many listed days, which lie at most [`MAX_YEARS`] apart.
const MAX_DAYS: usize = 10_000;
const MAX_YEARS: i32 = 100;

/// A day of the week, written `mon` … `sun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayOfWeek {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl DayOfWeek {
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self::ALL[date.weekday().num_days_from_monday() as usize]
    }

    /// Its name in Vietnamese.
    #[must_use]
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::Mon => "Thứ Hai",
            Self::Tue => "Thứ Ba",
            Self::Wed => "Thứ Tư",
            Self::Thu => "Thứ Năm",
            Self::Fri => "Thứ Sáu",
            Self::Sat => "Thứ Bảy",
            Self::Sun => "Chủ nhật",
        }
    }
}

/// Why a date is listed in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListedKind {
    /// A public holiday (ngày lễ, Tết).
    Holiday,
    /// Off in place of a holiday that fell on a weekend, or by exchange with another day (nghỉ bù, hoán đổi).
    SubstituteDayOff,
    /// A weekend day that is worked in exchange (làm bù), with ordinary hours.
    MakeupWorkingDay,
}

/// One listed date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarDay {
    pub date: NaiveDate,
    /// Name shown to people, in Vietnamese.
    #[schema(example = "Tết Nguyên đán")]
    pub name: String,
    pub kind: ListedKind,
    /// The notice or law the entry rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How sure the source is: `high`, `medium`, `low`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
}

/// One version of the calendar, as it is entered and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Name of the version, stated wherever a due instant was computed with it.
    #[serde(alias = "calendar_version")]
    #[schema(example = "2026-11-21")]
    pub version: String,
    /// Number of the notice that brought this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Days of the week that are off.
    pub weekend: Vec<DayOfWeek>,
    /// The dates that depart from the plain week, in any order.
    pub days: Vec<CalendarDay>,
}

/// The calendar that ships with the program: Vietnam's civil servants, 2021 to 2027.
#[must_use]
pub fn embedded() -> Calendar {
    serde_norway::from_str(include_str!("calendar-vn.yaml")).expect("the embedded calendar is tested")
}

impl Calendar {
    /// Rules that a version must keep on its own.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let url_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.version.is_empty() {
            errors.push(FieldError::new("/version", "required", "must not be empty"));
        } else if self.version.len() > 60 || !self.version.chars().all(url_safe) {
            let detail = "at most 60 letters, digits, `-`, `_` and `.`, e.g. 2026-11-21";
            errors.push(FieldError::new("/version", "version", detail));
        }
        text(&mut errors, "/notice", self.notice.as_deref());
        for (i, day) in self.weekend.iter().enumerate() {
            if self.weekend[..i].contains(day) {
                errors.push(FieldError::new(&format!("/weekend/{i}"), "duplicate", "the day of the week stands twice"));
            }
        }
        if DayOfWeek::ALL.iter().all(|day| self.weekend.contains(day)) {
            errors.push(FieldError::new("/weekend", "no_working_day", "at least one day of the week must be worked"));
        }
        self.check_days(&mut errors);
        errors
    }

    fn check_days(&self, errors: &mut Vec<FieldError>) {
        if self.days.len() > MAX_DAYS {
            errors.push(FieldError::new("/days", "too_long", &format!("at most {MAX_DAYS} days")));
            return;
        }
        let first = self.days.iter().map(|day| day.date).min();
        let mut seen = BTreeMap::new();
        for (i, day) in self.days.iter().enumerate() {
            let pointer = format!("/days/{i}/date");
            if let Some(other) = seen.insert(day.date, i) {
                let detail = format!("{} already stands at /days/{other}", day.date);
                errors.push(FieldError::new(&pointer, "duplicate", &detail));
            }
            if !(1970..2200).contains(&day.date.year()) {
                errors.push(FieldError::new(&pointer, "range", "the year must lie between 1970 and 2199"));
            } else if first.is_some_and(|first| day.date.year() - first.year() > MAX_YEARS) {
                let detail = format!("more than {MAX_YEARS} years after the first listed day");
                errors.push(FieldError::new(&pointer, "range", &detail));
            }
            if day.kind == ListedKind::MakeupWorkingDay && !self.weekend.contains(&DayOfWeek::of(day.date)) {
                let detail = format!("{} is worked anyway: only a day off can be made up", day.date);
                errors.push(FieldError::new(&pointer, "not_a_day_off", &detail));
            }
            if day.name.trim().is_empty() {
                errors.push(FieldError::new(&format!("/days/{i}/name"), "required", "must not be empty"));
            }
            text(errors, &format!("/days/{i}/name"), Some(&day.name));
            text(errors, &format!("/days/{i}/source"), day.source.as_deref());
            text(errors, &format!("/days/{i}/confidence"), day.confidence.as_deref());
        }
    }

    /// Arranges the calendar for look-up.
    ///
    /// Any calendar can be indexed, even one that [`check`](Self::check) refuses: of two entries for a date the
    /// later one holds, and a week without a working day is read as one without days off, so that no search for
    /// the next working day runs to the end of time.
    #[must_use]
    pub fn index(&self) -> WorkingCalendar {
        let weekend = DayOfWeek::ALL.map(|day| self.weekend.contains(&day));
        let listed = |day: &CalendarDay| {
            let name = day.name.clone();
            match day.kind {
                ListedKind::MakeupWorkingDay => (day.date, DayKind::MakeUp { name }),
                ListedKind::Holiday | ListedKind::SubstituteDayOff => (day.date, DayKind::Off { name }),
            }
        };
        WorkingCalendar {
            version: self.version.clone(),
            weekend: if weekend == [true; 7] { [false; 7] } else { weekend },
            listed: self.days.iter().map(listed).collect(),
        }
    }
}

fn text(errors: &mut Vec<FieldError>, pointer: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    if value.chars().count() > 300 {
        errors.push(FieldError::new(pointer, "too_long", "at most 300 characters"));
    } else if value.chars().any(char::is_control) {
        errors.push(FieldError::new(pointer, "control_character", "must not hold control characters"));
    }
}

/// What a date is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DayKind {
    /// An ordinary working day.
    Working,
    /// A working day on a date that is usually off.
    MakeUp { name: String },
    /// A day of the weekend.
    Weekend,
    /// A holiday or a substitute day off.
    Off { name: String },
}

/// A calendar arranged for look-up: share it in an `Arc`; every question costs O(log listed days).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkingCalendar {
    version: String,
    /// Monday first. Never all seven.
    weekend: [bool; 7],
    /// Only `MakeUp` and `Off`.
    listed: BTreeMap<NaiveDate, DayKind>,
}

impl WorkingCalendar {
    /// The version it was made from.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What `date` is; listed dates before the plain week.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> DayKind {
        match self.listed.get(&date) {
            Some(listed) => listed.clone(),
            None if self.is_weekend(date) => DayKind::Weekend,
            None => DayKind::Working,
        }
    }

    /// What people call `date` in Vietnamese if it is out of the ordinary: the holiday, the make-up day, or the
    /// day of the weekend ("Thứ Bảy").
    #[must_use]
    pub fn name(&self, date: NaiveDate) -> Option<String> {
        match self.day(date) {
            DayKind::Working => None,
            DayKind::MakeUp { name } | DayKind::Off { name } => Some(name),
            DayKind::Weekend => Some(DayOfWeek::of(date).vietnamese().to_owned()),
        }
    }

    /// Whether `date` is a working day.
    #[must_use]
    pub fn is_working(&self, date: NaiveDate) -> bool {
        match self.listed.get(&date) {
            Some(listed) => matches!(listed, DayKind::MakeUp { .. }),
            None => !self.is_weekend(date),
        }
    }

    /// The first working day strictly after `date`.
    #[must_use]
    pub fn next_working(&self, date: NaiveDate) -> NaiveDate {
        let mut later = date.iter_days().skip(1);
        later.find(|day| self.is_working(*day)).unwrap_or(NaiveDate::MAX)
    }

    /// `date` if it is a working day, else the first one after it.
    #[must_use]
    pub fn on_or_after(&self, date: NaiveDate) -> NaiveDate {
        if self.is_working(date) { date } else { self.next_working(date) }
    }

    /// The last working day strictly before `date`.
    #[must_use]
    pub fn previous_working(&self, date: NaiveDate) -> NaiveDate {
        let mut earlier = std::iter::successors(date.pred_opt(), |day| day.pred_opt());
        earlier.find(|day| self.is_working(*day)).unwrap_or(NaiveDate::MIN)
    }

    fn is_weekend(&self, date: NaiveDate) -> bool {
        self.weekend[date.weekday().num_days_from_monday() as usize]
    }
}

/// One stretch of a working day during which the office is open, from `from` up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    #[serde(with = "hh_mm")]
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "07:00")]
    pub from: NaiveTime,
    #[serde(with = "hh_mm")]
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "11:30")]
    pub to: NaiveTime,
}

/// The sessions of every working day of an agency, make-up days included. Vietnamese wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    #[schema(min_items = 1, max_items = 4)]
    pub sessions: Vec<Session>,
}

const fn clock(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of day")
}

impl Default for OfficeHours {
    /// 07:00–11:30 and 13:30–17:00: eight hours, as one-stop systems commonly assume.
    fn default() -> Self {
        let morning = Session { from: clock(7, 0), to: clock(11, 30) };
        let afternoon = Session { from: clock(13, 30), to: clock(17, 0) };
        Self { sessions: vec![morning, afternoon] }
    }
}

impl OfficeHours {
    /// One to four sessions in whole minutes, each with a beginning before its end, in order, none overlapping.
    ///
    /// # Errors
    /// A sentence for people that names the first rule broken.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=4).contains(&self.sessions.len()) {
            return Err("office hours have one to four sessions a day".to_owned());
        }
        for session in &self.sessions {
            let (from, to) = (session.from, session.to);
            if [from, to].iter().any(|time| time.second() != 0 || time.nanosecond() != 0) {
                return Err("office hours are given in whole minutes".to_owned());
            }
            if from >= to {
                return Err(format!("a session must begin before it ends, not {}", span(session)));
            }
        }
        for pair in self.sessions.windows(2) {
            if pair[1].from < pair[0].to {
                let (first, second) = (span(&pair[0]), span(&pair[1]));
                return Err(format!("sessions must follow one another, {second} does not follow {first}"));
            }
        }
        Ok(())
    }

    /// Office minutes of a working day.
    #[must_use]
    pub fn minutes_per_day(&self) -> i64 {
        self.sessions.iter().map(|s| (s.to - s.from).num_minutes().max(0)).sum()
    }

    /// End of the last session, at which periods in days end. 17:00 if there is no session.
    #[must_use]
    pub fn close(&self) -> NaiveTime {
        self.sessions.iter().map(|s| s.to).max().unwrap_or(clock(17, 0))
    }
}

fn span(session: &Session) -> String {
    format!("{}–{}", session.from.format("%H:%M"), session.to.format("%H:%M"))
}

/// Times of day as `HH:MM`, exactly.
mod hh_mm {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(time: &NaiveTime, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&time.format("%H:%M"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(d)?;
        NaiveTime::parse_from_str(&text, "%H:%M")
            .ok()
            .filter(|time| time.format("%H:%M").to_string() == text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a time of day as HH:MM, e.g. 07:30")))
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
