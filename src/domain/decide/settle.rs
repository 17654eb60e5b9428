//! Payments, extension, finish, rating, correction: events that carry arithmetic or look back.

use super::{Context, checks, intake};
use crate::domain::actor::Role;
use crate::domain::applicant::Applicant;
use crate::domain::deadline::Anchor;
use crate::domain::dossier::{Dossier, State};
use crate::domain::error::FieldError;
use crate::domain::event::{
    Channel, Component, Corrected, CorrectedField, Event, Extended, FeeLine, Finished, NewDue, Payload, PaymentMethod,
    PaymentRecorded, Rated, ResultDocument,
};
use crate::domain::fold::can_replace;
use crate::domain::recompute::dues;
use crate::domain::time::{Instant, at_local};
use serde::Deserialize;

/// `due` and `due_strict` when the open pause ends at `at`.
pub fn dues_after_pause(
    dossier: &Dossier,
    at: Instant,
    restart: bool,
    context: &Context<'_>,
) -> (Option<Instant>, Option<Instant>) {
    let term = context.term(dossier);
    if restart {
        let due = term.due(&Anchor::Start { at }, &[]);
        return (Some(due), Some(due));
    }
    let found = dues(dossier, &term, Some(at));
    (found.map(|dues| dues.due), found.map(|dues| dues.due_strict))
}

pub fn pay(
    dossier: &Dossier,
    mut e: PaymentRecorded,
    at: Instant,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> PaymentRecorded {
    checks::amount(errors, "/amount", e.amount, 1);
    match (&e.reference, e.method) {
        (None, PaymentMethod::Cash) => {}
        (None, _) => {
            errors.push(FieldError::new("/reference", "required", "cần mã giao dịch / a reference is required"))
        }
        (Some(reference), _) => checks::text(errors, "/reference", reference, 100),
    }
    let owed = dossier.owed();
    if e.amount > owed {
        let detail = format!("vượt số còn phải nộp {owed} đồng / above what is owed");
        errors.push(FieldError::new("/amount", "above_owed", &detail));
    }
    if dossier.state == State::AwaitingPayment && e.amount >= owed {
        let (due, due_strict) = dues_after_pause(dossier, at, false, context);
        e.due = due;
        e.due_strict = due_strict;
        e.calendar_version = Some(context.calendar.version().to_owned());
    }
    e
}

pub fn finish(
    dossier: &Dossier,
    mut e: Finished,
    at: Instant,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Finished {
    result(errors, "/result", &e.result);
    let received = dossier.received_at.unwrap_or(at);
    e.worked_minutes = Some(context.term(dossier).worked_minutes(received, at, &dossier.pauses));
    e
}

fn result(errors: &mut Vec<FieldError>, pointer: &str, result: &ResultDocument) {
    checks::optional_text(errors, &format!("{pointer}/number"), result.number.as_deref(), 100);
    checks::optional_text(errors, &format!("{pointer}/signer"), result.signer.as_deref(), 300);
    if result.electronic && !result.document {
        let detail = "bản điện tử phải có văn bản kết quả / an electronic result needs a document";
        errors.push(FieldError::new(&format!("{pointer}/electronic"), "no_document", detail));
    }
}

pub fn extend(dossier: &Dossier, mut e: Extended, context: &Context<'_>, errors: &mut Vec<FieldError>) -> Extended {
    checks::required_text(errors, "/reason", e.reason.as_deref());
    checks::text(errors, "/letter/number", &e.letter.number, 100);
    let at = match e.new_due {
        NewDue::At(at) => at,
        NewDue::On(date) => at_local(date, context.hours.close()),
    };
    if dossier.due.is_some_and(|due| at <= due) {
        let detail = "hạn mới phải sau hạn hiện tại / must lie after the present due instant";
        errors.push(FieldError::new("/new_due", "not_later", detail));
    }
    e.new_due = NewDue::At(at);
    e
}

pub fn rate(mut e: Rated, context: &Context<'_>, errors: &mut Vec<FieldError>) -> Rated {
    if !(1..=5).contains(&e.overall) {
        errors.push(FieldError::new("/overall", "range", "1 to 5"));
    }
    checks::text(errors, "/via", &e.via, 60);
    checks::optional_text(errors, "/comment", e.comment.as_deref(), 2000);
    for (i, answer) in e.answers.iter().flatten().enumerate() {
        checks::text(errors, &format!("/answers/{i}/criterion"), &answer.criterion, 100);
    }
    e.entered_by_staff = Some(context.standing.has(Role::Clerk));
    e
}

pub fn correct(
    dossier: &Dossier,
    events: &[Event],
    mut e: Corrected,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Corrected {
    checks::required_text(errors, "/reason", e.reason.as_deref());
    let Some(value) = &e.value else {
        errors.push(FieldError::new("/value", "required", "bắt buộc / required"));
        return e;
    };
    let Some(target) = events.iter().find(|event| event.n == e.target) else {
        errors.push(FieldError::new("/target", "unknown_event", "no event with this n"));
        return e;
    };
    if !can_replace(&target.payload, e.field, value) {
        let detail = format!("`{}` of this event cannot take this value", e.field.as_str());
        errors.push(FieldError::new("/value", "wrong_type", &detail));
        return e;
    }
    match e.field {
        CorrectedField::Channel => {
            if let Ok(channel) = Channel::deserialize(value) {
                intake::channel_fits(channel, &dossier.snapshot, "/value", errors);
                e.value = Some(channel.as_str().into());
                if channel.online() {
                    e.answer_due = Some(intake::answer_due(dossier.submitted_at, context));
                }
            }
        }
        CorrectedField::Components => {
            if let Ok(components) = Vec::<Component>::deserialize(value) {
                checks::components(errors, "/value", &components);
            }
        }
        CorrectedField::Fees => {
            if let Ok(lines) = Vec::<FeeLine>::deserialize(value) {
                checks::fees(errors, "/value", &lines);
            }
        }
        CorrectedField::PaymentMethod => {
            if let (Ok(method), Payload::PaymentRecorded(payment)) =
                (PaymentMethod::deserialize(value), &target.payload)
                && method != PaymentMethod::Cash
                && payment.reference.is_none()
            {
                errors.push(FieldError::new("/value", "no_reference", "a cash payment has no reference to keep"));
            }
        }
        CorrectedField::PaymentAmount => {
            let new = value.as_i64().unwrap_or(0);
            checks::amount(errors, "/value", new, 1);
            if let Some(payment) = dossier.payments.iter().find(|payment| payment.n == e.target) {
                if new < payment.refunded {
                    errors.push(FieldError::new("/value", "below_refunds", "less than was given back of it"));
                }
                if new > payment.amount + dossier.owed() {
                    errors.push(FieldError::new("/value", "above_owed", "above what is owed"));
                }
            }
        }
        CorrectedField::Result => {
            if let Ok(document) = ResultDocument::deserialize(value) {
                result(errors, "/value", &document);
            }
        }
        CorrectedField::Applicant => {
            if let Ok(applicant) = Applicant::deserialize(value) {
                errors.extend(applicant.check("/value"));
            }
        }
    }
    e
}
