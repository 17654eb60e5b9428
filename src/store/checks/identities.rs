//! Dossiers that belong together by who handed them in.
//!
//! Who that is stands in personal rows. They are read for the candidates only, page by page; of each phone and
//! identity number no more than a short digest stays in memory while a question is answered, and nothing of them
//! leaves this module. An applicant whose personal values were erased belongs to nobody. Digests hold the agency:
//! what lies at another agency is never compared.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::fill::{MANY_ONLINE, REFILE_DAYS, Scene};
use crate::domain::applicant::Applicant;
use crate::domain::event::{CorrectedField, EventType, Payload};
use crate::domain::time::{Instant, from_micros};
use crate::store::error::StoreError;
use crate::store::figures::Cut;
use crate::store::history::{event_of, personal_of};
use crate::store::query::{FactQuery, Hit};
use crate::store::sql_types::Id;
use crate::store::tx::Tx;

/// Dossiers read at a time.
const PAGE: i64 = 1000;

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

/// A digest of somebody's number.
type Key = [u8; 16];

/// What is asked of a candidate.
struct Intake {
    agency: String,
    id: Id,
    procedure: String,
    submitted_at: Instant,
    withdrawn_at: Option<Instant>,
    code: Option<String>,
    previous: Option<String>,
    keys: BTreeSet<Key>,
}

/// Agency by agency: nothing is compared across them, and a page of one agency is found without the rows of the others.
///
/// # Errors
/// The database fails, or holds what this program never writes.
pub(super) fn find(tx: &mut Tx<'_>, cut: &Cut, scene: &Scene, rule: &IdentityRule) -> Result<Flagged, StoreError> {
    let mut flagged = Flagged::new();
    for agency in &cut.agencies {
        let own = Cut { agencies: BTreeSet::from([agency.clone()]), ..cut.clone() };
        let population = own.asking(scene.sure(rule.population));
        flagged.append(&mut match rule.search {
            Search::Shared => shared(tx, agency, population)?,
            Search::Refiled => refiled(tx, &own, scene, population)?,
        });
    }
    Ok(flagged)
}

fn shared(tx: &mut Tx<'_>, agency: &str, population: FactQuery) -> Result<Flagged, StoreError> {
    let mut keys: Vec<(Key, Id)> = Vec::new();
    each(tx, population, &mut |intake| keys.extend(intake.keys.into_iter().map(|key| (key, intake.id))))?;
    keys.sort_unstable();
    let groups = keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() >= MANY_ONLINE);
    Ok(groups.flatten().map(|(_, id)| (agency.to_owned(), *id)).collect())
}

/// A dossier that was withdrawn: when, and which.
type Withdrawn = (Instant, Id);

fn refiled(tx: &mut Tx<'_>, cut: &Cut, scene: &Scene, population: FactQuery) -> Result<Flagged, StoreError> {
    let mut by_key: BTreeMap<Key, Vec<Withdrawn>> = BTreeMap::new();
    let mut by_name: BTreeMap<(String, String), Withdrawn> = BTreeMap::new();
    each(tx, population, &mut |intake| {
        let Some(at) = intake.withdrawn_at else { return };
        for key in &intake.keys {
            by_key.entry(of_procedure(key, &intake.procedure)).or_default().push((at, intake.id));
        }
        for name in [Some(intake.id.0.to_string()), intake.code].into_iter().flatten() {
            by_name.insert((intake.agency.clone(), name), (at, intake.id));
        }
    })?;
    let template = "NOT voided AND submitted_at BETWEEN {from} AND {to} + {refile_days} * {day}";
    if by_name.is_empty() {
        return Ok(Flagged::new());
    }
    let later = cut.asking(scene.sure(template));
    let mut flagged = Flagged::new();
    each(tx, later, &mut |intake| {
        let again = |(at, id): &Withdrawn| {
            let after = intake.submitted_at - *at;
            *id != intake.id && (chrono::Duration::zero()..=chrono::Duration::days(REFILE_DAYS)).contains(&after)
        };
        let same_person = intake.keys.iter().filter_map(|key| by_key.get(&of_procedure(key, &intake.procedure)));
        let named = intake.previous.as_ref().and_then(|name| by_name.get(&(intake.agency.clone(), name.clone())));
        let found = same_person.flatten().chain(named).filter(|withdrawn| again(withdrawn));
        flagged.extend(found.map(|(_, id)| (intake.agency.clone(), *id)));
    })?;
    Ok(flagged)
}

