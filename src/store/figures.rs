//! From a cut to figures, and from a figure to the question that lists what is behind it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::catalogues::{Catalogues, Tree};
use super::error::StoreError;
use super::indicators::{Indicator, Instants, Part, Subject};
use super::query::{FactQuery, Filters, Tally};
use super::tx::Tx;
use crate::domain::catalogue::{Procedure, ServiceLevel};
pub use crate::domain::score::{days, percent};
use crate::domain::time::{Instant, end_of_day, start_of_day};

/// Which agencies' dossiers, in which period, as known when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The agencies whose dossiers count: the caller's scope, already applied.
    pub agencies: BTreeSet<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub known_at: Instant,
    pub filters: Filters,
}

impl Cut {
    /// Where stocks are judged: the end of the period, or what is known if that is earlier.
    #[must_use]
    pub fn at(&self) -> Instant {
        end_of_day(self.to).min(self.known_at)
    }

    #[must_use]
    pub fn instants(&self) -> Instants {
        Instants {
            from: start_of_day(self.from).timestamp_micros(),
            to: end_of_day(self.to).timestamp_micros(),
            at: self.at().timestamp_micros(),
        }
    }

    /// The question whose answer lists a part of an indicator of dossiers or payments.
    #[must_use]
    pub fn question(&self, indicator: &Indicator, part: Part) -> FactQuery {
        self.asking(indicator.predicate(part, &self.instants()))
    }

    /// The question whose answer lists everything of the cut for which a predicate of a registry holds.
    #[must_use]
    pub fn asking(&self, predicate: String) -> FactQuery {
        FactQuery {
            agencies: self.agencies.iter().cloned().collect(),
            at: self.at().timestamp_micros(),
            known_at: self.known_at.timestamp_micros(),
            predicate: Some(predicate),
            procedure: self.filters.procedure.clone(),
            field: self.filters.field.clone(),
            channel: self.filters.channel.clone(),
            online_only: self.filters.online_only,
            ..FactQuery::default()
        }
    }

    /// The months of the period, each cut to it.
    #[must_use]
    pub fn months(&self) -> Vec<(String, Self)> {
        let mut months = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let next = from.with_day(1).and_then(|first| first.checked_add_months(chrono::Months::new(1)));
            let Some(next) = next else { break };
            let to = next.pred_opt().unwrap_or(self.to).min(self.to);
            months.push((from.format("%Y-%m").to_string(), Self { from, to, ..self.clone() }));
            from = next;
        }
        months
    }
}

/// By what a figure is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    Agency,
    Procedure,
    Field,
    Channel,
    Month,
}

impl GroupBy {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "agency" => Some(Self::Agency),
            "procedure" => Some(Self::Procedure),
            "field" => Some(Self::Field),
            "channel" => Some(Self::Channel),
            "month" => Some(Self::Month),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Procedure => "procedure",
            Self::Field => "field",
            Self::Channel => "channel",
            Self::Month => "month",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Agency => "agency_id",
            Self::Procedure => "procedure",
            Self::Field => "field",
            Self::Channel => "channel",
            Self::Month => "''",
        }
    }
}

/// Exact counts. For `days` the numerator is the sum of minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub numerator: i64,
    pub denominator: i64,
    /// `satisfaction` only: rated of F, and F.
    pub responses: Option<(i64, i64)>,
}

