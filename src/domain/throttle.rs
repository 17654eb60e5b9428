//! Slowing down guesses. Some failures are free, then each doubles the wait, up to a longest; an hour without one
//! and all is forgotten. What is turned away meanwhile does not count: a wait ends whoever knocks.

/// Seconds after which failures are forgotten.
pub const MEMORY_SECONDS: i64 = 3600;
/// An account stays open to an address from which it was signed in to for so many days.
pub const FAMILIAR_DAYS: i64 = 30;
/// Longest wait: whatever an attacker does, it is over after a quarter of an hour.
const LONGEST_SECONDS: i64 = 900;
const FIRST_SECONDS: i64 = 30;

/// What failures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// An account from one address: a person who has forgotten, or a guesser.
    Pair,
    /// An account from wherever: a guesser with many addresses. Familiar addresses are left alone, so that nobody can
    /// keep a person from signing in where they work.
    Account,
    /// An address, whichever the account: a list of stolen passwords, or an office of many.
    Address,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Pair, Self::Account, Self::Address];

    /// Failures without a wait.
    #[must_use]
    pub fn free(self) -> i32 {
        match self {
            Self::Pair => 5,
            Self::Account => 50,
            Self::Address => 100,
        }
    }

    /// Seconds to wait after so many failures.
    #[must_use]
    pub fn wait(self, failures: i32) -> i64 {
        let over = failures - self.free();
        if over < 0 {
            return 0;
        }
        let doubled = FIRST_SECONDS.checked_shl(over.unsigned_abs().min(16)).unwrap_or(LONGEST_SECONDS);
        doubled.min(LONGEST_SECONDS)
    }
}

/// Seconds left of a wait until `until`. One longer than the longest was written under another clock: it does not count.
#[must_use]
pub fn left(until: i64, now: i64) -> i64 {
    let micros = until - now;
    let seconds = micros / 1_000_000 + i64::from(micros % 1_000_000 > 0);
    if (1..=LONGEST_SECONDS).contains(&seconds) { seconds } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<i64> = (4..12).map(|failures| Scope::Pair.wait(failures)).collect();
        assert_eq!(waits, [0, 30, 60, 120, 240, 480, 900, 900]);
        assert_eq!(Scope::Pair.wait(i32::MAX), 900);
        assert_eq!((Scope::Account.wait(49), Scope::Account.wait(50)), (0, 30));
        assert_eq!((left(10_000_001, 0), left(1, 0), left(0, 0), left(0, 5)), (11, 1, 0, 0));
        // The clock was set back by an hour: nobody waits for it.
        assert_eq!(left(4_500_000_000, 0), 0);
    }
}
