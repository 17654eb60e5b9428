//! Vectors of the law's arithmetic, and properties against naive counts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::super::calendar::{Calendar, CalendarDay, DayOfWeek, ListedKind, Session, embedded};
use super::*;

static VIETNAM: LazyLock<WorkingCalendar> = LazyLock::new(|| embedded().index());
static HOURS: LazyLock<OfficeHours> = LazyLock::new(OfficeHours::default);

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `2026-08-20 08:00`, Vietnamese wall clock.
fn at(text: &str) -> Instant {
    super::super::time::parse(&format!("{}:00+07:00", text.replace(' ', "T"))).unwrap()
}

fn pause(from: &str, to: &str) -> Pause {
    Pause { from: at(from), to: at(to) }
}

fn term(amount: u32, unit: TimeUnit) -> Term<'static> {
    Term { calendar: &VIETNAM, hours: &HOURS, time: ProcessingTime { amount, unit } }
}

fn due(received: &str, amount: u32, unit: TimeUnit, pauses: &[Pause]) -> Instant {
    term(amount, unit).due(&Anchor::Start { at: at(received) }, pauses)
}

/// The list in short: `20/08 start`, `21/08 counted 1`, …
fn told(term: Term, anchor: &Anchor, pauses: &[Pause]) -> Vec<String> {
    let effect = |effect| serde_json::to_value(effect).unwrap().as_str().unwrap().to_owned();
    let line = |day: ExplainedDay| {
        let mut line = format!("{} {}", day.date.format("%d/%m"), effect(day.effect));
        line += &day.number.map(|n| format!(" {n}")).unwrap_or_default();
        line += &day.minutes.map(|n| format!(" {n} min")).unwrap_or_default();
        line += &day.name.map(|name| format!(" ({name})")).unwrap_or_default();
        line
    };
    term.explain(anchor, pauses).days.into_iter().map(line).collect()
}

#[test]
fn vectors_of_the_domain() {
    use TimeUnit::{CalendarDays, WorkingDays, WorkingHours};
    assert_eq!(due("2026-08-20 09:00", 3, WorkingDays, &[]), at("2026-08-24 17:00"));
    assert_eq!(due("2026-08-28 16:59", 3, WorkingDays, &[]), at("2026-09-07 17:00"));
    assert_eq!(due("2026-11-23 00:00", 1, WorkingDays, &[]), at("2026-11-25 17:00"));
    assert_eq!(due("2026-02-02 09:00", 15, CalendarDays, &[]), at("2026-02-23 17:00"));
    assert_eq!(due("2025-04-24 23:59", 3, WorkingDays, &[]), at("2025-04-28 17:00"));
    // A Friday at 16:00; the answer to an online dossier is due by the same count.
    assert_eq!(due("2026-08-07 16:00", 8, WorkingHours, &[]), at("2026-08-10 16:00"));
    assert_eq!(add_working_minutes(&VIETNAM, &HOURS, at("2026-08-07 16:00"), 480), at("2026-08-10 16:00"));
    // Sent in the evening: the clock begins in the morning. To the close, not to the next opening.
    assert_eq!(add_working_minutes(&VIETNAM, &HOURS, at("2026-08-07 21:10"), 480), at("2026-08-10 17:00"));
    let odd = at("2026-08-07 16:00") + Duration::microseconds(12_345_678);
    assert_eq!(
        add_working_minutes(&VIETNAM, &HOURS, odd, 480),
        at("2026-08-10 16:00") + Duration::microseconds(12_345_678)
    );
    assert_eq!(add_working_minutes(&VIETNAM, &HOURS, odd, -5), odd);
    assert_eq!(add_working_minutes(&VIETNAM, &OfficeHours { sessions: vec![] }, odd, 5), odd);
    // Received on a day off: the next day is the first one.
    assert_eq!(due("2026-08-08 10:00", 1, WorkingDays, &[]), at("2026-08-10 17:00"));
    assert_eq!(due("2026-08-08 10:00", 1, CalendarDays, &[]), at("2026-08-10 17:00"));
}

