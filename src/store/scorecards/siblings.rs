//! The same targets for agencies side by side: the children of a body, each with its subtree, and the body itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ask, Row, cut_of, indicators_of, period_of};
use crate::plans::{Period, Plan, Target};
use crate::store::catalogues::Catalogues;
use crate::store::declarations::{Question, declared};
use crate::store::error::StoreError;
use crate::store::figures::{Counts, GroupBy, figures};
use crate::store::indicators::Indicator;
use crate::store::tx::Tx;

/// One agency's rows, in the order of the plan.
#[derive(Debug, Clone)]
pub struct Sibling {
    pub agency: String,
    pub rows: Vec<Row>,
}

/// By code. `groups` names the sibling to which each agency belongs; all of them together are the ordinary scorecard.
///
/// # Errors
/// The database fails.
pub fn siblings(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    plan: &Plan,
    ask: &Ask,
    groups: &BTreeMap<String, String>,
) -> Result<Vec<Sibling>, StoreError> {
    let named = groups.iter().filter(|(agency, _)| ask.agencies.contains(*agency)).map(|(_, group)| group.clone());
    let tops: BTreeSet<String> = named.collect();
    let mut found: Vec<Sibling> = tops.into_iter().map(|agency| Sibling { agency, rows: Vec::new() }).collect();
    // The head of a group may have gone to others by now, while something that stood below it is still in reach.
    let heads = found.iter().map(|sibling| sibling.agency.clone());
    let question = Question {
        agencies: heads.filter(|head| ask.agencies.contains(head)).collect(),
        plan: Some(plan.id.clone()),
        known_at: ask.known_at.timestamp_micros(),
        ..Question::default()
    };
    let versions = declared(tx, &question)?;
    for target in &plan.targets {
        let wanted = indicators_of(target);
        let period = period_of(plan, target, ask);
        let cut = cut_of(tx, catalogues, target, ask, period)?;
        let counted = by_sibling(tx, catalogues, target, ask, (period, &wanted), groups)?;
        let bases = match target.base_period {
            Some(period) if !wanted.is_empty() => {
                Some(by_sibling(tx, catalogues, target, ask, (period, &wanted[..1]), groups)?)
            }
            _ => None,
        };
        for sibling in &mut found {
            let of = |counted: &Groups, indicator: &Indicator| {
                counted.get(&(indicator.id, sibling.agency.clone())).copied().unwrap_or_default()
            };
            let own: Vec<_> = wanted.iter().map(|indicator| (*indicator, of(&counted, indicator))).collect();
            let base = bases.as_ref().zip(wanted.first()).map(|(bases, indicator)| of(bases, indicator));
            let mut row = Row::judged(target, period, &cut, &own, base);
            let versions: Vec<_> = versions.iter().filter(|one| one.agency == sibling.agency).cloned().collect();
            row.declare(&versions);
            sibling.rows.push(row);
        }
    }
    Ok(found)
}

/// Counts by indicator and sibling; who has nothing is left out.
type Groups = BTreeMap<(&'static str, String), Counts>;

fn by_sibling(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    target: &Target,
    ask: &Ask,
    (period, wanted): (Period, &[&'static Indicator]),
    groups: &BTreeMap<String, String>,
) -> Result<Groups, StoreError> {
    let cut = cut_of(tx, catalogues, target, ask, period)?;
    let found = figures(tx, catalogues, &cut, wanted, Some(GroupBy::Agency), groups)?;
    let keyed = found.into_iter().filter_map(|figure| Some(((figure.indicator.id, figure.group?), figure.counts)));
    Ok(keyed.collect())
}
