//! What every request must be, and what every answer carries.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use tracing_actix_web::RequestId;

use super::State;
use super::problem::{ApiError, Kind};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest query string. The links that the program gives out are a tenth of it.
const LONGEST_QUERY: usize = 8 * 1024;
/// Answers and printed tables: styles of their own, nothing else, in nobody's frame.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The API documentation loads its scripts from here, and writes styles into its elements.
const POLICY_OF_DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What names a request in answers and logs: the caller's own `X-Request-Id` if it is one, else one made here.
#[must_use]
pub fn trace_id(request: &ServiceRequest) -> String {
    let own = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let sane = |text: &&str| {
        (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match own.filter(sane) {
        Some(own) => own.to_owned(),
        None => request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default(),
    }
}

/// Refuses what no handler should have to look at. Inside of the middleware that makes problems of errors.
///
/// # Errors
/// Passes on what other middleware fails with.
pub async fn admit<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match odd(&request) {
        Some(error) => Ok(request.into_response(error.error_response()).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// A packed body, a query string beyond any use, a NUL in the address: no name of anything holds one.
fn odd(request: &ServiceRequest) -> Option<ApiError> {
    // A few bytes that unpack into gigabytes: nothing that is sent here needs packing.
    if request.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Some(ApiError::with(Kind::MediaType, "send the body without Content-Encoding"));
    }
    if request.query_string().len() > LONGEST_QUERY {
        return Some(ApiError::malformed("?", &format!("longer than {LONGEST_QUERY} bytes")));
    }
    // The databases keep no such texts, each in its own way.
    let nul = |text: &str| text.contains("%00");
    if nul(request.uri().path()) {
        return Some(ApiError::new(Kind::NotFound));
    }
    nul(request.query_string()).then(|| ApiError::malformed("?", "the query string holds a NUL"))
}

/// Puts on every answer what browsers and caches must know. Around the middleware that makes problems of errors.
///
/// # Errors
/// Passes on what other middleware fails with.
pub async fn dress<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let docs = request.path().starts_with("/docs");
    let personal = ["/api/", "/oauth/"].iter().any(|start| request.path().starts_with(start));
    let encrypted = request.app_data::<web::Data<State>>().is_some_and(|state| state.encrypted);
    let id = HeaderValue::from_str(&trace_id(&request));
    let policy = if docs { POLICY_OF_DOCS } else { POLICY };
    let put = |headers: &mut HeaderMap| {
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::CONTENT_SECURITY_POLICY, policy),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if encrypted {
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
        }
        if personal {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        if let Ok(id) = id {
            headers.insert(REQUEST_ID, id);
        }
    };
    match next.call(request).await {
        Ok(mut response) => {
            put(response.headers_mut());
            Ok(response)
        }
        // What panicked is answered by its error alone.
        Err(error) => {
            let mut response = error.error_response();
            put(response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}
