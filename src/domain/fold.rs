//! Events → dossier. The definition of every fact; the fact table is its copy for SQL.

use serde_json::Value;
use uuid::Uuid;

use super::deadline::Pause;
use super::dossier::{Class, Dossier, FirstFinish, OpenPause, PauseKind, Payment, State};
use super::event::{
    Component, CorrectedField, DigitisedTarget, Event, FeeLine, NewDue, Payload, PaymentMethod, Received,
    ResultDocument, Submitted,
};
use super::time::{Instant, business_date};

/// When an event takes effect: a correction with its target, a void with the first event.
#[must_use]
pub fn effective(event: &Event, events: &[Event]) -> Instant {
    let of = |n: u32| events.iter().find(|e| e.n == n).map_or(event.occurred_at, |e| e.occurred_at);
    match &event.payload {
        Payload::Corrected(correction) => of(correction.target),
        Payload::Voided(_) => of(1),
        _ => event.occurred_at,
    }
}

/// The dossier at a cut: events recorded by `known_at` and effective by `at`, in order of recording.
#[must_use]
pub fn fold_at(agency: &str, id: Uuid, events: &[Event], at: Instant, known_at: Instant) -> Option<Dossier> {
    let seen: Vec<&Event> = events.iter().filter(|e| e.recorded_at <= known_at && effective(e, events) <= at).collect();
    fold_refs(agency, id, &seen)
}

/// The dossier after all of `events`, which are in order of recording. `None` without any.
#[must_use]
pub fn fold(agency: &str, id: Uuid, events: &[Event]) -> Option<Dossier> {
    fold_refs(agency, id, &events.iter().collect::<Vec<_>>())
}

fn fold_refs(agency: &str, id: Uuid, events: &[&Event]) -> Option<Dossier> {
    let (first, rest) = events.split_first()?;
    let Payload::Submitted(submitted) = corrected(first, events) else { return None };
    let mut dossier = open(agency, id, first, submitted)?;
    for event in rest {
        let payload = corrected(event, events);
        dossier.apply(event, payload);
    }
    Some(dossier)
}

/// An event's payload with the corrections among `events` put in.
fn corrected(event: &Event, events: &[&Event]) -> Payload {
    let mut payload = event.payload.clone();
    for other in events {
        if let Payload::Corrected(correction) = &other.payload
            && correction.target == event.n
            && let Some(value) = &correction.value
        {
            replace(&mut payload, correction.field, value);
            if let (Payload::Submitted(submitted), Some(due)) = (&mut payload, correction.answer_due) {
                submitted.answer_due = Some(due);
            }
        }
    }
    payload
}

/// Whether `value` has the shape that `field` of `payload` takes; used by `decide` before recording.
#[must_use]
pub fn can_replace(payload: &Payload, field: CorrectedField, value: &Value) -> bool {
    let mut copy = payload.clone();
    replace(&mut copy, field, value)
}

fn replace(payload: &mut Payload, field: CorrectedField, value: &Value) -> bool {
    fn read<T: serde::de::DeserializeOwned>(value: &Value, put: impl FnOnce(T)) -> bool {
        T::deserialize(value).map(put).is_ok()
    }
    match (field, payload) {
        (CorrectedField::Channel, Payload::Submitted(e)) => read(value, |v| e.channel = v),
        (CorrectedField::Components, Payload::Submitted(e)) => read(value, |v: Vec<Component>| e.components = Some(v)),
        (CorrectedField::Components, Payload::Received(e)) => read(value, |v: Vec<Component>| e.components = Some(v)),
        (CorrectedField::Components, Payload::Supplemented(e)) => read(value, |v: Vec<Component>| e.components = v),
        (CorrectedField::Fees, Payload::Received(e)) => read(value, |v: Vec<FeeLine>| e.fees = Some(v)),
        (CorrectedField::PaymentMethod, Payload::PaymentRecorded(e)) => read(value, |v: PaymentMethod| e.method = v),
        (CorrectedField::PaymentAmount, Payload::PaymentRecorded(e)) => read(value, |v: i64| e.amount = v),
        (CorrectedField::Result, Payload::Finished(e)) => read(value, |v: ResultDocument| e.result = v),
        (CorrectedField::Applicant, Payload::Submitted(e)) => read(value, |v| e.applicant = Some(v)),
        _ => false,
    }
}

