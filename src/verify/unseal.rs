//! Sealed personal rows opened with keys from a file, from the description of the format alone:
//!
//! A key is 32 bytes, one a line in hexadecimal or base64. HKDF-SHA256 of it, without salt, gives its id (info
//! `motcua key id`, 8 bytes, in hexadecimal) and the key of the cipher (info `motcua seal`, 32 bytes). A sealed row is a
//! nonce of 24 bytes and XChaCha20-Poly1305's ciphertext with its tag; associated data are `personal`, the key's id and
//! the agency's code, a zero byte after each, then the dossier's 16 bytes and `n` in four, big-endian. The text is the
//! salt in hexadecimal, then the values as a JSON object.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::Sha256;
use uuid::Uuid;

use super::line::PersonalLine;
use super::strict;

/// What is said of a row that does not open.
pub const FORGED: &str = "changed, moved, or sealed with another key";

/// Ciphers by the id of their key.
#[derive(Default)]
pub struct Keys(HashMap<String, XChaCha20Poly1305>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The associated data.
pub(super) fn place(key: &str, agency: &str, dossier: Uuid, n: u32) -> Vec<u8> {
    let mut bytes = [b"personal".as_slice(), key.as_bytes(), agency.as_bytes()].join(&0);
    bytes.push(0);
    bytes.extend_from_slice(dossier.as_bytes());
    bytes.extend_from_slice(&n.to_be_bytes());
    bytes
}

impl Keys {
    /// # Errors
    /// The file cannot be read, or a line is no key.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|detail| format!("{}: {detail}", path.display()))
    }

    /// # Errors
    /// A line is no key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = HashMap::new();
        for (i, line) in text.lines().enumerate() {
            let words = line.split('#').next().unwrap_or_default().split(',').map(str::trim);
            for word in words.filter(|word| !word.is_empty()) {
                let bytes = if word.len() == 64 { hex::decode(word).ok() } else { STANDARD.decode(word).ok() };
                let bytes = bytes.filter(|bytes| bytes.len() == 32);
                let bytes = bytes.ok_or_else(|| format!("line {}: not a key of 32 bytes", i.saturating_add(1)))?;
                let derived = Hkdf::<Sha256>::new(None, &bytes);
                let (mut id, mut seal) = ([0; 8], [0; 32]);
                let done = derived.expand(b"motcua key id", &mut id).and(derived.expand(b"motcua seal", &mut seal));
                done.map_err(|error| error.to_string())?;
                keys.insert(hex::encode(id), XChaCha20Poly1305::new(&seal.into()));
            }
        }
        Ok(Self(keys))
    }

    /// Salt and values of a row.
    ///
    /// # Errors
    /// Why it does not open, without what is in it.
    pub fn open(&self, row: &PersonalLine) -> Result<(Vec<u8>, Value), String> {
        let cipher =
            self.0.get(&row.key).ok_or_else(|| format!("sealed with data key {}, which was not given", row.key))?;
        let dossier = Uuid::parse_str(&row.dossier).map_err(|error| format!("dossier: {error}"))?;
        let sealed = hex::decode(&row.sealed).map_err(|error| format!("sealed: {error}"))?;
        let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or(FORGED)?;
        let aad = place(&row.key, &row.agency, dossier, row.n);
        let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| FORGED)?;
        let split = plain.iter().position(|byte| *byte == b'{').ok_or("no values in it")?;
        let (salt, body) = plain.split_at(split);
        let salt = hex::decode(salt).map_err(|_| "its salt is not hexadecimal")?;
        Ok((salt, strict::read(body).map_err(|_| "its values are not JSON, or ambiguous")?))
    }
}
