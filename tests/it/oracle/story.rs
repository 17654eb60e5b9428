//! Some months in the offices: random events through the book, under a clock that goes forward in random steps.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use motcua::app::record::{Ask, Book, File};
use motcua::app::{App, AppError};
use motcua::domain::actor::{Role, Standing};
use motcua::domain::decide::{legal, moves};
use motcua::domain::dossier::{Dossier, State as S};
use motcua::domain::event::{CorrectedField, EventType, Origin, Payload};
use motcua::domain::time::{Instant, business_date, end_of_day, local_text, start_of_day};
use motcua::store::indicators;
use motcua::verify;
use serde_json::Value;

use super::dice::Dice;
use super::world::{AGENCIES, Calendar, PROCEDURES, RUSH};
use super::{drafts, reports};
use crate::harness::TestApp;

/// What got into the books.
#[derive(Debug, Default)]
pub struct Variety {
    pub events: BTreeMap<EventType, usize>,
    pub corrections: BTreeMap<CorrectedField, usize>,
    pub late: usize,
    pub refused: usize,
    /// Indicators that counted somebody, where figures are looked at.
    pub counted: Option<BTreeSet<&'static str>>,
    /// Columns of reports that counted somebody, where reports are looked at.
    pub cells: Option<BTreeSet<String>>,
    /// Checks that flagged somebody, where checks are looked at.
    pub flagged: Option<BTreeSet<&'static str>>,
}

impl Variety {
    pub fn add(&mut self, other: Self) {
        for (kind, count) in other.events {
            *self.events.entry(kind).or_default() += count;
        }
        for (field, count) in other.corrections {
            *self.corrections.entry(field).or_default() += count;
        }
        self.late += other.late;
        self.refused += other.refused;
        if let (Some(counted), Some(more)) = (&mut self.counted, other.counted) {
            counted.extend(more);
        }
        if let (Some(cells), Some(more)) = (&mut self.cells, other.cells) {
            cells.extend(more);
        }
        if let (Some(flagged), Some(more)) = (&mut self.flagged, other.flagged) {
            flagged.extend(more);
        }
    }

    /// What has not happened: events, corrections, indicators and checks that never counted anybody.
    pub fn lacks(&self) -> Vec<String> {
        let events = EventType::ALL.iter().filter(|kind| !self.events.contains_key(kind)).map(|kind| kind.as_str());
        let fields = CorrectedField::ALL.iter().filter(|field| !self.corrections.contains_key(field));
        let figures = indicators::ids().into_iter();
        let figures = figures.filter(|id| self.counted.as_ref().is_some_and(|counted| !counted.contains(id)));
        let named = events.chain(fields.map(|field| field.as_str())).chain(figures).map(str::to_owned);
        let mut lacks: Vec<String> = named.collect();
        if let Some(cells) = &self.cells {
            lacks.extend(reports::columns().difference(cells).cloned());
        }
        let checks = verify::checks::CHECKS.iter().copied();
        let checks = checks.filter(|id| self.flagged.as_ref().is_some_and(|flagged| !flagged.contains(id)));
        lacks.extend(checks.map(str::to_owned));
        let all: usize = self.events.values().sum();
        if self.late * 10 < all {
            lacks.push("events entered after they happened".to_owned());
        }
        if self.refused * 3 > all {
            lacks.push("drafts that are not refused".to_owned());
        }
        lacks
    }
}

pub struct Story<'a> {
    pub test: &'a TestApp,
    pub app: &'a App,
    pub dice: Dice,
    pub files: Vec<File>,
    pub variety: Variety,
    calendar: Calendar,
}

impl<'a> Story<'a> {
    pub fn begin(test: &'a TestApp, seed: u64) -> Self {
        let app = &test.app;
        let calendar = Calendar::begin(app);
        let (files, variety) = (Vec::new(), Variety::default());
        Self { test, app, dice: Dice::new(seed), files, variety, calendar }
    }

    /// Tries `steps` events; meanwhile new dossiers come in until there are `dossiers`.
    pub fn go_on(&mut self, dossiers: usize, steps: usize) {
        let new = dossiers - self.files.len();
        for step in 0..steps {
            self.pass_time();
            if self.files.len() + new * (steps - step) / steps < dossiers + 1 {
                self.submit();
            } else {
                self.event();
            }
        }
    }

