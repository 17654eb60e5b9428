//! Personal values against the commitments in the chain.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::line::{EventLine, PersonalLine};
use super::{Finding, FindingKind};

/// SHA-256(salt ‖ canonical JSON of the values).
///
/// # Errors
/// The salt is not hexadecimal, or the values have no canonical form.
pub fn commitment(salt: &str, body: &Value) -> Result<[u8; 32], String> {
    let salt = hex::decode(salt).map_err(|error| format!("salt: {error}"))?;
    let body = serde_json_canonicalizer::to_vec(body).map_err(|error| error.to_string())?;
    Ok(Sha256::new().chain_update(salt).chain_update(body).finalize().into())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    agency: usize,
    n: u32,
    dossier: Uuid,
}

/// What personal checks found when all entries were seen.
#[derive(Debug, Default)]
pub struct PersonalEnd {
    /// Commitments whose personal row is gone.
    pub erased: u64,
    /// The first row of each agency that no entry commits to.
    pub findings: Vec<Finding>,
}

/// Takes the personal rows, then the entries, as a full copy holds them. Memory grows with the personal rows.
#[derive(Debug, Default)]
pub struct PersonalCheck {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    rows: HashMap<Key, [u8; 32]>,
    erased: u64,
}

impl PersonalCheck {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn key(&mut self, agency: &str, dossier: &str, n: u32) -> Result<Key, String> {
        let dossier = Uuid::parse_str(dossier).map_err(|error| format!("dossier `{dossier}`: {error}"))?;
        let agency = match self.by_name.get(agency) {
            Some(index) => *index,
            None => {
                self.names.push(agency.to_owned());
                self.by_name.insert(agency.to_owned(), self.names.len() - 1);
                self.names.len() - 1
            }
        };
        Ok(Key { agency, n, dossier })
    }

    /// # Errors
    /// The row cannot be read, or stands twice.
    pub fn row(&mut self, row: &PersonalLine) -> Result<(), Finding> {
        self.row_hashed(row, commitment(&row.salt, &row.body))
    }

    /// The same of a row whose values were hashed elsewhere, on another core.
    ///
    /// # Errors
    /// As [`PersonalCheck::row`].
    pub fn row_hashed(&mut self, row: &PersonalLine, hash: Result<[u8; 32], String>) -> Result<(), Finding> {
        let name = || format!("personal row {}/{}", row.dossier, row.n);
        let found = |kind, detail: String| Finding::new(&row.agency, 0, kind, format!("{}: {detail}", name()));
        let commitment = hash.map_err(|detail| found(FindingKind::Personal, detail))?;
        let key =
            self.key(&row.agency, &row.dossier, row.n).map_err(|detail| found(FindingKind::Unreadable, detail))?;
        match self.rows.insert(key, commitment) {
            None => Ok(()),
            Some(_) => Err(found(FindingKind::Personal, "stands twice".into())),
        }
    }

    /// # Errors
    /// The entry's commitment is not that of its personal row.
    pub fn event(&mut self, event: &EventLine) -> Result<(), Finding> {
        let found = |kind, detail: String| Finding::new(&event.agency, event.seq, kind, detail);
        let Some(committed) = event.payload.get("personal") else { return Ok(()) };
        let key = self
            .key(&event.agency, &event.dossier, event.n)
            .map_err(|detail| found(FindingKind::Unreadable, detail))?;
        match self.rows.remove(&key) {
            None => {
                self.erased += 1;
                Ok(())
            }
            Some(row) if committed.as_str() == Some(hex::encode(row).as_str()) => Ok(()),
            Some(_) => Err(found(
                FindingKind::Personal,
                format!(
                    "the personal values of dossier {}, n {}, do not match their commitment",
                    event.dossier, event.n
                ),
            )),
        }
    }

    #[must_use]
    pub fn finish(self) -> PersonalEnd {
        let mut first: HashMap<usize, Key> = HashMap::new();
        for key in self.rows.into_keys() {
            match first.get(&key.agency) {
                Some(other) if (other.dossier, other.n) <= (key.dossier, key.n) => {}
                _ => {
                    first.insert(key.agency, key);
                }
            }
        }
        let mut findings: Vec<Finding> = first
            .into_iter()
            .map(|(agency, key)| {
                let agency = self.names.get(agency).map_or("", String::as_str);
                let detail = format!("personal row {}/{}: no entry commits to it", key.dossier, key.n);
                Finding::new(agency, 0, FindingKind::Personal, detail)
            })
            .collect();
        findings.sort_by(|a, b| a.agency.cmp(&b.agency));
        PersonalEnd { erased: self.erased, findings }
    }
}
