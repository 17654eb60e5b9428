//! Published reports, stored as they were printed: with the sums that do not add up, and never corrected.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::CreateSnapshot;
use crate::domain::error::FieldError;
use crate::http::problem::ApiError;
use crate::store::reports::Layout;

/// A report as printed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    pub rows: Vec<DeclaredRow>,
    pub source: Source,
}

/// One printed row; only the columns that are printed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRow {
    #[schema(example = "Tổng cộng")]
    pub name: String,
    /// Column number → count.
    pub cells: BTreeMap<String, i64>,
}

/// Where it is printed: a file by its hash, or a document by number and date.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[schema(example = "Báo cáo số 12/BC-UBND")]
    pub title: String,
    #[serde(default)]
    pub number: Option<String>,
    #[serde(default)]
    pub date: Option<NaiveDate>,
    /// Of the file, in lower-case hexadecimal.
    #[serde(default)]
    pub sha256: Option<String>,
}

impl Declared {
    /// The content of a snapshot, with the list of broken sums.
    ///
    /// # Errors
    /// 422 with a pointer.
    pub fn content(&self, new: &CreateSnapshot, layout: &Layout) -> Result<Value, ApiError> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, code: &str, detail: &str| errors.push(FieldError::new(pointer, code, detail));
        for (given, pointer) in [(new.rows.is_some(), "/rows"), (new.ended.is_some(), "/ended")] {
            if given {
                wrong(pointer, "unexpected", "a declared report is as printed");
            }
        }
        if self.rows.is_empty() || self.rows.len() > 1_000 {
            wrong("/declared/rows", "length", "1 to 1000 rows");
        }
        for (i, row) in self.rows.iter().enumerate() {
            if row.cells.is_empty() {
                wrong(&format!("/declared/rows/{i}/cells"), "required", "at least one column");
            }
            for (number, count) in &row.cells {
                let pointer = format!("/declared/rows/{i}/cells/{number}");
                if !layout.columns.iter().any(|column| column.number == number) {
                    wrong(&pointer, "unknown_column", "no such column in this report");
                }
                if *count < 0 {
                    wrong(&pointer, "range", "not below zero");
                }
            }
        }
        let source = &self.source;
        if source.title.trim().is_empty() {
            wrong("/declared/source/title", "required", "what document is it printed in?");
        }
        if source.sha256.is_none() && (source.number.is_none() || source.date.is_none()) {
            wrong("/declared/source", "required", "the file's `sha256`, or `number` and `date`");
        }
        let hash =
            |text: &String| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !source.sha256.as_ref().is_none_or(hash) {
            wrong("/declared/source/sha256", "pattern", "64 lower-case hexadecimal digits");
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        Ok(json!({
            "report": layout.id,
            "layout_version": layout.version,
            "from": new.from,
            "to": new.to,
            "rows": self.rows,
            "source": self.source,
            "broken_identities": self.broken(layout),
        }))
    }

    /// The sums of the form that do not hold, over the columns that are printed.
    fn broken(&self, layout: &Layout) -> Vec<String> {
        let mut broken = Vec::new();
        for row in &self.rows {
            for (sum, parts) in layout.identities() {
                let Some(printed) = row.cells.get(sum).copied() else { continue };
                let known: Vec<i64> = parts.iter().filter_map(|part| row.cells.get(*part).copied()).collect();
                let found = known.iter().fold(0_i64, |sum, part| sum.saturating_add(*part));
                // With a part missing, the others may stay below the sum.
                let holds = if known.len() == parts.len() { found == printed } else { found <= printed };
                if !holds {
                    let identity = format!("{sum}={}", parts.join("+"));
                    broken.push(format!("{}: {identity}: {printed} ≠ {found}", row.name));
                }
            }
        }
        broken
    }
}
