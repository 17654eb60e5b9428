//! A comparison as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::dossier::State as DossierState;
use crate::domain::event::{Event, EventType};
use crate::domain::fold::fold_at;
use crate::domain::time::{self, Instant};
use crate::http::figures::CutView;
use crate::store::diff::{Cause, Explained, Members, Step};

/// An event as the cause of a move.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovingEvent {
    #[serde(rename = "type")]
    pub kind: EventType,
    pub n: u32,
    /// Place in the agency's chain.
    pub seq: i64,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
    /// Entered late, with a reason.
    pub late_entry: bool,
    /// Came by import.
    pub imported: bool,
}

/// One move into the part or out of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveStep {
    /// Known from this instant on.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// `entered` or `left`.
    pub moved: &'static str,
    /// `event`: see there; `time`: nothing was recorded, an instant came (an open dossier became overdue);
    /// `catalogue`: the tree of agencies changed, and with it the scope.
    pub cause: &'static str,
    pub event: Option<MovingEvent>,
}

/// A dossier that moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedDossier {
    pub id: Uuid,
    pub code: Option<String>,
    pub agency: String,
    pub procedure: String,
    /// As known at the later instant.
    pub state: DossierState,
    /// `entered` or `left`: the difference of both lists.
    pub moved: &'static str,
    /// Every step in order; the last one decided.
    pub steps: Vec<MoveStep>,
    pub dossier: String,
}

/// What both answers carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffHead {
    /// The later cut.
    pub cut: CutView,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    /// Where stocks of the earlier cut are judged.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub since_at: Instant,
    /// Both sides can no longer change.
    pub settled: bool,
    pub definition_version: u32,
    pub calendar_version_since: Option<String>,
    pub calendar_version: Option<String>,
}

/// The dossiers that moved: `before` + `entered` − `left` = `after`.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembersDiff {
    #[serde(flatten)]
    pub head: DiffHead,
    #[serde(flatten)]
    pub part: PartView,
    pub before: i64,
    pub after: i64,
    pub entered: i64,
    pub left: i64,
    pub items: Vec<MovedDossier>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
}

/// Of what: a part of an indicator, or a column of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    pub indicator: Option<&'static str>,
    pub part: Option<&'static str>,
    pub column: Option<&'static str>,
    pub title: &'static str,
    pub title_en: &'static str,
}

/// A part that changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedFigure {
    #[serde(flatten)]
    pub part: PartView,
    pub before: i64,
    pub after: i64,
    /// Null where the unit is not the dossier.
    pub entered: Option<i64>,
    pub left: Option<i64>,
    /// Opens into the dossiers that moved.
    pub diff: Option<String>,
}

/// Every figure that changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguresDiff {
    #[serde(flatten)]
    pub head: DiffHead,
    pub figures: Vec<ChangedFigure>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DiffAnswer {
    Members(MembersDiff),
    Figures(FiguresDiff),
}

fn word(entered: bool) -> &'static str {
    if entered { "entered" } else { "left" }
}

/// `None` cannot be: whoever moved has been there.
#[must_use]
pub fn moved_view(found: Explained, known_at: Instant) -> Option<MovedDossier> {
    let Explained { moved, events, steps } = found;
    let dossier = fold_at(&moved.agency, moved.dossier.0, &events, known_at, known_at)?;
    let name = dossier.code.clone().unwrap_or_else(|| dossier.id.to_string());
    Some(MovedDossier {
        id: dossier.id,
        code: dossier.code,
        agency: dossier.agency,
        procedure: dossier.procedure,
        state: dossier.state,
        moved: word(moved.entered),
        steps: steps.into_iter().map(step_view).collect(),
        dossier: format!("/api/v1/dossiers/{name}?known_at={}", time::canonical(known_at)),
    })
}

fn step_view(step: Step) -> MoveStep {
    let (cause, event) = match step.cause {
        Cause::Event(event) => ("event", Some(event_view(&event))),
        Cause::Time => ("time", None),
        Cause::Catalogue => ("catalogue", None),
    };
    MoveStep { known_at: step.known_at, moved: word(step.entered), cause, event }
}

fn event_view(event: &Event) -> MovingEvent {
    MovingEvent {
        kind: event.payload.kind(),
        n: event.n,
        seq: event.seq,
        occurred_at: event.occurred_at,
        recorded_at: event.recorded_at,
        late_entry: event.late_entry_reason.is_some(),
        imported: event.origin.is_some(),
    }
}

impl PartView {
    #[must_use]
    pub fn new(members: Members) -> Self {
        match members {
            Members::Indicator(indicator, part) => Self {
                indicator: Some(indicator.id),
                part: Some(part.as_str()),
                column: None,
                title: indicator.title_vi,
                title_en: indicator.title_en,
            },
            Members::Column(column, _) => Self {
                indicator: None,
                part: None,
                column: Some(column.number),
                title: column.title.vi,
                title_en: column.title.en,
            },
        }
    }
}
