//! The public key of a dossier: mã số hồ sơ (Circular 01/2018/TT-VPCP, article 19).

use chrono::NaiveDate;

/// `{agency}-{yymmdd}-{n}`: the pattern of the law today. The form is about to change, so it is configuration.
pub const DEFAULT_PATTERN: &str = "{agency}-{yymmdd}-{n}";

/// A checked pattern: holds `{agency}`, a date and `{n}`, so that codes are unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePattern(String);

impl CodePattern {
    /// # Errors
    /// A sentence naming the part that is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains("{agency}") {
            return Err("the code pattern must contain {agency}".to_owned());
        }
        if !text.contains("{yymmdd}") && !text.contains("{yyyymmdd}") {
            return Err("the code pattern must contain {yymmdd} or {yyyymmdd}".to_owned());
        }
        if !text.ends_with("{n}") {
            return Err("the code pattern must end with {n}".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The code of the `n`-th receipt of an agency's day; four digits, more past 9999.
    #[must_use]
    pub fn format(&self, agency: &str, day: NaiveDate, n: i64) -> String {
        self.0
            .replace("{agency}", agency)
            .replace("{yymmdd}", &day.format("%y%m%d").to_string())
            .replace("{yyyymmdd}", &day.format("%Y%m%d").to_string())
            .replace("{n}", &format!("{n:04}"))
    }

    /// The number inside `code` when it is one of this agency's codes of `day`.
    #[must_use]
    pub fn number(&self, code: &str, agency: &str, day: NaiveDate) -> Option<i64> {
        let sample = self.format(agency, day, 0);
        let prefix = sample.strip_suffix("0000")?;
        let digits = code.strip_prefix(prefix)?;
        let fits = (4..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| digits.parse().ok()).flatten()
    }
}

impl Default for CodePattern {
    fn default() -> Self {
        Self(DEFAULT_PATTERN.to_owned())
    }
}

/// Tolerant shape of official codes, ours and those of other systems.
#[must_use]
pub fn looks_like_a_code(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [agency, date, number] = parts.as_slice() else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    super::catalogue::agency_code_is_valid(agency)
        && matches!(date.len(), 6 | 8)
        && digits(date)
        && (4..=7).contains(&number.len())
        && digits(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_widen_past_9999_and_read_back() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let pattern = CodePattern::default();
        let code = pattern.format("H26.103.25.7", day, 7);
        assert_eq!(code, "H26.103.25.7-261120-0007");
        assert_eq!(pattern.number(&code, "H26.103.25.7", day), Some(7));
        assert_eq!(pattern.format("H26", day, 12345), "H26-261120-12345");
        assert_eq!(pattern.number("H26-261120-12345", "H26", day), Some(12345));
        assert_eq!(pattern.number("H26-261121-0001", "H26", day), None);
        assert!(looks_like_a_code("G09.20-20260609-0092637"));
        assert!(CodePattern::parse("{yymmdd}-{n}").is_err());
    }
}
