//! Restoring a full copy, agency by agency, all or nothing each.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use uuid::Uuid;

use super::commitments::{commitments, note_check};
use super::index::{Part, index, lines_of};
use super::{CATALOGUES, CopyError, PAGE, records};
use crate::app::keys::Sealing;
use crate::app::rebuild::insert_replayed;
use crate::app::{App, catalogue, keys};
use crate::domain::chain::canonical_text;
use crate::domain::code::CodePattern;
use crate::domain::event::EventType;
use crate::domain::time::business_date;
use crate::store::personal::{PLAIN, PersonalRow};
use crate::store::rows::{CatalogueRow, EventRow, HeadRow, ImportKeyRow, small};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx, history, notes};
use crate::verify::canonical_time;
use crate::verify::chain::ChainCheck;
use crate::verify::line::{CatalogueLine, EventLine, Line, PersonalLine};

/// Told the bytes read so far; the file is read twice.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// Revisions of documents added.
    pub catalogue: u64,
    pub agencies: Vec<RestoredAgency>,
    pub refused: Vec<RefusedAgency>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoredAgency {
    pub agency: String,
    pub dossiers: u64,
    pub events: u64,
}

/// Nothing of this agency was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedAgency {
    pub agency: String,
    /// For people: has events already, or the first bad entry.
    pub reason: String,
}

