//! Minimal histories with a known ending, spread over the working days of a period.

use chrono::NaiveDate;
use motcua::domain::calendar::{WorkingCalendar, embedded};
use serde_json::{Value, json};

use crate::factory::FULL;

/// A procedure that takes longer than any period here.
pub const SLOW: &str = "3.000180";

/// How a dossier stands at the end of the period. [`FULL`] takes five working days.
#[derive(Debug, Clone, Copy)]
pub enum Story {
    /// Finished before the day that was promised.
    Early,
    /// Finished on that day.
    OnTime,
    Late,
    /// Withdrawn or stopped.
    Ended,
    /// Not finished, and not due yet.
    Open,
    /// Not finished, and past due.
    Overdue,
}

/// When a dossier was received: those of before are carried over into the period.
#[derive(Debug, Clone, Copy)]
pub enum When {
    Before,
    Within,
}

/// Dossiers that share a story.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub story: Story,
    pub when: When,
    pub channel: &'static str,
    pub count: usize,
}

/// The working days of a period, and as many of before as are needed.
struct Days {
    before: Vec<NaiveDate>,
    within: Vec<NaiveDate>,
}

impl Days {
    fn of(calendar: &WorkingCalendar, (from, to): (&str, &str)) -> Self {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let last = date(to);
        let days =
            std::iter::successors(Some(calendar.on_or_after(date(from))), |day| Some(calendar.next_working(*day)));
        let within = days.take_while(|day| *day <= last).collect();
        let back = std::iter::successors(Some(calendar.previous_working(date(from))), |day| {
            Some(calendar.previous_working(*day))
        });
        Self { before: back.take(40).collect(), within }
    }

    /// Working days of the period count from 0, those before it from −1 backwards.
    fn day(&self, index: usize, back: bool) -> NaiveDate {
        if back { self.before[index] } else { self.within[index] }
    }
}

/// The import lines of the groups.
pub fn lines(agency: &str, period: (&str, &str), groups: &[Group]) -> Vec<String> {
    let calendar = embedded().index();
    let days = Days::of(&calendar, period);
    let of_group = |group: &Group| (0..group.count).map(|i| line(agency, &days, group, i)).collect::<Vec<_>>();
    groups.iter().flat_map(of_group).collect()
}

fn line(agency: &str, days: &Days, group: &Group, i: usize) -> String {
    let count = days.within.len();
    // Days back or in from the first working day of the period; the end is always within it.
    let (received, end) = match (group.when, group.story) {
        (When::Within, Story::Early) => (i % (count - 1), Some(i % (count - 1) + 1)),
        (When::Within, Story::OnTime) => (i % (count - 5), Some(i % (count - 5) + 5)),
        (When::Within, Story::Late) => (i % (count - 7), Some(i % (count - 7) + 7)),
        (When::Within, Story::Ended) => (i % (count - 1), Some(i % (count - 1) + 1)),
        (When::Within, Story::Open) => (i % count, None),
        (When::Within, Story::Overdue) => (i % (count - 7), None),
        // Received on the last day but r: five working days later is the day 4 − r of the period.
        (When::Before, Story::Early) => (i % 3, Some(3 - i % 3)),
        (When::Before, Story::OnTime) => (i % 4, Some(4 - i % 4)),
        (When::Before, Story::Late) => (10 + i % 20, Some(i % count)),
        (When::Before, Story::Ended) => (i % 20, Some(i % count)),
        (When::Before, Story::Open) => (i % 20, None),
        (When::Before, Story::Overdue) => (10 + i % 20, None),
    };
    let received = days.day(received, matches!(group.when, When::Before));
    let procedure = if matches!(group.story, Story::Ended | Story::Open) { SLOW } else { FULL };
    let mut events = vec![
        json!({"type": "submitted", "occurred_at": format!("{received}T08:00:00+07:00"), "agency": agency,
            "procedure": procedure, "channel": group.channel, "applicant": {"kind": "citizen", "name": "Ẩn danh"}}),
        json!({"type": "received", "occurred_at": format!("{received}T08:30:00+07:00")}),
    ];
    events.extend(end.map(|end| ending(group.story, days.day(end, false), i)));
    json!({"kind": "dossier", "source": "published", "source_id": source_id(group, i), "events": events}).to_string()
}

/// Two groups may tell the same story on another channel.
fn source_id(group: &Group, i: usize) -> String {
    format!("{:?}-{:?}-{}-{i}", group.when, group.story, group.channel)
}

fn ending(story: Story, day: NaiveDate, i: usize) -> Value {
    let mut event = match story {
        Story::Ended if i.is_multiple_of(2) => {
            json!({"type": "withdrawn", "by": "applicant", "evidence": {"kind": "đơn", "reference": "1"}})
        }
        Story::Ended => json!({"type": "stopped", "reason": "không bổ sung", "legal_basis": "Điều 9",
            "decision": {"number": "1", "date": day}}),
        _ => json!({"type": "finished",
            "result": {"outcome": "granted", "document": true, "electronic": true, "signed": true}}),
    };
    event["occurred_at"] = format!("{day}T16:00:00+07:00").into();
    event
}
