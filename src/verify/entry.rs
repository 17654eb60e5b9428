//! Entries of a dossier's history, with what the recount needs of their payloads.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::canonical_time;
use super::line::EventLine;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    InPerson,
    Post,
    #[serde(rename = "level_3", alias = "online_partial")]
    Level3,
    #[serde(rename = "level_4", alias = "online_full")]
    Level4,
}

impl Channel {
    #[must_use]
    pub fn is_online(self) -> bool {
        matches!(self, Self::Level3 | Self::Level4)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Post => "post",
            Self::Level3 => "level_3",
            Self::Level4 => "level_4",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    Information,
    Partial,
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Cash,
    BankTransfer,
    Card,
    NationalPortal,
    ProvincialPortal,
    OtherOnline,
}

impl Method {
    #[must_use]
    pub fn is_online(self) -> bool {
        matches!(self, Self::NationalPortal | Self::ProvincialPortal | Self::OtherOnline)
    }
}

/// What the procedure said when the dossier came in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    pub field: String,
    pub service_level: ServiceLevel,
    #[serde(default)]
    pub on_the_spot: bool,
    #[serde(default)]
    pub electronic_result_eligible: bool,
    #[serde(default)]
    pub fees: Vec<FeeLine>,
    #[serde(default)]
    pub required: Vec<String>,
    pub processing_time: ProcessingTime,
    /// `restart`: the time runs anew from a supplement.
    #[serde(default)]
    pub after_supplement: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProcessingTime {
    pub unit: String,
}

/// A line of what is owed, of a procedure, a receipt or a request for payment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FeeLine {
    pub amount: i64,
    #[serde(default)]
    pub exempt_reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Component {
    pub code: String,
    #[serde(default)]
    pub electronic: bool,
    #[serde(default)]
    pub signed: bool,
    #[serde(default)]
    pub digitised: bool,
    #[serde(default)]
    pub reuse: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct ResultDocument {
    pub document: bool,
    pub electronic: bool,
    pub signed: bool,
    #[serde(default, rename = "number", deserialize_with = "is_there")]
    pub numbered: bool,
    #[serde(default)]
    pub issued_on: Option<NaiveDate>,
}

fn is_there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.is_some())
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Item {
    pub component: String,
    #[serde(default)]
    pub paper: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Letter {
    pub issued_on: NaiveDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitisedTarget {
    Component,
    Result,
}

/// What happened, as the stored payload says it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Act {
    Submitted {
        procedure: String,
        channel: Channel,
        #[serde(default)]
        components: Option<Vec<Component>>,
        #[serde(default)]
        assisted: Option<bool>,
        snapshot: Snapshot,
        /// Only a correction puts it here: otherwise the fees are those of the snapshot.
        #[serde(skip)]
        fees: Option<Vec<FeeLine>>,
        #[serde(default)]
        answer_due: Option<DateTime<Utc>>,
    },
    Received {
        #[serde(default)]
        fees: Option<Vec<FeeLine>>,
        #[serde(default)]
        components: Option<Vec<Component>>,
        #[serde(default)]
        snapshot: Option<Snapshot>,
        due: DateTime<Utc>,
        due_strict: DateTime<Utc>,
    },
    Refused,
    Forwarded,
    SupplementRequested {
        items: Vec<Item>,
    },
    Supplemented {
        components: Vec<Component>,
        #[serde(default)]
        due: Option<DateTime<Utc>>,
        #[serde(default)]
        due_strict: Option<DateTime<Utc>>,
    },
    PaymentRequested {
        lines: Vec<FeeLine>,
    },
    PaymentRecorded {
        amount: i64,
        method: Method,
        #[serde(default)]
        due: Option<DateTime<Utc>>,
        #[serde(default)]
        due_strict: Option<DateTime<Utc>>,
    },
    PaymentRefunded {
        payment: u32,
        amount: i64,
    },
    Extended {
        new_due: DateTime<Utc>,
        letter: Letter,
    },
    Withdrawn,
    Stopped,
    Finished {
        result: ResultDocument,
        #[serde(default)]
        worked_minutes: Option<i64>,
    },
    Returned,
    Reopened,
    Digitised {
        target: DigitisedTarget,
        #[serde(default)]
        component: Option<String>,
    },
    Rated {
        overall: u8,
    },
    Corrected {
        target: u32,
        field: String,
        #[serde(default)]
        value: Option<Value>,
        #[serde(default)]
        answer_due: Option<DateTime<Utc>>,
        #[serde(skip)]
        patch: Patch,
    },
    Voided,
    DeadlineRecomputed {
        due: DateTime<Utc>,
        due_strict: DateTime<Utc>,
    },
}

/// The new value of a correction.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Patch {
    /// Nothing that a figure depends on.
    #[default]
    None,
    Channel(Channel),
    Components(Vec<Component>),
    Fees(Vec<FeeLine>),
    Method(Method),
    Amount(i64),
    Result(ResultDocument),
}

impl Patch {
    fn read(field: &str, value: Option<Value>) -> Result<Self, String> {
        let value = value.unwrap_or(Value::Null);
        let patch = match field {
            "channel" => serde_json::from_value(value).map(Self::Channel),
            "components" => serde_json::from_value(value).map(Self::Components),
            "fees" => serde_json::from_value(value).map(Self::Fees),
            "payment.method" => serde_json::from_value(value).map(Self::Method),
            "payment.amount" => serde_json::from_value(value).map(Self::Amount),
            "result" => serde_json::from_value(value).map(Self::Result),
            "applicant" => Ok(Self::None),
            other => return Err(format!("a correction of `{other}`")),
        };
        patch.map_err(|error| format!("a correction of `{field}`: {error}"))
    }
}

/// One entry of a dossier's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: i64,
    pub n: u32,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub actor: String,
    /// It came with an import.
    pub imported: bool,
    /// It was entered late, with a reason.
    pub late: bool,
    pub act: Act,
}

impl Entry {
    /// # Errors
    /// The entry is not one that the contract describes.
    pub fn read(line: &EventLine) -> Result<Self, String> {
        let mut fields = line.payload.clone();
        fields.insert("type".into(), Value::from(line.event_type.as_str()));
        let mut act: Act = serde_json::from_value(Value::Object(fields))
            .map_err(|error| format!("{}/{}, {}: {error}", line.agency, line.seq, line.event_type))?;
        if let Act::Corrected { field, value, patch, .. } = &mut act {
            *patch =
                Patch::read(field, value.take()).map_err(|detail| format!("{}/{}: {detail}", line.agency, line.seq))?;
        }
        Ok(Self {
            seq: line.seq,
            n: line.n,
            occurred_at: canonical_time(&line.occurred_at)?,
            recorded_at: canonical_time(&line.recorded_at)?,
            actor: line.actor.clone(),
            imported: line.payload.contains_key("origin"),
            late: line.payload.contains_key("late_entry_reason"),
            act,
        })
    }
}
