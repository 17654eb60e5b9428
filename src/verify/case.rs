//! A dossier as it stood at an instant and as that was known at another: this module's own fold.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::entry::{Act, Channel, Component, DigitisedTarget, Entry, FeeLine, Method, Patch, ResultDocument, Snapshot};
use super::local_date;
use super::signs::Signs;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Submitted,
    Received,
    Refused,
    Processing,
    AwaitingSupplement,
    AwaitingPayment,
    Withdrawn,
    Stopped,
    Finished,
    Returned,
    Voided,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Early,
    OnTime,
    Late,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    pub at: DateTime<Utc>,
    pub amount: i64,
    pub method: Method,
}

/// When the dossier is promised: with extensions, and without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dues {
    pub due: DateTime<Utc>,
    pub strict: DateTime<Utc>,
}

/// What the first finish keeps for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    pub at: DateTime<Utc>,
    pub dues: Dues,
    pub class: Class,
    pub worked_minutes: i64,
    pub rounds: u32,
    pub rounds_after_receipt: u32,
    pub letters: Vec<NaiveDate>,
    pub result: ResultDocument,
}

/// The facts of a dossier at a cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub agency: String,
    pub dossier: String,
    pub procedure: String,
    pub state: State,
    pub channel: Channel,
    pub snapshot: Snapshot,
    pub submitted_at: DateTime<Utc>,
    pub answer_due: Option<DateTime<Utc>>,
    /// First of receipt, refusal and request for a supplement.
    pub answered_at: Option<DateTime<Utc>>,
    pub received_at: Option<DateTime<Utc>>,
    pub refused_at: Option<DateTime<Utc>>,
    /// Present from receipt on.
    pub dues: Option<Dues>,
    pub paused_since: Option<DateTime<Utc>>,
    pub rounds: u32,
    pub rounds_after_receipt: u32,
    pub letters: Vec<NaiveDate>,
    /// Withdrawn or stopped.
    pub ended_at: Option<DateTime<Utc>>,
    pub first_finish: Option<Finish>,
    pub last_finished_at: Option<DateTime<Utc>>,
    pub returned_at: Option<DateTime<Utc>>,
    /// The list in force.
    pub components: Vec<Component>,
    /// Codes of components that were ever digitised.
    pub digitised: BTreeSet<String>,
    pub result_digitised: bool,
    /// A component of any list was signed.
    pub ever_signed: bool,
    /// Paper was asked of it.
    pub paper_asked: bool,
    /// By their `n`.
    pub payments: BTreeMap<u32, Payment>,
    /// Sums by the `n` of the payment.
    pub refunds: BTreeMap<u32, i128>,
    pub rating: Option<(DateTime<Utc>, u8)>,
    /// What only the integrity checks ask for.
    pub signs: Signs,
    fees: Vec<FeeLine>,
    requested: Vec<FeeLine>,
}

impl Case {
    /// Folds the entries recorded by `known_at` and effective by `at`; `history` is all of one dossier in `seq`
    /// order. `None`: it was not submitted yet.
    #[must_use]
    pub fn at(
        agency: &str,
        dossier: &str,
        history: &[Entry],
        at: DateTime<Utc>,
        known_at: DateTime<Utc>,
    ) -> Option<Self> {
        let occurred: BTreeMap<u32, DateTime<Utc>> = history.iter().map(|entry| (entry.n, entry.occurred_at)).collect();
        let effective = |entry: &Entry| match &entry.act {
            Act::Corrected { target, .. } => occurred.get(target).copied().unwrap_or(entry.occurred_at),
            Act::Voided => occurred.get(&1).copied().unwrap_or(entry.occurred_at),
            _ => entry.occurred_at,
        };
        let seen: Vec<&Entry> =
            history.iter().filter(|entry| entry.recorded_at <= known_at && effective(entry) <= at).collect();

        let mut corrections: BTreeMap<u32, Vec<&Act>> = BTreeMap::new();
        for entry in &seen {
            if let Act::Corrected { target, .. } = &entry.act {
                corrections.entry(*target).or_default().push(&entry.act);
            }
        }

        let mut case: Option<Self> = None;
        for entry in seen {
            let mut act = Cow::Borrowed(&entry.act);
            for correction in corrections.get(&entry.n).into_iter().flatten() {
                put_in(act.to_mut(), correction);
            }
            if case.is_none() {
                case = Self::begin(agency, dossier, entry.occurred_at, &act);
            }
            if let Some(case) = &mut case {
                case.sign(entry, &act);
                case.take(entry.n, entry.occurred_at, &act);
            }
        }
        case
    }

