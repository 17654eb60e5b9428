//! Events of payment, handling, ending and afterwards.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::parts::{Decision, Evidence, Letter, NewDue};
use super::words::{CorrectedField, DigitisedTarget, Outcome, PaymentMethod, ReturnMethod, WithdrawnBy};
use crate::domain::time::{self, Instant};

/// `payment_requested`: the clock pauses until everything owed is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRequested {
    pub lines: Vec<PaymentLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentLine {
    pub code: String,
    /// Whole đồng.
    #[schema(minimum = 1)]
    pub amount: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
}

/// `payment_recorded`: money came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRecorded {
    /// Whole đồng, above zero.
    #[schema(minimum = 1)]
    pub amount: i64,
    pub method: PaymentMethod,
    /// Number of the transaction; required unless `cash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Written by `decide` when this payment ends a pause.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// Written by `decide`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due_strict: Option<Instant>,
    /// Written by `decide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub calendar_version: Option<String>,
}

/// `payment_refunded`: money went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRefunded {
    /// `n` of the payment.
    pub payment: u32,
    /// Whole đồng, above zero.
    #[schema(minimum = 1)]
    pub amount: i64,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
}

/// `extended`: a new due date with a letter of apology; never turns late into on time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extended {
    /// An instant, or a date that ends at office close.
    #[schema(value_type = String, example = "2026-12-01")]
    pub new_due: NewDue,
    pub letter: Letter,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
}

/// `withdrawn`: at the applicant's own act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    pub by: WithdrawnBy,
    pub evidence: Evidence,
}

/// `stopped`: ended by a decision of the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Stopped {
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
    pub legal_basis: String,
    pub decision: Decision,
}

/// `finished`: the instant that decides early, on time or late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finished {
    pub result: ResultDocument,
    /// Written by `decide`: office minutes from receipt to here, less pauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub worked_minutes: Option<i64>,
}

/// The result of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultDocument {
    pub outcome: Outcome,
    /// There is a document to hand over.
    pub document: bool,
    /// It was issued as an electronic document.
    pub electronic: bool,
    /// It carries a digital signature.
    pub signed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<chrono::NaiveDate>,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// `returned`: the result reached the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    pub method: ReturnMethod,
    /// Personal: who collected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

/// `reopened`: the first finish and its class stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopened {
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// `digitised`: a component or the result exists as a digital file now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Digitised {
    pub target: DigitisedTarget,
    /// Required for `component`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// `rated`: how satisfied the applicant is, once per dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rated {
    #[schema(minimum = 1, maximum = 5)]
    pub overall: u8,
    /// Kiosk, portal, sms, paper …
    pub via: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Vec<Answer>>,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Written by `decide`: a clerk entered it, not the applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub entered_by_staff: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub criterion: String,
    pub score: u8,
}

/// `corrected`: replaces a value inside its target event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrected {
    /// `n` of the corrected event.
    pub target: u32,
    pub field: CorrectedField,
    /// The new value, in the shape of the field. Personal when the field is `applicant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, value_type = Object)]
    pub value: Option<Value>,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
    /// Written by `decide` when a correction makes the channel online.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub answer_due: Option<Instant>,
}

/// `voided`: entered in error; leaves every population, its code stays used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Voided {
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
}

/// `deadline_recomputed`: a day off declared late; written by the program for open dossiers only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRecomputed {
    pub calendar_version: String,
    pub notice: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due_strict: Instant,
}
