//! The law's periodic reports: every column once, and from it both its number and its list.
//!
//! A column is a predicate over one fact row at a cut, in the words of [`super::indicators`] and of the sets below,
//! which say what becomes of dossiers that were stopped or withdrawn. Sums are columns with predicates of their own:
//! that they add up is checked for every row of every report, not assumed.

mod compute;
mod form_06a;
mod form_07a;
mod report;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use compute::{Ask, compute};
pub use form_06a::LAYOUT as FORM_06A;
pub use form_07a::LAYOUT as FORM_07A;
pub use report::{Counted, Report, Row, RowKind, Share};

use super::figures::Cut;
use super::indicators::Instants;
use super::query::FactQuery;

/// A text for people, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    pub vi: &'static str,
    pub en: &'static str,
}

/// One column of a form.
#[derive(Debug)]
pub struct Column {
    /// As the form numbers it; for what is printed beside the form, a name.
    pub number: &'static str,
    /// The headings above it, outermost first; neighbours under the same heading share it.
    pub under: &'static [Words],
    pub title: Words,
    predicate: &'static str,
    /// Columns of which it is the sum.
    pub parts: &'static [&'static str],
}

/// One form of the law.
#[derive(Debug)]
pub struct Layout {
    /// As in the path: `06a`.
    pub id: &'static str,
    /// The number that stands at the head of the form.
    pub form: Words,
    pub title: Words,
    /// Changes when a column does; every report carries it.
    pub version: u32,
    pub columns: &'static [Column],
    /// Sums over the groups of the form, beside those of its columns.
    balances: &'static [(&'static str, &'static [&'static str])],
    /// What the reader should know of the form.
    pub notes: &'static [Words],
}

/// What becomes of dossiers that were stopped or withdrawn in the period, after receipt and without a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// In none of the columns of received, resolved and open: (8+9)/7 is the on-time rate of what was resolved.
    #[default]
    Exclude,
    /// Among the resolved, early, on time or late by their end.
    AsResolved,
}

/// By what the rows of a report are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowsBy {
    /// Lĩnh vực, in a section for each level of agency.
    #[default]
    Field,
    /// Procedures below their field, in a section for each level of agency.
    Procedure,
    /// The agency itself and the agencies directly below it, each with all that lies below.
    Agency,
}

/// Dates in Vietnam as whole days since 1970, from microseconds; alike on both databases.
macro_rules! day {
    ($instant:literal) => {
        concat!("(", $instant, " + 25200000000) / 86400000000")
    };
}

/// The sets that depend on the treatment of the ended. The others are those of the indicators.
const EXCLUDE: [(&str, &str); 6] = [
    // At the cut, what was received in P and ended without a finish did so in P.
    ("{Received}", "({N} AND (finished_at IS NOT NULL OR ended_at IS NULL))"),
    (
        "{Carried}",
        "(NOT voided AND received_at < {from} AND (finished_at >= {from} OR (finished_at IS NULL AND ended_at IS NULL)))",
    ),
    ("{Resolved}", "{F}"),
    ("{Early}", "({F} AND class = 'early')"),
    ("{OnTime}", "({F} AND class = 'on_time')"),
    ("{Late}", "({F} AND class = 'late')"),
];
const AS_RESOLVED: [(&str, &str); 6] = [
    ("{Received}", "{N}"),
    (
        "{Carried}",
        "(NOT voided AND received_at < {from} AND (finished_at >= {from} \
           OR (finished_at IS NULL AND (ended_at IS NULL OR ended_at >= {from}))))",
    ),
    ("{Resolved}", "({F} OR {X})"),
    (
        "{Early}",
        concat!("(({F} AND class = 'early') OR ({X} AND ", day!("ended_at"), " < ", day!("figure_due_strict"), "))"),
    ),
    (
        "{OnTime}",
        concat!(
            "(({F} AND class = 'on_time') OR ({X} AND ended_at <= figure_due_strict AND ",
            day!("ended_at"),
            " = ",
            day!("figure_due_strict"),
            "))"
        ),
    ),
    ("{Late}", "(({F} AND class = 'late') OR ({X} AND ended_at > figure_due_strict))"),
];