    /// Many dossiers of one office, received and finished in a few minutes.
    pub fn rush(&mut self, dossiers: usize) {
        let goal = self.files.len() + dossiers;
        while self.files.len() < goal {
            self.test.pass(Duration::seconds(1));
            let mut body = drafts::submission(&mut self.dice, RUSH);
            body["procedure"] = PROCEDURES[0].into();
            body["channel"] = "in_person".into();
            self.record(None, RUSH.to_owned(), EventType::Submitted, body, None);
            let i = self.files.len() - 1;
            for kind in [EventType::Received, EventType::Finished] {
                let dossier = self.files[i].dossier().expect("it has events");
                let now = self.app.clock.now();
                let body = drafts::body(kind, &dossier, &self.files[i].events, now, &mut self.dice);
                self.record(Some(i), RUSH.to_owned(), kind, body, None);
            }
        }
    }

    fn pass_time(&mut self) {
        let step = match self.dice.between(0, 9) {
            // Two at the same instant.
            0 => Duration::zero(),
            1..=3 => Duration::seconds(self.dice.between(1, 3000)),
            4..=7 => Duration::minutes(self.dice.between(30, 400)),
            _ => Duration::microseconds(self.dice.between(0, 60_000_000_000)),
        };
        self.test.pass(step);
        self.calendar.turn(self.app, self.app.clock.now());
    }

    fn submit(&mut self) {
        let agency = self.dice.pick(&AGENCIES);
        let body = drafts::submission(&mut self.dice, agency);
        let now = self.app.clock.now();
        let occurred_at = self.dice.chance(20).then(|| now - Duration::minutes(self.dice.between(0, 6000)));
        self.record(None, agency.to_owned(), EventType::Submitted, body, occurred_at);
    }

    fn event(&mut self) {
        let i = self.dice.index(self.files.len());
        let dossier = self.files[i].dossier().expect("it has events");
        let over = matches!(dossier.state, S::Refused | S::Withdrawn | S::Stopped | S::Returned | S::Voided);
        // Some lie about until they are overdue.
        let slow = i.is_multiple_of(4) && !dossier.snapshot.on_the_spot;
        if (over || slow) && self.dice.chance(90) {
            return self.event();
        }
        let Some(kind) = self.kind(&dossier) else { return };
        if kind == EventType::Voided && self.dice.chance(60) {
            return self.event();
        }
        let now = self.app.clock.now();
        let mut body = drafts::body(kind, &dossier, &self.files[i].events, now, &mut self.dice);
        if kind == EventType::Received && imported(i) && self.dice.chance(70) {
            body["due"] = local_text(now + Duration::hours(self.dice.between(0, 300))).into();
        }
        let occurred_at = self.when(kind, &dossier, &body, now);
        self.record(Some(i), dossier.agency, kind, body, occurred_at);
    }

    /// Mostly something legal.
    fn kind(&mut self, dossier: &Dossier) -> Option<EventType> {
        if self.dice.chance(2) {
            return Some(self.dice.pick(EventType::ALL));
        }
        if dossier.snapshot.on_the_spot && self.dice.chance(60) {
            let usual = [EventType::Received, EventType::Finished, EventType::Returned];
            if let Some(next) = usual.into_iter().find(|kind| legal(*kind, dossier)) {
                return Some(next);
            }
        }
        let weigh = |kind: EventType| match kind {
            _ if !legal(kind, dossier) => 0,
            EventType::PaymentRecorded if dossier.owed() == 0 => 0,
            EventType::PaymentRecorded if dossier.state == S::AwaitingPayment => 40,
            EventType::PaymentRefunded if dossier.payments.iter().all(|payment| payment.refunded_in_full()) => 0,
            EventType::Received | EventType::Supplemented => 40,
            EventType::Finished | EventType::Returned => 20,
            EventType::SupplementRequested => 14,
            EventType::PaymentRecorded | EventType::Rated | EventType::PaymentRequested | EventType::Reopened => 8,
            EventType::Corrected | EventType::Digitised => 4,
            EventType::Forwarded | EventType::PaymentRefunded => 5,
            EventType::Extended => 9,
            EventType::DeadlineRecomputed => 3,
            EventType::Withdrawn if dossier.state == S::Submitted => 6,
            EventType::Withdrawn | EventType::Stopped | EventType::Refused => 3,
            EventType::Voided => 1,
            EventType::Submitted => 0,
        };
        let kinds: Vec<(EventType, u32)> = EventType::ALL.iter().map(|kind| (*kind, weigh(*kind))).collect();
        self.dice.weighted(&kinds)
    }

