//! Who moves and who stays, and a naïve recount day by day.

use std::sync::LazyLock;

use chrono::{Duration, NaiveDate};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::super::calendar::{Calendar, CalendarDay, ListedKind, embedded};
use super::super::calendar_change::Changes;
use super::super::deadline::{ProcessingTime, TimeUnit};
use super::super::dossier::{Class, FirstFinish, OpenPause, PauseKind};
use super::super::event::{Event, EventType, Payload};
use super::super::fold::fold;
use super::super::time::{business_date, end_of_day, parse, start_of_day};
use super::*;

static HOURS: LazyLock<OfficeHours> = LazyLock::new(OfficeHours::default);

/// `2026-03-10 08:00`, Vietnamese wall clock.
fn at(text: &str) -> Instant {
    parse(&format!("{}:00+07:00", text.replace(' ', "T"))).unwrap()
}

fn with_days(days: &[(&str, ListedKind)]) -> Calendar {
    let mut calendar = embedded();
    calendar.version = "sau".into();
    let dates: Vec<NaiveDate> = days.iter().map(|(date, _)| date.parse().unwrap()).collect();
    calendar.days.retain(|day| !dates.contains(&day.date));
    calendar.days.extend(days.iter().zip(dates).map(|((_, kind), date)| CalendarDay {
        date,
        name: "Nghỉ đột xuất".into(),
        kind: *kind,
        source: None,
        confidence: None,
    }));
    calendar
}

/// Received at `received`, its dues by `calendar` after `pauses`.
fn running_dossier(calendar: &WorkingCalendar, time: ProcessingTime, received: Instant, pauses: &[Pause]) -> Dossier {
    let snapshot = json!({
        "name": "x", "field": "x", "service_level": "full", "processing_time": time, "after_supplement": "resume",
        "on_the_spot": false, "electronic_result_eligible": false, "full_online_eligible": false,
        "on_national_portal": false, "fees": [], "required": [],
    });
    let submitted = json!({
        "agency": "H26", "procedure": "1", "channel": "in_person", "snapshot": snapshot.clone(), "fee_due": 0,
    });
    let received_body = json!({"code": "H26-1", "snapshot": snapshot, "fee_due": 0});
    let mut events = Vec::new();
    for (n, (kind, body)) in
        [(EventType::Submitted, submitted), (EventType::Received, received_body)].into_iter().enumerate()
    {
        let n = u32::try_from(n).unwrap() + 1;
        events.push(Event {
            n,
            seq: i64::from(n),
            occurred_at: received,
            recorded_at: received,
            actor: "user:x".into(),
            late_entry_reason: None,
            origin: None,
            personal: None,
            payload: Payload::read(kind, body.as_object().unwrap().clone()).unwrap(),
        });
    }
    let mut dossier = fold("H26", Uuid::nil(), &events).unwrap();
    dossier.pauses = pauses.to_vec();
    let stands = dues(&dossier, &Term { calendar, hours: &HOURS, time }, None).unwrap();
    dossier.due = Some(stands.due);
    dossier.due_original = Some(stands.due);
    dossier.due_strict = Some(stands.due_strict);
    dossier
}

const FIVE_DAYS: ProcessingTime = ProcessingTime { amount: 5, unit: TimeUnit::WorkingDays };

/// A dossier of Tuesday 10 March 2026, due on the 17th, and a calendar in which the 12th is off.
fn case() -> (WorkingCalendar, WorkingCalendar, Dossier) {
    let before = embedded().index();
    let after = with_days(&[("2026-03-12", ListedKind::SubstituteDayOff)]).index();
    let dossier = running_dossier(&before, FIVE_DAYS, at("2026-03-10 08:00"), &[]);
    assert_eq!(dossier.due, Some(at("2026-03-17 17:00")));
    (before, after, dossier)
}

#[test]
fn a_day_off_moves_both_dues() {
    let (before, after, dossier) = case();
    let moved = Dues { due: at("2026-03-18 17:00"), due_strict: at("2026-03-18 17:00") };
    assert_eq!(recompute(&dossier, Some(&before), &after, &HOURS), Some(moved));
    assert_eq!(recompute(&dossier, None, &after, &HOURS), Some(moved));
    let mut applied = dossier.clone();
    (applied.due, applied.due_strict) = (Some(moved.due), Some(moved.due_strict));
    assert_eq!(recompute(&applied, Some(&after), &after, &HOURS), None, "a second time");
    // And back, when the day is worked after all.
    let back = Dues { due: at("2026-03-17 17:00"), due_strict: at("2026-03-17 17:00") };
    assert_eq!(recompute(&applied, Some(&after), &before, &HOURS), Some(back));
}

