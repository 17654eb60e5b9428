//! Dossiers that belong together by who handed them in.
//!
//! Who that is stands sealed in personal rows, and as keyed digests in the blind index: the database groups by the
//! digests, and nothing personal is read. An applicant whose personal values were erased belongs to nobody. Digests hold
//! the agency: what lies at another agency is never compared.

use std::collections::{BTreeMap, BTreeSet};

use super::fill::{MANY_ONLINE, REFILE_DAYS, Scene};
use crate::store::error::StoreError;
use crate::store::figures::Cut;
use crate::store::personal::searched_key;
use crate::store::query::{FactQuery, Refiling};
use crate::store::sql_types::Id;
use crate::store::tx::Tx;

/// Who could be flagged, and by what.
#[derive(Debug)]
pub struct IdentityRule {
    pub population: &'static str,
    pub search: Search,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Many of the population have one phone or identity number.
    Shared,
    /// Handed in again soon after.
    Refiled,
}

/// Those flagged, with the agency that received them.
pub type Flagged = BTreeSet<(String, Id)>;

const DAY: i64 = 86_400_000_000;

/// # Errors
/// The database fails, or holds what this program never writes.
pub(super) fn find(tx: &mut Tx<'_>, cut: &Cut, scene: &Scene, rule: &IdentityRule) -> Result<Flagged, StoreError> {
    let key = searched_key(tx)?;
    let population = cut.asking(scene.sure(rule.population));
    match rule.search {
        Search::Shared => Ok(tx.identities_shared(&population, &key, MANY_ONLINE)?.into_iter().collect()),
        Search::Refiled => refiled(tx, cut, scene, &population, &key),
    }
}

fn refiled(tx: &mut Tx<'_>, cut: &Cut, scene: &Scene, withdrawn: &FactQuery, key: &str) -> Result<Flagged, StoreError> {
    let template = "NOT voided AND submitted_at BETWEEN {from} AND {to} + {refile_days} * {day}";
    let later = cut.asking(scene.sure(template));
    let within = REFILE_DAYS * DAY;
    let same_person = tx.identities_refiled(&Refiling { withdrawn, later: &later, within }, key)?;
    let mut flagged: Flagged = same_person.into_iter().collect();
    let mut by_name: BTreeMap<(String, String), (i64, Id)> = BTreeMap::new();
    for named in tx.withdrawn_names(withdrawn)? {
        for name in [Some(named.dossier.0.to_string()), named.code].into_iter().flatten() {
            by_name.insert((named.agency.clone(), name), (named.at, named.dossier));
        }
    }
    if by_name.is_empty() {
        return Ok(flagged);
    }
    for naming in tx.naming_a_previous(&later)? {
        let Some((at, id)) = by_name.get(&(naming.agency.clone(), naming.previous)) else { continue };
        if *id != naming.dossier && (0..=within).contains(&(naming.submitted_at - at)) {
            flagged.insert((naming.agency, *id));
        }
    }
    Ok(flagged)
}
