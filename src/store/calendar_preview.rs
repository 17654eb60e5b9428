//! What a calendar would move before it is put in force: dossiers and figures, on one snapshot, nothing stored.
//!
//! Found like the job that applies it finds them: open dossiers whose time touches a changed date, their events
//! folded page by page, each reckoned with both calendars. Memory does not grow with their number.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;

use super::calendars::{Calendars, micros};
use super::catalogues::{Catalogues, Tree};
use super::error::StoreError;
use super::figures::{Counts, Cut, GroupBy, figures};
use super::history;
use super::indicators;
use super::sql_types::Id;
use super::tx::Tx;
use crate::domain::calendar::Calendar;
use crate::domain::fold::fold;
use crate::domain::recompute::{Dues, recompute};
use crate::domain::time::{Instant, business_date};

/// Dossiers folded at a time.
const PAGE: i64 = 500;

/// Figures of stocks: the only ones that a due instant of an open dossier enters.
pub const FIGURES: [&str; 3] = ["overdue_open", "on_time_due", "on_time_handled"];

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    pub calendar: &'a Calendar,
    /// Agencies whose dossiers count.
    pub agencies: &'a BTreeSet<String>,
    /// Those of them whose dossiers are listed.
    pub listed: &'a BTreeSet<String>,
    /// Where lateness is judged: now.
    pub at: Instant,
    /// How many dossiers are listed.
    pub limit: usize,
    /// List only, from behind this place on; without it counts too.
    pub after: Option<(String, Id)>,
}

/// A dossier that would move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub agency: String,
    pub id: Id,
    pub code: Option<String>,
    pub procedure: String,
    /// Calendar by which it stands now.
    pub calendar_version: Option<String>,
    pub before: Dues,
    pub after: Dues,
}

/// Counts of an agency, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Running dossiers whose time touches a changed date.
    pub examined: i64,
    pub moved: i64,
    /// Of the moved: `due_strict` goes back or forward; the rest moves in `due` alone.
    pub later: i64,
    pub earlier: i64,
    /// Paused: they take the calendar that is in force when they resume.
    pub paused: i64,
    /// Overdue now that would not be, and the other way round.
    pub no_longer_overdue: i64,
    pub newly_overdue: i64,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.examined += other.examined;
        self.moved += other.moved;
        self.later += other.later;
        self.earlier += other.earlier;
        self.paused += other.paused;
        self.no_longer_overdue += other.no_longer_overdue;
        self.newly_overdue += other.newly_overdue;
    }
}

/// The answer.
#[derive(Debug, Default)]
pub struct Preview {
    /// By agency, where anything is touched.
    pub sums: BTreeMap<String, Sums>,
    /// By agency and id.
    pub rows: Vec<Moved>,
    /// There are more behind the last row.
    pub more: bool,
}

/// # Errors
/// The database fails or holds what this program never writes.
pub fn preview(tx: &mut Tx<'_>, catalogues: &Catalogues, ask: &Question<'_>) -> Result<Preview, StoreError> {
    let calendars = Calendars::load(tx)?;
    let mut found = Preview::default();
    let Some(span) = calendars.span_to(ask.calendar) else { return Ok(found) };
    let documents = catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, business_date(ask.at), ask.at);
    let after = ask.calendar.index();
    for agency in ask.agencies {
        let mut position = match &ask.after {
            Some((before, _)) if agency < before => continue,
            Some((before, id)) if agency == before => Some(*id),
            _ => None,
        };
        let hours = tree.get(agency).map(crate::domain::catalogue::Agency::hours).unwrap_or_default();
        let mut sums = Sums::default();
        loop {
            let page = tx.open_page(agency, micros(span), position, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            position = Some(*last);
            let ids: Vec<Id> = page.iter().filter(|(_, paused)| paused.is_none()).map(|(id, _)| *id).collect();
            sums.paused += count(page.len() - ids.len());
            for (id, events) in history::events_of_many(tx, agency, &ids)? {
                let Some(dossier) = fold(agency, id.0, &events) else { continue };
                sums.examined += 1;
                let version = dossier.calendar_version.clone();
                let before = version.as_deref().and_then(|version| calendars.working(version));
                let Some(new) = recompute(&dossier, before, &after, &hours) else { continue };
                let (Some(due), Some(due_strict)) = (dossier.due, dossier.due_strict) else { continue };
                let old = Dues { due, due_strict };
                sums.add(old, new, ask.at);
                if ask.listed.contains(agency) && found.rows.len() <= ask.limit {
                    found.rows.push(Moved {
                        agency: agency.clone(),
                        id,
                        code: dossier.code,
                        procedure: dossier.procedure,
                        calendar_version: version,
                        before: old,
                        after: new,
                    });
                }
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) || (ask.after.is_some() && found.full(ask)) {
                break;
            }
        }
        if sums != Sums::default() {
            found.sums.insert(agency.clone(), sums);
        }
        if ask.after.is_some() && found.full(ask) {
            break;
        }
    }
    found.more = found.full(ask);
    found.rows.truncate(ask.limit);
    Ok(found)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Preview {
    fn full(&self, ask: &Question<'_>) -> bool {
        self.rows.len() > ask.limit
    }

    #[must_use]
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.sums.values().for_each(|sums| total += *sums);
        total
    }
}

impl Sums {
    fn add(&mut self, old: Dues, new: Dues, at: Instant) {
        self.moved += 1;
        self.later += i64::from(new.due_strict > old.due_strict);
        self.earlier += i64::from(new.due_strict < old.due_strict);
        let overdue = |dues: Dues| at > dues.due_strict;
        self.no_longer_overdue += i64::from(overdue(old) && !overdue(new));
        self.newly_overdue += i64::from(!overdue(old) && overdue(new));
    }

    /// By how much the number of open overdue dossiers changes.
    #[must_use]
    pub fn overdue_change(&self) -> i64 {
        self.newly_overdue - self.no_longer_overdue
    }
}

/// The [`FIGURES`] by agency as they stand at `at`, in the period from `from` to its day.
///
/// # Errors
/// The database fails.
pub fn figures_now(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
) -> Result<BTreeMap<String, [Counts; 3]>, StoreError> {
    let wanted: Vec<_> = FIGURES.into_iter().filter_map(indicators::find).collect();
    let mut found: BTreeMap<String, [Counts; 3]> = BTreeMap::new();
    for figure in figures(tx, catalogues, cut, &wanted, Some(GroupBy::Agency), &BTreeMap::new())? {
        let place = FIGURES.iter().position(|id| *id == figure.indicator.id).unwrap_or(0);
        found.entry(figure.group.unwrap_or_default()).or_default()[place] = figure.counts;
    }
    Ok(found)
}

/// The same after the calendar is applied at that instant.
#[must_use]
pub fn figures_after(before: [Counts; 3], sums: &Sums) -> [Counts; 3] {
    let change = sums.overdue_change();
    let [mut overdue_open, mut on_time_due, mut on_time_handled] = before;
    overdue_open.numerator += change;
    on_time_due.denominator += change;
    on_time_handled.numerator -= change;
    [overdue_open, on_time_due, on_time_handled]
}

/// The year to date: the period in which stocks are shown when nobody names another.
#[must_use]
pub fn this_year(agencies: BTreeSet<String>, now: Instant) -> Cut {
    let to = business_date(now);
    let from = to.with_ordinal(1).unwrap_or(to);
    Cut { agencies, from, to, known_at: now, filters: super::query::Filters::default() }
}
