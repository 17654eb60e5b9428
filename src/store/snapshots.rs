//! A period's report frozen: its numbers, who stands behind each of them (by a hash), the indicators of the same
//! cut, and the heads of the chains that all of it was read from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::catalogues::Catalogues;
use super::error::StoreError;
use super::figures::{Cut, figures};
use super::indicators::{self, Indicator, Part, Subject};
use super::query::{Filters, Flagged, Flags};
use super::reports::{Ask, Report, Row, RowKind, compute};
use super::tx::Tx;
use crate::domain::catalogue::Level;
use crate::domain::time::{self, Instant, from_micros};

pub const FORMAT: &str = "motcua-snapshot";
pub const VERSION: u32 = 1;

/// Dossiers read at a time.
const PAGE: i64 = 2_000;

/// An indicator at the report's cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrozenIndicator {
    pub id: String,
    /// For unit `days`: the sum of office minutes.
    pub numerator: i64,
    pub denominator: i64,
    /// Null where the unit is not the dossier.
    pub numerator_dossiers: Option<String>,
    pub denominator_dossiers: Option<String>,
}

/// The end of an agency's chain at the instant of the cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FrozenHead {
    pub agency: String,
    pub seq: i64,
    pub hash: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Instant,
}

/// What is frozen. Written as canonical JSON, it is what the hash of a snapshot is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    pub report: Report,
    /// For each row, for each column: SHA-256 over `agency/id` and a line feed of every dossier behind the cell,
    /// by agency code and id.
    pub dossiers: Vec<Vec<String>>,
    pub indicators: Vec<FrozenIndicator>,
    pub heads: Vec<FrozenHead>,
}

/// What makes a row the same one in another report.
pub type RowKey = (u8, Option<Level>, Option<String>, Option<String>, Option<String>);

#[must_use]
pub fn row_key(row: &Row) -> RowKey {
    let kind = match row.kind {
        RowKind::Level => 0,
        RowKind::Field => 1,
        RowKind::Procedure => 2,
        RowKind::Agency => 3,
        RowKind::Total => 4,
    };
    (kind, row.level, row.field.clone(), row.procedure.clone(), row.agency.clone())
}

/// Counts members and hashes them as they come.
#[derive(Clone, Default)]
struct Crowd {
    hasher: Sha256,
    count: i64,
}

impl Crowd {
    fn add(&mut self, member: &str) {
        self.hasher.update(member.as_bytes());
        self.count += 1;
    }

    fn hash(self) -> String {
        hex::encode(self.hasher.finalize())
    }
}

/// Computes a report and freezes it.
///
/// # Errors
/// The database fails, or a number is not that of the dossiers behind it: this cannot be, and nothing is frozen.
pub fn freeze(tx: &mut Tx<'_>, catalogues: &Catalogues, ask: &Ask<'_>) -> Result<Frozen, StoreError> {
    let report = compute(tx, catalogues, ask)?;
    let parts = parts();
    let instants = ask.cut.instants();
    let width = ask.layout.columns.len();
    let mut predicates: Vec<String> =
        ask.layout.columns.iter().map(|column| column.predicate(ask.ended, &instants)).collect();
    predicates.extend(parts.iter().map(|(indicator, part)| indicator.predicate(*part, &instants)));
    let rows = Rows::of(&report);
    let mut cells = vec![vec![Crowd::default(); width]; report.rows.len()];
    let mut crowds = vec![Crowd::default(); parts.len()];
    let mut heads = Vec::new();
    for agency in &ask.cut.agencies {
        let ask =
            Flags { agency, at: instants.at, known_at: ask.cut.known_at.timestamp_micros(), predicates: &predicates };
        walk(tx, &ask, |found| {
            let member = format!("{agency}/{}\n", found.dossier.0);
            let (columns, shares) = found.holds.split_at(width);
            for row in rows.holding(agency, found) {
                for (cell, _) in cells[row].iter_mut().zip(columns).filter(|(_, holds)| **holds) {
                    cell.add(&member);
                }
            }
            for (crowd, _) in crowds.iter_mut().zip(shares).filter(|(_, holds)| **holds) {
                crowd.add(&member);
            }
        })?;
        heads.extend(head(tx, agency, ask.known_at)?);
    }
    for (row, cells) in report.rows.iter().zip(&cells) {
        if !cells.iter().map(|cell| cell.count).eq(row.cells.iter().copied()) {
            return Err(StoreError::Corrupt(format!("cells and dossiers of {:?} differ", row_key(row))));
        }
    }
    let dossiers = cells.into_iter().map(|cells| cells.into_iter().map(Crowd::hash).collect()).collect();
    let indicators = shares(tx, catalogues, ask.cut, parts.into_iter().zip(crowds))?;
    Ok(Frozen { report, dossiers, indicators, heads })
}

fn walk(tx: &mut Tx<'_>, ask: &Flags<'_>, mut take: impl FnMut(&Flagged)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = tx.facts_flags(ask, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.dossier);
        page.iter().for_each(&mut take);
    }
}

fn head(tx: &mut Tx<'_>, agency: &str, known_at: i64) -> Result<Option<FrozenHead>, StoreError> {
    let head = tx.head_at(agency, known_at)?;
    Ok(head.map(|row| FrozenHead {
        agency: row.agency_id,
        seq: row.seq,
        hash: row.hash,
        recorded_at: from_micros(row.recorded_at),
    }))
}

/// Parts of indicators whose members are dossiers, and are hashed.
fn parts() -> Vec<(&'static Indicator, Part)> {
    let dossiers = indicators::all().filter(|indicator| indicator.subject == Subject::Dossier);
    dossiers.flat_map(|indicator| [(indicator, Part::Denominator), (indicator, Part::Numerator)]).collect()
}

