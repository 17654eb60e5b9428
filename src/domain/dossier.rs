//! A dossier (hồ sơ) as its events make it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::deadline::Pause;
use super::event::{
    Channel, Component, FeeLine, Letter, PaymentLine, PaymentMethod, ResultDocument, ReturnMethod, Snapshot, text_enum,
};
use super::time::{Instant, business_date};
use utoipa::ToSchema;

text_enum! {
    /// Where a dossier stands; the number is that of the national portal.
    State {
        /// 1 Mới đăng ký.
        Submitted = "submitted",
        /// 2 Được tiếp nhận.
        Received = "received",
        /// 3 Không được tiếp nhận.
        Refused = "refused",
        /// 4 Đang xử lý.
        Processing = "processing",
        /// 5 Yêu cầu bổ sung giấy tờ.
        AwaitingSupplement = "awaiting_supplement",
        /// 6 Yêu cầu thực hiện nghĩa vụ tài chính.
        AwaitingPayment = "awaiting_payment",
        /// 7 Công dân yêu cầu rút hồ sơ.
        Withdrawn = "withdrawn",
        /// 8 Dừng xử lý.
        Stopped = "stopped",
        /// 9 Đã xử lý xong.
        Finished = "finished",
        /// 10 Đã trả kết quả.
        Returned = "returned",
        /// Entered in error; in no population.
        Voided = "voided",
    }
}

text_enum! {
    /// How a finished dossier stands to its strict due instant.
    Class {
        /// Trước hạn: on an earlier date.
        Early = "early",
        /// Đúng hạn: on the date, not after the instant.
        OnTime = "on_time",
        /// Quá hạn.
        Late = "late",
    }
}

text_enum! {
    /// How a dossier stands to its deadline now.
    OnTimeStatus {
        NotStarted = "not_started",
        InTime = "in_time",
        Overdue = "overdue",
        Early = "early",
        OnTime = "on_time",
        Late = "late",
        Ended = "ended",
    }
}

text_enum! {
    /// Why the clock stands still.
    PauseKind { Supplement = "supplement", Payment = "payment" }
}

impl Class {
    /// Early is decided by dates, late by instants (domain: Biểu II.06a columns 8–10).
    #[must_use]
    pub fn of(finished: Instant, due_strict: Instant) -> Self {
        if finished > due_strict {
            Self::Late
        } else if business_date(finished) < business_date(due_strict) {
            Self::Early
        } else {
            Self::OnTime
        }
    }
}

/// An open pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenPause {
    #[serde(with = "super::time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    pub kind: PauseKind,
}

/// A payment and what was given back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// `n` of its event.
    pub n: u32,
    pub at: Instant,
    pub amount: i64,
    pub method: PaymentMethod,
    pub reference: Option<String>,
    pub refunded: i64,
}

impl Payment {
    /// Counts as paid online: an online method, not refunded in full.
    #[must_use]
    pub fn online(&self) -> bool {
        self.method.online() && !self.refunded_in_full()
    }

    #[must_use]
    pub fn refunded_in_full(&self) -> bool {
        self.refunded >= self.amount
    }
}

/// What the first finish froze; figures read these, whatever happens later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstFinish {
    pub at: Instant,
    pub class: Class,
    pub worked_minutes: i64,
    pub rounds: u32,
    pub rounds_after_receipt: u32,
    pub letter_in_time: bool,
    pub result: ResultDocument,
    pub due: Instant,
    pub due_strict: Instant,
}

/// The state folded from the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    pub agency: String,
    pub id: Uuid,
    /// `n` of the last event.
    pub version: u32,
    pub state: State,
    pub voided: bool,
    pub code: Option<String>,
    pub procedure: String,
    pub snapshot: Snapshot,
    pub channel: Channel,
    pub assisted: bool,
    pub return_method: Option<ReturnMethod>,
    pub previous: Option<String>,
    /// Actor of `submitted` and of `received`.
    pub submitted_by: String,
    pub received_by: Option<String>,
    /// Received by the hand that submitted it; an imported receipt has no hand.
    pub received_by_submitter: bool,

    pub submitted_at: Instant,
    pub answer_due: Option<Instant>,
    pub answered_at: Option<Instant>,
    pub refused_at: Option<Instant>,
    pub received_at: Option<Instant>,
    /// Receipt, or the last restart.
    pub clock_start: Option<Instant>,
    /// The due instant came with an import: it, not the processing time, moves with pauses.
    pub promised: Option<Instant>,
    /// Closed pauses since receipt.
    pub pauses: Vec<Pause>,
    pub paused: Option<OpenPause>,
    pub due_original: Option<Instant>,
    pub due: Option<Instant>,
    pub due_strict: Option<Instant>,
    pub calendar_version: Option<String>,
    /// New due instant and when it was granted; dropped by a restart.
    pub extension: Option<(Instant, Instant)>,
    pub extensions: u32,
    pub letters: Vec<Letter>,
    /// An extension was granted after the due instant, or with a letter issued after the due date.
    pub extended_after_due: bool,
    pub letter_late: bool,
    /// The program recomputed the due instant with a later calendar.
    pub recomputed: bool,

    pub rounds: u32,
    pub rounds_after_receipt: u32,
    pub paper_asked: bool,
    /// Components asked for so far; one of them twice; one in the last fifth of the time.
    pub asked: BTreeSet<String>,
    pub item_twice: bool,
    pub late_supplement: bool,
    pub components: Vec<Component>,
    /// Codes once marked as digitised; the mark stays when components are replaced.
    pub digitised_components: BTreeSet<String>,
    pub result_digitised: bool,
    /// Some component ever handed in was signed.
    pub signed_component: bool,

    pub fees: Vec<FeeLine>,
    pub requested: Vec<PaymentLine>,
    pub payments: Vec<Payment>,

    pub first_finish: Option<FirstFinish>,
    pub last_finished_at: Option<Instant>,
    pub result: Option<ResultDocument>,
    /// Withdrawn or stopped.
    pub ended_at: Option<Instant>,
    pub returned_at: Option<Instant>,
    pub reopens: u32,
    pub rating: Option<u8>,
    pub rated_at: Option<Instant>,

    pub officer: Option<String>,
    pub unit: Option<String>,
    pub step: Option<String>,
    /// Some event needed a late-entry reason.
    pub late_entry: bool,
    /// `occurred_at` of the last state-changing event.
    pub last_move_at: Instant,
}

