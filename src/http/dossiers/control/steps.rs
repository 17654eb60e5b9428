//! From a dossier's events to its steps.

use chrono::Duration;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::record::File;
use crate::domain::calendar::{OfficeHours, WorkingCalendar};
use crate::domain::deadline::working_time;
use crate::domain::dossier::{Dossier, OnTimeStatus, State};
use crate::domain::event::{Event, EventType};
use crate::domain::fold::fold;
use crate::domain::time::{self, Instant};
use crate::http::view::AssignedView;

/// A hand-over or a change of state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ControlStep)]
pub struct Step {
    /// `n` of its event.
    pub n: u32,
    pub event: EventType,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
    /// With whom the work lay before it; all null: nobody is named.
    pub from: AssignedView,
    /// With whom it lies after it.
    pub to: AssignedView,
    /// The state after it.
    pub state: State,
    /// Office minutes for which the clock ran since the step before; null when it stood still or had not begun. Up to
    /// the first finish they add up to the time worked.
    pub minutes: Option<i64>,
    /// The clock stood still since the step before: a supplement or a payment was awaited.
    pub paused: bool,
    /// How the dossier stood to its limit right after it.
    pub on_time_status: OnTimeStatus,
    /// Number of the letter or decision that goes with it.
    pub document: Option<String>,
    pub late_entry: bool,
}

/// Steps in order of recording, and office minutes since the last one while the clock runs.
pub fn of(file: &File, calendar: &WorkingCalendar, hours: &OfficeHours, at: Instant) -> (Vec<Step>, Option<i64>) {
    let mut steps: Vec<Step> = Vec::new();
    let mut before: Option<Dossier> = None;
    let mut last: Option<Instant> = None;
    // Minutes are cut from the running total, not from each piece: so they add up.
    let mut total = Duration::zero();
    for (i, event) in file.events.iter().enumerate() {
        let Some(after) = fold(&file.agency, file.id, &file.events[..=i]) else { continue };
        if !is_step(event.payload.kind(), before.as_ref(), &after) {
            before = Some(after);
            continue;
        }
        let running = before.as_ref().is_some_and(clock_runs);
        let counted = total.num_minutes();
        if let (true, Some(since)) = (running, last) {
            total += working_time(calendar, hours, since, event.occurred_at);
        }
        steps.push(Step {
            n: event.n,
            event: event.payload.kind(),
            at: event.occurred_at,
            recorded_at: event.recorded_at,
            from: before.as_ref().map(holder).unwrap_or_else(nobody),
            to: holder(&after),
            state: after.state,
            minutes: running.then(|| total.num_minutes() - counted),
            paused: before.as_ref().is_some_and(|dossier| dossier.paused.is_some()),
            on_time_status: after.on_time_status(event.occurred_at),
            document: document(event),
            late_entry: event.late_entry_reason.is_some(),
        });
        last = Some(event.occurred_at);
        before = Some(after);
    }
    let open = before.as_ref().filter(|dossier| clock_runs(dossier)).and(last);
    (steps, open.map(|since| (total + working_time(calendar, hours, since, at)).num_minutes() - total.num_minutes()))
}

fn is_step(kind: EventType, before: Option<&Dossier>, after: &Dossier) -> bool {
    let moved = before.is_none_or(|before| before.state != after.state);
    moved || matches!(kind, EventType::Forwarded | EventType::Extended | EventType::DeadlineRecomputed)
}

fn clock_runs(dossier: &Dossier) -> bool {
    matches!(dossier.state, State::Received | State::Processing)
}

fn holder(dossier: &Dossier) -> AssignedView {
    AssignedView { officer: dossier.officer.clone(), unit: dossier.unit.clone(), step: dossier.step.clone() }
}

fn nobody() -> AssignedView {
    AssignedView { officer: None, unit: None, step: None }
}

/// The number under which a letter, a decision or a result went out.
fn document(event: &Event) -> Option<String> {
    let fields = event.payload.fields();
    let number = |key: &str| Some(fields.get(key)?.get("number")?.as_str()?.to_owned());
    number("letter").or_else(|| number("decision")).or_else(|| number("result"))
}
