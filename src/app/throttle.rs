//! Failed sign-ins, counted where all processes see it. A sign-in that succeeds writes here only what is new: that an
//! address is familiar, once a day, and that its failures are forgiven, if there were any.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::error::AppError;
use crate::domain::throttle::{FAMILIAR_DAYS, MEMORY_SECONDS, Scope, left};
use crate::domain::time::Instant;
use crate::store::Tx;
use crate::store::sign_in::ThrottleRow;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A try to sign in to an account from an address. Kept as hashes: people type passwords into the wrong field.
#[derive(Debug, Clone)]
pub struct Attempt {
    pair: Vec<u8>,
    account: Vec<u8>,
    address: Vec<u8>,
    familiar: Vec<u8>,
}

impl Attempt {
    #[must_use]
    pub fn new(username: &str, address: IpAddr) -> Self {
        let address = network(address).to_string();
        let key = |kind: &str, parts: [&str; 2]| {
            let joined = format!("{kind}\0{}\0{}", parts[0], parts[1]);
            Sha256::digest(joined.as_bytes()).to_vec()
        };
        Self {
            pair: key("pair", [username, &address]),
            account: key("account", [username, ""]),
            address: key("address", ["", &address]),
            familiar: key("familiar", [username, &address]),
        }
    }

    fn key(&self, scope: Scope) -> &[u8] {
        match scope {
            Scope::Pair => &self.pair,
            Scope::Account => &self.account,
            Scope::Address => &self.address,
        }
    }
}

/// Whoever has one address of IPv6 has the 2⁶⁴ beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & (u128::MAX << 64)).into()),
        four @ IpAddr::V4(_) => four,
    }
}

/// Seconds for which this attempt is turned away; 0 when it may go on.
///
/// # Errors
/// The database fails.
pub fn wait(tx: &mut Tx<'_>, attempt: &Attempt, now: Instant) -> Result<i64, AppError> {
    let now = now.timestamp_micros();
    let keys = [&attempt.pair, &attempt.account, &attempt.address, &attempt.familiar];
    let rows = tx.throttles_of(&keys.map(Clone::clone))?;
    let until = |key: &[u8]| rows.iter().find(|row| row.key_hash == key).map_or(0, |row| row.until_at);
    let familiar = until(&attempt.familiar) > now;
    let counts = Scope::ALL.into_iter().filter(|scope| !(familiar && *scope == Scope::Account));
    Ok(counts.map(|scope| left(until(attempt.key(scope)), now)).max().unwrap_or(0))
}

/// Counts a failure.
///
/// # Errors
/// The database fails.
pub fn failed(tx: &mut Tx<'_>, attempt: &Attempt, now: Instant) -> Result<(), AppError> {
    let now = now.timestamp_micros();
    tx.throttles_sweep(now - MEMORY_SECONDS * SECOND, now)?;
    for scope in Scope::ALL {
        let key = attempt.key(scope);
        let failures = tx.throttle_count(key, now)?;
        let wait = scope.wait(failures);
        if wait > 0 {
            tx.throttle_until(key, now + wait * SECOND)?;
        }
    }
    Ok(())
}

/// Forgives the failures of this account from this address, and remembers the address.
///
/// # Errors
/// The database fails.
pub fn succeeded(tx: &mut Tx<'_>, attempt: &Attempt, now: Instant) -> Result<(), AppError> {
    let now = now.timestamp_micros();
    let rows = tx.throttles_of(&[attempt.pair.clone(), attempt.familiar.clone()])?;
    if rows.iter().any(|row| row.key_hash == attempt.pair) {
        tx.throttle_forget(&attempt.pair)?;
    }
    let seen = rows.iter().find(|row| row.key_hash == attempt.familiar);
    if seen.is_none_or(|row| row.last_at < now - DAY) {
        let until_at = now + FAMILIAR_DAYS * DAY;
        tx.throttle_put(&ThrottleRow { key_hash: attempt.familiar.clone(), failures: 0, last_at: now, until_at })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_its_network() {
        let key = |text: &str| Attempt::new("clerk", text.parse().unwrap()).address;
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        let pair = |name: &str| Attempt::new(name, "192.0.2.1".parse().unwrap()).pair;
        assert_ne!(pair("clerk"), pair("clerk2"));
    }
}