impl Dossier {
    /// What the applicant owes in all: fee lines without exemption, and lines requested later.
    #[must_use]
    pub fn fee_due(&self) -> i64 {
        fee_total(&self.fees).saturating_add(self.requested.iter().map(|line| line.amount).sum())
    }

    #[must_use]
    pub fn paid(&self) -> i64 {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    #[must_use]
    pub fn refunded(&self) -> i64 {
        self.payments.iter().map(|payment| payment.refunded).sum()
    }

    /// Still to be paid, never below zero.
    #[must_use]
    pub fn owed(&self) -> i64 {
        (self.fee_due() - self.paid() + self.refunded()).max(0)
    }

    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended_at.is_some() || self.refused_at.is_some() || self.voided
    }

    /// Whether a component of this code is there in digital form.
    #[must_use]
    pub fn component_is_digital(&self, code: &str) -> bool {
        self.components.iter().any(|component| {
            component.code == code && (component.electronic || self.digitised_components.contains(code))
        })
    }

    /// The result is digital: issued so, or digitised since. Of the frozen first result.
    #[must_use]
    pub fn result_is_digital(&self) -> bool {
        self.first_finish.as_ref().is_some_and(|finish| finish.result.electronic || self.result_digitised)
    }

    /// How it stands to its deadline at `at`. A paused dossier is judged at the start of its pause.
    #[must_use]
    pub fn on_time_status(&self, at: Instant) -> OnTimeStatus {
        if self.ended() {
            return OnTimeStatus::Ended;
        }
        if let Some(finish) = &self.first_finish {
            return match finish.class {
                Class::Early => OnTimeStatus::Early,
                Class::OnTime => OnTimeStatus::OnTime,
                Class::Late => OnTimeStatus::Late,
            };
        }
        let Some(due) = self.due_strict else { return OnTimeStatus::NotStarted };
        let clock = self.paused.map_or(at, |pause| pause.since);
        if clock > due { OnTimeStatus::Overdue } else { OnTimeStatus::InTime }
    }

    /// Started days of 24 hours past the strict due instant: 1 from the first moment after it; 0 or less, not late and
    /// that many whole days before it. Measured at the first finish, else the end, else the start of the open pause,
    /// else `at`; `None` while no clock has run.
    #[must_use]
    pub fn late_days(&self, at: Instant) -> Option<i64> {
        let (until, due) = match &self.first_finish {
            Some(finish) => (finish.at, finish.due_strict),
            None => {
                let running = self.paused.map_or(at, |pause| pause.since);
                (self.ended_at.unwrap_or(running), self.due_strict?)
            }
        };
        Some(started_days(until.timestamp_micros() - due.timestamp_micros()))
    }

    /// An apology letter was issued no later than the strict due date.
    #[must_use]
    pub fn letter_in_time(&self) -> bool {
        self.due_strict.is_some_and(|due| self.letters.iter().any(|letter| letter.issued_on <= business_date(due)))
    }
}

/// Days of 24 hours in microseconds, a started one counting when they lie after zero.
#[must_use]
pub fn started_days(micros: i64) -> i64 {
    if micros > 0 { (micros - 1) / DAY + 1 } else { micros / DAY }
}

/// Microseconds.
pub const DAY: i64 = 86_400_000_000;

/// Sum of the lines without exemption.
#[must_use]
pub fn fee_total(lines: &[FeeLine]) -> i64 {
    lines.iter().filter(|line| line.exempt_reason.is_none()).map(|line| line.amount).sum()
}
