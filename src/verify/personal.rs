//! Personal values against the commitments in the chains.

use std::collections::HashMap;

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::line::{EventLine, PersonalLine, RecordLine};
use super::records::subject;
use super::unseal::Keys;
use super::{Finding, FindingKind};

/// SHA-256(salt ‖ canonical JSON of the values).
///
/// # Errors
/// The values have no canonical form.
pub fn commitment(salt: &[u8], body: &Value) -> Result<[u8; 32], String> {
    let body = serde_json_canonicalizer::to_vec(body).map_err(|error| error.to_string())?;
    Ok(Sha256::new().chain_update(salt).chain_update(body).finalize().into())
}

/// The commitment of a row as its values stand; `None` without keys, an error says why it does not open.
#[must_use]
pub fn hash(row: &PersonalLine, keys: Option<&Keys>) -> Option<Result<[u8; 32], String>> {
    let keys = keys?;
    Some(keys.open(row).and_then(|(salt, body)| commitment(&salt, &body)))
}

/// Where the place of an event would stand in the row of a note: events begin with 1.
const NOTE: u32 = 0;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    agency: usize,
    n: u32,
    dossier: Uuid,
}

fn found(row: &PersonalLine, kind: FindingKind, detail: &str) -> Finding {
    Finding::new(&row.agency, 0, kind, format!("personal row {}/{}: {detail}", row.dossier, row.n))
}

/// What personal checks found when all entries were seen.
#[derive(Debug, Default)]
pub struct PersonalEnd {
    /// Commitments whose personal row is gone.
    pub erased: u64,
    /// Personal rows that were not opened, for want of keys.
    pub unchecked: u64,
    /// The first row of each agency that nothing commits to.
    pub findings: Vec<Finding>,
}

/// Takes the personal rows, then the entries and the records, as a full copy holds them. Memory grows with the rows.
#[derive(Debug, Default)]
pub struct PersonalCheck {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    /// Commitments; none of a row that was not opened.
    rows: HashMap<Key, Option<[u8; 32]>>,
    unchecked: u64,
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

    /// A row as it stands in the file. Without keys it is known to be there, and no more is said of it.
    ///
    /// # Errors
    /// The row cannot be opened with the keys, or stands twice.
    pub fn row(&mut self, row: &PersonalLine, keys: Option<&Keys>) -> Result<(), Finding> {
        self.row_hashed(row, hash(row, keys))
    }

    /// The same of a row that was opened and hashed elsewhere, on another core.
    ///
    /// # Errors
    /// As [`PersonalCheck::row`].
    pub fn row_hashed(&mut self, row: &PersonalLine, hash: Option<Result<[u8; 32], String>>) -> Result<(), Finding> {
        match hash {
            None => {
                self.unchecked += 1;
                self.put(row, None)
            }
            Some(Ok(commitment)) => self.put(row, Some(commitment)),
            Some(Err(detail)) => {
                self.put(row, None)?;
                Err(found(row, FindingKind::Personal, &detail))
            }
        }
    }

    fn put(&mut self, row: &PersonalLine, commitment: Option<[u8; 32]>) -> Result<(), Finding> {
        let key = self
            .key(&row.agency, &row.dossier, row.n)
            .map_err(|detail| found(row, FindingKind::Unreadable, &detail))?;
        match self.rows.insert(key, commitment) {
            None => Ok(()),
            Some(_) => Err(found(row, FindingKind::Personal, "stands twice")),
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
            Some(None) => Ok(()),
            Some(Some(row)) if committed.as_str() == Some(hex::encode(row).as_str()) => Ok(()),
            Some(_) => Err(found(
                FindingKind::Personal,
                format!(
                    "the personal values of dossier {}, n {}, do not match their commitment",
                    event.dossier, event.n
                ),
            )),
        }
    }

    /// The note that a declared value or a review names, as `sealed:<id>:<commitment>`; other texts stand open.
    ///
    /// # Errors
    /// Its commitment is not that of the note.
    pub fn record(&mut self, record: &RecordLine) -> Result<(), Finding> {
        let note = match record.record.as_str() {
            "declaration" => &record.row["body"]["note"],
            "declaration_review" => &record.row["note"],
            _ => return Ok(()),
        };
        let named = note.as_str().and_then(|text| text.strip_prefix("sealed:")?.split_once(':'));
        let Some((id, committed)) = named else { return Ok(()) };
        let Ok(key) = self.key(&record.agency, id, NOTE) else { return Ok(()) };
        match self.rows.remove(&key) {
            None => {
                self.erased += 1;
                Ok(())
            }
            Some(None) => Ok(()),
            Some(Some(row)) if committed == hex::encode(row) => Ok(()),
            Some(_) => {
                let name = format!("{} {}", record.record, subject(&record.record, &record.row));
                let detail = format!("the note of {name} does not match its commitment");
                Err(Finding::new(&record.agency, 0, FindingKind::Personal, detail))
            }
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
                let detail = format!("personal row {}/{}: nothing commits to it", key.dossier, key.n);
                Finding::new(agency, 0, FindingKind::Personal, detail)
            })
            .collect();
        findings.sort_by(|a, b| a.agency.cmp(&b.agency));
        PersonalEnd { erased: self.erased, unchecked: self.unchecked, findings }
    }
}