fn open(agency: &str, id: Uuid, event: &Event, submitted: Submitted) -> Option<Dossier> {
    let snapshot = submitted.snapshot?;
    let fees = snapshot
        .fees
        .iter()
        .map(|fee| FeeLine { code: fee.code.clone(), amount: fee.amount, exempt_reason: None })
        .collect();
    let mut dossier = Dossier {
        agency: agency.to_owned(),
        id,
        version: event.n,
        state: State::Submitted,
        voided: false,
        code: None,
        procedure: submitted.procedure,
        snapshot,
        channel: submitted.channel,
        assisted: submitted.assisted.unwrap_or(false),
        return_method: submitted.return_method,
        previous: submitted.previous,
        submitted_by: event.actor.clone(),
        received_by: None,
        received_by_submitter: false,
        submitted_at: event.occurred_at,
        answer_due: submitted.answer_due,
        answered_at: None,
        refused_at: None,
        received_at: None,
        clock_start: None,
        promised: None,
        pauses: Vec::new(),
        paused: None,
        due_original: None,
        due: None,
        due_strict: None,
        calendar_version: None,
        extension: None,
        extensions: 0,
        letters: Vec::new(),
        extended_after_due: false,
        letter_late: false,
        recomputed: false,
        rounds: 0,
        rounds_after_receipt: 0,
        paper_asked: false,
        asked: std::collections::BTreeSet::new(),
        item_twice: false,
        late_supplement: false,
        components: Vec::new(),
        digitised_components: std::collections::BTreeSet::new(),
        result_digitised: false,
        signed_component: false,
        fees,
        requested: Vec::new(),
        payments: Vec::new(),
        first_finish: None,
        last_finished_at: None,
        result: None,
        ended_at: None,
        returned_at: None,
        reopens: 0,
        rating: None,
        rated_at: None,
        officer: None,
        unit: None,
        step: None,
        late_entry: event.late_entry_reason.is_some(),
        last_move_at: event.occurred_at,
    };
    if let Some(components) = submitted.components {
        dossier.hand_in(components);
    }
    Some(dossier)
}

impl Dossier {
    fn apply(&mut self, event: &Event, payload: Payload) {
        let at = event.occurred_at;
        self.version = event.n;
        self.late_entry |= event.late_entry_reason.is_some();
        if super::decide::moves(self.state, &payload) {
            self.last_move_at = at;
        }
        match payload {
            Payload::Submitted(_) | Payload::Corrected(_) => {}
            Payload::Received(e) => self.receive(event, e),
            Payload::Refused(_) => {
                self.answered_at.get_or_insert(at);
                self.refused_at = Some(at);
                self.state = State::Refused;
            }
            Payload::Forwarded(e) => {
                self.officer = e.officer.or(self.officer.take());
                self.unit = e.unit.or(self.unit.take());
                self.step = e.step.or(self.step.take());
                self.state = State::Processing;
            }
            Payload::SupplementRequested(e) => {
                self.rounds += 1;
                self.paper_asked |= e.items.iter().any(|item| item.paper == Some(true));
                self.late_supplement |= self.first_finish.is_none() && self.in_last_fifth(at);
                let round: std::collections::BTreeSet<String> =
                    e.items.into_iter().map(|item| item.component).collect();
                self.item_twice |= round.iter().any(|component| self.asked.contains(component));
                self.asked.extend(round);
                if self.received_at.is_some() {
                    self.rounds_after_receipt += 1;
                    self.paused = Some(OpenPause { since: at, kind: PauseKind::Supplement });
                } else {
                    self.answered_at.get_or_insert(at);
                }
                self.state = State::AwaitingSupplement;
            }
            Payload::Supplemented(e) => {
                self.hand_in(e.components);
                let restart = self.snapshot.after_supplement == super::catalogue::AfterSupplement::Restart;
                if self.received_at.is_some() {
                    self.resume(at, e.due, e.due_strict, e.calendar_version, restart);
                } else {
                    self.state = State::Submitted;
                }
            }
            Payload::PaymentRequested(e) => {
                self.requested.extend(e.lines);
                self.paused = Some(OpenPause { since: at, kind: PauseKind::Payment });
                self.state = State::AwaitingPayment;
            }
            Payload::PaymentRecorded(e) => {
                self.payments.push(Payment {
                    n: event.n,
                    at,
                    amount: e.amount,
                    method: e.method,
                    reference: e.reference,
                    refunded: 0,
                });
                if e.due_strict.is_some() {
                    self.resume(at, e.due, e.due_strict, e.calendar_version, false);
                }
            }
            Payload::PaymentRefunded(e) => {
                if let Some(payment) = self.payments.iter_mut().find(|payment| payment.n == e.payment) {
                    payment.refunded += e.amount;
                }
            }
            Payload::Extended(e) => {
                // What is granted to a reopened dossier moves no figure: the first finish has decided.
                let running = self.due.filter(|_| self.first_finish.is_none());
                self.extended_after_due |= running.is_some_and(|due| at > due);
                self.letter_late |= running.is_some_and(|due| e.letter.issued_on > business_date(due));
                // `decide` stores an instant; a date could only come from a hand-made history.
                if let NewDue::At(new_due) = e.new_due {
                    self.due = Some(new_due);
                    self.extension = Some((new_due, at));
                }
                self.extensions += 1;
                self.letters.push(e.letter);
            }
            Payload::Withdrawn(_) => self.end(State::Withdrawn, at),
            Payload::Stopped(_) => self.end(State::Stopped, at),
            Payload::Finished(e) => self.finish(at, e.result, e.worked_minutes.unwrap_or(0)),
            Payload::Returned(_) => {
                self.returned_at = Some(at);
                self.state = State::Returned;
            }
            Payload::Reopened(_) => {
                self.reopens += 1;
                self.state = State::Processing;
            }
            Payload::Digitised(e) => match (e.target, e.component) {
                (DigitisedTarget::Component, Some(code)) => {
                    self.digitised_components.insert(code);
                }
                (DigitisedTarget::Component, None) => {}
                (DigitisedTarget::Result, _) => self.result_digitised = true,
            },
            Payload::Rated(e) => {
                self.rating = Some(e.overall);
                self.rated_at = Some(at);
            }
            Payload::Voided(_) => {
                self.voided = true;
                self.state = State::Voided;
            }
            Payload::DeadlineRecomputed(e) => {
                self.recomputed = true;
                self.due = Some(e.due);
                self.due_strict = Some(e.due_strict);
                self.calendar_version = Some(e.calendar_version);
            }
        }
    }