fn shares(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
    crowds: impl Iterator<Item = ((&'static Indicator, Part), Crowd)>,
) -> Result<Vec<FrozenIndicator>, StoreError> {
    let mut hashes: BTreeMap<(&str, bool), (i64, String)> = BTreeMap::new();
    for ((indicator, part), crowd) in crowds {
        hashes.insert((indicator.id, part == Part::Denominator), (crowd.count, crowd.hash()));
    }
    let all: Vec<&'static Indicator> = indicators::all().collect();
    let found = figures(tx, catalogues, cut, &all, None, &BTreeMap::new())?;
    let mut frozen = Vec::with_capacity(found.len());
    for figure in found {
        let id = figure.indicator.id;
        let (numerator, denominator) = (hashes.remove(&(id, false)), hashes.remove(&(id, true)));
        let agrees = |found: &Option<(i64, String)>, count| found.as_ref().is_none_or(|(known, _)| *known == count);
        let minutes = figure.indicator.in_days;
        if !agrees(&denominator, figure.counts.denominator) || !(minutes || agrees(&numerator, figure.counts.numerator))
        {
            return Err(StoreError::Corrupt(format!("{id} and its dossiers differ")));
        }
        frozen.push(FrozenIndicator {
            id: id.to_owned(),
            numerator: figure.counts.numerator,
            denominator: figure.counts.denominator,
            numerator_dossiers: numerator.map(|(_, hash)| hash),
            denominator_dossiers: denominator.map(|(_, hash)| hash),
        });
    }
    Ok(frozen)
}

/// Where a dossier falls in a report: its rows by their keys.
struct Rows<'a> {
    report: &'a Report,
    places: BTreeMap<RowKey, usize>,
}

impl<'a> Rows<'a> {
    fn of(report: &'a Report) -> Self {
        let places = report.rows.iter().enumerate().map(|(place, row)| (row_key(row), place)).collect();
        Self { report, places }
    }

    fn holding(&self, agency: &str, found: &Flagged) -> Vec<usize> {
        let Some(counted) = self.report.agencies.iter().find(|counted| counted.code == agency) else {
            return Vec::new();
        };
        let level = Some(counted.level);
        let (field, procedure) = (Some(found.field.clone()), Some(found.procedure.clone()));
        let keys: [RowKey; 5] = [
            (0, level, None, None, None),
            (1, level, field.clone(), None, None),
            (2, level, field, procedure, None),
            (3, None, None, None, counted.row.clone()),
            (4, None, None, None, None),
        ];
        keys.iter().filter_map(|key| self.places.get(key).copied()).collect()
    }
}

impl Frozen {
    /// The report's cut, with the agencies as they were counted.
    #[must_use]
    pub fn cut(&self) -> Cut {
        Cut {
            agencies: self.report.agencies.iter().map(|counted| counted.code.clone()).collect(),
            from: self.report.from,
            to: self.report.to,
            known_at: self.report.known_at,
            filters: Filters::default(),
        }
    }

    /// The row of each agency.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<String, String> {
        let rows = self.report.agencies.iter();
        rows.filter_map(|counted| Some((counted.code.clone(), counted.row.clone()?))).collect()
    }

    /// The same once more from the records: the same agencies, the same instants.
    ///
    /// # Errors
    /// As [`freeze`].
    pub fn again(&self, tx: &mut Tx<'_>, catalogues: &Catalogues) -> Result<Self, StoreError> {
        let (cut, groups) = (self.cut(), self.groups());
        let ask = Ask {
            layout: self.report.layout()?,
            ended: self.report.ended,
            rows: self.report.rows_by,
            cut: &cut,
            agency: self.report.agency.as_deref(),
            own: self.report.own,
            levels: &self.report.levels,
            groups: &groups,
        };
        freeze(tx, catalogues, &ask)
    }
}

/// A cell that differs between two frozen reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub row: Row,
    pub column: String,
    /// None: there was no such row.
    pub before: Option<i64>,
    pub after: Option<i64>,
}

/// Every cell whose number, or the dossiers behind it, differ; in the order of the print.
#[must_use]
pub fn differences(before: &Frozen, after: &Frozen) -> Vec<Difference> {
    let index = |frozen: &Frozen| -> BTreeMap<RowKey, usize> {
        frozen.report.rows.iter().enumerate().map(|(place, row)| (row_key(row), place)).collect()
    };
    let (old, new) = (index(before), index(after));
    let keys: BTreeSet<&RowKey> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (a, b) = (old.get(key), new.get(key));
        let Some(row) = a.map(|i| &before.report.rows[*i]).or_else(|| b.map(|i| &after.report.rows[*i])) else {
            continue;
        };
        for (place, column) in before.report.columns.iter().enumerate() {
            let cell = |frozen: &Frozen, row: Option<&usize>| {
                let row = row.copied()?;
                let count = frozen.report.rows.get(row)?.cells.get(place).copied()?;
                Some((count, frozen.dossiers.get(row)?.get(place)?.clone()))
            };
            let (old, new) = (cell(before, a), cell(after, b));
            // A row that is not there has nobody in it.
            let nobody = |cell: &Option<(i64, String)>| cell.as_ref().is_none_or(|(count, _)| *count == 0);
            if old != new && !(nobody(&old) && nobody(&new)) {
                let (before, after) = (old.map(|(count, _)| count), new.map(|(count, _)| count));
                found.push(Difference { row: row.clone(), column: column.clone(), before, after });
            }
        }
    }
    found
}
