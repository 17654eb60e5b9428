//! What an import did, line by line.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::error::FieldError;
use crate::domain::time::{self, Instant};

/// Most entries of each list; the totals count on.
const MOST: usize = 1000;

/// Every line that is not blank is counted once: `lines` is the sum of `created`, `unchanged`, `differing`,
/// `catalogue` and `failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct Report {
    pub lines: u64,
    /// Dossiers recorded.
    pub created: u64,
    /// Dossiers and documents that are there already, with the same content.
    pub unchanged: u64,
    /// Dossiers that are there with other content: reported among `errors` as `differs`, not applied.
    pub differing: u64,
    /// Documents of the catalogue of which a revision was added.
    pub catalogue: u64,
    /// Lines refused.
    pub failed: u64,
    /// The first 1000, in order of lines.
    pub errors: Vec<LineError>,
    pub errors_total: u64,
    /// Carried due instants that differ from our arithmetic; kept as promised. The first 1000.
    pub deadline_differences: Vec<DeadlineDifference>,
    pub deadline_differences_total: u64,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineError {
    /// From 1.
    pub line: u64,
    /// JSON pointer into the line's object.
    pub pointer: String,
    /// Stable, for machines.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// A promise that we would not have made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeadlineDifference {
    pub line: u64,
    /// The dossier's code.
    pub code: String,
    /// As carried by the line.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due: Instant,
    /// What receipt, procedure and calendar give.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub computed: Instant,
}

impl Report {
    /// Notes why a line was refused.
    pub(super) fn failed(&mut self, line: u64, errors: Vec<FieldError>) {
        self.failed += 1;
        self.note(line, errors);
    }

    pub(super) fn differs(&mut self, line: u64, detail: &str) {
        self.differing += 1;
        self.note(line, vec![FieldError::new("", "differs", detail)]);
    }

    pub(super) fn difference(&mut self, difference: DeadlineDifference) {
        self.deadline_differences_total += 1;
        if self.deadline_differences.len() < MOST {
            self.deadline_differences.push(difference);
        }
    }

    fn note(&mut self, line: u64, errors: Vec<FieldError>) {
        for FieldError { pointer, code, detail } in errors {
            self.errors_total += 1;
            if self.errors.len() < MOST {
                self.errors.push(LineError { line, pointer, code, detail });
            }
        }
    }
}
