//! The filters of a dossier list, made into conditions over fact rows.

use chrono::NaiveDate;

use super::query::ListQuery;
use crate::domain::catalogue::ServiceLevel;
use crate::domain::dossier::{DAY, OnTimeStatus, State};
use crate::domain::error::FieldError;
use crate::domain::event::{Channel, Outcome, PaymentMethod, ReturnMethod};
use crate::domain::facts::{COMPONENT_SIGNS, marks};
use crate::domain::time::{end_of_day, start_of_day};
use crate::http::body;
use crate::http::problem::ApiError;
use crate::store::query::{Condition, LATENESS};

/// Bound of every number in a filter; arithmetic on it stays far from the ends of 64 bits.
const MOST: i64 = (1 << 53) - 1;
/// The same for days of lateness: three centuries.
const MOST_DAYS: i64 = 110_000;

/// Every filter of the list.
///
/// # Errors
/// 400 for a date that does not read; 422 for unknown words, numbers beyond measure and reversed ranges.
pub fn conditions(query: &ListQuery) -> Result<Vec<Condition>, ApiError> {
    let mut read = Reader::default();
    for (column, value) in [
        ("code", &query.code),
        ("procedure", &query.procedure),
        ("field", &query.field),
        ("officer", &query.officer),
        ("unit", &query.unit),
        ("step", &query.step),
    ] {
        read.text(column, value.as_ref());
    }
    entries(&mut read, query)?;
    words(&mut read, query);
    flags(&mut read, query);
    for (name, column, from, to) in [
        ("submitted", "submitted_at", &query.submitted_from, &query.submitted_to),
        ("answer_due", "answer_due", &query.answer_due_from, &query.answer_due_to),
        ("answered", "answered_at", &query.answered_from, &query.answered_to),
        ("received", "received_at", &query.received_from, &query.received_to),
        ("due", "due", &query.due_from, &query.due_to),
        ("due_original", "due_original", &query.due_original_from, &query.due_original_to),
        ("due_strict", "figure_due_strict", &query.due_strict_from, &query.due_strict_to),
        ("finished", "finished_at", &query.finished_from, &query.finished_to),
        ("last_finished", "last_finished_at", &query.last_finished_from, &query.last_finished_to),
        ("ended", "COALESCE(ended_at, refused_at)", &query.ended_from, &query.ended_to),
        ("returned", "returned_at", &query.returned_from, &query.returned_to),
    ] {
        read.days(name, column, from.as_deref(), to.as_deref())?;
    }
    for (name, column, from, to) in [
        ("fee_due", "fee_due", query.fee_due_from, query.fee_due_to),
        ("fee_paid", "paid", query.fee_paid_from, query.fee_paid_to),
        ("fee_refunded", "refunded", query.fee_refunded_from, query.fee_refunded_to),
        ("supplement_rounds", "rounds", query.supplement_rounds_from, query.supplement_rounds_to),
        ("rating", "rating", query.rating_from, query.rating_to),
        ("reopens", "reopens", query.reopens_from, query.reopens_to),
    ] {
        read.numbers(name, MOST, from, to, |end, number| format!("{column} {end} {number}"));
    }
    // In step with `domain::dossier::started_days`.
    read.numbers("late_days", MOST_DAYS, query.late_days_from, query.late_days_to, |end, days| match end {
        ">=" => format!("{LATENESS} > {}", (days - 1) * DAY),
        _ => format!("{LATENESS} <= {}", days * DAY),
    });
    read.done()
}

/// Filters by what stands in a list within one column.
fn entries(read: &mut Reader, query: &ListQuery) -> Result<(), ApiError> {
    let component = match (query.component.as_deref(), query.component_sign.as_deref()) {
        (_, Some(sign)) if !COMPONENT_SIGNS.contains(&sign) => {
            let detail = format!("one of {}", COMPONENT_SIGNS.join(", "));
            read.errors.push(FieldError::new("?component_sign", "unknown_value", &detail));
            None
        }
        (None, Some(_)) => {
            read.errors.push(FieldError::new("?component_sign", "unexpected", "goes with `component`"));
            None
        }
        (Some(code), Some(sign)) => Some(format!("{code}:{sign}")),
        (code, None) => code.map(str::to_owned),
    };
    read.conditions.extend(component.map(|entry| Condition::Among("components", entry)));
    let issued = body::date("result_issued_on", query.result_issued_on.as_deref())?.map(|date| date.to_string());
    let method = query.return_method.as_deref();
    if method.is_some_and(|text| ReturnMethod::parse(text).is_none()) {
        read.errors.push(FieldError::new("?return_method", "unknown_value", "no such value"));
    }
    for (name, value) in [
        ("return_method", method),
        ("previous", query.previous.as_deref()),
        ("result_number", query.result_number.as_deref()),
        ("result_issued_on", issued.as_deref()),
        ("letter", query.letter.as_deref()),
    ] {
        read.conditions.extend(value.map(|value| Condition::Among("details", format!("{name}:{value}"))));
    }
    Ok(())
}

