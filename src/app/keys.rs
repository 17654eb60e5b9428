//! The database's keys: what its personal rows are sealed with, and what must be at hand to open them.
//!
//! The table `data_keys` holds ids only. At the first start the newest key given is entered, and rows that an earlier
//! version wrote are sealed, agency by agency: what breaks off goes on at the next start, for the key counts as
//! `searched` only when all is done. Writers ask the table which key seals, inside their transaction and behind their
//! agency's lock, so that a rotation in another process holds for whatever is recorded after it.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{App, AppError};
use crate::domain::applicant::Applicant;
use crate::domain::event::{CorrectedField, Event, Payload};
use crate::domain::history::FOREVER;
use crate::store::history::Personal;
use crate::store::personal::{DataKeyRow, IndexRow, Opened, PersonalRow};
use crate::store::rows::{ImportKeyRow, small};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx, history};
use crate::vault::{DataKey, NONCE, Place, VaultError};

/// Rows read at a time.
const PAGE: i64 = 500;
/// Begins hashes of what people sent that are keyed.
pub const KEYED: &str = "k:";
/// Writers of the table of keys wait for one another here.
pub(super) const QUEUE: &str = "";

/// Why the personal rows of a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "khóa dữ liệu cá nhân: thiếu khóa / the database is sealed with data key {0}, which is not among the keys \
         given (MOTCUA_DATA_KEY_FILE, MOTCUA_DATA_KEY)"
    )]
    Missing(String),
    #[error("data keys: {0}")]
    Vault(#[from] VaultError),
}

impl From<AppError> for KeysError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => Self::Store(error),
            other => Self::Store(StoreError::Other(other.to_string())),
        }
    }
}

/// Makes sure that every key of the database is at hand, and seals what is not sealed yet. Says how many rows were
/// sealed. Blocks: not for an async thread.
///
/// # Errors
/// A key is missing or wrong, or the database fails.
pub fn prepare(app: &App) -> Result<u64, KeysError> {
    let known = app.store.read_blocking::<_, StoreError, _>(|tx| tx.data_keys())?;
    let known = if known.is_empty() { first(app)? } else { known };
    for row in &known {
        match app.vault.key(&row.id) {
            Ok(key) => app.vault.learn(secret_of(&key, row)?),
            Err(VaultError::Missing(id)) => return Err(KeysError::Missing(id)),
            Err(other) => return Err(other.into()),
        }
    }
    let Some(newest) = known.last().filter(|_| known.iter().all(|row| !row.searched)) else { return Ok(0) };
    let agencies = app.store.read_blocking::<_, StoreError, _>(|tx| tx.event_agencies())?;
    let mut sealed = 0;
    for agency in agencies {
        let app2 = app.clone();
        sealed += app
            .store
            .write_long_blocking::<_, AppError, _>(&agency.clone(), move |tx| Ok(seal_agency(tx, &app2, &agency)?))?;
    }
    let id = newest.id.clone();
    app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| Ok(tx.data_key_searched(&id)?))?;
    if sealed > 0 {
        // What lay open in the file until now is not to stay in its free pages.
        app.store.compact()?;
    }
    Ok(sealed)
}

/// Enters the newest key that was given, with a secret for the database.
fn first(app: &App) -> Result<Vec<DataKeyRow>, KeysError> {
    let ring = app.vault.ring();
    let newest = ring.newest().ok_or_else(|| VaultError::Missing("(none)".into()))?;
    let row = entry(app, newest, app.clock.random());
    Ok(app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| {
        tx.data_key_insert(&row)?;
        // Another process may have been faster.
        Ok(tx.data_keys()?)
    })?)
}

/// A key's row, not searched yet.
pub(super) fn entry(app: &App, key: &DataKey, secret: [u8; 32]) -> DataKeyRow {
    let sealed = key.seal(&SECRET_PLACE, &secret, app.clock.random());
    DataKeyRow {
        id: key.id().to_owned(),
        added_at: app.clock.now().timestamp_micros(),
        searched: false,
        secret: sealed,
    }
}

