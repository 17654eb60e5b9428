//! Heads that were kept elsewhere, and the signature over them.
//!
//! The answer of `GET /audit/heads`, kept as a file, carries a JSON web signature (RFC 7515) with its content detached:
//! what is signed is the RFC 8785 canonical JSON of the answer without `signature`, so that a file put into another
//! layout still verifies. A list of heads without a signature is taken too; whoever reads it is told.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto, jwk};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::Head;

/// What such a signature, and nothing else, says of itself: an access token never passes for one.
pub const TYPE: &str = "motcua-heads+jws";

/// The heads of both chains of each agency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Kept {
    #[serde(rename = "items")]
    pub events: Vec<Head>,
    #[serde(default)]
    pub records: Vec<Head>,
}

impl Kept {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.records.is_empty()
    }

    /// Heads in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.events.len() + self.records.len()) as u64
    }

    /// # Errors
    /// It is neither an answer of `GET /audit/heads` nor a list of heads.
    pub fn read(document: &Value) -> Result<Self, String> {
        let read = match document {
            Value::Array(_) => Vec::deserialize(document).map(|events| Self { events, records: Vec::new() }),
            _ => Self::deserialize(document),
        };
        read.map_err(|error| format!("not a list of heads: {error}"))
    }
}

/// How far a list of heads is vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// It carries no signature.
    Unsigned,
    /// It carries one, and there was no key to check it with.
    Unchecked,
    /// The signature is that of this key.
    Signed { key: String },
}

/// Public keys: one as PEM, or a JSON web key set.
pub enum Keys {
    Pem(DecodingKey),
    Set(jwk::JwkSet),
}

impl Keys {
    /// # Errors
    /// The text is neither.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map(Self::Set).map_err(|error| format!("not a set of keys: {error}"));
        }
        let key = DecodingKey::from_ed_pem(text.as_bytes());
        key.map(Self::Pem).map_err(|_| "neither an Ed25519 public key (PEM) nor a JSON web key set".to_owned())
    }

    fn find(&self, kid: &str) -> Result<DecodingKey, String> {
        match self {
            Self::Pem(key) => Ok(key.clone()),
            Self::Set(set) => {
                let key = set.find(kid).ok_or_else(|| format!("key {kid} is not in the set"))?;
                DecodingKey::from_jwk(key).map_err(|error| format!("key {kid}: {error}"))
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    typ: String,
}

/// What is signed, after the header.
fn payload(document: &Value) -> Result<String, String> {
    let mut unsigned = document.clone();
    if let Value::Object(map) = &mut unsigned {
        map.remove("signature");
    }
    let bytes = serde_json_canonicalizer::to_vec(&unsigned).map_err(|error| error.to_string())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The detached signature over a document: header, nothing, signature. `sign` is given the text to be signed and
/// answers in base64url.
///
/// # Errors
/// The document has no canonical form.
pub fn sign(document: &Value, kid: &str, sign: impl FnOnce(&[u8]) -> String) -> Result<String, String> {
    let header = Header { alg: "EdDSA".to_owned(), kid: kid.to_owned(), typ: TYPE.to_owned() };
    let header = serde_json_canonicalizer::to_vec(&header).map_err(|error| error.to_string())?;
    let header = URL_SAFE_NO_PAD.encode(header);
    let signature = sign(format!("{header}.{}", payload(document)?).as_bytes());
    Ok(format!("{header}..{signature}"))
}

/// Checks the signature that a document carries.
///
/// # Errors
/// What is wrong with it; or keys were given, and there is none.
pub fn check_signature(document: &Value, keys: Option<&Keys>) -> Result<Seal, String> {
    let Some(signature) = document.get("signature").filter(|value| !value.is_null()) else {
        return match keys {
            Some(_) => Err("the list of heads carries no signature".to_owned()),
            None => Ok(Seal::Unsigned),
        };
    };
    let broken = || "the signature is not a detached JSON web signature".to_owned();
    let text = signature.as_str().ok_or_else(broken)?;
    let (head, signature) = text.split_once("..").ok_or_else(broken)?;
    let header = URL_SAFE_NO_PAD.decode(head).map_err(|_| broken())?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| broken())?;
    if header.alg != "EdDSA" || header.typ != TYPE {
        return Err(format!("the signature is of another kind: {} {}", header.alg, header.typ));
    }
    let Some(keys) = keys else { return Ok(Seal::Unchecked) };
    let signed = format!("{head}.{}", payload(document)?);
    let key = keys.find(&header.kid)?;
    match crypto::verify(signature, signed.as_bytes(), &key, Algorithm::EdDSA) {
        Ok(true) => Ok(Seal::Signed { key: header.kid }),
        _ => Err("the signature does not fit the list of heads: one of them is another one now".to_owned()),
    }
}
