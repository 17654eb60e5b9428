//! The independent recount: chain, codes, personal commitments and every indicator, from a full copy alone.
//!
//! Nothing here uses the event rules, the fold or the indicator registry of the program: what both sides agree
//! on is the text of a full copy and the contract. It serves the offline `verify` and is the oracle of the tests.

pub mod book;
pub mod case;
pub mod chain;
pub mod checks;
pub mod codes;
pub mod entry;
pub mod figures;
pub mod heads;
pub mod line;
pub mod personal;
mod pipeline;
mod predicates;
pub mod proof;
pub mod records;
pub mod reports;
pub mod run;
pub mod signs;
mod strict;
pub mod unseal;

#[cfg(test)]
mod figures_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

/// What is wrong with an entry, or with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A line or a value that cannot be read.
    Unreadable,
    /// An entry is missing, doubled or out of order.
    Sequence,
    /// The entry does not name the hash of the one before it.
    PrevHash,
    /// The entry's content does not give its hash.
    Hash,
    /// `recorded_at` does not come after that of the entry before.
    RecordedAt,
    /// The entry's place in its dossier is not the next one.
    DossierOrder,
    /// The chain ends before a head that was kept elsewhere.
    Truncated,
    /// The chain has another hash where a head was kept elsewhere.
    Head,
    /// Personal values that do not match the commitment, or that nothing commits to.
    Personal,
    /// A record beside the chain that is not as it was kept, or is missing.
    Record,
    /// A dossier code given twice.
    CodeTwice,
    /// A dossier code that names another date than that of the receipt.
    CodeDate,
    /// A number is missing among the codes of an agency and date.
    CodeGap,
}

/// The first thing found wrong in an agency's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Empty when the fault lies in the file rather than in an agency's records.
    pub agency: String,
    /// The first bad entry: for a gap the entry that is missing; 0 when no entry is concerned.
    pub seq: i64,
    pub kind: FindingKind,
    pub detail: String,
}

impl Finding {
    fn new(agency: &str, seq: i64, kind: FindingKind, detail: impl Into<String>) -> Self {
        Self { agency: agency.to_owned(), seq, kind, detail: detail.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agency.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}/{}: {}", self.agency, self.seq, self.detail)
        }
    }
}

const HOURS_EAST: i64 = 7;

/// The date that calendars in Vietnam show at `instant`.
#[must_use]
pub fn local_date(instant: DateTime<Utc>) -> NaiveDate {
    instant
        .checked_add_signed(Duration::hours(HOURS_EAST))
        .map_or_else(|| instant.date_naive(), |shifted| shifted.date_naive())
}

/// The last microsecond of `date` in Vietnam.
#[must_use]
pub fn end_of_date(date: NaiveDate) -> DateTime<Utc> {
    date.and_hms_micro_opt(23, 59, 59, 999_999)
        .map(|local| local.and_utc())
        .and_then(|local| local.checked_sub_signed(Duration::hours(HOURS_EAST)))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Reads a time written as full copies write it: UTC, six digits, `Z`. Any other spelling is refused.
///
/// # Errors
/// What is wrong with the text.
pub fn canonical_time(text: &str) -> Result<DateTime<Utc>, String> {
    let read: DateTime<FixedOffset> =
        DateTime::parse_from_rfc3339(text).map_err(|error| format!("`{text}` is not a time: {error}"))?;
    let read = read.with_timezone(&Utc);
    if read.to_rfc3339_opts(SecondsFormat::Micros, true) == text {
        Ok(read)
    } else {
        Err(format!("`{text}` is not written in UTC with six digits"))
    }
}
