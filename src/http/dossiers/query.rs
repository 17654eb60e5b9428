//! The query string of a dossier list: a saved question.

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Default: every agency that the caller reaches.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    /// Mã số hồ sơ.
    pub code: Option<String>,
    pub procedure: Option<String>,
    /// Lĩnh vực.
    pub field: Option<String>,
    /// `information`, `partial`, `full`: of the procedure when the dossier came in.
    pub service_level: Option<String>,
    /// A channel, or `online` for both online ones.
    pub channel: Option<String>,
    pub state: Option<String>,
    pub on_time_status: Option<String>,
    /// `supplement`, `payment`: the clock stands still for it; `any`, `none`.
    pub paused: Option<String>,
    /// Some payment, not refunded in full, was made so.
    pub payment_method: Option<String>,
    /// The result is electronic or digitised.
    pub digitised: Option<bool>,
    /// Of the first result: `granted`, `rejected`.
    pub outcome: Option<String>,
    /// The first result is an electronic document.
    pub result_electronic: Option<bool>,
    /// The first result is digitally signed.
    pub result_signed: Option<bool>,
    pub officer: Option<String>,
    pub unit: Option<String>,
    pub step: Option<String>,
    /// Code of a component that was handed in.
    pub component: Option<String>,
    /// Only where that component is so: `original`, `copy`, `electronic`, `signed`, `digitised`, `reused`.
    pub component_sign: Option<String>,
    /// How the result is to be returned: `counter`, `post`, `electronic`.
    pub return_method: Option<String>,
    /// Code of the dossier that this one follows.
    pub previous: Option<String>,
    /// There is a document to hand over.
    pub result_document: Option<bool>,
    /// Number of the first result.
    pub result_number: Option<String>,
    /// Day on which the first result was issued.
    pub result_issued_on: Option<String>,
    /// Number of a letter of apology.
    pub letter: Option<String>,
    /// Submitted online by a clerk in the applicant's place.
    pub assisted: Option<bool>,
    /// Some event was entered late.
    pub late_entry: Option<bool>,
    pub extended: Option<bool>,
    pub voided: Option<bool>,
    /// Dates in Vietnam, inclusive; so for all ranges of dates.
    pub submitted_from: Option<String>,
    pub submitted_to: Option<String>,
    pub answer_due_from: Option<String>,
    pub answer_due_to: Option<String>,
    pub answered_from: Option<String>,
    pub answered_to: Option<String>,
    pub received_from: Option<String>,
    pub received_to: Option<String>,
    pub due_from: Option<String>,
    pub due_to: Option<String>,
    pub due_original_from: Option<String>,
    pub due_original_to: Option<String>,
    pub due_strict_from: Option<String>,
    pub due_strict_to: Option<String>,
    /// The first finish.
    pub finished_from: Option<String>,
    pub finished_to: Option<String>,
    /// The last finish.
    pub last_finished_from: Option<String>,
    pub last_finished_to: Option<String>,
    /// Withdrawn, stopped or refused.
    pub ended_from: Option<String>,
    pub ended_to: Option<String>,
    pub returned_from: Option<String>,
    pub returned_to: Option<String>,
    /// As `late_days` of a dossier: started days past `due_strict` at the first finish, else the end, else the start of
    /// the open pause, else the cut. 1 and more: late; 0 and less: not late.
    pub late_days_from: Option<i64>,
    pub late_days_to: Option<i64>,
    /// Whole đồng, inclusive.
    pub fee_due_from: Option<i64>,
    pub fee_due_to: Option<i64>,
    pub fee_paid_from: Option<i64>,
    pub fee_paid_to: Option<i64>,
    pub fee_refunded_from: Option<i64>,
    pub fee_refunded_to: Option<i64>,
    /// Requests for a supplement, up to the first finish.
    pub supplement_rounds_from: Option<i64>,
    pub supplement_rounds_to: Option<i64>,
    pub rating_from: Option<i64>,
    pub rating_to: Option<i64>,
    pub reopens_from: Option<i64>,
    pub reopens_to: Option<i64>,
    /// Drill-down: an indicator, with `part` and the cut's `from`, `to`, `known_at`.
    pub indicator: Option<String>,
    /// `denominator`, `numerator`, `shortfall`.
    pub part: Option<String>,
    /// Drill-down: a report (`06a`, `07a`), with `column`, `ended` and the cut; not beside `indicator`.
    pub report: Option<String>,
    /// A column of the report; `stopped` or `withdrawn` beside it.
    pub column: Option<String>,
    /// As the report was asked for: `exclude` (default) or `as_resolved`.
    pub ended: Option<String>,
    /// Drill-down: an integrity check, with the cut; for auditors and leaders.
    pub check: Option<String>,
    /// Drill-down: a bar of the histogram of finishes, with the cut; for auditors and leaders.
    pub bucket: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Drill-down: agencies as they stand on this day, merged ones with their successor; default `to`.
    pub tree: Option<String>,
    /// `received` (or submitted, if not yet), `submitted`, `due`, `finished`, `lateness`; with `-` before it the greatest
    /// first. Default `-received`; what has no such instant comes last.
    pub sort: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
    /// 1 to 500, default 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count all of them.
    pub count: Option<bool>,
}
