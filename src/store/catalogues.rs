//! Agencies, procedures, calendar and plans as known at an instant, cached until they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::rows::CatalogueRow;
use super::tx::Tx;
use crate::domain::calendar::{Calendar, WorkingCalendar};
use crate::domain::catalogue::{Agency, Procedure};
use crate::domain::time::Instant;
use crate::plans::Plan;

/// One revision of a document.
#[derive(Debug, Clone)]
pub struct Revision<T> {
    pub revision: i32,
    pub effective_from: NaiveDate,
    pub recorded_at: i64,
    pub body: T,
}

/// All revisions of all documents of a kind.
#[derive(Debug, Clone)]
pub struct Documents<T> {
    by_code: BTreeMap<String, Vec<Revision<T>>>,
}

/// A kind of document.
pub trait Document: DeserializeOwned {
    const KIND: &'static str;
}

impl Document for Agency {
    const KIND: &'static str = "agency";
}
impl Document for Procedure {
    const KIND: &'static str = "procedure";
}
impl Document for Calendar {
    const KIND: &'static str = "calendar";
}
impl Document for Plan {
    const KIND: &'static str = "plan";
}

/// Code under which the national calendar is kept.
pub const CALENDAR: &str = "vn";

impl<T: Document> Documents<T> {
    fn load(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let mut by_code: BTreeMap<String, Vec<Revision<T>>> = BTreeMap::new();
        for row in tx.catalogue_all(T::KIND)? {
            let code = row.code.clone();
            by_code.entry(code).or_default().push(read_revision(&row)?);
        }
        Ok(Self { by_code })
    }

    /// The version in force on `date` as known at `known_at`.
    #[must_use]
    pub fn at(&self, code: &str, date: NaiveDate, known_at: Instant) -> Option<&Revision<T>> {
        in_force(self.by_code.get(code)?, date, known_at)
    }

    /// The latest revision, whenever it takes effect: what an editor sees.
    #[must_use]
    pub fn latest(&self, code: &str) -> Option<&Revision<T>> {
        self.by_code.get(code)?.last()
    }

    /// The version in force as known at `known_at`; before it was first known, the first one, which stays the same.
    #[must_use]
    pub fn known(&self, code: &str, date: NaiveDate, known_at: Instant) -> Option<&Revision<T>> {
        self.at(code, date, known_at).or_else(|| self.by_code.get(code)?.first())
    }

    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.by_code.keys().map(String::as_str)
    }

    /// Every document in force on `date` as known at `known_at`, by code.
    pub fn all_at(&self, date: NaiveDate, known_at: Instant) -> impl Iterator<Item = (&str, &Revision<T>)> {
        self.by_code
            .iter()
            .filter_map(move |(code, revisions)| Some((code.as_str(), in_force(revisions, date, known_at)?)))
    }

    #[must_use]
    pub fn revisions(&self, code: &str) -> &[Revision<T>] {
        self.by_code.get(code).map_or(&[], Vec::as_slice)
    }
}

fn in_force<T>(revisions: &[Revision<T>], date: NaiveDate, known_at: Instant) -> Option<&Revision<T>> {
    let known = known_at.timestamp_micros();
    revisions
        .iter()
        .filter(|r| r.recorded_at <= known && r.effective_from <= date)
        .max_by_key(|r| (r.effective_from, r.revision))
}

/// # Errors
/// [`StoreError::Corrupt`] when the body does not fit its kind.
pub fn read_revision<T: Document>(row: &CatalogueRow) -> Result<Revision<T>, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("{} {} revision {}", row.kind, row.code, row.revision));
    Ok(Revision {
        revision: row.revision,
        effective_from: row.effective_from.parse().map_err(|_| corrupt())?,
        recorded_at: row.recorded_at,
        body: serde_json::from_str(&row.body).map_err(|_| corrupt())?,
    })
}

type Cached<T> = Mutex<Option<(Option<i64>, Arc<T>)>>;

/// The caches of a process.
#[derive(Debug, Default)]
pub struct Catalogues {
    agencies: Cached<Documents<Agency>>,
    procedures: Cached<Documents<Procedure>>,
    plans: Cached<Documents<Plan>>,
    calendar: Cached<WorkingCalendar>,
}

fn cached<T>(
    slot: &Cached<T>,
    kind: &str,
    tx: &mut Tx<'_>,
    load: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<Arc<T>, StoreError> {
    let stamp = tx.catalogue_stamp(kind)?;
    if let Some((known, value)) = slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        && *known == stamp
    {
        return Ok(Arc::clone(value));
    }
    let value = Arc::new(load(tx)?);
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, Arc::clone(&value)));
    Ok(value)
}

impl Catalogues {
    /// # Errors
    /// The database fails or holds what this program never writes; so for the others.
    pub fn agencies(&self, tx: &mut Tx<'_>) -> Result<Arc<Documents<Agency>>, StoreError> {
        cached(&self.agencies, Agency::KIND, tx, Documents::load)
    }

