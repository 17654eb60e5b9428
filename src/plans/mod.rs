//! Plans and their targets (kế hoạch, chỉ tiêu), and the plans that ship with the program.
//!
//! A target keeps two things apart: the few words of the source that carry its figure (`wording`, slips
//! included) and the value they were read as (`comparator`, `threshold`). A target with an indicator is
//! computed from dossiers; one without is declared, with evidence. Storing and scoring happen elsewhere.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalogue::{Level, agency_code_is_valid};
use crate::domain::error::FieldError;

/// The seven plans of the documents the project was made from, as embedded YAML.
const SHIPPED: [(&str, &str); 7] = [
    ("minh-duc-2024", include_str!("minh-duc-2024.yaml")),
    ("dak-nong-2022", include_str!("dak-nong-2022.yaml")),
    ("song-lo-2024", include_str!("song-lo-2024.yaml")),
    ("yen-lac-2024", include_str!("yen-lac-2024.yaml")),
    ("vinh-phuc-2024", include_str!("vinh-phuc-2024.yaml")),
    ("hai-duong-2023", include_str!("hai-duong-2023.yaml")),
    ("hoang-hoa-2023", include_str!("hoang-hoa-2023.yaml")),
];

/// What an agency set out to reach in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Lower-case words joined by hyphens. Never changes.
    #[schema(example = "minh-duc-2024")]
    pub id: String,
    /// In Vietnamese.
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Number and date of the document, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// File or address in which the document was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Code of the agency whose plan it is.
    #[schema(example = "H31.24.5")]
    pub agency: String,
    /// First day of the plan.
    pub from: NaiveDate,
    /// Last day of the plan.
    pub to: NaiveDate,
    /// Editor's note on the whole document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub targets: Vec<Target>,
}

/// One aim of a plan (chỉ tiêu).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `snake_case`, unique in the plan, never changes: declarations hang on it.
    #[schema(example = "on_time_resolved")]
    pub key: String,
    /// In Vietnamese, in the editor's words.
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// The few words that carry the figure, exactly as the source has them; its slips are marked `[sic]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "đạt từ 60% trở lên")]
    pub wording: Option<String>,
    /// Indicator it is computed by; null: its value is declared.
    #[serde(default)]
    pub indicator: Option<String>,
    /// Indicators shown beside it; they do not decide whether it is met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// How the value must stand to the threshold; without a threshold, which way is better.
    pub comparator: Comparator,
    /// A decimal in `unit`; null: the source gives no figure, only a direction.
    #[serde(default)]
    #[schema(example = "60")]
    pub threshold: Option<String>,
    /// `percent`, `days`, `count` or another word. The growth of a target with `base_period` is in percent.
    #[schema(example = "percent")]
    pub unit: String,
    /// Narrows what is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TargetScope>,
    /// When it differs from the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Makes it a growth target: value = this period / base period − 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_period: Option<Period>,
    /// Editor's note: the reading chosen, typing errors of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Inclusive dates in Vietnam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

/// The part of the plan's agency and its subtree that a target speaks of; fields add up (and).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetScope {
    /// Only agencies of this level; `province` means cấp tỉnh, departments included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Only dossiers of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ScopeChannel>,
    /// Only procedures of this field (lĩnh vực).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A channel, or `online` for both online ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeChannel {
    Online,
    InPerson,
    Post,
    #[serde(rename = "level_3")]
    Level3,
    #[serde(rename = "level_4")]
    Level4,
}

/// "Từ … trở lên", "tối thiểu" are `>=`; "trên" is `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Comparator {
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = ">")]
    Above,
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = "<")]
    Below,
}

impl Comparator {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::Above => ">",
            Self::Equal => "=",
            Self::AtMost => "<=",
            Self::Below => "<",
        }
    }

    /// Is a value met that stands to the threshold like this?
    #[must_use]
    pub fn holds(self, value_to_threshold: Ordering) -> bool {
        match self {
            Self::AtLeast => value_to_threshold.is_ge(),
            Self::Above => value_to_threshold.is_gt(),
            Self::Equal => value_to_threshold.is_eq(),
            Self::AtMost => value_to_threshold.is_le(),
            Self::Below => value_to_threshold.is_lt(),
        }
    }
}

impl TargetScope {
    /// Levels of the agencies counted; empty: all. Cấp tỉnh works through its departments (sở), which
    /// stand at a level of their own in the tree.
    #[must_use]
    pub fn levels(&self) -> Vec<Level> {
        match self.level {
            Some(Level::Province) => vec![Level::Province, Level::Department],
            other => other.into_iter().collect(),
        }
    }
}

