//! Rows as they are stored.

use diesel::prelude::*;

use super::schema::{
    catalogue, declaration_reviews, declarations, events, facts, heads, idempotency, import_keys, payments, records,
    snapshot_acts, snapshots, users,
};
use super::sql_types::Id;
use crate::domain::facts::PaymentFact;
use crate::domain::history::FactRow;
use crate::domain::time::Instant;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = catalogue)]
pub struct CatalogueRow {
    pub kind: String,
    pub code: String,
    pub revision: i32,
    /// ISO date; `0001-01-01` for "always".
    pub effective_from: String,
    pub recorded_at: i64,
    pub body: String,
}

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = users)]
pub struct UserRow {
    pub id: Id,
    pub username: String,
    pub display_name: String,
    pub password_hash: String,
    /// JSON list of grants.
    pub roles: String,
    pub active: bool,
    pub revision: i32,
    pub created_at: i64,
    /// Goes up with password, roles and standing: what an access token must carry.
    pub stamp: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = heads)]
pub struct HeadRow {
    pub agency_id: String,
    pub seq: i64,
    pub hash: String,
    pub recorded_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct EventRow {
    pub agency_id: String,
    pub seq: i64,
    pub dossier_id: Id,
    pub n: i32,
    pub kind: String,
    pub occurred_at: i64,
    pub recorded_at: i64,
    pub actor: String,
    /// Canonical JSON, as hashed.
    pub payload: String,
    pub prev_hash: String,
    pub hash: String,
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = idempotency)]
pub struct IdempotencyRow {
    pub agency_id: String,
    pub actor: String,
    pub key: String,
    pub body_hash: String,
    pub status: i32,
    pub resource: String,
    pub version: i32,
    pub created_at: i64,
}

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = import_keys)]
pub struct ImportKeyRow {
    pub agency_id: String,
    pub source: String,
    pub source_id: String,
    pub dossier_id: Id,
    pub content_hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = declarations)]
pub struct DeclarationRow {
    pub agency_id: String,
    pub plan: String,
    pub target: String,
    /// From 1 within agency, plan and target.
    pub version: i32,
    pub declared_by: String,
    pub recorded_at: i64,
    /// Canonical JSON of a `Declaration`.
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = declaration_reviews, treat_none_as_default_value = false)]
pub struct ReviewRow {
    pub agency_id: String,
    pub plan: String,
    pub target: String,
    pub version: i32,
    pub verdict: String,
    pub reviewed_by: String,
    pub recorded_at: i64,
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = facts, treat_none_as_default_value = false)]
pub struct FactsRow {
    pub agency_id: String,
    pub dossier_id: Id,
    pub valid_from: i64,
    pub valid_to: i64,
    pub known_from: i64,
    pub known_to: i64,
    pub version: i32,
    pub state: String,
    pub voided: bool,
    pub code: Option<String>,
    pub procedure: String,
    pub field: String,
    pub service_level: String,
    pub channel: String,
    pub on_the_spot: bool,
    pub electronic_result_eligible: bool,
    pub submitted_at: i64,
    pub answer_due: Option<i64>,
    pub answered_at: Option<i64>,
    pub received_at: Option<i64>,
    pub due: Option<i64>,
    pub figure_due: Option<i64>,
    pub figure_due_strict: Option<i64>,
    pub paused_since: Option<i64>,
    pub awaiting_supplement: bool,
    pub finished_at: Option<i64>,
    pub class: Option<String>,
    pub worked_minutes: i64,
    pub ended_at: Option<i64>,
    pub withdrawn_unanswered: bool,
    pub returned_at: Option<i64>,
    pub returned_same_day: bool,
    pub fee_due: i64,
    pub paid_online: bool,
    pub paid_national: bool,
    pub payment_methods: String,
    pub result_document: bool,
    pub result_electronic_signed: bool,
    pub result_digital: bool,
    pub dossier_digital: bool,
    pub reused: bool,
    pub rating: Option<i32>,
    pub rated_at: Option<i64>,
    pub rounds: i32,
    pub rounds_after_receipt: i32,
    pub signed_component: bool,
    pub paper_asked: bool,
    pub letter_in_time: bool,
    pub assisted: bool,
    pub late_entry: bool,
    pub reopens: i32,
    pub officer: Option<String>,
    pub submitted_by: String,
    pub due_original: Option<i64>,
    pub refused_at: Option<i64>,
    pub paid: i64,
    pub refunded: i64,
    pub outcome: Option<String>,
    pub unit: Option<String>,
    pub step: Option<String>,
    pub marks: i64,
    pub last_finished_at: Option<i64>,
    pub components: String,
    pub details: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
pub struct PaymentRow {
    pub agency_id: String,
    pub dossier_id: Id,
    pub n: i32,
    pub valid_from: i64,
    pub valid_to: i64,
    pub known_from: i64,
    pub known_to: i64,
    pub paid_at: i64,
    pub amount: i64,
    pub refunded: i64,
    pub method: String,
    pub procedure: String,
    pub field: String,
    pub channel: String,
    pub submitted_by: String,
    pub voided: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = snapshots)]
