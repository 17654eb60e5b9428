//! What is asked of the fact rows; the same question counts and lists.

use super::sql_types::Id;

/// Dossiers at a cut. `agencies` is the caller's scope and is always applied.
#[derive(Debug, Clone, Default)]
pub struct FactQuery {
    pub agencies: Vec<String>,
    pub at: i64,
    pub known_at: i64,
    /// A predicate of the indicator registry: numbers and column names only, never input.
    pub predicate: Option<String>,
    /// Only these, as many as there may be.
    pub ids: Option<Vec<Id>>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    pub channel: Option<String>,
    /// Also the channels `level_3` and `level_4` together.
    pub online_only: bool,
    /// Further filters; all of them hold.
    pub conditions: Vec<Condition>,
    /// Portals see what they submitted.
    pub submitted_by: Option<String>,
    pub sort: Sort,
    /// Keyset: after this sort key and id.
    pub after: Option<(i64, Id)>,
    pub limit: i64,
}

/// A filter of a dossier list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The column holds this text, which may be anybody's input.
    Is(&'static str, String),
    /// The column is a list of entries (`domain::facts::entry`), this text among them; anybody's input.
    Among(&'static str, String),
    /// A predicate made by the program: numbers, closed words, column names, and `{at}` for the cut's instant. Never
    /// input.
    Holds(String),
}

/// By what a dossier list is ordered; the id decides ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// Receipt, else submission.
    Received,
    Submitted,
    Due,
    Finished,
    /// Time past the strict due instant, see [`LATENESS`].
    Lateness,
}

/// Microseconds from the strict due instant to the finish, else the end, else the start of the open pause, else the
/// cut; below zero: not late. In step with `Dossier::late_days`.
pub const LATENESS: &str = "(COALESCE(finished_at, ended_at, paused_since, {at}) - figure_due_strict)";

/// Beyond every instant, so that what has none comes last either way.
const NO_KEY: i64 = 9_000_000_000_000_000_000;

impl Default for Sort {
    /// Newest receipt first.
    fn default() -> Self {
        Self { key: SortKey::Received, descending: true }
    }
}

impl Sort {
    pub const WORDS: [&'static str; 5] = ["received", "submitted", "due", "finished", "lateness"];

    /// A key, with `-` before it for the greatest first.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, descending) = text.strip_prefix('-').map_or((text, false), |word| (word, true));
        let key = match word {
            "received" => SortKey::Received,
            "submitted" => SortKey::Submitted,
            "due" => SortKey::Due,
            "finished" => SortKey::Finished,
            "lateness" => SortKey::Lateness,
            _ => return None,
        };
        Some(Self { key, descending })
    }

    /// The key as an expression over a fact row; never NULL.
    #[must_use]
    pub fn expression(self, at: i64) -> String {
        let last = if self.descending { -NO_KEY } else { NO_KEY };
        let column = match self.key {
            SortKey::Received => return "COALESCE(received_at, submitted_at)".to_owned(),
            SortKey::Submitted => return "submitted_at".to_owned(),
            SortKey::Due => "due",
            SortKey::Finished => "finished_at",
            SortKey::Lateness => LATENESS,
        };
        format!("COALESCE({column}, {last})").replace("{at}", &at.to_string())
    }
}

/// A dossier found, with the key it is sorted by.
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
    /// Column names to group by, or expressions made by a registry; `''` for none.
    pub keys: [&'a str; 3],
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

/// A range of microseconds, both ends inclusive; an open end is unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// The dossiers of one question in two cuts.
#[derive(Debug, Clone, Copy)]
pub struct Moves<'a> {
    pub before: &'a FactQuery,
    pub after: &'a FactQuery,
    /// Only those that entered, or only those that left.
    pub entered: Option<bool>,
}

/// A dossier that is in one of two cuts only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub agency: String,
    pub dossier: Id,
    /// It is in the later cut; otherwise it was in the earlier one.
    pub entered: bool,
}

/// How many moved between two cuts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MovedCounts {
    pub entered: i64,
    pub left: i64,
}

/// Whether a dossier fulfilled a predicate: at which cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub at: i64,
    pub known_at: i64,
    /// Made by the registry with the instants of that cut.
    pub predicate: String,
}

/// Which snapshots; `agencies` is the caller's scope and is always applied.
#[derive(Debug, Clone, Default)]
pub struct SnapshotQuery {
    pub agencies: Vec<String>,
    pub report: Option<String>,
    pub basis: Option<String>,
    /// Periods that touch these dates, in ISO form.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Taken by then.
    pub known_at: Option<i64>,
    /// Keyset: after this instant of recording and id.
    pub after: Option<(i64, Id)>,
    pub limit: i64,
}

/// One agency at a cut, with predicates made by the registries.
#[derive(Debug, Clone, Copy)]
pub struct Flags<'a> {
    pub agency: &'a str,
    pub at: i64,
    pub known_at: i64,
    pub predicates: &'a [String],
}

/// A dossier with the predicates that hold for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flagged {
    pub dossier: Id,
    pub field: String,
    pub procedure: String,
    pub holds: Vec<bool>,
}

/// Withdrawn, and handed in again within some microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Refiling<'a> {
    pub withdrawn: &'a FactQuery,
    pub later: &'a FactQuery,
    pub within: i64,
}

/// A dossier by the names that another one may call it, and when it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub agency: String,
    pub dossier: Id,
    pub code: Option<String>,
    pub at: i64,
}

/// A dossier that calls another one its previous one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    pub agency: String,
    pub dossier: Id,
    pub submitted_at: i64,
    pub previous: String,
}