impl Target {
    /// The threshold as an exact fraction (numerator, denominator) in units of 1, not reduced: 60 percent
    /// is 60/100, 92.4 percent 924/1000, a count of 12 is 12/1.
    #[must_use]
    pub fn threshold_ratio(&self) -> Option<(i128, i128)> {
        let (numerator, denominator) = decimal(self.threshold.as_deref()?)?;
        Some((numerator, if self.unit == "percent" { denominator * 100 } else { denominator }))
    }

    fn check(&self, at: &str, plan: Period, indicator_ids: &[&str]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !is_word(&self.key, b'_') {
            errors.push(FieldError::new(&format!("{at}/key"), "target_key", "snake_case, at most 64 characters"));
        }
        text(&mut errors, &format!("{at}/title"), self.title.as_str(), 300);
        text(&mut errors, &format!("{at}/title_en"), self.title_en.as_deref(), 300);
        text(&mut errors, &format!("{at}/wording"), self.wording.as_deref(), 300);
        text(&mut errors, &format!("{at}/note"), self.note.as_deref(), 2000);
        if let Some(scope) = &self.scope {
            text(&mut errors, &format!("{at}/scope/field"), scope.field.as_deref(), 300);
        }
        if !is_word(&self.unit, b'_') {
            errors.push(FieldError::new(&format!("{at}/unit"), "unit", "one snake_case word, for example percent"));
        }

        let main = self.indicator.iter().map(|id| (format!("{at}/indicator"), id));
        let beside = self.beside.iter().enumerate().map(|(i, id)| (format!("{at}/beside/{i}"), id));
        let mut seen = Vec::new();
        for (pointer, id) in main.chain(beside) {
            if !indicator_ids.contains(&id.as_str()) {
                errors.push(FieldError::new(&pointer, "unknown_indicator", "no such indicator"));
            } else if seen.contains(&id) {
                errors.push(FieldError::new(&pointer, "duplicate", "the indicator stands twice"));
            }
            seen.push(id);
        }
        errors.extend(self.check_threshold(&format!("{at}/threshold")));
        let period = self.period.unwrap_or(plan);
        if let Some(own) = self.period {
            reversed(&mut errors, &format!("{at}/period/to"), own);
        }
        if let Some(base) = self.base_period {
            reversed(&mut errors, &format!("{at}/base_period/to"), base);
            if base.from >= period.from {
                let detail = "must begin before the period it is compared with";
                errors.push(FieldError::new(&format!("{at}/base_period/from"), "base_period", detail));
            }
        }
        errors
    }

    fn check_threshold(&self, pointer: &str) -> Option<FieldError> {
        let threshold = self.threshold.as_deref()?;
        let Some((numerator, denominator)) = decimal(threshold) else {
            let detail = "a decimal such as 92.4: at most 12 digits before the point and 6 after it";
            return Some(FieldError::new(pointer, "decimal", detail));
        };
        let is_share = self.indicator.is_some() && self.unit == "percent";
        // Growth has no bounds. The upper one catches "805", copied from a source that meant 80 %.
        let out_of_range = self.base_period.is_none() && (numerator < 0 || is_share && numerator > 100 * denominator);
        out_of_range.then(|| FieldError::new(pointer, "range", "not below zero; a share is at most 100 percent"))
    }
}

impl Plan {
    /// Rules that a plan must keep on its own; whether its agency exists is the store's to say.
    #[must_use]
    pub fn check(&self, indicator_ids: &[&str]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !is_word(&self.id, b'-') {
            errors.push(FieldError::new("/id", "plan_id", "lower-case words joined by hyphens, at most 64 characters"));
        }
        if !agency_code_is_valid(&self.agency) {
            errors.push(FieldError::new("/agency", "agency_code", "mã định danh cơ quan không đúng dạng"));
        }
        text(&mut errors, "/title", self.title.as_str(), 300);
        text(&mut errors, "/title_en", self.title_en.as_deref(), 300);
        text(&mut errors, "/document", self.document.as_deref(), 500);
        text(&mut errors, "/source", self.source.as_deref(), 500);
        text(&mut errors, "/note", self.note.as_deref(), 2000);
        let period = Period { from: self.from, to: self.to };
        reversed(&mut errors, "/to", period);
        if !(1..=500).contains(&self.targets.len()) {
            errors.push(FieldError::new("/targets", "range", "1 to 500 targets"));
        }
        for (i, target) in self.targets.iter().enumerate() {
            let at = format!("/targets/{i}");
            if self.targets[..i].iter().any(|other| other.key == target.key) {
                errors.push(FieldError::new(&format!("{at}/key"), "duplicate", "the key stands twice"));
            }
            errors.extend(target.check(&at, period, indicator_ids));
        }
        errors
    }
}

