//! Access tokens: JWT signed with Ed25519, one fixed algorithm, short-lived.

use std::fmt;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::EncodePublicKey;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::time::Instant;

/// Life of an access token, in seconds.
pub const LIFE_SECONDS: i64 = 15 * 60;
const ISSUER: &str = "motcua";
const AUDIENCE: &str = "motcua-api";
/// RFC 9068: an access token, and nothing else, carries this type.
const TYPE: &str = "at+jwt";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Signs and verifies.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// A new private key as PKCS#8 PEM.
#[must_use]
pub fn new_key(seed: &[u8; 32]) -> String {
    let pem = SigningKey::from_bytes(seed).to_pkcs8_pem(LineEnding::LF);
    pem.map(|text| text.to_string()).unwrap_or_default()
}

impl Tokens {
    /// # Errors
    /// A sentence when the text is not an Ed25519 private key in PKCS#8 PEM.
    pub fn new(pem: &str) -> Result<Self, String> {
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| "not an Ed25519 private key (PKCS#8 PEM)".to_owned())?;
        let public = key.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|error| error.to_string())?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // `exp` is judged against our own clock, which tests and simulations set.
        validation.validate_exp = false;
        Ok(Self {
            encoding: EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|error| error.to_string())?,
            decoding: DecodingKey::from_ed_pem(public.as_bytes()).map_err(|error| error.to_string())?,
            validation,
        })
    }

    /// # Errors
    /// The signer fails.
    pub fn issue(&self, user: Uuid, jti: Uuid, now: Instant) -> Result<String, String> {
        let iat = now.timestamp();
        let claims =
            Claims { iss: ISSUER.to_owned(), aud: AUDIENCE.to_owned(), sub: user, iat, exp: iat + LIFE_SECONDS, jti };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|error| error.to_string())
    }

    /// The user named by a valid token, and when it expires.
    #[must_use]
    pub fn verify(&self, token: &str, now: Instant) -> Option<(Uuid, i64)> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        let fresh = data.claims.exp > now.timestamp() && data.claims.exp - data.claims.iat <= LIFE_SECONDS;
        (fresh && data.header.typ.as_deref() == Some(TYPE)).then_some((data.claims.sub, data.claims.exp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::parse;

    #[test]
    fn only_our_own_fresh_tokens_pass() {
        let now = parse("2026-11-20T08:00:00+07:00").unwrap();
        let tokens = Tokens::new(&new_key(&[7; 32])).unwrap();
        let user = Uuid::from_u128(1);
        let token = tokens.issue(user, Uuid::from_u128(2), now).unwrap();
        assert_eq!(tokens.verify(&token, now).map(|(id, _)| id), Some(user));
        assert_eq!(tokens.verify(&token, now + chrono::Duration::seconds(LIFE_SECONDS)), None);
        let other = Tokens::new(&new_key(&[8; 32])).unwrap();
        assert_eq!(other.verify(&token, now), None);
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[2] = "";
        assert_eq!(tokens.verify(&parts.join("."), now), None);
        assert!(Tokens::new("nonsense").is_err());
    }
}