/// The database's secret as a key's row keeps it.
///
/// # Errors
/// It was changed.
pub(super) fn secret_of(key: &DataKey, row: &DataKeyRow) -> Result<[u8; 32], VaultError> {
    let plain = key.open(&SECRET_PLACE, &row.secret)?;
    plain.as_slice().try_into().map_err(|_| VaultError::Forged(format!("the secret of data key {}", row.id)))
}

/// No dossier's row lies there: agencies have codes.
const SECRET_PLACE: Place<'static> = Place { agency: "", dossier: [0; 16], n: 0 };

/// Enters a key that restored rows are sealed with, as an old one: it opens, and the next rotation replaces it.
///
/// # Errors
/// It is not at hand, or the database fails.
pub(super) fn enter_old(tx: &mut Tx<'_>, app: &App, id: &str) -> Result<(), StoreError> {
    let known = tx.data_keys()?;
    let Some(last) = known.last().filter(|_| known.iter().all(|row| row.id != id)) else { return Ok(()) };
    let secret = secret_of(&app.vault.key(&last.id)?, last)?;
    tx.data_key_insert(&DataKeyRow { added_at: 0, ..entry(app, &app.vault.key(id)?, secret) })
}

/// The keys under which a transaction writes.
#[derive(Debug, Clone)]
pub struct Sealing {
    /// Seals.
    pub newest: DataKey,
    /// Each has its own blind index: two while a rotation is under way.
    pub indexed: Vec<DataKey>,
}

impl Sealing {
    /// Asked for behind the agency's lock: see the module.
    ///
    /// # Errors
    /// A key is not at hand, or the database fails.
    pub fn of(tx: &mut Tx<'_>, app: &App) -> Result<Self, StoreError> {
        let rows = tx.data_keys()?;
        let newest = rows.last().ok_or_else(|| StoreError::Corrupt("no data key is entered".into()))?;
        let newest = app.vault.key(&newest.id)?;
        let mut indexed = vec![newest.clone()];
        for row in rows.iter().filter(|row| row.searched && row.id != newest.id()) {
            indexed.push(app.vault.key(&row.id)?);
        }
        Ok(Self { newest, indexed })
    }

    #[must_use]
    pub fn row(&self, place: (&str, Id, i32), values: &Opened, nonce: [u8; NONCE]) -> PersonalRow {
        PersonalRow::seal(&self.newest, place, values, nonce)
    }

    /// The blind index of a dossier, from the whole of its history.
    ///
    /// # Errors
    /// An applicant is stored that this program never writes.
    pub fn index(
        &self,
        agency: &str,
        id: Uuid,
        events: &[Event],
        personal: &Personal,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let stated: Vec<&Event> = events.iter().filter(|event| states_applicant(&event.payload)).collect();
        let mut rows = Vec::new();
        for (i, event) in stated.iter().enumerate() {
            let known_to = stated.get(i + 1).map_or(FOREVER, |next| next.recorded_at.timestamp_micros());
            if let Some(values) = personal.get(&event.n) {
                rows.extend(self.digests(agency, id, event, values, known_to)?);
            }
        }
        Ok(rows)
    }

    /// The same of one event.
    ///
    /// # Errors
    /// As [`Sealing::index`].
    pub fn digests(
        &self,
        agency: &str,
        id: Uuid,
        event: &Event,
        values: &serde_json::Map<String, Value>,
        known_to: i64,
    ) -> Result<Vec<IndexRow>, StoreError> {
        let Some(value) = values.get("applicant").or_else(|| values.get("value")) else { return Ok(Vec::new()) };
        // The error's own text could quote what it could not read.
        let applicant: Applicant =
            serde_json::from_value(value.clone()).map_err(|_| StoreError::Corrupt("an applicant".into()))?;
        let numbers = applicant.numbers();
        let row = |key: &DataKey, (kind, number): &(&'static str, String)| IndexRow {
            agency_id: agency.to_owned(),
            key_id: key.id().to_owned(),
            digest: key.digest(agency, kind, number),
            dossier_id: Id(id),
            n: small(event.n),
            known_from: event.recorded_at.timestamp_micros(),
            known_to,
        };
        Ok(self.indexed.iter().flat_map(|key| numbers.iter().map(move |number| row(key, number))).collect())
    }
}

