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

/// An agency's links, in order.
pub fn records_of(conn: &mut Conn, agency: &str) -> Result<Vec<RecordRow>, StoreError> {
    Ok(records::table.filter(records::agency_id.eq(agency)).order(records::seq).load(conn)?)
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
    Ok(records::table.select(records::agency_id).distinct().order(records::agency_id).load(conn)?)
}

/// How many rows an agency has in each table that hangs on its dossiers, whether or not their dossier is there.
pub fn dependent_rows(conn: &mut Conn, agency: &str) -> Result<[(&'static str, i64); 3], StoreError> {
    Ok([
        ("facts", facts::table.filter(facts::agency_id.eq(agency)).count().get_result(conn)?),
        ("payments", payments::table.filter(payments::agency_id.eq(agency)).count().get_result(conn)?),
        ("personal", personal::table.filter(personal::agency_id.eq(agency)).count().get_result(conn)?),
    ])
}
