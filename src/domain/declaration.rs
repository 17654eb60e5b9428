//! Declared values (số liệu khai báo): what cannot be derived from dossiers, with the evidence for it.
//!
//! A declaration never replaces a computed figure, and never another declaration: it is one more version, judged by
//! a second person. Values are exact: a decimal as it was written, or a numerator over a denominator.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::FieldError;
use super::score::Fraction;
use crate::plans::{Period, Target, decimal};

/// What is declared, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The target's unit when it was declared.
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<i64>,
    pub evidence: Vec<Evidence>,
    /// Stored: a [`SealedNote`], or the text itself where an earlier version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What stands in a record for a note whose text lies sealed beside it: `sealed:<id>:<commitment>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedNote {
    pub id: Uuid,
    /// SHA-256(salt ‖ canonical JSON of the values), hexadecimal.
    pub commitment: String,
}

impl fmt::Display for SealedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sealed:{}:{}", self.id, self.commitment)
    }
}

impl FromStr for SealedNote {
    type Err = ();

    /// Only what [`SealedNote`] itself writes is read: notes of an earlier version are any text.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, commitment) = text.strip_prefix("sealed:").and_then(|rest| rest.split_once(':')).ok_or(())?;
        let note = Self { id: id.parse().map_err(|_| ())?, commitment: commitment.to_owned() };
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let fits = commitment.len() == 64 && commitment.bytes().all(hexadecimal) && note.to_string() == text;
        if fits { Ok(note) } else { Err(()) }
    }
}

/// Something that can be looked at (tài liệu kiểm chứng).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = DeclarationEvidence)]
pub enum Evidence {
    /// A file kept elsewhere, named by its content.
    File {
        /// Hexadecimal SHA-256 of the content.
        #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
        sha256: String,
        /// In bytes.
        size: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// An issued document.
    Document {
        #[schema(example = "123/BC-UBND")]
        number: String,
        date: NaiveDate,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
}

/// What the second person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    Rejected,
}

impl Verdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Accepted, Self::Rejected].into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// Pieces of evidence of one declaration.
const MOST_EVIDENCE: usize = 50;
/// Largest whole number that every client reads exactly.
const MOST: i64 = (1 << 53) - 1;

impl Declaration {
    #[must_use]
    pub fn period(&self) -> Period {
        Period { from: self.from, to: self.to }
    }

    /// The value in units of 1, comparable with [`Target::threshold_ratio`]: 60 percent is 60/100.
    #[must_use]
    pub fn fraction(&self) -> Option<Fraction> {
        if let (Some(n), Some(d)) = (self.numerator, self.denominator) {
            return (d > 0).then_some((i128::from(n), i128::from(d)));
        }
        let (n, d) = decimal(self.value.as_deref()?)?;
        Some((n, if self.unit == "percent" { d * 100 } else { d }))
    }

    /// Whether an exact figure is what was declared. A decimal is held against the figure rounded half up to as many
    /// digits as were written: 66.67 percent is two thirds.
    #[must_use]
    pub fn agrees_with(&self, exact: Fraction) -> bool {
        let Some((n, d)) = self.fraction() else { return false };
        if self.value.is_none() {
            return n * exact.1 == exact.0 * d;
        }
        (2 * exact.0 * d + exact.1).div_euclid(2 * exact.1) == n
    }

    /// Rules of a declaration for `target`, made on the business date `today`.
    #[must_use]
    pub fn check(&self, target: &Target, today: NaiveDate) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.from > self.to {
            errors.push(FieldError::new("/to", "reversed", "the last day lies before the first"));
        } else if self.from > today {
            errors.push(FieldError::new("/from", "in_future", "the period has not begun"));
        }
        match (&self.value, self.numerator, self.denominator) {
            (Some(_), None, None) => errors.extend(self.check_value(target)),
            (None, Some(_), Some(_)) => errors.extend(self.check_ratio(target)),
            (None, None, None) => {
                let detail = "either `value`, or `numerator` and `denominator`";
                errors.push(FieldError::new("/value", "required", detail));
            }
            (None, None, Some(_)) => errors.push(FieldError::new("/numerator", "required", "goes with `denominator`")),
            (None, Some(_), None) => errors.push(FieldError::new("/denominator", "required", "goes with `numerator`")),
            (Some(_), _, _) => {
                let detail = "either `value`, or `numerator` and `denominator`: not both";
                errors.push(FieldError::new("/value", "both_given", detail));
            }
        }
        if self.evidence.is_empty() {
            let detail = "cần tài liệu kiểm chứng / at least one file or document";
            errors.push(FieldError::new("/evidence", "required", detail));
        } else if self.evidence.len() > MOST_EVIDENCE {
            errors.push(FieldError::new("/evidence", "too_long", &format!("at most {MOST_EVIDENCE}")));
        }
        for (i, evidence) in self.evidence.iter().enumerate() {
            errors.extend(evidence.check(&format!("/evidence/{i}"), today));
        }
        errors.extend(self.note.as_deref().and_then(|note| text("/note", note, 2000)));
        errors
    }

    fn check_value(&self, target: &Target) -> Option<FieldError> {
        let Some((n, d)) = decimal(self.value.as_deref()?) else {
            let detail = "a decimal such as 92.4: at most 12 digits before the point and 6 after it";
            return Some(FieldError::new("/value", "decimal", detail));
        };
        let growth = target.base_period.is_some();
        if !growth && (n < 0 || is_share(target) && n > 100 * d) {
            return Some(FieldError::new("/value", "range", "not below zero; a share is at most 100 percent"));
        }
        let whole = ["count", "rank"].contains(&target.unit.as_str());
        (whole && n % d != 0).then(|| FieldError::new("/value", "whole_number", "a number of things is whole"))
    }

    fn check_ratio(&self, target: &Target) -> Option<FieldError> {
        let (n, d) = (self.numerator?, self.denominator?);
        if target.unit != "percent" || target.base_period.is_some() {
            let detail = "only a share is given as a fraction; this target wants `value`";
            return Some(FieldError::new("/numerator", "not_a_share", detail));
        }
        if !(1..=MOST).contains(&d) {
            return Some(FieldError::new("/denominator", "range", "1 to 2^53 - 1"));
        }
        let top = if is_share(target) { d } else { MOST };
        (!(0..=top).contains(&n)).then(|| FieldError::new("/numerator", "range", "0 to the denominator"))
    }
}

