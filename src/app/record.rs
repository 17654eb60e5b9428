//! Recording one event: stamp, decide, part with personal values, chain, store, revise the facts.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::keys::{Sealing, states_applicant};
use super::{App, AppError};
use crate::domain::actor::Standing;
use crate::domain::calendar::{OfficeHours, WorkingCalendar};
use crate::domain::chain::{Link, canonical_text};
use crate::domain::code::looks_like_a_code;
use crate::domain::decide::{Context, Draft, decide, legal, resolve_time};
use crate::domain::dossier::Dossier;
use crate::domain::event::{Event, EventType, Origin, Payload};
use crate::domain::fold::fold;
use crate::domain::history::FOREVER;
use crate::domain::history::revise;
use crate::domain::personal;
use crate::domain::time::{Instant, business_date};
use crate::store::catalogues::{Documents, Tree};
use crate::store::history::{self, Personal};
use crate::store::personal::Opened;
use crate::store::rows::{EventRow, HeadRow, small};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::vault::Vault;

/// What a caller wants recorded.
#[derive(Debug, Clone)]
pub struct Ask {
    pub payload: Payload,
    pub occurred_at: Option<Instant>,
    pub late_entry_reason: Option<String>,
    pub origin: Option<Origin>,
}

impl Ask {
    #[must_use]
    pub fn now(payload: Payload) -> Self {
        Self { payload, occurred_at: None, late_entry_reason: None, origin: None }
    }
}

/// An agency's book, open for writing: its head is locked until the transaction ends.
pub struct Book {
    pub agency: String,
    head: HeadRow,
    calendar: Arc<WorkingCalendar>,
    hours: OfficeHours,
    procedures: Arc<Documents<crate::domain::catalogue::Procedure>>,
}

/// A dossier with its history.
#[derive(Debug, Clone)]
pub struct File {
    pub agency: String,
    pub id: Uuid,
    pub events: Vec<Event>,
    pub personal: Personal,
}

impl File {
    /// # Errors
    /// The database fails, or the dossier has no events.
    pub fn load(tx: &mut Tx<'_>, vault: &Vault, agency: &str, id: Uuid) -> Result<Self, StoreError> {
        Ok(Self {
            agency: agency.to_owned(),
            id,
            events: history::events(tx, agency, id)?,
            personal: history::personal(tx, vault, agency, id)?,
        })
    }

    /// Without personal values.
    ///
    /// # Errors
    /// As [`File::load`].
    pub fn bare(tx: &mut Tx<'_>, agency: &str, id: Uuid) -> Result<Self, StoreError> {
        let events = history::events(tx, agency, id)?;
        Ok(Self { agency: agency.to_owned(), id, events, personal: Personal::new() })
    }

    #[must_use]
    pub fn dossier(&self) -> Option<Dossier> {
        fold(&self.agency, self.id, &self.events)
    }
}

impl Book {
    /// Locks the agency's head.
    ///
    /// # Errors
    /// `NotFound` when there is no such agency.
    pub fn open(tx: &mut Tx<'_>, app: &App, agency: &str) -> Result<Self, AppError> {
        let agencies = app.catalogues.agencies(tx)?;
        let now = app.clock.now();
        let tree = Tree::new(&agencies, business_date(now), now);
        let hours = tree.get(agency).ok_or(AppError::NotFound)?.hours();
        Ok(Self {
            agency: agency.to_owned(),
            head: tx.head_lock(agency)?,
            calendar: app.catalogues.calendar(tx)?,
            hours,
            procedures: app.catalogues.procedures(tx)?,
        })
    }

    /// Starts a dossier with its first event.
    ///
    /// # Errors
    /// What `decide` refuses.
    pub fn start(&mut self, tx: &mut Tx<'_>, app: &App, ask: Ask, standing: &Standing) -> Result<File, AppError> {
        let mut file =
            File { agency: self.agency.clone(), id: app.clock.new_id(), events: Vec::new(), personal: Personal::new() };
        let ready = self.decide(tx, app, &file, ask, standing)?;
        tx.dossier_insert(&self.agency, Id(file.id))?;
        self.keep(tx, app, &mut file, ready)?;
        Ok(file)
    }

    /// Adds an event to a dossier.
    ///
    /// # Errors
    /// What `decide` refuses.
    pub fn append(
        &mut self,
        tx: &mut Tx<'_>,
        app: &App,
        file: &mut File,
        ask: Ask,
        standing: &Standing,
    ) -> Result<(), AppError> {
        let ready = self.decide(tx, app, file, ask, standing)?;
        self.keep(tx, app, file, ready)
    }

    /// The calendar in force.
    #[must_use]
    pub fn calendar(&self) -> &WorkingCalendar {
        &self.calendar
    }

    /// The agency's office hours.
    #[must_use]
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    /// Stores the head; called once, after the last event of the request.
    ///
    /// # Errors
    /// The database fails.
    pub fn close(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.head_save(&self.head)
    }