#[test]
fn immediate_is_the_same_day_until_three() {
    let due = |received: &str, pauses: &[Pause]| due(received, 0, TimeUnit::Immediate, pauses);
    assert_eq!(due("2026-08-07 07:00", &[]), at("2026-08-07 17:00"));
    assert_eq!(due("2026-08-07 15:00", &[]), at("2026-08-07 17:00"));
    let after = at("2026-08-07 15:00") + Duration::microseconds(1);
    assert_eq!(term(0, TimeUnit::Immediate).due(&Anchor::Start { at: after }, &[]), at("2026-08-10 17:00"));
    assert_eq!(due("2026-08-08 08:00", &[]), at("2026-08-10 17:00"));
    assert_eq!(due("2026-08-07 08:00", &[pause("2026-08-07 09:00", "2026-08-11 10:00")]), at("2026-08-11 17:00"));
    assert_eq!(due("2026-08-07 08:00", &[pause("2026-08-07 09:00", "2026-08-07 15:30")]), at("2026-08-10 17:00"));
    // An office that closes at half past eleven does not make it due in the past.
    let mornings = OfficeHours { sessions: vec![HOURS.sessions[0]] };
    let term = Term { hours: &mornings, ..term(0, TimeUnit::Immediate) };
    assert_eq!(term.due(&Anchor::Start { at: at("2026-08-07 14:00") }, &[]), at("2026-08-10 11:30"));
    let days = told(term, &Anchor::Start { at: at("2026-08-07 14:00") }, &[]);
    let expected =
        "07/08 start;07/08 after_cut_off;08/08 skipped (Thứ Bảy);09/08 skipped (Chủ nhật);10/08 rolled;10/08 due";
    assert_eq!(days.join(";"), expected);
}

#[test]
fn a_promised_due_moves_with_later_pauses_only() {
    use TimeUnit::{CalendarDays, Immediate, WorkingDays, WorkingHours};
    let promised = Anchor::Fixed { due: at("2026-08-14 10:00"), since: at("2026-08-10 08:00") };
    let moved = |unit, from, to| term(3, unit).due(&promised, &[pause(from, to)]);
    for unit in [WorkingDays, CalendarDays, WorkingHours, Immediate] {
        assert_eq!(moved(unit, "2026-08-10 07:59", "2026-08-13 09:00"), at("2026-08-14 10:00"));
        assert_eq!(term(3, unit).due(&promised, &[]), at("2026-08-14 10:00"));
    }
    assert_eq!(moved(WorkingDays, "2026-08-10 08:00", "2026-08-10 16:00"), at("2026-08-14 10:00"));
    assert_eq!(moved(WorkingDays, "2026-08-10 08:00", "2026-08-13 09:00"), at("2026-08-19 10:00"));
    assert_eq!(moved(CalendarDays, "2026-08-10 08:00", "2026-08-11 09:00"), at("2026-08-17 10:00"));
    assert_eq!(moved(CalendarDays, "2026-08-10 08:00", "2026-08-14 09:00"), at("2026-08-18 10:00"));
    assert_eq!(moved(WorkingHours, "2026-08-10 16:00", "2026-08-11 08:00"), at("2026-08-14 14:00"));
    assert_eq!(moved(Immediate, "2026-08-10 08:00", "2026-08-11 09:00"), at("2026-08-14 10:00"));
    assert_eq!(moved(Immediate, "2026-08-10 08:00", "2026-08-14 15:01"), at("2026-08-17 17:00"));
    // A promise on a Saturday is kept as it was made.
    let saturday = Anchor::Fixed { due: at("2026-08-15 10:00"), since: at("2026-08-10 08:00") };
    assert_eq!(term(3, WorkingDays).due(&saturday, &[]), at("2026-08-15 10:00"));
    assert_eq!(told(term(3, WorkingDays), &saturday, &[]), ["15/08 promised (Thứ Bảy)", "15/08 due (Thứ Bảy)"]);
    let days = told(term(3, WorkingDays), &promised, &[pause("2026-08-11 08:00", "2026-08-12 09:00")]);
    let expected =
        "14/08 promised;12/08 paused 1;15/08 skipped (Thứ Bảy);16/08 skipped (Chủ nhật);17/08 added 1;17/08 due";
    assert_eq!(days.join(";"), expected);
}

