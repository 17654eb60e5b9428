//! Versioned documents: agencies, procedures, calendars, plans.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::CatalogueRow;
use crate::store::schema::catalogue::dsl::{catalogue, code, kind, revision};

pub fn catalogue_insert(conn: &mut Conn, row: &CatalogueRow) -> Result<(), StoreError> {
    diesel::insert_into(catalogue).values(row).execute(conn)?;
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

/// Changes whenever a document of the kind is added: rows are only ever added.
pub fn catalogue_stamp(conn: &mut Conn, of_kind: &str) -> Result<i64, StoreError> {
    Ok(catalogue.filter(kind.eq(of_kind)).count().get_result(conn)?)
}
