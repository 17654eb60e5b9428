//! Reading bodies, headers and query strings: every refusal says where.

use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::{ApiError, Kind};
use crate::domain::error::without_value;
use crate::domain::event::read_strictly;
use crate::domain::strict;

/// Largest JSON body.
pub const BODY_LIMIT: usize = 1 << 20;

/// A JSON object, read with pointers to what is wrong in it.
#[derive(Debug)]
pub struct Json(pub Map<String, Value>);

impl FromRequest for Json {
    type Error = ApiError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.content_type().eq_ignore_ascii_case("application/json");
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(ApiError::with(Kind::MediaType, "send application/json"));
            }
            let bytes = bytes.await.map_err(|error| {
                let status = error.as_response_error().status_code();
                ApiError::new(if status == 413 { Kind::TooLarge } else { Kind::Malformed })
            })?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|error| ApiError::malformed("", &format!("not UTF-8 at byte {}", error.valid_up_to())))?;
            match strict::read(text).map_err(|detail| ApiError::malformed("", &detail))? {
                Value::Object(map) => Ok(Self(map)),
                _ => Err(ApiError::malformed("", "a JSON object is expected")),
            }
        })
    }
}

impl Json {
    /// Reads the whole body as `T`; unknown fields are refused by `T` itself.
    ///
    /// # Errors
    /// 422 with a pointer.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        read_strictly(self.0).map_err(|error| ApiError::invalid(vec![error]))
    }

    /// Takes one key out of the map.
    ///
    /// # Errors
    /// 422 when it has another shape.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, ApiError> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| ApiError::field(&format!("/{key}"), "wrong_type", &without_value(&error.to_string()))),
        }
    }

    /// Takes an instant out of the map; it must carry an offset.
    ///
    /// # Errors
    /// 422 when it is not such a time.
    pub fn take_instant(&mut self, key: &str) -> Result<Option<crate::domain::time::Instant>, ApiError> {
        let Some(text) = self.take::<String>(key)? else { return Ok(None) };
        crate::domain::time::parse(&text)
            .map(Some)
            .map_err(|detail| ApiError::field(&format!("/{key}"), "time", &detail))
    }
}

/// `If-Match` with one strong tag: the version it names.
///
/// # Errors
/// 428 without the header, 400 when it is not one of our tags.
pub fn if_match(request: &HttpRequest) -> Result<u32, ApiError> {
    let Some(value) = request.headers().get(header::IF_MATCH) else {
        return Err(ApiError::with(Kind::PreconditionRequired, "send If-Match with the ETag that you saw"));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok())
        .ok_or_else(|| ApiError::malformed("If-Match", "one strong tag such as \"3\" is expected"))
}

/// `Idempotency-Key`, 1 to 200 printable characters.
///
/// # Errors
/// 400 when it has another shape.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > 200 {
        return Err(ApiError::malformed("Idempotency-Key", "1 to 200 visible ASCII characters"));
    }
    Ok(Some(text.to_owned()))
}

/// A query string read strictly.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(request.query_string().as_bytes()));
        std::future::ready(serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let detail = error.inner().to_string();
            // A missing or unknown parameter is named in the text, one of the wrong shape by its path.
            let path = error.path().to_string();
            let named = detail.split('`').nth(1).map(str::to_owned);
            let name = if path == "." { named.unwrap_or_default() } else { path };
            ApiError::malformed(&format!("?{name}"), &detail)
        }))
    }
}

/// A query parameter that names an instant.
///
/// # Errors
/// 400 with the parameter's name.
pub fn instant(name: &str, text: Option<&str>) -> Result<Option<crate::domain::time::Instant>, ApiError> {
    // A "+" of an offset that the client did not escape arrives as a space.
    let text = text.map(|text| text.replace(' ', "+"));
    let parsed = text.map(|text| crate::domain::time::parse(&text)).transpose();
    parsed.map_err(|detail| ApiError::malformed(&format!("?{name}"), &detail))
}

/// A query parameter that names a date.
///
/// # Errors
/// 400 with the parameter's name.
pub fn date(name: &str, text: Option<&str>) -> Result<Option<chrono::NaiveDate>, ApiError> {
    let parsed = text.map(|text| text.parse::<chrono::NaiveDate>()).transpose();
    let date = parsed.map_err(|_| ApiError::malformed(&format!("?{name}"), "a date such as 2024-12-31 is expected"))?;
    if let Some(date) = date
        && !(1970..2200).contains(&chrono::Datelike::year(&date))
    {
        return Err(ApiError::malformed(&format!("?{name}"), "the date lies outside 1970–2200"));
    }
    Ok(date)
}