    fn decide(
        &self,
        tx: &mut Tx<'_>,
        app: &App,
        file: &File,
        mut ask: Ask,
        standing: &Standing,
    ) -> Result<Event, AppError> {
        // Strictly increasing per agency, even when the machine's clock steps back.
        let floor = self.head.recorded_at.saturating_add(1);
        let now = crate::domain::time::from_micros(app.clock.now().timestamp_micros().max(floor));
        let occurred_at = resolve_time(ask.occurred_at, now)?;
        let dossier = file.dossier();
        let mut code = None;
        let procedure = match (&mut ask.payload, &dossier) {
            (Payload::Submitted(e), _) => Some(e.procedure.clone()),
            (Payload::Received(e), Some(dossier)) => {
                if legal(EventType::Received, dossier) {
                    code = Some(self.number(tx, app, occurred_at, e.code.take())?);
                }
                Some(dossier.procedure.clone())
            }
            _ => None,
        };
        let procedure = procedure.and_then(|code| self.procedures.at(&code, business_date(occurred_at), now));
        let context = Context {
            now,
            standing,
            calendar: &self.calendar,
            hours: &self.hours,
            procedure: procedure.map(|revision| &revision.body),
            code,
        };
        let draft = Draft { payload: ask.payload, occurred_at, late_entry_reason: ask.late_entry_reason.clone() };
        let payload = decide(dossier.as_ref(), &file.events, draft, &context)?;
        Ok(Event {
            n: file.events.last().map_or(0, |event| event.n) + 1,
            seq: self.head.seq + 1,
            occurred_at,
            recorded_at: now,
            actor: standing.actor.clone(),
            late_entry_reason: ask.late_entry_reason,
            origin: ask.origin,
            personal: None,
            payload,
        })
    }

    /// The next code of the day of receipt, or an imported one, which moves the day's counter.
    fn number(
        &self,
        tx: &mut Tx<'_>,
        app: &App,
        received_at: Instant,
        imported: Option<String>,
    ) -> Result<String, AppError> {
        let day = business_date(received_at);
        let key = day.format("%y%m%d").to_string();
        let Some(code) = imported else {
            let n = tx.counter_next(&self.agency, &key)?;
            return Ok(app.code_pattern.format(&self.agency, day, n));
        };
        if !looks_like_a_code(&code) {
            return Err(AppError::field("/code", "dossier_code", "mã số hồ sơ không đúng dạng / not a dossier code"));
        }
        if tx.dossier_by_code(&code)?.is_some() {
            return Err(AppError::Exists(code));
        }
        if let Some(n) = app.code_pattern.number(&code, &self.agency, day) {
            tx.counter_raise(&self.agency, &key, n)?;
        }
        Ok(code)
    }

    fn keep(&mut self, tx: &mut Tx<'_>, app: &App, file: &mut File, mut event: Event) -> Result<(), AppError> {
        let values = personal::take(&mut event.payload);
        let id = Id(file.id);
        if !values.is_empty() {
            let salt: [u8; 16] = app.clock.random();
            event.personal = Some(personal::commitment(&salt, &values));
            let values = Opened { salt: salt.to_vec(), body: values };
            let sealing = Sealing::of(tx, app)?;
            let place = (self.agency.as_str(), id, small(event.n));
            tx.personal_insert(&sealing.row(place, &values, app.clock.random()))?;
            if states_applicant(&event.payload) {
                tx.personal_index_close(&self.agency, id, event.recorded_at.timestamp_micros())?;
                tx.personal_index_insert(&sealing.digests(&self.agency, file.id, &event, &values.body, FOREVER)?)?;
            }
            file.personal.insert(event.n, values.body);
        }
        let payload: Map<String, Value> = event.stored_payload();
        let kind = event.payload.kind().as_str();
        let hash = Link {
            agency: &self.agency,
            seq: event.seq,
            dossier: file.id,
            kind,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor: &event.actor,
            payload: &payload,
            prev_hash: &self.head.hash,
        }
        .hash();
        tx.event_insert(&EventRow {
            agency_id: self.agency.clone(),
            seq: event.seq,
            dossier_id: id,
            n: small(event.n),
            kind: kind.to_owned(),
            occurred_at: event.occurred_at.timestamp_micros(),
            recorded_at: event.recorded_at.timestamp_micros(),
            actor: event.actor.clone(),
            payload: canonical_text(&Value::Object(payload)),
            prev_hash: std::mem::replace(&mut self.head.hash, hash.clone()),
            hash,
        })?;
        self.head.seq = event.seq;
        self.head.recorded_at = event.recorded_at.timestamp_micros();
        if let Payload::Received(received) = &event.payload
            && let Some(code) = &received.code
        {
            tx.dossier_set_code(&self.agency, id, code)?;
        }
        file.events.push(event);
        if let Some(revision) = revise(&self.agency, file.id, &file.events) {
            tx.facts_revise(&self.agency, id, &revision)?;
        }
        Ok(())
    }
}
