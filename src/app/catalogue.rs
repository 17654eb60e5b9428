//! Documents of the catalogue: agencies, procedures, the calendar, plans. Each change is a new revision;
//! nothing is ever overwritten.

mod keeper;
mod load;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value};

pub use keeper::Keeper;
pub use load::{LoadReport, install_defaults, load_file, read_calendar};

use super::{App, AppError};
use crate::domain::calendar::Calendar;
use crate::domain::catalogue::{Agency, Procedure};
use crate::domain::chain::canonical_text;
use crate::domain::error::FieldError;
use crate::domain::event::read_strictly;
use crate::domain::time::business_date;
use crate::plans::Plan;
use crate::store::Tx;
use crate::store::catalogues::{CALENDAR, Document, Documents};
use crate::store::rows::CatalogueRow;

/// Name under which writes of the catalogue queue: all of them in one line, whatever they are about.
pub const QUEUE: &str = "catalogue";

/// What the writer believes is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expect {
    #[default]
    Anything,
    /// `If-None-Match: *`: create only.
    New,
    /// `If-Match`: the last revision seen.
    Revision(i32),
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Put {
    /// The revision that holds the body now.
    pub revision: i32,
    /// False when the body was there already: nothing was written.
    pub changed: bool,
}

/// A document of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Agency(Agency),
    Procedure(Procedure),
    Calendar(Calendar),
    Plan(Plan),
}

impl Entry {
    /// Reads a document of a named kind (`agency`, `procedure`, `calendar`, `plan`); unknown fields are refused.
    ///
    /// # Errors
    /// The place and the reason.
    pub fn read(kind: &str, fields: Map<String, Value>) -> Result<Self, FieldError> {
        match kind {
            Agency::KIND => read_strictly(fields).map(Self::Agency),
            Procedure::KIND => read_strictly(fields).map(Self::Procedure),
            Calendar::KIND => read_strictly(fields).map(Self::Calendar),
            Plan::KIND => read_strictly(fields).map(Self::Plan),
            other => Err(FieldError::new("/kind", "unknown_kind", &format!("no documents of kind `{other}`"))),
        }
    }
}

/// Puts an agency. Its first revision holds from ever, a later one from `effective_from`, or from today.
///
/// # Errors
/// Broken rules (also across agencies: parent and successor exist, no cycles); `Stale`, `Exists`,
/// `NotFound` by `expect`.
pub fn put_agency(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &Agency,
    effective_from: Option<NaiveDate>,
    expect: Expect,
) -> Result<Put, AppError> {
    let known = known_agencies(&*app.catalogues.agencies(tx)?);
    refuse(check_agency(agency, &known))?;
    keep_agency(tx, app, agency, effective_from, expect)
}

/// Puts a version of a procedure; its own `effective_from` says from when.
///
/// # Errors
/// Broken rules; `Stale`, `Exists`, `NotFound` by `expect`.
pub fn put_procedure(tx: &mut Tx<'_>, app: &App, procedure: &Procedure, expect: Expect) -> Result<Put, AppError> {
    refuse(procedure.check())?;
    keep_procedure(tx, app, procedure, expect)
}

/// Puts a version of the national calendar. Version names are never used twice.
///
/// # Errors
/// Broken rules; `Stale`, `Exists`, `NotFound` by `expect`.
pub fn put_calendar(tx: &mut Tx<'_>, app: &App, calendar: &Calendar, expect: Expect) -> Result<Put, AppError> {
    refuse(calendar.check())?;
    keep_calendar(tx, app, calendar, expect)
}

/// Puts a plan. Whether its agency exists is not asked: plans ship before agencies are entered.
///
/// # Errors
/// Broken rules; `Stale`, `Exists`, `NotFound` by `expect`.
pub fn put_plan(
    tx: &mut Tx<'_>,
    app: &App,
    plan: &Plan,
    indicator_ids: &[&str],
    expect: Expect,
) -> Result<Put, AppError> {
    refuse(plan.check(indicator_ids))?;
    keep_plan(tx, app, plan, expect)
}

/// Puts a document of any kind, whatever is there: imports.
///
/// # Errors
/// Broken rules.
pub fn put_entry(tx: &mut Tx<'_>, app: &App, entry: &Entry, indicator_ids: &[&str]) -> Result<Put, AppError> {
    match entry {
        Entry::Agency(agency) => put_agency(tx, app, agency, None, Expect::Anything),
        Entry::Procedure(procedure) => put_procedure(tx, app, procedure, Expect::Anything),
        Entry::Calendar(calendar) => put_calendar(tx, app, calendar, Expect::Anything),
        Entry::Plan(plan) => put_plan(tx, app, plan, indicator_ids, Expect::Anything),
    }
}

fn refuse(errors: Vec<FieldError>) -> Result<(), AppError> {
    if errors.is_empty() { Ok(()) } else { Err(AppError::invalid(errors)) }
}

fn keep_agency(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &Agency,
    effective_from: Option<NaiveDate>,
    expect: Expect,
) -> Result<Put, AppError> {
    keep(tx, app, &agency.code, agency, Since::First(effective_from), expect)
}

fn keep_procedure(tx: &mut Tx<'_>, app: &App, procedure: &Procedure, expect: Expect) -> Result<Put, AppError> {
    let from = procedure.effective_from.unwrap_or_else(always);
    keep(tx, app, &procedure.code, procedure, Since::Date(from), expect)
}

