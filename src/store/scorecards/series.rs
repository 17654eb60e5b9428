//! A plan month by month: each month's own figure and the one since the period began, the previous year beside both.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};

use super::outlook::{NoOutlook, Outlook, outlook};
use super::{Actual, Ask, Row, base_of, cut_of, period_of, scorecard, status_of};
use crate::domain::time::{Instant, business_date, start_of_day};
use crate::plans::{Plan, Target};
use crate::store::catalogues::Catalogues;
use crate::store::error::StoreError;
use crate::store::figures::{Counts, Cut, figures};
use crate::store::indicators::{Indicator, find};
use crate::store::tx::Tx;

/// One target through its period.
#[derive(Debug, Clone)]
pub struct Series {
    pub row: Row,
    /// None for a declared target.
    pub months: Vec<Month>,
    pub outlook: Result<Outlook, NoOutlook>,
}

/// One month of the period, cut to it and to what was known.
#[derive(Debug, Clone)]
pub struct Month {
    /// `2026-03`.
    pub name: String,
    /// None: it had not begun as known then.
    pub points: Option<Points>,
}

#[derive(Debug, Clone)]
pub struct Points {
    pub own: Point,
    /// Since the period began.
    pub cumulative: Point,
}

/// A figure, and the one of the same dates a year earlier, as known at the same instant.
#[derive(Debug, Clone)]
pub struct Point {
    pub now: Actual,
    pub before: Actual,
}

/// # Errors
/// The database fails.
pub fn series(tx: &mut Tx<'_>, catalogues: &Catalogues, plan: &Plan, ask: &Ask) -> Result<Vec<Series>, StoreError> {
    let mut found = Vec::with_capacity(plan.targets.len());
    for row in scorecard(tx, catalogues, plan, ask)? {
        let outlook = outlook(tx, catalogues, &row.target, ask, row.period)?;
        found.push(Series { row, months: Vec::new(), outlook });
    }
    for group in groups(tx, catalogues, plan, ask)? {
        let mut bases = Vec::with_capacity(group.members.len());
        for (place, _) in &group.members {
            bases.push(base_of(tx, catalogues, &plan.targets[*place], ask)?);
        }
        for (name, slice) in months(&group.cut) {
            let stretches = match slice {
                Some(slice) => Some(Stretches::count(tx, catalogues, &group, slice)?),
                None => None,
            };
            for ((place, indicator), base) in group.members.iter().zip(&bases) {
                let target = &plan.targets[*place];
                let points = stretches.as_ref().map(|counted| counted.points(target, indicator, *base));
                found[*place].months.push(Month { name: name.clone(), points });
            }
        }
    }
    Ok(found)
}

/// Targets that count the same dossiers are counted together: one scan for all of them.
struct Group {
    cut: Cut,
    /// Place in the plan, indicator.
    members: Vec<(usize, &'static Indicator)>,
}

fn groups(tx: &mut Tx<'_>, catalogues: &Catalogues, plan: &Plan, ask: &Ask) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, target) in plan.targets.iter().enumerate() {
        let Some(indicator) = target.indicator.as_deref().and_then(find) else { continue };
        let cut = cut_of(tx, catalogues, target, ask, period_of(plan, target, ask))?;
        match groups.iter_mut().find(|group| group.cut == cut) {
            Some(group) => group.members.push((place, indicator)),
            None => groups.push(Group { cut, members: vec![(place, indicator)] }),
        }
    }
    Ok(groups)
}

/// The four stretches of a month with the counts of each, by indicator.
struct Stretches {
    own: [Counted; 2],
    cumulative: [Counted; 2],
}

struct Counted {
    cut: Cut,
    counts: BTreeMap<&'static str, Counts>,
}

impl Stretches {
    fn count(tx: &mut Tx<'_>, catalogues: &Catalogues, group: &Group, slice: Cut) -> Result<Self, StoreError> {
        let mut wanted: Vec<&'static Indicator> = Vec::new();
        for (_, indicator) in &group.members {
            if wanted.iter().all(|known| known.id != indicator.id) {
                wanted.push(indicator);
            }
        }
        let mut count = |cut: Cut| -> Result<Counted, StoreError> {
            let found = figures(tx, catalogues, &cut, &wanted, None, &BTreeMap::new())?;
            let counts = found.into_iter().map(|figure| (figure.indicator.id, figure.counts)).collect();
            Ok(Counted { cut, counts })
        };
        let whole = Cut { from: group.cut.from, ..slice.clone() };
        Ok(Self {
            own: [count(slice.clone())?, count(year_before(&slice))?],
            cumulative: [count(whole.clone())?, count(year_before(&whole))?],
        })
    }

    fn points(&self, target: &Target, indicator: &'static Indicator, base: Option<Counts>) -> Points {
        let point = |[now, before]: &[Counted; 2]| {
            let counts = |counted: &Counted| counted.counts.get(indicator.id).copied().unwrap_or_default();
            let status = status_of(target, indicator, counts(now), base);
            Point {
                now: Actual { indicator, counts: counts(now), base, status, cut: now.cut.clone() },
                before: Actual { indicator, counts: counts(before), base: None, status: None, cut: before.cut.clone() },
            }
        };
        Points { own: point(&self.own), cumulative: point(&self.cumulative) }
    }
}

/// The months of a cut; the running one goes to the day on which it is looked at, so that the same days of the year
/// before stand beside it. `None`: still to come.
fn months(cut: &Cut) -> Vec<(String, Option<Cut>)> {
    let known = business_date(cut.known_at);
    let begun = |slice: &Cut, known_at: Instant| start_of_day(slice.from) <= known_at;
    let months = cut.months().into_iter();
    months
        .map(|(name, slice)| {
            let slice = begun(&slice, cut.known_at).then(|| Cut { to: slice.to.min(known), ..slice });
            (name, slice)
        })
        .collect()
}

/// The same dates a year earlier.
fn year_before(cut: &Cut) -> Cut {
    Cut { from: earlier(cut.from), to: earlier(cut.to), ..cut.clone() }
}

/// The same date a year earlier; a month's last day stays its last day, 29 February too.
fn earlier(date: NaiveDate) -> NaiveDate {
    let back = |date: NaiveDate| date.checked_sub_months(Months::new(12)).unwrap_or(date);
    match date.succ_opt() {
        Some(next) if next.day() == 1 => back(next).pred_opt().unwrap_or(date),
        _ => back(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_earlier_months_are_whole() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (day, before) in [
            ("2026-03-10", "2025-03-10"),
            ("2025-02-28", "2024-02-29"),
            ("2024-02-29", "2023-02-28"),
            ("2024-02-28", "2023-02-28"),
            ("2026-12-31", "2025-12-31"),
            ("2026-01-01", "2025-01-01"),
        ] {
            assert_eq!(earlier(date(day)), date(before), "{day}");
        }
    }
}
