//! XLSX as officials expect it: national heading, merged headings, the row of column numbers, real numbers and
//! dates, signatures, and a print set-up that needs no touching (A4, one page wide, headings repeated).
//!
//! [`Book`] writes row by row, so that a list of any length goes through constant memory.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rust_xlsxwriter::{DocProperties, Workbook, XlsxError};

use super::{Row, Sheet};

mod layout;
mod styles;

use layout::Layout;

/// Why a spreadsheet could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SpreadsheetError {
    /// Nowhere to put it while it grows.
    #[error("no space for a spreadsheet: {0}")]
    Space(String),
    /// More rows than a spreadsheet holds, say.
    #[error("spreadsheet: {0}")]
    Other(XlsxError),
}

impl From<XlsxError> for SpreadsheetError {
    fn from(error: XlsxError) -> Self {
        match error {
            // Its temporary files are all that it reads and writes.
            XlsxError::IoError(_) | XlsxError::TempFileError(..) | XlsxError::ZipError(_) => {
                Self::Space(error.to_string())
            }
            other => Self::Other(other),
        }
    }
}

impl From<std::io::Error> for SpreadsheetError {
    fn from(error: std::io::Error) -> Self {
        Self::Space(error.to_string())
    }
}

/// What the writer says when it panics since a row cannot be put down.
const UNWRITTEN: &str = "Couldn't write to xml file";

/// The writer panics, rather than to fail, when the space ends in the midst of a row.
fn guarded<T>(write: impl FnOnce() -> Result<T, XlsxError>) -> Result<T, SpreadsheetError> {
    match catch_unwind(AssertUnwindSafe(write)) {
        Ok(done) => Ok(done?),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(words) if words.starts_with(UNWRITTEN) => Err(SpreadsheetError::Space(words.clone())),
            _ => resume_unwind(panic),
        },
    }
}

/// Rows that a spreadsheet holds, less room for what stands around the table.
pub const MOST_ROWS: usize = 1_048_576 - 1_000;

/// A spreadsheet being written.
#[expect(missing_debug_implementations, reason = "a workbook has no useful form")]
pub struct Book<'a> {
    workbook: Workbook,
    layout: Layout<'a>,
}

/// The whole file of a small sheet.
///
/// # Errors
/// [`SpreadsheetError`].
pub fn render(sheet: &Sheet) -> Result<Vec<u8>, SpreadsheetError> {
    let mut bytes = Vec::new();
    let mut book = Book::begin(sheet)?;
    for row in &sheet.rows {
        book.row(row)?;
    }
    book.finish(&mut bytes)?;
    Ok(bytes)
}

impl<'a> Book<'a> {
    /// Writes what stands above the rows; those of `frame` itself are not looked at.
    ///
    /// # Errors
    /// [`SpreadsheetError`].
    pub fn begin(frame: &'a Sheet) -> Result<Self, SpreadsheetError> {
        let mut workbook = Workbook::new();
        let created = layout::moment(frame.as_of.date_naive(), frame.as_of.time())?;
        let properties = DocProperties::new().set_title(&frame.title).set_creation_datetime(&created);
        workbook.set_properties(&properties);
        let worksheet = workbook.add_worksheet_with_constant_memory()?;
        worksheet.set_name(tab(&frame.name))?;
        let layout = guarded(|| Layout::begin(worksheet, frame))?;
        Ok(Self { workbook, layout })
    }

    /// # Errors
    /// [`SpreadsheetError`]; also after [`MOST_ROWS`].
    pub fn row(&mut self, row: &Row) -> Result<(), SpreadsheetError> {
        let worksheet = self.workbook.worksheet_from_index(0)?;
        guarded(|| self.layout.row(worksheet, row))
    }

    /// Writes notes and signatures, and the file to `out`.
    ///
    /// # Errors
    /// [`SpreadsheetError`].
    pub fn finish(mut self, out: impl Write + Send) -> Result<(), SpreadsheetError> {
        guarded(|| {
            self.layout.finish(self.workbook.worksheet_from_index(0)?)?;
            self.workbook.save_to_writer(out)
        })
    }
}

/// A name that spreadsheets accept for a tab: at most 31 characters, none of `[]:*?/\`.
fn tab(name: &str) -> String {
    let cleaned: String = name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    if cleaned.is_empty() { "motcua".to_owned() } else { cleaned }
}
