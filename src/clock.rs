//! Clock and randomness: the only place that asks the machine for either, so that a simulation can
//! stand in for both.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use uuid::Uuid;

use crate::domain::time::{Instant, from_micros, truncate};

/// Where instants and random bytes come from.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Simulated {
        micros: Arc<AtomicI64>,
        rng: Arc<Mutex<StdRng>>,
    },
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is set, with reproducible randomness.
    #[must_use]
    pub fn simulated(at: Instant, seed: u64) -> Self {
        let micros = Arc::new(AtomicI64::new(at.timestamp_micros()));
        Self(Source::Simulated { micros, rng: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) })
    }

    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks")]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => truncate(Utc::now()),
            Source::Simulated { micros, .. } => from_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Sets a simulated clock; the system's cannot be set.
    pub fn set(&self, at: Instant) {
        if let Source::Simulated { micros, .. } = &self.0 {
            micros.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// Random bytes: the operating system's, or reproducible ones under a simulation.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => SysRng.try_fill_bytes(&mut bytes).expect("the operating system has randomness"),
            Source::Simulated { rng, .. } => {
                rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// A time-ordered identifier (UUID version 7).
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        let millis = self.now().timestamp_millis().unsigned_abs();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.random::<10>()).into_uuid()
    }

    /// A random number for a catalogue stamp.
    #[must_use]
    pub fn new_stamp(&self) -> i64 {
        i64::from_le_bytes(self.random())
    }
}
