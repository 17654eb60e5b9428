//! Sign-ins. Each is a family of refresh tokens, of which one at a time is fresh: an exchanged token that comes
//! back is in the hands of two, and ends the family. What an access token needs to be alive is judged here too.

use chrono::Duration;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::{Caller, caller_of};
use super::clients;
use super::error::AppError;
use crate::clock::Clock;
use crate::domain::actor::Subject;
use crate::store::Tx;
use crate::store::rows::UserRow;
use crate::store::sign_in::{RefreshRow, RevocationRow};
use crate::store::sql_types::Id;

/// A refresh token lives this long: one working day and its night.
const REFRESH_HOURS: i64 = 24;
/// After this long somebody signs in again, however often they renewed.
const FAMILY_DAYS: i64 = 30;
/// A client whose reply got lost asks again with the same token: this long it gets the same answer.
const GRACE_SECONDS: i64 = 30;

/// What an access token says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub subject: Subject,
    /// Of the subject when the token was made.
    pub stamp: i32,
    /// The family it belongs to, if any.
    pub session: Option<Uuid>,
    /// Its own name.
    pub id: Uuid,
}

/// A sign-in or its renewal: what the access token is to say, and the refresh token that comes with it.
#[expect(missing_debug_implementations, reason = "a refresh token belongs in no log")]
pub struct Opened {
    pub ticket: Ticket,
    pub refresh: String,
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The token that takes the place of another. Who lacks the token cannot make it, who lacks the nonce neither; a
/// lost reply can be given once more without keeping it, and a family never forks.
fn successor(nonce: &[u8], token: &str) -> String {
    hex::encode(Sha256::new().chain_update(nonce).chain_update(token).finalize())
}

/// Opens a family for a user who has just proved who they are.
///
/// # Errors
/// The database fails.
pub fn begin(tx: &mut Tx<'_>, clock: &Clock, user: &UserRow) -> Result<Opened, AppError> {
    let now = clock.now();
    tx.sessions_sweep(now.timestamp_micros())?;
    let refresh = hex::encode(clock.random::<32>());
    let row = RefreshRow {
        token_hash: hash(&refresh),
        family_id: Id(clock.new_id()),
        user_id: user.id,
        stamp: user.stamp,
        nonce: clock.random::<32>().to_vec(),
        began_at: now.timestamp_micros(),
        expires_at: (now + Duration::hours(REFRESH_HOURS)).timestamp_micros(),
        used_at: None,
    };
    tx.refresh_insert(&row)?;
    Ok(opened(clock, &row, refresh))
}

fn opened(clock: &Clock, row: &RefreshRow, refresh: String) -> Opened {
    let (subject, session) = (Subject::User(row.user_id.0), Some(row.family_id.0));
    Opened { ticket: Ticket { subject, stamp: row.stamp, session, id: clock.new_id() }, refresh }
}

/// Exchanges a refresh token. `None` when it is unknown, expired or of another time of its user; one that was
/// exchanged before also ends its family, unless this looks like the repetition of a request whose reply got lost.
///
/// # Errors
/// The database fails.
pub fn renew(tx: &mut Tx<'_>, clock: &Clock, presented: &str) -> Result<Option<Opened>, AppError> {
    let now = clock.now();
    let micros = now.timestamp_micros();
    let mine = hash(presented);
    let first = tx.refresh_use(&mine, micros)?;
    let Some(row) = tx.refresh_find(&mine)?.filter(|row| row.expires_at > micros) else { return Ok(None) };
    let user = tx.user_by_id(row.user_id)?.filter(|user| user.active && user.stamp == row.stamp);
    // The second look is for a family that another process ended while this one made a successor.
    if user.is_none() || tx.revoked(&[row.family_id])? {
        return Ok(None);
    }
    let refresh = successor(&row.nonce, presented);
    if first {
        let end = row.began_at + Duration::days(FAMILY_DAYS).num_microseconds().unwrap_or_default();
        let expires_at = (now + Duration::hours(REFRESH_HOURS)).timestamp_micros().min(end);
        let nonce = clock.random::<32>().to_vec();
        let next = RefreshRow { token_hash: hash(&refresh), nonce, expires_at, used_at: None, ..row };
        tx.refresh_insert(&next)?;
        return Ok(Some(opened(clock, &next, refresh)));
    }
    let age = micros - row.used_at.unwrap_or(micros);
    let lost = age.abs() <= Duration::seconds(GRACE_SECONDS).num_microseconds().unwrap_or_default();
    let next = tx.refresh_find(&hash(&refresh))?.filter(|next| lost && next.used_at.is_none());
    let Some(next) = next else {
        tracing::warn!(family = %row.family_id.0, "an exchanged refresh token came back; its family ends");
        end_family(tx, clock, row.family_id)?;
        return Ok(None);
    };
    Ok(Some(opened(clock, &next, refresh)))
}

fn end_family(tx: &mut Tx<'_>, clock: &Clock, family: Id) -> Result<(), AppError> {
    tx.family_forget(family)?;
    // As long as a refresh token of the family may be on its way into the database.
    let expires_at = (clock.now() + Duration::hours(REFRESH_HOURS)).timestamp_micros();
    Ok(tx.revocation_put(&RevocationRow { id: family, expires_at })?)
}

/// Ends the family of a refresh token, if there is one.
///
/// # Errors
/// The database fails.
pub fn end(tx: &mut Tx<'_>, clock: &Clock, presented: &str) -> Result<(), AppError> {
    let row = tx.refresh_find(&hash(presented))?;
    row.map_or(Ok(()), |row| end_family(tx, clock, row.family_id))
}

/// Ends one access token; `expires` is when it would have ended by itself, in seconds.
///
/// # Errors
/// The database fails.
pub fn end_access(tx: &mut Tx<'_>, token: Uuid, expires: i64) -> Result<(), AppError> {
    Ok(tx.revocation_put(&RevocationRow { id: Id(token), expires_at: expires.saturating_mul(1_000_000) })?)
}

/// Who bears a ticket, if it is still alive: its subject is active and of the same stamp, and neither it nor its
/// family was ended.
///
/// # Errors
/// The database fails.
pub fn bearer(tx: &mut Tx<'_>, ticket: &Ticket) -> Result<Option<Caller>, AppError> {
    let ids: Vec<Id> = [Some(ticket.id), ticket.session].into_iter().flatten().map(Id).collect();
    if tx.revoked(&ids)? {
        return Ok(None);
    }
    let caller = match ticket.subject {
        Subject::User(id) => {
            let row = tx.user_by_id(Id(id))?.filter(|row| row.active && row.stamp == ticket.stamp);
            row.map(|row| caller_of(&row)).transpose()?
        }
        Subject::Client(id) => {
            let row = tx.client_by_id(Id(id))?.filter(|row| row.active && row.stamp == ticket.stamp);
            row.map(|row| clients::caller_of(&row)).transpose()?
        }
    };
    Ok(caller)
}
