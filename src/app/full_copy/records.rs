//! Rows that agencies keep beside their chains: `record` lines of a full copy, after the events.
//!
//! Each kind is one part of [`of_agency`] and one arm of [`put_back`]; where the lines stand in a copy is the same
//! for all.

mod access;
mod link;
mod snapshots;
mod walk;

pub use access::access_line;
pub use link::{adopt, chain};
pub use walk::{Kept, of_agency};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CopyError;
use crate::domain::chain::canonical_text;
use crate::domain::declaration::Verdict;
use crate::domain::time::{canonical, from_micros, parse};
use crate::store::declarations::{Declared, Question};
use crate::store::rows::{DeclarationRow, ReviewRow, SnapshotActRow, SnapshotRow};
use crate::store::{StoreError, Tx};
use crate::verify::line::RecordLine;
use crate::verify::records::subject;

const DECLARATION: &str = "declaration";
const REVIEW: &str = "declaration_review";
const SNAPSHOT: &str = "snapshot";
const ACT: &str = "snapshot_act";
const ACCESS: &str = "access";

/// A declaration in a copy; the agency stands on the line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    plan: String,
    target: String,
    version: i32,
    declared_by: String,
    recorded_at: String,
    body: Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Review {
    plan: String,
    target: String,
    version: i32,
    verdict: Verdict,
    reviewed_by: String,
    recorded_at: String,
    note: Option<String>,
}

/// Agencies that have records; some may stand twice.
///
/// # Errors
/// The database fails.
pub fn agencies(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut agencies = tx.declaration_agencies()?;
    agencies.extend(tx.snapshot_agencies()?);
    agencies.extend(tx.access_agencies()?);
    Ok(agencies)
}

fn declarations(tx: &mut Tx<'_>, agency: &str) -> Result<Vec<RecordLine>, StoreError> {
    let ask = Question { agencies: vec![agency.to_owned()], known_at: i64::MAX, ..Question::default() };
    let (mut lines, mut reviews) = (Vec::new(), Vec::new());
    for (row, review) in tx.declarations(&ask)? {
        lines.push(declaration_line(row)?);
        reviews.extend(review.map(review_line).transpose()?);
    }
    lines.append(&mut reviews);
    Ok(lines)
}

/// A stored row as a record without its link.
///
/// # Errors
/// The row holds what this program never writes; so for the others.
pub fn declaration_line(row: DeclarationRow) -> Result<RecordLine, StoreError> {
    let corrupt = |_| StoreError::Corrupt(format!("declaration {} of {}/{}", row.version, row.plan, row.target));
    let declaration = Declaration {
        body: serde_json::from_str(&row.body).map_err(corrupt)?,
        plan: row.plan,
        target: row.target,
        version: row.version,
        declared_by: row.declared_by,
        recorded_at: canonical(from_micros(row.recorded_at)),
    };
    line(&row.agency_id, DECLARATION, &declaration)
}

pub fn review_line(row: ReviewRow) -> Result<RecordLine, StoreError> {
    let verdict = Verdict::parse(&row.verdict);
    let review = Review {
        plan: row.plan,
        target: row.target,
        version: row.version,
        verdict: verdict.ok_or_else(|| StoreError::Corrupt("a review without a verdict".into()))?,
        reviewed_by: row.reviewed_by,
        recorded_at: canonical(from_micros(row.recorded_at)),
        note: row.note,
    };
    line(&row.agency_id, REVIEW, &review)
}

pub fn snapshot_line(row: SnapshotRow) -> Result<RecordLine, StoreError> {
    let agency = row.agency_id.clone();
    line(&agency, SNAPSHOT, &snapshots::Snapshot::of(row)?)
}

pub fn act_line(row: SnapshotActRow) -> Result<RecordLine, StoreError> {
    let agency = row.agency_id.clone();
    line(&agency, ACT, &snapshots::Act::of(row)?)
}

fn line(agency: &str, record: &str, row: &impl Serialize) -> Result<RecordLine, StoreError> {
    let row = serde_json::to_value(row).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(RecordLine { agency: agency.to_owned(), record: record.to_owned(), row, link: None })
}

/// Stores a record again.
///
/// # Errors
/// It is of no known kind or shape, stands twice, refers to what is not there, or is not the link that it says.
pub fn put_back(tx: &mut Tx<'_>, line: &RecordLine) -> Result<(), CopyError> {
    let bad = |detail: String| CopyError::Entry {
        agency: line.agency.clone(),
        seq: 0,
        detail: format!("{}: {detail}", line.record),
    };
    let micros = |text: &str| parse(text).map(|at| at.timestamp_micros()).map_err(&bad);
    let done = match line.record.as_str() {
        DECLARATION => {
            let read: Declaration = serde_json::from_value(line.row.clone()).map_err(|error| bad(error.to_string()))?;
            let row = DeclarationRow {
                agency_id: line.agency.clone(),
                recorded_at: micros(&read.recorded_at)?,
                plan: read.plan,
                target: read.target,
                version: read.version,
                declared_by: read.declared_by,
                body: canonical_text(&read.body),
            };
            Declared::read(row.clone(), None).map_err(|error| bad(error.to_string()))?;
            tx.declaration_insert(&row)
        }
        REVIEW => {
            let read: Review = serde_json::from_value(line.row.clone()).map_err(|error| bad(error.to_string()))?;
            let ask = Question {
                agencies: vec![line.agency.clone()],
                plan: Some(read.plan.clone()),
                target: Some(read.target.clone()),
                version: Some(read.version),
                known_at: i64::MAX,
            };
            if tx.declarations(&ask)?.is_empty() {
                return Err(bad(format!("there is no version {} of {}/{}", read.version, read.plan, read.target)));
            }
            tx.declaration_review_insert(&ReviewRow {
                agency_id: line.agency.clone(),
                recorded_at: micros(&read.recorded_at)?,
                plan: read.plan,
                target: read.target,
                version: read.version,
                verdict: read.verdict.as_str().to_owned(),
                reviewed_by: read.reviewed_by,
                note: read.note,
            })
        }
        SNAPSHOT => {
            let row = snapshots::read(&line.agency, &line.row).map_err(&bad)?;
            if tx.snapshot_by_id(row.id)?.is_some() {
                return Err(bad(format!("{}: stands twice, or is here already", row.id.0)));
            }
            tx.snapshot_insert(&row)
        }
        ACT => {
            let row = snapshots::read_act(&line.agency, &line.row).map_err(&bad)?;
            let before = tx.snapshot_acts_of(std::slice::from_ref(&line.agency), &[row.snapshot_id])?;
            let snapshot = tx.snapshot_by_id(row.snapshot_id)?;
            snapshots::follows(&row, snapshot.as_ref(), before.len()).map_err(&bad)?;
            tx.snapshot_act_insert(&row)
        }
        ACCESS => {
            let row = access::read(line).map_err(&bad)?;
            if !tx.access_of(&row.agency_id, &[row.id])?.is_empty() {
                return Err(bad(format!("{}: stands twice, or is here already", row.id.0)));
            }
            tx.access_insert(&row)
        }
        _ => return Err(bad("no records of this kind".to_owned())),
    };
    done.map_err(|error| match error {
        StoreError::Conflict(_) => bad("stands twice, or is here already".to_owned()),
        other => other.into(),
    })?;
    let made = chain(tx, line)?;
    match &line.link {
        Some(link) if *link != made => {
            let name = subject(&line.record, &line.row);
            Err(bad(format!("{name}: is not link {} of the chain of records here", link.seq)))
        }
        _ => Ok(()),
    }
}