/// Printed beside every form, whatever becomes of them in its columns.
static BESIDE: [Column; 2] = [
    Column {
        number: "stopped",
        under: &[],
        title: Words { vi: "Hồ sơ dừng giải quyết trong kỳ", en: "Stopped in the period" },
        predicate: STOPPED,
        parts: &[],
    },
    Column {
        number: "withdrawn",
        under: &[],
        title: Words {
            vi: "Hồ sơ rút trong kỳ, sau khi tiếp nhận", en: "Withdrawn in the period, after receipt"
        },
        predicate: WITHDRAWN,
        parts: &[],
    },
];
const STOPPED: &str = "({X} AND state = 'stopped')";
const WITHDRAWN: &str = "({X} AND state = 'withdrawn')";

/// All forms.
pub static LAYOUTS: [&Layout; 2] = [&FORM_06A, &FORM_07A];

/// The form with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().copied().find(|layout| layout.id == id)
}

impl Layout {
    /// The column of this number; also what is printed beside the form.
    #[must_use]
    pub fn column(&self, number: &str) -> Option<&'static Column> {
        let mut all = self.columns.iter().chain(self.beside());
        all.find(|column| column.number == number)
    }

    /// Counted and printed beside the form: the stopped and the withdrawn.
    #[must_use]
    pub fn beside(&self) -> &'static [Column] {
        &BESIDE
    }

    /// Every sum of the form with its parts.
    pub fn identities(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let columns = self.columns.iter().filter(|column| !column.parts.is_empty());
        columns.map(|column| (column.number, column.parts)).chain(self.balances.iter().copied())
    }
}

impl Column {
    /// The predicate at a cut; never NULL.
    #[must_use]
    pub fn predicate(&self, ended: Ended, instants: &Instants) -> String {
        let mut text = self.predicate.to_owned();
        for (name, definition) in ended.sets() {
            text = text.replace(name, definition);
        }
        format!("COALESCE(({}), FALSE)", instants.fill(&text))
    }

    /// The question whose answer lists who is counted.
    #[must_use]
    pub fn question(&self, ended: Ended, cut: &Cut) -> FactQuery {
        cut.asking(self.predicate(ended, &cut.instants()))
    }

    /// `4+5+6`; none where it is no sum.
    #[must_use]
    pub fn formula(&self) -> Option<String> {
        (!self.parts.is_empty()).then(|| self.parts.join("+"))
    }
}

impl Ended {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Exclude, Self::AsResolved].into_iter().find(|ended| ended.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::AsResolved => "as_resolved",
        }
    }

    fn sets(self) -> [(&'static str, &'static str); 6] {
        match self {
            Self::Exclude => EXCLUDE,
            Self::AsResolved => AS_RESOLVED,
        }
    }
}

impl RowsBy {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Field, Self::Procedure, Self::Agency].into_iter().find(|by| by.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Procedure => "procedure",
            Self::Agency => "agency",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_templates_are_filled_and_sums_name_columns() {
        let instants = Instants { from: 1, to: 2, at: 3 };
        for layout in LAYOUTS {
            let mut numbers: Vec<&str> = layout.columns.iter().map(|column| column.number).collect();
            assert!(numbers.iter().zip(3..).all(|(number, place)| *number == place.to_string()), "{numbers:?}");
            numbers.extend(layout.beside().iter().map(|column| column.number));
            for column in numbers.iter().filter_map(|number| layout.column(number)) {
                for ended in [Ended::Exclude, Ended::AsResolved] {
                    let predicate = column.predicate(ended, &instants);
                    assert!(!predicate.contains('{'), "{} of {}: {predicate}", column.number, layout.id);
                }
            }
            for (sum, parts) in layout.identities() {
                assert!(parts.iter().chain([&sum]).all(|number| numbers.contains(number)), "{sum} of {}", layout.id);
            }
        }
    }
}