#[test]
fn what_ended_or_stands_still_does_not_move() {
    let (before, after, dossier) = case();
    let moves = |with: fn(&mut Dossier)| {
        let mut changed = dossier.clone();
        with(&mut changed);
        recompute(&changed, Some(&before), &after, &HOURS).is_some()
    };
    assert!(moves(|d| d.state = State::Processing));
    assert!(!moves(|d| d.state = State::Submitted));
    assert!(!moves(|d| d.voided = true));
    assert!(!moves(|d| d.ended_at = Some(at("2026-03-11 08:00"))));
    assert!(!moves(|d| d.paused = Some(OpenPause { since: at("2026-03-11 08:00"), kind: PauseKind::Payment })));
    // Reopened: once judged, it stays judged.
    assert!(!moves(|d| {
        d.state = State::Processing;
        d.first_finish = Some(FirstFinish {
            at: at("2026-03-11 08:00"),
            class: Class::Early,
            worked_minutes: 0,
            rounds: 0,
            rounds_after_receipt: 0,
            letter_in_time: false,
            result: serde_json::from_value(json!({
                "outcome": "granted", "document": false, "electronic": false, "signed": false,
            }))
            .unwrap(),
            due: at("2026-03-17 17:00"),
            due_strict: at("2026-03-17 17:00"),
        });
    }));
}

#[test]
fn a_paused_dossier_takes_the_calendar_when_it_resumes() {
    let (_, after, mut dossier) = case();
    dossier.paused = Some(OpenPause { since: at("2026-03-11 08:00"), kind: PauseKind::Supplement });
    let term = Term { calendar: &after, hours: &HOURS, time: FIVE_DAYS };
    // Five days after the 10th without the 12th, and the 13th was waited for.
    let resumed = dues(&dossier, &term, Some(at("2026-03-13 09:00"))).unwrap();
    assert_eq!(resumed.due_strict, at("2026-03-19 17:00"));
}

#[test]
fn promises_and_extensions_are_fixed_save_for_pauses() {
    let (before, after, dossier) = case();
    let mut promised = dossier.clone();
    promised.promised = Some(at("2026-03-20 17:00"));
    (promised.due, promised.due_strict) = (promised.promised, promised.promised);
    assert_eq!(recompute(&promised, Some(&before), &after, &HOURS), None);

    let mut extended = dossier.clone();
    extended.extension = Some((at("2026-03-25 17:00"), at("2026-03-11 08:00")));
    extended.due = Some(at("2026-03-25 17:00"));
    let moved = Dues { due: at("2026-03-25 17:00"), due_strict: at("2026-03-18 17:00") };
    assert_eq!(recompute(&extended, Some(&before), &after, &HOURS), Some(moved));

    // A pause from the 11th to the 13th moved the promise by two days: now only one of them is worked.
    let pause = Pause { from: at("2026-03-11 08:00"), to: at("2026-03-13 08:00") };
    promised.pauses = vec![pause];
    (promised.due, promised.due_strict) = (Some(at("2026-03-24 17:00")), Some(at("2026-03-24 17:00")));
    let back = Dues { due: at("2026-03-23 17:00"), due_strict: at("2026-03-23 17:00") };
    assert_eq!(recompute(&promised, Some(&before), &after, &HOURS), Some(back));
}

#[test]
fn other_office_hours_alone_move_nothing() {
    let (before, _, dossier) = case();
    let mut short = OfficeHours::default();
    short.sessions.truncate(1);
    let renamed = with_days(&[("2026-03-14", ListedKind::Holiday)]).index();
    assert_eq!(recompute(&dossier, Some(&before), &renamed, &short), None);
}

fn works(calendar: &Calendar, date: NaiveDate) -> bool {
    match calendar.days.iter().rev().find(|day| day.date == date) {
        Some(day) => day.kind == ListedKind::MakeupWorkingDay,
        None => !calendar.weekend.contains(&super::super::calendar::DayOfWeek::of(date)),
    }
}

