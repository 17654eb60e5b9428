//! Argon2id on a thread of its own, with one reused block of memory and a bounded queue: a storm of
//! sign-ins cannot stall other requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::oneshot;

use super::password_policy::normalised;
use crate::clock::Clock;
use crate::store::StoreError;

/// Memory (KiB), passes, lanes: at least OWASP's 19 MiB, 2, 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

const QUEUE: usize = 64;
const HASH_BYTES: usize = 32;

/// What is asked of the thread; it answers by itself.
type Work = Box<dyn FnOnce(&mut Hasher) + Send>;

/// Hashes and verifies passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    queue: SyncSender<Work>,
    /// Verified in place of a user that does not exist, so that both take the same time.
    decoy: String,
    cost: Cost,
    verified: Arc<AtomicU64>,
    refused: Counter,
}

impl Passwords {
    /// Starts the thread.
    ///
    /// # Errors
    /// The parameters are out of Argon2's range, or the thread cannot be started.
    pub fn start(cost: Cost, clock: Clock) -> Result<Self, String> {
        let params =
            Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).map_err(|error| error.to_string())?;
        let (queue, work) = sync_channel(QUEUE);
        let decoy = Hasher::new(params.clone(), clock.clone()).hash("decoy")?;
        let verified = Arc::<AtomicU64>::default();
        std::thread::Builder::new()
            .name("argon2".into())
            .spawn(move || Hasher::new(params, clock).serve(&work))
            .map_err(|error| error.to_string())?;
        Ok(Self { queue, decoy, cost, verified, refused: Counter::default() })
    }

    /// A PHC string for `password`.
    ///
    /// # Errors
    /// `Unavailable` when too many are waiting.
    pub async fn hash(&self, password: &str) -> Result<String, StoreError> {
        let password = password.to_owned();
        self.ask(move |hasher| hasher.hash(&password)).await?.map_err(StoreError::Other)
    }

    /// Whether `password` fits `stored`; without a stored hash, false after the same time.
    ///
    /// # Errors
    /// `Unavailable` when too many are waiting.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, StoreError> {
        let (password, hash) = (password.to_owned(), stored.unwrap_or(&self.decoy).to_owned());
        let counted = Arc::clone(&self.verified);
        let fits = self.ask(move |hasher| {
            let fits = hasher.verify(&password, &hash);
            counted.fetch_add(1, Ordering::Relaxed);
            fits
        });
        Ok(fits.await? && stored.is_some())
    }

    /// How many passwords were verified, a decoy's or a person's alike.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Puts what is counted here into a registry.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Passwords turned away because too many were waiting to be hashed";
        registry.register("passwords_refused", help, self.refused.clone());
    }

    /// Whether a stored hash costs an attacker less than a new one would.
    #[must_use]
    pub fn is_weak(&self, stored: &str) -> bool {
        let parsed = PasswordHash::new(stored).ok();
        let params = parsed.and_then(|parsed| Params::try_from(&parsed).ok());
        let work = |memory: u32, passes: u32| u64::from(memory) * u64::from(passes);
        params
            .is_none_or(|params| work(params.m_cost(), params.t_cost()) < work(self.cost.memory_kib, self.cost.passes))
    }

    /// Has the thread do something. A panic is the end of that one request.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hasher) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        // Whoever asked may have gone away.
        let work: Work = Box::new(|hasher| drop(reply.send(work(hasher))));
        self.queue.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => {
                self.refused.inc();
                StoreError::Unavailable("too many sign-ins are waiting".into())
            }
            TrySendError::Disconnected(_) => StoreError::Unavailable("password thread".into()),
        })?;
        answer.await.map_err(|_| StoreError::Other("a password could not be hashed".into()))
    }
}

/// Hashes once, without a thread: for the command line.
///
/// # Errors
/// The parameters are out of Argon2's range.
pub fn hash_once(cost: Cost, clock: &Clock, password: &str) -> Result<String, String> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).map_err(|error| error.to_string())?;
    Hasher::new(params, clock.clone()).hash(password)
}

struct Hasher {
    params: Params,
    clock: Clock,
    memory: Vec<Block>,
}

impl Hasher {
    fn new(params: Params, clock: Clock) -> Self {
        let memory = vec![Block::default(); params.block_count()];
        Self { params, clock, memory }
    }

    fn serve(&mut self, work: &Receiver<Work>) {
        while let Ok(next) = work.recv() {
            if catch_unwind(AssertUnwindSafe(|| next(self))).is_err() {
                tracing::error!("the password thread panicked and goes on");
            }
        }
    }

    fn hash(&mut self, password: &str) -> Result<String, String> {
        let salt: [u8; 16] = self.clock.random();
        let params = self.params.clone();
        let out = self.derive(params, password, &salt)?;
        let phc = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(|error| error.to_string())?,
            salt: Some(Salt::new(&salt).map_err(|error| error.to_string())?),
            hash: Some(out),
        };
        Ok(phc.to_string())
    }

    fn verify(&mut self, password: &str, stored: &str) -> bool {
        let Ok(parsed) = PasswordHash::new(stored) else { return false };
        let (Some(salt), Some(hash)) = (parsed.salt, parsed.hash) else { return false };
        let Ok(params) = Params::try_from(&parsed) else { return false };
        // Comparing two `Output`s takes the same time whichever byte differs.
        self.derive(params, password, salt.as_ref()).is_ok_and(|out| out == hash)
    }

    fn derive(&mut self, params: Params, password: &str, salt: &[u8]) -> Result<Output, String> {
        if self.memory.len() < params.block_count() {
            self.memory.resize(params.block_count(), Block::default());
        }
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut out = [0; HASH_BYTES];
        argon
            .hash_password_into_with_memory(normalised(password).as_bytes(), salt, &mut out, &mut self.memory)
            .map_err(|error| error.to_string())?;
        Output::new(&out).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_end_of_one_request_only() {
        let passwords = Passwords::start(Cost { memory_kib: 8, passes: 1 }, Clock::system()).unwrap();
        for _ in 0..3 {
            let failed = passwords.ask(|_| panic!("as the test wants it")).await;
            assert!(matches!(failed, Err::<(), _>(StoreError::Other(_))), "{failed:?}");
            let hash = passwords.hash("một mật khẩu").await.unwrap();
            assert!(passwords.verify("một mật khẩu", Some(&hash)).await.unwrap());
        }
    }
}
