//! A plan against the figures: target by target.

pub mod outlook;
pub mod series;
pub mod siblings;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::catalogues::{Catalogues, Tree};
use super::declarations::{Declared, Question, Standing, declared, standing_for};
use super::error::StoreError;
use super::figures::{Counts, Cut, figures};
use super::indicators::{Direction, Indicator, find};
use super::query::Filters;
use super::tx::Tx;
use crate::domain::score::{Fraction, Needed, compare, needed};
use crate::domain::time::Instant;
use crate::plans::{Comparator, Period, Plan, ScopeChannel, Target};

/// Whether a target is reached; `None` when the source gives no figure to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Met,
    Missed,
    /// Nothing to judge: an empty denominator, or no declared value.
    NoData,
}

/// A computed figure of a target.
#[derive(Debug, Clone)]
pub struct Actual {
    pub indicator: &'static Indicator,
    pub counts: Counts,
    /// For growth targets: the same of the base period.
    pub base: Option<Counts>,
    /// Judged against the target's threshold, where that makes sense.
    pub status: Option<Status>,
    pub cut: Cut,
}

/// What seems wrong with a row, for people to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// One on-time rate passes and the other fails.
    OnTimeRatesDisagree,
    /// The declared value has not been reviewed: it does not count yet.
    DeclarationPending,
    /// The declared value was rejected: it does not count.
    DeclarationRejected,
    /// A later version than the accepted one awaits its review.
    DeclarationSuperseding,
    /// The declared value is not the computed one, which stands.
    DeclarationDiffers,
}

/// One row of a scorecard.
#[derive(Debug, Clone)]
pub struct Row {
    pub target: Target,
    pub period: Period,
    /// None: the value is declared.
    pub actual: Option<Actual>,
    /// What the agency declared for just this period; beside a computed figure it decides nothing.
    pub declared: Option<Declared>,
    pub status: Option<Status>,
    pub needed: Option<Needed>,
    pub beside: Vec<Actual>,
    pub cautions: Vec<Caution>,
}

/// What a scorecard is asked for: the plan's own body and period unless others are named.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whose scorecard it is, and so whose declarations stand in it.
    pub agency: String,
    /// The agencies that count, already confined to the caller's reach.
    pub agencies: BTreeSet<String>,
    /// The day whose tree says where agencies stand: merged ones with their successor, in every month and base period.
    pub tree: NaiveDate,
    pub period: Option<Period>,
    pub known_at: Instant,
}

/// The on-time rates that always stand side by side.
const ON_TIME: [&str; 2] = ["on_time_resolved", "on_time_due"];

/// # Errors
/// The database fails.
pub fn scorecard(tx: &mut Tx<'_>, catalogues: &Catalogues, plan: &Plan, ask: &Ask) -> Result<Vec<Row>, StoreError> {
    let question = Question {
        agencies: vec![ask.agency.clone()],
        plan: Some(plan.id.clone()),
        known_at: ask.known_at.timestamp_micros(),
        ..Question::default()
    };
    let versions = declared(tx, &question)?;
    let mut rows = Vec::with_capacity(plan.targets.len());
    for target in &plan.targets {
        let mut row = row(tx, catalogues, target, ask, period_of(plan, target, ask))?;
        row.declare(&versions);
        rows.push(row);
    }
    Ok(rows)
}

/// The period asked for, else the target's own, else the plan's.
#[must_use]
pub fn period_of(plan: &Plan, target: &Target, ask: &Ask) -> Period {
    ask.period.or(target.period).unwrap_or(Period { from: plan.from, to: plan.to })
}

impl Row {
    /// Puts what was declared beside the figure, or in its place where there is none.
    fn declare(&mut self, versions: &[Declared]) {
        let Some((declared, waiting)) = standing_for(versions, &self.target.key, self.period) else { return };
        match declared.standing() {
            Standing::Pending => self.cautions.push(Caution::DeclarationPending),
            Standing::Rejected => self.cautions.push(Caution::DeclarationRejected),
            Standing::Accepted if waiting => self.cautions.push(Caution::DeclarationSuperseding),
            Standing::Accepted => {}
        }
        let rejected = declared.standing() == Standing::Rejected;
        if let Some(actual) = &self.actual {
            let exact = value_of(&self.target, actual.indicator, actual.counts, actual.base);
            if !rejected && exact.is_none_or(|exact| !declared.content.agrees_with(exact)) {
                self.cautions.push(Caution::DeclarationDiffers);
            }
        } else if declared.standing() == Standing::Accepted {
            self.status = self.target.threshold_ratio().map(|threshold| match declared.content.fraction() {
                None => Status::NoData,
                Some(value) if self.target.comparator.holds(compare(value, threshold)) => Status::Met,
                Some(_) => Status::Missed,
            });
        }
        self.declared = Some(declared.clone());
    }
}

/// The indicators of a target: its own first, then those that stand beside it; none when it is declared.
fn indicators_of(target: &Target) -> Vec<&'static Indicator> {
    let Some(own) = target.indicator.as_deref().and_then(find) else { return Vec::new() };
    let mut wanted = vec![own];
    let on_time = ON_TIME.iter().copied().filter(|_| ON_TIME.contains(&own.id));
    for other in target.beside.iter().map(String::as_str).chain(on_time).filter_map(find) {
        if wanted.iter().all(|known| known.id != other.id) {
            wanted.push(other);
        }
    }
    wanted
}

