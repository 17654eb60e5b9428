//! Sealed rows against what the chains commit to.

use serde_json::Value;

use super::PAGE;
use super::lines::{event_line, personal_line};
use crate::app::App;
use crate::store::personal::PersonalRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::verify::Finding;
use crate::verify::personal::{PersonalCheck, commitment};
use crate::verify::unseal::FORGED;

/// What the commitments of some dossiers' personal rows come to.
#[derive(Debug, Default)]
pub(crate) struct Commitments {
    pub erased: u64,
    /// Personal rows of these dossiers.
    pub rows: i64,
    pub unchecked: u64,
    pub findings: Vec<Finding>,
}

/// Opens a row and has it wait for its commitment.
fn take_row(
    check: &mut PersonalCheck,
    app: &App,
    row: &PersonalRow,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    let line = personal_line(row)?;
    let hash = match row.open(&app.vault) {
        Ok(opened) => Some(commitment(&opened.salt, &Value::Object(opened.body))),
        Err(StoreError::Corrupt(_)) => Some(Err(FORGED.to_owned())),
        // Without keys it is known to be there, and no more is said of it.
        Err(StoreError::Unavailable(_)) if app.vault.ring().is_empty() => None,
        Err(StoreError::Unavailable(detail)) => Some(Err(detail)),
        Err(other) => return Err(other),
    };
    findings.extend(check.row_hashed(&line, hash).err());
    Ok(())
}

/// A check that has an agency's notes, and waits for the records that name them.
pub(crate) fn note_check(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &str,
    findings: &mut Vec<Finding>,
) -> Result<PersonalCheck, StoreError> {
    let mut check = PersonalCheck::new();
    let mut after = None;
    loop {
        let rows = tx.notes_after(agency, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(check) };
        after = Some(last.id);
        for row in rows {
            take_row(&mut check, app, &row.into(), findings)?;
        }
    }
}

/// Compares personal rows with the commitments in the chain.
pub(crate) fn commitments(tx: &mut Tx<'_>, app: &App, agency: &str, ids: &[Id]) -> Result<Commitments, StoreError> {
    let agencies = [agency.to_owned()];
    let mut check = PersonalCheck::new();
    let mut findings = Vec::new();
    let mut rows = 0;
    for row in tx.personal_of_many(&agencies, ids)? {
        rows += 1;
        take_row(&mut check, app, &row, &mut findings)?;
    }
    for row in tx.events_of_many(&agencies, ids)? {
        findings.extend(check.event(&event_line(&row)?).err());
    }
    let end = check.finish();
    findings.extend(end.findings);
    findings.sort_by_key(|finding| finding.seq);
    Ok(Commitments { erased: end.erased, rows, unchecked: end.unchecked, findings })
}
