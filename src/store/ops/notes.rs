//! Notes of declarations and reviews, sealed.

use diesel::prelude::*;

use super::{Conn, Db};
use crate::store::error::StoreError;
use crate::store::notes::NoteRow;
use crate::store::schema::notes;
use crate::store::sql_types::Id;

pub fn note_insert(conn: &mut Conn, row: &NoteRow) -> Result<(), StoreError> {
    diesel::insert_into(notes::table).values(row).execute(conn)?;
    Ok(())
}

pub fn notes_of(conn: &mut Conn, agency: &str, ids: &[Id]) -> Result<Vec<NoteRow>, StoreError> {
    Ok(notes::table.filter(notes::agency_id.eq(agency)).filter(notes::id.eq_any(ids)).order(notes::id).load(conn)?)
}

pub fn notes_after(conn: &mut Conn, agency: &str, after: Option<Id>, limit: i64) -> Result<Vec<NoteRow>, StoreError> {
    let mut query = notes::table.filter(notes::agency_id.eq(agency)).into_boxed::<Db>();
    if let Some(after) = after {
        query = query.filter(notes::id.gt(after));
    }
    Ok(query.order(notes::id).limit(limit).load(conn)?)
}

/// Puts the same text sealed under another key in a note's place.
pub fn note_reseal(conn: &mut Conn, row: &NoteRow) -> Result<(), StoreError> {
    let place = notes::table.find((&row.agency_id, row.id));
    diesel::update(place).set((notes::key_id.eq(&row.key_id), notes::sealed.eq(&row.sealed))).execute(conn)?;
    Ok(())
}

/// Agencies that have notes.
pub fn note_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    Ok(notes::table.select(notes::agency_id).distinct().order(notes::agency_id).load(conn)?)
}

/// How many of an agency's notes are sealed with another key than this.
pub fn notes_under_other_keys(conn: &mut Conn, agency: &str, key: &str) -> Result<i64, StoreError> {
    let rows = notes::table.filter(notes::agency_id.eq(agency)).filter(notes::key_id.ne(key));
    Ok(rows.count().get_result(conn)?)
}