fn words(read: &mut Reader, query: &ListQuery) {
    let level = |text: &str| ServiceLevel::parse(text).map(ServiceLevel::as_str);
    read.word("service_level", query.service_level.as_deref(), |text| {
        Some(format!("service_level = '{}'", level(text)?))
    });
    read.word("channel", query.channel.as_deref(), |text| match text {
        "online" => Some("channel IN ('level_3', 'level_4')".to_owned()),
        "online_partial" => Some("channel = 'level_3'".to_owned()),
        "online_full" => Some("channel = 'level_4'".to_owned()),
        _ => Some(format!("channel = '{}'", Channel::parse(text)?.as_str())),
    });
    read.word("state", query.state.as_deref(), |text| Some(format!("state = '{}'", State::parse(text)?.as_str())));
    read.word("on_time_status", query.on_time_status.as_deref(), |text| OnTimeStatus::parse(text).map(status));
    read.word("paused", query.paused.as_deref(), |text| {
        let predicate = match text {
            "supplement" => "paused_since IS NOT NULL AND awaiting_supplement",
            "payment" => "paused_since IS NOT NULL AND NOT awaiting_supplement",
            "any" => "paused_since IS NOT NULL",
            "none" => "paused_since IS NULL",
            _ => return None,
        };
        Some(predicate.to_owned())
    });
    read.word("payment_method", query.payment_method.as_deref(), |text| {
        Some(format!("payment_methods LIKE '%,{},%'", PaymentMethod::parse(text)?.as_str()))
    });
    read.word("outcome", query.outcome.as_deref(), |text| {
        Some(format!("outcome = '{}'", Outcome::parse(text)?.as_str()))
    });
}

fn flags(read: &mut Reader, query: &ListQuery) {
    let mark = |mark: i64| format!("(marks & {mark}) <> 0");
    let of_result = |bit: i64, value: Option<bool>| {
        value.map(|value| {
            let sign = if value { "<>" } else { "=" };
            Condition::Holds(format!("finished_at IS NOT NULL AND (marks & {bit}) {sign} 0"))
        })
    };
    read.conditions.extend(of_result(marks::RESULT_ELECTRONIC, query.result_electronic));
    read.conditions.extend(of_result(marks::RESULT_SIGNED, query.result_signed));
    read.conditions.extend(query.result_document.map(|value| {
        Condition::Holds(format!("finished_at IS NOT NULL AND {}result_document", if value { "" } else { "NOT " }))
    }));
    for (predicate, value) in [
        ("result_digital".to_owned(), query.digitised),
        ("assisted".to_owned(), query.assisted),
        ("late_entry".to_owned(), query.late_entry),
        ("voided".to_owned(), query.voided),
        (mark(marks::EXTENDED), query.extended),
    ] {
        read.flag(&predicate, value);
    }
}

/// Conditions read so far, and what was wrong.
#[derive(Default)]
struct Reader {
    conditions: Vec<Condition>,
    errors: Vec<FieldError>,
}

impl Reader {
    fn text(&mut self, column: &'static str, value: Option<&String>) {
        self.conditions.extend(value.map(|text| Condition::Is(column, text.clone())));
    }

    fn word(&mut self, name: &str, value: Option<&str>, predicate: impl Fn(&str) -> Option<String>) {
        let Some(text) = value else { return };
        match predicate(text) {
            Some(predicate) => self.conditions.push(Condition::Holds(predicate)),
            None => self.errors.push(FieldError::new(&format!("?{name}"), "unknown_value", "no such value")),
        }
    }

    fn flag(&mut self, predicate: &str, value: Option<bool>) {
        let Some(value) = value else { return };
        let negation = if value { "" } else { "NOT " };
        self.conditions.push(Condition::Holds(format!("{negation}({predicate})")));
    }

    fn days(&mut self, name: &str, column: &str, from: Option<&str>, to: Option<&str>) -> Result<(), ApiError> {
        let from: Option<NaiveDate> = body::date(&format!("{name}_from"), from)?;
        let to = body::date(&format!("{name}_to"), to)?;
        self.in_order(name, from.zip(to).is_none_or(|(from, to)| from <= to));
        let ends = [
            from.map(|date| format!("{column} >= {}", start_of_day(date).timestamp_micros())),
            to.map(|date| format!("{column} <= {}", end_of_day(date).timestamp_micros())),
        ];
        self.conditions.extend(ends.into_iter().flatten().map(Condition::Holds));
        Ok(())
    }

    /// `end` writes one end of the range: `>=` or `<=`, and the number.
    fn numbers(
        &mut self,
        name: &str,
        most: i64,
        from: Option<i64>,
        to: Option<i64>,
        end: impl Fn(&str, i64) -> String,
    ) {
        self.in_order(name, from.zip(to).is_none_or(|(from, to)| from <= to));
        for (which, sign, number) in [("from", ">=", from), ("to", "<=", to)] {
            let Some(number) = number else { continue };
            if (-most..=most).contains(&number) {
                self.conditions.push(Condition::Holds(end(sign, number)));
            } else {
                self.errors.push(FieldError::new(&format!("?{name}_{which}"), "range", &format!("−{most} to {most}")));
            }
        }
    }

    fn in_order(&mut self, name: &str, ordered: bool) {
        if !ordered {
            let detail = "the range ends before it begins";
            self.errors.push(FieldError::new(&format!("?{name}_from"), "reversed", detail));
        }
    }

    fn done(self) -> Result<Vec<Condition>, ApiError> {
        if self.errors.is_empty() { Ok(self.conditions) } else { Err(ApiError::invalid(self.errors)) }
    }
}

/// The on-time status as a predicate, in step with `Dossier::on_time_status`.
fn status(status: OnTimeStatus) -> String {
    let ended = "(voided OR ended_at IS NOT NULL OR state = 'refused')";
    let open = format!("NOT {ended} AND finished_at IS NULL AND received_at IS NOT NULL");
    let late = "COALESCE(paused_since, {at}) > figure_due_strict";
    match status {
        OnTimeStatus::Ended => ended.to_owned(),
        OnTimeStatus::NotStarted => format!("NOT {ended} AND finished_at IS NULL AND received_at IS NULL"),
        OnTimeStatus::InTime => format!("{open} AND NOT ({late})"),
        OnTimeStatus::Overdue => format!("{open} AND {late}"),
        OnTimeStatus::Early | OnTimeStatus::OnTime | OnTimeStatus::Late => {
            format!("NOT {ended} AND class = '{}'", status.as_str())
        }
    }
}
