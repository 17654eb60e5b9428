//! The chain of an agency's records: a link for every row, made in the transaction that stores the row.

use super::{ACCESS, Kept, of_agency};
use crate::app::{App, AppError};
use crate::domain::chain::{GENESIS, RecordLink as Link};
use crate::domain::time::parse;
use crate::store::rows::RecordRow;
use crate::store::{StoreError, Tx};
use crate::verify::line::{RecordLine, RecordLink};
use crate::verify::records::subject;

/// Puts a record that was just stored at the end of its agency's chain. Whoever keeps another record of the agency
/// at the same time waits, on whichever machine.
///
/// # Errors
/// The database fails.
pub fn chain(tx: &mut Tx<'_>, line: &RecordLine) -> Result<RecordLink, StoreError> {
    tx.head_lock(&line.agency)?;
    let last = tx.record_head_at(&line.agency, i64::MAX)?;
    let (seq, prev_hash) = last.map_or((1, GENESIS.to_owned()), |last| (last.seq + 1, last.hash));
    let (agency, record, row) = (line.agency.as_str(), line.record.as_str(), &line.row);
    let hash = Link { agency, seq, record, row, prev_hash: &prev_hash }.hash();
    let recorded_at = row["recorded_at"].as_str().and_then(|text| parse(text).ok());
    let recorded_at = recorded_at.ok_or_else(|| StoreError::Corrupt(format!("{record}: recorded_at")))?;
    tx.record_insert(&RecordRow {
        agency_id: line.agency.clone(),
        seq,
        kind: line.record.clone(),
        subject: subject(record, row),
        recorded_at: recorded_at.timestamp_micros(),
        prev_hash: prev_hash.clone(),
        hash: hash.clone(),
    })?;
    Ok(RecordLink { seq, prev_hash, hash })
}

/// Chains what was kept before there were chains: all records of agencies that have no chain, and the access logs of
/// those whose chain has none of it. Blocks: not for an async thread.
///
/// # Errors
/// The database fails, or a row holds what this program never writes.
pub fn adopt(app: &App) -> Result<u64, StoreError> {
    let agencies = app.store.read_blocking::<_, StoreError, _>(|tx| {
        let chained = tx.record_agencies()?;
        let mut kept = super::agencies(tx)?;
        kept.retain(|agency| !chained.contains(agency));
        for agency in tx.access_agencies()? {
            if !tx.records_hold(&agency, ACCESS)? {
                kept.push(agency);
            }
        }
        kept.sort();
        kept.dedup();
        Ok(kept)
    })?;
    let mut count = 0;
    for agency in agencies {
        let name = agency.clone();
        let done = app.store.write_long_blocking::<u64, AppError, _>(&name, move |tx| {
            let bare = tx.record_head_at(&agency, i64::MAX)?.is_none();
            let mut lines = Vec::new();
            of_agency(tx, &agency, |kept| {
                if let Kept::Row(line) = kept
                    && line.link.is_none()
                    && (bare || line.record == ACCESS)
                {
                    lines.push(line);
                }
                Ok::<_, StoreError>(())
            })?;
            for line in &lines {
                chain(tx, line)?;
            }
            Ok(lines.len() as u64)
        });
        count += done.map_err(|error| match error {
            AppError::Store(error) => error,
            other => StoreError::Other(other.to_string()),
        })?;
    }
    Ok(count)
}
