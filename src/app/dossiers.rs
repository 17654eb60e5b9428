//! Creating a dossier and recording events, with idempotency and optimistic versions.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::record::{Ask, Book, File};
use super::{App, AppError, Caller};
use crate::domain::actor::{Role, Standing};
use crate::domain::chain::canonical_json;
use crate::domain::event::{Payload, Received, Submitted};
use crate::domain::time::{Instant, business_date};
use crate::store::Tx;
use crate::store::catalogues::Tree;
use crate::store::rows::{IdempotencyRow, small};
use crate::store::sql_types::Id;

/// How long a key keeps its answer.
const KEY_HOURS: i64 = 24;

/// An `Idempotency-Key` with the hash of what came with it.
#[derive(Debug, Clone)]
pub struct Key {
    pub key: String,
    pub body_hash: String,
}

impl Key {
    /// `place` tells apart equal bodies sent to different paths.
    #[must_use]
    pub fn new(app: &App, key: String, place: &str, body: &Value) -> Self {
        // Keyed: who guesses what a body said finds no confirmation in the row.
        Self { key, body_hash: app.vault.hash(place, &canonical_json(body)) }
    }
}

/// A new dossier as asked for.
#[derive(Debug, Clone)]
pub struct NewDossier {
    pub submitted: Submitted,
    /// Receive it in the same breath.
    pub received: Option<Received>,
    pub occurred_at: Option<Instant>,
    pub late_entry_reason: Option<String>,
}

/// What was done: now, or by an earlier request with the same key.
#[derive(Debug, Clone)]
pub struct Done {
    pub file: File,
    /// The version that the request made.
    pub version: u32,
    pub replayed: bool,
    /// How the caller stands to the dossier's agency.
    pub standing: Standing,
}

/// `POST /dossiers`.
///
/// # Errors
/// See [`AppError`]; nothing is stored then.
pub async fn create(app: &App, caller: Caller, new: NewDossier, key: Option<Key>) -> Result<Done, AppError> {
    let agency = new.submitted.agency.clone();
    let app2 = app.clone();
    app.store
        .write(&agency.clone(), move |tx| {
            let app = &app2;
            let agencies = app.catalogues.agencies(tx)?;
            let now = app.clock.now();
            let tree = Tree::new(&agencies, business_date(now), now);
            let standing = caller.standing(&tree, &agency);
            if standing.roles.is_empty() {
                return Err(out_of_place(&caller, &tree, &agency));
            }
            // Locks the agency's head first: of two processes with the same key the second sees what the first did.
            let mut book = Book::open(tx, app, &agency)?;
            if let Some(done) = replay(tx, app, &agency, &standing, key.as_ref(), now)? {
                return Ok(done);
            }
            // Only now: what was taken before the agency went is still answered alike.
            if !tree.get(&agency).is_some_and(|a| a.exists_on(business_date(new.occurred_at.unwrap_or(now)))) {
                return Err(AppError::field(
                    "/agency",
                    "retired_agency",
                    "cơ quan không tồn tại vào ngày này / no longer there",
                ));
            }
            let ask = |payload| Ask {
                payload,
                occurred_at: new.occurred_at,
                late_entry_reason: new.late_entry_reason.clone(),
                origin: None,
            };
            let mut file = book.start(tx, app, ask(Payload::Submitted(new.submitted.clone())), &standing)?;
            if let Some(received) = &new.received {
                book.append(tx, app, &mut file, ask(Payload::Received(received.clone())), &standing)?;
            }
            book.close(tx)?;
            finish(tx, standing, key.as_ref(), file, now)
        })
        .await
}

/// `POST /dossiers/{code}/events`.
///
/// # Errors
/// See [`AppError`]; nothing is stored then.
pub async fn add_event(
    app: &App,
    caller: Caller,
    place: (String, Uuid),
    ask: Ask,
    if_match: u32,
    key: Option<Key>,
) -> Result<Done, AppError> {
    let (agency, id) = place;
    let app2 = app.clone();
    app.store
        .write(&agency.clone(), move |tx| {
            let app = &app2;
            let agencies = app.catalogues.agencies(tx)?;
            let now = app.clock.now();
            let tree = Tree::new(&agencies, business_date(now), now);
            let standing = caller.standing(&tree, &agency);
            // Locks the agency's head before key and dossier are read: nobody adds an event in between.
            let mut book = Book::open(tx, app, &agency)?;
            let mut file = File::load(tx, &app.vault, &agency, id)?;
            let dossier = file.dossier().ok_or(AppError::NotFound)?;
            caller.may_read(&tree, &agency, &dossier.submitted_by)?;
            if let Some(done) = replay(tx, app, &agency, &standing, key.as_ref(), now)? {
                return Ok(done);
            }
            if dossier.version != if_match {
                return Err(AppError::Stale { current: dossier.version });
            }
            book.append(tx, app, &mut file, ask.clone(), &standing)?;
            book.close(tx)?;
            finish(tx, standing, key.as_ref(), file, now)
        })
        .await
}

