//! Personal values leave the payload before it is hashed; a salted commitment stays behind.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::chain::canonical_json;
use super::event::{CorrectedField, Payload};

/// Takes the personal values out of `payload`. The map is empty when there are none.
pub fn take(payload: &mut Payload) -> Map<String, Value> {
    let mut personal = Map::new();
    let mut put = |key: &str, text: Option<String>| {
        if let Some(text) = text {
            personal.insert(key.to_owned(), Value::String(text));
        }
    };
    match payload {
        Payload::Submitted(e) => {
            if let Some(applicant) = e.applicant.take() {
                personal.insert("applicant".into(), serde_json::to_value(applicant).expect("plain data"));
            }
        }
        Payload::Refused(e) => put("reason", e.reason.take()),
        Payload::PaymentRefunded(e) => put("reason", e.reason.take()),
        Payload::Extended(e) => put("reason", e.reason.take()),
        Payload::Stopped(e) => put("reason", e.reason.take()),
        Payload::Reopened(e) => put("reason", e.reason.take()),
        Payload::Voided(e) => put("reason", e.reason.take()),
        Payload::Returned(e) => put("collector", e.collector.take()),
        Payload::Rated(e) => put("comment", e.comment.take()),
        Payload::Finished(e) => put("signer", e.result.signer.take()),
        Payload::SupplementRequested(e) => {
            let reasons: Vec<Value> =
                e.items.iter_mut().map(|item| item.reason.take().map_or(Value::Null, Value::String)).collect();
            if reasons.iter().any(|reason| !reason.is_null()) {
                personal.insert("item_reasons".into(), Value::Array(reasons));
            }
        }
        Payload::Corrected(e) => {
            put("reason", e.reason.take());
            match e.field {
                CorrectedField::Applicant => {
                    if let Some(value) = e.value.take() {
                        personal.insert("value".into(), value);
                    }
                }
                CorrectedField::Result => {
                    if let Some(Value::Object(result)) = &mut e.value
                        && let Some(signer) = result.remove("signer")
                    {
                        personal.insert("signer".into(), signer);
                    }
                }
                CorrectedField::Channel
                | CorrectedField::Components
                | CorrectedField::Fees
                | CorrectedField::PaymentMethod
                | CorrectedField::PaymentAmount => {}
            }
        }
        Payload::Received(_)
        | Payload::Forwarded(_)
        | Payload::Supplemented(_)
        | Payload::PaymentRequested(_)
        | Payload::PaymentRecorded(_)
        | Payload::Withdrawn(_)
        | Payload::Digitised(_)
        | Payload::DeadlineRecomputed(_) => {}
    }
    personal
}

/// Puts personal values back where [`take`] found them, for those who may see them.
pub fn put_back(fields: &mut Map<String, Value>, personal: &Map<String, Value>) {
    for (key, value) in personal {
        match key.as_str() {
            "item_reasons" => {
                let reasons = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let items = fields.get_mut("items").and_then(Value::as_array_mut);
                for (item, reason) in items.into_iter().flatten().zip(reasons) {
                    if let (Value::Object(item), false) = (item, reason.is_null()) {
                        item.insert("reason".into(), reason.clone());
                    }
                }
            }
            "signer" => {
                let holder = if fields.contains_key("result") { "result" } else { "value" };
                if let Some(Value::Object(result)) = fields.get_mut(holder) {
                    result.insert("signer".into(), value.clone());
                }
            }
            _ => {
                fields.insert(key.clone(), value.clone());
            }
        }
    }
}

/// SHA-256(salt ‖ canonical JSON of the values), in hexadecimal.
#[must_use]
pub fn commitment(salt: &[u8], personal: &Map<String, Value>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(canonical_json(&Value::Object(personal.clone())));
    hex::encode(hasher.finalize())
}
