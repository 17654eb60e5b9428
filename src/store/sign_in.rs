//! Rows of signing in: refresh tokens, what ended before its time, clients and their secrets, failures.

use diesel::prelude::*;

use super::schema::{client_secrets, clients, refresh_tokens, revocations, throttles};
use super::sql_types::Id;

/// A refresh token of a sign-in, its family.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = refresh_tokens)]
#[expect(missing_debug_implementations, reason = "a hash and a nonce belong in no log")]
pub struct RefreshRow {
    pub token_hash: Vec<u8>,
    pub family_id: Id,
    pub user_id: Id,
    /// That of the user when the family began: the family ends with it.
    pub stamp: i32,
    /// With the token it makes the token's successor; by itself it makes nothing.
    pub nonce: Vec<u8>,
    /// When somebody signed in.
    pub began_at: i64,
    pub expires_at: i64,
    /// When it was exchanged for its successor.
    pub used_at: Option<i64>,
}

/// A family or a single access token that ended before its time.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = revocations)]
pub struct RevocationRow {
    pub id: Id,
    pub expires_at: i64,
}

/// A portal or a device.
#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = clients)]
pub struct ClientRow {
    pub id: Id,
    pub name: String,
    /// JSON list of grants.
    pub roles: String,
    pub active: bool,
    pub revision: i32,
    /// As a user's: an access token of an earlier one is dead.
    pub stamp: i32,
    pub created_at: i64,
}

/// A secret of a client; random, and therefore kept as a plain hash.
#[derive(Clone, Queryable, Insertable)]
#[diesel(table_name = client_secrets, treat_none_as_default_value = false)]
#[expect(missing_debug_implementations, reason = "a hash belongs in no log")]
pub struct SecretRow {
    pub id: Id,
    pub client_id: Id,
    pub secret_hash: Vec<u8>,
    pub created_at: i64,
    pub ends_at: Option<i64>,
}

/// Failures by account, address or both; or an address that is familiar to an account.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = throttles)]
pub struct ThrottleRow {
    pub key_hash: Vec<u8>,
    pub failures: i32,
    pub last_at: i64,
    /// End of the wait, or of the familiarity.
    pub until_at: i64,
}
