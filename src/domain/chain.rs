//! The hash chain of an agency: SHA-256 over RFC 8785 canonical JSON, each link naming the one before.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::time::{self, Instant};

/// The `prev_hash` of an agency's first event.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What is hashed of an event.
#[derive(Debug)]
pub struct Link<'a> {
    pub agency: &'a str,
    pub seq: i64,
    pub dossier: Uuid,
    pub kind: &'a str,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    pub actor: &'a str,
    pub payload: &'a Map<String, Value>,
    pub prev_hash: &'a str,
}

impl Link<'_> {
    /// The hash of this link, in lower-case hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let object = serde_json::json!({
            "agency": self.agency,
            "seq": self.seq,
            "dossier": self.dossier.to_string(),
            "type": self.kind,
            "occurred_at": time::canonical(self.occurred_at),
            "recorded_at": time::canonical(self.recorded_at),
            "actor": self.actor,
            "payload": self.payload,
            "prev_hash": self.prev_hash,
        });
        hex::encode(Sha256::digest(canonical_json(&object)))
    }
}

/// What is hashed of a record that an agency keeps beside its events.
#[derive(Debug)]
pub struct RecordLink<'a> {
    pub agency: &'a str,
    pub seq: i64,
    pub record: &'a str,
    pub row: &'a Value,
    pub prev_hash: &'a str,
}

impl RecordLink<'_> {
    /// The hash of this link, in lower-case hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let object = serde_json::json!({
            "agency": self.agency,
            "seq": self.seq,
            "record": self.record,
            "row": self.row,
            "prev_hash": self.prev_hash,
        });
        hex::encode(Sha256::digest(canonical_json(&object)))
    }
}

/// RFC 8785 canonical JSON.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("values hold no numbers beyond JSON's reach")
}

/// The same as text.
#[must_use]
pub fn canonical_text(value: &Value) -> String {
    String::from_utf8(canonical_json(value)).expect("JSON is UTF-8")
}
