//! Declared values as known at an instant, and which of several versions counts.

use super::error::StoreError;
use super::rows::{DeclarationRow, ReviewRow};
use super::tx::Tx;
use crate::domain::declaration::{Declaration, SealedNote, Verdict};
use crate::domain::time::{Instant, from_micros};
use crate::plans::Period;

/// Declarations asked for; `agencies` is the caller's scope and is always applied.
#[derive(Debug, Clone, Default)]
pub struct Question {
    pub agencies: Vec<String>,
    pub plan: Option<String>,
    pub target: Option<String>,
    pub version: Option<i32>,
    /// Declarations and reviews recorded later are not seen.
    pub known_at: i64,
}

/// One version, with its review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub agency: String,
    pub plan: String,
    pub target: String,
    pub version: i32,
    pub declared_by: String,
    pub declared_at: Instant,
    pub content: Declaration,
    /// Stands for the note until it is opened.
    pub sealed_note: Option<SealedNote>,
    pub review: Option<Review>,
}

/// What a second person said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub verdict: Verdict,
    pub reviewed_by: String,
    pub reviewed_at: Instant,
    pub note: Option<String>,
    pub sealed_note: Option<SealedNote>,
}

/// Tells a text from what stands for a sealed one.
fn text_or_sealed(note: Option<String>) -> (Option<String>, Option<SealedNote>) {
    match note.as_deref().map(str::parse) {
        Some(Ok(sealed)) => (None, Some(sealed)),
        _ => (note, None),
    }
}

/// How a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Pending,
    Accepted,
    Rejected,
}

impl Standing {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

impl Declared {
    /// # Errors
    /// [`StoreError::Corrupt`] when the rows hold what this program never writes.
    pub fn read(row: DeclarationRow, review: Option<ReviewRow>) -> Result<Self, StoreError> {
        let name = format!("declaration {} of {}/{} by {}", row.version, row.plan, row.target, row.agency_id);
        let mut content: Declaration =
            serde_json::from_str(&row.body).map_err(|_| StoreError::Corrupt(name.clone()))?;
        let (note, sealed_note) = text_or_sealed(content.note.take());
        content.note = note;
        let review = review.map(|review| {
            let verdict = Verdict::parse(&review.verdict).ok_or(StoreError::Corrupt(name))?;
            let reviewed_at = from_micros(review.recorded_at);
            let (note, sealed_note) = text_or_sealed(review.note);
            Ok::<_, StoreError>(Review { verdict, reviewed_by: review.reviewed_by, reviewed_at, note, sealed_note })
        });
        Ok(Self {
            agency: row.agency_id,
            plan: row.plan,
            target: row.target,
            version: row.version,
            declared_by: row.declared_by,
            declared_at: from_micros(row.recorded_at),
            content,
            sealed_note,
            review: review.transpose()?,
        })
    }

    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.review.as_ref().map(|review| review.verdict) {
            None => Standing::Pending,
            Some(Verdict::Accepted) => Standing::Accepted,
            Some(Verdict::Rejected) => Standing::Rejected,
        }
    }
}

/// # Errors
/// The database fails, or holds what this program never writes.
pub fn declared(tx: &mut Tx<'_>, ask: &Question) -> Result<Vec<Declared>, StoreError> {
    tx.declarations(ask)?.into_iter().map(|(row, review)| Declared::read(row, review)).collect()
}

/// The version that stands for a target and a period: the last accepted one, else the last one. The second value says
/// that a later one awaits its review.
#[must_use]
pub fn standing_for<'a>(versions: &'a [Declared], target: &str, period: Period) -> Option<(&'a Declared, bool)> {
    let of_period = || versions.iter().filter(|one| one.target == target && one.content.period() == period);
    let last = of_period().max_by_key(|one| one.version)?;
    let accepted = of_period().filter(|one| one.standing() == Standing::Accepted).max_by_key(|one| one.version);
    let shown = accepted.unwrap_or(last);
    let waiting = of_period().any(|one| one.version > shown.version && one.standing() == Standing::Pending);
    Some((shown, waiting))
}
