//! A panic in a handler is a defect of one request: it is answered as a problem, and the connection goes on.
//! Without this the framework would close the connection without a word.

use std::fmt;
use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use futures_util::FutureExt;

use super::guard::trace_id;
use super::middleware::prefers_vietnamese;
use super::problem::{ApiError, Kind};

/// The whole answer: the request went down with its handler, so no middleware can write it any more.
#[derive(Debug)]
struct Panicked {
    body: Vec<u8>,
    vietnamese: bool,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Panicked {
    fn status_code(&self) -> StatusCode {
        Kind::Internal.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::build(self.status_code())
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .insert_header((header::CONTENT_LANGUAGE, if self.vietnamese { "vi" } else { "en" }))
            .body(self.body.clone())
    }
}

/// Wraps the whole application.
///
/// # Errors
/// Passes on what other middleware fails with; [`Panicked`] for what panicked.
pub async fn caught<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let vietnamese = prefers_vietnamese(request.headers());
    let trace_id = trace_id(&request);
    let answer = AssertUnwindSafe(async move { next.call(request).await }).catch_unwind().await;
    answer.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        let document = ApiError::new(Kind::Internal).document(vietnamese, trace_id);
        Err(Panicked { body: serde_json::to_vec(&document).unwrap_or_default(), vietnamese }.into())
    })
}
