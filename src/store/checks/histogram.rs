//! When work is finished, relative to the strict due instant: by days, and on the due day by hours, so that a
//! spike in the last hour shows.

use super::fill::Scene;
use crate::store::error::StoreError;
use crate::store::figures::Cut;
use crate::store::query::{FactQuery, Tally};
use crate::store::tx::Tx;

/// Days this far from the due day, and beyond, are one bucket.
pub const MOST_DAYS: i64 = 30;
/// Hours this far before the due instant, and beyond, are one bucket.
pub const MOST_HOURS: i64 = 10;

/// In no bucket: not finished in the period, or not on the due day.
const NOWHERE: &str = "-99";

/// Date of the finish less the due date, in Vietnam.
const DAYS: &str = "CASE WHEN {F} THEN CASE \
     WHEN (finished_at + {zone}) / {day} - (figure_due_strict + {zone}) / {day} < -{most_days} THEN -{most_days} \
     WHEN (finished_at + {zone}) / {day} - (figure_due_strict + {zone}) / {day} > {most_days} THEN {most_days} \
     ELSE (finished_at + {zone}) / {day} - (figure_due_strict + {zone}) / {day} END ELSE {nowhere} END";

/// Of the due day: whole hours left; past the instant: -1.
const HOURS: &str = "CASE WHEN {F} AND (finished_at + {zone}) / {day} = (figure_due_strict + {zone}) / {day} THEN CASE \
     WHEN finished_at > figure_due_strict THEN -1 \
     WHEN (figure_due_strict - finished_at) / {hour} > {most_hours} THEN {most_hours} \
     ELSE (figure_due_strict - finished_at) / {hour} END ELSE {nowhere} END";

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Finished so many days after the due day (below zero: before); the first and the last hold those beyond.
    Day(i64),
    /// On the due day, so many whole hours before the due instant; the last holds those before.
    Hour(i64),
    /// On the due day, past the due instant.
    Past,
}

impl Bucket {
    /// All of them, in order: each finish is in one of the days; those of the due day also in one of the others.
    pub fn all() -> impl Iterator<Item = Self> {
        let hours = (0..=MOST_HOURS).rev().map(Self::Hour);
        (-MOST_DAYS..=MOST_DAYS).map(Self::Day).chain(hours).chain([Self::Past])
    }

    /// Its name in links.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Day(days) => format!("day:{days}"),
            Self::Hour(hours) => format!("hour:{hours}"),
            Self::Past => "past".to_owned(),
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|bucket| bucket.id() == text)
    }

    /// Its place in the expression that sorts finishes into buckets.
    fn value(self) -> i64 {
        match self {
            Self::Day(value) | Self::Hour(value) => value,
            Self::Past => -1,
        }
    }

    /// The question whose answer lists it.
    #[must_use]
    pub fn question(self, cut: &Cut) -> FactQuery {
        let expression = match self {
            Self::Day(_) => DAYS,
            Self::Hour(_) | Self::Past => HOURS,
        };
        cut.asking(format!("{} = {}", expression_of(cut, expression), self.value()))
    }
}

fn expression_of(cut: &Cut, template: &str) -> String {
    let numbers = [("{most_days}", MOST_DAYS), ("{most_hours}", MOST_HOURS), ("{zone}", 7 * 3_600_000_000)];
    let filled = numbers
        .iter()
        .fold(template.replace("{nowhere}", NOWHERE), |text, (name, number)| text.replace(name, &number.to_string()));
    Scene { instants: cut.instants(), ending: None }.fill(&filled)
}

/// How many finishes of the cut are in each bucket.
///
/// # Errors
/// The database fails.
pub fn histogram(tx: &mut Tx<'_>, cut: &Cut) -> Result<Vec<(Bucket, i64)>, StoreError> {
    let [days, hours] = [DAYS, HOURS].map(|template| format!("CAST({} AS TEXT)", expression_of(cut, template)));
    let agencies: Vec<String> = cut.agencies.iter().cloned().collect();
    let rows = tx.tally(&Tally {
        table: "facts",
        agencies: &agencies,
        at: cut.at().timestamp_micros(),
        known_at: cut.known_at.timestamp_micros(),
        filters: &cut.filters,
        keys: [&days, &hours, "''"],
        sums: &["1".to_owned()],
    })?;
    let of = |bucket: Bucket| {
        let key = usize::from(!matches!(bucket, Bucket::Day(_)));
        let value = bucket.value().to_string();
        (bucket, rows.iter().filter(|row| row.keys[key] == value).map(|row| row.sums[0]).sum())
    };
    Ok(Bucket::all().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_read_as_they_are_written() {
        assert!(Bucket::all().all(|bucket| Bucket::parse(&bucket.id()) == Some(bucket)));
        assert_eq!(Bucket::all().count(), 61 + 11 + 1);
        assert_eq!(Bucket::parse("day:31"), None);
    }
}
