//! Access tokens (RFC 9068): JWTs signed with Ed25519 and nothing else, short-lived. What RFC 8725 asks for is asked
//! here: one algorithm, a type of their own, a named key, and every claim present.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::{self, Ring};
use super::reread::Reread;
use crate::app::sessions::Ticket;
use crate::domain::actor::Subject;
use crate::domain::time::Instant;

/// Life of an access token, in seconds.
pub const LIFE_SECONDS: i64 = 15 * 60;
const ISSUER: &str = "motcua";
const AUDIENCE: &str = "motcua-api";
/// RFC 9068: an access token, and nothing else, carries this type.
const TYPE: &str = "at+jwt";

/// All but `sid` must be there.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// `user:<uuid>` or `client:<uuid>`.
    sub: String,
    /// The client that signed in; for people, who have no client, this service itself.
    client_id: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
    /// Of the subject: goes up when what it may do changes.
    stamp: i32,
    /// The family of refresh tokens that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
}

/// Signs and verifies.
#[derive(Clone)]
pub struct Tokens {
    keys: Arc<Reread<Ring>>,
    validation: Validation,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// # Errors
    /// A sentence when the file cannot be read or holds no Ed25519 key.
    pub fn open(path: &Path) -> Result<Self, String> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // `exp` is judged against our own clock, which tests and simulations set.
        validation.validate_exp = false;
        Ok(Self { keys: Arc::new(keys::open(path)?), validation })
    }

    /// The keys as they now are.
    pub(super) fn ring(&self) -> Arc<Ring> {
        self.keys.now()
    }

    /// # Errors
    /// The signer fails.
    pub fn issue(&self, ticket: &Ticket, now: Instant) -> Result<String, String> {
        let iat = now.timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: ticket.subject.to_string(),
            client_id: match ticket.subject {
                Subject::Client(id) => id.to_string(),
                Subject::User(_) => ISSUER.to_owned(),
            },
            iat,
            exp: iat + LIFE_SECONDS,
            jti: ticket.id,
            stamp: ticket.stamp,
            sid: ticket.session,
        };
        let (kid, key) = self.ring().signer()?;
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(kid), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key).map_err(|error| error.to_string())
    }

    /// The detached signature over chain heads.
    ///
    /// # Errors
    /// The document has no canonical form.
    pub fn sign(&self, document: &impl Serialize) -> Result<String, String> {
        self.ring().sign(document)
    }

    /// What a valid token says, and when it expires.
    #[must_use]
    pub fn verify(&self, token: &str, now: Instant) -> Option<(Ticket, i64)> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        // We know no extension that a token could insist on.
        if header.typ.as_deref() != Some(TYPE) || header.alg != Algorithm::EdDSA || header.crit.is_some() {
            return None;
        }
        let key = self.ring().find(header.kid.as_deref()?)?.decoding();
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &self.validation).ok()?.claims;
        let fresh = claims.exp > now.timestamp() && claims.exp.checked_sub(claims.iat)? <= LIFE_SECONDS;
        let subject = claims.sub.parse().ok()?;
        let ticket = Ticket { subject, stamp: claims.stamp, session: claims.sid, id: claims.jti };
        fresh.then_some((ticket, claims.exp))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use jsonwebtoken::EncodingKey;
    use serde_json::{Value, json};

    use super::super::keys::new_key;
    use super::*;
    use crate::domain::time::parse;

    fn tokens(seed: u8) -> (Tokens, tempfile::NamedTempFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(new_key(&[seed; 32]).as_bytes()).unwrap();
        (Tokens::open(file.path()).unwrap(), file)
    }

    fn ticket() -> Ticket {
        let subject = Subject::User(Uuid::from_u128(1));
        Ticket { subject, stamp: 3, session: Some(Uuid::from_u128(2)), id: Uuid::from_u128(4) }
    }

    fn now() -> Instant {
        parse("2026-11-20T08:00:00+07:00").unwrap()
    }

    /// A token of our own key that says something else than ours do; `null` takes a field out.
    fn with(tokens: &Tokens, header: &Value, claims: &Value) -> String {
        let (kid, key) = tokens.ring().signer().unwrap();
        let mut head = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid});
        let mut body = json!({"iss": ISSUER, "aud": AUDIENCE, "sub": ticket().subject.to_string(), "client_id": "motcua",
            "iat": now().timestamp(), "exp": now().timestamp() + 60, "jti": ticket().id, "stamp": 3});
        for (target, changes) in [(&mut head, header), (&mut body, claims)] {
            for (name, value) in changes.as_object().unwrap() {
                let fields = target.as_object_mut().unwrap();
                if value.is_null() {
                    drop(fields.remove(name))
                } else {
                    drop(fields.insert(name.clone(), value.clone()))
                }
            }
        }
        let part = |value: &Value| {
            // The library encodes a JWT's parts; a token that says nothing of itself is cut apart for its encoder.
            let key = EncodingKey::from_secret(b"any");
            let token = jsonwebtoken::encode(&Header::default(), value, &key).unwrap();
            token.split('.').nth(1).unwrap().to_owned()
        };
        let message = format!("{}.{}", part(&head), part(&body));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    #[test]
    fn only_our_own_fresh_tokens_pass() {
        let (tokens, _file) = tokens(7);
        let token = tokens.issue(&ticket(), now()).unwrap();
        assert_eq!(tokens.verify(&token, now()).map(|(ticket, _)| ticket), Some(ticket()));
        assert_eq!(tokens.verify(&token, now() + chrono::Duration::seconds(LIFE_SECONDS)), None);
        let (other, _its_file) = super::tests::tokens(8);
        assert_eq!(other.verify(&token, now()), None);
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[2] = "";
        assert_eq!(tokens.verify(&parts.join("."), now()), None);
    }

    #[test]
    fn a_signed_token_of_another_kind_is_refused() {
        let (tokens, _file) = tokens(7);
        let passes = |header: Value, claims: Value| tokens.verify(&with(&tokens, &header, &claims), now()).is_some();
        assert!(passes(json!({}), json!({})), "as we make them");
        assert!(passes(json!({}), json!({"more": 1})), "more is no harm");
        for header in [
            json!({"typ": null}),
            json!({"typ": "JWT"}),
            json!({"kid": null}),
            json!({"kid": "another"}),
            json!({"alg": "none"}),
            json!({"alg": "HS256"}),
            json!({"crit": ["exp"]}),
        ] {
            assert!(!passes(header.clone(), json!({})), "{header}");
        }
        for name in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "stamp"] {
            assert!(!passes(json!({}), json!({name: null})), "{name} is missing");
        }
        for claims in [
            json!({"iss": "another"}),
            json!({"aud": "another"}),
            json!({"aud": ["another"]}),
            json!({"sub": Uuid::from_u128(1)}),
            json!({"sub": "robot:00000000-0000-0000-0000-000000000001"}),
            json!({"exp": now().timestamp()}),
            json!({"exp": now().timestamp() + LIFE_SECONDS + 1}),
            json!({"exp": i64::MAX, "iat": i64::MIN}),
            json!({"exp": "soon"}),
            json!({"stamp": 3.5}),
        ] {
            assert!(!passes(json!({}), claims.clone()), "{claims}");
        }
    }

    #[test]
    fn a_new_key_signs_and_the_old_one_verifies() {
        let (tokens, file) = tokens(7);
        let old = tokens.issue(&ticket(), now()).unwrap();
        let rotated = tokens.ring().announce(&new_key(&[9; 32])).unwrap();
        let write = |ring: &Ring| {
            // As the command line does: a new file in the place of the old one.
            let mut next = tempfile::NamedTempFile::new_in(file.path().parent().unwrap()).unwrap();
            next.write_all(ring.render().unwrap().as_bytes()).unwrap();
            next.persist(file.path()).unwrap();
        };
        write(&rotated);
        let rotated = rotated.rotated().unwrap();
        write(&rotated);
        let new = tokens.issue(&ticket(), now()).unwrap();
        assert_ne!(jsonwebtoken::decode_header(&old).unwrap().kid, jsonwebtoken::decode_header(&new).unwrap().kid);
        assert!(tokens.verify(&old, now()).is_some() && tokens.verify(&new, now()).is_some());
        write(&rotated.without(&rotated.keys()[1].public.kid).unwrap());
        assert!(tokens.verify(&old, now()).is_none() && tokens.verify(&new, now()).is_some());
        // What cannot be read changes nothing.
        fs_write(file.path(), "nonsense");
        assert!(tokens.verify(&new, now()).is_some());
    }

    fn fs_write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }
}
