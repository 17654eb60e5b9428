//! The chains of what agencies keep beside their events.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::{HeadRow, RecordRow};
use crate::store::schema::{facts, payments, personal, records};

pub fn record_insert(conn: &mut Conn, row: &RecordRow) -> Result<(), StoreError> {
    diesel::insert_into(records::table).values(row).execute(conn)?;
    Ok(())
}

/// An agency's next links, in order.
pub fn records_after(conn: &mut Conn, agency: &str, after: i64, limit: i64) -> Result<Vec<RecordRow>, StoreError> {
    let links = records::table.filter(records::agency_id.eq(agency)).filter(records::seq.gt(after));
    Ok(links.order(records::seq).limit(limit).load(conn)?)
}

/// Which of these rows of one kind are links.
pub fn records_linked(
    conn: &mut Conn,
    agency: &str,
    kind: &str,
    subjects: &[String],
) -> Result<Vec<String>, StoreError> {
    let links = records::table.filter(records::agency_id.eq(agency)).filter(records::kind.eq(kind));
    Ok(links.filter(records::subject.eq_any(subjects)).select(records::subject).load(conn)?)
}

/// Whether a row of this kind is a link of an agency's chain.
pub fn records_hold(conn: &mut Conn, agency: &str, kind: &str) -> Result<bool, StoreError> {
    let links = records::table.filter(records::agency_id.eq(agency)).filter(records::kind.eq(kind));
    Ok(diesel::select(diesel::dsl::exists(links)).get_result(conn)?)
}

/// The end of the chain of an agency's records as it stood at an instant; none before the first.
pub fn record_head_at(conn: &mut Conn, agency: &str, known_at: i64) -> Result<Option<HeadRow>, StoreError> {
    Ok(records::table
        .filter(records::agency_id.eq(agency))
        .filter(records::recorded_at.le(known_at))
        .order(records::seq.desc())
        .select((records::agency_id, records::seq, records::hash, records::recorded_at))
        .first(conn)
        .optional()?)
}

/// Agencies that have records.
pub fn record_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    each_agency(|last| {
        let later = records::table.filter(records::agency_id.gt(last));
        Ok(later.select(diesel::dsl::min(records::agency_id)).get_result(conn)?)
    })
}

/// Agencies in order, by asking for the next one: a table of which the key begins with the agency is looked into once for
/// each, where DISTINCT reads all of its rows. The program asks at its start.
pub(super) fn each_agency(
    mut next: impl FnMut(&str) -> Result<Option<String>, StoreError>,
) -> Result<Vec<String>, StoreError> {
    let mut found: Vec<String> = Vec::new();
    while let Some(agency) = next(found.last().map_or("", String::as_str))? {
        found.push(agency);
    }
    Ok(found)
}

/// How many rows an agency has in each table that hangs on its dossiers, whether or not their dossier is there.
pub fn dependent_rows(conn: &mut Conn, agency: &str) -> Result<[(&'static str, i64); 3], StoreError> {
    Ok([
        ("facts", facts::table.filter(facts::agency_id.eq(agency)).count().get_result(conn)?),
        ("payments", payments::table.filter(payments::agency_id.eq(agency)).count().get_result(conn)?),
        ("personal", personal::table.filter(personal::agency_id.eq(agency)).count().get_result(conn)?),
    ])
}
