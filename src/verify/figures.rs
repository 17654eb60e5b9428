//! Every indicator of the contract, counted the slow and plain way: fold each dossier, ask each predicate.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

pub use super::book::Book;
use super::case::Case;
use super::end_of_date;
use super::entry::{Method, ServiceLevel};
use super::predicates::{Period, Seen};

/// What a figure is asked for: agencies, inclusive dates in Vietnam, and how far the records are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub agencies: BTreeSet<String>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub known_at: DateTime<Utc>,
}

impl Cut {
    /// The instant the facts are taken at.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        end_of_date(self.to).min(self.known_at)
    }
}

/// Who is counted: dossiers by their uuid, payments as `uuid/n`, procedures by their code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    pub denominator: BTreeSet<String>,
    pub numerator: BTreeSet<String>,
    /// Σ worked minutes, for the mean; the numerator is the population then.
    pub sum: Option<i128>,
}

impl Figure {
    pub(super) fn count(&mut self, member: &str, (population, counts): (bool, bool)) {
        if population {
            self.denominator.insert(member.to_owned());
        }
        if counts {
            self.numerator.insert(member.to_owned());
        }
    }

    fn is_empty(&self) -> bool {
        self.denominator.is_empty() && self.numerator.is_empty()
    }
}

/// What an indicator's members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Dossier,
    Payment,
    Procedure,
}

/// Every indicator that is derived from records, with its unit.
pub const INDICATORS: &[(&str, Unit)] = &[
    ("on_time_resolved", Unit::Dossier),
    ("on_time_due", Unit::Dossier),
    ("on_time_handled", Unit::Dossier),
    ("on_time_766", Unit::Dossier),
    ("early_resolved", Unit::Dossier),
    ("overdue_open", Unit::Dossier),
    ("open_due", Unit::Dossier),
    ("online_receipt_8h", Unit::Dossier),
    ("mean_processing_days", Unit::Dossier),
    ("online_share", Unit::Dossier),
    ("post_share", Unit::Dossier),
    ("online_share_full", Unit::Dossier),
    ("online_share_full_resolved", Unit::Dossier),
    ("online_share_level_3", Unit::Dossier),
    ("online_share_level_4", Unit::Dossier),
    ("online_payment", Unit::Dossier),
    ("online_payment_transactions", Unit::Payment),
    ("online_payment_procedures", Unit::Procedure),
    ("electronic_result", Unit::Dossier),
    ("electronic_result_all", Unit::Dossier),
    ("digitised_result", Unit::Dossier),
    ("digitised_dossier", Unit::Dossier),
    ("reused_data", Unit::Dossier),
    ("procedures_full_online", Unit::Procedure),
    ("procedures_on_national_portal", Unit::Procedure),
    ("procedures_with_online", Unit::Procedure),
    ("satisfaction", Unit::Dossier),
    ("response_rate", Unit::Dossier),
    ("satisfaction_766", Unit::Dossier),
    ("paper_resubmission", Unit::Dossier),
    ("immediate_return", Unit::Dossier),
    ("apology_letters", Unit::Dossier),
    ("repeated_supplement", Unit::Dossier),
    ("withdrawn_or_stopped", Unit::Dossier),
];

fn unit_of(id: &str) -> Option<Unit> {
    INDICATORS.iter().find(|(name, _)| *name == id).map(|(_, unit)| *unit)
}

/// One figure. `None`: no such indicator.
#[must_use]
pub fn figure(book: &Book, id: &str, cut: &Cut) -> Option<Figure> {
    View::new(book, cut).figure(id)
}

/// A figure by group; groups without a member are left out. `by`: `procedure`, `field`, `channel` or `own_agency`.
/// Empty for indicators whose unit is the procedure, and for unknown names.
#[must_use]
pub fn groups(book: &Book, id: &str, cut: &Cut, by: &str) -> BTreeMap<String, Figure> {
    View::new(book, cut).groups(id, by)
}

/// A cut with its dossiers folded once, to ask many figures of.
#[derive(Debug)]
pub struct View<'a> {
    pub(super) book: &'a Book,
    pub(super) cut: &'a Cut,
    period: Period,
    /// Without voided ones.
    cases: Vec<Case>,
}

