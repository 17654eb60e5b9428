//! Dossiers written as lines of the import format: business fields only, personal values masked.
//!
//! A line holds what happened and when it happened, not what was computed from it: read into a database
//! with the same catalogue and calendar it gives the same figures. Events of the program itself
//! (`deadline_recomputed`) are left out; the promised `due` of such a dossier too, so that the reader's
//! calendar decides. A dossier keeps the `source` it was imported from; any other is `motcua` with its id.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::App;
use super::record::File;
use crate::domain::applicant::{Applicant, ApplicantKind};
use crate::domain::catalogue::{Agency, Procedure};
use crate::domain::chain::canonical_text;
use crate::domain::event::{CorrectedField, Event, Payload};
use crate::domain::personal::put_back;
use crate::domain::time::local_text;
use crate::store::catalogues::{Document, Documents};
use crate::store::history::{self, Personal};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::vault::Vault;

/// `source` of dossiers that were recorded here; their `source_id` is their id.
pub const SOURCE: &str = "motcua";
/// What stands in place of a personal text.
pub const MASK: &str = "***";
/// Dossiers read at a time.
const PAGE: i64 = 200;

/// Whether personal values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Masked,
    /// For comparison inside the program, and for an auditor with a stated purpose.
    Full,
}

/// Some of an agency's dossiers.
#[derive(Debug, Clone)]
pub struct Page {
    /// JSON texts without line ends.
    pub lines: Vec<String>,
    /// Where the next page begins; `None`: this was the last one.
    pub next: Option<Uuid>,
}

/// The next dossiers of an agency, by id.
///
/// # Errors
/// The database fails, or holds what this program never writes.
pub fn page(
    tx: &mut Tx<'_>,
    vault: &Vault,
    agency: &str,
    after: Option<Uuid>,
    names: Names,
) -> Result<Page, StoreError> {
    let ids = tx.dossier_ids_after(agency, after.map(Id), PAGE)?;
    let full = i64::try_from(ids.len()).is_ok_and(|count| count == PAGE);
    let next = ids.last().filter(|_| full).map(|id| id.0);
    let keys: Vec<(String, Uuid)> = ids.iter().map(|id| (agency.to_owned(), id.0)).collect();
    let mut found = history::many(tx, vault, &keys)?;
    let mut lines = Vec::with_capacity(keys.len());
    for (agency, id) in keys {
        let Some((events, personal)) = found.remove(&id) else { continue };
        lines.extend(line(&File { agency, id, events, personal }, names).map(|line| canonical_text(&line)));
    }
    Ok(Page { lines, next })
}