#[test]
fn explanations_read_well() {
    let start = |text| Anchor::Start { at: at(text) };
    let days = told(
        term(3, TimeUnit::WorkingDays),
        &start("2026-08-20 09:00"),
        &[pause("2026-08-21 10:00", "2026-08-24 08:00")],
    );
    let expected = "20/08 start;21/08 counted 1;22/08 paused 1 (Làm bù cho 31/8);23/08 skipped (Chủ nhật);24/08 paused 2;\
        25/08 counted 2;26/08 counted 3;26/08 due";
    assert_eq!(days.join(";"), expected);
    // The supplement was asked for when the dossier was late already.
    let days = told(
        term(1, TimeUnit::WorkingDays),
        &start("2026-08-03 09:00"),
        &[pause("2026-08-06 10:00", "2026-08-07 08:00")],
    );
    assert_eq!(days.join(";"), "03/08 start;04/08 counted 1;05/08 added 1;07/08 paused 1;05/08 due");
    let days = told(term(2, TimeUnit::CalendarDays), &start("2026-02-12 09:00"), &[]);
    assert_eq!(days[..4].join(";"), "12/02 start;13/02 counted 1;14/02 counted 2 (Thứ Bảy);15/02 skipped (Chủ nhật)");
    assert_eq!(
        days[8..].join(";"),
        "20/02 skipped (Tết Nguyên đán);21/02 skipped (Thứ Bảy);22/02 skipped (Chủ nhật);23/02 rolled;23/02 due"
    );
    let days = told(
        term(8, TimeUnit::WorkingHours),
        &start("2026-08-07 16:00"),
        &[pause("2026-08-10 08:00", "2026-08-10 09:30")],
    );
    let expected = "07/08 start;07/08 counted 60 min;08/08 skipped (Thứ Bảy);09/08 skipped (Chủ nhật);10/08 paused 90 min;\
        10/08 counted 390 min;11/08 counted 30 min;11/08 due";
    assert_eq!(days.join(";"), expected);
    let told = term(3, TimeUnit::WorkingDays).explain(&start("2026-08-20 09:00"), &[]);
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!((&json["due"], &json["calendar_version"]), (&"2026-08-24T17:00:00+07:00".into(), &"2026-11-21".into()));
    assert_eq!(serde_json::from_value::<Explanation>(json).unwrap(), told);
    let anchor = r#"{"kind":"start","at":"2026-08-20T09:00:00+07:00"}"#;
    assert_eq!(serde_json::from_str::<Anchor>(anchor).unwrap(), start("2026-08-20 09:00"));
    assert!(serde_json::from_str::<Anchor>(&anchor.replace("\"at\"", "\"due\":1,\"at\"")).is_err());
}

// Properties.

fn instant() -> impl Strategy<Value = Instant> {
    (0..500_i64, 0..86_400_000_000_i64)
        .prop_map(|(day, micros)| at("2025-12-01 00:00") + Duration::days(day) + Duration::microseconds(micros))
}

/// Three kinds of lengths: within a day, days, months.
fn pauses() -> impl Strategy<Value = Vec<Pause>> {
    let length = prop_oneof![0..600_i64, 0..9_000_i64, 0..90_000_i64];
    let one = (instant(), length).prop_map(|(from, minutes)| Pause { from, to: from + Duration::minutes(minutes) });
    prop::collection::vec(one, 0..4)
}

