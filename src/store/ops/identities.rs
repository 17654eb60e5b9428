//! Dossiers that belong together by the digests of their applicants' numbers.
//!
//! A digest holds the agency: rows of several agencies may stand in one statement without ever being compared.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::{Conn, Db};
use crate::domain::history::FOREVER;
use crate::store::error::StoreError;
use crate::store::query::{FactQuery, Named, Previous, Refiling};
use crate::store::schema::personal_index;
use crate::store::sql_types::{Id, Uid};

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Text)]
    agency_id: String,
    #[diesel(sql_type = Uid)]
    dossier_id: Id,
}

#[derive(QueryableByName)]
struct NamedRow {
    #[diesel(sql_type = Text)]
    agency_id: String,
    #[diesel(sql_type = Uid)]
    dossier_id: Id,
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

/// Texts bound to `$1`, `$2` …
#[derive(Default)]
struct Binds(Vec<String>);

impl Binds {
    fn push(&mut self, value: &str) -> String {
        self.0.push(value.to_owned());
        format!("${}", self.0.len())
    }

    fn load<R>(self, conn: &mut Conn, text: String) -> Result<Vec<R>, StoreError>
    where
        R: diesel::deserialize::FromSqlRow<diesel::sql_types::Untyped, Db> + 'static,
    {
        let mut query = diesel::sql_query(text).into_boxed::<Db>();
        for bind in self.0 {
            query = query.bind::<Text, _>(bind);
        }
        Ok(query.load(conn)?)
    }
}

/// `columns` of the fact rows that the question lists.
fn listed(ask: &FactQuery, columns: &str, binds: &mut Binds) -> String {
    let agencies: Vec<String> = ask.agencies.iter().map(|agency| binds.push(agency)).collect();
    let mut text = format!(
        "SELECT {columns} FROM facts WHERE valid_from <= {at} AND valid_to > {at} AND known_from <= {known} \
         AND known_to > {known} AND agency_id IN ({}) AND ({})",
        agencies.join(", "),
        ask.predicate.as_deref().unwrap_or("TRUE"),
        at = ask.at,
        known = ask.known_at,
    );
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

/// What a row of the index must fulfil to count as known then.
fn known(alias: &str, known_at: i64, key: &str) -> String {
    format!("{alias}.key_id = {key} AND {alias}.known_from <= {known_at} AND {alias}.known_to > {known_at}")
}

fn places(rows: Vec<PlaceRow>) -> Vec<(String, Id)> {
    rows.into_iter().map(|row| (row.agency_id, row.dossier_id)).collect()
}

/// Those listed whose applicant has a number that stands on at least `least` of them.
pub fn identities_shared(
    conn: &mut Conn,
    ask: &FactQuery,
    key: &str,
    least: i64,
) -> Result<Vec<(String, Id)>, StoreError> {
    if ask.agencies.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Binds::default();
    let (listed, key) = (listed(ask, "agency_id, dossier_id", &mut binds), binds.push(key));
    let text = format!(
        "WITH numbers AS (SELECT DISTINCT i.agency_id, i.dossier_id, i.digest FROM ({listed}) AS f \
             JOIN personal_index AS i ON i.agency_id = f.agency_id AND i.dossier_id = f.dossier_id \
             WHERE {}) \
         SELECT DISTINCT agency_id, dossier_id FROM numbers \
         WHERE digest IN (SELECT digest FROM numbers GROUP BY digest HAVING COUNT(*) >= {least})",
        known("i", ask.known_at, &key)
    );
    Ok(places(binds.load(conn, text)?))
}

/// Those withdrawn whose applicant handed in the same procedure again soon after.
pub fn identities_refiled(conn: &mut Conn, ask: &Refiling<'_>, key: &str) -> Result<Vec<(String, Id)>, StoreError> {
    if ask.withdrawn.agencies.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Binds::default();
    let withdrawn = listed(ask.withdrawn, "agency_id, dossier_id, procedure, ended_at", &mut binds);
    let later = listed(ask.later, "agency_id, dossier_id, procedure, submitted_at", &mut binds);
    let key = binds.push(key);
    let text = format!(
        "SELECT DISTINCT w.agency_id, w.dossier_id FROM ({withdrawn}) AS w \
         JOIN personal_index AS a ON a.agency_id = w.agency_id AND a.dossier_id = w.dossier_id \
         JOIN personal_index AS b ON b.agency_id = a.agency_id AND b.key_id = a.key_id AND b.digest = a.digest \
         JOIN ({later}) AS l ON l.agency_id = b.agency_id AND l.dossier_id = b.dossier_id \
         WHERE {} AND {} AND l.dossier_id <> w.dossier_id AND l.procedure = w.procedure \
         AND l.submitted_at BETWEEN w.ended_at AND w.ended_at + {}",
        known("a", ask.withdrawn.known_at, &key),
        known("b", ask.withdrawn.known_at, &key),
        ask.within
    );
    Ok(places(binds.load(conn, text)?))
}

/// Those withdrawn, with what they may be named by.
pub fn withdrawn_names(conn: &mut Conn, ask: &FactQuery) -> Result<Vec<Named>, StoreError> {
    if ask.agencies.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Binds::default();
    let listed = listed(ask, "agency_id, dossier_id, code, COALESCE(ended_at, 0) AS at", &mut binds);
    let rows: Vec<NamedRow> = binds.load(conn, listed)?;
    Ok(rows
        .into_iter()
        .map(|row| Named { agency: row.agency_id, dossier: row.dossier_id, code: row.code, at: row.at })
        .collect())
}

#[derive(QueryableByName)]
struct PreviousRow {
    #[diesel(sql_type = Text)]
    agency_id: String,
    #[diesel(sql_type = Uid)]
    dossier_id: Id,
    #[diesel(sql_type = BigInt)]
    submitted_at: i64,
    #[diesel(sql_type = Text)]
    payload: String,
}

/// Those listed whose first event names a previous dossier; the event says which.
pub fn naming_a_previous(conn: &mut Conn, ask: &FactQuery) -> Result<Vec<Previous>, StoreError> {
    if ask.agencies.is_empty() {
        return Ok(Vec::new());
    }
    let mut binds = Binds::default();
    let listed = listed(ask, "agency_id, dossier_id, submitted_at", &mut binds);
    let mark = binds.push("%\"previous\":\"%");
    let text = format!(
        "SELECT f.agency_id, f.dossier_id, f.submitted_at, e.payload FROM ({listed}) AS f \
         JOIN events AS e ON e.agency_id = f.agency_id AND e.dossier_id = f.dossier_id AND e.n = 1 \
         WHERE e.payload LIKE {mark}"
    );
    let rows: Vec<PreviousRow> = binds.load(conn, text)?;
    let read = |row: PreviousRow| {
        let corrupt = || StoreError::Corrupt(format!("the first event of dossier {}", row.dossier_id.0));
        let payload: serde_json::Value = serde_json::from_str(&row.payload).map_err(|_| corrupt())?;
        let previous = payload.get("previous").and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        Ok(Previous { agency: row.agency_id, dossier: row.dossier_id, submitted_at: row.submitted_at, previous })
    };
    rows.into_iter().map(read).collect()
}

/// Dossiers of `agencies` whose applicant is known by one of the digests now.
pub fn identities_found(
    conn: &mut Conn,
    agencies: &[String],
    key: &str,
    digests: &[Vec<u8>],
) -> Result<Vec<(String, Id)>, StoreError> {
    Ok(personal_index::table
        .filter(personal_index::agency_id.eq_any(agencies))
        .filter(personal_index::key_id.eq(key))
        .filter(personal_index::digest.eq_any(digests))
        .filter(personal_index::known_to.eq(FOREVER))
        .select((personal_index::agency_id, personal_index::dossier_id))
        .distinct()
        .load(conn)?)
}
