//! Personal values that were kept for as long as their field of procedures asks: counted, and erased when told to.
//!
//! Periods are the archive's to say (Luật Lưu trữ 33/2024/QH15 and the retention schedules under it); there is none by
//! default, and a field without one keeps everything. A period runs in whole years from the end of the year of a
//! dossier's last entry, and for dossiers that ended only. What is erased is the personal rows: salts, values and blind
//! index with them; the chain, the facts and every figure that does not look at people stay (Luật 91/2025/QH15).

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::Datelike;
use serde::Serialize;

use super::disclosure::{Disclosure, enter};
use super::{App, AppError};
use crate::domain::dossier::State;
use crate::domain::history::FOREVER;
use crate::domain::time::{business_date, from_micros};
use crate::store::personal::PersonalRow;
use crate::store::rows::FactsRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// Dossiers looked at in one transaction.
const PAGE: i64 = 200;

/// Years by field of procedures (lĩnh vực).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Periods(BTreeMap<String, u16>);

/// One field's years, as `Hộ tịch=70`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    field: String,
    years: u16,
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, years) = text.rsplit_once('=').ok_or("not FIELD=YEARS, such as `Hộ tịch=70`")?;
        let years = years.trim().parse().ok().filter(|years| (1..=200).contains(years));
        let field = field.trim().to_owned();
        if field.is_empty() {
            return Err("no field before `=`".to_owned());
        }
        Ok(Self { field, years: years.ok_or("years: a whole number from 1 to 200")? })
    }
}

impl Periods {
    /// # Errors
    /// A field stands twice.
    pub fn new(periods: impl IntoIterator<Item = Period>) -> Result<Self, String> {
        let mut by_field = BTreeMap::new();
        for Period { field, years } in periods {
            if by_field.insert(field.clone(), years).is_some() {
                return Err(format!("{field} stands twice"));
            }
        }
        Ok(Self(by_field))
    }
}

/// Dossiers of one agency and field whose period is over and whose personal values are still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    pub agency: String,
    pub field: String,
    pub years: u16,
    pub dossiers: u64,
    pub rows: u64,
    /// Years of the first and the last of them.
    pub first_year: i32,
    pub last_year: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Overdue {
    pub dossiers: u64,
    pub rows: u64,
    pub due: Vec<Due>,
    /// Ended dossiers of fields that no period was given for.
    pub without_period: BTreeMap<String, u64>,
}

/// Why nothing, or no more, was erased.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error(transparent)]
    App(#[from] AppError),
    #[error(
        "số hồ sơ đã thay đổi: hiện có {found} / {found} dossiers are past their period, not {confirmed}: look at the \
         report again"
    )]
    Changed { confirmed: u64, found: u64 },
}

impl From<StoreError> for RetentionError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// A dossier whose period is over.
struct Old {
    id: Id,
    field: String,
    years: u16,
    year: i32,
    rows: Vec<PersonalRow>,
}

/// What is past its period. Blocks: not for an async thread.
///
/// # Errors
/// The database fails.
pub fn overdue(app: &App, periods: &Periods) -> Result<Overdue, StoreError> {
    let today = app.clock.now();
    let mut report = Overdue::default();
    let mut due: BTreeMap<(String, String), Due> = BTreeMap::new();
    for agency in app.store.read_blocking::<_, StoreError, _>(|tx| tx.event_agencies())? {
        let mut after = None;
        loop {
            let page = app.store.read_blocking::<_, StoreError, _>(|tx| {
                page(tx, &agency, after, periods, business_date(today).year())
            })?;
            for (field, count) in page.without_period {
                *report.without_period.entry(field).or_default() += count;
            }
            for old in page.old {
                let (dossiers, rows) = (1, old.rows.len() as u64);
                let entry = due.entry((agency.clone(), old.field.clone())).or_insert_with(|| Due {
                    agency: agency.clone(),
                    field: old.field,
                    years: old.years,
                    dossiers: 0,
                    rows: 0,
                    first_year: old.year,
                    last_year: old.year,
                });
                entry.first_year = entry.first_year.min(old.year);
                entry.last_year = entry.last_year.max(old.year);
                entry.dossiers += dossiers;
                entry.rows += rows;
                report.dossiers += dossiers;
                report.rows += rows;
            }
            let Some(last) = page.last else { break };
            after = Some(last);
        }
    }
    report.due = due.into_values().collect();
    Ok(report)
}

