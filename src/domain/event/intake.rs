//! Events from submission to the completed dossier.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parts::{Component, FeeLine, Snapshot};
use super::words::{Channel, ReturnMethod};
use crate::domain::applicant::Applicant;
use crate::domain::time::{self, Instant};

/// `submitted`: the dossier is handed in; the law's clock does not run yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    pub agency: String,
    pub procedure: String,
    pub channel: Channel,
    /// Personal. Required in a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub applicant: Option<Applicant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Component>>,
    /// Staff or a community team filed it online for the applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assisted: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_method: Option<ReturnMethod>,
    /// Code or id of an earlier dossier of the same matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Written by `decide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub snapshot: Option<Snapshot>,
    /// Written by `decide`: what the applicant will owe, in đồng.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub fee_due: Option<i64>,
    /// Written by `decide` for online dossiers: submission + 8 working hours.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub answer_due: Option<Instant>,
}

/// `received`: the receipt is issued, the code given, the clock starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Received {
    /// Default: the fees of the procedure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fees: Option<Vec<FeeLine>>,
    /// Replaces the components named at submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Component>>,
    /// Written by `decide`; an import may carry the official code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub code: Option<String>,
    /// Written by `decide`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub snapshot: Option<Snapshot>,
    /// Written by `decide`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub fee_due: Option<i64>,
    /// Written by `decide`: the promise on the receipt.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due_original: Option<Instant>,
    /// Written by `decide`; an import may carry the promised instant.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// Written by `decide`.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due_strict: Option<Instant>,
    /// Written by `decide`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub calendar_version: Option<String>,
    /// Written by `decide` for an import whose `due` differs from our arithmetic: what we would have promised.
    #[serde(skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due_computed: Option<Instant>,
}

/// `refused`: not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
    pub legal_basis: String,
}

/// `forwarded`: handed on inside the agency; one field at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Forwarded {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// `supplement_requested`: the clock pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplementRequested {
    pub items: Vec<SupplementItem>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_by: Option<NaiveDate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplementItem {
    pub component: String,
    /// Personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true)]
    pub reason: Option<String>,
    pub legal_basis: String,
    /// Paper is asked of a dossier that came in electronically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<bool>,
}

/// `supplemented`: the components are complete now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Supplemented {
    pub components: Vec<Component>,
    /// Written by `decide` when a clock resumes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// Written by `decide`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::local::option")]
    #[schema(read_only, value_type = Option<String>, format = DateTime)]
    pub due_strict: Option<Instant>,
    /// Written by `decide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    pub calendar_version: Option<String>,
}
