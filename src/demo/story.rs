//! What happens next to a dossier: a step at a time, since due instants are known only once recorded.

use chrono::Duration;

use super::acts;
use super::dice::Dice;
use super::fate::{Ending, Fate, Pays};
use super::office::Office;
use super::people::{Cast, Who};
use crate::app::record::File;
use crate::domain::dossier::{Dossier, State};
use crate::domain::event::{Channel, Payload, PaymentMethod, ReturnMethod};
use crate::domain::time::{Instant, business_date};

/// One event to come.
#[derive(Debug, Clone)]
pub struct Scene {
    /// When it is recorded.
    pub at: Instant,
    /// When it happened, if that was earlier.
    pub happened: Option<Instant>,
    pub who: Who,
    pub payload: Payload,
}

/// The first scene.
#[must_use]
pub fn opening(fate: &Fate, agency: &str, at: Instant) -> Scene {
    let who = if fate.through_portal() { Who::Portal } else { Who::Clerk };
    Scene { at, happened: fate.happened, who, payload: acts::submitted(fate, agency) }
}

/// The scene after the last event of `file`, which was recorded at `now`; `None` when the story is over.
#[must_use]
pub fn next(fate: &Fate, file: &File, now: Instant, office: &Office, cast: &Cast) -> Option<Scene> {
    let dossier = file.dossier()?;
    let dice = Dice::new(fate.seed, dossier.version);
    let mut teller = Teller { fate, file, dossier: &dossier, now, office, cast, dice };
    match dossier.state {
        State::Submitted => Some(teller.submitted()),
        State::AwaitingSupplement => teller.awaiting_supplement(),
        State::Received => teller.received().or_else(|| teller.processing()),
        State::Processing => teller.processing(),
        State::AwaitingPayment => teller.awaiting_payment(),
        State::Finished => teller.finished(),
        State::Returned => teller.returned(),
        State::Refused => teller.refused(),
        State::Withdrawn | State::Stopped | State::Voided => None,
    }
}

struct Teller<'a> {
    fate: &'a Fate,
    file: &'a File,
    dossier: &'a Dossier,
    now: Instant,
    office: &'a Office,
    cast: &'a Cast,
    dice: Dice,
}

