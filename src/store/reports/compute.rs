//! From a cut to a report: one scan of the fact rows, laid out in rows that add up.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Counted, Report, Row, RowKind, Share};
use super::{Column, Ended, Layout, RowsBy};
use crate::domain::catalogue::{Level, Procedure};
use crate::store::catalogues::{Catalogues, Documents, Tree, calendar_version};
use crate::store::error::StoreError;
use crate::store::figures::Cut;
use crate::store::indicators::{self, DEFINITION_VERSION, Instants, Part};
use crate::store::query::Tally;
use crate::store::tx::Tx;

/// What a report is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub layout: &'static Layout,
    pub ended: Ended,
    pub rows: RowsBy,
    /// Already confined to the caller's reach.
    pub cut: &'a Cut,
    /// As asked for, to be named: none for every root in the caller's reach.
    pub agency: Option<&'a str>,
    pub own: bool,
    pub levels: &'a [Level],
    /// For rows by agency: the row of each agency of the cut.
    pub groups: &'a BTreeMap<String, String>,
}

/// Where a row stands; the order is that of the print.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    level: Option<Level>,
    field: Option<String>,
    procedure: Option<String>,
    agency: Option<String>,
}

impl Key {
    fn kind(&self) -> RowKind {
        match self {
            Self { agency: Some(_), .. } => RowKind::Agency,
            Self { procedure: Some(_), .. } => RowKind::Procedure,
            Self { field: Some(_), .. } => RowKind::Field,
            Self { level: Some(_), .. } => RowKind::Level,
            _ => RowKind::Total,
        }
    }
}

/// Sums beside the cells: K1a, K1b (numerator, denominator), stopped, withdrawn.
const BESIDE: usize = 6;

/// # Errors
/// The database fails. A report whose sums do not add up is refused as corrupt: it cannot be.
pub fn compute(tx: &mut Tx<'_>, catalogues: &Catalogues, ask: &Ask<'_>) -> Result<Report, StoreError> {
    let cut = ask.cut;
    let documents = catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, cut.to, cut.known_at);
    let agencies = counted(&tree, ask)?;
    let mut sums = summed(tx, ask, &agencies)?;
    let total = sums.remove(&Key::default()).unwrap_or_default();
    let width = ask.layout.columns.len();
    if ask.rows == RowsBy::Agency {
        // A unit that recorded nothing is told from one that is not there.
        for group in agencies.iter().filter_map(|agency| agency.row.clone()) {
            sums.entry(Key { agency: Some(group), ..Key::default() }).or_default();
        }
    } else {
        sums.retain(|_, found| found.iter().take(width).any(|count| *count != 0));
    }
    let procedures = catalogues.procedures(tx)?;
    let lines = sums.into_iter().chain([(Key::default(), total)]);
    let rows = lines.map(|(key, sums)| row(key, sums, width, &tree, &procedures, cut)).collect();
    let report = Report {
        report: ask.layout.id.to_owned(),
        layout_version: ask.layout.version,
        definition_version: DEFINITION_VERSION,
        agency: ask.agency.map(str::to_owned),
        agency_name: ask.agency.and_then(|code| tree.get(code)).map(|agency| agency.name.clone()),
        own: ask.own,
        levels: ask.levels.to_vec(),
        from: cut.from,
        to: cut.to,
        known_at: cut.known_at,
        at: cut.at(),
        calendar_version: calendar_version(tx, cut.known_at)?,
        ended: ask.ended,
        rows_by: ask.rows,
        agencies,
        columns: ask.layout.columns.iter().map(|column| column.number.to_owned()).collect(),
        rows,
    };
    let broken = report.broken(ask.layout);
    if broken.is_empty() { Ok(report) } else { Err(StoreError::Corrupt(broken.join("; "))) }
}

fn counted(tree: &Tree<'_>, ask: &Ask<'_>) -> Result<Vec<Counted>, StoreError> {
    let one = |code: &String| {
        let agency = tree.get(code).ok_or_else(|| StoreError::Corrupt(format!("no agency {code}")))?;
        let row = (ask.rows == RowsBy::Agency).then(|| ask.groups.get(code).unwrap_or(code).clone());
        Ok(Counted { code: code.clone(), level: agency.level, row })
    };
    ask.cut.agencies.iter().map(one).collect()
}