impl<'a> View<'a> {
    #[must_use]
    pub fn new(book: &'a Book, cut: &'a Cut) -> Self {
        let period = Period { from: cut.from, to: cut.to, at: cut.at() };
        let cases = book.cases(&cut.agencies, period.at, cut.known_at).filter(|case| !case.is_voided()).collect();
        Self { book, cut, period, cases }
    }

    /// The dossiers of the cut, without voided ones.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// See [`figure`].
    #[must_use]
    pub fn figure(&self, id: &str) -> Option<Figure> {
        match unit_of(id)? {
            Unit::Procedure => self.procedures(id),
            Unit::Dossier | Unit::Payment => {
                self.count(id, |_| Some("")).map(|mut all| all.remove("").unwrap_or_default())
            }
        }
        .map(|mut figure| {
            if id == "mean_processing_days" {
                figure.sum.get_or_insert(0);
            }
            figure
        })
    }

    /// See [`groups`].
    #[must_use]
    pub fn groups(&self, id: &str, by: &str) -> BTreeMap<String, Figure> {
        let counted = match unit_of(id) {
            Some(Unit::Dossier | Unit::Payment) => self.count(id, |case| match by {
                "procedure" => Some(case.procedure.as_str()),
                "field" => Some(case.snapshot.field.as_str()),
                "channel" => Some(case.channel.name()),
                "own_agency" => Some(case.agency.as_str()),
                _ => None,
            }),
            Some(Unit::Procedure) | None => None,
        };
        let members = counted.into_iter().flatten().filter(|(_, figure)| !figure.is_empty());
        members.map(|(group, figure)| (group.to_owned(), figure)).collect()
    }

    /// Counts dossiers or payments into the group that each dossier belongs to.
    fn count<'s>(
        &'s self,
        id: &str,
        group_of: impl Fn(&'s Case) -> Option<&'s str>,
    ) -> Option<BTreeMap<&'s str, Figure>> {
        let mut figures: BTreeMap<&str, Figure> = BTreeMap::new();
        for case in &self.cases {
            let Some(group) = group_of(case) else { continue };
            let figure = figures.entry(group).or_default();
            if id == "online_payment_transactions" {
                self.count_payments(case, figure);
                continue;
            }
            let seen = self.seen(case);
            let counted = seen.counted(id)?;
            figure.count(&case.dossier, counted);
            if id == "mean_processing_days"
                && let Some(finish) = seen.finish()
            {
                *figure.sum.get_or_insert(0) += i128::from(finish.worked_minutes);
            }
        }
        Some(figures)
    }

    pub(super) fn seen<'s>(&'s self, case: &'s Case) -> Seen<'s> {
        Seen { case, period: &self.period }
    }

    fn count_payments(&self, case: &Case, figure: &mut Figure) {
        for (n, payment) in case.standing_payments() {
            if self.period.holds(payment.at) {
                let member = format!("{}/{n}", case.dossier);
                figure.count(&member, (true, payment.method == Method::NationalPortal));
            }
        }
    }

    fn procedures(&self, id: &str) -> Option<Figure> {
        let mut figure = Figure::default();
        if id == "online_payment_procedures" {
            for case in &self.cases {
                figure.count(&case.procedure, self.seen(case).fee_on_portal());
            }
            return Some(figure);
        }
        let with_online: BTreeSet<&str> = self
            .cases
            .iter()
            .filter(|case| case.channel.is_online() && self.seen(case).received())
            .map(|case| case.procedure.as_str())
            .collect();
        for (code, procedure) in self.book.procedures_of(&self.cut.agencies, self.cut.to, self.cut.known_at) {
            let full = procedure.service_level == ServiceLevel::Full;
            let (population, counts) = match id {
                "procedures_full_online" => (procedure.full_online_eligible, full),
                "procedures_on_national_portal" => (full, procedure.on_national_portal),
                "procedures_with_online" => {
                    (full || procedure.service_level == ServiceLevel::Partial, with_online.contains(code))
                }
                _ => return None,
            };
            figure.count(code, (population, population && counts));
        }
        Some(figure)
    }
}
