//! Lists: keyset cursors bound to the question they were made for.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::problem::ApiError;
use crate::domain::error::FieldError;

pub const DEFAULT_LIMIT: i64 = 50;
pub const MAX_LIMIT: i64 = 500;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub next: Option<String>,
    /// Exact number of items in all; only with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// # Errors
/// 422 when `limit` is not 1 to 500.
pub fn limit(asked: Option<i64>) -> Result<i64, ApiError> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(ApiError::field("?limit", "range", "1 to 500")),
    }
}

/// A position as opaque text; `question` is everything that decides filter and order.
#[must_use]
pub fn cursor(question: &str, position: &str) -> String {
    format!("{}.{}", mark(question), hex::encode(position))
}

/// The position inside a cursor made for the same question.
///
/// # Errors
/// 400 when it is not a cursor, or one of another question.
pub fn position(question: &str, cursor: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(cursor) = cursor else { return Ok(None) };
    let refused = || ApiError::malformed("?cursor", "not a cursor of this question");
    let (tag, encoded) = cursor.split_once('.').ok_or_else(refused)?;
    if tag != mark(question) {
        return Err(refused());
    }
    let bytes = hex::decode(encoded).map_err(|_| refused())?;
    String::from_utf8(bytes).map(Some).map_err(|_| refused())
}

fn mark(question: &str) -> String {
    hex::encode(&Sha256::digest(question.as_bytes())[..6])
}

/// Refusal of a position that does not read.
#[must_use]
pub fn bad_cursor() -> ApiError {
    ApiError::malformed("?cursor", "not a cursor of this question")
}

/// A file holds the whole list.
///
/// # Errors
/// 422 for what only pages have.
pub fn whole(limit: Option<i64>, cursor: Option<&str>, count: Option<bool>) -> Result<(), ApiError> {
    let given = [("?limit", limit.is_some()), ("?cursor", cursor.is_some()), ("?count", count.is_some())];
    let stray: Vec<FieldError> = given
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(name, _)| FieldError::new(name, "unexpected", "a file holds the whole list"))
        .collect();
    if stray.is_empty() { Ok(()) } else { Err(ApiError::invalid(stray)) }
}