/// The real one, or one of another country.
fn calendar() -> impl Strategy<Value = Calendar> {
    let week = vec![DayOfWeek::Mon, DayOfWeek::Tue, DayOfWeek::Wed, DayOfWeek::Thu, DayOfWeek::Sat, DayOfWeek::Sun];
    let listed = prop::collection::btree_map(0..700_i64, any::<bool>(), 0..60);
    let entry = |(offset, off): (i64, bool)| CalendarDay {
        date: day("2025-12-01") + Duration::days(offset),
        name: "x".to_owned(),
        kind: if off { ListedKind::Holiday } else { ListedKind::MakeupWorkingDay },
        source: None,
        confidence: None,
    };
    let made = (subsequence(week, 0..=5), listed).prop_map(move |(weekend, listed)| {
        let days = listed.into_iter().map(entry).collect();
        Calendar { version: "made".to_owned(), notice: None, weekend, days }
    });
    prop_oneof![Just(embedded()), made]
}

fn hours() -> impl Strategy<Value = OfficeHours> {
    let one = |from, to| Session {
        from: NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
        to: NaiveTime::from_hms_opt(to, 45, 0).unwrap(),
    };
    prop_oneof![
        Just(HOURS.clone()),
        (6..9_u32, 10..16_u32).prop_map(move |(from, to)| OfficeHours { sessions: vec![one(from, 9), one(10, to)] })
    ]
}

fn time() -> impl Strategy<Value = ProcessingTime> {
    let unit = prop_oneof![
        Just(TimeUnit::WorkingDays),
        Just(TimeUnit::CalendarDays),
        Just(TimeUnit::WorkingHours),
        Just(TimeUnit::Immediate)
    ];
    (1..60_u32, unit).prop_map(|(amount, unit)| ProcessingTime { amount, unit })
}

/// Looks a date up in the document itself.
fn naive_working(calendar: &Calendar, date: NaiveDate) -> bool {
    match calendar.days.iter().find(|listed| listed.date == date) {
        Some(listed) => listed.kind == ListedKind::MakeupWorkingDay,
        None => !calendar.weekend.contains(&DayOfWeek::of(date)),
    }
}

/// The dates a unit counts, later than `start`, that the pauses hold.
fn naive_paused(calendar: &Calendar, unit: TimeUnit, start: NaiveDate, pauses: &[Pause]) -> BTreeSet<NaiveDate> {
    let inside = |p: &Pause| {
        business_date(p.from).iter_days().skip(1).take_while(|d| *d <= business_date(p.to)).collect::<Vec<_>>()
    };
    let mut found: BTreeSet<NaiveDate> = pauses.iter().flat_map(inside).collect();
    found.retain(|d| *d > start && (unit == TimeUnit::CalendarDays || naive_working(calendar, *d)));
    found
}

/// Strikes off one day after the other.
fn naive_due_date(calendar: &Calendar, time: ProcessingTime, start: NaiveDate, pauses: &[Pause]) -> NaiveDate {
    let mut left = time.amount as usize + naive_paused(calendar, time.unit, start, pauses).len();
    let mut date = start;
    while left > 0 || !naive_working(calendar, date) {
        date = date.succ_opt().unwrap();
        if left > 0 && (time.unit == TimeUnit::CalendarDays || naive_working(calendar, date)) {
            left -= 1;
        }
    }
    date
}

/// Whether the clock runs in the minute that begins at `minute`; looks at whole minutes only.
fn naive_open(calendar: &Calendar, hours: &OfficeHours, minute: Instant) -> bool {
    let local = minute.with_timezone(&vietnam());
    hours.sessions.iter().any(|s| s.from <= local.time() && local.time() < s.to)
        && naive_working(calendar, local.date_naive())
}

