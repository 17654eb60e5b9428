//! The chain of what each agency keeps beside its events: declared values, reviews, snapshots, seals, the access log.
//!
//! Every row is a link: SHA-256 over its agency, place, kind and fields, with the hash of the row before it. The
//! chain ends in a head of its own, which is kept elsewhere together with that of the events.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::chain::{Head, check_heads, first_prev_hash};
use super::line::{RecordLine, RecordLink};
use super::{Finding, FindingKind, canonical_time};

/// SHA-256 over the canonical JSON of what the contract says is hashed, in lower-case hexadecimal.
///
/// # Errors
/// The row holds something that has no canonical form.
pub fn record_hash(line: &RecordLine, link: &RecordLink) -> Result<String, String> {
    let hashed = json!({
        "agency": line.agency,
        "seq": link.seq,
        "record": line.record,
        "row": line.row,
        "prev_hash": link.prev_hash,
    });
    let bytes = serde_json_canonicalizer::to_vec(&hashed).map_err(|error| error.to_string())?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

/// Which row of its kind a record is.
#[must_use]
pub fn subject(record: &str, row: &Value) -> String {
    let names: &[&str] = match record {
        "declaration" | "declaration_review" => &["plan", "target", "version"],
        "snapshot_act" => &["snapshot", "n"],
        _ => &["id"],
    };
    let part = |name: &&str| match &row[*name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    names.iter().map(part).collect::<Vec<_>>().join("/")
}

#[derive(Debug, Default)]
struct Chain {
    head: Option<Head>,
    broken: bool,
}

/// Checks records one by one, each agency's in the order of its chain. Memory grows with agencies.
#[derive(Debug, Default)]
pub struct RecordCheck {
    chains: HashMap<String, Chain>,
    kept: BTreeMap<(String, i64), String>,
    known: Vec<Head>,
    count: u64,
}

impl RecordCheck {
    /// A check that also compares with heads of records that were kept elsewhere.
    #[must_use]
    pub fn expecting(known: &[Head]) -> Self {
        let kept = known.iter().map(|head| ((head.agency.clone(), head.seq), head.hash.clone())).collect();
        Self { kept, known: known.to_vec(), ..Self::default() }
    }

    /// Takes the next record. After a finding the rest of that agency is passed over.
    ///
    /// # Errors
    /// The agency's first bad record, by place and name.
    pub fn push(&mut self, line: &RecordLine) -> Result<(), Finding> {
        self.count += 1;
        let chain = self.chains.entry(line.agency.clone()).or_default();
        if chain.broken {
            return Ok(());
        }
        let kept = &self.kept;
        let result = check(chain.head.as_ref(), kept, line);
        match result {
            Ok(head) => {
                chain.head = Some(head);
                Ok(())
            }
            Err(detail) => {
                chain.broken = true;
                Err(Finding::new(&line.agency, 0, FindingKind::Record, detail))
            }
        }
    }

    /// Records taken so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The last good record of each agency, and how the heads kept elsewhere differ.
    #[must_use]
    pub fn finish(self) -> (Vec<Head>, Vec<Finding>) {
        let broken: Vec<String> =
            self.chains.iter().filter(|(_, chain)| chain.broken).map(|(name, _)| name.clone()).collect();
        let mut heads: Vec<Head> = self.chains.into_values().filter_map(|chain| chain.head).collect();
        heads.sort_by(|a, b| a.agency.cmp(&b.agency));
        let known: Vec<Head> = self.known.into_iter().filter(|head| !broken.contains(&head.agency)).collect();
        let findings = check_heads(&heads, &known).into_iter();
        let named = findings.map(|finding| Finding {
            detail: format!("records: {}", finding.detail.replace("entry", "record")),
            seq: 0,
            kind: FindingKind::Record,
            ..finding
        });
        (heads, named.collect())
    }
}

fn check(head: Option<&Head>, kept: &BTreeMap<(String, i64), String>, line: &RecordLine) -> Result<Head, String> {
    let name = format!("{} {}", line.record, subject(&line.record, &line.row));
    let Some(link) = &line.link else {
        return Err(format!("{name}: it is no link of the chain of records"));
    };
    let due = head.map_or(1, |head| head.seq.saturating_add(1));
    let place = format!("record {}, {name}", link.seq);
    if link.seq != due {
        return Err(format!("record {due} is missing before {place}"));
    }
    let before = head.map_or_else(first_prev_hash, |head| head.hash.clone());
    if link.prev_hash != before {
        return Err(format!("{place}: prev_hash {} is not the hash of the one before, {before}", link.prev_hash));
    }
    let hash = record_hash(line, link).map_err(|detail| format!("{place}: {detail}"))?;
    if link.hash != hash {
        return Err(format!("{place}: its content gives {hash}, not {}", link.hash));
    }
    let recorded_at = recorded(&line.row).map_err(|detail| format!("{place}: {detail}"))?;
    content(line).map_err(|detail| format!("{place}: {detail}"))?;
    if let Some(other) = kept.get(&(line.agency.clone(), link.seq))
        && *other != hash
    {
        return Err(format!("{place}: hash {hash}; the head kept elsewhere is {other}"));
    }
    Ok(Head { agency: line.agency.clone(), seq: link.seq, hash, recorded_at })
}

fn recorded(row: &Value) -> Result<DateTime<Utc>, String> {
    canonical_time(row["recorded_at"].as_str().ok_or("without the time of its recording")?)
}

/// A frozen report is the one that was hashed when it was taken.
fn content(line: &RecordLine) -> Result<(), String> {
    if line.record != "snapshot" {
        return Ok(());
    }
    let bytes = serde_json_canonicalizer::to_vec(&line.row["content"]).map_err(|error| error.to_string())?;
    let hash = hex::encode(Sha256::digest(bytes));
    if line.row["content_hash"] == *hash {
        return Ok(());
    }
    Err(format!("content_hash is not that of its content, {hash}"))
}
