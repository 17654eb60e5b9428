//! The same answer as JSON, CSV, spreadsheet or page: `format=` and what goes with each in the headers.

use actix_web::HttpResponse;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};

use super::problem::{ApiError, Kind};
use crate::sheet::xlsx::SpreadsheetError;
use crate::sheet::{Sheet, csv, html, xlsx};

/// In which form an answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
    /// For reading and for paper.
    Html,
}

impl Format {
    /// What reports come in.
    pub const ALL: [Self; 4] = [Self::Json, Self::Csv, Self::Xlsx, Self::Html];
    /// What lists of any length come in.
    pub const LISTS: [Self; 3] = [Self::Json, Self::Csv, Self::Xlsx];

    /// The word in the query string; JSON without one.
    ///
    /// # Errors
    /// 422 for a form that is not among `offered`.
    pub fn read(text: Option<&str>, offered: &[Self]) -> Result<Self, ApiError> {
        let Some(text) = text else { return Ok(Self::Json) };
        offered.iter().copied().find(|format| format.as_str() == text).ok_or_else(|| {
            let words: Vec<&str> = offered.iter().map(|format| format.as_str()).collect();
            ApiError::field("?format", "unknown_format", &format!("one of {}", words.join(", ")))
        })
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
        }
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// A file, for the documentation of operations that answer with one.
#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(#[expect(dead_code, reason = "only its shape is documented")] Vec<u8>);

/// A sheet as a file of the asked form. JSON has a shape of its own and is the handler's.
///
/// # Errors
/// 500 when the file cannot be made.
pub fn printed(format: Format, sheet: &Sheet) -> Result<HttpResponse, ApiError> {
    let body = match format {
        Format::Json => return Err(broken("JSON is not printed")),
        Format::Csv => csv::render(sheet).into_bytes(),
        Format::Xlsx => xlsx::render(sheet).map_err(|error| unmade(&error))?,
        Format::Html => html::render(sheet).map_err(|error| broken(&error.to_string()))?.into_bytes(),
    };
    Ok(file(format, &sheet.name).body(body))
}

/// The head of an answer that is a file; pages are shown, the others saved.
#[must_use]
pub fn file(format: Format, stem: &str) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(format.content_type())
        .insert_header(disposition(format, &format!("{stem}.{}", format.as_str())))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if format == Format::Html {
        // The page has no script and loads nothing: say so, and an escape that was forgotten stays harmless.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
        answer.insert_header((header::CONTENT_SECURITY_POLICY, policy));
    }
    answer
}

/// RFC 6266: a plain name for every client, and the name itself for those that read UTF-8.
fn disposition(format: Format, name: &str) -> ContentDisposition {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' }).collect();
    let mut parameters = vec![DispositionParam::Filename(plain.clone())];
    if plain != name {
        parameters.push(DispositionParam::FilenameExt(header::ExtendedValue {
            charset: header::Charset::Ext("UTF-8".to_owned()),
            language_tag: None,
            value: name.as_bytes().to_vec(),
        }));
    }
    let kind = if format == Format::Html { DispositionType::Inline } else { DispositionType::Attachment };
    ContentDisposition { disposition: kind, parameters }
}

/// Why there is no spreadsheet.
pub(super) fn unmade(error: &SpreadsheetError) -> ApiError {
    match error {
        SpreadsheetError::Space(_) => {
            tracing::error!(error = %error, "no space for a file");
            ApiError::new(Kind::Full)
        }
        SpreadsheetError::Other(_) => broken(&error.to_string()),
    }
}

pub(super) fn broken(error: &str) -> ApiError {
    tracing::error!(error = %error, "a file could not be made");
    ApiError::new(Kind::Internal)
}
