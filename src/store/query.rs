//! What is asked of the fact rows; the same question counts and lists.

use super::sql_types::Id;

/// A range of microseconds, both ends inclusive; an open end is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// Dossiers at a cut. `agencies` is the caller's scope and is always applied.
#[derive(Debug, Clone, Default)]
pub struct FactQuery {
    pub agencies: Vec<String>,
    pub at: i64,
    pub known_at: i64,
    /// A predicate of the indicator registry: numbers and column names only, never input.
    pub predicate: Option<String>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    pub channel: Option<String>,
    /// Also the channels `level_3` and `level_4` together.
    pub online_only: bool,
    pub state: Option<String>,
    /// A predicate for the on-time status, made by the program.
    pub status: Option<String>,
    pub payment_method: Option<String>,
    pub digitised: Option<bool>,
    pub received: Range,
    pub due: Range,
    pub finished: Range,
    /// Portals see what they submitted.
    pub submitted_by: Option<String>,
    pub officer: Option<String>,
    /// Keyset: after this sort key and id.
    pub after: Option<(i64, Id)>,
    pub limit: i64,
}

/// A dossier found, with the key it is sorted by (receipt, else submission; newest first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub agency: String,
    pub dossier: Id,
    pub sort_key: i64,
}

/// One group of a tally: up to three keys, and the sums in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallyRow {
    pub keys: [String; 3],
    pub sums: Vec<i64>,
}

/// Sums over fact rows (`facts` or `payments`) at a cut.
#[derive(Debug, Clone)]
pub struct Tally<'a> {
    pub table: &'static str,
    pub agencies: &'a [String],
    pub at: i64,
    pub known_at: i64,
    pub filters: &'a Filters,
    /// Column names to group by; `''` for none.
    pub keys: [&'static str; 3],
    /// SQL expressions to be summed, made by the registry.
    pub sums: &'a [String],
}

/// Narrowing that every indicator understands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    pub procedure: Option<String>,
    pub field: Option<String>,
    pub channel: Option<String>,
    pub online_only: bool,
}
