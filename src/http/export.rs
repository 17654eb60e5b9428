//! Lists of any length as CSV or spreadsheet, in constant memory.
//!
//! A list is read batch by batch, each in a transaction of its own; the question's instants are fixed before, so that
//! batches agree. CSV goes out as it is read. A spreadsheet is an archive whose directory stands at its end: it is
//! written to a nameless temporary file, which the system removes with the last handle, and streamed from there.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};

use actix_web::{HttpResponse, web};
use futures_util::stream;

use super::format::{Format, broken, file, unmade};
use super::problem::ApiError;
use crate::app::{App, AppError};
use crate::domain::time::{Instant, local_text};
use crate::sheet::xlsx::{Book, MOST_ROWS, SpreadsheetError};
use crate::sheet::{Column, HeadCell, Row, Sheet, csv, local_time};
use crate::store::{StoreError, Tx};

/// Rows read at a time.
pub const BATCH: usize = 500;
/// Bytes of a file sent at a time.
const CHUNK: usize = 64 * 1024;

/// Rows of a list, in order.
#[derive(Debug)]
pub struct Batch {
    pub rows: Vec<Row>,
    /// No batch follows.
    pub last: bool,
}

type Next = Box<dyn FnMut(&mut Tx<'_>) -> Result<Batch, AppError> + Send>;

/// A list to be read batch by batch.
#[expect(missing_debug_implementations, reason = "holds a closure")]
pub struct Source {
    /// The table without its rows.
    frame: Sheet,
    next: Next,
}

impl Source {
    pub fn new(frame: Sheet, next: impl FnMut(&mut Tx<'_>) -> Result<Batch, AppError> + Send + 'static) -> Self {
        Self { frame, next: Box::new(next) }
    }
}

/// The table of a list without its rows: the labels of its columns in both languages with their widths, `numbers` being
/// the places of those that count and so stand at the right.
#[must_use]
pub fn frame(
    stem: &str,
    title: &str,
    columns: &[(&str, &str, f64)],
    numbers: &[usize],
    known_at: Instant,
    vietnamese: bool,
) -> Sheet {
    let known = if vietnamese { "Số liệu tại thời điểm" } else { "As known at" };
    let label = |(vi, en, _): &(&str, &str, f64)| HeadCell::new(if vietnamese { vi } else { en });
    let column = |(i, (.., width)): (usize, &(&str, &str, f64))| {
        if numbers.contains(&i) { Column::right(*width) } else { Column::left(*width) }
    };
    Sheet {
        name: format!("{stem}_{}", stamp(known_at)),
        form: String::new(),
        agency: Vec::new(),
        title: title.to_owned(),
        subtitle: vec![format!("{known} {}", local_time(known_at))],
        heading: vec![columns.iter().map(label).collect()],
        numbers: Vec::new(),
        columns: columns.iter().enumerate().map(column).collect(),
        rows: Vec::new(),
        notes: Vec::new(),
        signatures: Vec::new(),
        landscape: true,
        as_of: known_at,
    }
}

/// An instant that can stand in a file name.
pub fn stamp(at: Instant) -> String {
    local_text(at).chars().filter(|c| c.is_ascii_digit() || *c == 'T').take(15).collect()
}

/// A list of `count` rows as a file.
///
/// # Errors
/// 422 for more rows than a spreadsheet holds; the database fails before the first row is sent.
pub async fn answer(app: &App, format: Format, count: i64, source: Source) -> Result<HttpResponse, ApiError> {
    let most = i64::try_from(MOST_ROWS).unwrap_or(i64::MAX);
    match format {
        Format::Csv => table(app, source).await,
        Format::Xlsx if count > most => Err(too_many(count)),
        Format::Xlsx => spreadsheet(app, source).await,
        Format::Json | Format::Html => Err(broken("not a form of long lists")),
    }
}

async fn table(app: &App, source: Source) -> Result<HttpResponse, ApiError> {
    let name = source.frame.name.clone();
    let mut head = Some(csv::head(&source.frame));
    // The first batch is read before the answer begins: what fails until then is still a proper refusal.
    let (source, first) = batch(app.clone(), source).await?;
    let begun = (app.clone(), source, Some(first));
    let lines = stream::try_unfold(begun, move |(app, source, read)| {
        let head = head.take().unwrap_or_default();
        async move {
            let Some(read) = read else { return Ok::<_, StoreError>(None) };
            let text: String = std::iter::once(head).chain(read.rows.iter().map(csv::row)).collect();
            let (source, next) = if read.last {
                (source, None)
            } else {
                let read = batch(app.clone(), source).await.inspect_err(|error| {
                    tracing::error!(error = %error, "export broke off");
                });
                let (source, read) = read.map_err(|error| StoreError::Other(error.to_string()))?;
                (source, Some(read))
            };
            Ok(Some((web::Bytes::from(text), (app, source, next))))
        }
    });
    Ok(file(Format::Csv, &name).streaming(lines))
}

async fn batch(app: App, mut source: Source) -> Result<(Source, Batch), AppError> {
    let store = app.store.clone();
    store
        .read(move |tx| {
            let read = (source.next)(tx)?;
            Ok::<_, AppError>((source, read))
        })
        .await
}

async fn spreadsheet(app: &App, source: Source) -> Result<HttpResponse, ApiError> {
    let name = source.frame.name.clone();
    let store = app.store.clone();
    let written = tokio::task::spawn_blocking(move || {
        let Source { frame, mut next } = source;
        let mut done = false;
        write_book(&frame, || {
            if done {
                return Ok(None);
            }
            let read = store.read_blocking(|tx| next(tx))?;
            done = read.last;
            Ok(Some(read.rows))
        })
    });
    let spread = written.await.map_err(|error| broken(&error.to_string()))??;
    Ok(stream_book(spread, &name))
}

/// A spreadsheet in a nameless temporary file, at its beginning, and its length. Blocks.
///
/// # Errors
/// As `rows`; 422 for more rows than a spreadsheet holds; 507 when the file finds no space.
pub fn write_book(
    frame: &Sheet,
    mut rows: impl FnMut() -> Result<Option<Vec<Row>>, ApiError>,
) -> Result<(File, u64), ApiError> {
    let mut book = Book::begin(frame).map_err(|error| unmade(&error))?;
    let mut count = 0;
    while let Some(read) = rows()? {
        count += read.len();
        if count > MOST_ROWS {
            return Err(too_many(count));
        }
        for row in &read {
            book.row(row).map_err(|error| unmade(&error))?;
        }
    }
    tempfile::tempfile()
        .map_err(SpreadsheetError::from)
        .and_then(|out| finished(book, out))
        .map_err(|error| unmade(&error))
}

fn too_many(count: impl std::fmt::Display) -> ApiError {
    let detail = format!("{count} rows; a spreadsheet holds {MOST_ROWS}: ask for `csv`, or for less");
    ApiError::field("?format", "too_many_rows", &detail)
}

/// The file of [`write_book`] as an answer.
#[must_use]
pub fn stream_book((spread, length): (File, u64), name: &str) -> HttpResponse {
    let chunks = stream::try_unfold(spread, |spread| async move {
        let read = tokio::task::spawn_blocking(move || chunk(spread)).await;
        read.map_err(std::io::Error::other)?
    });
    file(Format::Xlsx, name).no_chunking(length).streaming(chunks)
}

/// The book in a file, which is then at its beginning, and its length.
fn finished(book: Book<'_>, file: File) -> Result<(File, u64), SpreadsheetError> {
    let mut out = BufWriter::new(file);
    book.finish(&mut out)?;
    out.flush()?;
    let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let length = file.stream_position()?;
    file.rewind()?;
    Ok((file, length))
}

fn chunk(mut file: File) -> std::io::Result<Option<(web::Bytes, File)>> {
    let mut bytes = Vec::with_capacity(CHUNK);
    Read::by_ref(&mut file).take(u64::try_from(CHUNK).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok((!bytes.is_empty()).then(|| (web::Bytes::from(bytes), file)))
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    #[test]
    fn a_spreadsheet_without_space_is_told_so() {
        // A device that is always full.
        let Ok(full) = File::options().write(true).open("/dev/full") else { return };
        let now = crate::domain::time::from_micros(0);
        let frame = frame("x", "x", &[], &[], now, true);
        let book = Book::begin(&frame).unwrap();
        let refused = unmade(&finished(book, full).unwrap_err());
        assert_eq!(refused.error_response().status(), 507);
    }
}
