//! Freezing a period's report, sealing it, and having somebody else verify it.

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::dossiers::{Key, earlier, once};
use super::full_copy::records::{act_line, chain, snapshot_line};
use super::{App, AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::chain::canonical_text;
use crate::domain::time::{Instant, business_date, from_micros};
use crate::store::catalogues::Tree;
use crate::store::rows::{SnapshotActRow, SnapshotRow};
use crate::store::snapshots::{Frozen, differences};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// Who takes, verifies and opens snapshots.
pub const KEEPERS: [Role; 2] = [Role::Leader, Role::Auditor];

/// A snapshot to be stored.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    pub agency: String,
    pub label: String,
    pub basis: &'static str,
    pub report: &'static str,
    pub from: chrono::NaiveDate,
    pub to: chrono::NaiveDate,
    pub known_at: Instant,
    /// Without label, agency and basis, which are put beside it here.
    pub content: Value,
}

/// A frozen report as text and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealable {
    pub text: String,
    pub hash: String,
}

/// What a snapshot's hash is over: canonical JSON.
#[must_use]
pub fn sealable(content: &Value) -> Sealable {
    let text = canonical_text(content);
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    Sealable { text, hash }
}

/// Stores a snapshot; the same key again names the one that it made.
///
/// # Errors
/// `KeyReused`; the database fails.
pub async fn take(app: &App, caller: &Caller, new: NewSnapshot, key: Option<Key>) -> Result<Uuid, AppError> {
    let (app2, actor) = (app.clone(), caller.actor.clone());
    app.store
        .write(&new.agency.clone(), move |tx| {
            let now = app2.clock.now();
            if let Some(row) = earlier(tx, "", &actor, key.as_ref(), now)? {
                return Uuid::parse_str(&row.resource)
                    .map_err(|_| StoreError::Corrupt("idempotency row".into()).into());
            }
            let id = app2.clock.new_id();
            let mut content = new.content.clone();
            for (name, value) in [
                ("id", id.to_string()),
                ("agency", new.agency.clone()),
                ("label", new.label.clone()),
                ("basis", new.basis.to_owned()),
                ("format", crate::store::snapshots::FORMAT.to_owned()),
            ] {
                content[name] = value.into();
            }
            content["version"] = crate::store::snapshots::VERSION.into();
            let Sealable { text, hash } = sealable(&content);
            let row = SnapshotRow {
                agency_id: new.agency.clone(),
                id: Id(id),
                recorded_at: now.timestamp_micros(),
                actor: actor.clone(),
                basis: new.basis.to_owned(),
                label: new.label.clone(),
                report: new.report.to_owned(),
                period_from: new.from.to_string(),
                period_to: new.to.to_string(),
                known_at: new.known_at.timestamp_micros(),
                content: text,
                content_hash: hash,
            };
            once(tx, &actor, key.as_ref(), now, &id.to_string(), |tx| {
                tx.snapshot_insert(&row)?;
                chain(tx, &snapshot_line(row)?)?;
                Ok(())
            })?;
            Ok(id)
        })
        .await
}

/// A snapshot, if one of `roles` lets the caller reach its agency.
///
/// # Errors
/// `NotFound` also out of reach; `Forbidden` for a caller who reaches it otherwise.
pub fn open(tx: &mut Tx<'_>, app: &App, caller: &Caller, roles: &[Role], id: Uuid) -> Result<SnapshotRow, AppError> {
    let row = tx.snapshot_by_id(Id(id))?.ok_or(AppError::NotFound)?;
    let documents = app.catalogues.agencies(tx)?;
    let now = app.clock.now();
    let tree = Tree::new(&documents, business_date(now), now);
    if caller.reach(&tree, roles).contains(&row.agency_id) {
        return Ok(row);
    }
    if caller.reach(&tree, &Role::ALL).contains(&row.agency_id) {
        return Err(AppError::Forbidden("none of your roles opens snapshots of this agency"));
    }
    tracing::warn!(actor = %caller.actor, agency = %row.agency_id, "out of scope");
    Err(AppError::NotFound)
}

/// The frozen content of a computed snapshot.
///
/// # Errors
/// `Conflict` for a declared one; the row holds what this program never writes.
pub fn frozen(row: &SnapshotRow) -> Result<Frozen, AppError> {
    if row.basis != "computed" {
        return Err(AppError::Conflict("a declared report is as it was printed: there is nothing to recompute"));
    }
    let read = serde_json::from_str(&row.content);
    read.map_err(|error| StoreError::Corrupt(format!("snapshot {}: {error}", row.id.0)).into())
}

fn acts(tx: &mut Tx<'_>, row: &SnapshotRow) -> Result<Vec<SnapshotActRow>, StoreError> {
    tx.snapshot_acts_of(std::slice::from_ref(&row.agency_id), &[row.id])
}

