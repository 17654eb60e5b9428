//! The facts of a dossier that figures, lists and filters read: one flat row per version.

use super::deadline::TimeUnit;
use super::dossier::{Dossier, PauseKind, Payment, State};
use super::event::{Component, PaymentMethod, ResultDocument};
use super::time::{Instant, business_date};

/// One version of a dossier's facts. What the first finish froze stands here in its frozen form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub version: u32,
    pub state: State,
    pub voided: bool,
    pub code: Option<String>,
    pub procedure: String,
    pub field: String,
    pub service_level: &'static str,
    pub channel: &'static str,
    pub on_the_spot: bool,
    pub electronic_result_eligible: bool,
    pub submitted_at: Instant,
    pub answer_due: Option<Instant>,
    pub answered_at: Option<Instant>,
    pub received_at: Option<Instant>,
    /// As promised now: pauses, calendar changes, extensions.
    pub due: Option<Instant>,
    /// For figures: `due` and `due_strict`, frozen at the first finish.
    pub figure_due: Option<Instant>,
    pub figure_due_strict: Option<Instant>,
    pub paused_since: Option<Instant>,
    pub awaiting_supplement: bool,
    pub finished_at: Option<Instant>,
    pub class: Option<&'static str>,
    pub worked_minutes: i64,
    pub ended_at: Option<Instant>,
    /// Withdrawn (not stopped) without having been answered.
    pub withdrawn_unanswered: bool,
    pub returned_at: Option<Instant>,
    pub returned_same_day: bool,
    pub fee_due: i64,
    pub paid_online: bool,
    pub paid_national: bool,
    /// `,cash,national_portal,`: methods of payments not refunded in full, for filters.
    pub payment_methods: String,
    pub result_document: bool,
    pub result_electronic_signed: bool,
    pub result_digital: bool,
    pub dossier_digital: bool,
    pub reused: bool,
    pub rating: Option<i32>,
    pub rated_at: Option<Instant>,
    pub rounds: u32,
    pub rounds_after_receipt: u32,
    pub signed_component: bool,
    pub paper_asked: bool,
    pub letter_in_time: bool,
    pub assisted: bool,
    pub late_entry: bool,
    pub reopens: u32,
    pub officer: Option<String>,
    pub submitted_by: String,
    pub due_original: Option<Instant>,
    pub refused_at: Option<Instant>,
    /// Sums in đồng.
    pub paid: i64,
    pub refunded: i64,
    /// Of the first finish.
    pub outcome: Option<&'static str>,
    pub unit: Option<String>,
    pub step: Option<String>,
    /// Bits of [`marks`].
    pub marks: i64,
    pub last_finished_at: Option<Instant>,
    /// [`entries`]: each component's code, and `code:sign` for each of its signs.
    pub components: String,
    /// [`entries`]: `name:value` of what is filtered by as a whole.
    pub details: String,
}

/// Single signs of a dossier, one bit each, for integrity checks and filters.
pub mod marks {
    /// The procedure is to be answered at once (trả ngay).
    pub const IMMEDIATE: i64 = 1;
    /// A component was asked for in more than one request for a supplement.
    pub const ITEM_TWICE: i64 = 1 << 1;
    /// A supplement was asked for in the last fifth of the time from the start of the clock to `due_strict`, or
    /// after it; as all signs of the clock, before the first finish.
    pub const LATE_SUPPLEMENT: i64 = 1 << 2;
    /// The result of the first finish carries a number.
    pub const RESULT_NUMBERED: i64 = 1 << 3;
    /// Extended after the due instant had passed.
    pub const EXTENDED_AFTER_DUE: i64 = 1 << 4;
    /// Extended more than once.
    pub const EXTENDED_TWICE: i64 = 1 << 5;
    /// Extended with a letter issued after the due date: no letter when it was needed.
    pub const LETTER_LATE: i64 = 1 << 6;
    /// The result of the first finish was issued as an electronic document.
    pub const RESULT_ELECTRONIC: i64 = 1 << 7;
    /// It is digitally signed.
    pub const RESULT_SIGNED: i64 = 1 << 8;
    /// The result was issued on a day before the receipt: entered when all was done.
    pub const RESULT_BEFORE_RECEIPT: i64 = 1 << 9;
    /// Extended at all.
    pub const EXTENDED: i64 = 1 << 10;
    /// The due instant was recomputed with a later calendar.
    pub const RECOMPUTED: i64 = 1 << 11;
    /// Submitted and received by the same hand; an imported receipt has none.
    pub const RECEIVED_BY_SUBMITTER: i64 = 1 << 12;
}

