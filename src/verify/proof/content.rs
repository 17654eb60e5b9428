//! What was frozen, read by this module's own definitions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use serde::Deserialize;

use crate::verify::chain::Head;
use crate::verify::figures::Cut;
use crate::verify::reports::{Ended, Form, Key, RowsBy};

/// The parts of a frozen report that are claims; names of agencies and the like are passed over.
#[derive(Debug, Clone, Deserialize)]
pub struct Content {
    pub id: String,
    pub agency: String,
    pub label: String,
    pub basis: String,
    pub report: Report,
    /// Hashes, row by row and column by column.
    pub dossiers: Vec<Vec<String>>,
    pub indicators: Vec<Indicator>,
    heads: Vec<FrozenHead>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Report {
    pub report: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub known_at: String,
    pub at: String,
    pub ended: String,
    pub rows_by: String,
    pub agencies: Vec<Counted>,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Counted {
    pub code: String,
    pub row: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    pub level: Option<String>,
    pub field: Option<String>,
    pub procedure: Option<String>,
    pub agency: Option<String>,
    pub cells: Vec<i64>,
    pub on_time_resolved: Share,
    pub on_time_due: Share,
    pub stopped: i64,
    pub withdrawn: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Share {
    pub numerator: i64,
    pub denominator: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Indicator {
    pub id: String,
    pub numerator: i64,
    pub denominator: i64,
    pub numerator_dossiers: Option<String>,
    pub denominator_dossiers: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct FrozenHead {
    agency: String,
    seq: i64,
    hash: String,
    recorded_at: DateTime<FixedOffset>,
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let read = DateTime::parse_from_rfc3339(text).map_err(|error| format!("`{text}` is not a time: {error}"))?;
    Ok(read.with_timezone(&Utc))
}

impl Content {
    /// # Errors
    /// It is not the content of a computed report.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let content: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if content.basis != "computed" {
            return Err(format!("a report that is `{}` has no proof", content.basis));
        }
        if content.dossiers.len() != content.report.rows.len() {
            return Err("rows and their hashes differ in number".to_owned());
        }
        let width = content.report.columns.len();
        let complete = |(row, hashes): (&Row, &Vec<String>)| row.cells.len() == width && hashes.len() == width;
        if !content.report.rows.iter().zip(&content.dossiers).all(complete) {
            return Err("columns and their hashes differ in number".to_owned());
        }
        Ok(content)
    }

    /// # Errors
    /// It is not a time.
    pub fn known_at(&self) -> Result<DateTime<Utc>, String> {
        instant(&self.report.known_at)
    }

    #[must_use]
    pub fn counts(&self, agency: &str) -> bool {
        self.report.agencies.iter().any(|counted| counted.code == agency)
    }

    /// By agency code.
    ///
    /// # Errors
    /// One stands twice.
    pub fn heads(&self) -> Result<Vec<Head>, String> {
        let mut heads: Vec<Head> = self
            .heads
            .iter()
            .map(|head| Head {
                agency: head.agency.clone(),
                seq: head.seq,
                hash: head.hash.clone(),
                recorded_at: head.recorded_at.with_timezone(&Utc),
            })
            .collect();
        heads.sort_by(|a, b| a.agency.cmp(&b.agency));
        if heads.windows(2).any(|pair| pair[0].agency == pair[1].agency) {
            return Err("an agency has two".to_owned());
        }
        Ok(heads)
    }

    #[must_use]
    pub fn head_count(&self) -> usize {
        self.heads.len()
    }

    /// # Errors
    /// What cannot be read, or does not fit together.
    pub fn cut(&self) -> Result<Cut, String> {
        let agencies: BTreeSet<String> = self.report.agencies.iter().map(|counted| counted.code.clone()).collect();
        let cut = Cut { agencies, from: self.report.from, to: self.report.to, known_at: self.known_at()? };
        if cut.at() != instant(&self.report.at)? {
            return Err(format!("`at` is {}, not {}", cut.at(), self.report.at));
        }
        Ok(cut)
    }

    /// # Errors
    /// Words that are not known here.
    pub fn form(&self) -> Result<(Form, Ended, RowsBy), String> {
        let form = Form::named(&self.report.report).ok_or_else(|| format!("no form {}", self.report.report))?;
        let ended = match self.report.ended.as_str() {
            "exclude" => Ended::Exclude,
            "as_resolved" => Ended::AsResolved,
            other => return Err(format!("`{other}` is no treatment of the ended")),
        };
        let by = match self.report.rows_by.as_str() {
            "field" => RowsBy::Field,
            "procedure" => RowsBy::Procedure,
            "agency" => RowsBy::Agency,
            other => return Err(format!("no rows by `{other}`")),
        };
        Ok((form, ended, by))
    }

    /// The row of each agency.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<String, String> {
        let agencies = self.report.agencies.iter();
        agencies.filter_map(|counted| Some((counted.code.clone(), counted.row.clone()?))).collect()
    }
}

impl Row {
    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            level: self.level.clone(),
            field: self.field.clone(),
            procedure: self.procedure.clone(),
            agency: self.agency.clone(),
        }
    }

    /// For people.
    #[must_use]
    pub fn name(&self) -> String {
        let parts = [&self.level, &self.field, &self.procedure, &self.agency];
        let named: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if named.is_empty() { "total".to_owned() } else { named.join(" / ") }
    }
}
