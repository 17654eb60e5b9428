//! Reference data: agencies and procedures, as versioned documents.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calendar::OfficeHours;
use super::deadline::{ProcessingTime, TimeUnit};
use super::error::FieldError;

/// Where an agency stands in the administrative tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ministry,
    Province,
    Department,
    District,
    Commune,
}

impl Level {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ministry => "ministry",
            Self::Province => "province",
            Self::Department => "department",
            Self::District => "district",
            Self::Commune => "commune",
        }
    }
}

/// An agency (cơ quan, đơn vị) identified by its code of Decision 20/2020/QĐ-TTg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Mã định danh, e.g. `H26.103.25.7`. Never changes.
    #[schema(example = "H26.103.25.7")]
    pub code: String,
    /// Official name in Vietnamese.
    pub name: String,
    pub level: Level,
    /// Code of the agency above; none for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// First day of existence; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// Last day of existence; none: still exists. Agencies are retired, never deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// The agency that carries on the work after a merger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// Office sessions; none: 07:00–11:30 and 13:30–17:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office_hours: Option<OfficeHours>,
}

/// How much of a procedure can be done online (Decree 42/2022/NĐ-CP; old levels 1–2, 3, 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceLevel {
    /// Information only (levels 1–2).
    Information,
    /// Một phần (level 3).
    Partial,
    /// Toàn trình (level 4).
    Full,
}

impl ServiceLevel {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Information, Self::Partial, Self::Full].into_iter().find(|level| level.as_str() == text)
    }
}

/// What the clock does after a supplement: go on, or start anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterSupplement {
    #[default]
    Resume,
    Restart,
}

/// One fee line (phí, lệ phí) of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    pub code: String,
    /// `phi` or `le_phi`.
    pub kind: FeeKind,
    /// Whole đồng.
    #[schema(minimum = 0)]
    pub amount: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// Phí: price of a service.
    Phi,
    /// Lệ phí: administrative charge.
    LePhi,
}

/// One paper that a dossier consists of (thành phần hồ sơ).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentSpec {
    pub code: String,
    pub name: String,
    #[serde(default = "yes")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// An administrative procedure (thủ tục hành chính), one version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// National code, e.g. `1.005129`, or a local one, e.g. `1.000948.H38`.
    #[schema(example = "1.005129")]
    pub code: String,
    pub name: String,
    /// Lĩnh vực.
    pub field: String,
    /// Levels of agencies that handle it.
    pub levels: Vec<Level>,
    pub service_level: ServiceLevel,
    /// Declared fit for full online service: the denominator of K14.
    #[serde(default)]
    pub full_online_eligible: bool,
    pub processing_time: ProcessingTime,
    #[serde(default)]
    pub fees: Vec<Fee>,
    #[serde(default)]
    pub components: Vec<ComponentSpec>,
    /// Its result may lawfully be issued as an electronic document.
    #[serde(default)]
    pub electronic_result_eligible: bool,
    /// Offered on the national public service portal.
    #[serde(default)]
    pub on_national_portal: bool,
    /// "4 tại chỗ": received, appraised, approved and returned at the counter.
    #[serde(default)]
    pub on_the_spot: bool,
    #[serde(default)]
    pub after_supplement: AfterSupplement,
    /// First day on which this version applies; none: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<NaiveDate>,
    /// Last day on which the procedure is offered; none: still offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
}