/// Every row that a dossier of the cut falls into, with its sums: the total stands under the empty key.
fn summed(tx: &mut Tx<'_>, ask: &Ask<'_>, agencies: &[Counted]) -> Result<BTreeMap<Key, Vec<i64>>, StoreError> {
    let places: BTreeMap<&str, &Counted> = agencies.iter().map(|agency| (agency.code.as_str(), agency)).collect();
    let keys = match ask.rows {
        RowsBy::Agency => ["agency_id", "''", "''"],
        RowsBy::Field => ["agency_id", "field", "''"],
        RowsBy::Procedure => ["agency_id", "field", "procedure"],
    };
    let instants = ask.cut.instants();
    let codes: Vec<String> = ask.cut.agencies.iter().cloned().collect();
    let tally = Tally {
        table: "facts",
        agencies: &codes,
        at: instants.at,
        known_at: ask.cut.known_at.timestamp_micros(),
        filters: &ask.cut.filters,
        keys,
        sums: &sums_of(ask, &instants),
    };
    let mut found: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
    for line in tx.tally(&tally)? {
        let [agency, field, procedure] = line.keys;
        let Some(place) = places.get(agency.as_str()) else { continue };
        let level = Some(place.level);
        let mut keys = BTreeSet::from([Key::default()]);
        match ask.rows {
            RowsBy::Agency => {
                keys.insert(Key { agency: place.row.clone(), ..Key::default() });
            }
            RowsBy::Field | RowsBy::Procedure => {
                keys.insert(Key { level, ..Key::default() });
                keys.insert(Key { level, field: Some(field.clone()), ..Key::default() });
            }
        }
        if ask.rows == RowsBy::Procedure {
            keys.insert(Key { level, field: Some(field), procedure: Some(procedure), agency: None });
        }
        for key in keys {
            add(found.entry(key).or_default(), &line.sums);
        }
    }
    Ok(found)
}

/// One expression for each column, then those of [`BESIDE`].
fn sums_of(ask: &Ask<'_>, instants: &Instants) -> Vec<String> {
    let column = |column: &Column| column.predicate(ask.ended, instants);
    let mut predicates: Vec<String> = ask.layout.columns.iter().map(column).collect();
    for id in ["on_time_resolved", "on_time_due"] {
        for part in [Part::Numerator, Part::Denominator] {
            predicates.extend(indicators::find(id).map(|indicator| indicator.predicate(part, instants)));
        }
    }
    predicates.extend(ask.layout.beside().iter().map(column));
    predicates.into_iter().map(|predicate| format!("CASE WHEN {predicate} THEN 1 ELSE 0 END")).collect()
}

fn add(sums: &mut Vec<i64>, more: &[i64]) {
    sums.resize(more.len(), 0);
    for (sum, number) in sums.iter_mut().zip(more) {
        *sum += number;
    }
}

fn row(
    key: Key,
    mut sums: Vec<i64>,
    width: usize,
    tree: &Tree<'_>,
    procedures: &Documents<Procedure>,
    cut: &Cut,
) -> Row {
    sums.resize(width + BESIDE, 0);
    let beside = sums.split_off(width);
    let name = match &key {
        Key { agency: Some(code), .. } => tree.get(code).map(|agency| agency.name.clone()),
        Key { procedure: Some(code), .. } => {
            procedures.at(code, cut.to, cut.known_at).map(|revision| revision.body.name.clone())
        }
        _ => None,
    };
    Row {
        kind: key.kind(),
        level: key.level,
        field: key.field,
        procedure: key.procedure,
        agency: key.agency,
        name,
        cells: sums,
        on_time_resolved: Share { numerator: beside[0], denominator: beside[1] },
        on_time_due: Share { numerator: beside[2], denominator: beside[3] },
        stopped: beside[4],
        withdrawn: beside[5],
    }
}