/// Erases the personal rows of the `confirmed` dossiers that [`overdue`] counted, each with a row in the access log that
/// names the decision. Blocks: not for an async thread.
///
/// # Errors
/// As many are not past their period, or the database fails: what was erased stays erased.
pub fn erase(app: &App, periods: &Periods, confirmed: u64, decision: &str) -> Result<Overdue, RetentionError> {
    let found = overdue(app, periods)?;
    if found.dossiers != confirmed {
        return Err(RetentionError::Changed { confirmed, found: found.dossiers });
    }
    for agency in found.due.iter().map(|due| due.agency.clone()).collect::<std::collections::BTreeSet<_>>() {
        let mut after = None;
        loop {
            let (own, agency2, periods) = (app.clone(), agency.clone(), periods.clone());
            let decision = decision.to_owned();
            let last = app.store.write_long_blocking::<_, AppError, _>(&agency, move |tx| {
                // Nobody adds an entry in between: a dossier that is opened again is not erased.
                tx.head_lock(&agency2)?;
                let this_year = business_date(own.clock.now()).year();
                let page = page(tx, &agency2, after, &periods, this_year)?;
                for old in &page.old {
                    erase_one(tx, &own, &agency2, old, &decision)?;
                }
                Ok(page.last)
            })?;
            let Some(last) = last else { break };
            after = Some(last);
        }
    }
    Ok(found)
}

fn erase_one(tx: &mut Tx<'_>, app: &App, agency: &str, old: &Old, decision: &str) -> Result<(), StoreError> {
    let mut fields = Vec::new();
    for row in &old.rows {
        // What does not open any more is erased all the same.
        fields.extend(
            row.open(&app.vault).map(|values| values.body.into_iter().map(|(name, _)| name)).into_iter().flatten(),
        );
    }
    fields.sort();
    fields.dedup();
    let what = Disclosure { agency: agency.to_owned(), dossier: Some(old.id.0), action: "erase", fields };
    enter(tx, &app.clock, &what, "cli", &format!("{decision} ({}: {})", old.field, old.years))?;
    tx.personal_erase(agency, old.id)
}

struct Page {
    old: Vec<Old>,
    without_period: BTreeMap<String, u64>,
    last: Option<Id>,
}

fn page(
    tx: &mut Tx<'_>,
    agency: &str,
    after: Option<Id>,
    periods: &Periods,
    this_year: i32,
) -> Result<Page, StoreError> {
    let ids = tx.dossier_ids_after(agency, after, PAGE)?;
    let mut page = Page { old: Vec::new(), without_period: BTreeMap::new(), last: ids.last().copied() };
    let mut rows: BTreeMap<Id, Vec<PersonalRow>> = BTreeMap::new();
    for row in tx.personal_of_many(&[agency.to_owned()], &ids)? {
        rows.entry(row.dossier_id).or_default().push(row);
    }
    for facts in tx.facts_of_many(agency, &ids)? {
        let now = facts.valid_to == FOREVER && facts.known_to == FOREVER;
        if !now || !has_ended(&facts) {
            continue;
        }
        let Some(rows) = rows.remove(&facts.dossier_id) else { continue };
        let Some(years) = periods.0.get(&facts.field).copied() else {
            *page.without_period.entry(facts.field).or_default() += 1;
            continue;
        };
        let year = business_date(from_micros(facts.valid_from)).year();
        if this_year > year + i32::from(years) {
            page.old.push(Old { id: facts.dossier_id, field: facts.field, years, year, rows });
        }
    }
    Ok(page)
}

/// Nobody works on it any more; a result that was never collected does not keep it open.
fn has_ended(facts: &FactsRow) -> bool {
    use State::{Finished, Refused, Returned, Stopped, Voided, Withdrawn};
    let state = State::parse(&facts.state);
    matches!(state, Some(Finished | Refused | Returned | Stopped | Voided | Withdrawn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_by_field() {
        let read = |text: &str| text.parse::<Period>();
        assert_eq!(read("Hộ tịch=70"), Ok(Period { field: "Hộ tịch".into(), years: 70 }));
        assert_eq!(read(" a=b = 5"), Ok(Period { field: "a=b".into(), years: 5 }));
        for bad in ["Hộ tịch", "=5", "Hộ tịch=0", "Hộ tịch=-1", "Hộ tịch=201", "Hộ tịch="] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let twice = ["a=1", "a=2"].map(|text| read(text).expect("a period"));
        assert!(Periods::new(twice).is_err());
    }
}