impl Agency {
    /// Rules that a document must keep on its own, without looking at other agencies.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !agency_code_is_valid(&self.code) {
            errors.push(FieldError::new(
                "/code",
                "agency_code",
                "mã định danh cơ quan không đúng dạng / not an agency code of Decision 20/2020",
            ));
        }
        text(&mut errors, "/name", &self.name, 300);
        if self.parent.as_deref() == Some(&self.code) {
            errors.push(FieldError::new("/parent", "cycle", "an agency is not its own parent"));
        }
        if self.successor.as_deref() == Some(&self.code) {
            errors.push(FieldError::new("/successor", "cycle", "an agency is not its own successor"));
        }
        if self.successor.is_some() && self.valid_to.is_none() {
            errors.push(FieldError::new("/valid_to", "required", "an agency with a successor needs its last day"));
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to)
            && from > to
        {
            errors.push(FieldError::new("/valid_to", "reversed", "valid_to lies before valid_from"));
        }
        if let Some(hours) = &self.office_hours
            && let Err(detail) = hours.check()
        {
            errors.push(FieldError::new("/office_hours", "office_hours", &detail));
        }
        errors
    }

    /// Its office sessions, or the usual ones.
    #[must_use]
    pub fn hours(&self) -> OfficeHours {
        self.office_hours.clone().unwrap_or_default()
    }

    #[must_use]
    pub fn exists_on(&self, date: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= date) && self.valid_to.is_none_or(|to| date <= to)
    }
}

impl Procedure {
    /// Rules that a version must keep on its own.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let code_fits = !self.code.is_empty()
            && self.code.len() <= 40
            && self.code.starts_with(|c: char| c.is_ascii_digit())
            && self.code.contains('.')
            && self.code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        if !code_fits {
            errors.push(FieldError::new(
                "/code",
                "procedure_code",
                "mã thủ tục không đúng dạng, ví dụ 1.005129 / not a procedure code",
            ));
        }
        text(&mut errors, "/name", &self.name, 1000);
        text(&mut errors, "/field", &self.field, 300);
        if self.levels.is_empty() {
            errors.push(FieldError::new("/levels", "required", "name at least one level that handles the procedure"));
        }
        let amount = self.processing_time.amount;
        let immediate = self.processing_time.unit == TimeUnit::Immediate;
        if (immediate && amount != 0) || (!immediate && !(1..=2000).contains(&amount)) {
            errors.push(FieldError::new("/processing_time/amount", "range", "1 to 2000; 0 for `immediate`"));
        }
        for (i, fee) in self.fees.iter().enumerate() {
            if !(0..=super::money::MAX_AMOUNT).contains(&fee.amount) {
                errors.push(FieldError::new(&format!("/fees/{i}/amount"), "amount", "whole đồng, not below zero"));
            }
            text(&mut errors, &format!("/fees/{i}/code"), &fee.code, 60);
            if self.fees[..i].iter().any(|other| other.code == fee.code) {
                errors.push(FieldError::new(&format!("/fees/{i}/code"), "duplicate", "the fee code stands twice"));
            }
        }
        for (i, component) in self.components.iter().enumerate() {
            text(&mut errors, &format!("/components/{i}/code"), &component.code, 60);
            text(&mut errors, &format!("/components/{i}/name"), &component.name, 1000);
            if self.components[..i].iter().any(|other| other.code == component.code) {
                errors.push(FieldError::new(
                    &format!("/components/{i}/code"),
                    "duplicate",
                    "the component code stands twice",
                ));
            }
        }
        errors
    }

    #[must_use]
    pub fn offered_on(&self, date: NaiveDate) -> bool {
        self.valid_to.is_none_or(|to| date <= to)
    }
}

/// Codes of Decision 20/2020/QĐ-TTg (`H26.103.25.7`) and of the older Circular 10/2016 (`000.12.34.H26`).
#[must_use]
pub fn agency_code_is_valid(code: &str) -> bool {
    let parts: Vec<&str> = code.split('.').collect();
    (1..=5).contains(&parts.len())
        && parts.iter().enumerate().all(|(i, part)| {
            (1..=if i == 0 { 3 } else { 4 }).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
}

fn text(errors: &mut Vec<FieldError>, pointer: &str, value: &str, max: usize) {
    if value.trim().is_empty() {
        errors.push(FieldError::new(pointer, "required", "must not be empty"));
    } else if value.chars().count() > max {
        errors.push(FieldError::new(pointer, "too_long", &format!("at most {max} characters")));
    } else if value.chars().any(char::is_control) {
        errors.push(FieldError::new(pointer, "control_character", "must not hold control characters"));
    }
}
