//! Data keys: 32 secret bytes each, known by an id that is derived from them.
//!
//! What a key is used for gets a key of its own (HKDF-SHA256): sealing and the blind index never share one. The id
//! is derived too, so that a file of keys needs no names, and another key can never pass for the one that is missing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::{Place, VaultError};

/// XChaCha20-Poly1305: a nonce of 192 bits may be drawn at random by any number of processes, which AES-GCM's 96 may
/// not, and its software is fast and of constant time on machines without AES instructions.
pub const NONCE: usize = 24;

/// Of a digest of the blind index: collisions of 128 bits do not happen among a province's people.
pub const DIGEST: usize = 16;

/// One key, ready for use.
#[derive(Clone)]
pub struct DataKey {
    id: String,
    seal: [u8; 32],
    index: [u8; 32],
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.seal.zeroize();
        self.index.zeroize();
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DataKey").field(&self.id).finish()
    }
}

impl DataKey {
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        let derived = Hkdf::<Sha256>::new(None, master);
        let (mut id, mut seal, mut index) = ([0; 8], [0; 32], [0; 32]);
        for (info, bytes) in
            [("motcua key id", &mut id[..]), ("motcua seal", &mut seal[..]), ("motcua blind index", &mut index[..])]
        {
            derived.expand(info.as_bytes(), bytes).expect("32 bytes are far below the limit of HKDF");
        }
        Self { id: hex::encode(id), seal, index }
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The nonce, then the sealed text with its tag. It opens at the same place only.
    #[must_use]
    pub fn seal(&self, place: &Place<'_>, plain: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
        let payload = Payload { msg: plain, aad: &place.bound_to(&self.id) };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a row is far below 256 GiB");
        [&nonce[..], &sealed].concat()
    }

    /// # Errors
    /// It was sealed elsewhere or with another key, or was changed since.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let forged = || VaultError::Forged(place.to_string());
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(forged)?;
        let payload = Payload { msg: sealed, aad: &place.bound_to(&self.id) };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| forged())
    }

    /// What stands in the blind index for somebody's number. It holds the agency: what lies at another is not compared.
    #[must_use]
    pub fn digest(&self, agency: &str, kind: &str, value: &str) -> Vec<u8> {
        let full = keyed(&self.index, &[agency.as_bytes(), kind.as_bytes(), value.as_bytes()]);
        full[..DIGEST].to_vec()
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.seal.into())
    }
}

/// HMAC-SHA256 over parts that do not run together.
pub(super) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The keys at hand, newest last.
#[derive(Debug, Clone, Default)]
pub struct Ring(Vec<DataKey>);

impl Ring {
    /// One key a line, in hexadecimal or base64; `#` begins a comment. In one line commas separate keys too.
    ///
    /// # Errors
    /// A line is no key (it is named by number, never quoted), or there is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys: Vec<DataKey> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            for word in line.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let master = master_of(word)
                    .ok_or_else(|| format!("line {}: not 32 bytes in hexadecimal or base64", i.saturating_add(1)))?;
                let key = DataKey::new(&master);
                keys.retain(|known| known.id != key.id);
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err("there is no key in it".to_owned());
        }
        Ok(Self(keys))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn find(&self, id: &str) -> Option<&DataKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The one that seals from the next rotation on.
    #[must_use]
    pub fn newest(&self) -> Option<&DataKey> {
        self.0.last()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(DataKey::id)
    }
}

fn master_of(word: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(if word.len() == 64 { hex::decode(word).ok()? } else { STANDARD.decode(word).ok()? });
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { agency: "H26.1", dossier: [7; 16], n: 1 };

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let key = DataKey::new(&[1; 32]);
        let sealed = key.seal(&PLACE, b"0912345678", [9; NONCE]);
        assert_eq!(key.open(&PLACE, &sealed).unwrap().as_slice(), b"0912345678");
        assert!(!sealed.windows(4).any(|part| part == b"0912"));
        let elsewhere =
            [Place { agency: "H26.2", ..PLACE }, Place { dossier: [8; 16], ..PLACE }, Place { n: 2, ..PLACE }];
        assert!(elsewhere.iter().all(|place| key.open(place, &sealed).is_err()));
        assert!(DataKey::new(&[2; 32]).open(&PLACE, &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(key.open(&PLACE, &changed).is_err());
        assert!(key.open(&PLACE, &sealed[..10]).is_err());
    }

    #[test]
    fn keys_are_read_in_both_spellings_and_known_by_their_ids() {
        let hex = "01".repeat(32);
        let base64 = STANDARD.encode([2; 32]);
        let ring = Ring::parse(&format!("# old\n{hex}\n\n{base64}  # new\n")).unwrap();
        assert_eq!(ring.ids().collect::<Vec<_>>(), [DataKey::new(&[1; 32]).id(), DataKey::new(&[2; 32]).id()]);
        assert_eq!(ring.newest().unwrap().id(), DataKey::new(&[2; 32]).id());
        assert_eq!(Ring::parse(&format!("{hex},{base64}")).unwrap().ids().count(), 2);
        let error = Ring::parse(&format!("{hex}\nsecret-but-wrong")).unwrap_err();
        assert!(error.contains("line 2") && !error.contains("secret"), "{error}");
        assert!(Ring::parse("# nothing").is_err());
        assert!(!format!("{ring:?}").contains("[1, 1"));
    }

    #[test]
    fn digests_tell_agencies_kinds_and_keys_apart() {
        let key = DataKey::new(&[1; 32]);
        let one = key.digest("H26.1", "phone", "0912345678");
        assert_eq!(one, key.digest("H26.1", "phone", "0912345678"));
        assert_ne!(one, key.digest("H26.2", "phone", "0912345678"));
        assert_ne!(one, key.digest("H26.1", "passport", "0912345678"));
        assert_ne!(one, DataKey::new(&[2; 32]).digest("H26.1", "phone", "0912345678"));
        assert_ne!(key.digest("ab", "c", ""), key.digest("a", "bc", ""));
    }
}
