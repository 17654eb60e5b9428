//! Dossier codes: unique in their agency, of the date of receipt, and numbered without a gap.

use std::collections::{BTreeMap, HashSet};

use super::line::EventLine;
use super::{Finding, FindingKind, canonical_time, local_date};

/// The numbers given out for one agency and date.
#[derive(Debug, Default)]
struct Day {
    /// 1 to `run` are all used.
    run: u32,
    /// Numbers above `run`, each with the entry that gave it.
    loose: BTreeMap<u32, i64>,
    imported: bool,
}

impl Day {
    /// False when the number was used before.
    fn take(&mut self, number: u32, seq: i64) -> bool {
        if number <= self.run || self.loose.contains_key(&number) {
            return false;
        }
        self.loose.insert(number, seq);
        while self.loose.remove(&self.run.saturating_add(1)).is_some() {
            self.run = self.run.saturating_add(1);
        }
        true
    }
}

#[derive(Debug, Default)]
struct Codes {
    /// By the six digits of the date.
    days: BTreeMap<String, Day>,
    others: HashSet<String>,
}

/// Checks the codes of `received` entries one by one.
#[derive(Debug, Default)]
pub struct CodeCheck {
    agencies: BTreeMap<String, Codes>,
}

/// Date digits and number of a code of the default pattern `<agency>-<YYMMDD>-<NNNN>`.
fn default_pattern<'a>(agency: &str, code: &'a str) -> Option<(&'a str, u32)> {
    let (date, digits) = code.strip_prefix(agency)?.strip_prefix('-')?.split_once('-')?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() != 6 || !all_digits(date) || !all_digits(digits) {
        return None;
    }
    let number: u32 = digits.parse().ok().filter(|number| *number > 0)?;
    (format!("{number:04}") == digits).then_some((date, number))
}

impl CodeCheck {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry; all but `received` are passed over.
    ///
    /// # Errors
    /// The code is missing, was given before, or names another date.
    pub fn push(&mut self, event: &EventLine) -> Result<(), Finding> {
        if event.event_type != "received" {
            return Ok(());
        }
        let found = |kind, detail: String| Finding::new(&event.agency, event.seq, kind, detail);
        let Some(code) = event.payload.get("code").and_then(|code| code.as_str()) else {
            return Err(found(FindingKind::Unreadable, "a receipt without a code".into()));
        };
        let imported = event.payload.contains_key("origin");
        let codes = self.agencies.entry(event.agency.clone()).or_default();
        let Some((date, number)) = default_pattern(&event.agency, code) else {
            if codes.others.insert(code.to_owned()) {
                return Ok(());
            }
            return Err(found(FindingKind::CodeTwice, format!("code {code} was given before")));
        };
        let day = codes.days.entry(date.to_owned()).or_default();
        day.imported |= imported;
        if !day.take(number, event.seq) {
            return Err(found(FindingKind::CodeTwice, format!("code {code} was given before")));
        }
        if !imported {
            let at = canonical_time(&event.occurred_at).map_err(|detail| found(FindingKind::Unreadable, detail))?;
            let received = local_date(at);
            if received.format("%y%m%d").to_string() != date {
                return Err(found(FindingKind::CodeDate, format!("code {code} of a receipt on {received}")));
            }
        }
        Ok(())
    }

    /// The first gap of each agency. A day with an imported code may have gaps: its numbers began elsewhere.
    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        let first_gap = |(agency, codes): (String, Codes)| {
            codes.days.into_iter().filter(|(_, day)| !day.imported).find_map(|(date, day)| {
                let (above, seq) = day.loose.first_key_value()?;
                let missing = day.run.saturating_add(1);
                let detail = format!("code {agency}-{date}-{missing:04} is missing below number {above:04}");
                Some(Finding::new(&agency, *seq, FindingKind::CodeGap, detail))
            })
        };
        self.agencies.into_iter().filter_map(first_gap).collect()
    }
}