/// A payment for figures whose unit is the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFact {
    pub n: u32,
    pub at: Instant,
    pub amount: i64,
    pub refunded: i64,
    pub method: &'static str,
}

impl Facts {
    #[must_use]
    pub fn of(dossier: &Dossier) -> Self {
        let finish = dossier.first_finish.as_ref();
        let result = finish.map(|finish| &finish.result);
        let online: Vec<&Payment> = dossier.payments.iter().filter(|payment| payment.online()).collect();
        let required_digital = dossier.snapshot.required.iter().all(|code| dossier.component_is_digital(code));
        let result_digital = dossier.result_is_digital();
        let no_document = result.is_some_and(|result| !result.document);
        Self {
            version: dossier.version,
            state: dossier.state,
            voided: dossier.voided,
            code: dossier.code.clone(),
            procedure: dossier.procedure.clone(),
            field: dossier.snapshot.field.clone(),
            service_level: dossier.snapshot.service_level.as_str(),
            channel: dossier.channel.as_str(),
            on_the_spot: dossier.snapshot.on_the_spot,
            electronic_result_eligible: dossier.snapshot.electronic_result_eligible,
            submitted_at: dossier.submitted_at,
            answer_due: dossier.answer_due,
            answered_at: dossier.answered_at,
            received_at: dossier.received_at,
            due: dossier.due,
            figure_due: finish.map(|finish| finish.due).or(dossier.due),
            figure_due_strict: finish.map(|finish| finish.due_strict).or(dossier.due_strict),
            paused_since: dossier.paused.map(|pause| pause.since),
            awaiting_supplement: dossier.paused.is_some_and(|pause| pause.kind == PauseKind::Supplement),
            finished_at: finish.map(|finish| finish.at),
            class: finish.map(|finish| finish.class.as_str()),
            worked_minutes: finish.map_or(0, |finish| finish.worked_minutes),
            ended_at: dossier.ended_at,
            withdrawn_unanswered: dossier.ended_at.is_some() && dossier.answered_at.is_none(),
            returned_at: dossier.returned_at,
            returned_same_day: match (dossier.received_at, dossier.returned_at) {
                (Some(received), Some(returned)) => business_date(received) == business_date(returned),
                _ => false,
            },
            fee_due: dossier.fee_due(),
            paid_online: !online.is_empty(),
            paid_national: online.iter().any(|payment| payment.method == PaymentMethod::NationalPortal),
            payment_methods: methods_of(dossier),
            result_document: result.is_some_and(|result| result.document),
            result_electronic_signed: result.is_some_and(|result| result.electronic && result.signed),
            result_digital,
            dossier_digital: required_digital && (no_document || result_digital),
            reused: dossier.components.iter().any(|component| component.reuse.is_some()),
            rating: dossier.rating.map(i32::from),
            rated_at: dossier.rated_at,
            rounds: finish.map_or(dossier.rounds, |finish| finish.rounds),
            rounds_after_receipt: finish.map_or(dossier.rounds_after_receipt, |finish| finish.rounds_after_receipt),
            signed_component: dossier.signed_component,
            paper_asked: dossier.paper_asked,
            letter_in_time: finish.map_or_else(|| dossier.letter_in_time(), |finish| finish.letter_in_time),
            assisted: dossier.assisted,
            late_entry: dossier.late_entry,
            reopens: dossier.reopens,
            officer: dossier.officer.clone(),
            submitted_by: dossier.submitted_by.clone(),
            due_original: dossier.due_original,
            refused_at: dossier.refused_at,
            paid: dossier.paid(),
            refunded: dossier.refunded(),
            outcome: result.map(|result| result.outcome.as_str()),
            unit: dossier.unit.clone(),
            step: dossier.step.clone(),
            marks: marks_of(dossier),
            last_finished_at: dossier.last_finished_at,
            components: components_of(dossier),
            details: details_of(dossier),
        }
    }
}

