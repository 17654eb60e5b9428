//! A printed table, neutral to how it is printed: reports, registers and lists become a [`Sheet`], and the
//! renderers beside it make the file that an official expects.
//!
//! Pure: no clock, no database. The same sheet gives the same bytes, whoever asks and whenever, which is why
//! the instant that goes into a file's properties is part of the sheet.

pub mod csv;
pub mod html;
mod number;
pub mod xlsx;

use chrono::NaiveDate;

pub use number::{decimal, grouped, local_date, local_time};

use crate::domain::time::Instant;

/// A table with what stands around it on paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Stem of a file name and name of the spreadsheet's tab, e.g. `bieu-06a_H26.103_2024-01-01_2024-12-31`.
    pub name: String,
    /// Number of the form and the regulation it comes from; empty: none.
    pub form: String,
    /// Upper left corner: the superior agency, then the agency itself. Empty: no national heading either.
    pub agency: Vec<String>,
    pub title: String,
    /// Lines below the title: the period, what is known when, choices that change the figures.
    pub subtitle: Vec<String>,
    /// Rows of the column headings; a cell may span several columns and rows.
    pub heading: Vec<Vec<HeadCell>>,
    /// The row of column numbers, `(1)`, `(2)` …; empty: none.
    pub numbers: Vec<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub notes: Vec<String>,
    /// From left to right; empty: none.
    pub signatures: Vec<Signature>,
    pub landscape: bool,
    /// The instant the content is known at; a file's "created".
    pub as_of: Instant,
}

/// A cell of the heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCell {
    pub text: String,
    pub cols: usize,
    pub rows: usize,
}

impl HeadCell {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), cols: 1, rows: 1 }
    }

    /// The same over several columns and rows.
    #[must_use]
    pub fn over(text: &str, cols: usize, rows: usize) -> Self {
        Self { text: text.to_owned(), cols, rows }
    }
}

/// How a column is laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// In characters, as spreadsheets measure it; on paper the proportions count.
    pub width: f64,
    pub align: Align,
}

impl Column {
    #[must_use]
    pub fn left(width: f64) -> Self {
        Self { width, align: Align::Left }
    }

    #[must_use]
    pub fn center(width: f64) -> Self {
        Self { width, align: Align::Center }
    }

    #[must_use]
    pub fn right(width: f64) -> Self {
        Self { width, align: Align::Right }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub style: RowStyle,
    /// One for each column.
    pub cells: Vec<Cell>,
}

impl Row {
    #[must_use]
    pub fn plain(cells: Vec<Cell>) -> Self {
        Self { style: RowStyle::Plain, cells }
    }

    #[must_use]
    pub fn group(cells: Vec<Cell>) -> Self {
        Self { style: RowStyle::Group, cells }
    }

    #[must_use]
    pub fn total(cells: Vec<Cell>) -> Self {
        Self { style: RowStyle::Total, cells }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStyle {
    Plain,
    /// Heads the rows below it, e.g. a field above its procedures.
    Group,
    /// The sum of all.
    Total,
}

/// A cell, perhaps with the address that lists what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub value: Value,
    /// Absolute path on this server. Followed in HTML; a spreadsheet on somebody's disk has no server to go to.
    pub link: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Empty,
    Text(String),
    Integer(i64),
    /// An exact decimal number with a point, e.g. `96.80`.
    Decimal(String),
    Date(NaiveDate),
    /// Shown to the minute, in Vietnamese time.
    Instant(Instant),
}

impl Cell {
    #[must_use]
    pub fn empty() -> Self {
        Value::Empty.into()
    }

    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(text.into()).into()
    }

    #[must_use]
    pub fn integer(number: i64) -> Self {
        Value::Integer(number).into()
    }

    #[must_use]
    pub fn decimal(number: impl Into<String>) -> Self {
        Value::Decimal(number.into()).into()
    }

    #[must_use]
    pub fn date(date: NaiveDate) -> Self {
        Value::Date(date).into()
    }

    #[must_use]
    pub fn instant(at: Instant) -> Self {
        Value::Instant(at).into()
    }

    /// `None` is an empty cell.
    #[must_use]
    pub fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or_else(Self::empty, cell)
    }

    #[must_use]
    pub fn linked(self, link: impl Into<String>) -> Self {
        Self { link: Some(link.into()), ..self }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self { value, link: None }
    }
}

/// Who signs, e.g. `THỦ TRƯỞNG ĐƠN VỊ` with `(Ký, ghi rõ họ tên, đóng dấu)` below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The line above, usually place and date to be filled in by hand.
    pub place: String,
    pub title: String,
    pub note: String,
}

impl Signature {
    /// The person who drew the report up.
    #[must_use]
    pub fn preparer() -> Self {
        Self { place: String::new(), title: "NGƯỜI LẬP BIỂU".into(), note: "(Ký, ghi rõ họ tên)".into() }
    }

    /// The head of the agency, with place and date.
    #[must_use]
    pub fn head() -> Self {
        Self {
            place: "............, ngày ..... tháng ..... năm .....".into(),
            title: "THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ".into(),
            note: "(Ký tên, đóng dấu)".into(),
        }
    }
}

/// A heading cell with the place it falls on.
#[derive(Debug, Clone, Copy)]
struct Placed<'a> {
    row: usize,
    col: usize,
    cell: &'a HeadCell,
}

/// Where each heading cell falls: as in HTML, a cell takes the first column that no cell above reaches into.
fn places(heading: &[Vec<HeadCell>]) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for (row, cells) in heading.iter().enumerate() {
        let mut col = 0;
        for cell in cells {
            while taken.contains(&(row, col)) {
                col += 1;
            }
            for below in row..row + cell.rows {
                taken.extend((col..col + cell.cols).map(|across| (below, across)));
            }
            placed.push(Placed { row, col, cell });
            col += cell.cols;
        }
    }
    placed
}

impl Sheet {
    /// One label for each column: the headings above it from top to bottom, each once.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let placed = places(&self.heading);
        let over = |col: usize| {
            let above = placed.iter().filter(move |place| (place.col..place.col + place.cell.cols).contains(&col));
            let texts: Vec<&str> =
                above.map(|place| place.cell.text.as_str()).filter(|text| !text.is_empty()).collect();
            texts.join(" – ")
        };
        (0..self.columns.len()).map(over).collect()
    }
}

#[cfg(test)]
mod tests;