    pub fn procedures(&self, tx: &mut Tx<'_>) -> Result<Arc<Documents<Procedure>>, StoreError> {
        cached(&self.procedures, Procedure::KIND, tx, Documents::load)
    }

    pub fn plans(&self, tx: &mut Tx<'_>) -> Result<Arc<Documents<Plan>>, StoreError> {
        cached(&self.plans, Plan::KIND, tx, Documents::load)
    }

    /// The working calendar in force now: the last version recorded.
    pub fn calendar(&self, tx: &mut Tx<'_>) -> Result<Arc<WorkingCalendar>, StoreError> {
        cached(&self.calendar, Calendar::KIND, tx, |tx| {
            let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
            let Some(row) = rows.last() else {
                return Err(StoreError::Corrupt("no working calendar is loaded".into()));
            };
            Ok(read_revision::<Calendar>(row)?.body.index())
        })
    }

    /// The working calendar in force as known then; before the first was loaded, that first one.
    ///
    /// # Errors
    /// The database fails or holds what this program never writes.
    pub fn calendar_known(&self, tx: &mut Tx<'_>, known_at: Instant) -> Result<Arc<WorkingCalendar>, StoreError> {
        let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
        let known = rows.iter().rev().find(|row| row.recorded_at <= known_at.timestamp_micros());
        match known.or_else(|| rows.first()) {
            Some(row) if rows.last().is_some_and(|last| last.revision != row.revision) => {
                Ok(Arc::new(read_revision::<Calendar>(row)?.body.index()))
            }
            _ => self.calendar(tx),
        }
    }
}

/// Name of the calendar version in force as known at `known_at`; none before the first was loaded.
///
/// # Errors
/// The database fails or holds what this program never writes.
pub fn calendar_version(tx: &mut Tx<'_>, known_at: Instant) -> Result<Option<String>, StoreError> {
    Ok(calendar_known(tx, known_at)?.map(|calendar| calendar.version))
}

/// The working calendar in force as known at `known_at`; none before the first was loaded.
///
/// # Errors
/// As [`calendar_version`].
pub fn calendar_at(tx: &mut Tx<'_>, known_at: Instant) -> Result<Option<WorkingCalendar>, StoreError> {
    Ok(calendar_known(tx, known_at)?.map(|calendar| calendar.index()))
}

fn calendar_known(tx: &mut Tx<'_>, known_at: Instant) -> Result<Option<Calendar>, StoreError> {
    let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
    let known = rows.iter().rev().find(|row| row.recorded_at <= known_at.timestamp_micros());
    known.map(|row| Ok(read_revision::<Calendar>(row)?.body)).transpose()
}

/// The agency tree on a date as known at an instant. A merged agency stands under its successor.
#[derive(Debug)]
pub struct Tree<'a> {
    agencies: BTreeMap<&'a str, &'a Agency>,
    children: BTreeMap<&'a str, Vec<&'a str>>,
    predecessors: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Tree<'a> {
    #[must_use]
    pub fn new(documents: &'a Documents<Agency>, date: NaiveDate, known_at: Instant) -> Self {
        let agencies: BTreeMap<&str, &Agency> =
            documents.all_at(date, known_at).map(|(code, revision)| (code, &revision.body)).collect();
        let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut predecessors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (code, agency) in &agencies {
            let merged = agency.valid_to.is_some_and(|last| last < date);
            match (&agency.successor, &agency.parent) {
                (Some(successor), _) if merged && agencies.contains_key(successor.as_str()) => {
                    predecessors.entry(successor).or_default().push(code);
                }
                (_, Some(parent)) => children.entry(parent).or_default().push(code),
                (_, None) => {}
            }
        }
        Self { agencies, children, predecessors }
    }

    #[must_use]
    pub fn get(&self, code: &str) -> Option<&'a Agency> {
        self.agencies.get(code).copied()
    }

    /// The agency and those merged into it.
    #[must_use]
    pub fn own(&self, code: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.walk(code, false, &mut found);
        found
    }

    /// The agency, everything below it, and everything merged into any of them.
    #[must_use]
    pub fn subtree(&self, code: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.walk(code, true, &mut found);
        found
    }

    /// Children in force, without those merged elsewhere.
    #[must_use]
    pub fn children(&self, code: &str) -> &[&'a str] {
        self.children.get(code).map_or(&[], Vec::as_slice)
    }

    fn walk(&self, code: &str, down: bool, found: &mut BTreeSet<String>) {
        if !self.agencies.contains_key(code) || !found.insert(code.to_owned()) {
            return;
        }
        for predecessor in self.predecessors.get(code).into_iter().flatten() {
            // What lay below a merged agency goes with it.
            self.walk(predecessor, down, found);
        }
        if down {
            for child in self.children(code) {
                self.walk(child, down, found);
            }
        }
    }
}
