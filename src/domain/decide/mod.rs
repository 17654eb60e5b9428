//! The one place where it is decided what may happen to a dossier.
//!
//! Pure: state, draft and context in; the payload to be recorded, or a refusal, out. Everything that
//! depends on calendar, catalogue or clock is written into the payload here, so that the fold needs
//! nothing but events.

mod checks;
mod intake;
mod moves;
mod settle;

pub use moves::{allowed_events, legal, moves, permitted};

use super::actor::Standing;
use super::calendar::{OfficeHours, WorkingCalendar};
use super::catalogue::Procedure;
use super::deadline::Term;
use super::dossier::Dossier;
use super::error::{FieldError, Refusal};
use super::event::{Event, Payload};
use super::time::{Instant, business_date};

/// Desk clocks drift: this far in the future is taken as now.
const DRIFT_MINUTES: i64 = 2;

/// An event as asked for.
#[derive(Debug, Clone)]
pub struct Draft {
    pub payload: Payload,
    pub occurred_at: Instant,
    pub late_entry_reason: Option<String>,
}

/// What the decision depends on beside the dossier.
#[derive(Debug)]
pub struct Context<'a> {
    /// The instant that will be stamped as `recorded_at`.
    pub now: Instant,
    pub standing: &'a Standing,
    /// Calendar version in force at recording.
    pub calendar: &'a WorkingCalendar,
    pub hours: &'a OfficeHours,
    /// The procedure's version in force on the date of the event; needed by `submitted` and `received`.
    pub procedure: Option<&'a Procedure>,
    /// The code reserved for this receipt; needed by `received`.
    pub code: Option<String>,
}

impl Context<'_> {
    fn term(&self, dossier: &Dossier) -> Term<'_> {
        Term { calendar: self.calendar, hours: self.hours, time: dossier.snapshot.processing_time }
    }
}

/// Takes the stated time, or the clock; refuses the future.
///
/// # Errors
/// 422 `in_future` when `stated` lies more than two minutes after `now`.
pub fn resolve_time(stated: Option<Instant>, now: Instant) -> Result<Instant, Refusal> {
    match stated {
        None => Ok(now),
        Some(at) if at > now + chrono::Duration::minutes(DRIFT_MINUTES) => Err(Refusal::field(
            "/occurred_at",
            "in_future",
            "thời điểm ở tương lai / lies more than two minutes in the future",
        )),
        Some(at) => Ok(at.min(now)),
    }
}

/// Decides on `draft` for `dossier` (`None`: a new one, `submitted` only). `events` are its history.
///
/// # Errors
/// A [`Refusal`]: not permitted, illegal in this state, or rules broken (all of them, with pointers).
pub fn decide(
    dossier: Option<&Dossier>,
    events: &[Event],
    draft: Draft,
    context: &Context<'_>,
) -> Result<Payload, Refusal> {
    let mut errors = Vec::new();
    late_entry(&draft, context, &mut errors);
    let payload = match (dossier, draft.payload) {
        (None, Payload::Submitted(submitted)) => {
            if !permitted(super::event::EventType::Submitted, None, context.standing) {
                return Err(Refusal::NotPermitted(super::event::EventType::Submitted));
            }
            Payload::Submitted(intake::submit(submitted, draft.occurred_at, context, &mut errors))
        }
        (None, other) => {
            return Err(Refusal::field(
                "/type",
                "first_event",
                &format!("a dossier begins with `submitted`, not `{}`", other.kind().as_str()),
            ));
        }
        (Some(dossier), payload) => {
            let kind = payload.kind();
            if !legal(kind, dossier) {
                let allowed = allowed_events(dossier, context.standing);
                return Err(Refusal::IllegalMove { event: kind, state: dossier.state, allowed });
            }
            if !permitted(kind, Some(dossier), context.standing) {
                return Err(Refusal::NotPermitted(kind));
            }
            order(dossier, &payload, draft.occurred_at, &mut errors);
            change(dossier, events, payload, draft.occurred_at, context, &mut errors)
        }
    };
    if errors.is_empty() { Ok(payload) } else { Err(Refusal::Invalid(errors)) }
}

/// Entered later than the working day after it happened: a reason is needed (imports excepted).
fn late_entry(draft: &Draft, context: &Context<'_>, errors: &mut Vec<FieldError>) {
    if let Some(reason) = &draft.late_entry_reason {
        checks::text(errors, "/late_entry_reason", reason, 1000);
    } else if !context.standing.import && is_late_entry(draft.occurred_at, context.now, context.calendar) {
        errors.push(FieldError::new(
            "/late_entry_reason",
            "late_entry_reason_required",
            "việc xảy ra trước ngày làm việc liền trước: cần nêu lý do nhập muộn / happened before the last working day: say why it is entered late",
        ));
    }
}

/// Whether the date of `occurred_at` lies before the last working day preceding the day of recording.
#[must_use]
pub fn is_late_entry(occurred_at: Instant, now: Instant, calendar: &WorkingCalendar) -> bool {
    business_date(occurred_at) < calendar.previous_working(business_date(now))
}

/// State-changing events never go back in time; no event precedes the submission.
fn order(dossier: &Dossier, payload: &Payload, at: Instant, errors: &mut Vec<FieldError>) {
    let floor = match payload {
        Payload::Rated(_) => {
            dossier.first_finish.as_ref().map(|finish| finish.at).or(dossier.ended_at).unwrap_or(dossier.submitted_at)
        }
        Payload::PaymentRefunded(e) => {
            dossier.payments.iter().find(|p| p.n == e.payment).map_or(dossier.submitted_at, |p| p.at)
        }
        _ if moves(dossier.state, payload) => dossier.last_move_at,
        _ => dossier.submitted_at,
    };
    if at < floor {
        errors.push(FieldError::new(
            "/occurred_at",
            "occurs_before_previous",
            &format!("không được trước sự kiện liền trước / must not lie before {}", super::time::local_text(floor)),
        ));
    }
}

fn change(
    dossier: &Dossier,
    events: &[Event],
    payload: Payload,
    at: Instant,
    context: &Context<'_>,
    errors: &mut Vec<FieldError>,
) -> Payload {
    match payload {
        Payload::Submitted(e) => Payload::Submitted(e),
        Payload::Received(e) => Payload::Received(intake::receive(dossier, e, at, context, errors)),
        Payload::Supplemented(e) => Payload::Supplemented(intake::supplement(dossier, e, at, context, errors)),
        Payload::PaymentRecorded(e) => Payload::PaymentRecorded(settle::pay(dossier, e, at, context, errors)),
        Payload::Finished(e) => Payload::Finished(settle::finish(dossier, e, at, context, errors)),
        Payload::Extended(e) => Payload::Extended(settle::extend(dossier, e, context, errors)),
        Payload::Rated(e) => Payload::Rated(settle::rate(e, context, errors)),
        Payload::Corrected(e) => Payload::Corrected(settle::correct(dossier, events, e, context, errors)),
        other => {
            checks::plain(dossier, &other, errors);
            other
        }
    }
}
