//! Why the domain refuses something. Closed: every kind has a fixed place in the HTTP layer.

use serde::Serialize;
use utoipa::ToSchema;

use super::dossier::State;
use super::event::EventType;

/// One rule broken at one place of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable, for machines.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl FieldError {
    #[must_use]
    pub fn new(pointer: &str, code: &str, detail: &str) -> Self {
        Self { pointer: pointer.to_owned(), code: code.to_owned(), detail: detail.to_owned() }
    }
}

/// What serde says of a value of the wrong kind, without the value: it may be somebody's number.
#[must_use]
pub fn without_value(message: &str) -> String {
    let wrong = ["invalid type: ", "invalid value: "].iter().find(|start| message.starts_with(**start));
    let kind = wrong.and_then(|start| message.strip_prefix(start)).and_then(|rest| rest.split(['`', '"', ',']).next());
    match (wrong, kind, message.rfind(", expected ")) {
        (Some(start), Some(kind), Some(at)) => format!("{start}{}{}", kind.trim_end(), &message[at..]),
        _ => message.to_owned(),
    }
}

/// A refusal of `decide`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The event is not legal in this state.
    #[error("event {event} is not legal in state {state}", event = event.as_str(), state = state.as_str())]
    IllegalMove { event: EventType, state: State, allowed: Vec<EventType> },
    /// Legal, but not for this caller.
    #[error("the caller may not record {event}", event = .0.as_str())]
    NotPermitted(EventType),
    /// The input breaks rules.
    #[error("{} rule(s) broken", .0.len())]
    Invalid(Vec<FieldError>),
}

impl Refusal {
    #[must_use]
    pub fn field(pointer: &str, code: &str, detail: &str) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrong_is_not_repeated() {
        let said = without_value("invalid type: integer `912345678`, expected a string");
        assert_eq!(said, "invalid type: integer, expected a string");
        let said = without_value("invalid type: string \"Trần, expected Bích\", expected u32");
        assert_eq!(said, "invalid type: string, expected u32");
        assert_eq!(without_value("invalid type: map, expected a string"), "invalid type: map, expected a string");
        assert_eq!(without_value("unknown field `x`, expected `y`"), "unknown field `x`, expected `y`");
    }
}
