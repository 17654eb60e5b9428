//! The hash chain of each agency, and its comparison with heads that were kept elsewhere.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::line::EventLine;
use super::{Finding, FindingKind, canonical_time};

/// The end of an agency's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub agency: String,
    pub seq: i64,
    pub hash: String,
    pub recorded_at: DateTime<Utc>,
}

/// SHA-256 over the RFC 8785 canonical JSON of what the contract says is hashed, in lower-case hexadecimal.
///
/// # Errors
/// The payload holds something that has no canonical form.
pub fn entry_hash(event: &EventLine) -> Result<String, String> {
    let hashed = json!({
        "agency": event.agency,
        "seq": event.seq,
        "dossier": event.dossier,
        "type": event.event_type,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "actor": event.actor,
        "payload": event.payload,
        "prev_hash": event.prev_hash,
    });
    let bytes = serde_json_canonicalizer::to_vec(&hashed).map_err(|error| error.to_string())?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

pub(super) fn first_prev_hash() -> String {
    "0".repeat(64)
}

#[derive(Debug, Default)]
struct Chain {
    head: Option<Head>,
    broken: bool,
}

/// Where a dossier stands: the place of its agency in `ChainCheck::names`, and its last `n`.
#[derive(Debug, Clone, Copy)]
struct Place {
    agency: usize,
    n: u32,
}

/// Checks chains entry by entry. Memory grows with agencies and dossiers, not with events.
#[derive(Debug, Default)]
pub struct ChainCheck {
    names: HashMap<String, usize>,
    chains: Vec<Chain>,
    dossiers: HashMap<Uuid, Place>,
    kept: BTreeMap<(String, i64), String>,
}

impl ChainCheck {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A check that also compares hashes where the chain passes a head that was kept elsewhere. Heads beyond its
    /// end are for [`check_heads`].
    #[must_use]
    pub fn expecting(known: &[Head]) -> Self {
        let kept = known.iter().map(|head| ((head.agency.clone(), head.seq), head.hash.clone())).collect();
        Self { kept, ..Self::default() }
    }

    /// Takes the next entry, each agency's in `seq` order. After a finding the rest of that agency is passed over.
    ///
    /// # Errors
    /// The agency's first bad entry.
    pub fn push(&mut self, event: &EventLine) -> Result<(), Finding> {
        self.push_hashed(event, entry_hash(event))
    }

    /// The same of an entry whose content was hashed elsewhere, on another core.
    ///
    /// # Errors
    /// The agency's first bad entry.
    pub fn push_hashed(&mut self, event: &EventLine, hash: Result<String, String>) -> Result<(), Finding> {
        let index = self.index_of(&event.agency);
        if self.chains.get(index).is_some_and(|chain| chain.broken) {
            if let Ok(dossier) = Uuid::parse_str(&event.dossier) {
                self.dossiers.entry(dossier).or_insert(Place { agency: index, n: 0 });
            }
            return Ok(());
        }
        let result = self.check(index, event, hash);
        if let Some(chain) = self.chains.get_mut(index) {
            match &result {
                Ok(recorded_at) => {
                    let (agency, hash) = (event.agency.clone(), event.hash.clone());
                    chain.head = Some(Head { agency, seq: event.seq, hash, recorded_at: *recorded_at });
                }
                Err(_) => chain.broken = true,
            }
        }
        result.map(drop)
    }

    fn index_of(&mut self, agency: &str) -> usize {
        if let Some(index) = self.names.get(agency) {
            return *index;
        }
        let index = self.chains.len();
        self.names.insert(agency.to_owned(), index);
        self.chains.push(Chain::default());
        index
    }

    fn check(
        &mut self,
        index: usize,
        event: &EventLine,
        hash: Result<String, String>,
    ) -> Result<DateTime<Utc>, Finding> {
        let found = |seq, kind, detail: String| Finding::new(&event.agency, seq, kind, detail);
        let here = |kind, detail| found(event.seq, kind, detail);
        let head = self.chains.get(index).and_then(|chain| chain.head.as_ref());

        let due = head.map_or(1, |head| head.seq.saturating_add(1));
        if event.seq != due {
            let detail = format!("entry {due} is missing here; entry {} stands in its place", event.seq);
            return Err(found(due, FindingKind::Sequence, detail));
        }
        let before = head.map_or_else(first_prev_hash, |head| head.hash.clone());
        if event.prev_hash != before {
            let detail = format!("prev_hash {} is not the hash of the entry before, {before}", event.prev_hash);
            return Err(here(FindingKind::PrevHash, detail));
        }
        let hash = hash.map_err(|detail| here(FindingKind::Unreadable, detail))?;
        if event.hash != hash {
            return Err(here(FindingKind::Hash, format!("its content gives {hash}, not {}", event.hash)));
        }
        canonical_time(&event.occurred_at).map_err(|detail| here(FindingKind::Unreadable, detail))?;
        let recorded_at = canonical_time(&event.recorded_at).map_err(|detail| here(FindingKind::Unreadable, detail))?;
        if head.is_some_and(|head| head.recorded_at >= recorded_at) {
            let detail = format!("recorded at {}, not after the entry before", event.recorded_at);
            return Err(here(FindingKind::RecordedAt, detail));
        }
        if let Some(kept) = self.kept.get(&(event.agency.clone(), event.seq))
            && *kept != hash
        {
            return Err(here(FindingKind::Head, format!("hash {hash}; the head kept elsewhere is {kept}")));
        }
        self.check_dossier(index, event)?;
        Ok(recorded_at)
    }

    fn check_dossier(&mut self, index: usize, event: &EventLine) -> Result<(), Finding> {
        let found = |kind, detail: String| Finding::new(&event.agency, event.seq, kind, detail);
        let dossier = Uuid::parse_str(&event.dossier)
            .map_err(|error| found(FindingKind::Unreadable, format!("dossier `{}`: {error}", event.dossier)))?;
        let place = self.dossiers.entry(dossier).or_insert(Place { agency: index, n: 0 });
        if place.agency != index {
            let detail = format!("dossier {dossier} belongs to another agency");
            return Err(found(FindingKind::DossierOrder, detail));
        }
        let due = place.n.saturating_add(1);
        if event.n != due {
            let detail = format!("n {} of dossier {dossier}, where {due} is next", event.n);
            return Err(found(FindingKind::DossierOrder, detail));
        }
        place.n = due;
        Ok(())
    }

    /// Whether a finding was made in this agency's chain.
    #[must_use]
    pub fn is_broken(&self, agency: &str) -> bool {
        self.names.get(agency).and_then(|index| self.chains.get(*index)).is_some_and(|chain| chain.broken)
    }

    #[must_use]
    pub fn agencies(&self) -> u64 {
        self.chains.len() as u64
    }

    #[must_use]
    pub fn dossiers(&self) -> u64 {
        self.dossiers.len() as u64
    }

    /// The last good entry of each agency, by agency code.
    #[must_use]
    pub fn finish(self) -> Vec<Head> {
        let mut heads: Vec<Head> = self.chains.into_iter().filter_map(|chain| chain.head).collect();
        heads.sort_by(|a, b| a.agency.cmp(&b.agency));
        heads
    }
}

/// Compares the heads of a check with heads that were kept elsewhere: a shorter chain was truncated or rolled back,
/// another hash at the same place means rewritten history. Where the chain has grown since, only
/// [`ChainCheck::expecting`] can tell.
#[must_use]
pub fn check_heads(found: &[Head], known: &[Head]) -> Vec<Finding> {
    let by_agency: HashMap<&str, &Head> = found.iter().map(|head| (head.agency.as_str(), head)).collect();
    let mut findings = Vec::new();
    for kept in known {
        let (seq, hash) = by_agency.get(kept.agency.as_str()).map_or((0, ""), |head| (head.seq, head.hash.as_str()));
        if seq < kept.seq {
            let detail = format!("the chain ends at entry {seq}; a head kept elsewhere is entry {}", kept.seq);
            findings.push(Finding::new(&kept.agency, seq.saturating_add(1), FindingKind::Truncated, detail));
        } else if seq == kept.seq && hash != kept.hash {
            let detail = format!("hash {hash}; the head kept elsewhere is {}", kept.hash);
            findings.push(Finding::new(&kept.agency, seq, FindingKind::Head, detail));
        }
    }
    findings
}
