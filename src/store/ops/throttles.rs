//! Failed sign-ins.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::schema::throttles;
use crate::store::sign_in::ThrottleRow;

pub fn throttles_of(conn: &mut Conn, keys: &[Vec<u8>]) -> Result<Vec<ThrottleRow>, StoreError> {
    Ok(throttles::table.filter(throttles::key_hash.eq_any(keys)).load(conn)?)
}

/// One failure more; says how many there are. Two processes never count the same one.
pub fn throttle_count(conn: &mut Conn, key: &[u8], now: i64) -> Result<i32, StoreError> {
    let first = ThrottleRow { key_hash: key.to_vec(), failures: 1, last_at: now, until_at: 0 };
    let counted = diesel::insert_into(throttles::table)
        .values(&first)
        .on_conflict(throttles::key_hash)
        .do_update()
        .set((throttles::failures.eq(throttles::failures + 1), throttles::last_at.eq(now)))
        .returning(throttles::failures);
    Ok(counted.get_result(conn)?)
}

pub fn throttle_until(conn: &mut Conn, key: &[u8], until: i64) -> Result<(), StoreError> {
    diesel::update(throttles::table.find(key)).set(throttles::until_at.eq(until)).execute(conn)?;
    Ok(())
}

pub fn throttle_put(conn: &mut Conn, row: &ThrottleRow) -> Result<(), StoreError> {
    diesel::insert_into(throttles::table)
        .values(row)
        .on_conflict(throttles::key_hash)
        .do_update()
        .set((throttles::last_at.eq(row.last_at), throttles::until_at.eq(row.until_at)))
        .execute(conn)?;
    Ok(())
}

pub fn throttle_forget(conn: &mut Conn, key: &[u8]) -> Result<(), StoreError> {
    diesel::delete(throttles::table.find(key)).execute(conn)?;
    Ok(())
}

/// Drops what happened before `since` and holds nothing up at `now`.
pub fn throttles_sweep(conn: &mut Conn, since: i64, now: i64) -> Result<(), StoreError> {
    let old = throttles::table.filter(throttles::last_at.lt(since)).filter(throttles::until_at.le(now));
    diesel::delete(old).execute(conn)?;
    Ok(())
}
