//! Numbers and dates as they are written in Vietnam: `1.234`, `96,80`, `20/11/2026`.

use chrono::NaiveDate;

use crate::domain::time::{Instant, vietnam};

/// Groups of three digits, separated by points.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { String::from("-") } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// A number written with a point, with groups and a comma instead. What is no such number stays as it is.
#[must_use]
pub fn decimal(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let Ok(value) = whole.parse::<i64>() else { return number.to_owned() };
    // "-0.5" has a whole part that forgets its sign.
    let sign = if value == 0 && whole.starts_with('-') { "-" } else { "" };
    let fraction = fraction.map(|digits| format!(",{digits}")).unwrap_or_default();
    format!("{sign}{}{fraction}", grouped(value))
}

#[must_use]
pub fn local_date(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

/// To the minute, in Vietnamese time.
#[must_use]
pub fn local_time(at: Instant) -> String {
    at.with_timezone(&vietnam()).format("%d/%m/%Y %H:%M").to_string()
}