    fn receive(&mut self, event: &Event, received: Received) {
        let at = event.occurred_at;
        self.answered_at.get_or_insert(at);
        self.received_at = Some(at);
        self.received_by = Some(event.actor.clone());
        self.received_by_submitter = event.origin.is_none() && event.actor == self.submitted_by;
        self.clock_start = Some(at);
        self.code = received.code;
        if let Some(snapshot) = received.snapshot {
            self.snapshot = snapshot;
        }
        if let Some(fees) = received.fees {
            self.fees = fees;
        }
        if let Some(components) = received.components {
            self.hand_in(components);
        }
        self.promised = received.due_computed.and(received.due);
        self.due_original = received.due_original;
        self.due = received.due;
        self.due_strict = received.due_strict;
        self.calendar_version = received.calendar_version;
        self.state = State::Received;
    }

    /// Four fifths of the time from the start of the clock to `due_strict` are over, by the calendar clock.
    fn in_last_fifth(&self, at: Instant) -> bool {
        let (Some(start), Some(due)) = (self.clock_start, self.due_strict) else { return false };
        (at - start) * 5 >= (due - start) * 4
    }

    fn hand_in(&mut self, components: Vec<Component>) {
        self.signed_component |= components.iter().any(|component| component.signed);
        let digitised = components.iter().filter(|component| component.digitised).map(|c| c.code.clone());
        self.digitised_components.extend(digitised);
        self.components = components;
    }

    fn resume(
        &mut self,
        at: Instant,
        due: Option<Instant>,
        due_strict: Option<Instant>,
        calendar: Option<String>,
        restart: bool,
    ) {
        if let Some(pause) = self.paused.take() {
            self.pauses.push(Pause { from: pause.since, to: at });
        }
        if restart {
            self.clock_start = Some(at);
            self.extension = None;
            self.promised = None;
        }
        self.due = due.or(self.due);
        self.due_strict = due_strict.or(self.due_strict);
        self.calendar_version = calendar.or(self.calendar_version.take());
        self.state = State::Processing;
    }

    fn end(&mut self, state: State, at: Instant) {
        self.paused = None;
        self.ended_at = Some(at);
        self.state = state;
    }

    fn finish(&mut self, at: Instant, result: ResultDocument, worked_minutes: i64) {
        self.state = State::Finished;
        self.last_finished_at = Some(at);
        self.result = Some(result.clone());
        if self.first_finish.is_none()
            && let (Some(due), Some(due_strict)) = (self.due, self.due_strict)
        {
            self.first_finish = Some(FirstFinish {
                at,
                class: Class::of(at, due_strict),
                worked_minutes,
                rounds: self.rounds,
                rounds_after_receipt: self.rounds_after_receipt,
                letter_in_time: self.letter_in_time(),
                result,
                due,
                due_strict,
            });
        }
    }
}
