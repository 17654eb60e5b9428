//! Dossiers' identities, idempotency keys, import keys.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::{IdempotencyRow, ImportKeyRow};
use crate::store::schema::{dossiers, idempotency, import_keys};
use crate::store::sql_types::Id;

pub fn dossier_insert(conn: &mut Conn, agency: &str, id: Id) -> Result<(), StoreError> {
    diesel::insert_into(dossiers::table).values((dossiers::agency_id.eq(agency), dossiers::id.eq(id))).execute(conn)?;
    Ok(())
}

pub fn dossier_set_code(conn: &mut Conn, agency: &str, id: Id, code: &str) -> Result<(), StoreError> {
    diesel::update(dossiers::table.find((agency, id))).set(dossiers::code.eq(code)).execute(conn)?;
    Ok(())
}

/// Agency and id of the dossier with this id; may look at every agency.
pub fn dossier_by_id(conn: &mut Conn, id: Id) -> Result<Option<(String, Id)>, StoreError> {
    Ok(dossiers::table
        .filter(dossiers::id.eq(id))
        .select((dossiers::agency_id, dossiers::id))
        .first(conn)
        .optional()?)
}

/// Agency and id of the dossier with this code; may look at every agency.
pub fn dossier_by_code(conn: &mut Conn, code: &str) -> Result<Option<(String, Id)>, StoreError> {
    Ok(dossiers::table
        .filter(dossiers::code.eq(code))
        .select((dossiers::agency_id, dossiers::id))
        .first(conn)
        .optional()?)
}

pub fn dossier_count(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(dossiers::table.count().get_result(conn)?)
}

/// An agency's dossiers after `after`, by id.
pub fn dossier_ids_after(conn: &mut Conn, agency: &str, after: Option<Id>, limit: i64) -> Result<Vec<Id>, StoreError> {
    let mut query = dossiers::table.filter(dossiers::agency_id.eq(agency)).into_boxed::<super::Db>();
    if let Some(after) = after {
        query = query.filter(dossiers::id.gt(after));
    }
    Ok(query.select(dossiers::id).order(dossiers::id).limit(limit).load(conn)?)
}

/// Codes of some of an agency's dossiers.
pub fn dossier_codes(conn: &mut Conn, agency: &str, ids: &[Id]) -> Result<Vec<(Id, Option<String>)>, StoreError> {
    Ok(dossiers::table
        .filter(dossiers::agency_id.eq(agency))
        .filter(dossiers::id.eq_any(ids))
        .order(dossiers::id)
        .select((dossiers::id, dossiers::code))
        .load(conn)?)
}

pub fn idempotency_find(
    conn: &mut Conn,
    agency: &str,
    actor: &str,
    key: &str,
) -> Result<Option<IdempotencyRow>, StoreError> {
    Ok(idempotency::table.find((agency, actor, key)).first(conn).optional()?)
}

/// Keeps the answer to a key; an expired row of the same key makes room.
pub fn idempotency_insert(conn: &mut Conn, row: &IdempotencyRow) -> Result<(), StoreError> {
    diesel::delete(idempotency::table.find((&row.agency_id, &row.actor, &row.key))).execute(conn)?;
    diesel::insert_into(idempotency::table).values(row).execute(conn)?;
    Ok(())
}

pub fn import_key_find(
    conn: &mut Conn,
    agency: &str,
    source: &str,
    source_id: &str,
) -> Result<Option<ImportKeyRow>, StoreError> {
    Ok(import_keys::table.find((agency, source, source_id)).first(conn).optional()?)
}

pub fn import_key_insert(conn: &mut Conn, row: &ImportKeyRow) -> Result<(), StoreError> {
    diesel::insert_into(import_keys::table).values(row).execute(conn)?;
    Ok(())
}
