//! Personal values at rest: rows as stored, and as they are once opened.

use diesel::prelude::*;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::schema::{data_keys, personal, personal_index};
use super::sql_types::Id;
use super::tx::Tx;
use crate::domain::chain::canonical_text;
use crate::vault::{DataKey, NONCE, Place, Vault, VaultError};

/// The key of a row that an earlier version of the program wrote, and that is not sealed yet.
pub const PLAIN: &str = "";

/// Personal values of one event, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = personal)]
pub struct PersonalRow {
    pub agency_id: String,
    pub dossier_id: Id,
    pub n: i32,
    pub key_id: String,
    pub sealed: Vec<u8>,
}

/// A key that rows are sealed with.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = data_keys)]
pub struct DataKeyRow {
    pub id: String,
    pub added_at: i64,
    /// The blind index under it is complete; of one key at a time.
    pub searched: bool,
    /// The database's own secret, sealed under it.
    pub secret: Vec<u8>,
}

/// A number by which an applicant was known, as a keyed digest.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = personal_index)]
pub struct IndexRow {
    pub agency_id: String,
    pub key_id: String,
    pub digest: Vec<u8>,
    pub dossier_id: Id,
    pub n: i32,
    pub known_from: i64,
    /// When a correction put another applicant in its place.
    pub known_to: i64,
}

/// What a row holds: the salt of the commitment, and the values.
#[derive(Clone)]
pub struct Opened {
    pub salt: Vec<u8>,
    pub body: Map<String, Value>,
}

impl Opened {
    /// Hexadecimal salt, then the canonical JSON object.
    fn plain(&self) -> Zeroizing<Vec<u8>> {
        let text = canonical_text(&Value::Object(self.body.clone()));
        Zeroizing::new((hex::encode(&self.salt) + &text).into_bytes())
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let split = plain.iter().position(|byte| *byte == b'{')?;
        let (salt, body) = plain.split_at(split);
        Some(Self { salt: hex::decode(salt).ok()?, body: serde_json::from_slice(body).ok()? })
    }
}

impl PersonalRow {
    #[must_use]
    pub fn seal(key: &DataKey, (agency, dossier, n): (&str, Id, i32), values: &Opened, nonce: [u8; NONCE]) -> Self {
        let place = Place { agency, dossier: dossier.0.into_bytes(), n };
        let sealed = key.seal(&place, &values.plain(), nonce);
        Self { agency_id: agency.to_owned(), dossier_id: dossier, n, key_id: key.id().to_owned(), sealed }
    }

    /// # Errors
    /// The key is missing, or the row is not what was sealed there.
    pub fn open(&self, vault: &Vault) -> Result<Opened, StoreError> {
        let plain = match self.key_id.as_str() {
            PLAIN => Zeroizing::new(self.sealed.clone()),
            key => vault.unseal(key, &self.place(), &self.sealed)?,
        };
        // What it could not read is not quoted.
        Opened::read(&plain).ok_or_else(|| StoreError::Corrupt(self.place().to_string()))
    }

    #[must_use]
    pub fn place(&self) -> Place<'_> {
        Place { agency: &self.agency_id, dossier: self.dossier_id.0.into_bytes(), n: self.n }
    }
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Forged(_) => Self::Corrupt(error.to_string()),
            VaultError::Missing(_) | VaultError::Unreadable { .. } => Self::Unavailable(error.to_string()),
        }
    }
}

/// The key under which the blind index is complete.
///
/// # Errors
/// The database fails, or there is none yet: rows are being sealed.
pub fn searched_key(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let key = tx.data_keys()?.into_iter().find(|row| row.searched);
    key.map(|row| row.id).ok_or_else(|| StoreError::Unavailable("personal rows are being sealed".into()))
}
