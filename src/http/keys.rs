//! The keys behind access tokens. One file of PEM blocks: the first private key signs; further private keys are
//! announced, so that every machine knows them before one signs; public keys verify what was signed before. The
//! program looks at the file again when it has changed: a rotation needs no restart and signs nobody out.

use std::fs;
use std::path::Path;

use actix_web::{HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::spki::{DecodePublicKey, EncodePublicKey};
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::reread::Reread;
use crate::app::seal::seal;

/// A new private key as PKCS#8 PEM.
#[must_use]
pub fn new_key(seed: &[u8; 32]) -> String {
    let pem = SigningKey::from_bytes(seed).to_pkcs8_pem(LineEnding::LF);
    pem.map(|text| text.to_string()).unwrap_or_default()
}

/// A public key as RFC 7517 and RFC 8037 write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JsonWebKey {
    #[schema(example = "OKP")]
    pub kty: &'static str,
    #[schema(example = "Ed25519")]
    pub crv: &'static str,
    /// The key, base64url.
    pub x: String,
    /// Its thumbprint (RFC 7638), as in the header of the tokens that it signed.
    pub kid: String,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    pub purpose: &'static str,
    #[schema(example = "EdDSA")]
    pub alg: &'static str,
}

/// Keys with which tokens of this service are verified.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JsonWebKeys {
    pub keys: Vec<JsonWebKey>,
}

/// One key of the file.
#[derive(Clone)]
pub struct Key {
    pub public: JsonWebKey,
    verifying: VerifyingKey,
    /// Kept while the key signs or will.
    private: Option<SigningKey>,
}

impl Key {
    fn new(verifying: VerifyingKey, private: Option<SigningKey>) -> Result<Self, String> {
        let jwk = Jwk::from_decoding_key(&decoding(&verifying), Some(Algorithm::EdDSA));
        let jwk = jwk.map_err(|error| error.to_string())?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|error| error.to_string())?;
        let AlgorithmParameters::OctetKeyPair(pair) = jwk.algorithm else { return Err("no Ed25519 key".to_owned()) };
        let public = JsonWebKey { kty: "OKP", crv: "Ed25519", x: pair.x, kid, purpose: "sig", alg: "EdDSA" };
        Ok(Self { public, verifying, private })
    }

    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    pub(super) fn decoding(&self) -> DecodingKey {
        decoding(&self.verifying)
    }

    fn pem(&self) -> Result<String, String> {
        match &self.private {
            Some(key) => key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|error| error.to_string()),
            None => self.verifying.to_public_key_pem(LineEnding::LF).map_err(|error| error.to_string()),
        }
    }
}

fn decoding(key: &VerifyingKey) -> DecodingKey {
    DecodingKey::from_ed_der(key.as_bytes())
}

/// All keys of the file, the one that signs first.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "private keys belong in no log")]
pub struct Ring(Vec<Key>);

