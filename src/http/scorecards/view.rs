//! Rows of scorecards as they go out.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::score::Needed;
use crate::http::declarations::DeclarationView;
use crate::http::figures::CutQuery;
use crate::http::indicators::{ValueView, list_path};
use crate::plans::{Comparator, Period, Target, TargetScope};
use crate::store::scorecards::{Actual, Caution, Row, Status, growth_percent};

/// How many dossiers are missing to a target.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Needed)]
pub struct NeededView {
    /// Least number moved from the shortfall into the numerator; null: no number helps.
    pub convert: Option<i64>,
    /// Least number of further successes in a row; null: no number helps.
    pub in_a_row: Option<i64>,
}

/// Growth over the base period.
#[derive(Debug, Serialize, ToSchema)]
pub struct Growth {
    /// Two decimals, half up; null without a base.
    pub percent: Option<String>,
    pub base_numerator: i64,
    pub base_denominator: i64,
    pub base_period: Period,
}

/// One target, its value, and how they stand to each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardRow {
    pub key: String,
    pub title: String,
    pub title_en: Option<String>,
    /// The few words that carry the figure, as the source has them.
    pub wording: Option<String>,
    pub indicator: Option<String>,
    pub comparator: Comparator,
    pub target: Option<String>,
    pub unit: String,
    pub period: Period,
    pub actual: Option<ValueView>,
    pub growth: Option<Growth>,
    /// `met`, `missed`, `no_data`; null when the source names no figure.
    pub status: Option<&'static str>,
    /// `computed` from dossiers, or `declared` with evidence.
    pub basis: &'static str,
    /// What the agency declared for just this period: the last accepted version, else the last one. It is the value
    /// of a target that is not computed, once accepted; beside a computed figure it decides nothing.
    pub declared: Option<DeclarationView>,
    pub needed: Option<NeededView>,
    /// Shown beside it, with its own standing to the target where that makes sense.
    pub beside: Vec<BesideView>,
    pub warnings: Vec<Warning>,
    pub note: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BesideView {
    pub value: ValueView,
    pub status: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    #[schema(example = "on_time_rates_disagree")]
    pub code: &'static str,
    pub detail: &'static str,
    pub detail_en: &'static str,
}

impl Warning {
    fn of(caution: Caution) -> Self {
        let (code, detail, detail_en) = match caution {
            Caution::OnTimeRatesDisagree => (
                "on_time_rates_disagree",
                "Tính trên số đã giải quyết và tính cả hồ sơ quá hạn chưa xong cho kết luận khác nhau",
                "Over resolved dossiers and with open overdue ones the target is judged differently",
            ),
            Caution::DeclarationPending => (
                "declaration_pending",
                "Số liệu khai báo chưa được thẩm định nên chưa được tính",
                "The declared value has not been reviewed and does not count yet",
            ),
            Caution::DeclarationRejected => (
                "declaration_rejected",
                "Số liệu khai báo đã bị bác khi thẩm định nên không được tính",
                "The declared value was rejected and does not count",
            ),
            Caution::DeclarationSuperseding => (
                "declaration_superseding",
                "Có phiên bản khai báo mới hơn đang chờ thẩm định",
                "A later version of the declared value awaits its review",
            ),
            Caution::DeclarationDiffers => (
                "declaration_differs",
                "Số liệu khai báo khác số liệu tính từ hồ sơ; số tính từ hồ sơ được dùng",
                "The declared value is not the one computed from dossiers; the computed one stands",
            ),
        };
        Self { code, detail, detail_en }
    }
}

/// A status in the words of the contract.
#[must_use]
pub fn status_word(status: Option<Status>) -> Option<&'static str> {
    status.map(|status| match status {
        Status::Met => "met",
        Status::Missed => "missed",
        Status::NoData => "no_data",
    })
}

/// A figure with the link that opens it, and what it is against the target.
pub fn value_view(actual: &Actual, target: &Target, ask: &CutQuery) -> ValueView {
    let narrowed = CutQuery {
        from: actual.cut.from,
        to: actual.cut.to,
        // Another period's agencies are still those of this scorecard.
        tree: Some(ask.tree.unwrap_or(ask.to)),
        filters: actual.cut.filters.clone(),
        levels: target.scope.as_ref().map(TargetScope::levels).unwrap_or_default(),
        ..ask.clone()
    };
    let path = list_path(actual.indicator);
    let link = format!("{path}?indicator={}&part=denominator{}", actual.indicator.id, narrowed.query());
    ValueView::new(actual.indicator, actual.counts, None, link)
}

pub fn growth_view(actual: &Actual, target: &Target) -> Option<Growth> {
    let base = actual.base?;
    Some(Growth {
        percent: growth_percent(actual),
        base_numerator: base.numerator,
        base_denominator: base.denominator,
        base_period: target.base_period?,
    })
}

impl NeededView {
    fn new(needed: Needed) -> Self {
        let small = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
        Self { convert: needed.convert.map(small), in_a_row: needed.in_a_row.map(small) }
    }
}

impl ScorecardRow {
    #[must_use]
    pub fn new(row: Row, ask: &CutQuery) -> Self {
        let target = row.target;
        let value = |actual: &Actual| value_view(actual, &target, ask);
        let beside = row.beside.iter();
        Self {
            indicator: target.indicator.clone(),
            comparator: target.comparator,
            target: target.threshold.clone(),
            period: row.period,
            actual: row.actual.as_ref().map(value),
            growth: row.actual.as_ref().and_then(|actual| growth_view(actual, &target)),
            status: status_word(row.status),
            basis: if target.indicator.is_some() { "computed" } else { "declared" },
            declared: row.declared.map(DeclarationView::bare),
            needed: row.needed.map(NeededView::new),
            beside: beside
                .map(|actual| BesideView { value: value(actual), status: status_word(actual.status) })
                .collect(),
            warnings: row.cautions.iter().map(|caution| Warning::of(*caution)).collect(),
            key: target.key,
            title: target.title,
            title_en: target.title_en,
            wording: target.wording,
            unit: target.unit,
            note: target.note,
        }
    }
}