fn of_procedure(key: &Key, procedure: &str) -> Key {
    digest(&[key, procedure.as_bytes()])
}

fn digest(parts: &[&[u8]]) -> Key {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    let mut key = Key::default();
    key.copy_from_slice(&hasher.finalize()[..16]);
    key
}

/// Looks at every dossier that the question lists.
fn each(tx: &mut Tx<'_>, mut ask: FactQuery, look: &mut dyn FnMut(Intake)) -> Result<(), StoreError> {
    ask.limit = PAGE;
    loop {
        let hits = tx.facts_page(&ask)?;
        let Some(last) = hits.last() else { return Ok(()) };
        ask.after = Some((last.sort_key, last.dossier));
        for intake in intakes(tx, &hits, ask.known_at)? {
            look(intake);
        }
    }
}

fn intakes(tx: &mut Tx<'_>, hits: &[Hit], known_at: i64) -> Result<Vec<Intake>, StoreError> {
    let agencies: Vec<String> =
        hits.iter().map(|hit| hit.agency.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let ids: Vec<Id> = hits.iter().map(|hit| hit.dossier).collect();
    let mut personal = BTreeMap::new();
    for row in tx.personal_of_many(&agencies, &ids)? {
        let (n, body) = personal_of(&row)?;
        personal.insert((row.dossier_id, n), body);
    }
    let mut found: BTreeMap<Id, Intake> = BTreeMap::new();
    for row in tx.events_of_kinds(&agencies, &ids, &KINDS, known_at)? {
        let event = event_of(&row)?;
        let field = |name: &str| personal.get(&(row.dossier_id, event.n)).and_then(|body| body.get(name)).cloned();
        if let Payload::Submitted(submitted) = &event.payload {
            found.insert(
                row.dossier_id,
                Intake {
                    keys: keys_of(&row.agency_id, field("applicant"))?,
                    agency: row.agency_id,
                    id: row.dossier_id,
                    procedure: submitted.procedure.clone(),
                    submitted_at: from_micros(row.occurred_at),
                    withdrawn_at: None,
                    code: None,
                    previous: submitted.previous.clone(),
                },
            );
            continue;
        }
        let Some(intake) = found.get_mut(&row.dossier_id) else { continue };
        match event.payload {
            Payload::Received(received) => intake.code = received.code,
            Payload::Withdrawn(_) => intake.withdrawn_at = Some(event.occurred_at),
            Payload::Corrected(correction) if correction.field == CorrectedField::Applicant => {
                intake.keys = keys_of(&row.agency_id, field("value"))?;
            }
            _ => {}
        }
    }
    Ok(found.into_values().collect())
}

const KINDS: [&str; 4] = [
    EventType::Submitted.as_str(),
    EventType::Received.as_str(),
    EventType::Withdrawn.as_str(),
    EventType::Corrected.as_str(),
];

fn keys_of(agency: &str, applicant: Option<serde_json::Value>) -> Result<BTreeSet<Key>, StoreError> {
    let Some(value) = applicant else { return Ok(BTreeSet::new()) };
    // The error's own text could quote what it could not read.
    let applicant = Applicant::deserialize(value).map_err(|_| StoreError::Corrupt("an applicant".into()))?;
    let mut keys = BTreeSet::new();
    if let Some(phone) = &applicant.phone {
        keys.insert(digest(&[agency.as_bytes(), b"phone", national(phone).as_bytes()]));
    }
    for identity in &applicant.ids {
        let kind = format!("{:?}", identity.kind);
        let number = identity.number.trim().to_uppercase();
        keys.insert(digest(&[agency.as_bytes(), kind.as_bytes(), number.as_bytes()]));
    }
    Ok(keys)
}

/// `+84 912…` and `0912…` are one phone.
fn national(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("84") {
        Some(rest) if phone.starts_with('+') => format!("0{rest}"),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_phone_is_written_in_two_ways() {
        assert_eq!(national("+84912345678"), national("0912345678"));
        assert_ne!(national("84912345678"), national("0912345678"));
    }

    #[test]
    fn parts_of_a_digest_do_not_run_together() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
