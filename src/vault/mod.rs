//! Personal values at rest: sealed (AEAD), found again by a keyed digest (blind index), under keys that the
//! database never sees. This module knows no database; the store keeps bytes.

mod ring;

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use zeroize::Zeroizing;

pub use ring::{DIGEST, DataKey, NONCE, Ring};

/// Where a sealed row lies. It opens nowhere else: rows cannot be swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub agency: &'a str,
    pub dossier: [u8; 16],
    pub n: i32,
}

impl Place<'_> {
    /// The associated data: fields of fixed length, or ended by a zero byte that none of them holds.
    fn bound_to(&self, key: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in ["personal", key, self.agency] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        bytes.extend_from_slice(&self.dossier);
        bytes.extend_from_slice(&self.n.to_be_bytes());
        bytes
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "personal row {} of {} {}", self.n, self.agency, hex::encode(self.dossier))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("{place}: {reason}")]
    Unreadable { place: String, reason: String },
    #[error("data key {0} is not among the keys given")]
    Missing(String),
    #[error("{0} was changed, moved, or sealed with another key")]
    Forged(String),
}

/// Where keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// One key a line, newest last. `made`: made with one key when it is not there yet.
    File { path: PathBuf, made: bool },
    /// The keys themselves, from the environment.
    Given(Arc<Zeroizing<String>>),
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => f.debug_tuple("File").field(path).finish(),
            Self::Given(_) => f.write_str("Given"),
        }
    }
}

impl KeySource {
    #[must_use]
    pub fn given(keys: &str) -> Self {
        Self::Given(Arc::new(Zeroizing::new(keys.to_owned())))
    }

    fn read(&self) -> Result<Ring, VaultError> {
        let place = match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Given(_) => "MOTCUA_DATA_KEY".to_owned(),
        };
        let unreadable = |reason: String| VaultError::Unreadable { place: place.clone(), reason };
        let text = match self {
            Self::File { path, .. } => {
                fs::read_to_string(path).map(Zeroizing::new).map_err(|e| unreadable(e.to_string()))?
            }
            Self::Given(text) => Zeroizing::clone(text),
        };
        Ring::parse(&text).map_err(unreadable)
    }
}

/// The keys of a running program. A key that is not known yet is looked for in the file once more: another process
/// may have added it.
#[derive(Debug, Clone)]
pub struct Vault(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: KeySource,
    ring: RwLock<Arc<Ring>>,
    secret: OnceLock<Secret>,
}

struct Secret(Zeroizing<[u8; 32]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Vault {
    /// Reads the keys; makes the file with `fresh` in it where that is asked for.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub fn open(source: KeySource, fresh: impl FnOnce() -> [u8; 32]) -> Result<Self, VaultError> {
        if let KeySource::File { path, made: true } = &source
            && !path.exists()
        {
            let failed = |error: std::io::Error| VaultError::Unreadable {
                place: path.display().to_string(),
                reason: error.to_string(),
            };
            let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(*Zeroizing::new(fresh())))));
            make_file(path, text.as_bytes()).map_err(failed)?;
        }
        let ring = Arc::new(source.read()?);
        Ok(Self(Arc::new(Inner { source, ring: RwLock::new(ring), secret: OnceLock::new() })))
    }

    /// For who looks at a database without opening what is sealed in it.
    #[must_use]
    pub fn without_keys() -> Self {
        let (source, ring) = (KeySource::given(""), RwLock::default());
        Self(Arc::new(Inner { source, ring, secret: OnceLock::new() }))
    }

    #[must_use]
    pub fn source(&self) -> &KeySource {
        &self.0.source
    }

    #[must_use]
    pub fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the source again.
    ///
    /// # Errors
    /// It cannot be read any more; the keys known before stay.
    pub fn reload(&self) -> Result<Arc<Ring>, VaultError> {
        let ring = Arc::new(self.0.source.read()?);
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// # Errors
    /// The key is not among those given.
    pub fn key(&self, id: &str) -> Result<DataKey, VaultError> {
        if let Some(key) = self.ring().find(id) {
            return Ok(key.clone());
        }
        let missing = || VaultError::Missing(id.to_owned());
        // Keys from the environment do not change.
        let KeySource::File { .. } = &self.0.source else { return Err(missing()) };
        self.reload()?.find(id).cloned().ok_or_else(missing)
    }

    /// # Errors
    /// The key is missing, or the row is not what was sealed there.
    pub fn unseal(&self, key: &str, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.key(key)?.open(place, sealed)
    }

    /// Takes the database's own secret, under which hashes of what people sent are kept. It outlives every key.
    pub fn learn(&self, secret: [u8; 32]) {
        // The same database has the same secret.
        let _ = self.0.secret.set(Secret(Zeroizing::new(secret)));
    }

    /// A hash that says nothing to who has not the secret, in hexadecimal.
    #[must_use]
    pub fn hash(&self, what: &str, bytes: &[u8]) -> String {
        let secret = self.0.secret.get().expect("learnt when the database was opened");
        hex::encode(ring::keyed(&secret.0, &[what.as_bytes(), bytes]))
    }
}

/// Makes a file that only its owner reads. One that is there already stays: another process was faster.
///
/// # Errors
/// It cannot be written.
pub fn make_file(path: &std::path::Path, text: &[u8]) -> std::io::Result<()> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(text)?;
            file.sync_all()
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
