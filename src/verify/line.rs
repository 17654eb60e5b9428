//! The lines of a full copy, read tolerantly: fields that are not known here are passed over. What a line says it says
//! once: a key that stands twice is refused.

use std::fmt;
use std::io::BufRead;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::strict;

pub const FORMAT: &str = "motcua-full";
pub const VERSION: u32 = 2;

/// One line of a full copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    Header(HeaderLine),
    Catalogue(CatalogueLine),
    Personal(PersonalLine),
    Event(EventLine),
    Record(RecordLine),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderLine {
    pub format: String,
    pub version: u32,
}

impl HeaderLine {
    /// # Errors
    /// The file is of a format or version that this program does not read.
    pub fn check(&self) -> Result<(), String> {
        if self.format == FORMAT && self.version == VERSION {
            return Ok(());
        }
        Err(format!("format {} {} is not {FORMAT} {VERSION}", self.format, self.version))
    }
}

/// One version of an agency, a procedure, a calendar or a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogueLine {
    /// `agency`, `procedure`, `calendar` or `plan`.
    pub catalogue: String,
    pub code: String,
    pub revision: i64,
    pub effective_from: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    #[serde(deserialize_with = "strict::value")]
    pub body: Value,
}

/// Personal values of one event with the salt of their commitment, sealed. With `n` 0 the note of a record: `dossier` is
/// the id by which the record names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PersonalLine {
    pub agency: String,
    pub dossier: String,
    pub n: u32,
    /// Id of the key that it is sealed with.
    pub key: String,
    /// Hexadecimal: nonce, ciphertext, tag.
    pub sealed: String,
}

/// One entry of an agency's chain. What is hashed stays text, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventLine {
    pub agency: String,
    pub seq: i64,
    pub dossier: String,
    pub n: u32,
    #[serde(rename = "type")]
    pub event_type: String,
    pub occurred_at: String,
    pub recorded_at: String,
    pub actor: String,
    #[serde(deserialize_with = "strict::object")]
    pub payload: Map<String, Value>,
    pub prev_hash: String,
    pub hash: String,
}

/// A row that an agency keeps beside its chain, for example a declared value. What it says is not for this module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordLine {
    pub agency: String,
    /// Which kind of row.
    pub record: String,
    #[serde(deserialize_with = "strict::value")]
    pub row: Value,
    /// Its place in the chain of the agency's records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<RecordLink>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLink {
    pub seq: i64,
    pub prev_hash: String,
    pub hash: String,
}

/// A line that cannot be read, or a reader that failed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub number: u64,
    pub detail: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.number, self.detail)
    }
}

impl std::error::Error for BadLine {}

/// Reads lines one by one with one buffer. Blank lines are passed over.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, bytes: 0, ended: false }
    }

    /// Number of the line read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn bad(&self, detail: impl fmt::Display) -> BadLine {
        BadLine { number: self.number, detail: detail.to_string() }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            self.buffer.clear();
            self.number += 1;
            match self.reader.read_until(b'\n', &mut self.buffer) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    self.bytes = self.bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                    let text = self.buffer.trim_ascii();
                    if !text.is_empty() {
                        return Some(serde_json::from_slice(text).map_err(|error| self.bad(error)));
                    }
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(self.bad(format!("the file cannot be read on: {error}"))));
                }
            }
        }
        None
    }
}