impl PaymentFact {
    #[must_use]
    pub fn all(dossier: &Dossier) -> Vec<Self> {
        let fact = |payment: &Payment| Self {
            n: payment.n,
            at: payment.at,
            amount: payment.amount,
            refunded: payment.refunded,
            method: payment.method.as_str(),
        };
        dossier.payments.iter().map(fact).collect()
    }
}

fn marks_of(dossier: &Dossier) -> i64 {
    let result = dossier.first_finish.as_ref().map(|finish| &finish.result);
    let is = |test: fn(&ResultDocument) -> bool| result.is_some_and(test);
    let issued_before_receipt = match (result.and_then(|result| result.issued_on), dossier.received_at) {
        (Some(issued), Some(received)) => issued < business_date(received),
        _ => false,
    };
    let signs = [
        (marks::IMMEDIATE, dossier.snapshot.processing_time.unit == TimeUnit::Immediate),
        (marks::ITEM_TWICE, dossier.item_twice),
        (marks::LATE_SUPPLEMENT, dossier.late_supplement),
        (marks::RESULT_NUMBERED, is(|result| result.number.is_some())),
        (marks::EXTENDED_AFTER_DUE, dossier.extended_after_due),
        (marks::EXTENDED_TWICE, dossier.extensions > 1),
        (marks::LETTER_LATE, dossier.letter_late),
        (marks::RESULT_ELECTRONIC, is(|result| result.electronic)),
        (marks::RESULT_SIGNED, is(|result| result.signed)),
        (marks::RESULT_BEFORE_RECEIPT, issued_before_receipt),
        (marks::EXTENDED, dossier.extensions > 0),
        (marks::RECOMPUTED, dossier.recomputed),
        (marks::RECEIVED_BY_SUBMITTER, dossier.received_by_submitter),
    ];
    signs.iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).sum()
}

fn methods_of(dossier: &Dossier) -> String {
    let mut methods: Vec<&str> = dossier
        .payments
        .iter()
        .filter(|payment| !payment.refunded_in_full())
        .map(|payment| payment.method.as_str())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    if methods.is_empty() { String::new() } else { format!(",{},", methods.join(",")) }
}

/// Stands around every entry of a list in one text; no text that is handed in holds it.
const BETWEEN: char = '\u{1f}';

/// One entry as it stands in such a list: what holds this text holds the entry.
#[must_use]
pub fn entry(text: &str) -> String {
    format!("{BETWEEN}{text}{BETWEEN}")
}

fn entries(list: impl IntoIterator<Item = String>) -> String {
    list.into_iter().map(|text| entry(&text)).collect()
}

/// Signs of a component that lists are filtered by, after its code and a colon.
pub const COMPONENT_SIGNS: [&str; 6] = ["original", "copy", "electronic", "signed", "digitised", "reused"];

fn components_of(dossier: &Dossier) -> String {
    let of_one = |component: &Component| {
        let holds = [
            component.originals > 0,
            component.copies > 0,
            component.electronic,
            component.signed,
            dossier.digitised_components.contains(&component.code),
            component.reuse.is_some(),
        ];
        let code = component.code.clone();
        let signs = COMPONENT_SIGNS.iter().zip(holds).filter(|(_, holds)| *holds);
        let signs: Vec<String> = signs.map(|(sign, _)| format!("{code}:{sign}")).collect();
        std::iter::once(code).chain(signs)
    };
    entries(dossier.components.iter().flat_map(of_one))
}

fn details_of(dossier: &Dossier) -> String {
    let result = dossier.first_finish.as_ref().map(|finish| &finish.result);
    let letters = dossier.letters.iter().map(|letter| format!("letter:{}", letter.number));
    let single = [
        dossier.return_method.map(|method| format!("return_method:{}", method.as_str())),
        dossier.previous.as_ref().map(|code| format!("previous:{code}")),
        result.and_then(|result| result.number.as_ref()).map(|number| format!("result_number:{number}")),
        result.and_then(|result| result.issued_on).map(|date| format!("result_issued_on:{date}")),
    ];
    entries(single.into_iter().flatten().chain(letters))
}
