//! A computed report: the content that is shown, printed, frozen and compared, without links.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Ended, Layout, RowsBy, find};
use crate::domain::catalogue::Level;
use crate::domain::time::{self, Instant};
use crate::store::error::StoreError;

/// An exact fraction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub numerator: i64,
    pub denominator: i64,
}

/// What a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// Subtotal of a level of agency.
    Level,
    /// A field (lĩnh vực) at a level; the subtotal of its procedures where these are shown.
    Field,
    Procedure,
    Agency,
    /// Of all rows.
    Total,
}

/// One row; the keys that apply to its kind are set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub kind: RowKind,
    pub level: Option<Level>,
    pub field: Option<String>,
    pub procedure: Option<String>,
    pub agency: Option<String>,
    /// Of the procedure or agency, as known then.
    pub name: Option<String>,
    /// In the order of the report's columns.
    pub cells: Vec<i64>,
    /// K1a and K1b of the row, as the indicators define them.
    pub on_time_resolved: Share,
    pub on_time_due: Share,
    /// Stopped and withdrawn in the period, wherever the columns count them.
    pub stopped: i64,
    pub withdrawn: i64,
}

/// An agency whose dossiers count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub code: String,
    pub level: Level,
    /// The agency in whose row it counts, when rows are agencies.
    pub row: Option<String>,
}

/// The whole report. The same question asked again gives the same value, byte for byte when written as JSON,
/// once `known_at` is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The layout: `06a`, `07a`.
    pub report: String,
    pub layout_version: u32,
    /// Of the sets and indicators that it is made of.
    pub definition_version: u32,
    /// None: every root in the caller's reach.
    pub agency: Option<String>,
    pub agency_name: Option<String>,
    /// Without the agencies below it.
    pub own: bool,
    /// Only agencies of these levels; empty: all.
    pub levels: Vec<Level>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    #[serde(with = "time::local")]
    pub known_at: Instant,
    #[serde(with = "time::local")]
    pub at: Instant,
    pub calendar_version: Option<String>,
    pub ended: Ended,
    pub rows_by: RowsBy,
    pub agencies: Vec<Counted>,
    pub columns: Vec<String>,
    /// In the order of the print; the last one is the total.
    pub rows: Vec<Row>,
}

impl Report {
    /// The form it fills.
    ///
    /// # Errors
    /// It was made by a program that knew another form.
    pub fn layout(&self) -> Result<&'static Layout, StoreError> {
        find(&self.report).ok_or_else(|| StoreError::Corrupt(format!("no form {}", self.report)))
    }

    /// The grand total.
    ///
    /// # Errors
    /// It has no rows: this program never writes such a report.
    pub fn total(&self) -> Result<&Row, StoreError> {
        self.rows.last().ok_or_else(|| StoreError::Corrupt("a report without a total".into()))
    }

    /// A row's count in a column; 0 for a column that it does not have.
    #[must_use]
    pub fn cell(&self, row: &Row, number: &str) -> i64 {
        let place = self.columns.iter().position(|column| column == number);
        place.and_then(|place| row.cells.get(place)).copied().unwrap_or(0)
    }

    /// The sums that do not add up, row by row: of a computed report, none.
    #[must_use]
    pub fn broken(&self, layout: &Layout) -> Vec<String> {
        let mut broken = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            for (sum, parts) in layout.identities() {
                let found: i64 = parts.iter().map(|part| self.cell(row, part)).sum();
                if self.cell(row, sum) != found {
                    broken.push(format!("row {}: {sum}={} does not hold", place + 1, parts.join("+")));
                }
            }
        }
        broken
    }
}
