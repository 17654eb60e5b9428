//! Which event is legal in which state, and for whom: the table of the contract.

use crate::domain::actor::{Role, Standing};
use crate::domain::dossier::{Dossier, State};
use crate::domain::event::{EventType, Payload};

/// Whether the event takes part in the order of `occurred_at`: it changes the state or the clock.
#[must_use]
pub fn moves(state: State, payload: &Payload) -> bool {
    match payload {
        Payload::PaymentRecorded(_) => state == State::AwaitingPayment,
        Payload::PaymentRefunded(_)
        | Payload::Digitised(_)
        | Payload::Rated(_)
        | Payload::Corrected(_)
        | Payload::Voided(_)
        | Payload::DeadlineRecomputed(_) => false,
        Payload::Submitted(_)
        | Payload::Received(_)
        | Payload::Refused(_)
        | Payload::Forwarded(_)
        | Payload::SupplementRequested(_)
        | Payload::Supplemented(_)
        | Payload::PaymentRequested(_)
        | Payload::Extended(_)
        | Payload::Withdrawn(_)
        | Payload::Stopped(_)
        | Payload::Finished(_)
        | Payload::Returned(_)
        | Payload::Reopened(_) => true,
    }
}

/// Whether `kind` is legal for this dossier, whoever asks.
#[must_use]
pub fn legal(kind: EventType, dossier: &Dossier) -> bool {
    use State as S;
    let state = dossier.state;
    if state == S::Voided {
        return false;
    }
    let received = dossier.received_at.is_some();
    match kind {
        EventType::Submitted => false,
        EventType::Received => state == S::Submitted,
        EventType::Refused => state == S::Submitted || (state == S::AwaitingSupplement && !received),
        EventType::Forwarded
        | EventType::PaymentRequested
        | EventType::Extended
        | EventType::Finished
        | EventType::DeadlineRecomputed => matches!(state, S::Received | S::Processing),
        EventType::SupplementRequested => matches!(state, S::Submitted | S::Received | S::Processing),
        EventType::Supplemented => state == S::AwaitingSupplement,
        EventType::PaymentRecorded => !matches!(state, S::Refused | S::Withdrawn | S::Stopped),
        EventType::PaymentRefunded => !dossier.payments.is_empty(),
        EventType::Withdrawn => {
            matches!(state, S::Submitted | S::Received | S::Processing | S::AwaitingSupplement | S::AwaitingPayment)
        }
        EventType::Stopped => {
            received && matches!(state, S::Received | S::Processing | S::AwaitingSupplement | S::AwaitingPayment)
        }
        EventType::Returned | EventType::Reopened => state == S::Finished,
        EventType::Digitised => !matches!(state, S::Refused | S::Withdrawn | S::Stopped),
        EventType::Rated => {
            dossier.rating.is_none() && matches!(state, S::Withdrawn | S::Stopped | S::Finished | S::Returned)
        }
        EventType::Corrected | EventType::Voided => true,
    }
}

/// Whether the caller may record `kind`. A portal's standing counts only for dossiers that it submitted.
#[must_use]
pub fn permitted(kind: EventType, dossier: Option<&Dossier>, standing: &Standing) -> bool {
    if standing.import {
        return kind != EventType::DeadlineRecomputed;
    }
    if standing.system {
        return kind == EventType::DeadlineRecomputed;
    }
    let any = |roles: &[Role]| roles.iter().any(|role| standing.has(*role));
    let own = dossier.is_none_or(|dossier| dossier.submitted_by == standing.actor);
    let portal = own && standing.has(Role::Portal);
    match kind {
        EventType::Submitted
        | EventType::Supplemented
        | EventType::PaymentRecorded
        | EventType::Withdrawn
        | EventType::Rated => portal || any(&[Role::Clerk]),
        EventType::Received | EventType::Returned => any(&[Role::Clerk]),
        EventType::Refused | EventType::SupplementRequested | EventType::PaymentRequested | EventType::Digitised => {
            any(&[Role::Clerk, Role::Officer])
        }
        EventType::Forwarded => any(&[Role::Clerk, Role::Officer, Role::Leader]),
        EventType::PaymentRefunded => any(&[Role::Clerk, Role::Leader]),
        EventType::Extended | EventType::Stopped | EventType::Reopened | EventType::Corrected => any(&[Role::Leader]),
        EventType::Finished => {
            any(&[Role::Officer, Role::Leader])
                || (standing.has(Role::Clerk) && dossier.is_some_and(|dossier| dossier.snapshot.on_the_spot))
        }
        EventType::Voided => {
            let took_part = dossier.is_some_and(|dossier| {
                dossier.submitted_by == standing.actor || dossier.received_by.as_deref() == Some(&standing.actor)
            });
            any(&[Role::Leader]) && !took_part
        }
        EventType::DeadlineRecomputed => false,
    }
}

/// Legal in this state and permitted to this caller, in the order of the table.
#[must_use]
pub fn allowed_events(dossier: &Dossier, standing: &Standing) -> Vec<EventType> {
    let all = EventType::ALL.iter().copied();
    all.filter(|kind| legal(*kind, dossier) && permitted(*kind, Some(dossier), standing)).collect()
}
