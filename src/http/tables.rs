//! A list as a file: its pages one after the other, each item a line. What stands in a column is what stands at a
//! place of the item's JSON, so that a file says nothing that the list does not.

use std::future::Future;

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;

use super::dossiers::known_at;
use super::export::{self, frame, write_book};
use super::format::{Format, broken, file};
use super::middleware::prefers_vietnamese;
use super::page::{self, MAX_LIMIT, Page};
use super::problem::ApiError;
use crate::domain::time::{self, Instant};
use crate::sheet::{Cell, Row, csv};

/// What stands in a column.
#[derive(Debug, Clone, Copy)]
pub enum As {
    Text,
    Integer,
    Instant,
    Date,
    /// "có" or nothing.
    Yes,
    /// The elements of an array, by this place within each.
    All(&'static str),
    /// A closed word, in Vietnamese or English.
    Word(fn(&str, bool) -> Option<&'static str>),
}

/// One column: where in an item, its label in Vietnamese and English, its width in characters.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub &'static str, pub &'static str, pub &'static str, pub f64, pub As);

/// A list as a table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Beginning of the file's name.
    pub stem: &'static str,
    pub vietnamese: &'static str,
    pub english: &'static str,
    pub places: &'static [Place],
}

/// The parameters of a list that is one page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FormQuery {
    /// `json` (default), `csv`, `xlsx`.
    pub format: Option<String>,
}

/// What a request says about form and page of a list.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub format: Option<String>,
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    pub count: Option<bool>,
    pub known_at: Option<String>,
}

/// One page to be read: the one that was asked for, or the next of a file.
#[derive(Debug)]
pub struct Turn {
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Of a file always named: what is recorded while it goes out belongs to none of its pages.
    pub known_at: Option<String>,
}

/// The form of the file that is asked for; none: JSON.
///
/// # Errors
/// 422 for another form.
pub fn file_form(format: Option<&str>) -> Result<Option<Format>, ApiError> {
    Ok(Some(Format::read(format, &Format::LISTS)?).filter(|format| *format != Format::Json))
}

impl Wish {
    /// As [`file_form`].
    ///
    /// # Errors
    /// 422 for another form, and for a file with what only pages have.
    pub fn file(&self) -> Result<Option<Format>, ApiError> {
        let format = file_form(self.format.as_deref())?;
        if format.is_some() {
            page::whole(self.limit, self.cursor.as_deref(), self.count)?;
        }
        Ok(format)
    }
}

impl Table {
    /// The page that is asked for, or the whole list as a file, known as of `now` unless the request names an instant.
    ///
    /// # Errors
    /// As `page`; 422 for another form, for a file with what only pages have, and for too many rows.
    pub async fn answer<T, A, F, P>(
        &'static self,
        request: &HttpRequest,
        wish: Wish,
        now: Instant,
        mut page: F,
    ) -> Result<HttpResponse, ApiError>
    where
        T: Serialize + 'static,
        A: Serialize + Into<Page<T>>,
        F: FnMut(Turn) -> P + 'static,
        P: Future<Output = Result<A, ApiError>>,
    {
        let Some(format) = wish.file()? else {
            let Wish { limit, cursor, known_at, .. } = wish;
            return Ok(HttpResponse::Ok().json(page(Turn { limit, cursor, known_at }).await?));
        };
        let known_at = known_at(wish.known_at.as_deref(), now)?.unwrap_or(now);
        let next = move |cursor| {
            let turn = Turn { limit: Some(MAX_LIMIT), cursor, known_at: Some(time::canonical(known_at)) };
            let read = page(turn);
            async move { Ok(read.await?.into()) }
        };
        self.file(format, request, known_at, next).await
    }

