//! A dossier as the API shows it.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::record::File;
use crate::domain::actor::Standing;
use crate::domain::applicant::Applicant;
use crate::domain::catalogue::ServiceLevel;
use crate::domain::decide::allowed_events;
use crate::domain::dossier::{Dossier, OnTimeStatus, OpenPause, State};
use crate::domain::event::{
    Channel, Event, EventType, Letter, Origin, Outcome, Payload, PaymentMethod, ReturnMethod, Reuse,
};
use crate::domain::personal;
use crate::domain::time::{self, Instant};
use crate::store::history::Personal;

/// Procedure of a dossier, as it was when the dossier came in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcedureView {
    pub code: String,
    pub name: String,
    pub field: String,
    pub service_level: ServiceLevel,
}

/// What is owed and was paid, in đồng.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeeView {
    pub due: i64,
    pub paid: i64,
    pub refunded: i64,
    /// Methods of the payments, each once.
    pub methods: Vec<PaymentMethod>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ResultView {
    pub outcome: Outcome,
    pub document: bool,
    pub electronic: bool,
    pub signed: bool,
    /// Electronic, or digitised since.
    pub digitised: bool,
    pub number: Option<String>,
    pub issued_on: Option<NaiveDate>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ComponentView {
    pub code: String,
    pub originals: u32,
    pub copies: u32,
    pub electronic: bool,
    pub signed: bool,
    pub digitised: bool,
    pub reuse: Option<Reuse>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedView {
    pub officer: Option<String>,
    pub unit: Option<String>,
    pub step: Option<String>,
}

/// A dossier (hồ sơ TTHC).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dossier)]
pub struct DossierView {
    pub id: Uuid,
    /// Mã số hồ sơ; null before receipt.
    pub code: Option<String>,
    pub state: State,
    pub agency: String,
    pub procedure: ProcedureView,
    pub channel: Channel,
    pub assisted: bool,
    pub return_method: Option<ReturnMethod>,
    pub previous: Option<String>,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub submitted_at: Instant,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answer_due: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub received_at: Option<Instant>,
    /// As promised now: pauses, calendar changes, extensions.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// As promised on the receipt.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_original: Option<Instant>,
    /// `due` without extensions: decides early, on time, late.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_strict: Option<Instant>,
    pub on_time_status: OnTimeStatus,
    /// Started days past `due_strict`; 0 or less: not late, and that many whole days before it. At the first finish,
    /// else the end, else the start of the open pause, else now (or the cut).
    pub late_days: Option<i64>,
    pub paused: Option<OpenPause>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_finished_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub returned_at: Option<Instant>,
    pub reopens: u32,
    pub fee: FeeView,
    pub result: Option<ResultView>,
    pub components: Vec<ComponentView>,
    pub supplement_rounds: u32,
    pub letters: Vec<Letter>,
    /// 1 to 5.
    pub rating: Option<u8>,
    pub assigned_to: Option<AssignedView>,
    /// Masked unless the caller handles the dossier; null when erased.
    pub applicant: Option<Applicant>,
    pub late_entry: bool,
    pub voided: bool,
    /// `n` of the last event; the `ETag`.
    pub version: u32,
    /// What the caller may record now.
    pub allowed_events: Vec<EventType>,
}

impl DossierView {
    /// `at` is the instant for which the on-time status is judged.
    #[must_use]
    pub fn new(dossier: &Dossier, applicant: Option<Applicant>, at: Instant, standing: Option<&Standing>) -> Self {
        let assigned =
            AssignedView { officer: dossier.officer.clone(), unit: dossier.unit.clone(), step: dossier.step.clone() };
        let somebody = assigned.officer.is_some() || assigned.unit.is_some() || assigned.step.is_some();
        Self {
            id: dossier.id,
            code: dossier.code.clone(),
            state: dossier.state,
            agency: dossier.agency.clone(),
            procedure: ProcedureView {
                code: dossier.procedure.clone(),
                name: dossier.snapshot.name.clone(),
                field: dossier.snapshot.field.clone(),
                service_level: dossier.snapshot.service_level,
            },
            channel: dossier.channel,
            assisted: dossier.assisted,
            return_method: dossier.return_method,
            previous: dossier.previous.clone(),
            submitted_at: dossier.submitted_at,
            answer_due: dossier.answer_due,
            answered_at: dossier.answered_at,
            received_at: dossier.received_at,
            due: dossier.due,
            due_original: dossier.due_original,
            due_strict: dossier.due_strict,
            on_time_status: dossier.on_time_status(at),
            late_days: dossier.late_days(at),
            paused: dossier.paused,
            finished_at: dossier.first_finish.as_ref().map(|finish| finish.at),
            last_finished_at: dossier.last_finished_at,
            ended_at: dossier.ended_at.or(dossier.refused_at),
            returned_at: dossier.returned_at,
            reopens: dossier.reopens,
            fee: fee_of(dossier),
            result: result_of(dossier),
            components: components_of(dossier),
            supplement_rounds: dossier.rounds,
            letters: dossier.letters.clone(),
            rating: dossier.rating,
            assigned_to: somebody.then_some(assigned),
            applicant,
            late_entry: dossier.late_entry,
            voided: dossier.voided,
            version: dossier.version,
            allowed_events: standing.map(|standing| allowed_events(dossier, standing)).unwrap_or_default(),
        }
    }
}

fn fee_of(dossier: &Dossier) -> FeeView {
    let mut methods: Vec<PaymentMethod> = dossier.payments.iter().map(|payment| payment.method).collect();
    methods.sort_unstable();
    methods.dedup();
    FeeView { due: dossier.fee_due(), paid: dossier.paid(), refunded: dossier.refunded(), methods }
}

/// The latest result.
#[must_use]
pub fn result_of(dossier: &Dossier) -> Option<ResultView> {
    dossier.result.as_ref().map(|result| ResultView {
        outcome: result.outcome,
        document: result.document,
        electronic: result.electronic,
        signed: result.signed,
        digitised: result.electronic || dossier.result_digitised,
        number: result.number.clone(),
        issued_on: result.issued_on,
    })
}

/// The components in force.
#[must_use]
pub fn components_of(dossier: &Dossier) -> Vec<ComponentView> {
    let view = |component: &crate::domain::event::Component| ComponentView {
        code: component.code.clone(),
        originals: component.originals,
        copies: component.copies,
        electronic: component.electronic,
        signed: component.signed,
        digitised: dossier.digitised_components.contains(&component.code),
        reuse: component.reuse,
    };
    dossier.components.iter().map(view).collect()
}

/// The applicant as of the last of `events`: the first submission, or its latest correction.
#[must_use]
pub fn applicant_of(events: &[Event], personal: &Personal) -> Option<Applicant> {
    let mut found = None;
    for event in events {
        let Some(values) = personal.get(&event.n) else { continue };
        let value = match event.payload {
            Payload::Submitted(_) => values.get("applicant"),
            Payload::Corrected(_) => values.get("value"),
            _ => None,
        };
        if let Some(applicant) = value.and_then(|value| serde_json::from_value(value.clone()).ok()) {
            found = Some(applicant);
        }
    }
    found
}

/// The applicant in full, or masked.
#[must_use]
pub fn shown_applicant(file: &File, full: bool) -> Option<Applicant> {
    let applicant = applicant_of(&file.events, &file.personal)?;
    Some(if full { applicant } else { applicant.masked() })
}

/// One event of a dossier's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    pub n: u32,
    /// Place in the agency's chain.
    pub seq: i64,
    #[serde(rename = "type")]
    pub kind: EventType,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
    pub actor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_entry_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The event's own fields; personal ones only for those who handle the dossier.
    #[schema(value_type = Object)]
    pub payload: Map<String, Value>,
}

impl EventView {
    #[must_use]
    pub fn new(event: &Event, personal: &Personal, full: bool) -> Self {
        let mut payload = event.payload.fields();
        if full && let Some(values) = personal.get(&event.n) {
            personal::put_back(&mut payload, values);
        }
        Self {
            n: event.n,
            seq: event.seq,
            kind: event.payload.kind(),
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor: event.actor.clone(),
            late_entry_reason: event.late_entry_reason.clone(),
            origin: event.origin.clone(),
            payload,
        }
    }
}