fn add_act(
    tx: &mut Tx<'_>,
    row: &SnapshotRow,
    before: &[SnapshotActRow],
    kind: &str,
    actor: &str,
    now: Instant,
    content: &Value,
) -> Result<(), AppError> {
    let act = SnapshotActRow {
        agency_id: row.agency_id.clone(),
        snapshot_id: row.id,
        n: i32::try_from(before.len() + 1).unwrap_or(i32::MAX),
        kind: kind.to_owned(),
        recorded_at: now.timestamp_micros(),
        actor: actor.to_owned(),
        content: canonical_text(content),
    };
    tx.snapshot_act_insert(&act)?;
    chain(tx, &act_line(act)?)?;
    Ok(())
}

/// Seals a snapshot: a leader of its agency stands for it, once.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Exists` when it is sealed already.
pub async fn seal(app: &App, caller: &Caller, id: Uuid, key: Option<Key>) -> Result<(), AppError> {
    let (app2, caller2) = (app.clone(), caller.clone());
    let agency = place(app, caller, id).await?;
    app.store
        .write(&agency, move |tx| {
            let now = app2.clock.now();
            let row = open(tx, &app2, &caller2, &KEEPERS, id)?;
            let documents = app2.catalogues.agencies(tx)?;
            let tree = Tree::new(&documents, business_date(now), now);
            if !caller2.standing(&tree, &row.agency_id).has(Role::Leader) {
                return Err(AppError::Forbidden("a leader of the agency seals its reports"));
            }
            once(tx, &caller2.actor, key.as_ref(), now, &id.to_string(), |tx| {
                let before = acts(tx, &row)?;
                if before.iter().any(|act| act.kind == "sealed") {
                    return Err(AppError::Exists("the snapshot is sealed already".into()));
                }
                let content = serde_json::json!({"content_hash": row.content_hash});
                add_act(tx, &row, &before, "sealed", &caller2.actor, now, &content)
            })
        })
        .await
}

/// Verifies a sealed snapshot: another leader, or an auditor, recomputes it; what is found is recorded.
///
/// # Errors
/// `NotFound`, `Forbidden` for whoever sealed it; `Conflict` before the seal.
pub async fn verify(app: &App, caller: &Caller, id: Uuid, key: Option<Key>) -> Result<(), AppError> {
    let agency = place(app, caller, id).await?;
    let (app2, caller2) = (app.clone(), caller.clone());
    // What is known at a settled instant stays: it can be computed before the write, which is short then.
    let content = app.store.read(move |tx| {
        let row = open(tx, &app2, &caller2, &KEEPERS, id)?;
        let seal = acts(tx, &row)?.into_iter().find(|act| act.kind == "sealed");
        let seal = seal.ok_or(AppError::Conflict("the snapshot is not sealed yet"))?;
        if seal.actor == caller2.actor {
            return Err(AppError::Forbidden("whoever sealed a snapshot does not verify it"));
        }
        finding(tx, &app2, &row)
    });
    let (content, app2, caller2) = (content.await?, app.clone(), caller.clone());
    app.store
        .write(&agency, move |tx| {
            let now = app2.clock.now();
            once(tx, &caller2.actor, key.as_ref(), now, &id.to_string(), |tx| {
                let row = open(tx, &app2, &caller2, &KEEPERS, id)?;
                let before = acts(tx, &row)?;
                add_act(tx, &row, &before, "verified", &caller2.actor, now, &content)
            })
        })
        .await
}

async fn place(app: &App, caller: &Caller, id: Uuid) -> Result<String, AppError> {
    let (app2, caller) = (app.clone(), caller.clone());
    app.store.read(move |tx| Ok(open(tx, &app2, &caller, &KEEPERS, id)?.agency_id)).await
}

/// What a recount of the same cut comes to, in the words that are recorded.
fn finding(tx: &mut Tx<'_>, app: &App, row: &SnapshotRow) -> Result<Value, AppError> {
    let hash = hex::encode(Sha256::digest(row.content.as_bytes()));
    if row.basis != "computed" {
        let same = hash == row.content_hash;
        return Ok(serde_json::json!({"result": if same { "same" } else { "content_changed" }, "content_hash": hash}));
    }
    let before = frozen(row)?;
    let after = before.again(tx, &app.catalogues)?;
    let cells: Vec<String> = differences(&before, &after)
        .iter()
        .map(|cell| format!("{:?} {}: {:?} → {:?}", cell.row.kind, cell.column, cell.before, cell.after))
        .collect();
    let result = match () {
        () if hash != row.content_hash => "content_changed",
        () if before.heads != after.heads => "chain_changed",
        () if before.report != after.report || before.dossiers != after.dossiers => "report_differs",
        () if before.indicators != after.indicators => "indicators_differ",
        () => "same",
    };
    Ok(serde_json::json!({
        "result": result, "content_hash": hash, "cells": cells, "known_at": crate::domain::time::local_text(from_micros(row.known_at)),
    }))
}
