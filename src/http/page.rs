//! Lists: keyset cursors bound to the question they were made for.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::problem::ApiError;
use crate::app::AppError;
use crate::domain::error::FieldError;
use crate::domain::time::{self, Instant, from_micros};
use crate::store::catalogues::calendar_version;
use crate::store::figures::settled;
use crate::store::indicators::DEFINITION_VERSION;
use crate::store::query::FactQuery;
use crate::store::{StoreError, Tx};

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

/// The instants that a list was taken at, and the rules it was read by: with `known_at` it can be asked for again, and
/// is the same.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListCut {
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// Where stocks and lateness are judged.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// False: events stamped before `known_at` may still be on their way.
    pub settled: bool,
    pub definition_version: u32,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
}

impl ListCut {
    /// # Errors
    /// The database fails.
    pub fn new(tx: &mut Tx<'_>, (known_at, at): (Instant, Instant), now: Instant) -> Result<Self, StoreError> {
        let calendar_version = calendar_version(tx, known_at)?;
        let settled = settled(known_at, now);
        Ok(Self { known_at, at, settled, definition_version: DEFINITION_VERSION, calendar_version })
    }

    /// Of a list of dossiers or payments.
    ///
    /// # Errors
    /// The database fails.
    pub fn of(tx: &mut Tx<'_>, ask: &FactQuery, now: Instant) -> Result<Self, StoreError> {
        Self::new(tx, (from_micros(ask.known_at), from_micros(ask.at)), now)
    }
}

/// A page with the cut it was taken at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    pub cut: ListCut,
    #[serde(flatten)]
    pub page: Page<T>,
}

impl<T> From<Listed<T>> for Page<T> {
    fn from(listed: Listed<T>) -> Self {
        listed.page
    }
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

/// The next rows of a list that some readers see only in part, and the key to go on after, when more follow. `read`
/// gives as many rows as are wanted after a key, in its order.
///
/// # Errors
/// As `read` and `keep`.
pub fn selected<R>(
    tx: &mut Tx<'_>,
    wanted: i64,
    mut after: String,
    read: impl Fn(&mut Tx<'_>, &str) -> Result<Vec<R>, StoreError>,
    key: fn(&R) -> &String,
    keep: impl Fn(&mut Tx<'_>, &R) -> Result<bool, AppError>,
) -> Result<(Vec<R>, Option<String>), AppError> {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let (mut found, mut place) = (Vec::new(), after.clone());
    loop {
        let rows = read(tx, &place)?;
        let last = rows.len() < wanted;
        for row in rows {
            place.clone_from(key(&row));
            if !keep(tx, &row)? {
                continue;
            }
            // Only a row that the reader may see makes a further page.
            if found.len() == wanted {
                return Ok((found, Some(after)));
            }
            after.clone_from(key(&row));
            found.push(row);
        }
        if last {
            return Ok((found, None));
        }
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