/// One day after the other from the day of receipt: each counted one uses up a day of the term, or of the waiting.
fn naive(calendar: &Calendar, time: ProcessingTime, received: NaiveDate, pauses: &[Pause]) -> NaiveDate {
    let counts = |date: NaiveDate| time.unit == TimeUnit::CalendarDays || works(calendar, date);
    let waited = |date: NaiveDate| {
        pauses.iter().any(|pause| business_date(pause.from) < date && date <= business_date(pause.to))
    };
    let year: Vec<NaiveDate> = received.iter_days().skip(1).take(600).collect();
    let mut left = usize::try_from(time.amount).unwrap() + year.iter().filter(|d| waited(**d) && counts(**d)).count();
    let mut last = received;
    for date in &year {
        if left == 0 {
            break;
        }
        if counts(*date) {
            left -= 1;
            last = *date;
        }
    }
    while !works(calendar, last) {
        last = last.succ_opt().unwrap();
    }
    last
}

fn calendars() -> impl Strategy<Value = (Calendar, Calendar)> {
    let days = prop::collection::vec((0..70_i64, any::<bool>()), 0..5);
    (days.clone(), days).prop_map(|(before, after)| {
        let make = |days: Vec<(i64, bool)>| {
            let first: NaiveDate = "2026-03-02".parse().unwrap();
            let listed: Vec<(String, ListedKind)> = days
                .into_iter()
                .map(|(n, off)| {
                    let kind = if off { ListedKind::Holiday } else { ListedKind::MakeupWorkingDay };
                    ((first + Duration::days(n)).to_string(), kind)
                })
                .collect();
            with_days(&listed.iter().map(|(date, kind)| (date.as_str(), *kind)).collect::<Vec<_>>())
        };
        (make(before), make(after))
    })
}

fn pauses() -> impl Strategy<Value = Vec<Pause>> {
    prop::collection::vec((0..30_000_i64, 0..20_000_i64), 0..3).prop_map(|spans| {
        let start = at("2026-03-05 08:00");
        let minute = |n: i64| start + Duration::minutes(n);
        spans.into_iter().map(|(from, length)| Pause { from: minute(from), to: minute(from + length) }).collect()
    })
}

fn times() -> impl Strategy<Value = ProcessingTime> {
    (1..20_u32, 0..4_u8).prop_map(|(amount, unit)| ProcessingTime {
        amount,
        unit: [TimeUnit::WorkingDays, TimeUnit::CalendarDays, TimeUnit::WorkingHours, TimeUnit::Immediate]
            [usize::from(unit)],
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_a_naive_recount(
        (before, after) in calendars(), amount in 1..20_u32, calendar_days in any::<bool>(),
        received in 0..4000_i64, pauses in pauses(),
    ) {
        let unit = if calendar_days { TimeUnit::CalendarDays } else { TimeUnit::WorkingDays };
        let time = ProcessingTime { amount, unit };
        let received = at("2026-03-03 08:00") + Duration::minutes(received);
        let pauses: Vec<Pause> = pauses.into_iter().filter(|pause| pause.from >= received).collect();
        let (old, new) = (before.index(), after.index());
        let dossier = running_dossier(&old, time, received, &pauses);
        let date = |calendar: &Calendar| naive(calendar, time, business_date(received), &pauses);
        prop_assert_eq!(business_date(dossier.due.unwrap()), date(&before));
        let moved = recompute(&dossier, Some(&old), &new, &HOURS);
        let expected = (date(&before) != date(&after)).then(|| date(&after));
        prop_assert_eq!(moved.map(|dues| business_date(dues.due_strict)), expected);
        prop_assert_eq!(moved.map(|dues| dues.due), moved.map(|dues| dues.due_strict));
    }

    /// What the store looks for holds every dossier that moves.
    #[test]
    fn who_moves_touches_a_changed_date(
        (before, after) in calendars(), time in times(), received in 0..4000_i64, pauses in pauses(),
    ) {
        let received = at("2026-03-03 08:00") + Duration::minutes(received);
        let pauses: Vec<Pause> = pauses.into_iter().filter(|pause| pause.from >= received).collect();
        let (old, new) = (before.index(), after.index());
        let dossier = running_dossier(&old, time, received, &pauses);
        if recompute(&dossier, Some(&old), &new, &HOURS).is_some() {
            let span = Changes::between(&before, &after).span().unwrap();
            let last_act = pauses.iter().map(|pause| pause.to).fold(received, Instant::max);
            prop_assert!(received <= end_of_day(span.last));
            prop_assert!(dossier.due.unwrap().max(last_act) >= start_of_day(span.first));
        }
    }
}
