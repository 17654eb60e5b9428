//! Writing a full copy: one consistent snapshot, streamed.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::lines::{catalogue_value, event_line, personal_line};
use super::records::Kept;
use super::{CATALOGUES, CopyError, PAGE, records};
use crate::domain::chain::canonical_json;
use crate::store::{Store, Tx};
use crate::verify::line::{FORMAT, Line, VERSION};

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    pub catalogue: u64,
    pub personal: u64,
    pub events: u64,
    /// Declared values, snapshots and other rows beside the chains.
    pub records: u64,
    pub agencies: u64,
}

/// Writes everything but users, sign-ins and answers to retried requests. Blocks: not for an async thread.
///
/// # Errors
/// The database or `out` fails, or a row holds what this program never writes.
pub fn export(store: &Store, out: &mut impl Write, mut progress: impl FnMut(&Written)) -> Result<Written, CopyError> {
    store.read_blocking(|tx| {
        let mut done = Written::default();
        put(out, &json!({"kind": "header", "format": FORMAT, "version": VERSION}))?;
        catalogues(tx, out, &mut done)?;
        let mut agencies = tx.event_agencies()?;
        agencies.extend(records::agencies(tx)?);
        // Every database compares texts in its own way.
        agencies.sort();
        agencies.dedup();
        for agency in &agencies {
            personal(tx, agency, out, &mut done)?;
            notes(tx, agency, out, &mut done)?;
            progress(&done);
        }
        for agency in &agencies {
            events(tx, agency, out, &mut done, &mut progress)?;
            done.agencies += 1;
        }
        for agency in &agencies {
            records::of_agency(tx, agency, |kept| {
                // What is gone is for a check to say, here by the gap that it leaves.
                let Kept::Row(line) = kept else { return Ok(()) };
                done.records += 1;
                put_line(out, &Line::Record(line))
            })?;
        }
        out.flush()?;
        progress(&done);
        Ok(done)
    })
}

fn put(out: &mut impl Write, value: &Value) -> Result<(), CopyError> {
    let mut line = canonical_json(value);
    line.push(b'\n');
    Ok(out.write_all(&line)?)
}

fn put_line(out: &mut impl Write, line: &Line) -> Result<(), CopyError> {
    let value = serde_json::to_value(line).map_err(|error| CopyError::Format(error.to_string()))?;
    put(out, &value)
}

fn catalogues(tx: &mut Tx<'_>, out: &mut impl Write, done: &mut Written) -> Result<(), CopyError> {
    for kind in CATALOGUES {
        let mut rows = tx.catalogue_all(kind)?;
        rows.sort_by(|a, b| (&a.code, a.revision).cmp(&(&b.code, b.revision)));
        for row in &rows {
            put(out, &catalogue_value(row)?)?;
            done.catalogue += 1;
        }
    }
    Ok(())
}

fn personal(tx: &mut Tx<'_>, agency: &str, out: &mut impl Write, done: &mut Written) -> Result<(), CopyError> {
    let mut after = None;
    loop {
        let rows = tx.personal_after(agency, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some((last.dossier_id, last.n));
        for row in &rows {
            put_line(out, &Line::Personal(personal_line(row)?))?;
            done.personal += 1;
        }
    }
}

/// Notes are personal rows too, of no event: behind those of the dossiers.
fn notes(tx: &mut Tx<'_>, agency: &str, out: &mut impl Write, done: &mut Written) -> Result<(), CopyError> {
    let mut after = None;
    loop {
        let rows = tx.notes_after(agency, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id);
        for row in rows {
            put_line(out, &Line::Personal(personal_line(&row.into())?))?;
            done.personal += 1;
        }
    }
}

fn events(
    tx: &mut Tx<'_>,
    agency: &str,
    out: &mut impl Write,
    done: &mut Written,
    progress: &mut impl FnMut(&Written),
) -> Result<(), CopyError> {
    let mut after = 0;
    loop {
        let rows = tx.events_after(agency, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.seq;
        for row in &rows {
            put_line(out, &Line::Event(event_line(row)?))?;
            done.events += 1;
        }
        progress(done);
    }
}