    fn begin(agency: &str, dossier: &str, at: DateTime<Utc>, act: &Act) -> Option<Self> {
        let Act::Submitted { procedure, channel, components, snapshot, fees, answer_due, .. } = act else {
            return None;
        };
        let mut case = Self {
            agency: agency.to_owned(),
            dossier: dossier.to_owned(),
            procedure: procedure.clone(),
            state: State::Submitted,
            channel: *channel,
            snapshot: snapshot.clone(),
            submitted_at: at,
            answer_due: *answer_due,
            answered_at: None,
            received_at: None,
            refused_at: None,
            dues: None,
            paused_since: None,
            rounds: 0,
            rounds_after_receipt: 0,
            letters: Vec::new(),
            ended_at: None,
            first_finish: None,
            last_finished_at: None,
            returned_at: None,
            components: Vec::new(),
            digitised: BTreeSet::new(),
            result_digitised: false,
            ever_signed: false,
            paper_asked: false,
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            rating: None,
            signs: Signs::default(),
            fees: fees.as_ref().unwrap_or(&snapshot.fees).clone(),
            requested: Vec::new(),
        };
        if let Some(list) = components {
            case.hand_in(list);
        }
        Some(case)
    }

    fn take(&mut self, n: u32, at: DateTime<Utc>, act: &Act) {
        match act {
            Act::Submitted { .. } | Act::Corrected { .. } => {}
            Act::Received { fees, components, snapshot, due, due_strict } => {
                self.state = State::Received;
                self.received_at = Some(at);
                self.answered_at.get_or_insert(at);
                if let Some(snapshot) = snapshot {
                    self.snapshot = snapshot.clone();
                    self.fees.clone_from(&snapshot.fees);
                }
                if let Some(fees) = fees {
                    self.fees.clone_from(fees);
                }
                if let Some(list) = components {
                    self.hand_in(list);
                }
                self.dues = Some(Dues { due: *due, strict: *due_strict });
            }
            Act::Refused => {
                self.answered_at.get_or_insert(at);
                self.state = State::Refused;
                self.refused_at = Some(at);
            }
            Act::Forwarded => self.state = State::Processing,
            Act::SupplementRequested { items } => {
                self.state = State::AwaitingSupplement;
                self.rounds += 1;
                self.paper_asked |= items.iter().any(|item| item.paper == Some(true));
                if self.received_at.is_some() {
                    self.rounds_after_receipt += 1;
                    self.paused_since = Some(at);
                } else {
                    self.answered_at.get_or_insert(at);
                }
            }
            Act::Supplemented { components, due, due_strict } => {
                self.hand_in(components);
                if self.received_at.is_some() {
                    self.resume(*due, *due_strict);
                } else {
                    self.state = State::Submitted;
                }
            }
            Act::PaymentRequested { lines } => {
                self.state = State::AwaitingPayment;
                self.paused_since = Some(at);
                self.requested.extend_from_slice(lines);
            }
            Act::PaymentRecorded { amount, method, due, due_strict } => {
                self.payments.insert(n, Payment { at, amount: *amount, method: *method });
                if due_strict.is_some() {
                    self.resume(*due, *due_strict);
                }
            }
            Act::PaymentRefunded { payment, amount } => {
                *self.refunds.entry(*payment).or_default() += i128::from(*amount);
            }
            Act::Extended { new_due, letter } => {
                if let Some(dues) = &mut self.dues {
                    dues.due = *new_due;
                }
                self.letters.push(letter.issued_on);
            }
            Act::Withdrawn => self.end(State::Withdrawn, at),
            Act::Stopped => self.end(State::Stopped, at),
            Act::Finished { result, worked_minutes } => self.finish(at, *result, worked_minutes.unwrap_or(0)),
            Act::Returned => {
                self.state = State::Returned;
                self.returned_at.get_or_insert(at);
            }
            Act::Reopened => self.state = State::Processing,
            Act::Digitised { target: DigitisedTarget::Result, .. } => self.result_digitised = true,
            Act::Digitised { target: DigitisedTarget::Component, component } => {
                self.digitised.extend(component.clone());
            }
            Act::Rated { overall } => {
                self.rating.get_or_insert((at, *overall));
            }
            Act::Voided => self.state = State::Voided,
            Act::DeadlineRecomputed { due, due_strict } => {
                self.dues = Some(Dues { due: *due, strict: *due_strict });
            }
        }
    }

