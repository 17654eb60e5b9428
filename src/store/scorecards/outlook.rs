//! What the open dossiers may still do to an on-time target before its period ends.

use std::collections::BTreeMap;

use super::{Ask, Status, cut_of, status_of};
use crate::domain::score::may_slip;
use crate::domain::time::{end_of_day, start_of_day};
use crate::plans::{Period, Target};
use crate::store::catalogues::Catalogues;
use crate::store::error::StoreError;
use crate::store::figures::{Counts, Cut, figures};
use crate::store::indicators::{Indicator, find};
use crate::store::tx::Tx;

/// The stock that decides: open dossiers due by the period's end, and which of them are overdue already.
const STOCK: &str = "open_due";

/// Two ends between which the figure will lie, new dossiers apart.
#[derive(Debug, Clone)]
pub struct Outlook {
    pub cut: Cut,
    pub stock: &'static Indicator,
    /// Open dossiers due by the period's end.
    pub open: i64,
    /// Of them: past due, so late whatever happens.
    pub overdue: i64,
    pub all_on_time: Scenario,
    pub all_late: Scenario,
    /// How many of those still in time may go late before the target is missed; `None`: it is missed with all of them.
    pub may_slip: Option<i64>,
}

/// The figure if all went one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    pub counts: Counts,
    pub status: Option<Status>,
}

/// Why there is no outlook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOutlook {
    /// Whether dossiers end on time does not decide this figure.
    NotOnTime,
    /// As known then, the period is over.
    PeriodOver,
    /// As known then, it has not begun.
    PeriodAhead,
}

impl NoOutlook {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotOnTime => "not_an_on_time_rate",
            Self::PeriodOver => "period_over",
            Self::PeriodAhead => "period_not_begun",
        }
    }
}

/// Overdue ones end late, the others all on time or all late; a paused clock stands where its pause began.
///
/// # Errors
/// The database fails.
pub fn outlook(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    target: &Target,
    ask: &Ask,
    period: Period,
) -> Result<Result<Outlook, NoOutlook>, StoreError> {
    let indicator = target.indicator.as_deref().and_then(find).filter(|_| target.base_period.is_none());
    let Some((indicator, stock)) = indicator.zip(find(STOCK)) else { return Ok(Err(NoOutlook::NotOnTime)) };
    if ask.known_at >= end_of_day(period.to) {
        return Ok(Err(NoOutlook::PeriodOver));
    }
    if ask.known_at < start_of_day(period.from) {
        return Ok(Err(NoOutlook::PeriodAhead));
    }
    let cut = cut_of(tx, catalogues, target, ask, period)?;
    let found = figures(tx, catalogues, &cut, &[indicator, stock], None, &BTreeMap::new())?;
    let [now, Counts { numerator: overdue, denominator: open, .. }] = [found[0].counts, found[1].counts];
    let Some((best, worst)) = ends(indicator.id, now, open, overdue) else { return Ok(Err(NoOutlook::NotOnTime)) };
    let scenario = |counts| Scenario { counts, status: status_of(target, indicator, counts, None) };
    let slip = target
        .threshold_ratio()
        .and_then(|threshold| may_slip(best.numerator, best.denominator, open - overdue, target.comparator, threshold));
    let (all_on_time, all_late) = (scenario(best), scenario(worst));
    Ok(Ok(Outlook { cut, stock, open, overdue, all_on_time, all_late, may_slip: slip }))
}

/// The figure if all ended on time, and if all ended late.
fn ends(id: &str, now: Counts, open: i64, overdue: i64) -> Option<(Counts, Counts)> {
    let in_time = open - overdue;
    let of = |numerator, denominator| Counts { numerator, denominator, responses: None };
    let (n, d) = (now.numerator, now.denominator);
    Some(match id {
        // Over the resolved: all of them enter, the overdue ones as late.
        "on_time_resolved" => (of(n + in_time, d + open), of(n, d + open)),
        // The overdue ones are in the denominator already.
        "on_time_due" => (of(n + in_time, d + in_time), of(n, d + in_time)),
        // All of them are in it, and count as not late as long as they are not.
        "on_time_handled" => (of(n, d), of(n - in_time, d)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_on_time_rates_come_to_the_same_end() {
        let counts = |numerator, denominator| Counts { numerator, denominator, responses: None };
        // 90 of 100 in time; 30 open, 10 of them overdue: 110 in the population of K1b.
        let resolved = ends("on_time_resolved", counts(90, 100), 30, 10);
        assert_eq!(resolved, Some((counts(110, 130), counts(90, 130))));
        assert_eq!(ends("on_time_due", counts(90, 110), 30, 10), resolved);
        assert_eq!(ends("on_time_handled", counts(150, 170), 30, 10), Some((counts(150, 170), counts(130, 170))));
        assert_eq!(ends("online_share", counts(1, 2), 30, 10), None);
    }
}
