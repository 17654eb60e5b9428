//! Hand-made histories for the tests.

use std::collections::BTreeMap;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::Sha256;

use super::book::Book;
use super::chain::entry_hash;
use super::line::{CatalogueLine, EventLine, HeaderLine, Line, PersonalLine, VERSION};
use super::personal::commitment;
use super::unseal::place;

pub const A: &str = "H26.1";
pub const B: &str = "H26.2";
pub const SALT: [u8; 16] = [7; 16];
/// What sample rows are sealed with, as a file of keys has it.
pub const KEY: &str = "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100";

/// A personal row, sealed as the format says.
pub fn sealed(agency: &str, dossier: &str, n: u32, body: &Value) -> PersonalLine {
    let derived = Hkdf::<Sha256>::new(None, &hex::decode(KEY).expect("a key"));
    let (mut key, mut seal) = ([0; 8], [0; 32]);
    derived.expand(b"motcua key id", &mut key).expect("an id");
    derived.expand(b"motcua seal", &mut seal).expect("a key");
    let key = hex::encode(key);
    let aad = place(&key, agency, dossier.parse().expect("an id"), n);
    let plain = format!("{}{body}", hex::encode(SALT));
    let nonce = [u8::try_from(n).unwrap_or(0); 24];
    let cipher = XChaCha20Poly1305::new(&seal.into());
    let text = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain.as_bytes(), aad: &aad }).expect("sealed");
    let sealed = hex::encode([&nonce[..], &text].concat());
    PersonalLine { agency: agency.to_owned(), dossier: dossier.to_owned(), n, key, sealed }
}

/// The uuid of the `i`-th dossier.
pub fn id(i: u32) -> String {
    format!("01900000-0000-7000-8000-{i:012}")
}

/// A local time of November 2026, `"20 08:15"`, as full copies write it.
pub fn utc(day_and_time: &str) -> String {
    let local = chrono::NaiveDateTime::parse_from_str(&format!("2026-11-{day_and_time}"), "%Y-%m-%d %H:%M")
        .expect("a day and a time");
    (local - chrono::Duration::hours(7)).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Writes entries as the program does; what each is recorded at follows its `seq`, from 1 December 2026.
#[derive(Default)]
pub struct Log {
    pub catalogue: Vec<CatalogueLine>,
    pub personal: Vec<PersonalLine>,
    pub events: Vec<EventLine>,
    last_n: BTreeMap<String, u32>,
}

impl Log {
    pub fn add(&mut self, agency: &str, dossier: u32, event_type: &str, at: &str, payload: Value) -> u32 {
        let before = self.events.iter().rev().find(|event| event.agency == agency);
        let seq = before.map_or(1, |event| event.seq + 1);
        let prev_hash = before.map_or("0".repeat(64), |event| event.hash.clone());
        let n = self.last_n.entry(id(dossier)).or_default();
        *n += 1;
        let Value::Object(payload) = payload else { panic!("a payload is an object") };
        let mut event = EventLine {
            agency: agency.to_owned(),
            seq,
            dossier: id(dossier),
            n: *n,
            event_type: event_type.to_owned(),
            occurred_at: utc(at),
            recorded_at: format!("2026-12-01T00:00:00.{seq:06}Z"),
            actor: "user:1".to_owned(),
            payload,
            prev_hash,
            hash: String::new(),
        };
        event.hash = entry_hash(&event).expect("a hash");
        self.events.push(event);
        *n
    }

    /// The commitment to `body`, which becomes the personal row of the dossier's next entry.
    pub fn commit(&mut self, agency: &str, dossier: u32, body: Value) -> String {
        let n = self.last_n.get(&id(dossier)).copied().unwrap_or(0) + 1;
        let hash = hex::encode(commitment(&SALT, &body).expect("a commitment"));
        self.personal.push(sealed(agency, &id(dossier), n, &body));
        hash
    }

    /// Submitted to agency A on `channel`, with the given keys over the usual ones.
    pub fn submit(&mut self, dossier: u32, channel: &str, at: &str, over: Value) {
        let mut payload = json!({
            "agency": A, "procedure": "1.005129", "channel": channel, "snapshot": snapshot(), "fee_due": 0,
            "components": [{"code": "TP1", "originals": 1}],
        });
        merge(&mut payload, over);
        self.add(A, dossier, "submitted", at, payload);
    }

    pub fn receive(&mut self, dossier: u32, at: &str, due: &str, over: Value) {
        let mut payload = json!({"snapshot": snapshot(), "due_original": local(due), "due": local(due),
            "due_strict": local(due), "calendar_version": "2026"});
        merge(&mut payload, over);
        self.add(A, dossier, "received", at, payload);
    }

    pub fn finish(&mut self, dossier: u32, at: &str, minutes: i64) -> u32 {
        let result = json!({"outcome": "granted", "document": true, "electronic": false, "signed": false});
        self.add(A, dossier, "finished", at, json!({"result": result, "worked_minutes": minutes}))
    }

    pub fn catalogue(&mut self, catalogue: &str, code: &str, revision: i64, from: &str, body: Value) {
        self.catalogue.push(CatalogueLine {
            catalogue: catalogue.to_owned(),
            code: code.to_owned(),
            revision,
            effective_from: from.parse().expect("a date"),
            recorded_at: "2024-01-01T00:00:00Z".parse().expect("a time"),
            body,
        });
    }

    pub fn lines(&self) -> Vec<Line> {
        let header = Line::Header(HeaderLine { format: "motcua-full".into(), version: VERSION });
        let mut lines = vec![header];
        lines.extend(self.catalogue.iter().cloned().map(Line::Catalogue));
        lines.extend(self.personal.iter().cloned().map(Line::Personal));
        lines.extend(self.events.iter().cloned().map(Line::Event));
        lines
    }

    /// The file of a full copy.
    pub fn text(&self) -> String {
        let line = |line: &Line| serde_json::to_string(line).expect("a line") + "\n";
        self.lines().iter().map(line).collect()
    }

    pub fn book(&self) -> Book {
        Book::read(self.text().as_bytes()).expect("a book")
    }
}

/// A local time as payloads hold it.
pub fn local(day_and_time: &str) -> String {
    format!("2026-11-{}:00+07:00", day_and_time.replace(' ', "T"))
}

pub fn snapshot() -> Value {
    json!({"name": "Đăng ký khai sinh", "field": "Hộ tịch", "service_level": "full",
        "processing_time": {"amount": 3, "unit": "working_days"}, "after_supplement": "resume", "on_the_spot": false,
        "electronic_result_eligible": true, "full_online_eligible": true, "on_national_portal": true,
        "fees": [{"code": "LP", "kind": "le_phi", "amount": 8000}], "required": ["TP1"]})
}

/// `snapshot` with other values under some keys.
pub fn snapshot_with(over: Value) -> Value {
    let mut value = snapshot();
    merge(&mut value, over);
    value
}

fn merge(into: &mut Value, over: Value) {
    if let (Value::Object(into), Value::Object(over)) = (into, over) {
        into.extend(over);
    }
}
