//! CSV (RFC 4180) for programs and for Excel: the table alone, one line of labels, exact values.
//!
//! UTF-8 with a byte order mark, without which Excel garbles Vietnamese. Numbers carry a point and no groups,
//! dates are ISO 8601: what a program reads must not depend on a locale.

use super::{Cell, Row, Sheet, Value};
use crate::domain::time::local_text;

/// First bytes of every file.
pub const MARK: &str = "\u{feff}";

/// The whole file.
#[must_use]
pub fn render(sheet: &Sheet) -> String {
    let mut text = head(sheet);
    for one in &sheet.rows {
        text.push_str(&row(one));
    }
    text
}

/// The mark and the line of labels, each with its column number.
#[must_use]
pub fn head(sheet: &Sheet) -> String {
    let numbered = sheet.labels().into_iter().enumerate().map(|(i, label)| match sheet.numbers.get(i) {
        Some(number) if !number.is_empty() => format!("{label} {number}").trim_start().to_owned(),
        _ => label,
    });
    format!("{MARK}{}", line(numbered.map(|label| text_field(&label))))
}

/// One row with its line end.
#[must_use]
pub fn row(row: &Row) -> String {
    line(row.cells.iter().map(field))
}

fn line(fields: impl Iterator<Item = String>) -> String {
    let fields: Vec<String> = fields.collect();
    fields.join(",") + "\r\n"
}

fn field(cell: &Cell) -> String {
    match &cell.value {
        Value::Empty => String::new(),
        Value::Text(text) => text_field(text),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.clone(),
        Value::Date(date) => date.to_string(),
        Value::Instant(at) => local_text(*at),
    }
}

/// Quoted where needed. A text that a spreadsheet would take for a formula gets an apostrophe before it.
fn text_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\r', '\n']) || guarded.trim() != guarded {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}
