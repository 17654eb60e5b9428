//! Submission, receipt, and the end of a supplement pause.

use super::{Context, checks, settle};
use crate::domain::catalogue::AfterSupplement;
use crate::domain::deadline::{Anchor, Term, add_working_minutes};
use crate::domain::dossier::{Dossier, fee_total};
use crate::domain::error::FieldError;
use crate::domain::event::{Channel, FeeLine, Received, Snapshot, Submitted, Supplemented};
use crate::domain::money::MAX_AMOUNT;
use crate::domain::time::{Instant, business_date};

/// Eight working hours to answer an online submission (Decree 118/2025/NĐ-CP).
const ANSWER_MINUTES: i64 = 480;

pub fn answer_due(submitted_at: Instant, context: &Context<'_>) -> Instant {
    add_working_minutes(context.calendar, context.hours, submitted_at, ANSWER_MINUTES)
}

pub fn channel_fits(channel: Channel, snapshot: &Snapshot, pointer: &str, errors: &mut Vec<FieldError>) {
    if !channel.fits(snapshot.service_level) {
        let detail = format!(
            "thủ tục không cung cấp kênh này / the procedure's service level is `{}`",
            snapshot.service_level.as_str()
        );
        errors.push(FieldError::new(pointer, "channel_not_offered", &detail));
    }
}

fn lines_of(snapshot: &Snapshot) -> Vec<FeeLine> {
    let line = |fee: &crate::domain::catalogue::Fee| FeeLine {
        code: fee.code.clone(),
        amount: fee.amount,
        exempt_reason: None,
    };
    snapshot.fees.iter().map(line).collect()
}

pub fn submit(mut e: Submitted, at: Instant, context: &Context<'_>, errors: &mut Vec<FieldError>) -> Submitted {
    match &e.applicant {
        Some(applicant) => errors.extend(applicant.check("/applicant")),
        None => errors.push(FieldError::new("/applicant", "required", "bắt buộc / required")),
    }
    if let Some(components) = &e.components {
        checks::components(errors, "/components", components);
    }
    checks::optional_text(errors, "/previous", e.previous.as_deref(), 100);
    match context.procedure {
        Some(procedure) if procedure.offered_on(business_date(at)) => {
            let snapshot = Snapshot::from(procedure);
            channel_fits(e.channel, &snapshot, "/channel", errors);
            e.fee_due = Some(fee_total(&lines_of(&snapshot)));
            e.snapshot = Some(snapshot);
        }
        Some(_) => {
            errors.push(FieldError::new(
                "/procedure",
                "retired_procedure",
                "thủ tục đã hết hiệu lực / no longer offered",
            ));
        }
        None => {
            errors.push(FieldError::new("/procedure", "unknown_procedure", "không có thủ tục này / unknown procedure"));
        }
    }
    e.answer_due = e.channel.online().then(|| answer_due(at, context));
    e
}

/// The receipt: code, renewed snapshot, fees, and the promised due instant.
pub fn receive(
    dossier: &Dossier,
    mut e: Received,
    at: Instant,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Received {
    // A procedure retired since submission is still finished under what it said then.
    let snapshot = context
        .procedure
        .filter(|procedure| procedure.offered_on(business_date(at)))
        .map_or_else(|| dossier.snapshot.clone(), Snapshot::from);
    if let Some(components) = &e.components {
        checks::components(errors, "/components", components);
    }
    let fees = e.fees.take().unwrap_or_else(|| lines_of(&snapshot));
    checks::fees(errors, "/fees", &fees);
    let total = fees.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount.max(0)));
    if total > MAX_AMOUNT {
        errors.push(FieldError::new("/fees", "amount", "the sum is beyond the largest amount"));
        return e;
    }
    let term = Term { calendar: context.calendar, hours: context.hours, time: snapshot.processing_time };
    let computed = term.due(&Anchor::Start { at }, &[]);
    if let Some(promised) = e.due {
        if promised < at {
            errors.push(FieldError::new(
                "/due",
                "due_before_receipt",
                "the promised due instant lies before the receipt",
            ));
        }
        // A promise that our arithmetic makes too goes on as ours.
        e.due_computed = (promised != computed).then_some(computed);
    }
    let due = e.due.unwrap_or(computed);
    e.code.clone_from(&context.code);
    e.fee_due = Some(fee_total(&fees));
    e.fees = Some(fees);
    e.snapshot = Some(snapshot);
    e.due_original = Some(due);
    e.due = Some(due);
    e.due_strict = Some(due);
    e.calendar_version = Some(context.calendar.version().to_owned());
    e
}

pub fn supplement(
    dossier: &Dossier,
    mut e: Supplemented,
    at: Instant,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Supplemented {
    checks::components(errors, "/components", &e.components);
    if dossier.received_at.is_some() {
        let restart = dossier.snapshot.after_supplement == AfterSupplement::Restart;
        let (due, due_strict) = settle::dues_after_pause(dossier, at, restart, context);
        e.due = due;
        e.due_strict = due_strict;
        e.calendar_version = Some(context.calendar.version().to_owned());
    }
    e
}