    /// When it happened: mostly now, else somewhere it may have, with a liking for edges.
    fn when(&mut self, kind: EventType, dossier: &Dossier, body: &Value, now: Instant) -> Option<Instant> {
        if kind == EventType::DeadlineRecomputed || self.dice.chance(55) {
            return None;
        }
        let payload = read(kind, body);
        let mut floor = if moves(dossier.state, &payload) { dossier.last_move_at } else { dossier.submitted_at };
        if let Payload::PaymentRefunded(refund) = &payload {
            floor = dossier.payments.iter().find(|payment| payment.n == refund.payment).map_or(floor, |p| p.at);
        }
        if kind == EventType::Rated {
            floor = dossier.first_finish.as_ref().map(|finish| finish.at).or(dossier.ended_at).unwrap_or(floor);
        }
        if dossier.snapshot.on_the_spot && matches!(kind, EventType::Finished | EventType::Returned) {
            return Some(floor + Duration::minutes(self.dice.between(0, 5))).filter(|at| *at <= now);
        }
        let between = |dice: &mut Dice| {
            let micros = dice.between(0, (now - floor).num_microseconds().unwrap_or(0));
            floor + Duration::microseconds(micros)
        };
        // The instants at which it would just be in time.
        let edges = [dossier.answer_due, dossier.due_strict, dossier.due].into_iter().flatten();
        let edges: Vec<Instant> = edges.filter(|edge| (floor..=now).contains(edge)).collect();
        if !edges.is_empty() && self.dice.chance(40) {
            return Some(self.dice.pick(&edges) + Duration::microseconds(self.dice.between(0, 1)));
        }
        let at = match self.dice.between(0, 16) {
            0..=6 => between(&mut self.dice),
            7..=8 => floor,
            9..=10 => now - Duration::minutes(self.dice.between(0, 30)),
            11..=12 => start_of_day(business_date(between(&mut self.dice))),
            13..=14 => end_of_day(business_date(between(&mut self.dice))),
            // A desk whose clock goes fast.
            15 => now + Duration::seconds(self.dice.between(0, 121)),
            _ => floor - Duration::microseconds(1),
        };
        let sound = (floor..=now).contains(&at) || self.dice.chance(15);
        Some(if sound { at } else { between(&mut self.dice) })
    }

    fn record(
        &mut self,
        known: Option<usize>,
        agency: String,
        kind: EventType,
        body: Value,
        occurred_at: Option<Instant>,
    ) {
        let now = self.app.clock.now();
        let i = known.unwrap_or(self.files.len());
        let late = occurred_at.is_some_and(|at| business_date(at) < business_date(now)) && self.dice.chance(95);
        let import = imported(i) && kind != EventType::DeadlineRecomputed;
        let origin = Origin { kind: "import".into(), file: "f.ndjson".into(), line: 1, source: None, source_id: None };
        let ask = Ask {
            payload: read(kind, &body),
            occurred_at,
            late_entry_reason: late.then(|| "mất điện".to_owned()),
            origin: import.then_some(origin),
        };
        let standing = standing(kind, i, import);
        let (app, before) = (self.app.clone(), known.map(|i| self.files[i].clone()));
        let done = self.app.store.write_blocking::<File, AppError, _>(&agency.clone(), move |tx| {
            let mut book = Book::open(tx, &app, &agency)?;
            let file = match before.clone() {
                None => book.start(tx, &app, ask.clone(), &standing)?,
                Some(mut file) => {
                    book.append(tx, &app, &mut file, ask.clone(), &standing)?;
                    file
                }
            };
            book.close(tx)?;
            Ok(file)
        });
        let file = match done {
            Ok(file) => file,
            Err(AppError::Refused(_)) => {
                self.variety.refused += 1;
                return;
            }
            Err(other) => panic!("{}: {other}", kind.as_str()),
        };
        *self.variety.events.entry(kind).or_default() += 1;
        if let Some(Payload::Corrected(correction)) = file.events.last().map(|event| &event.payload) {
            *self.variety.corrections.entry(correction.field).or_default() += 1;
        }
        self.variety.late += usize::from(file.events.last().is_some_and(|event| event.occurred_at < event.recorded_at));
        match known {
            None => self.files.push(file),
            Some(i) => self.files[i] = file,
        }
    }

    /// The full copy of the database.
    pub fn copy(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        motcua::app::full_copy::export(&self.app.store, &mut bytes, |_| {}).expect("a full copy");
        bytes
    }
}

/// Whether the dossier at this place came with an import.
fn imported(i: usize) -> bool {
    i % 7 == 3
}

fn standing(kind: EventType, i: usize, import: bool) -> Standing {
    let (actor, roles) = match kind {
        EventType::Voided => ("user:second", vec![Role::Leader]),
        EventType::Submitted if i % 5 == 1 => ("client:portal", vec![Role::Portal]),
        _ => ("user:staff", vec![Role::Clerk, Role::Officer, Role::Leader]),
    };
    Standing { actor: actor.to_owned(), roles, import, system: kind == EventType::DeadlineRecomputed }
}

fn read(kind: EventType, body: &Value) -> Payload {
    Payload::read(kind, body.as_object().expect("an object").clone()).expect("a body in shape")
}
