//! Integrity checks: how a figure is made better than the work, and where to look for it.
//!
//! A registry in the manner of [`super::indicators`]: from one entry come the count, the list and the words.
//! Three shapes of rule: a predicate over one fact row; an agency judged as a whole, whose dossiers are listed
//! when it stands out; dossiers that belong together by who handed them in. A flag is a reason to look, never
//! a verdict. Every rule is judged within the agency that received the dossier, so that a count is the same
//! from wherever it is asked, and parts of a tree add up.
//!
//! Imported events are judged by when they happened, as all others; they count as neither entered late nor
//! received by a person.

pub mod agencies;
pub mod count;
mod course;
mod fill;
pub mod histogram;
mod identities;
mod intake;
mod outcome;

pub use fill::{CHECKS_VERSION, Scene};

use super::error::StoreError;
use super::figures::Cut;
use super::indicators::{self, Part};
use super::query::FactQuery;
use super::tx::Tx;
use agencies::AgencyRule;
use identities::IdentityRule;

/// How heavily a flag weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Ordinary in itself; a share above that of others asks for a reason.
    Info,
    /// Often the trace of a figure made better than the work.
    Warning,
    /// Hardly explained by ordinary work.
    Serious,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Serious => "serious",
        }
    }

    /// In Vietnamese and in English.
    #[must_use]
    pub fn titles(self) -> (&'static str, &'static str) {
        match self {
            Self::Info => ("Để biết", "For information"),
            Self::Warning => ("Cần xem xét", "To be looked into"),
            Self::Serious => ("Nghiêm trọng", "Serious"),
        }
    }
}

/// How dossiers come to be flagged. Templates are SQL over one row of `facts`, with the words of [`fill`].
#[derive(Debug)]
pub enum Rule {
    /// Flagged are those of the population that also fit `flagged`.
    Row { population: &'static str, flagged: &'static str },
    /// What an indicator misses: its denominator without its numerator.
    Shortfall(&'static str),
    /// The agency stands out as a whole.
    Agency(AgencyRule),
    /// Some of the population belong together by who handed them in.
    Identity(IdentityRule),
}

/// One check.
#[derive(Debug)]
pub struct Check {
    pub id: &'static str,
    /// Where it comes from: the trade's catalogue of practices, or a rule of law.
    pub source: &'static str,
    pub severity: Severity,
    pub title_vi: &'static str,
    pub title_en: &'static str,
    /// Templates: thresholds stand in them by name.
    population_vi: &'static str,
    population_en: &'static str,
    flagged_vi: &'static str,
    flagged_en: &'static str,
    pub rule: Rule,
}

/// What auditors open into a list of dossiers.
#[derive(Debug, Clone, Copy)]
pub enum Audited {
    Check(&'static Check),
    Bucket(histogram::Bucket),
}

impl Audited {
    /// The question whose answer lists it.
    ///
    /// # Errors
    /// The database fails.
    pub fn question(self, tx: &mut Tx<'_>, cut: &Cut) -> Result<FactQuery, StoreError> {
        match self {
            Self::Check(check) => count::question(tx, cut, check),
            Self::Bucket(bucket) => Ok(bucket.question(cut)),
        }
    }
}

/// All checks, in the order in which they are shown.
pub fn all() -> impl Iterator<Item = &'static Check> {
    intake::TABLE.iter().chain(course::TABLE).chain(outcome::TABLE)
}

/// The entry with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

impl Check {
    /// Who could be flagged, in Vietnamese and in English.
    #[must_use]
    pub fn population_text(&self) -> (String, String) {
        (fill::words(self.population_vi), fill::words(self.population_en))
    }

    /// Who is, with the thresholds.
    #[must_use]
    pub fn flagged_text(&self) -> (String, String) {
        (fill::words(self.flagged_vi), fill::words(self.flagged_en))
    }

    /// The predicate of the population; never NULL.
    #[must_use]
    pub fn population(&self, scene: &Scene) -> String {
        match &self.rule {
            Rule::Row { population, .. } => scene.sure(population),
            Rule::Shortfall(id) => shortfall_of(id).predicate(Part::Denominator, &scene.instants),
            Rule::Agency(rule) => scene.sure(rule.population),
            Rule::Identity(rule) => scene.sure(rule.population),
        }
    }

    /// The predicate of those flagged; never NULL. Of an agency that stands out, where agencies are judged; of all
    /// candidates, where those flagged are named one by one.
    #[must_use]
    pub fn flagged(&self, scene: &Scene) -> String {
        match &self.rule {
            Rule::Row { population, flagged } => scene.sure(&format!("({population}) AND ({flagged})")),
            Rule::Shortfall(id) => shortfall_of(id).predicate(Part::Shortfall, &scene.instants),
            Rule::Agency(rule) => scene.sure(rule.flagged),
            Rule::Identity(rule) => scene.sure(rule.population),
        }
    }
}

fn shortfall_of(id: &str) -> &'static indicators::Indicator {
    indicators::find(id).expect("the catalogue of checks is tested")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::indicators::Instants;

    #[test]
    fn ids_are_unique_and_every_template_is_filled() {
        let mut ids: Vec<&str> = all().map(|check| check.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().count());
        let scene = Scene { instants: Instants { from: 1, to: 2, at: 3 }, ending: None };
        for check in all() {
            let (population, flagged) = (check.population_text(), check.flagged_text());
            let words =
                [check.title_vi, check.title_en, check.source, &population.0, &population.1, &flagged.0, &flagged.1];
            assert!(words.iter().all(|text| !text.is_empty() && !text.contains('{')), "{}: {words:?}", check.id);
            for predicate in [check.population(&scene), check.flagged(&scene)] {
                assert!(!predicate.contains('{') && predicate.contains("voided"), "{}: {predicate}", check.id);
            }
        }
    }

    #[test]
    fn definitions_print_the_numbers_that_decide() {
        let check = find("quick_finish").expect("a check");
        let scene = Scene { instants: Instants { from: 1, to: 2, at: 3 }, ending: None };
        assert!(check.flagged_text().0.contains("30 phút"), "{}", check.flagged_text().0);
        assert!(check.flagged(&scene).contains("worked_minutes < 30"), "{}", check.flagged(&scene));
    }
}
