//! Frozen reports, and the seals and verifications of each, as `record` lines.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::app::snapshots::{Sealable, frozen, sealable};
use crate::domain::chain::canonical_text;
use crate::domain::time::{canonical, from_micros, parse};
use crate::store::StoreError;
use crate::store::reports::Row;
use crate::store::rows::{SnapshotActRow, SnapshotRow};
use crate::store::sql_types::Id;

/// A snapshot in a copy; the agency stands on the line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    id: Uuid,
    recorded_at: String,
    actor: String,
    basis: String,
    label: String,
    report: String,
    from: String,
    to: String,
    known_at: String,
    content: Value,
    content_hash: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    snapshot: Uuid,
    n: i32,
    act: String,
    recorded_at: String,
    actor: String,
    content: Value,
}

impl Snapshot {
    /// # Errors
    /// The row holds what this program never writes; so for acts.
    pub fn of(row: SnapshotRow) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt(format!("snapshot {}", row.id.0));
        Ok(Self {
            content: serde_json::from_str(&row.content).map_err(corrupt)?,
            id: row.id.0,
            recorded_at: canonical(from_micros(row.recorded_at)),
            actor: row.actor,
            basis: row.basis,
            label: row.label,
            report: row.report,
            from: row.period_from,
            to: row.period_to,
            known_at: canonical(from_micros(row.known_at)),
            content_hash: row.content_hash,
        })
    }
}

impl Act {
    pub fn of(row: SnapshotActRow) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt(format!("act {} on snapshot {}", row.n, row.snapshot_id.0));
        Ok(Self {
            content: serde_json::from_str(&row.content).map_err(corrupt)?,
            snapshot: row.snapshot_id.0,
            n: row.n,
            act: row.kind,
            recorded_at: canonical(from_micros(row.recorded_at)),
            actor: row.actor,
        })
    }
}

/// A snapshot as stored, if its content is the one that was hashed and says the same as the fields beside it.
///
/// # Errors
/// It is not; the text names the snapshot. So for acts.
pub fn read(agency: &str, line: &Value) -> Result<SnapshotRow, String> {
    let named = |detail: String| format!("{}: {detail}", line["id"].as_str().unwrap_or("without an id"));
    let read = Snapshot::deserialize(line).map_err(|error| named(error.to_string()))?;
    let Sealable { text, hash } = sealable(&read.content);
    if hash != read.content_hash {
        return Err(named(format!("content_hash is {}, that of its content is {hash}", read.content_hash)));
    }
    let row = SnapshotRow {
        agency_id: agency.to_owned(),
        id: Id(read.id),
        recorded_at: micros(&read.recorded_at).map_err(named)?,
        actor: read.actor,
        basis: read.basis,
        label: read.label,
        report: read.report,
        period_from: read.from,
        period_to: read.to,
        known_at: micros(&read.known_at).map_err(named)?,
        content: text,
        content_hash: hash,
    };
    agrees(&row, &read.content).map_err(named)?;
    Ok(row)
}

/// The fields beside the content are not hashed.
fn agrees(row: &SnapshotRow, content: &Value) -> Result<(), String> {
    let report = match row.basis.as_str() {
        "computed" => {
            let frozen = frozen(row).map_err(|error| error.to_string())?;
            let hash = |text: &String| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            let (rows, hashes) = (&frozen.report.rows, &frozen.dossiers);
            let complete =
                |(row, hashes): (&Row, &Vec<String>)| row.cells.len() == hashes.len() && hashes.iter().all(hash);
            if rows.len() != hashes.len() || !rows.iter().zip(hashes).all(complete) {
                return Err("not every cell has the hash of its dossiers".to_owned());
            }
            if frozen.report.known_at.timestamp_micros() != row.known_at {
                return Err("known_at is not that of its content".to_owned());
            }
            &content["report"]
        }
        "declared" => content,
        other => return Err(format!("`{other}` is no basis")),
    };
    let id = row.id.0.to_string();
    let pairs = [
        ("id", &content["id"], &id),
        ("agency", &content["agency"], &row.agency_id),
        ("label", &content["label"], &row.label),
        ("basis", &content["basis"], &row.basis),
        ("report", &report["report"], &row.report),
        ("from", &report["from"], &row.period_from),
        ("to", &report["to"], &row.period_to),
    ];
    match pairs.into_iter().find(|(_, frozen, beside)| frozen.as_str() != Some(beside)) {
        Some((name, ..)) => Err(format!("{name} is not that of its content")),
        None => Ok(()),
    }
}

pub fn read_act(agency: &str, line: &Value) -> Result<SnapshotActRow, String> {
    let named = |detail: String| format!("on {}: {detail}", line["snapshot"].as_str().unwrap_or("no snapshot"));
    let read = Act::deserialize(line).map_err(|error| named(error.to_string()))?;
    Ok(SnapshotActRow {
        agency_id: agency.to_owned(),
        snapshot_id: Id(read.snapshot),
        n: read.n,
        kind: read.act,
        recorded_at: micros(&read.recorded_at).map_err(named)?,
        actor: read.actor,
        content: canonical_text(&read.content),
    })
}

/// Whether an act can follow those `before` it: one seal first, of what is there, then verifications.
///
/// # Errors
/// It cannot.
pub fn follows(act: &SnapshotActRow, snapshot: Option<&SnapshotRow>, before: usize) -> Result<(), String> {
    let named = |detail: &str| Err(format!("on {}: {detail}", act.snapshot_id.0));
    let Some(snapshot) = snapshot.filter(|row| row.agency_id == act.agency_id) else {
        return named("there is no such snapshot");
    };
    if usize::try_from(act.n) != Ok(before + 1) {
        return named("stands twice, or one before it is missing");
    }
    if act.kind != if before == 0 { "sealed" } else { "verified" } {
        return named("a snapshot is sealed once, and verified after that");
    }
    let content: Value = serde_json::from_str(&act.content).map_err(|error| error.to_string())?;
    // A verification that found another content says so, and keeps the hash that it found.
    if content["content_hash"] != *snapshot.content_hash && content["result"] != "content_changed" {
        return named("its content_hash is not that of the snapshot");
    }
    Ok(())
}

fn micros(text: &str) -> Result<i64, String> {
    parse(text).map(|at| at.timestamp_micros())
}
