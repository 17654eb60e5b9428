//! Parts that several events share.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::Reuse;
use crate::domain::catalogue::{AfterSupplement, Fee, Procedure, ServiceLevel};
use crate::domain::deadline::ProcessingTime;
use crate::domain::time::{self, Instant};

/// One component as handed in (thành phần hồ sơ).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Component {
    #[schema(required = true)]
    pub code: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub originals: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub copies: u32,
    #[serde(skip_serializing_if = "is_false")]
    pub electronic: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub signed: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub digitised: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Reuse>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What the procedure said when the dossier came in: later changes of the catalogue never change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    pub name: String,
    pub field: String,
    pub service_level: ServiceLevel,
    pub processing_time: ProcessingTime,
    pub after_supplement: AfterSupplement,
    pub on_the_spot: bool,
    pub electronic_result_eligible: bool,
    pub full_online_eligible: bool,
    pub on_national_portal: bool,
    pub fees: Vec<Fee>,
    /// Codes of the required components.
    pub required: Vec<String>,
}

impl From<&Procedure> for Snapshot {
    fn from(procedure: &Procedure) -> Self {
        Self {
            name: procedure.name.clone(),
            field: procedure.field.clone(),
            service_level: procedure.service_level,
            processing_time: procedure.processing_time,
            after_supplement: procedure.after_supplement,
            on_the_spot: procedure.on_the_spot,
            electronic_result_eligible: procedure.electronic_result_eligible,
            full_online_eligible: procedure.full_online_eligible,
            on_national_portal: procedure.on_national_portal,
            fees: procedure.fees.clone(),
            required: procedure.components.iter().filter(|c| c.required).map(|c| c.code.clone()).collect(),
        }
    }
}

/// One line of what the applicant owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeeLine {
    pub code: String,
    /// Whole đồng.
    #[schema(minimum = 0)]
    pub amount: i64,
    /// A line with a reason for exemption adds nothing to what is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt_reason: Option<String>,
}

/// Number and date of a decision or letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub number: String,
    pub date: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub number: String,
    pub issued_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub kind: String,
    pub reference: String,
}

/// A new due date: an instant, or a date that ends at office close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewDue {
    At(Instant),
    On(NaiveDate),
}

impl Serialize for NewDue {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(at) => s.serialize_str(&time::local_text(*at)),
            Self::On(date) => date.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for NewDue {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        if let Ok(date) = text.parse::<NaiveDate>() {
            return Ok(Self::On(date));
        }
        time::parse(&text).map(Self::At).map_err(serde::de::Error::custom)
    }
}