impl Ring {
    /// # Errors
    /// A sentence when a block is no Ed25519 key, stands there twice, or none is private.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unfit = || "not an Ed25519 key in PEM (PKCS#8 private, SPKI public)".to_owned();
        let mut keys: Vec<Key> = Vec::new();
        for block in pem::parse_many(text).map_err(|_| unfit())? {
            let key = match block.tag() {
                "PRIVATE KEY" => {
                    let private = SigningKey::from_pkcs8_der(block.contents()).map_err(|_| unfit())?;
                    Key::new(private.verifying_key(), Some(private))?
                }
                "PUBLIC KEY" => {
                    Key::new(VerifyingKey::from_public_key_der(block.contents()).map_err(|_| unfit())?, None)?
                }
                _ => return Err(unfit()),
            };
            if keys.iter().any(|known| known.public.kid == key.public.kid) {
                return Err(format!("key {} stands there twice", key.public.kid));
            }
            keys.push(key);
        }
        // Whichever way a hand has put them: who signs stands first.
        keys.sort_by_key(|key| !key.is_private());
        if keys.first().is_some_and(Key::is_private) { Ok(Self(keys)) } else { Err("no private key".to_owned()) }
    }

    /// # Errors
    /// A key cannot be written.
    pub fn render(&self) -> Result<String, String> {
        self.0.iter().map(Key::pem).collect()
    }

    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    pub(super) fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.public.kid == kid)
    }

    /// The name and the key with which tokens are signed.
    pub(super) fn signer(&self) -> Result<(String, EncodingKey), String> {
        let key = self.0.first().ok_or("no key")?;
        let private = key.private.as_ref().ok_or("no private key")?;
        let der = private.to_pkcs8_der().map_err(|error| error.to_string())?;
        Ok((key.public.kid.clone(), EncodingKey::from_ed_der(der.as_bytes())))
    }

    /// The detached signature over a document that has none yet, with the key that signs tokens; its type keeps it apart
    /// from them.
    ///
    /// # Errors
    /// The document has no canonical form.
    pub(super) fn sign(&self, document: &impl Serialize) -> Result<String, String> {
        let key = self.0.first().ok_or("no key")?;
        let private = key.private.as_ref().ok_or("no private key")?;
        seal(document, &key.public.kid, |text| URL_SAFE_NO_PAD.encode(private.sign(text).to_bytes()))
    }

    /// Puts a key at the end of those that will sign: known everywhere before it does.
    ///
    /// # Errors
    /// The key is none, or stands there already.
    pub fn announce(&self, pem: &str) -> Result<Self, String> {
        Self::parse(&format!("{}{pem}", self.render()?))
    }

    /// The next announced key signs; of the one before only the public half is kept. `None` when none is announced.
    #[must_use]
    pub fn rotated(&self) -> Option<Self> {
        let mut keys = self.0.clone();
        keys.get(1).filter(|next| next.is_private())?;
        let mut former = keys.remove(0);
        former.private = None;
        let place = keys.iter().position(|key| !key.is_private()).unwrap_or(keys.len());
        keys.insert(place, former);
        Some(Self(keys))
    }

    /// Without a key: what it signed is verified no longer.
    ///
    /// # Errors
    /// There is none of that name, or it is the one that signs.
    pub fn without(&self, kid: &str) -> Result<Self, String> {
        match self.0.iter().position(|key| key.public.kid == kid) {
            None => Err(format!("no key {kid}")),
            Some(0) => Err(format!("{kid} signs; rotate first")),
            Some(place) => {
                let mut keys = self.0.clone();
                keys.remove(place);
                Ok(Self(keys))
            }
        }
    }
}

/// The file of keys.
///
/// # Errors
/// A sentence when the file cannot be read or holds something else.
pub fn open(path: &Path) -> Result<Reread<Ring>, String> {
    let file = path.to_owned();
    let read = move || Ring::parse(&fs::read_to_string(&file).map_err(|error| error.to_string())?);
    Reread::open(vec![path.to_owned()], read)
}

/// Keys that verify access tokens of this service, for other systems (RFC 7517)
#[utoipa::path(
    tag = "sign-in",
    responses((status = 200, description = "Public keys; a token names its own in `kid`", body = JsonWebKeys))
)]
#[get("/.well-known/jwks.json")]
pub async fn jwks(state: web::Data<State>) -> HttpResponse {
    let keys = state.tokens.ring().keys().iter().map(|key| key.public.clone()).collect();
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(JsonWebKeys { keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(ring: &Ring) -> Vec<&str> {
        ring.keys().iter().map(|key| key.public.kid.as_str()).collect()
    }

    /// Appendix A of RFC 8037.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let ring = Ring::parse(&new_key(&seed.try_into().unwrap())).unwrap();
        let public = &ring.keys()[0].public;
        assert_eq!(public.x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(public.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_rotation_keeps_the_public_half() {
        let first = Ring::parse(&new_key(&[1; 32])).unwrap();
        assert!(first.rotated().is_none(), "nothing is announced");
        let announced = first.announce(&new_key(&[2; 32])).unwrap();
        assert_eq!(kids(&announced)[0], kids(&first)[0]);
        assert!(first.announce(&new_key(&[1; 32])).is_err(), "twice");
        let second = announced.rotated().unwrap();
        assert_eq!(kids(&second), [kids(&announced)[1], kids(&announced)[0]]);
        assert_eq!(second.keys().iter().map(Key::is_private).collect::<Vec<_>>(), [true, false]);
        let again = Ring::parse(&second.render().unwrap()).unwrap();
        assert_eq!(kids(&again), kids(&second));
        assert!(second.without(kids(&second)[0]).is_err(), "it signs");
        assert_eq!(kids(&second.without(kids(&first)[0]).unwrap()), [kids(&second)[0]]);
        assert!(second.without("x").is_err());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(Ring::parse(text).is_err(), "{text:?}");
        }
        let ring = Ring::parse(&new_key(&[1; 32])).unwrap();
        let public = Key { private: None, ..ring.keys()[0].clone() }.pem().unwrap();
        assert!(Ring::parse(&public).is_err(), "nothing signs");
    }
}