pub struct SnapshotRow {
    pub agency_id: String,
    pub id: Id,
    pub recorded_at: i64,
    pub actor: String,
    /// `computed` or `declared`.
    pub basis: String,
    pub label: String,
    /// The form's id.
    pub report: String,
    /// ISO dates.
    pub period_from: String,
    pub period_to: String,
    pub known_at: i64,
    /// Canonical JSON, as hashed.
    pub content: String,
    pub content_hash: String,
}

/// A seal or a verification.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = snapshot_acts)]
pub struct SnapshotActRow {
    pub agency_id: String,
    pub snapshot_id: Id,
    pub n: i32,
    pub kind: String,
    pub recorded_at: i64,
    pub actor: String,
    /// Canonical JSON.
    pub content: String,
}

/// A link of the chain of an agency's records.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = records)]
pub struct RecordRow {
    pub agency_id: String,
    pub seq: i64,
    pub kind: String,
    /// Which row of its kind.
    pub subject: String,
    pub recorded_at: i64,
    pub prev_hash: String,
    pub hash: String,
}

/// Counters and versions of one dossier stay far below this; the column is 32 bits wide.
#[must_use]
pub fn small(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl FactsRow {
    #[must_use]
    pub fn new(agency: &str, id: Id, row: &FactRow) -> Self {
        let micros = |at: &Option<Instant>| at.map(|at| at.timestamp_micros());
        let f = &row.facts;
        Self {
            agency_id: agency.to_owned(),
            dossier_id: id,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            known_from: row.known_from,
            known_to: row.known_to,
            version: small(f.version),
            state: f.state.as_str().to_owned(),
            voided: f.voided,
            code: f.code.clone(),
            procedure: f.procedure.clone(),
            field: f.field.clone(),
            service_level: f.service_level.to_owned(),
            channel: f.channel.to_owned(),
            on_the_spot: f.on_the_spot,
            electronic_result_eligible: f.electronic_result_eligible,
            submitted_at: f.submitted_at.timestamp_micros(),
            answer_due: micros(&f.answer_due),
            answered_at: micros(&f.answered_at),
            received_at: micros(&f.received_at),
            due: micros(&f.due),
            figure_due: micros(&f.figure_due),
            figure_due_strict: micros(&f.figure_due_strict),
            paused_since: micros(&f.paused_since),
            awaiting_supplement: f.awaiting_supplement,
            finished_at: micros(&f.finished_at),
            class: f.class.map(str::to_owned),
            worked_minutes: f.worked_minutes,
            ended_at: micros(&f.ended_at),
            withdrawn_unanswered: f.withdrawn_unanswered,
            returned_at: micros(&f.returned_at),
            returned_same_day: f.returned_same_day,
            fee_due: f.fee_due,
            paid_online: f.paid_online,
            paid_national: f.paid_national,
            payment_methods: f.payment_methods.clone(),
            result_document: f.result_document,
            result_electronic_signed: f.result_electronic_signed,
            result_digital: f.result_digital,
            dossier_digital: f.dossier_digital,
            reused: f.reused,
            rating: f.rating,
            rated_at: micros(&f.rated_at),
            rounds: small(f.rounds),
            rounds_after_receipt: small(f.rounds_after_receipt),
            signed_component: f.signed_component,
            paper_asked: f.paper_asked,
            letter_in_time: f.letter_in_time,
            assisted: f.assisted,
            late_entry: f.late_entry,
            reopens: small(f.reopens),
            officer: f.officer.clone(),
            submitted_by: f.submitted_by.clone(),
            due_original: micros(&f.due_original),
            refused_at: micros(&f.refused_at),
            paid: f.paid,
            refunded: f.refunded,
            outcome: f.outcome.map(str::to_owned),
            unit: f.unit.clone(),
            step: f.step.clone(),
            marks: f.marks,
            last_finished_at: micros(&f.last_finished_at),
            components: f.components.clone(),
            details: f.details.clone(),
        }
    }
}

impl PaymentRow {
    #[must_use]
    pub fn new(agency: &str, id: Id, row: &FactRow, payment: &PaymentFact) -> Self {
        Self {
            agency_id: agency.to_owned(),
            dossier_id: id,
            n: small(payment.n),
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            known_from: row.known_from,
            known_to: row.known_to,
            paid_at: payment.at.timestamp_micros(),
            amount: payment.amount,
            refunded: payment.refunded,
            method: payment.method.to_owned(),
            procedure: row.facts.procedure.clone(),
            field: row.facts.field.clone(),
            channel: row.facts.channel.to_owned(),
            submitted_by: row.facts.submitted_by.clone(),
            voided: row.facts.voided,
        }
    }
}