fn row(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    target: &Target,
    ask: &Ask,
    period: Period,
) -> Result<Row, StoreError> {
    let wanted = indicators_of(target);
    let cut = cut_of(tx, catalogues, target, ask, period)?;
    let found = figures(tx, catalogues, &cut, &wanted, None, &BTreeMap::new())?;
    let found: Vec<(&'static Indicator, Counts)> = found.iter().map(|one| (one.indicator, one.counts)).collect();
    let base = base_of(tx, catalogues, target, ask)?;
    Ok(Row::judged(target, period, &cut, &found, base))
}

/// Of a growth target: the figure of its base period.
fn base_of(tx: &mut Tx<'_>, catalogues: &Catalogues, target: &Target, ask: &Ask) -> Result<Option<Counts>, StoreError> {
    let own = indicators_of(target).into_iter().next();
    let Some((period, indicator)) = target.base_period.zip(own) else { return Ok(None) };
    let cut = cut_of(tx, catalogues, target, ask, period)?;
    Ok(figures(tx, catalogues, &cut, &[indicator], None, &BTreeMap::new())?.pop().map(|figure| figure.counts))
}

impl Row {
    /// The row of what was counted, the target's own indicator first; of nothing, the row of a declared target.
    fn judged(
        target: &Target,
        period: Period,
        cut: &Cut,
        found: &[(&'static Indicator, Counts)],
        base: Option<Counts>,
    ) -> Self {
        let mut actuals = found.iter().enumerate().map(|(i, (indicator, counts))| {
            let base = base.filter(|_| i == 0);
            let same_kind = i == 0 || (ON_TIME.contains(&found[0].0.id) && ON_TIME.contains(&indicator.id));
            let status = if same_kind { status_of(target, indicator, *counts, base) } else { None };
            Actual { indicator, counts: *counts, base, status, cut: cut.clone() }
        });
        let actual = actuals.next();
        let beside: Vec<Actual> = actuals.collect();
        let status = actual.as_ref().map_or(Some(Status::NoData), |actual| actual.status);
        let disagree = beside.iter().any(|other| match (status, other.status) {
            (Some(a), Some(b)) => a != b && a != Status::NoData && b != Status::NoData,
            _ => false,
        });
        Self {
            target: target.clone(),
            period,
            needed: actual.as_ref().and_then(|actual| needed_of(target, actual)),
            actual,
            declared: None,
            status,
            beside,
            cautions: disagree.then_some(Caution::OnTimeRatesDisagree).into_iter().collect(),
        }
    }
}

/// The target's own cut: only agencies of its level, only its channel and field.
fn cut_of(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    target: &Target,
    ask: &Ask,
    period: Period,
) -> Result<Cut, StoreError> {
    let mut agencies = ask.agencies.clone();
    let mut filters = Filters::default();
    if let Some(scope) = &target.scope {
        let levels = scope.levels();
        if !levels.is_empty() {
            let documents = catalogues.agencies(tx)?;
            let tree = Tree::new(&documents, ask.tree, ask.known_at);
            agencies.retain(|code| tree.get(code).is_some_and(|agency| levels.contains(&agency.level)));
        }
        filters.field.clone_from(&scope.field);
        match scope.channel {
            Some(ScopeChannel::Online) => filters.online_only = true,
            Some(ScopeChannel::InPerson) => filters.channel = Some("in_person".into()),
            Some(ScopeChannel::Post) => filters.channel = Some("post".into()),
            Some(ScopeChannel::Level3) => filters.channel = Some("level_3".into()),
            Some(ScopeChannel::Level4) => filters.channel = Some("level_4".into()),
            None => {}
        }
    }
    Ok(Cut { agencies, from: period.from, to: period.to, known_at: ask.known_at, filters })
}

/// The value to be judged: a share, days, or growth over the base period. `None` without data.
fn value_of(target: &Target, indicator: &Indicator, counts: Counts, base: Option<Counts>) -> Option<Fraction> {
    let (n, d) = (i128::from(counts.numerator), i128::from(counts.denominator));
    if d == 0 {
        return None;
    }
    if target.base_period.is_some() {
        let (n0, d0) = base.map(|base| (i128::from(base.numerator), i128::from(base.denominator)))?;
        // (n/d) / (n0/d0) − 1
        return (n0 > 0 && d0 > 0).then_some((n * d0 - n0 * d, n0 * d));
    }
    Some(if indicator.in_days { (n, d * 480) } else { (n, d) })
}

fn status_of(target: &Target, indicator: &Indicator, counts: Counts, base: Option<Counts>) -> Option<Status> {
    let threshold = target.threshold_ratio()?;
    Some(match value_of(target, indicator, counts, base) {
        None => Status::NoData,
        Some(value) if target.comparator.holds(compare(value, threshold)) => Status::Met,
        Some(_) => Status::Missed,
    })
}

fn needed_of(target: &Target, actual: &Actual) -> Option<Needed> {
    let threshold = target.threshold_ratio()?;
    if target.base_period.is_some() || actual.indicator.in_days {
        return None;
    }
    let lower = match target.comparator {
        Comparator::AtMost | Comparator::Below => true,
        Comparator::AtLeast | Comparator::Above => false,
        Comparator::Equal => actual.indicator.direction == Direction::Down,
    };
    Some(needed(actual.counts.numerator, actual.counts.denominator, target.comparator, threshold, lower))
}

/// Growth over the base period in percent with two decimals, half up; `None` without a base.
#[must_use]
pub fn growth_percent(actual: &Actual) -> Option<String> {
    let base = actual.base?;
    let (n, d) = (i128::from(actual.counts.numerator), i128::from(actual.counts.denominator));
    let (n0, d0) = (i128::from(base.numerator), i128::from(base.denominator));
    if n0 == 0 || d0 == 0 || d == 0 {
        return None;
    }
    let (numerator, denominator) = ((n * d0 - n0 * d) * 10_000, n0 * d);
    let hundredths = (numerator * 2 + denominator).div_euclid(denominator * 2);
    let sign = if hundredths < 0 { "-" } else { "" };
    Some(format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100))
}
