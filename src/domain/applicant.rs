//! Applicants: shape of identity numbers and phones, and what is shown of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::FieldError;

/// Who asks (người nộp hồ sơ). Personal data: kept in rows of its own, never in the hashed payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    pub kind: ApplicantKind,
    pub name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Identity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApplicantKind {
    Citizen,
    Business,
    Household,
    Agency,
    Organisation,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    #[serde(rename = "type")]
    pub kind: IdentityKind,
    pub number: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// Căn cước, số định danh: 12 digits.
    CitizenId,
    /// Chứng minh nhân dân: 9 digits.
    OldId,
    /// Mã số thuế: 10 digits, or 10-3.
    TaxCode,
    Passport,
}

impl Applicant {
    /// Shape rules; `at` is the pointer of the applicant in the body.
    #[must_use]
    pub fn check(&self, at: &str) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut push = |pointer: String, code: &str, detail: &str| errors.push(FieldError::new(&pointer, code, detail));
        if self.name.trim().is_empty() || self.name.chars().count() > 300 {
            push(format!("{at}/name"), "name", "1 to 300 characters");
        }
        for (i, id) in self.ids.iter().enumerate() {
            if !id.kind.fits(&id.number) {
                push(format!("{at}/ids/{i}/number"), "identity_number", id.kind.shape());
            }
        }
        if self.phone.as_deref().is_some_and(|phone| !phone_fits(phone)) {
            push(format!("{at}/phone"), "phone", "9 to 15 digits, optionally with a leading +");
        }
        if self.email.as_deref().is_some_and(|mail| !mail.contains('@') || mail.len() > 254) {
            push(format!("{at}/email"), "email", "not an e-mail address");
        }
        if self.address.as_deref().is_some_and(|address| address.chars().count() > 500) {
            push(format!("{at}/address"), "too_long", "at most 500 characters");
        }
        errors
    }

    /// The numbers by which somebody is found again: kind and value, each in one spelling, each once.
    #[must_use]
    pub fn numbers(&self) -> BTreeSet<(&'static str, String)> {
        let ids = self.ids.iter().map(|id| (id.kind.as_str(), id_number(&id.number)));
        ids.chain(self.phone.as_deref().map(|phone| (PHONE, national(phone)))).collect()
    }

    /// What lists, auditors and exports see: initials, and the last digits of numbers.
    #[must_use]
    pub fn masked(&self) -> Self {
        Self {
            kind: self.kind,
            name: mask_name(&self.name),
            ids: self.ids.iter().map(|id| Identity { kind: id.kind, number: mask_tail(&id.number, 3) }).collect(),
            phone: self.phone.as_deref().map(|phone| mask_tail(phone, 3)),
            email: self.email.as_ref().map(|_| "***".to_owned()),
            address: self.address.as_ref().map(|_| "***".to_owned()),
        }
    }
}

/// The kind of a phone among numbers.
pub const PHONE: &str = "phone";

/// Letters and digits of an identity number; `0101234567-001` and `0101234567001` are one.
#[must_use]
pub fn id_number(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// `+84 912…` and `0912…` are one phone.
#[must_use]
pub fn national(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("84") {
        Some(rest) if phone.trim_start().starts_with('+') => format!("0{rest}"),
        _ => digits,
    }
}

impl IdentityKind {
    pub const ALL: [Self; 4] = [Self::CitizenId, Self::OldId, Self::TaxCode, Self::Passport];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CitizenId => "citizen_id",
            Self::OldId => "old_id",
            Self::TaxCode => "tax_code",
            Self::Passport => "passport",
        }
    }

    fn fits(self, number: &str) -> bool {
        let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::CitizenId => digits(number, 12),
            Self::OldId => digits(number, 9),
            Self::TaxCode => match number.split_once('-') {
                Some((head, branch)) => digits(head, 10) && digits(branch, 3),
                None => digits(number, 10),
            },
            Self::Passport => (6..=12).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric()),
        }
    }

    fn shape(self) -> &'static str {
        match self {
            Self::CitizenId => "a citizen id has 12 digits",
            Self::OldId => "an old identity card has 9 digits",
            Self::TaxCode => "a tax code has 10 digits, or 10-3",
            Self::Passport => "a passport number has 6 to 12 letters and digits",
        }
    }
}

fn phone_fits(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or(phone);
    (9..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn mask_name(name: &str) -> String {
    let words: Vec<String> =
        name.split_whitespace().filter_map(|word| word.chars().next()).map(|initial| format!("{initial}.")).collect();
    words.join(" ")
}

fn mask_tail(text: &str, keep: usize) -> String {
    let length = text.chars().count();
    text.chars().enumerate().map(|(i, c)| if i + keep < length { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_masks() {
        let applicant = Applicant {
            kind: ApplicantKind::Citizen,
            name: "Nguyễn Văn An".into(),
            ids: vec![Identity { kind: IdentityKind::CitizenId, number: "001099012345".into() }],
            phone: Some("0912345678".into()),
            email: None,
            address: None,
        };
        assert!(applicant.check("/applicant").is_empty());
        let masked = applicant.masked();
        assert_eq!(masked.name, "N. V. A.");
        assert_eq!(masked.ids[0].number, "*********345");
        let abroad = Applicant { phone: Some("+84 912 345 678".into()), ..applicant.clone() };
        assert_eq!(abroad.numbers(), applicant.numbers());
        assert_eq!(applicant.numbers().into_iter().map(|(kind, _)| kind).collect::<Vec<_>>(), ["citizen_id", "phone"]);
        assert_ne!(national("84912345678"), national("0912345678"));
        assert_eq!(id_number("c1-234567 "), "C1234567");
        let short = Identity { kind: IdentityKind::CitizenId, number: "00109901234".into() };
        let errors = Applicant { ids: vec![short], ..applicant }.check("/applicant");
        assert_eq!(errors[0].pointer, "/applicant/ids/0/number");
    }
}
