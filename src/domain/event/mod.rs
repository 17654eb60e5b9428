//! The events of a dossier: the only way to change one.
//!
//! One struct per event serves as request body and as stored payload. Fields *written by `decide`*
//! are refused in a body (imports excepted); *personal* fields move into a row of their own before
//! the payload is hashed (see [`super::personal`]).

mod handling;
mod intake;
mod parts;
mod words;

pub use handling::*;
pub use intake::*;
pub use parts::*;
pub use words::*;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::{FieldError, without_value};
use super::time::Instant;

macro_rules! events {
    ($($variant:ident = $text:tt, read_only [$($decided:literal),*], personal [$($personal:literal),*];)+) => {
        text_enum! {
            /// Names of the events.
            EventType { $($variant = $text),+ }
        }

        /// An event's own fields, tagged by `type`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(tag = "type")]
        pub enum Payload { $(#[serde(rename = $text)] $variant($variant)),+ }

        impl Payload {
            #[must_use]
            pub fn kind(&self) -> EventType { match self { $(Self::$variant(_) => EventType::$variant),+ } }

            /// Reads the fields of an event whose type is known; unknown fields are refused.
            ///
            /// # Errors
            /// The place and the reason, as serde names them.
            pub fn read(kind: EventType, fields: Map<String, Value>) -> Result<Self, FieldError> {
                match kind { $(EventType::$variant => read_strictly(fields).map(Self::$variant)),+ }
            }

            /// Its fields without the tag.
            #[must_use]
            pub fn fields(&self) -> Map<String, Value> {
                let value = match self { $(Self::$variant(event) => serde_json::to_value(event)),+ };
                match value {
                    Ok(Value::Object(map)) => map,
                    other => unreachable!("an event serialises to an object, not {other:?}"),
                }
            }
        }

        impl EventType {
            /// Fields that `decide` writes: refused in a body.
            #[must_use]
            pub fn decided_fields(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($decided),*]),+ }
            }

            /// Top-level personal fields.
            #[must_use]
            pub fn personal_fields(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($personal),*]),+ }
            }
        }
    };
}

events! {
    Submitted = "submitted", read_only ["snapshot", "fee_due", "answer_due"], personal ["applicant"];
    Received = "received", read_only ["code", "snapshot", "fee_due", "due_original", "due", "due_strict", "calendar_version", "due_computed"], personal [];
    Refused = "refused", read_only [], personal ["reason"];
    Forwarded = "forwarded", read_only [], personal [];
    SupplementRequested = "supplement_requested", read_only [], personal [];
    Supplemented = "supplemented", read_only ["due", "due_strict", "calendar_version"], personal [];
    PaymentRequested = "payment_requested", read_only [], personal [];
    PaymentRecorded = "payment_recorded", read_only ["due", "due_strict", "calendar_version"], personal [];
    PaymentRefunded = "payment_refunded", read_only [], personal ["reason"];
    Extended = "extended", read_only [], personal ["reason"];
    Withdrawn = "withdrawn", read_only [], personal [];
    Stopped = "stopped", read_only [], personal ["reason"];
    Finished = "finished", read_only ["worked_minutes"], personal [];
    Returned = "returned", read_only [], personal ["collector"];
    Reopened = "reopened", read_only [], personal ["reason"];
    Digitised = "digitised", read_only [], personal [];
    Rated = "rated", read_only ["entered_by_staff"], personal ["comment"];
    Corrected = "corrected", read_only ["answer_due"], personal ["reason"];
    Voided = "voided", read_only [], personal ["reason"];
    DeadlineRecomputed = "deadline_recomputed", read_only ["calendar_version", "notice", "due", "due_strict"], personal [];
}

/// Reads an object whose type refuses unknown fields.
///
/// # Errors
/// The place and the reason, as serde names them.
pub fn read_strictly<T: serde::de::DeserializeOwned>(fields: Map<String, Value>) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let pointer = pointer_of(error.path());
        let detail = without_value(&error.inner().to_string());
        let code = if detail.starts_with("unknown field") {
            "unknown_field"
        } else if detail.starts_with("missing field") {
            "required"
        } else {
            "wrong_type"
        };
        FieldError { pointer, code: code.to_owned(), detail }
    })
}

/// A serde path as JSON pointer.
#[must_use]
pub fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// Where an imported event came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// `import`.
    pub kind: String,
    pub file: String,
    pub line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
}

/// A recorded event as the fold sees it: without personal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Place in its dossier: 1, 2, …
    pub n: u32,
    /// Place in the agency's chain.
    pub seq: i64,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    pub actor: String,
    pub late_entry_reason: Option<String>,
    pub origin: Option<Origin>,
    /// Commitment to the personal values, in hexadecimal.
    pub personal: Option<String>,
    pub payload: Payload,
}

/// Keys that every stored payload may hold beside the event's own fields.
const COMMON: [&str; 3] = ["late_entry_reason", "origin", "personal"];

impl Event {
    /// The object that is hashed and stored as `payload`.
    #[must_use]
    pub fn stored_payload(&self) -> Map<String, Value> {
        let mut map = self.payload.fields();
        if let Some(reason) = &self.late_entry_reason {
            map.insert("late_entry_reason".into(), Value::from(reason.as_str()));
        }
        if let Some(origin) = &self.origin {
            map.insert("origin".into(), serde_json::to_value(origin).expect("plain data"));
        }
        if let Some(commitment) = &self.personal {
            map.insert("personal".into(), Value::from(commitment.as_str()));
        }
        map
    }

    /// Takes the common keys out of a stored payload and reads the rest.
    ///
    /// # Errors
    /// The stored payload is not one that this program writes.
    pub fn read_stored(
        kind: EventType,
        mut map: Map<String, Value>,
    ) -> Result<(Payload, Option<String>, Option<Origin>, Option<String>), FieldError> {
        let [reason, origin, personal] = COMMON.map(|key| map.remove(key));
        let text = |value: Option<Value>| value.and_then(|v| v.as_str().map(str::to_owned));
        let origin = origin.and_then(|value| serde_json::from_value(value).ok());
        Ok((Payload::read(kind, map)?, text(reason), origin, text(personal)))
    }
}
