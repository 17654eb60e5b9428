//! A snapshot as JSON.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::time::{self, Instant, from_micros};
use crate::store::StoreError;
use crate::store::rows::{SnapshotActRow, SnapshotRow};

/// A seal or a verification.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotAct {
    pub n: i32,
    /// `sealed` or `verified`.
    pub kind: String,
    pub actor: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
    /// Of a verification: `same`, or what differs first (`content_changed`, `chain_changed`, `report_differs`,
    /// `indicators_differ`), with the differing cells.
    #[schema(value_type = Object)]
    pub content: Value,
}

/// A snapshot without its content.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotSummary {
    pub id: Uuid,
    pub agency: String,
    pub label: String,
    /// `computed` from dossiers, or `declared`: stored as printed.
    pub basis: String,
    pub report: String,
    pub from: String,
    pub to: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// Where stocks were judged.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Instant,
    pub taken_by: String,
    /// SHA-256 over the canonical JSON of the content: keep it elsewhere.
    pub content_hash: String,
    pub sealed: bool,
    /// Of the last verification; null: none yet.
    pub verified: Option<String>,
    pub snapshot: String,
}

impl SnapshotSummary {
    /// `acts` may hold those of other snapshots, too.
    #[must_use]
    pub fn new(row: &SnapshotRow, acts: &[SnapshotActRow]) -> Self {
        let own = acts.iter().filter(|act| act.snapshot_id == row.id);
        let verified = own.clone().rfind(|act| act.kind == "verified").and_then(|act| {
            let content: Value = serde_json::from_str(&act.content).ok()?;
            Some(content.get("result")?.as_str()?.to_owned())
        });
        let known_at = from_micros(row.known_at);
        let end = row.period_to.parse::<NaiveDate>().map(time::end_of_day).unwrap_or(known_at);
        Self {
            id: row.id.0,
            agency: row.agency_id.clone(),
            label: row.label.clone(),
            basis: row.basis.clone(),
            report: row.report.clone(),
            from: row.period_from.clone(),
            to: row.period_to.clone(),
            known_at,
            at: end.min(known_at),
            taken_at: from_micros(row.recorded_at),
            taken_by: row.actor.clone(),
            content_hash: row.content_hash.clone(),
            sealed: own.clone().any(|act| act.kind == "sealed"),
            verified,
            snapshot: format!("/api/v1/reports/snapshots/{}", row.id.0),
        }
    }
}

/// A snapshot with its content and everything that was done to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotView {
    #[serde(flatten)]
    pub summary: SnapshotSummary,
    pub acts: Vec<SnapshotAct>,
    /// As it was frozen: what `content_hash` is over.
    #[schema(value_type = Object)]
    pub content: Value,
    pub differences: String,
    pub proof: String,
}

impl SnapshotView {
    /// # Errors
    /// The rows hold what this program never writes.
    pub fn new(row: &SnapshotRow, acts: &[SnapshotActRow]) -> Result<Self, StoreError> {
        let corrupt = |_| StoreError::Corrupt(format!("snapshot {}", row.id.0));
        let act = |act: &SnapshotActRow| {
            Ok(SnapshotAct {
                n: act.n,
                kind: act.kind.clone(),
                actor: act.actor.clone(),
                recorded_at: from_micros(act.recorded_at),
                content: serde_json::from_str(&act.content).map_err(corrupt)?,
            })
        };
        let summary = SnapshotSummary::new(row, acts);
        let link = summary.snapshot.clone();
        Ok(Self {
            summary,
            acts: acts.iter().map(act).collect::<Result<_, StoreError>>()?,
            content: serde_json::from_str(&row.content).map_err(corrupt)?,
            differences: format!("{link}/differences"),
            proof: format!("{link}/proof"),
        })
    }
}