    /// The whole list as a file. `page` answers with the page after a cursor; the first is read before the answer
    /// begins, so that what fails until then is still a proper refusal.
    ///
    /// # Errors
    /// As `page`; 422 for more rows than a spreadsheet holds.
    pub async fn file<T, F, P>(
        &'static self,
        format: Format,
        request: &HttpRequest,
        known_at: Instant,
        mut page: F,
    ) -> Result<HttpResponse, ApiError>
    where
        T: Serialize + 'static,
        F: FnMut(Option<String>) -> P + 'static,
        P: Future<Output = Result<Page<T>, ApiError>>,
    {
        let vietnamese = prefers_vietnamese(request.headers());
        let title = if vietnamese { self.vietnamese } else { self.english };
        let columns: Vec<(&str, &str, f64)> = self.places.iter().map(|p| (p.1, p.2, p.3)).collect();
        let counts = self.places.iter().enumerate().filter(|(_, place)| matches!(place.4, As::Integer));
        let numbers: Vec<usize> = counts.map(|(i, _)| i).collect();
        let frame = frame(self.stem, title, &columns, &numbers, known_at, vietnamese);
        let first = page(None).await?;
        if format == Format::Xlsx {
            let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<Row>>(2);
            let written = tokio::task::spawn_blocking(move || {
                let name = frame.name.clone();
                Ok::<_, ApiError>((write_book(&frame, || Ok(receive.blocking_recv()))?, name))
            });
            let mut next = Some(first);
            while let Some(read) = next.take() {
                // A writer that is gone has its reason in what it returns.
                if send.send(self.rows(&read.items, vietnamese)?).await.is_err() {
                    break;
                }
                if let Some(cursor) = read.next {
                    next = Some(page(Some(cursor)).await?);
                }
            }
            drop(send);
            let (spread, name) = written.await.map_err(|error| broken(&error.to_string()))??;
            return Ok(export::stream_book(spread, &name));
        }
        let name = frame.name.clone();
        let mut head = Some(csv::head(&frame));
        let lines = stream::try_unfold((page, Some(first)), move |(mut page, read)| {
            let head = head.take().unwrap_or_default();
            async move {
                let Some(read) = read else { return Ok::<_, std::io::Error>(None) };
                let broke = |error: ApiError| {
                    tracing::error!(%error, "export broke off");
                    std::io::Error::other("the list could not be read on")
                };
                let rows = self.rows(&read.items, vietnamese).map_err(broke)?;
                let text: String = std::iter::once(head).chain(rows.iter().map(csv::row)).collect();
                let next = match read.next {
                    Some(cursor) => Some(page(Some(cursor)).await.map_err(broke)?),
                    None => None,
                };
                Ok(Some((web::Bytes::from(text), (page, next))))
            }
        });
        Ok(file(Format::Csv, &name).streaming(lines))
    }

    /// A list that is one page.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub async fn whole<T: Serialize + 'static>(
        &'static self,
        format: Format,
        request: &HttpRequest,
        known_at: Instant,
        items: Vec<T>,
    ) -> Result<HttpResponse, ApiError> {
        let mut items = Some(items);
        let only = move |_| {
            let page = Page { items: items.take().unwrap_or_default(), next: None, count: None };
            std::future::ready(Ok(page))
        };
        self.file(format, request, known_at, only).await
    }

    fn rows<T: Serialize>(&self, items: &[T], vietnamese: bool) -> Result<Vec<Row>, ApiError> {
        let row = |item: &T| {
            let item = serde_json::to_value(item).map_err(|error| broken(&error.to_string()))?;
            Ok(Row::plain(self.places.iter().map(|place| place.cell(&item, vietnamese)).collect()))
        };
        items.iter().map(row).collect()
    }
}

impl Place {
    fn cell(&self, item: &Value, vietnamese: bool) -> Cell {
        let Some(value) = item.pointer(self.0).filter(|value| !value.is_null()) else { return Cell::empty() };
        let text = plain(value);
        match self.4 {
            As::Text => Cell::text(text),
            As::Integer => Cell::maybe(value.as_i64(), Cell::integer),
            As::Instant => Cell::maybe(time::parse(&text).ok(), Cell::instant),
            As::Date => Cell::maybe(text.parse().ok(), Cell::date),
            As::Yes if value == &Value::Bool(true) => Cell::text(if vietnamese { "có" } else { "yes" }),
            As::Yes => Cell::empty(),
            As::All(place) => {
                let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let texts: Vec<String> = elements.iter().filter_map(|one| one.pointer(place)).map(plain).collect();
                Cell::text(texts.join("; "))
            }
            As::Word(word) => Cell::text(word(&text, vietnamese).unwrap_or(text.as_str())),
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
