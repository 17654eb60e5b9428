//! Personal rows, their blind index, and the ids of the keys they are sealed with.

use diesel::prelude::*;

use super::{Conn, Db};
use crate::domain::history::FOREVER;
use crate::store::error::StoreError;
use crate::store::personal::{DataKeyRow, IndexRow, PersonalRow};
use crate::store::rows::ImportKeyRow;
use crate::store::schema::{data_keys, import_keys, personal, personal_index};
use crate::store::sql_types::Id;

pub fn personal_insert(conn: &mut Conn, row: &PersonalRow) -> Result<(), StoreError> {
    diesel::insert_into(personal::table).values(row).execute(conn)?;
    Ok(())
}

pub fn personal_of(conn: &mut Conn, agency: &str, dossier: Id) -> Result<Vec<PersonalRow>, StoreError> {
    Ok(personal::table
        .filter(personal::agency_id.eq(agency))
        .filter(personal::dossier_id.eq(dossier))
        .order(personal::n)
        .load(conn)?)
}

pub fn personal_of_many(conn: &mut Conn, agencies: &[String], dossiers: &[Id]) -> Result<Vec<PersonalRow>, StoreError> {
    Ok(personal::table
        .filter(personal::agency_id.eq_any(agencies))
        .filter(personal::dossier_id.eq_any(dossiers))
        .order((personal::agency_id, personal::dossier_id, personal::n))
        .load(conn)?)
}

/// An agency's personal rows after `(dossier, n)`.
pub fn personal_after(
    conn: &mut Conn,
    agency: &str,
    after: Option<(Id, i32)>,
    limit: i64,
) -> Result<Vec<PersonalRow>, StoreError> {
    let mut query = personal::table.filter(personal::agency_id.eq(agency)).into_boxed::<Db>();
    if let Some((dossier, n)) = after {
        query =
            query.filter(personal::dossier_id.gt(dossier).or(personal::dossier_id.eq(dossier).and(personal::n.gt(n))));
    }
    Ok(query.order((personal::dossier_id, personal::n)).limit(limit).load(conn)?)
}

/// Puts the same values sealed under another key in a row's place.
pub fn personal_reseal(conn: &mut Conn, row: &PersonalRow) -> Result<(), StoreError> {
    let place = personal::table.find((&row.agency_id, row.dossier_id, row.n));
    diesel::update(place).set((personal::key_id.eq(&row.key_id), personal::sealed.eq(&row.sealed))).execute(conn)?;
    Ok(())
}

/// Rows that are there already stay.
pub fn personal_index_insert(conn: &mut Conn, rows: &[IndexRow]) -> Result<(), StoreError> {
    for row in rows {
        diesel::insert_into(personal_index::table).values(row).on_conflict_do_nothing().execute(conn)?;
    }
    Ok(())
}

/// From then on a dossier's applicant was known by other numbers, or by none.
pub fn personal_index_close(conn: &mut Conn, agency: &str, dossier: Id, known_to: i64) -> Result<(), StoreError> {
    let open = personal_index::table
        .filter(personal_index::agency_id.eq(agency))
        .filter(personal_index::dossier_id.eq(dossier))
        .filter(personal_index::known_to.eq(FOREVER));
    diesel::update(open).set(personal_index::known_to.eq(known_to)).execute(conn)?;
    Ok(())
}

/// Newest last.
pub fn data_keys(conn: &mut Conn) -> Result<Vec<DataKeyRow>, StoreError> {
    Ok(data_keys::table.order((data_keys::added_at, data_keys::id)).load(conn)?)
}

/// One that is there already stays.
pub fn data_key_insert(conn: &mut Conn, row: &DataKeyRow) -> Result<(), StoreError> {
    diesel::insert_into(data_keys::table).values(row).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// From now on the blind index is asked under this key.
pub fn data_key_searched(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    diesel::update(data_keys::table).set(data_keys::searched.eq(false)).execute(conn)?;
    diesel::update(data_keys::table.find(id)).set(data_keys::searched.eq(true)).execute(conn)?;
    Ok(())
}

/// Import keys whose hash does not begin with `mark`; those without a hash are left out.
pub fn import_keys_unkeyed(
    conn: &mut Conn,
    agency: &str,
    mark: &str,
    limit: i64,
) -> Result<Vec<ImportKeyRow>, StoreError> {
    Ok(import_keys::table
        .filter(import_keys::agency_id.eq(agency))
        .filter(import_keys::content_hash.ne(""))
        .filter(import_keys::content_hash.not_like(format!("{mark}%")))
        .order((import_keys::source, import_keys::source_id))
        .limit(limit)
        .load(conn)?)
}

pub fn import_key_replace(conn: &mut Conn, old: &ImportKeyRow, new: &ImportKeyRow) -> Result<(), StoreError> {
    diesel::update(import_keys::table.find((&old.agency_id, &old.source, &old.source_id)))
        .set((import_keys::source_id.eq(&new.source_id), import_keys::content_hash.eq(&new.content_hash)))
        .execute(conn)?;
    Ok(())
}

/// Erases a dossier's rows, and what stands of them in the blind index.
pub fn personal_erase(conn: &mut Conn, agency: &str, dossier: Id) -> Result<(), StoreError> {
    let rows = personal::table.filter(personal::agency_id.eq(agency)).filter(personal::dossier_id.eq(dossier));
    diesel::delete(rows).execute(conn)?;
    Ok(())
}

/// Forgets keys that nothing is sealed with any more.
pub fn data_keys_remove(conn: &mut Conn, ids: &[String]) -> Result<(), StoreError> {
    diesel::delete(data_keys::table.filter(data_keys::id.eq_any(ids))).execute(conn)?;
    Ok(())
}

/// How many of an agency's rows are sealed with another key than this.
pub fn personal_under_other_keys(conn: &mut Conn, agency: &str, key: &str) -> Result<i64, StoreError> {
    let rows = personal::table.filter(personal::agency_id.eq(agency)).filter(personal::key_id.ne(key));
    Ok(rows.count().get_result(conn)?)
}

/// Takes from an agency's blind index what stands there under these keys.
pub fn personal_index_forget(conn: &mut Conn, agency: &str, keys: &[String]) -> Result<(), StoreError> {
    let rows =
        personal_index::table.filter(personal_index::agency_id.eq(agency)).filter(personal_index::key_id.eq_any(keys));
    diesel::delete(rows).execute(conn)?;
    Ok(())
}
