//! Turns every error answer into a problem document, in the caller's language.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use super::guard::trace_id;
use super::pace;
use super::problem::{ApiError, Kind};

/// Wraps the whole application.
///
/// # Errors
/// Passes on what other middleware fails with.
pub async fn problems<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let vietnamese = prefers_vietnamese(request.headers());
    let trace_id = trace_id(&request);
    let response = next.call(request).await?;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response.map_into_left_body());
    }
    let stated = response.response().extensions().get::<ApiError>().cloned();
    // Whatever a handler makes of a body that broke off.
    let late = pace::is_late(response.request()).then(|| ApiError::new(Kind::Timeout));
    let error = late.or(stated).unwrap_or_else(|| of_status(status));
    let headers = response.headers().clone();
    let document = error.document(vietnamese, trace_id);
    let body = serde_json::to_vec(&document).unwrap_or_default();
    let mut answer = HttpResponse::with_body(error.kind.status(), BoxBody::new(body));
    for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
        if let Some(value) = headers.get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    let language = if vietnamese { "vi" } else { "en" };
    answer.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language));
    let (request, _) = response.into_parts();
    Ok(ServiceResponse::new(request, answer).map_into_right_body())
}

/// What the framework itself refused.
fn of_status(status: StatusCode) -> ApiError {
    ApiError::new(match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        status if status.is_client_error() => Kind::Malformed,
        _ => Kind::Internal,
    })
}

/// English only when it is asked for before Vietnamese.
#[must_use]
pub fn prefers_vietnamese(headers: &header::HeaderMap) -> bool {
    let Some(asked) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return true;
    };
    let mut best = (true, 0.0_f32);
    for part in asked.split(',') {
        let mut pieces = part.trim().split(';');
        let language = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let vietnamese = language.starts_with("vi");
        if (vietnamese || language.starts_with("en")) && weight > best.1 {
            best = (vietnamese, weight);
        }
    }
    best.0
}
