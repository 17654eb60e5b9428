//! Rows that agencies keep beside their chains: `record` lines of a full copy, after the events.
//!
//! Each kind is one part of [`of_agency`] and one arm of [`put_back`]; where the lines stand in a copy is the same
//! for all.

mod snapshots;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CopyError;
use crate::domain::chain::canonical_text;
use crate::domain::declaration::Verdict;
use crate::domain::time::{canonical, from_micros, parse};
use crate::store::declarations::{Declared, Question};
use crate::store::rows::{DeclarationRow, ReviewRow};
use crate::store::{StoreError, Tx};
use crate::verify::line::RecordLine;

const DECLARATION: &str = "declaration";
const REVIEW: &str = "declaration_review";
const SNAPSHOT: &str = "snapshot";
const ACT: &str = "snapshot_act";

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
    Ok(agencies)
}

/// Gives an agency's records to `take`, each after those that it refers to.
///
/// # Errors
/// The database or `take` fails, or a row holds what this program never writes.
pub fn of_agency(
    tx: &mut Tx<'_>,
    agency: &str,
    mut take: impl FnMut(RecordLine) -> Result<(), CopyError>,
) -> Result<(), CopyError> {
    declarations(tx, agency)?.into_iter().try_for_each(&mut take)?;
    // Contents are large: one at a time.
    for id in tx.snapshot_ids(agency)? {
        let acts = tx.snapshot_acts_of(&[agency.to_owned()], &[id])?;
        let row = tx.snapshot_by_id(id)?.ok_or_else(|| StoreError::Corrupt(format!("snapshot {}", id.0)))?;
        take(line(agency, SNAPSHOT, &snapshots::Snapshot::of(row)?)?)?;
        for act in acts {
            take(line(agency, ACT, &snapshots::Act::of(act)?)?)?;
        }
    }
    Ok(())
}

fn declarations(tx: &mut Tx<'_>, agency: &str) -> Result<Vec<RecordLine>, StoreError> {
    let ask = Question { agencies: vec![agency.to_owned()], known_at: i64::MAX, ..Question::default() };
    let (mut lines, mut reviews) = (Vec::new(), Vec::new());
    for (row, review) in tx.declarations(&ask)? {
        let corrupt = |_| StoreError::Corrupt(format!("declaration {} of {}/{}", row.version, row.plan, row.target));
        let declaration = Declaration {
            body: serde_json::from_str(&row.body).map_err(corrupt)?,
            plan: row.plan.clone(),
            target: row.target.clone(),
            version: row.version,
            declared_by: row.declared_by.clone(),
            recorded_at: canonical(from_micros(row.recorded_at)),
        };
        lines.push(line(agency, DECLARATION, &declaration)?);
        if let Some(review) = review {
            let verdict = Verdict::parse(&review.verdict);
            let review = Review {
                plan: review.plan,
                target: review.target,
                version: review.version,
                verdict: verdict.ok_or_else(|| StoreError::Corrupt("a review without a verdict".into()))?,
                reviewed_by: review.reviewed_by,
                recorded_at: canonical(from_micros(review.recorded_at)),
                note: review.note,
            };
            reviews.push(line(agency, REVIEW, &review)?);
        }
    }
    lines.append(&mut reviews);
    Ok(lines)
}

fn line(agency: &str, record: &str, row: &impl Serialize) -> Result<RecordLine, StoreError> {
    let row = serde_json::to_value(row).map_err(|error| StoreError::Other(error.to_string()))?;
    Ok(RecordLine { agency: agency.to_owned(), record: record.to_owned(), row })
}

/// Stores a record again.
///
/// # Errors
/// It is of no known kind or shape, stands twice, or refers to what is not there.
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
        _ => return Err(bad("no records of this kind".to_owned())),
    };
    done.map_err(|error| match error {
        StoreError::Conflict(_) => bad("stands twice, or is here already".to_owned()),
        other => other.into(),
    })
}