impl Teller<'_> {
    fn scene(at: Instant, who: Who, payload: Payload) -> Scene {
        Scene { at, happened: None, who, payload }
    }

    /// In so many minutes of open office.
    fn soon(&mut self, low: i64, high: i64) -> Instant {
        let minutes = self.dice.between(low, high);
        self.office.after(self.now, minutes)
    }

    /// After a share of the office time that is left.
    fn within(&mut self, low: f64, high: f64) -> Instant {
        let share = self.dice.share(low, high);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of some weeks")]
        let minutes = (self.left() as f64 * share) as i64;
        self.office.after(self.now, minutes)
    }

    /// Office minutes until it is due.
    fn left(&self) -> i64 {
        self.dossier.due_strict.map_or(0, |due| self.office.minutes(self.now, due))
    }

    /// The applicant: a portal for those who submitted through it, else a clerk enters it.
    fn applicant(&self) -> Who {
        if self.cast.is_portal(&self.dossier.submitted_by) { Who::Portal } else { Who::Clerk }
    }

    fn submitted(&mut self) -> Scene {
        let fate = self.fate;
        let owed = self.dossier.owed();
        if fate.pays == Pays::Before && owed > 0 {
            let at = match self.applicant() {
                Who::Portal => self.now + Duration::seconds(self.dice.between(70, 600)),
                _ => self.soon(2, 8),
            };
            return Self::scene(at, self.applicant(), acts::paid(owed, fate.method, &mut self.dice));
        }
        let answer = if self.dossier.rounds > 0 {
            self.soon(20, 200)
        } else {
            self.office.after(self.now, fate.answer_after - self.office.minutes(self.dossier.submitted_at, self.now))
        };
        if fate.ending == Ending::Refused {
            return Self::scene(answer, Who::Clerk, acts::refused());
        }
        if fate.incomplete && self.dossier.rounds == 0 {
            let by = acts::reply_by(answer);
            return Self::scene(answer, Who::Clerk, acts::supplement_requested(fate, by, &mut self.dice));
        }
        let happened = fate.happened.map(|at| at + Duration::minutes(fate.answer_after));
        let payload = acts::received(fate, self.dossier, &mut self.dice);
        if happened.is_some() {
            let at = self.now + Duration::minutes(2);
            return Scene { at, happened, who: Who::Clerk, payload };
        }
        Self::scene(answer, Who::Clerk, payload)
    }

    fn awaiting_supplement(&mut self) -> Option<Scene> {
        let fate = self.fate;
        if fate.ending == Ending::Silent {
            let days = self.dice.between(30, 45);
            let at = self.office.days_later(self.now, days, &mut self.dice);
            if self.dossier.received_at.is_none() {
                return Some(Self::scene(at, Who::Clerk, acts::refused()));
            }
            return fate.one_in(2).then(|| Self::scene(at, Who::Leader, acts::stopped(fate, at)));
        }
        let days = self.dice.between(1, 12);
        let who = self.applicant();
        let at = match who {
            Who::Portal => Office::at_home(business_date(self.now) + Duration::days(days), &mut self.dice),
            _ => self.office.days_later(self.now, days, &mut self.dice),
        };
        Some(Self::scene(at, who, acts::supplemented(fate)))
    }

    /// At the counter, before the papers go to an officer.
    fn received(&mut self) -> Option<Scene> {
        let fate = self.fate;
        if fate.ending == Ending::Voided {
            return Some(Self::scene(self.soon(30, 300), Who::Deputy, acts::voided()));
        }
        let owed = self.dossier.owed();
        if fate.pays == Pays::AtReceipt && owed > 0 {
            return Some(Self::scene(self.soon(1, 6), Who::Clerk, acts::paid(owed, fate.method, &mut self.dice)));
        }
        if fate.at_once() {
            return None;
        }
        let at = self.soon(10, 180.min(self.left() / 4));
        Some(Self::scene(at, Who::Clerk, acts::to_officer(self.cast)))
    }

    fn processing(&mut self) -> Option<Scene> {
        let (fate, dossier) = (self.fate, self.dossier);
        if dossier.first_finish.is_some() {
            let at = self.soon(120, 900);
            return Some(Self::scene(at, Who::Leader, acts::finished(fate, at, &self.cast.leader_name)));
        }
        let rounds = if fate.ending == Ending::Silent { fate.rounds.max(1) } else { fate.rounds };
        if dossier.rounds_after_receipt < rounds {
            let at = self.within(0.05, 0.35);
            let by = acts::reply_by(at);
            let who = if fate.at_once() { Who::Clerk } else { Who::Officer };
            return Some(Self::scene(at, who, acts::supplement_requested(fate, by, &mut self.dice)));
        }
        if fate.ending == Ending::Withdrawn {
            return Some(Self::scene(self.within(0.05, 0.6), self.applicant(), acts::withdrawn(fate)));
        }
        if fate.ending == Ending::Stopped {
            let at = self.within(0.2, 0.8);
            return Some(Self::scene(at, Who::Leader, acts::stopped(fate, at)));
        }
        if fate.taxed && dossier.requested.is_empty() {
            let at = self.within(0.1, 0.4);
            return Some(Self::scene(at, Who::Officer, acts::payment_requested(&mut self.dice)));
        }
        if let Some(scene) = self.scan() {
            return Some(scene);
        }
        self.towards_the_end()
    }

    /// A paper handed in is scanned by the officer.
    fn scan(&mut self) -> Option<Scene> {
        if self.fate.at_once() || self.fate.online() || !self.fate.one_in(3) {
            return None;
        }
        let mut codes = self.dossier.components.iter().map(|component| &component.code);
        let paper = codes.find(|code| !self.dossier.component_is_digital(code))?.clone();
        let at = self.soon(3, 20.min(self.left() / 4));
        Some(Self::scene(at, Who::Officer, acts::digitised(self.fate, Some(paper))))
    }

    /// From the last word of the officer to the decision.
    fn towards_the_end(&mut self) -> Option<Scene> {
        let (fate, dossier) = (self.fate, self.dossier);
        let late = matches!(fate.ending, Ending::Late | Ending::LeftOpen);
        let due = dossier.due_strict?;
        if late && fate.apology && !fate.at_once() && dossier.extensions == 0 {
            let at = self.within(0.7, 0.98);
            let later = self.dice.between(3, 8);
            let new_due = self.office.working_day(business_date(dossier.due?), later);
            return Some(Self::scene(at, Who::Leader, acts::extended(fate, at, new_due)));
        }
        if fate.ending == Ending::LeftOpen {
            return None;
        }
        if !fate.at_once() && dossier.step.as_deref() != Some(acts::TO_SIGN) {
            let at = self.within(fate.pace / 2.0, fate.pace * 0.9);
            return Some(Self::scene(at, Who::Officer, acts::to_leader(self.cast)));
        }
        let at = if late {
            let most = if fate.at_once() { 960 } else { 4800 };
            let minutes = self.dice.between(20, most).min(self.dice.between(20, most));
            self.office.after(due.max(self.now), minutes)
        } else if fate.at_once() {
            self.soon(5, 40)
        } else {
            self.within(0.05, 0.6)
        };
        let who = if dossier.snapshot.on_the_spot { Who::Clerk } else { Who::Leader };
        Some(Self::scene(at, who, acts::finished(fate, at, &self.cast.leader_name)))
    }

    fn awaiting_payment(&mut self) -> Option<Scene> {
        if self.fate.one_in(25) {
            return None;
        }
        let days = self.dice.between(1, 18);
        let at = self.office.days_later(self.now, days, &mut self.dice);
        let method = match self.fate.method {
            PaymentMethod::Cash => PaymentMethod::BankTransfer,
            method => method,
        };
        let who = if method.online() { self.applicant() } else { Who::Clerk };
        Some(Self::scene(at, who, acts::paid(self.dossier.owed(), method, &mut self.dice)))
    }

    fn finished(&mut self) -> Option<Scene> {
        let (fate, dossier) = (self.fate, self.dossier);
        let paper = dossier.result.as_ref().is_some_and(|result| !result.electronic);
        if paper && fate.digitised && !dossier.result_digitised {
            let at = self.now + Duration::seconds(self.dice.between(100, 700));
            return Some(Self::scene(at, Who::Officer, acts::digitised(fate, None)));
        }
        if fate.reopened && dossier.reopens == 0 {
            return Some(Self::scene(self.soon(60, 900), Who::Leader, acts::reopened()));
        }
        if let Some(scene) = self.correction() {
            return Some(scene);
        }
        if !fate.collected {
            return None;
        }
        let collection = self.collection();
        let owed = dossier.owed();
        if fate.pays == Pays::AtReturn && owed > 0 {
            return Some(Self::scene(collection, Who::Clerk, acts::paid(owed, fate.method, &mut self.dice)));
        }
        let paid_just_now = fate.pays == Pays::AtReturn && dossier.payments.last().is_some_and(|p| p.at == self.now);
        let at = if paid_just_now { self.soon(1, 3) } else { collection };
        Some(Self::scene(at, Who::Clerk, acts::returned(fate, &mut self.dice)))
    }

    /// When the result is handed over.
    fn collection(&mut self) -> Instant {
        let fate = self.fate;
        if fate.return_method == ReturnMethod::Electronic || (fate.at_once() && fate.channel == Channel::InPerson) {
            return self.soon(2, 20);
        }
        let days = self.dice.between(0, 5);
        self.office.days_later(self.now, days, &mut self.dice)
    }

    fn correction(&mut self) -> Option<Scene> {
        let slip = self.fate.slip?;
        if self.file.events.iter().any(|event| matches!(event.payload, Payload::Corrected(_))) {
            return None;
        }
        let payload = acts::corrected(self.fate, slip, &self.file.events, &self.cast.leader_name)?;
        Some(Self::scene(self.soon(60, 900), Who::Leader, payload))
    }

    fn returned(&mut self) -> Option<Scene> {
        let overall = self.fate.rating?;
        if self.dossier.rating.is_some() {
            return None;
        }
        let at = if self.dice.chance(0.6) {
            self.now + Duration::seconds(self.dice.between(40, 400))
        } else {
            let days = self.dice.between(1, 4);
            self.office.days_later(self.now, days, &mut self.dice)
        };
        Some(Self::scene(at, self.applicant(), acts::rated(self.fate, overall)))
    }

    /// What was paid for a dossier that was not taken in goes back.
    fn refused(&mut self) -> Option<Scene> {
        let payment = self.dossier.payments.iter().find(|payment| !payment.refunded_in_full())?;
        let payload = acts::refunded(payment);
        let days = self.dice.between(1, 4);
        let at = self.office.days_later(self.now, days, &mut self.dice);
        Some(Self::scene(at, Who::Clerk, payload))
    }
}