fn held(pauses: &[Pause], minute: Instant) -> bool {
    pauses.iter().any(|p| p.from <= minute && minute < p.to)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_is_monotone_and_never_on_a_day_off(
        calendar in calendar(), hours in hours(), time in time(), a in instant(), b in instant(), pauses in pauses(),
    ) {
        let index = calendar.index();
        let term = Term { calendar: &index, hours: &hours, time };
        let [first, second] = [a.min(b), a.max(b)].map(|at| term.due(&Anchor::Start { at }, &pauses));
        prop_assert!(first <= second);
        prop_assert!(naive_working(&calendar, business_date(first)) && first >= a.min(b));
        if time.unit != TimeUnit::WorkingHours {
            prop_assert_eq!(first.with_timezone(&vietnam()).time(), hours.close());
        }
    }

    #[test]
    fn due_equals_a_naive_count(
        calendar in calendar(), time in time(), start in instant(), pauses in pauses(),
    ) {
        let index = calendar.index();
        let unit = if time.unit == TimeUnit::CalendarDays { time.unit } else { TimeUnit::WorkingDays };
        let time = ProcessingTime { unit, ..time };
        let term = Term { calendar: &index, hours: &HOURS, time };
        let expected = naive_due_date(&calendar, time, business_date(start), &pauses);
        prop_assert_eq!(business_date(term.due(&Anchor::Start { at: start }, &pauses)), expected);
        let fixed = Anchor::Fixed { due: start, since: start };
        let later: Vec<Pause> = pauses.iter().copied().filter(|p| p.from >= start).collect();
        let paused = naive_paused(&calendar, unit, business_date(start), &later).len() as u32;
        let moved = naive_due_date(&calendar, ProcessingTime { amount: paused, unit }, business_date(start), &[]);
        let expected = if paused == 0 { business_date(start) } else { moved };
        prop_assert_eq!(business_date(term.due(&fixed, &pauses)), expected);
    }

    #[test]
    fn a_pause_moves_the_due_by_what_it_holds(
        calendar in calendar(), hours in hours(), time in time(), start in instant(), pauses in pauses(),
    ) {
        let index = calendar.index();
        let term = Term { calendar: &index, hours: &hours, time };
        let anchor = Anchor::Start { at: start };
        let before = term.due(&anchor, &[]);
        for pause in pauses.iter().filter(|p| p.from >= start) {
            let after = term.due(&anchor, &[*pause]);
            prop_assert_eq!(after, term.due(&anchor, &[*pause, *pause, Pause { from: pause.to, to: pause.from }]));
            match time.unit {
                TimeUnit::WorkingDays => {
                    let gone = days(business_date(before), business_date(after)).filter(|d| naive_working(&calendar, *d));
                    prop_assert_eq!(gone.count() as i64, term.counted_days(pause));
                }
                TimeUnit::CalendarDays => {
                    let longer = ProcessingTime { amount: time.amount + term.counted_days(pause) as u32, ..time };
                    prop_assert_eq!(after, Term { time: longer, ..term }.due(&anchor, &[]));
                }
                TimeUnit::WorkingHours => {
                    let held = working_time(&index, &hours, pause.from, pause.to);
                    prop_assert_eq!(working_time(&index, &hours, before, after), held);
                }
                TimeUnit::Immediate => prop_assert_eq!(after, term.due(&Anchor::Start { at: pause.to }, &[])),
            }
        }
    }

    #[test]
    fn the_explanation_leads_to_the_due(
        calendar in calendar(), hours in hours(), time in time(), start in instant(), promised in any::<bool>(), pauses in pauses(),
    ) {
        let index = calendar.index();
        let term = Term { calendar: &index, hours: &hours, time };
        let anchor = if promised { Anchor::Fixed { due: start, since: start } } else { Anchor::Start { at: start } };
        let told = term.explain(&anchor, &pauses);
        prop_assert_eq!(told.due, term.due(&anchor, &pauses));
        let last = told.days.last().unwrap();
        prop_assert_eq!((last.date, last.effect), (business_date(told.due), DayEffect::Due));
        prop_assert_eq!(told.days[0].date, business_date(start));
        let with = |effect| told.days.iter().filter(move |d| d.effect == effect);
        let sum = |effect| with(effect).map(|d| d.minutes.unwrap_or(1)).sum::<i64>();
        let expected = match (promised, time.unit) {
            (true, _) | (_, TimeUnit::Immediate) => 0,
            (_, TimeUnit::WorkingHours) => i64::from(time.amount) * 60,
            _ => i64::from(time.amount),
        };
        prop_assert_eq!(sum(DayEffect::Counted), expected);
        if promised && time.unit != TimeUnit::Immediate {
            prop_assert_eq!(sum(DayEffect::Added), sum(DayEffect::Paused));
        }
        if let (false, TimeUnit::WorkingDays | TimeUnit::CalendarDays) = (promised, time.unit) {
            // The end before rolling; what was added stands against pauses behind it.
            let mut taken: Vec<NaiveDate> = told.days.iter().filter(|d| d.number.is_some()).map(|d| d.date).collect();
            taken.sort();
            let end = taken[(expected + sum(DayEffect::Paused)) as usize - 1];
            let behind = |d: &&ExplainedDay| d.effect == DayEffect::Paused && d.date > end;
            prop_assert_eq!(sum(DayEffect::Added), told.days.iter().filter(behind).count() as i64);
            // But for these, the list has every date after the start once, in order.
            let inner = told.days[1..told.days.len() - 1].iter();
            let walked: Vec<NaiveDate> = inner.filter(|d| !behind(d)).map(|d| d.date).collect();
            prop_assert_eq!(walked, days(business_date(start), business_date(told.due)).collect::<Vec<_>>());
            let numbers: Vec<u32> = with(DayEffect::Counted).filter_map(|d| d.number).collect();
            prop_assert_eq!(numbers, (1..=time.amount).collect::<Vec<_>>());
        }
        for skipped in with(DayEffect::Skipped) {
            prop_assert!(skipped.name.is_some() && !naive_working(&calendar, skipped.date));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn working_time_equals_a_count_of_minutes(
        calendar in calendar(), hours in hours(), day in 0..500_i64, from in 0..1440_i64, length in -100..6000_i64,
        stops in prop::collection::vec((-2000..6000_i64, 0..4000_i64), 0..4), amount in 1..30_u32,
    ) {
        let index = calendar.index();
        let from = at("2025-12-01 00:00") + Duration::minutes(day * 1440 + from);
        let minute = |n: i64| from + Duration::minutes(n);
        let pauses: Vec<Pause> = stops.iter().map(|(a, b)| Pause { from: minute(*a), to: minute(a + b) }).collect();
        let term = Term { calendar: &index, hours: &hours, time: ProcessingTime { amount, unit: TimeUnit::WorkingHours } };
        let open = |n: &i64| naive_open(&calendar, &hours, minute(*n));
        let worked = (0..length).filter(open).filter(|n| !held(&pauses, minute(*n))).count() as i64;
        prop_assert_eq!(term.worked_minutes(from, minute(length), &pauses), worked);

        let needed = amount as usize * 60 + (0..10_000).filter(open).filter(|n| held(&pauses, minute(*n))).count();
        let due = (0..).filter(open).nth(needed - 1).map(|n| minute(n + 1));
        prop_assert_eq!(due, Some(term.due(&Anchor::Start { at: from }, &pauses)));
    }

    #[test]
    fn adding_working_minutes_is_exact(calendar in calendar(), hours in hours(), at in instant(), minutes in 1..5000_i64) {
        let index = calendar.index();
        let end = add_working_minutes(&index, &hours, at, minutes);
        prop_assert_eq!(working_time(&index, &hours, at, end), Duration::minutes(minutes));
        prop_assert!(working_time(&index, &hours, at, end - Duration::microseconds(1)) < Duration::minutes(minutes));
    }
}
