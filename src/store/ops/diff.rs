//! Two cuts against each other, and one dossier asked for at many instants.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use super::{Conn, Db};
use crate::store::error::StoreError;
use crate::store::query::{FactQuery, Moved, MovedCounts, Moves, Probe};
use crate::store::sql_types::{Id, Uid};

#[derive(QueryableByName)]
struct MovedRow {
    #[diesel(sql_type = Text)]
    agency_id: String,
    #[diesel(sql_type = Uid)]
    dossier_id: Id,
    #[diesel(sql_type = Integer)]
    entered: i32,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Integer)]
    entered: i32,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Integer)]
    place: i32,
}

#[derive(QueryableByName)]
struct SumsRow {
    #[diesel(sql_type = Text)]
    sums: String,
}

/// Values bound to `$1`, `$2` …, in the order of their first appearance: SQLite numbers them so.
#[derive(Default)]
struct Binds {
    /// Bound before these.
    before: usize,
    texts: Vec<String>,
}

impl Binds {
    fn push(&mut self, value: &str) -> String {
        self.texts.push(value.to_owned());
        format!("${}", self.before + self.texts.len())
    }
}

/// The row that holds at these instants.
fn holding(at: i64, known_at: i64) -> String {
    format!("valid_from <= {at} AND valid_to > {at} AND known_from <= {known_at} AND known_to > {known_at}")
}

/// The narrowing that every figure understands.
fn filters(ask: &FactQuery, binds: &mut Binds) -> String {
    let mut text = String::new();
    for (column, value) in [("procedure", &ask.procedure), ("field", &ask.field), ("channel", &ask.channel)] {
        if let Some(value) = value {
            text.push_str(&format!(" AND {column} = {}", binds.push(value)));
        }
    }
    if ask.online_only {
        text.push_str(" AND channel IN ('level_3', 'level_4')");
    }
    text
}

/// What a fact row must fulfil, but for the predicate.
fn at_cut(ask: &FactQuery, binds: &mut Binds) -> String {
    let mut text = holding(ask.at, ask.known_at);
    if ask.agencies.is_empty() {
        text.push_str(" AND 1 = 0");
    } else {
        let marks: Vec<String> = ask.agencies.iter().map(|agency| binds.push(agency)).collect();
        text.push_str(&format!(" AND agency_id IN ({})", marks.join(", ")));
    }
    text.push_str(&filters(ask, binds));
    text
}

/// A row that stands in both cuts alike says nothing of what moved: left out where nothing but the rows can differ.
fn narrowing(ask: &Moves<'_>) -> (String, String) {
    let (before, after) = (ask.before, ask.after);
    if before.at == after.at && before.agencies == after.agencies {
        (format!(" AND known_to <= {}", after.known_at), format!(" AND known_from > {}", before.known_at))
    } else {
        (String::new(), String::new())
    }
}

/// `(agency_id, dossier_id, entered)` of every dossier that is in one cut only.
fn moved(ask: &Moves<'_>, binds: &mut Binds) -> String {
    let (only_before, only_after) = narrowing(ask);
    let mut side = |query: &FactQuery, narrow: &str| {
        let predicate = query.predicate.as_deref().unwrap_or("TRUE");
        let place = at_cut(query, binds);
        format!("SELECT agency_id, dossier_id FROM facts WHERE {place}{narrow} AND ({predicate})")
    };
    let (after, before) = (side(ask.after, &only_after), side(ask.before, &only_before));
    format!(
        "SELECT agency_id, dossier_id, 1 AS entered FROM ({after} EXCEPT {before}) AS came \
         UNION ALL SELECT agency_id, dossier_id, 0 AS entered FROM ({before} EXCEPT {after}) AS went"
    )
}

/// Dossiers in one of two cuts only, by id.
pub fn moved_page(conn: &mut Conn, ask: &Moves<'_>, after: Option<Id>, limit: i64) -> Result<Vec<Moved>, StoreError> {
    let mut binds = Binds::default();
    let mut text =
        format!("SELECT agency_id, dossier_id, entered FROM ({}) AS moved WHERE 1 = 1", moved(ask, &mut binds));
    if let Some(entered) = ask.entered {
        text.push_str(&format!(" AND entered = {}", i32::from(entered)));
    }
    if after.is_some() {
        text.push_str(&format!(" AND moved.dossier_id > ${}", binds.texts.len() + 1));
    }
    text.push_str(&format!(" ORDER BY dossier_id LIMIT {limit}"));
    let mut query = diesel::sql_query(text).into_boxed::<Db>();
    for value in binds.texts {
        query = query.bind::<Text, _>(value);
    }
    if let Some(after) = after {
        query = query.bind::<Uid, _>(after);
    }
    let rows: Vec<MovedRow> = query.load(conn)?;
    let found = |row: MovedRow| Moved { agency: row.agency_id, dossier: row.dossier_id, entered: row.entered == 1 };
    Ok(rows.into_iter().map(found).collect())
}

