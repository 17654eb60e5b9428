//! Rules on the fields of an event that need no arithmetic.

use crate::domain::dossier::Dossier;
use crate::domain::error::FieldError;
use crate::domain::event::{Component, DigitisedTarget, FeeLine, Payload};
use crate::domain::money::MAX_AMOUNT;

type Errors = Vec<FieldError>;

/// Not blank, not longer than `max` characters, no control characters but line breaks.
pub fn text(errors: &mut Errors, pointer: &str, value: &str, max: usize) {
    if value.trim().is_empty() {
        errors.push(FieldError::new(pointer, "required", "bắt buộc / must not be empty"));
    } else if value.chars().count() > max {
        errors.push(FieldError::new(pointer, "too_long", &format!("tối đa {max} ký tự / at most {max} characters")));
    } else if value.chars().any(|c| c.is_control() && c != '\n') {
        errors.push(FieldError::new(pointer, "control_character", "must not hold control characters"));
    }
}

pub fn required_text(errors: &mut Errors, pointer: &str, value: Option<&str>) {
    text(errors, pointer, value.unwrap_or_default(), 2000);
}

pub fn optional_text(errors: &mut Errors, pointer: &str, value: Option<&str>, max: usize) {
    if let Some(value) = value {
        text(errors, pointer, value, max);
    }
}

pub fn amount(errors: &mut Errors, pointer: &str, value: i64, least: i64) {
    if !(least..=MAX_AMOUNT).contains(&value) {
        let detail = format!("số tiền không hợp lệ / whole đồng from {least} to {MAX_AMOUNT}");
        errors.push(FieldError::new(pointer, "amount", &detail));
    }
}

pub fn components(errors: &mut Errors, pointer: &str, components: &[Component]) {
    if components.len() > 200 {
        errors.push(FieldError::new(pointer, "too_many", "at most 200 components"));
    }
    for (i, component) in components.iter().enumerate() {
        let at = format!("{pointer}/{i}/code");
        text(errors, &at, &component.code, 60);
        if components[..i].iter().any(|other| other.code == component.code) {
            errors.push(FieldError::new(&at, "duplicate", "thành phần lặp lại / the component stands twice"));
        }
    }
}

pub fn fees(errors: &mut Errors, pointer: &str, lines: &[FeeLine]) {
    if lines.len() > 100 {
        errors.push(FieldError::new(pointer, "too_many", "at most 100 lines"));
    }
    for (i, line) in lines.iter().enumerate() {
        text(errors, &format!("{pointer}/{i}/code"), &line.code, 60);
        amount(errors, &format!("{pointer}/{i}/amount"), line.amount, 0);
        optional_text(errors, &format!("{pointer}/{i}/exempt_reason"), line.exempt_reason.as_deref(), 500);
    }
}

/// Events whose payload is recorded as it came.
pub fn plain(dossier: &Dossier, payload: &Payload, errors: &mut Errors) {
    match payload {
        Payload::Refused(e) => {
            required_text(errors, "/reason", e.reason.as_deref());
            text(errors, "/legal_basis", &e.legal_basis, 1000);
        }
        Payload::Forwarded(e) => {
            for (pointer, value) in [("/officer", &e.officer), ("/unit", &e.unit), ("/step", &e.step)] {
                optional_text(errors, pointer, value.as_deref(), 300);
            }
            if e.officer.is_none() && e.unit.is_none() && e.step.is_none() {
                errors.push(FieldError::new("", "required", "name an officer, a unit or a step"));
            }
        }
        Payload::SupplementRequested(e) => {
            if e.items.is_empty() || e.items.len() > 100 {
                errors.push(FieldError::new("/items", "required", "1 to 100 items"));
            }
            for (i, item) in e.items.iter().enumerate() {
                text(errors, &format!("/items/{i}/component"), &item.component, 60);
                required_text(errors, &format!("/items/{i}/reason"), item.reason.as_deref());
                text(errors, &format!("/items/{i}/legal_basis"), &item.legal_basis, 1000);
            }
        }
        Payload::PaymentRequested(e) => {
            if e.lines.is_empty() || e.lines.len() > 100 {
                errors.push(FieldError::new("/lines", "required", "1 to 100 lines"));
            }
            for (i, line) in e.lines.iter().enumerate() {
                text(errors, &format!("/lines/{i}/code"), &line.code, 60);
                amount(errors, &format!("/lines/{i}/amount"), line.amount, 1);
                optional_text(errors, &format!("/lines/{i}/legal_basis"), line.legal_basis.as_deref(), 1000);
            }
            let total = e.lines.iter().fold(dossier.fee_due(), |sum, line| sum.saturating_add(line.amount.max(0)));
            amount(errors, "/lines", total, 0);
        }
        Payload::PaymentRefunded(e) => {
            required_text(errors, "/reason", e.reason.as_deref());
            amount(errors, "/amount", e.amount, 1);
            match dossier.payments.iter().find(|payment| payment.n == e.payment) {
                None => errors.push(FieldError::new("/payment", "unknown_payment", "no payment with this n")),
                Some(payment) if e.amount > payment.amount - payment.refunded => {
                    errors.push(FieldError::new(
                        "/amount",
                        "above_payment",
                        "hoàn quá số đã nộp / more than is left of it",
                    ));
                }
                Some(_) => {}
            }
        }
        Payload::Withdrawn(e) => {
            text(errors, "/evidence/kind", &e.evidence.kind, 100);
            text(errors, "/evidence/reference", &e.evidence.reference, 300);
        }
        Payload::Stopped(e) => {
            required_text(errors, "/reason", e.reason.as_deref());
            text(errors, "/legal_basis", &e.legal_basis, 1000);
            text(errors, "/decision/number", &e.decision.number, 100);
        }
        Payload::Returned(e) => {
            optional_text(errors, "/collector", e.collector.as_deref(), 300);
            optional_text(errors, "/tracking", e.tracking.as_deref(), 100);
        }
        Payload::Reopened(e) => {
            required_text(errors, "/reason", e.reason.as_deref());
            optional_text(errors, "/decision/number", e.decision.as_ref().map(|d| d.number.as_str()), 100);
        }
        Payload::Digitised(e) => {
            match (e.target, &e.component) {
                (DigitisedTarget::Component, None) => {
                    errors.push(FieldError::new("/component", "required", "say which component"));
                }
                (DigitisedTarget::Component, Some(code)) => {
                    if !dossier.components.iter().any(|component| component.code == *code) {
                        errors.push(FieldError::new(
                            "/component",
                            "unknown_component",
                            "not handed in with this dossier",
                        ));
                    }
                }
                (DigitisedTarget::Result, Some(_)) => {
                    errors.push(FieldError::new("/component", "unexpected", "a result has no component"));
                }
                (DigitisedTarget::Result, None) => {}
            }
            if let Some(file) = &e.file {
                let hex =
                    file.sha256.len() == 64 && file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if !hex {
                    errors.push(FieldError::new("/file/sha256", "sha256", "64 lower-case hexadecimal digits"));
                }
                if file.size > MAX_AMOUNT.unsigned_abs() {
                    errors.push(FieldError::new("/file/size", "range", "too large"));
                }
            }
        }
        Payload::Voided(e) => required_text(errors, "/reason", e.reason.as_deref()),
        Payload::Submitted(_)
        | Payload::Received(_)
        | Payload::Supplemented(_)
        | Payload::PaymentRecorded(_)
        | Payload::Extended(_)
        | Payload::Finished(_)
        | Payload::Rated(_)
        | Payload::Corrected(_)
        | Payload::DeadlineRecomputed(_) => {}
    }
}
