//! Portals and devices: they sign in with a secret that is shown once and kept as a hash. Two may be valid while
//! one takes the other's place.

use sha2::{Digest, Sha256};

use super::access::{Caller, grants_of};
use super::error::AppError;
use super::sessions::Ticket;
use crate::clock::Clock;
use crate::domain::actor::Subject;
use crate::domain::time::Instant;
use crate::store::sign_in::{ClientRow, SecretRow};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// The old one and the new one.
const MOST_SECRETS: usize = 2;

/// A secret that was just made; what it is nobody can ask again.
#[expect(missing_debug_implementations, reason = "a secret belongs in no log")]
pub struct NewSecret {
    pub row: SecretRow,
    pub secret: String,
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The caller that a client stands for.
///
/// # Errors
/// The stored roles are not what this program writes.
pub fn caller_of(row: &ClientRow) -> Result<Caller, StoreError> {
    let subject = Subject::Client(row.id.0);
    Ok(Caller { actor: subject.to_string(), username: row.name.clone(), grants: grants_of(&row.roles, subject)? })
}

/// Makes a secret: 256 random bits, which need no slow hash.
#[must_use]
pub fn new_secret(clock: &Clock, client: Id) -> NewSecret {
    let secret = format!("mcs_{}", hex::encode(clock.random::<32>()));
    let created_at = clock.now().timestamp_micros();
    let row =
        SecretRow { id: Id(clock.new_id()), client_id: client, secret_hash: hash(&secret), created_at, ends_at: None };
    NewSecret { row, secret }
}

/// The client shows its secrets, so its version goes up with them; of two who change them at once one waits.
fn touch(tx: &mut Tx<'_>, client: Id, stamp: i32) -> Result<(), AppError> {
    let row = tx.client_by_id(client)?.ok_or(AppError::NotFound)?;
    let next = ClientRow { stamp: row.stamp + stamp, revision: row.revision + 1, ..row.clone() };
    if tx.client_update(&next, row.revision)? {
        Ok(())
    } else {
        Err(StoreError::Retry("the client changed meanwhile".into()).into())
    }
}

/// Adds a secret beside the present one, which goes on, or ends at a stated time.
///
/// # Errors
/// `Conflict` when two are valid already; the database fails.
pub fn add_secret(
    tx: &mut Tx<'_>,
    clock: &Clock,
    secret: &SecretRow,
    previous_ends_at: Option<Instant>,
) -> Result<(), AppError> {
    touch(tx, secret.client_id, 0)?;
    let now = clock.now().timestamp_micros();
    tx.secrets_sweep(secret.client_id, now)?;
    if tx.secrets_of(&[secret.client_id], now)?.len() >= MOST_SECRETS {
        return Err(AppError::Conflict("two secrets are valid; end one of them first"));
    }
    if let Some(end) = previous_ends_at {
        tx.secrets_end(secret.client_id, end.timestamp_micros())?;
    }
    Ok(tx.secret_insert(secret)?)
}

/// Ends a secret at once, and every access token of the client: one of them may have been had with it.
///
/// # Errors
/// `NotFound` without such a secret; the database fails.
pub fn end_secret(tx: &mut Tx<'_>, client: Id, secret: Id) -> Result<(), AppError> {
    touch(tx, client, 1)?;
    if tx.secret_delete(client, secret)? { Ok(()) } else { Err(AppError::NotFound) }
}

/// A ticket for a client who names itself and a secret of its own.
///
/// # Errors
/// The database fails.
pub fn sign_in(tx: &mut Tx<'_>, clock: &Clock, client: Id, secret: &str) -> Result<Option<Ticket>, AppError> {
    let presented = hash(secret);
    let valid = tx.secrets_of(&[client], clock.now().timestamp_micros())?;
    let fits = valid.iter().any(|known| known.secret_hash == presented);
    let row = tx.client_by_id(client)?.filter(|row| row.active && fits);
    Ok(row.map(|row| Ticket {
        subject: Subject::Client(row.id.0),
        stamp: row.stamp,
        session: None,
        id: clock.new_id(),
    }))
}