/// How many entered and how many left.
pub fn moved_count(conn: &mut Conn, ask: &Moves<'_>) -> Result<MovedCounts, StoreError> {
    let mut binds = Binds::default();
    let inner = moved(ask, &mut binds);
    let text = format!("SELECT entered, COUNT(*) AS total FROM ({inner}) AS moved GROUP BY entered");
    let mut query = diesel::sql_query(text).into_boxed::<Db>();
    for value in binds.texts {
        query = query.bind::<Text, _>(value);
    }
    let mut counts = MovedCounts::default();
    for row in query.load::<CountRow>(conn)? {
        if row.entered == 1 {
            counts.entered = row.total;
        } else {
            counts.left = row.total;
        }
    }
    Ok(counts)
}

/// The same of many predicates at once, in one statement: pairs as they hold before and after.
pub fn moved_tally(
    conn: &mut Conn,
    ask: &Moves<'_>,
    predicates: &[(String, String)],
) -> Result<Vec<MovedCounts>, StoreError> {
    if predicates.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Binds::default();
    let (only_before, only_after) = narrowing(ask);
    let flags = |pick: &dyn Fn(&(String, String)) -> String, sign: i32| -> String {
        let flag = |(i, pair)| format!("CASE WHEN {} THEN {sign} ELSE 0 END AS f{i}", pick(pair));
        predicates.iter().enumerate().map(flag).collect::<Vec<_>>().join(", ")
    };
    let after = at_cut(ask.after, &mut binds);
    let before = at_cut(ask.before, &mut binds);
    let count = 0..predicates.len();
    let each: Vec<String> = count.clone().map(|i| format!("SUM(f{i}) AS d{i}")).collect();
    let sums: Vec<String> = count
        .flat_map(|i| [format!("d{i} = 1"), format!("d{i} = -1")])
        .map(|test| format!("CAST(COALESCE(SUM(CASE WHEN {test} THEN 1 ELSE 0 END), 0) AS TEXT)"))
        .collect();
    let text = format!(
        "SELECT {} AS sums FROM (SELECT {} FROM (\
         SELECT dossier_id, {} FROM facts WHERE {after}{only_after} \
         UNION ALL SELECT dossier_id, {} FROM facts WHERE {before}{only_before}) AS sides \
         GROUP BY dossier_id) AS dossier",
        sums.join(" || ',' || "),
        each.join(", "),
        flags(&|pair| pair.1.clone(), 1),
        flags(&|pair| pair.0.clone(), -1),
    );
    let mut query = diesel::sql_query(text).into_boxed::<Db>();
    for value in binds.texts {
        query = query.bind::<Text, _>(value);
    }
    let row: SumsRow = query.get_result(conn)?;
    let numbers: Result<Vec<i64>, _> = row.sums.split(',').map(str::parse).collect();
    let numbers = numbers.map_err(|_| StoreError::Corrupt("a sum beyond 64 bits".into()))?;
    Ok(numbers.chunks_exact(2).map(|pair| MovedCounts { entered: pair[0], left: pair[1] }).collect())
}

/// Statements are kept short of what the databases allow in one compound.
const PROBES: usize = 60;

/// Whether one dossier fulfils each probe's predicate at its cut, and the filters of `narrow`.
pub fn facts_probe(
    conn: &mut Conn,
    agency: &str,
    dossier: Id,
    narrow: &FactQuery,
    probes: &[Probe],
) -> Result<Vec<bool>, StoreError> {
    let mut found = vec![false; probes.len()];
    for (chunk, part) in probes.chunks(PROBES).enumerate() {
        let mut binds = Binds { before: 2, texts: Vec::new() };
        let filters = filters(narrow, &mut binds);
        let branch = |(i, probe): (usize, &Probe)| {
            let holding = holding(probe.at, probe.known_at);
            format!(
                "SELECT {i} AS place FROM facts WHERE agency_id = $1 AND dossier_id = $2 AND {holding}{filters} AND ({})",
                probe.predicate
            )
        };
        let branches: Vec<String> = part.iter().enumerate().map(branch).collect();
        let mut query = diesel::sql_query(branches.join(" UNION ALL ")).into_boxed::<Db>();
        query = query.bind::<Text, _>(agency.to_owned()).bind::<Uid, _>(dossier);
        for value in binds.texts {
            query = query.bind::<Text, _>(value);
        }
        for row in query.load::<PlaceRow>(conn)? {
            if let Some(slot) = usize::try_from(row.place).ok().and_then(|i| found.get_mut(chunk * PROBES + i)) {
                *slot = true;
            }
        }
    }
    Ok(found)
}
