//! Fact rows written anew from the events: they are a copy of them, and a migration that changes their shape
//! empties the copy.

use uuid::Uuid;

use super::App;
use crate::domain::event::Event;
use crate::domain::history::replay;
use crate::store::rows::{FactsRow, PaymentRow};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx, history};

/// Dossiers read at a time.
const PAGE: i64 = 500;

/// Rebuilds the agencies that have events and no fact rows, one transaction each: what breaks off goes on at the
/// next call. `progress` hears the dossiers done. Blocks: not for an async thread.
///
/// # Errors
/// The database fails.
pub fn rebuild_facts(app: &App, mut progress: impl FnMut(u64)) -> Result<u64, StoreError> {
    let agencies = app.store.read_blocking::<_, StoreError, _>(|tx| {
        let mut missing = Vec::new();
        for agency in tx.event_agencies()? {
            if tx.facts_missing(&agency)? {
                missing.push(agency);
            }
        }
        Ok(missing)
    })?;
    let mut done = 0;
    for agency in agencies {
        let name = agency.clone();
        done += app
            .store
            .write_long_blocking::<_, super::AppError, _>(&name, move |tx| Ok(rebuild(tx, &agency)?))
            .map_err(|error| match error {
                super::AppError::Store(error) => error,
                other => StoreError::Other(other.to_string()),
            })?;
        progress(done);
    }
    Ok(done)
}

fn rebuild(tx: &mut Tx<'_>, agency: &str) -> Result<u64, StoreError> {
    let (mut count, mut after) = (0, None);
    loop {
        let ids = tx.dossier_ids_after(agency, after, PAGE)?;
        let Some(last) = ids.last() else { return Ok(count) };
        after = Some(*last);
        for (id, events) in history::events_of_many(tx, agency, &ids)? {
            insert_replayed(tx, agency, id.0, &events)?;
            count += 1;
        }
    }
}

/// Writes all fact and payment rows of a dossier that has none.
///
/// # Errors
/// The database fails.
pub(super) fn insert_replayed(tx: &mut Tx<'_>, agency: &str, id: Uuid, events: &[Event]) -> Result<(), StoreError> {
    let rows = replay(agency, id, events);
    let facts: Vec<FactsRow> = rows.iter().map(|row| FactsRow::new(agency, Id(id), row)).collect();
    let paid: Vec<PaymentRow> = rows
        .iter()
        .flat_map(|row| row.payments.iter().map(|paid| PaymentRow::new(agency, Id(id), row, paid)))
        .collect();
    tx.facts_insert(&facts, &paid)
}