/// Whether an event says who the applicant is.
#[must_use]
pub fn states_applicant(payload: &Payload) -> bool {
    match payload {
        Payload::Submitted(_) => true,
        Payload::Corrected(correction) => correction.field == CorrectedField::Applicant,
        _ => false,
    }
}

/// Personal values of some dossiers, by dossier.
///
/// # Errors
/// A row cannot be opened.
pub(super) fn opened(app: &App, rows: &[PersonalRow]) -> Result<BTreeMap<Id, Personal>, StoreError> {
    let mut found: BTreeMap<Id, Personal> = BTreeMap::new();
    for row in rows {
        let n = u32::try_from(row.n).map_err(|_| StoreError::Corrupt(row.place().to_string()))?;
        found.entry(row.dossier_id).or_default().insert(n, row.open(&app.vault)?.body);
    }
    Ok(found)
}

/// Seals an agency's open rows, indexes them, and keys the hashes of its imports.
fn seal_agency(tx: &mut Tx<'_>, app: &App, agency: &str) -> Result<u64, StoreError> {
    let (mut sealed, mut after) = (0, None);
    loop {
        let page = seal_page(tx, app, agency, after, PAGE)?;
        sealed += page.rows;
        let Some(last) = page.last else { break };
        after = Some(last);
    }
    key_imports(tx, app, agency)?;
    Ok(sealed)
}

/// What a page came to; `last` is where the next begins.
pub(super) struct Sealed {
    pub dossiers: u64,
    pub rows: u64,
    pub last: Option<Id>,
}

/// Puts what is not sealed with the newest key under it, and indexes it; as many dossiers, behind the agency's lock.
///
/// # Errors
/// A key is not at hand, or the database fails.
pub(super) fn seal_page(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &str,
    after: Option<Id>,
    size: i64,
) -> Result<Sealed, StoreError> {
    tx.head_lock(agency)?;
    let sealing = Sealing::of(tx, app)?;
    let ids = tx.dossier_ids_after(agency, after, size)?;
    let mut page = Sealed { dossiers: ids.len() as u64, rows: 0, last: ids.last().copied() };
    let rows = tx.personal_of_many(&[agency.to_owned()], &ids)?;
    let mut events = history::events_of_many(tx, agency, &ids)?;
    for row in rows.iter().filter(|row| row.key_id != sealing.newest.id()) {
        let values = row.open(&app.vault)?;
        tx.personal_reseal(&sealing.row((agency, row.dossier_id, row.n), &values, app.clock.random()))?;
        page.rows += 1;
    }
    for (id, personal) in opened(app, &rows)? {
        let events = events.remove(&id).unwrap_or_default();
        tx.personal_index_insert(&sealing.index(agency, id.0, &events, &personal)?)?;
    }
    Ok(page)
}

/// Hashes of imported lines say what was in them to who can guess it: they get keyed.
fn key_imports(tx: &mut Tx<'_>, app: &App, agency: &str) -> Result<(), StoreError> {
    loop {
        let rows = tx.import_keys_unkeyed(agency, KEYED, PAGE)?;
        if rows.is_empty() {
            return Ok(());
        }
        for old in rows {
            let hash = line_hash(app, &old.content_hash);
            // A line without any other name is known by its hash.
            let source_id = if old.source_id == old.content_hash { hash.clone() } else { old.source_id.clone() };
            tx.import_key_replace(&old, &ImportKeyRow { source_id, content_hash: hash, ..old.clone() })?;
        }
    }
}

/// The keyed hash of an imported line, from its SHA-256.
#[must_use]
pub fn line_hash(app: &App, content: &str) -> String {
    format!("{KEYED}{}", app.vault.hash("import line", content.as_bytes()))
}
