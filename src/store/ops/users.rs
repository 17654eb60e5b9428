//! Users and their refresh tokens.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::rows::{RefreshRow, UserRow};
use crate::store::schema::{refresh_tokens, users};
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

pub fn refresh_insert(conn: &mut Conn, row: &RefreshRow) -> Result<(), StoreError> {
    diesel::insert_into(refresh_tokens::table).values(row).execute(conn)?;
    Ok(())
}

/// Takes a token out: it serves once.
pub fn refresh_take(conn: &mut Conn, hash: &[u8]) -> Result<Option<RefreshRow>, StoreError> {
    let row = refresh_tokens::table.find(hash).first(conn).optional()?;
    let taken = diesel::delete(refresh_tokens::table.find(hash)).execute(conn)?;
    Ok(row.filter(|_| taken == 1))
}

pub fn refresh_forget(conn: &mut Conn, user: Id) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::user_id.eq(user))).execute(conn)?;
    Ok(())
}

/// Drops tokens that expired before `now`.
pub fn refresh_sweep(conn: &mut Conn, now: i64) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.lt(now))).execute(conn)?;
    Ok(())
}
