//! Refresh tokens by family, and what ended before its time.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::schema::{refresh_tokens, revocations};
use crate::store::sign_in::{RefreshRow, RevocationRow};
use crate::store::sql_types::Id;

pub fn refresh_insert(conn: &mut Conn, row: &RefreshRow) -> Result<(), StoreError> {
    diesel::insert_into(refresh_tokens::table).values(row).execute(conn)?;
    Ok(())
}

/// Marks a token as used at `now`; says whether it was unused until then. Of two that ask at once, one is told so.
pub fn refresh_use(conn: &mut Conn, hash: &[u8], now: i64) -> Result<bool, StoreError> {
    let unused = refresh_tokens::table.find(hash).filter(refresh_tokens::used_at.is_null());
    let fresh = unused.filter(refresh_tokens::expires_at.gt(now));
    Ok(diesel::update(fresh).set(refresh_tokens::used_at.eq(now)).execute(conn)? == 1)
}

pub fn refresh_find(conn: &mut Conn, hash: &[u8]) -> Result<Option<RefreshRow>, StoreError> {
    Ok(refresh_tokens::table.find(hash).first(conn).optional()?)
}

pub fn refresh_forget(conn: &mut Conn, user: Id) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::user_id.eq(user))).execute(conn)?;
    Ok(())
}

pub fn family_forget(conn: &mut Conn, family: Id) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::family_id.eq(family))).execute(conn)?;
    Ok(())
}

pub fn revocation_put(conn: &mut Conn, row: &RevocationRow) -> Result<(), StoreError> {
    diesel::insert_into(revocations::table).values(row).on_conflict_do_nothing().execute(conn)?;
    Ok(())
}

/// Whether one of `ids` ended before its time.
pub fn revoked(conn: &mut Conn, ids: &[Id]) -> Result<bool, StoreError> {
    let found = revocations::table.filter(revocations::id.eq_any(ids));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn)?)
}

/// Drops what expired before `now`.
pub fn sessions_sweep(conn: &mut Conn, now: i64) -> Result<(), StoreError> {
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at.lt(now))).execute(conn)?;
    diesel::delete(revocations::table.filter(revocations::expires_at.lt(now))).execute(conn)?;
    Ok(())
}
