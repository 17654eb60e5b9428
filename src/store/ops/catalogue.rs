//! Versioned documents: agencies, procedures, calendars, plans.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::CatalogueRow;
use crate::store::schema::catalogue::dsl::{catalogue, code, kind, revision};
use crate::store::schema::catalogue_stamps;

/// Adds a revision. `stamp` is fresh and random, so that a rolled-back change never looks like a later one.
pub fn catalogue_insert(conn: &mut Conn, row: &CatalogueRow, stamp: i64) -> Result<(), StoreError> {
    diesel::insert_into(catalogue).values(row).execute(conn)?;
    diesel::insert_into(catalogue_stamps::table)
        .values((catalogue_stamps::kind.eq(&row.kind), catalogue_stamps::stamp.eq(stamp)))
        .on_conflict(catalogue_stamps::kind)
        .do_update()
        .set(catalogue_stamps::stamp.eq(stamp))
        .execute(conn)?;
    Ok(())
}

/// All revisions of one document, oldest first.
pub fn catalogue_revisions(conn: &mut Conn, of_kind: &str, of_code: &str) -> Result<Vec<CatalogueRow>, StoreError> {
    Ok(catalogue.filter(kind.eq(of_kind)).filter(code.eq(of_code)).order(revision).load(conn)?)
}

/// All revisions of a kind, by code, oldest first.
pub fn catalogue_all(conn: &mut Conn, of_kind: &str) -> Result<Vec<CatalogueRow>, StoreError> {
    Ok(catalogue.filter(kind.eq(of_kind)).order((code, revision)).load(conn)?)
}

/// Changes whenever a document of the kind is added; `None` before the first.
pub fn catalogue_stamp(conn: &mut Conn, of_kind: &str) -> Result<Option<i64>, StoreError> {
    let row = catalogue_stamps::table.find(of_kind).select(catalogue_stamps::stamp);
    Ok(row.first(conn).optional()?)
}
