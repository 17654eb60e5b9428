//! A new data key takes the place of the old one while programs serve.
//!
//! The new key is entered first: from then on every program seals under it, and indexes under both. Then the agencies'
//! rows are sealed anew, a page at a time and each behind its agency's lock, so that a desk waits as for a neighbour's
//! event. Then searches ask the new index, and last the old key goes, with its index. What breaks off at any of these
//! is gone on with at the next call.

use std::collections::BTreeSet;

use serde::Serialize;

use super::keys::{KeysError, QUEUE, Sealed, entry, seal_page, secret_of};
use super::notes::reseal_page;
use super::{App, AppError};
use crate::store::personal::DataKeyRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::vault::{DataKey, VaultError};

/// Seals a page of what an agency keeps sealed, from a place on.
type Step = fn(&mut Tx<'_>, &App, &str, Option<Id>, i64) -> Result<Sealed, StoreError>;
/// Rows of dossiers, then notes.
const STEPS: [Step; 2] = [seal_page, reseal_page];

/// Dossiers for which an agency's lock is held at a time.
const PAGE: i64 = 100;

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rekeyed {
    /// Id of the key that seals from now on.
    pub key: String,
    /// Dossiers that were gone through.
    pub dossiers: u64,
    /// Rows that were sealed anew.
    pub rows: u64,
    /// Ids of the keys that no row of this database needs any more.
    pub replaced: Vec<String>,
}

/// Whether the newest key at hand is the one that seals, and no other is in use.
///
/// # Errors
/// The database fails.
pub fn is_settled(app: &App) -> Result<bool, KeysError> {
    let known = app.store.read_blocking::<_, StoreError, _>(|tx| tx.data_keys())?;
    let newest = newest(app)?;
    Ok(matches!(known.as_slice(), [only] if only.searched && only.id == newest.id()))
}

fn newest(app: &App) -> Result<DataKey, KeysError> {
    let ring = app.vault.reload()?;
    Ok(ring.newest().cloned().ok_or_else(|| VaultError::Missing("(none)".into()))?)
}

/// Seals everything under the newest key at hand. `progress` is told after every page. Blocks: not for an async thread.
///
/// # Errors
/// A key is missing or wrong, or the database fails: what was done stays done.
pub fn rekey(app: &App, mut progress: impl FnMut(&Rekeyed)) -> Result<Rekeyed, KeysError> {
    let key = newest(app)?;
    enter(app, &key)?;
    let mut done = Rekeyed { key: key.id().to_owned(), ..Rekeyed::default() };
    for agency in agencies(app)? {
        for step in STEPS {
            let mut after = None;
            loop {
                let (own, agency2) = (app.clone(), agency.clone());
                let page = app.store.write_long_blocking::<_, AppError, _>(&agency, move |tx| {
                    Ok(step(tx, &own, &agency2, after, PAGE)?)
                })?;
                done.dossiers += page.dossiers;
                done.rows += page.rows;
                progress(&done);
                let Some(last) = page.last else { break };
                after = Some(last);
            }
        }
    }
    let id = key.id().to_owned();
    app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| Ok(tx.data_key_searched(&id)?))?;
    done.replaced = retire(app, &key)?;
    Ok(done)
}

/// Enters the key that is to seal, with the database's secret sealed under it.
fn enter(app: &App, key: &DataKey) -> Result<(), KeysError> {
    let (own, key) = (app.clone(), key.clone());
    app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| {
        let known = tx.data_keys()?;
        let last = known.last().ok_or_else(|| StoreError::Corrupt("no data key is entered".into()))?;
        if known.iter().any(|row| row.id == key.id()) {
            let seals = last.id == key.id();
            let detail = format!("data key {} was replaced by {}: a new one comes last", key.id(), last.id);
            return if seals { Ok(()) } else { Err(StoreError::Unavailable(detail).into()) };
        }
        let secret = secret_of(&own.vault.key(&last.id).map_err(StoreError::from)?, last).map_err(StoreError::from)?;
        let row = entry(&own, &key, secret);
        // The last by this order seals, whatever the clock says.
        let added_at = row.added_at.max(last.added_at + 1);
        Ok(tx.data_key_insert(&DataKeyRow { added_at, ..row })?)
    })?;
    Ok(())
}

/// Agencies with sealed rows, when everybody who asked for the key before the new one was entered has ended.
fn agencies(app: &App) -> Result<BTreeSet<String>, KeysError> {
    let in_catalogue = app.store.read_blocking::<_, StoreError, _>(|tx| {
        Ok(app.catalogues.agencies(tx)?.codes().map(str::to_owned).collect::<BTreeSet<_>>())
    })?;
    let begun = app.store.read_blocking(sealing)?;
    // Of the others, a first dossier or note may be under way: it holds the agency's lock, or will see the new key.
    for agency in in_catalogue.difference(&begun) {
        let waited = app.store.write_blocking::<(), AppError, _>(agency, {
            let agency = agency.clone();
            move |tx| {
                tx.head_lock(&agency)?;
                // Only waited for: nothing stays of it.
                Err(AppError::NotFound)
            }
        });
        match waited {
            Ok(()) | Err(AppError::NotFound) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(app.store.read_blocking(sealing)?)
}

/// Agencies that have sealed rows, or may have.
fn sealing(tx: &mut Tx<'_>) -> Result<BTreeSet<String>, StoreError> {
    Ok(tx.event_agencies()?.into_iter().chain(tx.note_agencies()?).collect())
}

/// Lets go of the keys that were replaced, with what was indexed under them.
fn retire(app: &App, key: &DataKey) -> Result<Vec<String>, KeysError> {
    let known = app.store.read_blocking::<_, StoreError, _>(|tx| tx.data_keys())?;
    let old: Vec<String> = known.into_iter().map(|row| row.id).filter(|id| id != key.id()).collect();
    for agency in app.store.read_blocking(sealing)? {
        let (old, agency2, key) = (old.clone(), agency.clone(), key.id().to_owned());
        app.store.write_long_blocking::<_, AppError, _>(&agency, move |tx| {
            tx.head_lock(&agency2)?;
            if tx.personal_under_other_keys(&agency2, &key)? + tx.notes_under_other_keys(&agency2, &key)? > 0 {
                let detail = format!("{agency2} got rows under another key (restored meanwhile?): call it again");
                return Err(StoreError::Unavailable(detail).into());
            }
            Ok(tx.personal_index_forget(&agency2, &old)?)
        })?;
    }
    let ids = old.clone();
    app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| Ok(tx.data_keys_remove(&ids)?))?;
    Ok(old)
}