/// Where a dossier named by code or id stands, if the caller may read it.
///
/// # Errors
/// `NotFound` also for what lies outside the caller's scope.
pub fn locate(tx: &mut Tx<'_>, name: &str) -> Result<(String, Uuid), AppError> {
    let found = match Uuid::parse_str(name) {
        Ok(id) => tx.dossier_by_id(Id(id))?,
        Err(_) => tx.dossier_by_code(name)?,
    };
    found.map(|(agency, id)| (agency, id.0)).ok_or(AppError::NotFound)
}

/// The caller has no role that writes at `agency`: 403 when they reach it otherwise, 404 when not.
fn out_of_place(caller: &Caller, tree: &Tree<'_>, agency: &str) -> AppError {
    if caller.reach(tree, &Role::ALL).contains(agency) {
        AppError::Forbidden("no role that records dossiers at this agency")
    } else {
        tracing::warn!(actor = %caller.actor, agency, "out of scope");
        AppError::NotFound
    }
}

fn replay(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &str,
    standing: &Standing,
    key: Option<&Key>,
    now: Instant,
) -> Result<Option<Done>, AppError> {
    let Some(row) = earlier(tx, agency, &standing.actor, key, now)? else { return Ok(None) };
    let id = Uuid::parse_str(&row.resource).map_err(|_| crate::store::StoreError::Corrupt("idempotency row".into()))?;
    let file = File::load(tx, &app.vault, agency, id)?;
    let version = u32::try_from(row.version).unwrap_or(0);
    Ok(Some(Done { file, version, replayed: true, standing: standing.clone() }))
}

/// What a request with this key did within the last 24 hours.
///
/// # Errors
/// `KeyReused` when it came with another body.
pub fn earlier(
    tx: &mut Tx<'_>,
    agency: &str,
    actor: &str,
    key: Option<&Key>,
    now: Instant,
) -> Result<Option<IdempotencyRow>, AppError> {
    let Some(key) = key else { return Ok(None) };
    let oldest = (now - Duration::hours(KEY_HOURS)).timestamp_micros();
    let row = tx.idempotency_find(agency, actor, &key.key)?.filter(|row| row.created_at >= oldest);
    if row.as_ref().is_some_and(|row| row.body_hash != key.body_hash) {
        return Err(AppError::KeyReused);
    }
    Ok(row)
}

/// Runs `work` unless the same key did before; remembers the resource that it names.
///
/// # Errors
/// `KeyReused`, or what `work` refuses, which is not remembered.
pub fn once(
    tx: &mut Tx<'_>,
    actor: &str,
    key: Option<&Key>,
    now: Instant,
    resource: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), AppError>,
) -> Result<(), AppError> {
    if earlier(tx, "", actor, key, now)?.is_some() {
        return Ok(());
    }
    work(tx)?;
    remember(tx, ("", actor), key, resource, 1, now)
}

/// Keeps what a request with this key did.
///
/// # Errors
/// The database fails.
pub fn remember(
    tx: &mut Tx<'_>,
    (agency, actor): (&str, &str),
    key: Option<&Key>,
    resource: &str,
    version: u32,
    now: Instant,
) -> Result<(), AppError> {
    let Some(key) = key else { return Ok(()) };
    tx.idempotency_insert(&IdempotencyRow {
        agency_id: agency.to_owned(),
        actor: actor.to_owned(),
        key: key.key.clone(),
        body_hash: key.body_hash.clone(),
        status: 201,
        resource: resource.to_owned(),
        version: small(version),
        created_at: now.timestamp_micros(),
    })?;
    Ok(())
}

fn finish(tx: &mut Tx<'_>, standing: Standing, key: Option<&Key>, file: File, now: Instant) -> Result<Done, AppError> {
    let version = file.events.last().map_or(0, |event| event.n);
    remember(tx, (&file.agency, &standing.actor), key, &file.id.to_string(), version, now)?;
    Ok(Done { file, version, replayed: false, standing })
}
