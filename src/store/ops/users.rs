//! Users.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::UserRow;
use crate::store::schema::users;
use crate::store::sql_types::Id;

pub fn user_insert(conn: &mut Conn, row: &UserRow) -> Result<(), StoreError> {
    diesel::insert_into(users::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces a user's data if the stored revision is `expected`; says whether it was.
pub fn user_update(conn: &mut Conn, row: &UserRow, expected: i32) -> Result<bool, StoreError> {
    let target = users::table.filter(users::id.eq(row.id)).filter(users::revision.eq(expected));
    Ok(diesel::update(target).set(row).execute(conn)? == 1)
}

/// The same password under another hash: no new revision, and no token ends. Nothing if it was changed meanwhile.
pub fn user_rehash(conn: &mut Conn, id: Id, old: &str, new: &str) -> Result<(), StoreError> {
    let target = users::table.filter(users::id.eq(id)).filter(users::password_hash.eq(old));
    diesel::update(target).set(users::password_hash.eq(new)).execute(conn)?;
    Ok(())
}

pub fn user_by_name(conn: &mut Conn, username: &str) -> Result<Option<UserRow>, StoreError> {
    Ok(users::table.filter(users::username.eq(username)).first(conn).optional()?)
}

pub fn user_by_id(conn: &mut Conn, id: Id) -> Result<Option<UserRow>, StoreError> {
    Ok(users::table.find(id).first(conn).optional()?)
}

/// Users after `after` in the order of their names.
pub fn users_page(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<UserRow>, StoreError> {
    Ok(users::table.filter(users::username.gt(after)).order(users::username).limit(limit).load(conn)?)
}
