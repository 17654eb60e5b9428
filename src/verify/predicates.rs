//! Which dossiers an indicator counts, one by one, read off the indicator table of the contract.

use chrono::{DateTime, NaiveDate, Utc};

use super::case::{Case, Class, Finish, State};
use super::entry::{Channel, ServiceLevel};
use super::local_date;

/// The period of a cut, and the instant it is taken at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub at: DateTime<Utc>,
}

impl Period {
    pub fn holds(&self, instant: DateTime<Utc>) -> bool {
        (self.from..=self.to).contains(&local_date(instant))
    }
}

/// One dossier, not voided, seen through a cut: its membership in the sets of the contract.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub case: &'a Case,
    pub period: &'a Period,
}

impl<'a> Seen<'a> {
    /// N: received in the period.
    pub fn received(self) -> bool {
        self.case.received_at.is_some_and(|at| self.period.holds(at))
    }

    /// F: first finish in the period.
    pub fn finish(self) -> Option<&'a Finish> {
        self.case.first_finish.as_ref().filter(|finish| self.period.holds(finish.at))
    }

    /// X: withdrawn or stopped in the period, after receipt, never finished.
    pub fn ended(self) -> bool {
        let case = self.case;
        case.received_at.is_some()
            && case.first_finish.is_none()
            && case.ended_at.is_some_and(|at| self.period.holds(at))
    }

    /// W: received, neither finished nor ended.
    pub fn open(self) -> bool {
        self.case.received_at.is_some() && self.case.first_finish.is_none() && self.case.ended_at.is_none()
    }

    /// Where the clock of an open dossier stands.
    fn clock(self) -> DateTime<Utc> {
        self.case.paused_since.unwrap_or(self.period.at)
    }

    /// Wl: open and past its due instant.
    pub fn open_late(self) -> bool {
        self.open() && self.case.dues.is_some_and(|dues| self.clock() > dues.strict)
    }

    fn due_by_the_end(self) -> bool {
        self.case.dues.is_some_and(|dues| local_date(dues.strict) <= self.period.to)
    }

    fn finished_late(self) -> bool {
        self.finish().is_some_and(|finish| finish.class == Class::Late)
    }

    /// T: present in the period.
    pub fn present(self) -> bool {
        self.finish().is_some() || self.ended() || self.open()
    }

    fn on_time_766(self) -> bool {
        let case = self.case;
        if let Some(finish) = self.finish() {
            return finish.at <= finish.dues.due;
        }
        let Some(dues) = case.dues else { return false };
        if let Some(ended_at) = case.ended_at {
            return ended_at <= dues.due;
        }
        let second_round_open = case.state == State::AwaitingSupplement && case.rounds_after_receipt >= 2;
        !second_round_open && self.clock() <= dues.due
    }

    fn online_submitted(self) -> bool {
        self.case.channel.is_online() && self.period.holds(self.case.submitted_at)
    }

    fn receipt_8h(self) -> (bool, bool) {
        let case = self.case;
        if !self.online_submitted() {
            return (false, false);
        }
        match (case.answered_at, case.answer_due) {
            (Some(answered), Some(due)) => (true, answered <= due),
            (Some(_), None) => (true, false),
            // Withdrawn while the answer was not yet due: out.
            (None, Some(due)) => (due <= case.ended_at.unwrap_or(self.period.at), false),
            (None, None) => (false, false),
        }
    }

    fn apology(self) -> (bool, bool) {
        let by_due = |letters: &[NaiveDate], strict| letters.iter().any(|issued| *issued <= local_date(strict));
        if let Some(finish) = self.finish().filter(|finish| finish.class == Class::Late) {
            return (true, by_due(&finish.letters, finish.dues.strict));
        }
        match self.case.dues {
            Some(dues) if self.open_late() => (true, by_due(&self.case.letters, dues.strict)),
            _ => (false, false),
        }
    }

    /// The dossier had a payment online that stands.
    fn paid_online(self) -> bool {
        self.case.standing_payments().any(|(_, payment)| payment.method.is_online())
    }

    fn returned_same_day(self) -> bool {
        let date = |instant: Option<DateTime<Utc>>| instant.map(local_date);
        self.case.returned_at.is_some() && date(self.case.returned_at) == date(self.case.received_at)
    }

    /// Whether the dossier is in the denominator, and whether it is in the numerator. The numerator lies within
    /// the denominator but for `withdrawn_or_stopped`. `None`: not an indicator that counts dossiers.
    pub fn counted(self, id: &str) -> Option<(bool, bool)> {
        let case = self.case;
        let snapshot = &case.snapshot;
        let received = self.received();
        let finish = self.finish();
        let in_time = finish.is_some_and(|finish| finish.class != Class::Late);
        let offered = |level| snapshot.service_level == level;
        let online = case.channel.is_online();
        let rating = case.rating.map(|(_, overall)| overall);
        let document = finish.map(|finish| finish.result).filter(|result| result.document);
        let issued_electronically = document.is_some_and(|result| result.electronic && result.signed);
        let result_digital = document.is_some_and(|result| result.electronic || case.result_digitised);

        // Numerators are cut down to the denominator below, so that each names its own condition only.
        let (population, counts) = match id {
            "on_time_resolved" => (finish.is_some(), in_time),
            "on_time_due" => (finish.is_some() || self.open_late(), in_time),
            "on_time_handled" => (self.present(), !self.finished_late() && !self.open_late()),
            "on_time_766" => (self.present(), self.on_time_766()),
            "early_resolved" => (finish.is_some(), finish.is_some_and(|finish| finish.class == Class::Early)),
            "overdue_open" => (self.open(), self.open_late()),
            "open_due" => (self.open() && self.due_by_the_end(), self.open_late()),
            "online_receipt_8h" => self.receipt_8h(),
            "mean_processing_days" => (finish.is_some(), true),
            "online_share" => (received, online),
            "post_share" => (received, case.channel == Channel::Post),
            "online_share_full" => (received && offered(ServiceLevel::Full), case.channel == Channel::Level4),
            "online_share_full_resolved" => {
                (finish.is_some() && offered(ServiceLevel::Full), case.channel == Channel::Level4)
            }
            "online_share_level_3" => (received && offered(ServiceLevel::Partial), online),
            "online_share_level_4" => (received && offered(ServiceLevel::Full), online),
            "online_payment" => (received && case.fee_due() > 0, self.paid_online()),
            "electronic_result" => (document.is_some() && snapshot.electronic_result_eligible, issued_electronically),
            "electronic_result_all" => (document.is_some(), issued_electronically),
            "digitised_result" => (document.is_some(), result_digital),
            "digitised_dossier" => {
                (finish.is_some(), case.components_digital() && (document.is_none() || result_digital))
            }
            "reused_data" => (received, case.components.iter().any(|component| component.reuse.is_some())),
            "satisfaction" => {
                let rated = case.rating.is_some_and(|(at, _)| self.period.holds(at));
                (rated, rating.is_some_and(|overall| overall >= 4))
            }
            "response_rate" => (finish.is_some(), rating.is_some()),
            "satisfaction_766" => (finish.is_some(), in_time && rating.is_none_or(|overall| overall > 2)),
            "paper_resubmission" => (self.online_submitted() && case.ever_signed, case.paper_asked),
            "immediate_return" => (received && snapshot.on_the_spot, self.returned_same_day()),
            "apology_letters" => self.apology(),
            "repeated_supplement" => (finish.is_some(), finish.is_some_and(|finish| finish.rounds >= 2)),
            "withdrawn_or_stopped" => return Some((finish.is_some() || self.open_late(), self.ended())),
            _ => return None,
        };
        Some((population, population && counts))
    }

    /// The dossier is one whose procedure counts for `online_payment_procedures`, and whether it was paid by the
    /// national portal.
    pub fn fee_on_portal(self) -> (bool, bool) {
        let owes = self.received() && self.case.fee_due() > 0;
        let by_portal =
            |(_, payment): (u32, super::case::Payment)| payment.method == super::entry::Method::NationalPortal;
        (owes, owes && self.case.standing_payments().any(by_portal))
    }
}
