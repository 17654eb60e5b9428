//! Stored rows as the lines of a full copy.

use serde_json::{Value, json};

use crate::domain::time::{canonical, from_micros};
use crate::store::StoreError;
use crate::store::personal::PersonalRow;
use crate::store::rows::{CatalogueRow, EventRow};
use crate::verify::line::{EventLine, PersonalLine};

/// # Errors
/// The row holds what this program never writes; so for the others.
pub fn event_line(row: &EventRow) -> Result<EventLine, StoreError> {
    let corrupt = |what| StoreError::Corrupt(format!("{} #{}: {what}", row.agency_id, row.seq));
    Ok(EventLine {
        agency: row.agency_id.clone(),
        seq: row.seq,
        dossier: row.dossier_id.0.to_string(),
        n: u32::try_from(row.n).map_err(|_| corrupt("n below zero"))?,
        event_type: row.kind.clone(),
        occurred_at: canonical(from_micros(row.occurred_at)),
        recorded_at: canonical(from_micros(row.recorded_at)),
        actor: row.actor.clone(),
        payload: serde_json::from_str(&row.payload).map_err(|_| corrupt("payload is not JSON"))?,
        prev_hash: row.prev_hash.clone(),
        hash: row.hash.clone(),
    })
}

pub fn personal_line(row: &PersonalRow) -> Result<PersonalLine, StoreError> {
    let corrupt = || StoreError::Corrupt(row.place().to_string());
    Ok(PersonalLine {
        agency: row.agency_id.clone(),
        dossier: row.dossier_id.0.to_string(),
        n: u32::try_from(row.n).map_err(|_| corrupt())?,
        key: row.key_id.clone(),
        sealed: hex::encode(&row.sealed),
    })
}

/// The fields are named as in `verify::line::CatalogueLine`; times are written out here because that one
/// reads any spelling.
pub fn catalogue_value(row: &CatalogueRow) -> Result<Value, StoreError> {
    let corrupt = |_| StoreError::Corrupt(format!("{} {} revision {}", row.kind, row.code, row.revision));
    let body: Value = serde_json::from_str(&row.body).map_err(corrupt)?;
    Ok(json!({
        "kind": "catalogue",
        "catalogue": row.kind,
        "code": row.code,
        "revision": row.revision,
        "effective_from": row.effective_from,
        "recorded_at": canonical(from_micros(row.recorded_at)),
        "body": body,
    }))
}
