//! One line of an import, read as strictly as a request.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::app::catalogue::Entry;
use crate::app::record::Ask;
use crate::domain::chain::canonical_json;
use crate::domain::error::FieldError;
use crate::domain::event::{EventType, Payload};
use crate::domain::strict;
use crate::domain::time;

/// Most events of one dossier: recording takes time that grows with the square of them.
const MOST_EVENTS: usize = 200;
/// Begins the names under which the program keeps keys of its own; no source may be called so.
pub const RESERVED: char = '~';

/// What a line holds.
#[derive(Debug)]
pub enum Line {
    Dossier(Box<DossierLine>),
    Document(Entry),
}

/// A dossier with its events.
#[derive(Debug)]
pub struct DossierLine {
    pub number: u64,
    pub agency: String,
    /// `source` and `source_id`.
    pub source: Option<(String, String)>,
    /// The official code, when its receipt carries one.
    pub code: Option<String>,
    /// `submitted` first; origins are not filled in.
    pub asks: Vec<Ask>,
    /// SHA-256 of the canonical JSON of the events.
    pub content_hash: String,
}

type Errors = Vec<FieldError>;

fn one(pointer: &str, code: &str, detail: &str) -> Errors {
    vec![FieldError::new(pointer, code, detail)]
}

/// Reads line `number`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(number: u64, bytes: &[u8]) -> Result<Line, Errors> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| one("", "not_utf8", &format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    let value = strict::read(text).map_err(|detail| one("", "malformed", &detail))?;
    let Value::Object(mut fields) = value else {
        return Err(one("", "malformed", "a JSON object is expected"));
    };
    match fields.remove("kind") {
        Some(Value::String(kind)) if kind == "dossier" => {
            dossier(number, fields).map(|line| Line::Dossier(Box::new(line)))
        }
        Some(Value::String(kind)) => Entry::read(&kind, fields).map(Line::Document).map_err(|error| vec![error]),
        _ => Err(one("/kind", "required", "dossier, agency, procedure, calendar or plan")),
    }
}

fn dossier(number: u64, mut fields: Map<String, Value>) -> Result<DossierLine, Errors> {
    let mut errors = Errors::new();
    let source = source_of(&mut fields, &mut errors);
    let events = match fields.remove("events") {
        Some(Value::Array(events)) if (1..=MOST_EVENTS).contains(&events.len()) => events,
        Some(Value::Array(_)) => return Err(one("/events", "range", &format!("1 to {MOST_EVENTS} events"))),
        Some(_) => return Err(one("/events", "wrong_type", "a list of events is expected")),
        None => return Err(one("/events", "required", "a dossier has events")),
    };
    errors.extend(
        fields.keys().map(|key| FieldError::new(&format!("/{key}"), "unknown_field", "unknown field of a dossier")),
    );
    let events = Value::Array(events);
    let content_hash = hex::encode(Sha256::digest(canonical_json(&events)));
    let mut asks = Vec::new();
    let list = if let Value::Array(events) = events { events } else { Vec::new() };
    for (i, event) in list.into_iter().enumerate() {
        match read_event(event) {
            Ok(ask) => asks.push(ask),
            Err(error) => {
                errors.push(FieldError { pointer: format!("/events/{i}{}", error.pointer), ..error });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let Some(Payload::Submitted(submitted)) = asks.first().map(|ask| &ask.payload) else {
        return Err(one("/events/0/type", "first_event", "a dossier begins with `submitted`"));
    };
    let agency = submitted.agency.clone();
    let code = asks.iter().find_map(|ask| match &ask.payload {
        Payload::Received(received) => received.code.clone(),
        _ => None,
    });
    Ok(DossierLine { number, agency, source, code, asks, content_hash })
}

fn source_of(fields: &mut Map<String, Value>, errors: &mut Errors) -> Option<(String, String)> {
    let mut text = |key: &str| match fields.remove(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => {
            let fits = !text.trim().is_empty()
                && text.chars().count() <= 200
                && !text.chars().any(char::is_control)
                && !text.starts_with(RESERVED);
            if !fits {
                let detail = "1 to 200 characters, no control characters, not beginning with `~`";
                errors.push(FieldError::new(&format!("/{key}"), "source", detail));
            }
            Some(text)
        }
        Some(_) => {
            errors.push(FieldError::new(&format!("/{key}"), "wrong_type", "a text is expected"));
            None
        }
    };
    match (text("source"), text("source_id")) {
        (Some(source), Some(id)) => Some((source, id)),
        (None, None) => None,
        (Some(_), None) => {
            errors.push(FieldError::new("/source_id", "required", "a source needs a source_id"));
            None
        }
        (None, Some(_)) => {
            errors.push(FieldError::new("/source", "required", "a source_id needs a source"));
            None
        }
    }
}

fn read_event(event: Value) -> Result<Ask, FieldError> {
    let Value::Object(mut fields) = event else {
        return Err(FieldError::new("", "wrong_type", "an event is a JSON object"));
    };
    let mut text = |key: &str| match fields.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(FieldError::new(&format!("/{key}"), "wrong_type", "a text is expected")),
    };
    let required = |key: &str| FieldError::new(&format!("/{key}"), "required", "bắt buộc / required");
    let kind = text("type")?.ok_or_else(|| required("type"))?;
    let kind = EventType::parse(&kind)
        .ok_or_else(|| FieldError::new("/type", "unknown_event", &format!("there is no event `{kind}`")))?;
    let occurred_at = text("occurred_at")?.ok_or_else(|| required("occurred_at"))?;
    let occurred_at = time::parse(&occurred_at).map_err(|detail| FieldError::new("/occurred_at", "time", &detail))?;
    let late_entry_reason = text("late_entry_reason")?;
    if kind == EventType::DeadlineRecomputed {
        return Err(FieldError::new("/type", "not_importable", "only the program itself records this event"));
    }
    let carried = |key: &str| kind == EventType::Received && matches!(key, "code" | "due");
    let decided = kind.decided_fields().iter().find(|key| fields.contains_key(**key) && !carried(key));
    if let Some(key) = decided {
        let detail = "written by the program: leave it out";
        return Err(FieldError::new(&format!("/{key}"), "read_only", detail));
    }
    let payload = Payload::read(kind, fields)?;
    Ok(Ask { payload, occurred_at: Some(occurred_at), late_entry_reason, origin: None })
}