/// Writes every dossier of `agencies`, agency by agency, and says how many; memory does not grow with them.
///
/// # Errors
/// The database fails, or `sink` does.
pub fn dossiers<E: From<StoreError>>(
    app: &App,
    agencies: &[String],
    mut sink: impl FnMut(&str) -> Result<(), E>,
) -> Result<u64, E> {
    let mut count = 0;
    for agency in agencies {
        let mut after = None;
        loop {
            let page =
                app.store.read_blocking(|tx| page(tx, &app.vault, agency, after, Names::Masked)).map_err(E::from)?;
            for line in &page.lines {
                sink(line)?;
                count += 1;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(count)
}

/// Agencies (as they are now, parents and successors first) and all versions of all procedures, as import
/// lines: what an empty database needs before it can take dossiers.
///
/// # Errors
/// The database fails.
pub fn catalogue_lines(tx: &mut Tx<'_>, app: &App) -> Result<Vec<String>, StoreError> {
    let agencies = app.catalogues.agencies(tx)?;
    let procedures = app.catalogues.procedures(tx)?;
    let mut ordered = Vec::new();
    let mut placed = BTreeSet::new();
    for code in agencies.codes() {
        place(&agencies, code, &mut placed, &mut ordered);
    }
    let mut lines = Vec::new();
    for agency in ordered {
        lines.push(document(Agency::KIND, serde_json::to_value(agency))?);
    }
    for code in procedures.codes() {
        for revision in procedures.revisions(code) {
            lines.push(document(Procedure::KIND, serde_json::to_value(&revision.body))?);
        }
    }
    Ok(lines)
}

fn place<'a>(
    agencies: &'a Documents<Agency>,
    code: &str,
    placed: &mut BTreeSet<String>,
    ordered: &mut Vec<&'a Agency>,
) {
    let Some(revision) = agencies.latest(code) else { return };
    if !placed.insert(code.to_owned()) {
        return;
    }
    for other in [&revision.body.parent, &revision.body.successor].into_iter().flatten() {
        place(agencies, other, placed, ordered);
    }
    ordered.push(&revision.body);
}

fn document(kind: &str, body: serde_json::Result<Value>) -> Result<String, StoreError> {
    let mut body = body.map_err(|error| StoreError::Other(error.to_string()))?;
    if let Value::Object(fields) = &mut body {
        fields.insert("kind".into(), Value::from(kind));
    }
    Ok(canonical_text(&body))
}

/// A dossier's line; `None` without events.
#[must_use]
pub fn line(file: &File, names: Names) -> Option<Value> {
    let first = file.events.first()?;
    let origin = first.origin.as_ref();
    let (source, source_id) = match origin.and_then(|origin| origin.source.clone().zip(origin.source_id.clone())) {
        Some(known) => known,
        None => (SOURCE.to_owned(), file.id.to_string()),
    };
    let events = events(&file.events, &file.personal, names);
    Some(json!({"kind": "dossier", "source": source, "source_id": source_id, "events": events}))
}

/// Events as an import line holds them. Places that events name are counted without those left out.
#[must_use]
pub fn events(events: &[Event], personal: &Personal, names: Names) -> Vec<Value> {
    let ours = |event: &&Event| matches!(event.payload, Payload::DeadlineRecomputed(_));
    let recomputed = events.iter().any(|event| ours(&event));
    let kept: Vec<&Event> = events.iter().filter(|event| !ours(event)).collect();
    let places: BTreeMap<u64, usize> =
        kept.iter().enumerate().map(|(i, event)| (u64::from(event.n), i.saturating_add(1))).collect();
    kept.into_iter()
        .map(|event| {
            let mut fields = business_fields(event, recomputed);
            for key in ["target", "payment"] {
                // `digitised` has a target that is no place.
                if let Some(place) = fields.get(key).and_then(Value::as_u64).and_then(|n| places.get(&n)) {
                    fields.insert(key.to_owned(), Value::from(*place));
                }
            }
            let values = personal.get(&event.n);
            mask(&mut fields, &event.payload, values);
            if let (Names::Full, Some(values)) = (names, values) {
                put_back(&mut fields, values);
            }
            fields.insert("type".into(), Value::from(event.payload.kind().as_str()));
            fields.insert("occurred_at".into(), Value::from(local_text(event.occurred_at)));
            if let Some(reason) = &event.late_entry_reason {
                fields.insert("late_entry_reason".into(), Value::from(reason.as_str()));
            }
            Value::Object(fields)
        })
        .collect()
}

/// The fields that were stated rather than computed; of a receipt also its code and the promise on it.
fn business_fields(event: &Event, recomputed: bool) -> Map<String, Value> {
    let mut fields = event.payload.fields();
    let (code, promised) = match &event.payload {
        Payload::Received(_) => (fields.remove("code"), fields.remove("due_original")),
        _ => (None, None),
    };
    for decided in event.payload.kind().decided_fields() {
        fields.remove(*decided);
    }
    if let Some(code) = code {
        fields.insert("code".into(), code);
    }
    if let Some(promised) = promised.filter(|_| !recomputed) {
        fields.insert("due".into(), promised);
    }
    fields
}

/// Puts in what the reader requires of personal values; what may be missing is missing.
fn mask(fields: &mut Map<String, Value>, payload: &Payload, values: Option<&Map<String, Value>>) {
    match payload {
        Payload::Submitted(_) => {
            fields.insert("applicant".into(), masked_applicant(values.and_then(|values| values.get("applicant"))));
        }
        Payload::Refused(_)
        | Payload::PaymentRefunded(_)
        | Payload::Extended(_)
        | Payload::Stopped(_)
        | Payload::Reopened(_)
        | Payload::Voided(_) => {
            fields.insert("reason".into(), Value::from(MASK));
        }
        Payload::Corrected(correction) => {
            fields.insert("reason".into(), Value::from(MASK));
            if correction.field == CorrectedField::Applicant {
                fields.insert("value".into(), masked_applicant(values.and_then(|values| values.get("value"))));
            }
        }
        Payload::SupplementRequested(_) => {
            let items = fields.get_mut("items").and_then(Value::as_array_mut);
            for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
                item.insert("reason".into(), Value::from(MASK));
            }
        }
        Payload::Received(_)
        | Payload::Forwarded(_)
        | Payload::Supplemented(_)
        | Payload::PaymentRequested(_)
        | Payload::PaymentRecorded(_)
        | Payload::Withdrawn(_)
        | Payload::Finished(_)
        | Payload::Returned(_)
        | Payload::Digitised(_)
        | Payload::Rated(_)
        | Payload::DeadlineRecomputed(_) => {}
    }
}

/// Kind and initials; an erased applicant is a masked citizen.
fn masked_applicant(value: Option<&Value>) -> Value {
    let known: Option<Applicant> = value.and_then(|value| serde_json::from_value(value.clone()).ok());
    let (kind, name) = match known {
        Some(applicant) => (applicant.kind, applicant.masked().name),
        None => (ApplicantKind::Citizen, MASK.to_owned()),
    };
    json!({"kind": kind, "name": name})
}
