//! From a cut to the counts of checks, and from a check to the question that lists whom it flags.

use std::collections::BTreeMap;

use super::agencies::Sums;
use super::fill::{Ending, Scene};
use super::{Check, Rule, identities};
use crate::store::catalogues::calendar_at;
use crate::store::error::StoreError;
use crate::store::figures::Cut;
use crate::store::query::{FactQuery, Tally};
use crate::store::tx::Tx;

/// One check, perhaps of one group.
#[derive(Debug, Clone)]
pub struct Found {
    pub check: &'static Check,
    pub group: Option<String>,
    pub flagged: i64,
    pub population: i64,
}

impl Scene {
    /// What the templates of a cut refer to; the calendar is the one in force as known then.
    ///
    /// # Errors
    /// The database fails.
    pub fn of(tx: &mut Tx<'_>, cut: &Cut) -> Result<Self, StoreError> {
        let calendar = calendar_at(tx, cut.known_at)?;
        Ok(Self { instants: cut.instants(), ending: calendar.and_then(|calendar| Ending::of(cut, &calendar)) })
    }
}

/// Counts of a cut, in the order asked for: in all, or by the group that `groups` gives each agency. Groups
/// without anybody are left out.
///
/// # Errors
/// The database fails.
pub fn count(
    tx: &mut Tx<'_>,
    cut: &Cut,
    checks: &[&'static Check],
    groups: Option<&BTreeMap<String, String>>,
) -> Result<Vec<Found>, StoreError> {
    let scene = Scene::of(tx, cut)?;
    let by_agency = tally(tx, cut, checks, &scene)?;
    let mut found = Vec::new();
    for (i, check) in checks.iter().enumerate() {
        let mut counts: BTreeMap<Option<String>, (i64, i64)> = BTreeMap::new();
        if groups.is_none() {
            counts.insert(None, (0, 0));
        }
        for (agency, columns) in &by_agency {
            let (flagged, population) = columns[i];
            if groups.is_none() || population > 0 || flagged > 0 {
                let group = groups.map(|groups| groups.get(agency).unwrap_or(agency).clone());
                let sums = counts.entry(group).or_default();
                *sums = (sums.0 + flagged, sums.1 + population);
            }
        }
        found.extend(counts.into_iter().map(|(group, (flagged, population))| Found {
            check,
            group,
            flagged,
            population,
        }));
    }
    Ok(found)
}

/// Flagged and population of each check, by agency: one scan, and one more for each check of identities.
fn tally(
    tx: &mut Tx<'_>,
    cut: &Cut,
    checks: &[&'static Check],
    scene: &Scene,
) -> Result<BTreeMap<String, Vec<(i64, i64)>>, StoreError> {
    let one = |predicate: String| format!("CASE WHEN {predicate} THEN 1 ELSE 0 END");
    let mut sums = Vec::new();
    for check in checks {
        let measured = match &check.rule {
            Rule::Agency(rule) => one(scene.sure(rule.measured)),
            Rule::Row { .. } | Rule::Shortfall(_) | Rule::Identity(_) => "0".to_owned(),
        };
        sums.extend([one(check.population(scene)), one(check.flagged(scene)), measured]);
    }
    let agencies: Vec<String> = cut.agencies.iter().cloned().collect();
    let rows = tx.tally(&Tally {
        table: "facts",
        agencies: &agencies,
        at: scene.instants.at,
        known_at: cut.known_at.timestamp_micros(),
        filters: &cut.filters,
        keys: ["agency_id", "''", "''"],
        sums: &sums,
    })?;
    let mut found = BTreeMap::new();
    for row in rows {
        let [agency, ..] = row.keys;
        let of = |(i, check): (usize, &&'static Check)| {
            let (population, flagged) = (row.sums[3 * i], row.sums[3 * i + 1]);
            let sums = Sums { population, measured: row.sums[3 * i + 2], ending: scene.ending };
            let stands_out = !matches!(&check.rule, Rule::Agency(rule) if !(rule.stands_out)(&sums));
            (if stands_out { flagged } else { 0 }, population)
        };
        found.insert(agency, checks.iter().enumerate().map(of).collect::<Vec<_>>());
    }
    for (i, check) in checks.iter().enumerate() {
        let Rule::Identity(rule) = &check.rule else { continue };
        found.values_mut().for_each(|columns| columns[i].0 = 0);
        for (agency, _) in identities::find(tx, cut, scene, rule)? {
            if let Some(columns) = found.get_mut(&agency) {
                columns[i].0 += 1;
            }
        }
    }
    Ok(found)
}

/// The question whose answer lists whom a check flags.
///
/// # Errors
/// The database fails.
pub fn question(tx: &mut Tx<'_>, cut: &Cut, check: &'static Check) -> Result<FactQuery, StoreError> {
    let scene = Scene::of(tx, cut)?;
    let mut ask = cut.asking(check.flagged(&scene));
    match &check.rule {
        Rule::Row { .. } | Rule::Shortfall(_) => {}
        Rule::Agency(_) => {
            let counts = tally(tx, cut, &[check], &scene)?.into_iter();
            ask.agencies = counts.filter(|(_, columns)| columns[0].0 > 0).map(|(agency, _)| agency).collect();
        }
        Rule::Identity(rule) => {
            let flagged = identities::find(tx, cut, &scene, rule)?;
            ask.ids = Some(flagged.into_iter().map(|(_, id)| id).collect());
        }
    }
    Ok(ask)
}