fn keep_calendar(tx: &mut Tx<'_>, app: &App, calendar: &Calendar, expect: Expect) -> Result<Put, AppError> {
    let body = body_text(calendar)?;
    let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
    if let Some(row) = rows.iter().find(|row| row.body == body)
        && expect == Expect::Anything
    {
        return Ok(Put { revision: row.revision, changed: false });
    }
    refuse_used_name(&rows, &body, calendar)?;
    keep(tx, app, CALENDAR, calendar, Since::Date(always()), expect)
}

/// Whether [`put_calendar`] would take it, whatever is there.
///
/// # Errors
/// Broken rules.
pub fn check_calendar(tx: &mut Tx<'_>, calendar: &Calendar) -> Result<(), AppError> {
    refuse(calendar.check())?;
    let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
    refuse_used_name(&rows, &body_text(calendar)?, calendar)
}

fn refuse_used_name(rows: &[CatalogueRow], body: &str, calendar: &Calendar) -> Result<(), AppError> {
    if rows.iter().any(|row| row.body != body && version_of(&row.body).as_deref() == Some(&calendar.version)) {
        return Err(AppError::field(
            "/version",
            "version_used",
            "tên phiên bản lịch đã dùng / a calendar of this version name exists: give the new one a name of its own",
        ));
    }
    Ok(())
}

fn keep_plan(tx: &mut Tx<'_>, app: &App, plan: &Plan, expect: Expect) -> Result<Put, AppError> {
    keep(tx, app, &plan.id, plan, Since::Date(always()), expect)
}

/// The first day there is: a revision from then on holds for every date.
#[must_use]
pub fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(1, 1, 1).expect("a date")
}

fn body_text<T: Serialize>(body: &T) -> Result<String, AppError> {
    let value = serde_json::to_value(body)
        .map_err(|error| AppError::Store(crate::store::StoreError::Other(format!("a document: {error}"))))?;
    Ok(canonical_text(&value))
}

fn version_of(body: &str) -> Option<String> {
    serde_json::from_str::<Calendar>(body).ok().map(|calendar| calendar.version)
}

/// From when a revision holds.
enum Since {
    Date(NaiveDate),
    /// The first revision from ever; a later one from this date, or from today.
    First(Option<NaiveDate>),
}

fn keep<T: Document + Serialize>(
    tx: &mut Tx<'_>,
    app: &App,
    code: &str,
    body: &T,
    since: Since,
    expect: Expect,
) -> Result<Put, AppError> {
    let rows = tx.catalogue_revisions(T::KIND, code)?;
    let last = rows.last();
    match (expect, last) {
        (Expect::New, Some(_)) => return Err(AppError::Exists(code.to_owned())),
        (Expect::Revision(_), None) => return Err(AppError::NotFound),
        (Expect::Revision(seen), Some(row)) if row.revision != seen => {
            return Err(AppError::Stale { current: u32::try_from(row.revision).unwrap_or(0) });
        }
        _ => {}
    }
    let text = body_text(body)?;
    let now = app.clock.now();
    let from = match (&since, last) {
        (Since::Date(date) | Since::First(Some(date)), Some(_)) | (Since::Date(date), None) => *date,
        (Since::First(_), None) => always(),
        (Since::First(None), Some(_)) => business_date(now),
    };
    // A date that nobody asked for makes no change of its own.
    let undated = matches!(since, Since::First(None));
    let from_text = from.to_string();
    let replaced = if undated { last } else { rows.iter().rev().find(|row| row.effective_from == from_text) };
    if let Some(row) = replaced.filter(|row| row.body == text) {
        return Ok(Put { revision: row.revision, changed: false });
    }
    let revision = last.map_or(1, |row| row.revision + 1);
    let floor = last.map_or(i64::MIN, |row| row.recorded_at + 1);
    let row = CatalogueRow {
        kind: T::KIND.to_owned(),
        code: code.to_owned(),
        revision,
        effective_from: from_text,
        recorded_at: now.timestamp_micros().max(floor),
        body: text,
    };
    tx.catalogue_insert(&row, app.clock.new_stamp())?;
    Ok(Put { revision, changed: true })
}

fn known_agencies(documents: &Documents<Agency>) -> BTreeMap<String, Agency> {
    let latest = |code: &str| Some((code.to_owned(), documents.latest(code)?.body.clone()));
    documents.codes().filter_map(latest).collect()
}

/// The agency that another one names.
type Link = fn(&Agency) -> Option<&String>;

/// Rules of one agency among all: `known` are the others, and may hold the agency itself.
fn check_agency(agency: &Agency, known: &BTreeMap<String, Agency>) -> Vec<FieldError> {
    let mut errors = agency.check();
    let links: [(&str, Link); 2] =
        [("/parent", |agency| agency.parent.as_ref()), ("/successor", |agency| agency.successor.as_ref())];
    for (pointer, next) in links {
        let Some(first) = next(agency).filter(|code| **code != agency.code) else { continue };
        if !known.contains_key(first) {
            errors.push(FieldError::new(pointer, "unknown_agency", "không có cơ quan này / no such agency"));
            continue;
        }
        let mut seen = BTreeSet::new();
        let mut at = Some(first);
        while let Some(code) = at.filter(|code| seen.insert((*code).clone())) {
            if *code == agency.code {
                errors.push(FieldError::new(pointer, "cycle", "the agencies would stand above each other in a circle"));
                break;
            }
            at = known.get(code).and_then(next);
        }
    }
    errors
}
