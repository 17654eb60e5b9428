//! The signature over chain heads: detached, with the key that signs access tokens and a type of its own.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::chain::canonical_json;
use crate::verify::heads;

/// Signs documents for whoever keeps them elsewhere.
pub struct Signer {
    key: SigningKey,
    /// Names the key: its thumbprint by RFC 7638.
    kid: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Signer {
    /// # Errors
    /// A sentence when the text is not an Ed25519 private key in PKCS#8 PEM.
    pub fn new(pem: &str) -> Result<Self, String> {
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| "not an Ed25519 private key (PKCS#8 PEM)".to_owned())?;
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
        let public = serde_json::json!({"crv": "Ed25519", "kty": "OKP", "x": x});
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical_json(&public)));
        Ok(Self { key, kid })
    }

    /// The detached signature over a document that has none yet.
    ///
    /// # Errors
    /// The document has no canonical form.
    pub fn sign(&self, document: &impl Serialize) -> Result<String, String> {
        let document = serde_json::to_value(document).map_err(|error| error.to_string())?;
        heads::sign(&document, &self.kid, |text| URL_SAFE_NO_PAD.encode(self.key.sign(text).to_bytes()))
    }
}
