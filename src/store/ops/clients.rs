//! Clients and their secrets.

use diesel::prelude::*;

use super::Conn;
use crate::store::error::StoreError;
use crate::store::schema::{client_secrets, clients};
use crate::store::sign_in::{ClientRow, SecretRow};
use crate::store::sql_types::Id;

pub fn client_insert(conn: &mut Conn, row: &ClientRow) -> Result<(), StoreError> {
    diesel::insert_into(clients::table).values(row).execute(conn)?;
    Ok(())
}

/// Replaces a client's data if the stored revision is `expected`; says whether it was.
pub fn client_update(conn: &mut Conn, row: &ClientRow, expected: i32) -> Result<bool, StoreError> {
    let target = clients::table.filter(clients::id.eq(row.id)).filter(clients::revision.eq(expected));
    Ok(diesel::update(target).set(row).execute(conn)? == 1)
}

pub fn client_by_id(conn: &mut Conn, id: Id) -> Result<Option<ClientRow>, StoreError> {
    Ok(clients::table.find(id).first(conn).optional()?)
}

pub fn client_by_name(conn: &mut Conn, name: &str) -> Result<Option<ClientRow>, StoreError> {
    Ok(clients::table.filter(clients::name.eq(name)).first(conn).optional()?)
}

/// Clients after `after` in the order of their names.
pub fn clients_page(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<ClientRow>, StoreError> {
    Ok(clients::table.filter(clients::name.gt(after)).order(clients::name).limit(limit).load(conn)?)
}

pub fn secret_insert(conn: &mut Conn, row: &SecretRow) -> Result<(), StoreError> {
    diesel::insert_into(client_secrets::table).values(row).execute(conn)?;
    Ok(())
}

/// The secrets of some clients that are valid at `now`, the oldest first.
pub fn secrets_of(conn: &mut Conn, clients: &[Id], now: i64) -> Result<Vec<SecretRow>, StoreError> {
    let valid = client_secrets::ends_at.is_null().or(client_secrets::ends_at.gt(now).assume_not_null());
    let found = client_secrets::table.filter(client_secrets::client_id.eq_any(clients)).filter(valid);
    Ok(found.order((client_secrets::created_at, client_secrets::id)).load(conn)?)
}

/// Says when the secrets of a client end that have no end yet.
pub fn secrets_end(conn: &mut Conn, client: Id, ends_at: i64) -> Result<(), StoreError> {
    let open = client_secrets::table.filter(client_secrets::client_id.eq(client));
    let open = open.filter(client_secrets::ends_at.is_null().or(client_secrets::ends_at.gt(ends_at).assume_not_null()));
    diesel::update(open).set(client_secrets::ends_at.eq(ends_at)).execute(conn)?;
    Ok(())
}

/// Says whether there was one.
pub fn secret_delete(conn: &mut Conn, client: Id, secret: Id) -> Result<bool, StoreError> {
    let target = client_secrets::table.find(secret).filter(client_secrets::client_id.eq(client));
    Ok(diesel::delete(target).execute(conn)? == 1)
}

/// Drops secrets of a client that have ended.
pub fn secrets_sweep(conn: &mut Conn, client: Id, now: i64) -> Result<(), StoreError> {
    let ended = client_secrets::table.filter(client_secrets::client_id.eq(client));
    diesel::delete(ended.filter(client_secrets::ends_at.le(now))).execute(conn)?;
    Ok(())
}