    /// A list replaces the one before; what it says of digitised and signed stays.
    fn hand_in(&mut self, list: &[Component]) {
        self.components = list.to_vec();
        self.ever_signed |= list.iter().any(|component| component.signed);
        self.digitised.extend(list.iter().filter(|component| component.digitised).map(|c| c.code.clone()));
    }

    fn resume(&mut self, due: Option<DateTime<Utc>>, strict: Option<DateTime<Utc>>) {
        self.state = State::Processing;
        self.paused_since = None;
        if let Some(dues) = &mut self.dues {
            dues.due = due.unwrap_or(dues.due);
            dues.strict = strict.unwrap_or(dues.strict);
        }
    }

    fn end(&mut self, state: State, at: DateTime<Utc>) {
        self.state = state;
        self.ended_at = Some(at);
        self.paused_since = None;
    }

    fn finish(&mut self, at: DateTime<Utc>, result: ResultDocument, worked_minutes: i64) {
        self.state = State::Finished;
        self.last_finished_at = Some(at);
        let Some(dues) = self.dues else { return };
        self.first_finish.get_or_insert_with(|| Finish {
            at,
            dues,
            class: classify(at, dues.strict),
            worked_minutes,
            rounds: self.rounds,
            rounds_after_receipt: self.rounds_after_receipt,
            letters: self.letters.clone(),
            result,
        });
    }

    #[must_use]
    pub fn is_voided(&self) -> bool {
        self.state == State::Voided
    }

    /// What the applicant owes.
    #[must_use]
    pub fn fee_due(&self) -> i128 {
        let lines = self.fees.iter().chain(&self.requested);
        lines.filter(|line| line.exempt_reason.is_none()).map(|line| i128::from(line.amount)).sum()
    }

    /// Payments that were not refunded in full.
    pub fn standing_payments(&self) -> impl Iterator<Item = (u32, Payment)> {
        self.payments.iter().filter_map(|(n, payment)| {
            let refunded = self.refunds.get(n).copied().unwrap_or(0);
            (refunded < i128::from(payment.amount)).then_some((*n, *payment))
        })
    }

    /// Every required component is in the list, electronic or digitised.
    #[must_use]
    pub fn components_digital(&self) -> bool {
        self.snapshot.required.iter().all(|code| {
            let mut handed_in = self.components.iter().filter(|component| component.code == *code).peekable();
            handed_in.peek().is_some()
                && (self.digitised.contains(code) || handed_in.any(|component| component.electronic))
        })
    }
}

/// Early: a date before. On time: the same date, not after the instant. Late: after it.
pub(super) fn classify(finished: DateTime<Utc>, due: DateTime<Utc>) -> Class {
    if finished > due {
        Class::Late
    } else if local_date(finished) < local_date(due) {
        Class::Early
    } else {
        Class::OnTime
    }
}

/// Replaces the corrected value inside its target.
fn put_in(target: &mut Act, correction: &Act) {
    let Act::Corrected { patch, answer_due: new_answer_due, .. } = correction else { return };
    match (target, patch) {
        (Act::Submitted { channel, answer_due, .. }, Patch::Channel(value)) => {
            *channel = *value;
            *answer_due = new_answer_due.or(*answer_due);
        }
        (Act::Submitted { components, .. } | Act::Received { components, .. }, Patch::Components(value)) => {
            *components = Some(value.clone());
        }
        (Act::Supplemented { components, .. }, Patch::Components(value)) => components.clone_from(value),
        (Act::Submitted { fees, .. } | Act::Received { fees, .. }, Patch::Fees(value)) => *fees = Some(value.clone()),
        (Act::PaymentRequested { lines }, Patch::Fees(value)) => lines.clone_from(value),
        (Act::PaymentRecorded { method, .. }, Patch::Method(value)) => *method = *value,
        (Act::PaymentRecorded { amount, .. }, Patch::Amount(value)) => *amount = *value,
        (Act::Finished { result, .. }, Patch::Result(value)) => *result = *value,
        _ => {}
    }
}