/// Restores a full copy. Blocks: not for an async thread. Each agency is one transaction of its own;
/// memory grows with the dossiers of one agency (their places in the chain), not with events.
///
/// # Errors
/// The file is not a full copy, the catalogue here differs, or the database fails. Agencies restored before
/// that stay; those refused for what they hold are in the report, and the others are restored.
pub fn restore(app: &App, path: &Path, progress: Progress) -> Result<RestoreReport, CopyError> {
    let contents = index(path, &*progress)?;
    let read = std::fs::metadata(path)?.len();
    let mut report = RestoreReport::default();
    if let Some(span) = contents.catalogue {
        let (app2, path) = (app.clone(), path.to_path_buf());
        let work = move |tx: &mut Tx<'_>| {
            let mut added = 0;
            for line in lines_of(&path, span)? {
                if let Line::Catalogue(line) = line.map_err(|bad| CopyError::Format(bad.detail))? {
                    added += u64::from(document(tx, &app2, &line)?);
                }
            }
            Ok(added)
        };
        report.catalogue = app.store.write_long_blocking::<u64, CopyError, _>(catalogue::QUEUE, work)?;
    }
    for (agency, part) in contents.agencies {
        let job = Job {
            app: app.clone(),
            path: path.to_path_buf(),
            agency: agency.clone(),
            part,
            progress: Arc::clone(&progress),
            read,
        };
        match app.store.write_long_blocking(&agency, move |tx| job.run(tx)) {
            Ok(done) => report.agencies.push(done),
            Err(refused @ (CopyError::Taken(_) | CopyError::Found(_) | CopyError::Entry { .. })) => {
                report.refused.push(RefusedAgency { agency, reason: refused.to_string() });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(report)
}

/// Adds a revision that is missing; true when it was.
fn document(tx: &mut Tx<'_>, app: &App, line: &CatalogueLine) -> Result<bool, CopyError> {
    let name = || format!("{} {} revision {}", line.catalogue, line.code, line.revision);
    if !CATALOGUES.contains(&line.catalogue.as_str()) {
        return Err(CopyError::Format(format!("{}: no documents of this kind", name())));
    }
    let row = CatalogueRow {
        kind: line.catalogue.clone(),
        code: line.code.clone(),
        revision: i32::try_from(line.revision).map_err(|_| CopyError::Format(name()))?,
        effective_from: line.effective_from.to_string(),
        recorded_at: line.recorded_at.timestamp_micros(),
        body: canonical_text(&line.body),
    };
    let known = tx.catalogue_revisions(&row.kind, &row.code)?;
    match known.iter().find(|other| other.revision == row.revision) {
        Some(other) if *other == row => Ok(false),
        Some(_) => Err(CopyError::Catalogue(format!("{} is here with other content", name()))),
        None => {
            tx.catalogue_insert(&row, app.clock.new_stamp())?;
            Ok(true)
        }
    }
}

/// One agency's transaction; may run again after a roll-back.
struct Job {
    app: App,
    path: PathBuf,
    agency: String,
    part: Part,
    progress: Progress,
    /// Bytes read before.
    read: u64,
}

impl Job {
    fn run(&self, tx: &mut Tx<'_>) -> Result<RestoredAgency, CopyError> {
        if !tx.events_after(&self.agency, 0, 1)?.is_empty() {
            return Err(CopyError::Taken(self.agency.clone()));
        }
        let mut known = HashSet::new();
        let events = self.events(tx, &mut known)?;
        self.personal(tx, &known)?;
        self.records(tx)?;
        self.notes(tx)?;
        let dossiers = self.dossiers(tx)?;
        Ok(RestoredAgency { agency: self.agency.clone(), dossiers, events })
    }

    /// Chain, dossiers, codes, counters, head.
    fn events(&self, tx: &mut Tx<'_>, known: &mut HashSet<Uuid>) -> Result<u64, CopyError> {
        let Some(span) = self.part.events else { return Ok(0) };
        let mut chain = ChainCheck::new();
        let mut highest: BTreeMap<String, i64> = BTreeMap::new();
        let mut head = None;
        let mut count = 0;
        let mut lines = lines_of(&self.path, span)?;
        while let Some(line) = lines.next() {
            let number = span.before.saturating_add(lines.number());
            let Line::Event(event) = line.map_err(|bad| CopyError::Format(format!("line {number}: {}", bad.detail)))?
            else {
                return Err(CopyError::Format(format!("line {number}: the file has changed while it was read")));
            };
            chain.push(&event).map_err(CopyError::Found)?;
            let row = event_row(&event)?;
            if known.insert(row.dossier_id.0) {
                tx.dossier_insert(&row.agency_id, row.dossier_id)?;
            }
            if let Some(code) = event.payload.get("code").filter(|_| row.kind == EventType::Received.as_str()) {
                let code = code.as_str().ok_or_else(|| bad_entry(&event, "the code is not a text"))?;
                tx.dossier_set_code(&row.agency_id, row.dossier_id, code)
                    .map_err(|error| conflict(error, &event, "the code was given before"))?;
                let day = business_date(crate::domain::time::from_micros(row.occurred_at));
                let number = self.app.code_pattern.number(code, &self.agency, day);
                if let Some(n) = number.or_else(|| CodePattern::default().number(code, &self.agency, day)) {
                    let top = highest.entry(day.format("%y%m%d").to_string()).or_default();
                    *top = n.max(*top);
                }
            }
            tx.event_insert(&row)?;
            head =
                Some(HeadRow { agency_id: row.agency_id, seq: row.seq, hash: row.hash, recorded_at: row.recorded_at });
            count += 1;
            (self.progress)(self.read.saturating_add(span.start).saturating_add(lines.bytes()));
        }
        for (day, n) in highest {
            tx.counter_raise(&self.agency, &day, n)?;
        }
        if let Some(head) = head {
            tx.head_lock(&self.agency)?;
            tx.head_save(&head)?;
        }
        Ok(count)
    }

    fn personal(&self, tx: &mut Tx<'_>, known: &HashSet<Uuid>) -> Result<(), CopyError> {
        let Some(span) = self.part.personal else { return Ok(()) };
        let mut entered = HashSet::new();
        for line in lines_of(&self.path, span)? {
            let Line::Personal(line) = line.map_err(|bad| CopyError::Format(bad.detail))? else {
                return Err(CopyError::Format("the file has changed while it was read".into()));
            };
            let row = personal_row(&line)?;
            // A key that rows are sealed with is known to the database, so that its absence is noticed at a start.
            if entered.insert(row.key_id.clone()) {
                keys::enter_old(tx, &self.app, &row.key_id)?;
            }
            let name = format!("personal row {}/{}", line.dossier, line.n);
            let note = row.n == notes::PLACE;
            if !note && !known.contains(&row.dossier_id.0) {
                return Err(self.bad_row(format!("{name}: there is no such dossier")));
            }
            let stored = if note { tx.note_insert(&row.into()) } else { tx.personal_insert(&row) };
            stored.map_err(|error| match error {
                StoreError::Conflict(_) => self.bad_row(format!("{name} stands twice")),
                other => other.into(),
            })?;
        }
        Ok(())
    }

    fn records(&self, tx: &mut Tx<'_>) -> Result<(), CopyError> {
        let Some(span) = self.part.records else { return Ok(()) };
        for line in lines_of(&self.path, span)? {
            let Line::Record(line) = line.map_err(|bad| CopyError::Format(bad.detail))? else {
                return Err(CopyError::Format("the file has changed while it was read".into()));
            };
            records::put_back(tx, &line)?;
        }
        Ok(())
    }

    /// Notes against what the records commit to.
    fn notes(&self, tx: &mut Tx<'_>) -> Result<(), CopyError> {
        let mut findings = Vec::new();
        let mut check = note_check(tx, &self.app, &self.agency, &mut findings)?;
        records::of_agency(tx, &self.agency, |kept| {
            if let records::Kept::Row(line) = kept {
                findings.extend(check.record(&line).err());
            }
            Ok::<_, StoreError>(())
        })?;
        findings.extend(check.finish().findings);
        findings.into_iter().next().map_or(Ok(()), |finding| Err(CopyError::Found(finding)))
    }

    fn bad_row(&self, detail: String) -> CopyError {
        CopyError::Entry { agency: self.agency.clone(), seq: 0, detail }
    }

    /// Commitments of personal rows, facts, import keys; some dossiers at a time.
    fn dossiers(&self, tx: &mut Tx<'_>) -> Result<u64, CopyError> {
        let sealing = Sealing::of(tx, &self.app)?;
        let mut count = 0;
        let mut after = None;
        loop {
            let ids = tx.dossier_ids_after(&self.agency, after, PAGE)?;
            let Some(last) = ids.last() else { return Ok(count) };
            after = Some(*last);
            if let Some(finding) = commitments(tx, &self.app, &self.agency, &ids)?.findings.into_iter().next() {
                return Err(CopyError::Found(finding));
            }
            let rows = tx.personal_of_many(std::slice::from_ref(&self.agency), &ids)?;
            let mut personal = keys::opened(&self.app, &rows)?;
            for (id, events) in history::events_of_many(tx, &self.agency, &ids)? {
                let personal = personal.remove(&id).unwrap_or_default();
                tx.personal_index_insert(&sealing.index(&self.agency, id.0, &events, &personal)?)?;
                insert_replayed(tx, &self.agency, id.0, &events)?;
                let origin = events.first().and_then(|event| event.origin.clone());
                if let Some((source, source_id)) = origin.and_then(|origin| origin.source.zip(origin.source_id)) {
                    // The hash of the line is not in the copy: the next import compares the dossier itself.
                    tx.import_key_insert(&ImportKeyRow {
                        agency_id: self.agency.clone(),
                        source,
                        source_id,
                        dossier_id: id,
                        content_hash: String::new(),
                    })?;
                }
                count += 1;
            }
        }
    }
}

fn bad_entry(event: &EventLine, detail: &str) -> CopyError {
    CopyError::Entry { agency: event.agency.clone(), seq: event.seq, detail: detail.to_owned() }
}

fn conflict(error: StoreError, event: &EventLine, detail: &str) -> CopyError {
    match error {
        StoreError::Conflict(_) => bad_entry(event, detail),
        other => other.into(),
    }
}

/// An id in the one spelling that is hashed and written.
fn id_of(text: &str) -> Option<Id> {
    Uuid::parse_str(text).ok().filter(|id| id.to_string() == text).map(Id)
}

fn event_row(event: &EventLine) -> Result<EventRow, CopyError> {
    let micros =
        |text: &str| canonical_time(text).map(|at| at.timestamp_micros()).map_err(|detail| bad_entry(event, &detail));
    let kind = EventType::parse(&event.event_type).ok_or_else(|| bad_entry(event, "an unknown event type"))?;
    let row = EventRow {
        agency_id: event.agency.clone(),
        seq: event.seq,
        dossier_id: id_of(&event.dossier).ok_or_else(|| bad_entry(event, "the dossier is not an id"))?,
        n: small(event.n),
        kind: kind.as_str().to_owned(),
        occurred_at: micros(&event.occurred_at)?,
        recorded_at: micros(&event.recorded_at)?,
        actor: event.actor.clone(),
        payload: canonical_text(&serde_json::Value::Object(event.payload.clone())),
        prev_hash: event.prev_hash.clone(),
        hash: event.hash.clone(),
    };
    history::event_of(&row).map_err(|error| bad_entry(event, &error.to_string()))?;
    Ok(row)
}

fn personal_row(line: &PersonalLine) -> Result<PersonalRow, CopyError> {
    let bad = |detail: &str| CopyError::Entry {
        agency: line.agency.clone(),
        seq: 0,
        detail: format!("personal row {}/{}: {detail}", line.dossier, line.n),
    };
    Ok(PersonalRow {
        agency_id: line.agency.clone(),
        dossier_id: id_of(&line.dossier).ok_or_else(|| bad("the dossier is not an id"))?,
        n: small(line.n),
        key_id: Some(line.key.clone()).filter(|key| key != PLAIN).ok_or_else(|| bad("it is not sealed"))?,
        sealed: hex::decode(&line.sealed).map_err(|_| bad("not hexadecimal"))?,
    })
}