impl Counts {
    /// How many are in a part, where the unit is not days.
    #[must_use]
    pub fn of(&self, part: Part) -> i64 {
        match part {
            Part::Denominator => self.denominator,
            Part::Numerator => self.numerator,
            Part::Shortfall => self.denominator - self.numerator,
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.numerator += other.numerator;
        self.denominator += other.denominator;
        if let Some((rated, finished)) = other.responses {
            let (a, b) = self.responses.unwrap_or_default();
            self.responses = Some((a + rated, b + finished));
        }
    }
}

/// One figure: an indicator, perhaps of one group.
#[derive(Debug, Clone)]
pub struct Figure {
    pub indicator: &'static Indicator,
    pub group: Option<String>,
    pub counts: Counts,
}

/// Figures of a cut, in the order asked for; with groups, every group that occurs. For months see [`by_month`].
///
/// # Errors
/// The database fails.
pub fn figures(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
    indicators: &[&'static Indicator],
    by: Option<GroupBy>,
    children: &BTreeMap<String, String>,
) -> Result<Vec<Figure>, StoreError> {
    debug_assert!(by != Some(GroupBy::Month), "each month is a cut of its own");
    let mut found: Vec<BTreeMap<String, Counts>> = vec![BTreeMap::new(); indicators.len()];
    let group = |key: &str| match by {
        None => String::new(),
        Some(GroupBy::Agency) => children.get(key).cloned().unwrap_or_else(|| key.to_owned()),
        Some(_) => key.to_owned(),
    };
    rows(tx, cut, indicators, by, &group, &mut found)?;
    for (i, indicator) in indicators.iter().enumerate() {
        if matches!(indicator.subject, Subject::ProcedureOfDossiers | Subject::Catalogue) {
            for ((key, _), inside) in procedures(tx, catalogues, cut, indicator, by, &group)? {
                let counts = found[i].entry(key).or_default();
                counts.denominator += 1;
                counts.numerator += i64::from(inside);
            }
        }
        if by.is_none() {
            found[i].entry(String::new()).or_default();
        }
    }
    Ok(in_order(indicators, found, by.is_some()))
}

/// Figures of months, each a cut of its own: its agencies are those of the tree at the month's end.
///
/// # Errors
/// The database fails.
pub fn by_month(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    months: &[(String, Cut)],
    indicators: &[&'static Indicator],
) -> Result<Vec<Figure>, StoreError> {
    let mut found: Vec<BTreeMap<String, Counts>> = vec![BTreeMap::new(); indicators.len()];
    for (month, cut) in months {
        let figures = figures(tx, catalogues, cut, indicators, None, &BTreeMap::new())?;
        for (groups, figure) in found.iter_mut().zip(figures) {
            groups.insert(month.clone(), figure.counts);
        }
    }
    Ok(in_order(indicators, found, true))
}

fn in_order(indicators: &[&'static Indicator], found: Vec<BTreeMap<String, Counts>>, grouped: bool) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (indicator, groups) in indicators.iter().zip(found) {
        for (key, counts) in groups {
            figures.push(Figure { indicator, group: grouped.then_some(key), counts });
        }
    }
    figures
}

/// Counts of dossier and payment indicators: one scan per table.
fn rows(
    tx: &mut Tx<'_>,
    cut: &Cut,
    indicators: &[&'static Indicator],
    by: Option<GroupBy>,
    group: &dyn Fn(&str) -> String,
    found: &mut [BTreeMap<String, Counts>],
) -> Result<(), StoreError> {
    let instants = cut.instants();
    let one = |predicate: String| format!("CASE WHEN {predicate} THEN 1 ELSE 0 END");
    for (subject, table) in [(Subject::Dossier, "facts"), (Subject::Payment, "payments")] {
        let asked: Vec<usize> = (0..indicators.len()).filter(|i| indicators[*i].subject == subject).collect();
        if asked.is_empty() {
            continue;
        }
        let mut sums = Vec::new();
        for i in &asked {
            let indicator = indicators[*i];
            sums.push(one(indicator.predicate(Part::Denominator, &instants)));
            let numerator = indicator.predicate(Part::Numerator, &instants);
            sums.push(if indicator.in_days {
                format!("CASE WHEN {numerator} THEN worked_minutes ELSE 0 END")
            } else {
                one(numerator)
            });
        }
        if subject == Subject::Dossier {
            sums.push(one(format!("COALESCE({} AND rated_at IS NOT NULL, FALSE)", instants.fill("{F}"))));
            sums.push(one(format!("COALESCE({}, FALSE)", instants.fill("{F}"))));
        }
        for row in tally(tx, cut, table, [by.map_or("''", GroupBy::column), "''"], &sums)? {
            let key = group(&row.keys[0]);
            for (slot, i) in asked.iter().enumerate() {
                let responses = match row.sums.as_slice() {
                    [.., rated, finished] if indicators[*i].id == "satisfaction" => Some((*rated, *finished)),
                    _ => None,
                };
                let counts = Counts { denominator: row.sums[2 * slot], numerator: row.sums[2 * slot + 1], responses };
                let rated = responses.is_some_and(|(_, finished)| finished != 0);
                if counts.denominator != 0 || counts.numerator != 0 || rated || by.is_none() {
                    *found[*i].entry(key.clone()).or_default() += counts;
                }
            }
        }
    }
    Ok(())
}

fn tally(
    tx: &mut Tx<'_>,
    cut: &Cut,
    table: &'static str,
    [first, second]: [&'static str; 2],
    sums: &[String],
) -> Result<Vec<super::query::TallyRow>, StoreError> {
    let agencies: Vec<String> = cut.agencies.iter().cloned().collect();
    let instants = cut.instants();
    tx.tally(&Tally {
        table,
        agencies: &agencies,
        at: instants.at,
        known_at: cut.known_at.timestamp_micros(),
        filters: &cut.filters,
        keys: [first, second, "''"],
        sums,
    })
}

/// Procedures of an indicator by (group, code): whether each is in the numerator.
fn procedures(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
    indicator: &Indicator,
    by: Option<GroupBy>,
    group: &dyn Fn(&str) -> String,
) -> Result<BTreeMap<(String, String), bool>, StoreError> {
    let instants = cut.instants();
    let mut found = BTreeMap::new();
    if indicator.subject == Subject::ProcedureOfDossiers {
        let sums = [Part::Denominator, Part::Numerator]
            .map(|part| format!("CASE WHEN {} THEN 1 ELSE 0 END", indicator.predicate(part, &instants)));
        for row in tally(tx, cut, "facts", [by.map_or("''", GroupBy::column), "procedure"], &sums)? {
            if row.sums[0] > 0 {
                let inside: &mut bool = found.entry((group(&row.keys[0]), row.keys[1].clone())).or_default();
                *inside |= row.sums[1] > 0;
            }
        }
        return Ok(found);
    }
    let with_online = indicator.id == "procedures_with_online";
    let mut online: BTreeSet<(String, String)> = BTreeSet::new();
    if with_online {
        let predicate = indicator.predicate(Part::Numerator, &instants);
        let key = if by == Some(GroupBy::Agency) { "agency_id" } else { "''" };
        // A filter by field is about the procedure as the catalogue has it now, not as it was at receipt.
        let cut = Cut { filters: Filters { field: None, ..cut.filters.clone() }, ..cut.clone() };
        for row in tally(tx, &cut, "facts", [key, "procedure"], &[format!("CASE WHEN {predicate} THEN 1 ELSE 0 END")])?
        {
            if row.sums[0] > 0 {
                let place = if by == Some(GroupBy::Agency) { group(&row.keys[0]) } else { String::new() };
                online.insert((place, row.keys[1].clone()));
            }
        }
    }
    for (place, agencies) in places(cut, by, group) {
        for (code, procedure) in catalogue(tx, catalogues, cut, &agencies)? {
            let inside = match indicator.id {
                "procedures_full_online" if !procedure.full_online_eligible => continue,
                "procedures_full_online" => procedure.service_level == ServiceLevel::Full,
                "procedures_on_national_portal" if procedure.service_level != ServiceLevel::Full => continue,
                "procedures_on_national_portal" => procedure.on_national_portal,
                _ if procedure.service_level == ServiceLevel::Information => continue,
                _ => online.contains(&(place.clone(), code.clone())),
            };
            let key = match by {
                Some(GroupBy::Field) => procedure.field.clone(),
                Some(GroupBy::Procedure) => code.clone(),
                _ => place.clone(),
            };
            found.insert((key, code), inside);
        }
    }
    Ok(found)
}

/// The agencies of each group when grouped by agency; else all of them under the empty name.
fn places(cut: &Cut, by: Option<GroupBy>, group: &dyn Fn(&str) -> String) -> BTreeMap<String, BTreeSet<String>> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for agency in &cut.agencies {
        let place = if by == Some(GroupBy::Agency) { group(agency) } else { String::new() };
        places.entry(place).or_default().insert(agency.clone());
    }
    places
}

/// Procedures in force at the period's end that are handled at a level of `agencies`.
fn catalogue(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
    agencies: &BTreeSet<String>,
) -> Result<BTreeMap<String, Procedure>, StoreError> {
    let all = catalogues.agencies(tx)?;
    let tree = Tree::new(&all, cut.to, cut.known_at);
    let levels: BTreeSet<_> = agencies.iter().filter_map(|code| tree.get(code)).map(|agency| agency.level).collect();
    let documents = catalogues.procedures(tx)?;
    let filters = &cut.filters;
    let found = documents
        .all_at(cut.to, cut.known_at)
        .filter(|(_, revision)| revision.body.offered_on(cut.to))
        .filter(|(_, revision)| revision.body.levels.iter().any(|level| levels.contains(level)))
        .filter(|(code, _)| filters.procedure.as_deref().is_none_or(|wanted| wanted == *code))
        .filter(|(_, revision)| filters.field.as_deref().is_none_or(|wanted| wanted == revision.body.field))
        .map(|(code, revision)| (code.to_owned(), revision.body.clone()));
    Ok(found.collect())
}

/// Codes of the procedures in a part of an indicator whose unit is the procedure.
///
/// # Errors
/// The database fails.
pub fn procedure_list(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    cut: &Cut,
    indicator: &Indicator,
    part: Part,
) -> Result<Vec<String>, StoreError> {
    let found = procedures(tx, catalogues, cut, indicator, None, &|_| String::new())?;
    let wanted = |inside: bool| match part {
        Part::Denominator => true,
        Part::Numerator => inside,
        Part::Shortfall => !inside,
    };
    Ok(found.into_iter().filter(|(_, inside)| wanted(*inside)).map(|((_, code), _)| code).collect())
}

/// The instant from which a figure known at `known_at` can no longer change.
#[must_use]
pub fn settled(known_at: Instant, now: Instant) -> bool {
    known_at <= now - chrono::Duration::seconds(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_cover_the_period_without_overlap() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let cut = Cut {
            agencies: BTreeSet::new(),
            from: date(2024, 1, 20),
            to: date(2024, 3, 5),
            known_at: Instant::UNIX_EPOCH,
            filters: Filters::default(),
        };
        let months: Vec<_> = cut.months().into_iter().map(|(m, c)| (m, c.from, c.to)).collect();
        assert_eq!(
            months,
            [
                ("2024-01".to_owned(), date(2024, 1, 20), date(2024, 1, 31)),
                ("2024-02".to_owned(), date(2024, 2, 1), date(2024, 2, 29)),
                ("2024-03".to_owned(), date(2024, 3, 1), date(2024, 3, 5)),
            ]
        );
    }
}