/// The plans that ship with the program.
///
/// # Panics
/// If an embedded file is not a plan, which a test rules out.
#[must_use]
pub fn shipped() -> Vec<Plan> {
    SHIPPED
        .iter()
        .map(|(id, yaml)| serde_norway::from_str(yaml).unwrap_or_else(|error| panic!("shipped plan {id}: {error}")))
        .collect()
}

/// `-12.50` → (-1250, 100).
#[must_use]
pub fn decimal(text: &str) -> Option<(i128, i128)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    let lengths_fit = (1..=12).contains(&whole.len()) && fraction.len() <= 6 && !unsigned.ends_with('.');
    if !lengths_fit || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Some((sign * digits.parse::<i128>().ok()?, fraction.bytes().fold(1, |power, _| power * 10)))
}

/// Lower-case words joined by `joint`, beginning with a letter.
fn is_word(text: &str, joint: u8) -> bool {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split(char::from(joint)).all(fits)
}

/// Rules of a text that is given.
fn text<'a>(errors: &mut Vec<FieldError>, pointer: &str, value: impl Into<Option<&'a str>>, max: usize) {
    let Some(value) = value.into() else { return };
    if value.trim().is_empty() {
        errors.push(FieldError::new(pointer, "required", "must not be empty"));
    } else if value.chars().count() > max {
        errors.push(FieldError::new(pointer, "too_long", &format!("at most {max} characters")));
    } else if value.chars().any(char::is_control) {
        errors.push(FieldError::new(pointer, "control_character", "must not hold control characters"));
    }
}

fn reversed(errors: &mut Vec<FieldError>, pointer: &str, period: Period) {
    if period.from > period.to {
        errors.push(FieldError::new(pointer, "reversed", "the last day lies before the first"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_rules(plan: &Plan) -> Vec<(String, String)> {
        plan.check(&crate::store::indicators::ids()).into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn shipped_plans_keep_the_rules() {
        for (plan, (name, _)) in shipped().iter().zip(SHIPPED) {
            assert_eq!(plan.id, name);
            assert_eq!(broken_rules(plan), [], "{name}");
            assert!(plan.targets.iter().all(|target| target.title_en.is_some() && target.wording.is_some()), "{name}");
            let json = serde_json::to_string(plan).expect("a plan is JSON");
            assert_eq!(serde_json::from_str::<Plan>(&json).expect("and comes back"), *plan);
        }
    }

    #[test]
    fn thresholds_are_exact() {
        let mut target = shipped().remove(0).targets.remove(0);
        let mut ratio = |threshold: &str, unit: &str| {
            (target.threshold, target.unit) = (Some(threshold.to_owned()), unit.to_owned());
            target.threshold_ratio()
        };
        assert_eq!(ratio("60", "percent"), Some((60, 100)));
        assert_eq!(ratio("92.4", "percent"), Some((924, 1000)));
        assert_eq!(ratio("12", "count"), Some((12, 1)));
        assert_eq!(ratio("0.000001", "days"), Some((1, 1_000_000)));
        for not_a_decimal in ["", "-", ".5", "5.", "1.0000001", "1e3", "60%", "1,5", "--1", "1234567890123"] {
            assert_eq!(ratio(not_a_decimal, "percent"), None, "{not_a_decimal}");
        }
    }

    #[test]
    fn broken_rules_are_named() {
        let mut plan = shipped().remove(0);
        plan.to = plan.from.pred_opt().expect("a day before");
        plan.targets.truncate(2);
        plan.targets[1].key = plan.targets[0].key.clone();
        plan.targets[0].threshold = Some("805".to_owned());
        plan.targets[1].indicator = Some("happiness".to_owned());
        plan.targets[1].title = "\u{0}".to_owned();
        let expected = [
            ("/to", "reversed"),
            ("/targets/0/threshold", "range"),
            ("/targets/1/key", "duplicate"),
            ("/targets/1/title", "control_character"),
            ("/targets/1/indicator", "unknown_indicator"),
        ];
        assert_eq!(broken_rules(&plan), expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    }
}
