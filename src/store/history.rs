//! Stored events read back as domain events.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::StoreError;
use super::personal::PersonalRow;
use super::rows::EventRow;
use super::sql_types::Id;
use super::tx::Tx;
use crate::domain::event::{Event, EventType};
use crate::domain::time::from_micros;
use crate::vault::Vault;

/// # Errors
/// [`StoreError::Corrupt`] when the row holds what this program never writes.
pub fn event_of(row: &EventRow) -> Result<Event, StoreError> {
    let corrupt = |what: &str| StoreError::Corrupt(format!("{} #{}: {what}", row.agency_id, row.seq));
    let kind = EventType::parse(&row.kind).ok_or_else(|| corrupt("unknown event type"))?;
    let payload: Map<String, Value> = serde_json::from_str(&row.payload).map_err(|_| corrupt("payload is not JSON"))?;
    let (payload, late_entry_reason, origin, personal) =
        Event::read_stored(kind, payload).map_err(|error| corrupt(&error.detail))?;
    Ok(Event {
        n: u32::try_from(row.n).map_err(|_| corrupt("n below zero"))?,
        seq: row.seq,
        occurred_at: from_micros(row.occurred_at),
        recorded_at: from_micros(row.recorded_at),
        actor: row.actor.clone(),
        late_entry_reason,
        origin,
        personal,
        payload,
    })
}

/// A dossier's events in order of recording.
///
/// # Errors
/// The database fails, or holds what this program never writes.
pub fn events(tx: &mut Tx<'_>, agency: &str, dossier: Uuid) -> Result<Vec<Event>, StoreError> {
    tx.events_of(agency, Id(dossier))?.iter().map(event_of).collect()
}

/// Personal values by `n`.
pub type Personal = BTreeMap<u32, Map<String, Value>>;

/// # Errors
/// As [`events`]; also when a row cannot be opened.
pub fn personal(tx: &mut Tx<'_>, vault: &Vault, agency: &str, dossier: Uuid) -> Result<Personal, StoreError> {
    tx.personal_of(agency, Id(dossier))?.iter().map(|row| personal_of(vault, row)).collect()
}

fn personal_of(vault: &Vault, row: &PersonalRow) -> Result<(u32, Map<String, Value>), StoreError> {
    let n = u32::try_from(row.n).map_err(|_| StoreError::Corrupt(row.place().to_string()))?;
    Ok((n, row.open(vault)?.body))
}

/// Events of some of an agency's dossiers, in one statement.
///
/// # Errors
/// As [`events`].
pub fn events_of_many(tx: &mut Tx<'_>, agency: &str, ids: &[Id]) -> Result<BTreeMap<Id, Vec<Event>>, StoreError> {
    let mut found: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
    for row in tx.events_of_many(&[agency.to_owned()], ids)? {
        found.entry(row.dossier_id).or_default().push(event_of(&row)?);
    }
    Ok(found)
}

/// Events and personal values of several dossiers, in two statements.
///
/// # Errors
/// As [`personal`].
pub fn many(
    tx: &mut Tx<'_>,
    vault: &Vault,
    dossiers: &[(String, Uuid)],
) -> Result<BTreeMap<Uuid, (Vec<Event>, Personal)>, StoreError> {
    let mut agencies: Vec<String> = dossiers.iter().map(|(agency, _)| agency.clone()).collect();
    agencies.sort();
    agencies.dedup();
    let ids: Vec<Id> = dossiers.iter().map(|(_, id)| Id(*id)).collect();
    let mut found: BTreeMap<Uuid, (Vec<Event>, Personal)> = BTreeMap::new();
    for row in tx.events_of_many(&agencies, &ids)? {
        found.entry(row.dossier_id.0).or_default().0.push(event_of(&row)?);
    }
    for row in tx.personal_of_many(&agencies, &ids)? {
        let (n, body) = personal_of(vault, &row)?;
        found.entry(row.dossier_id.0).or_default().1.insert(n, body);
    }
    Ok(found)
}