/// A part of a whole, which the indicator counts: never above it.
fn is_share(target: &Target) -> bool {
    target.indicator.is_some() && target.unit == "percent"
}

impl Evidence {
    fn check(&self, at: &str, today: NaiveDate) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match self {
            Self::File { sha256, size, name } => {
                let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                if sha256.len() != 64 || !sha256.bytes().all(hexadecimal) {
                    let detail = "64 hexadecimal digits in lower case";
                    errors.push(FieldError::new(&format!("{at}/sha256"), "sha256", detail));
                }
                if !(1..=MOST.unsigned_abs()).contains(size) {
                    errors.push(FieldError::new(&format!("{at}/size"), "range", "1 to 2^53 - 1 bytes"));
                }
                errors.extend(name.as_deref().and_then(|name| text(&format!("{at}/name"), name, 300)));
            }
            Self::Document { number, date, title } => {
                errors.extend(text(&format!("{at}/number"), number, 100));
                if *date > today {
                    errors.push(FieldError::new(&format!("{at}/date"), "in_future", "lies in the future"));
                }
                errors.extend(title.as_deref().and_then(|title| text(&format!("{at}/title"), title, 300)));
            }
        }
        errors
    }
}

/// Rules of a text for people.
pub fn text(pointer: &str, value: &str, most: usize) -> Option<FieldError> {
    if value.trim().is_empty() {
        Some(FieldError::new(pointer, "required", "must not be empty"))
    } else if value.chars().count() > most {
        Some(FieldError::new(pointer, "too_long", &format!("at most {most} characters")))
    } else if value.chars().any(|c| c.is_control() && c != '\n') {
        Some(FieldError::new(pointer, "control_character", "must not hold control characters"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(value: Option<&str>, ratio: Option<(i64, i64)>) -> Declaration {
        let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        Declaration {
            from: day,
            to: day,
            unit: "percent".into(),
            value: value.map(str::to_owned),
            numerator: ratio.map(|(n, _)| n),
            denominator: ratio.map(|(_, d)| d),
            evidence: vec![Evidence::Document { number: "1/BC".into(), date: day, title: None }],
            note: None,
        }
    }

    #[test]
    fn a_decimal_agrees_with_what_rounds_to_it() {
        for (value, exact, agrees) in [
            ("66.67", (2, 3), true),
            ("66.7", (2, 3), true),
            ("67", (2, 3), true),
            ("66.66", (2, 3), false),
            ("96.80", (121, 125), true),
            ("0.13", (1, 800), true),
            ("0.12", (1, 800), false),
            ("-5", (-1, 20), true),
        ] {
            assert_eq!(declared(Some(value), None).agrees_with(exact), agrees, "{value} {exact:?}");
        }
        assert!(declared(None, Some((4, 6))).agrees_with((2, 3)));
        assert!(!declared(None, Some((6667, 10_000))).agrees_with((2, 3)));
        let count = Declaration { unit: "count".into(), ..declared(Some("12"), None) };
        assert!(count.agrees_with((12, 1)) && !count.agrees_with((13, 1)));
    }

    #[test]
    fn values_fit_the_unit_of_their_target() {
        let mut target = crate::plans::shipped().remove(0).targets.remove(0);
        let today = NaiveDate::from_ymd_opt(2024, 6, 1).unwrap();
        let mut codes = |unit: &str, indicator: bool, growth: bool, value: Option<&str>, ratio: Option<(i64, i64)>| {
            target.unit = unit.into();
            target.indicator = indicator.then(|| "online_share".into());
            target.base_period = growth.then_some(Period { from: today, to: today });
            let errors = declared(value, ratio).check(&target, today);
            errors.into_iter().map(|error| error.code).collect::<Vec<_>>()
        };
        assert!(codes("percent", true, false, Some("100"), None).is_empty());
        assert_eq!(codes("percent", true, false, Some("100.1"), None), ["range"]);
        assert!(codes("percent", false, false, Some("120"), None).is_empty());
        assert_eq!(codes("percent", false, false, Some("-1"), None), ["range"]);
        assert!(codes("percent", true, true, Some("-3.5"), None).is_empty());
        assert_eq!(codes("percent", true, true, None, Some((1, 2))), ["not_a_share"]);
        assert_eq!(codes("percent", true, false, None, Some((3, 2))), ["range"]);
        assert_eq!(codes("percent", true, false, None, Some((0, 0))), ["range"]);
        assert_eq!(codes("count", false, false, None, Some((1, 2))), ["not_a_share"]);
        assert_eq!(codes("count", false, false, Some("1.5"), None), ["whole_number"]);
        assert!(codes("count", false, false, Some("15.0"), None).is_empty());
        assert_eq!(codes("days", false, false, Some("1.0000001"), None), ["decimal"]);
        assert_eq!(codes("days", false, false, Some("1"), Some((1, 2))), ["both_given"]);
        assert_eq!(codes("days", false, false, None, None), ["required"]);
    }
}
