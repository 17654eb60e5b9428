//! `POST /oauth/revoke` (RFC 7009): ending a sign-in, or one access token.

use actix_web::{HttpRequest, HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::State;
use super::super::problem::{ApiError, ProblemDocument};
use crate::app::sessions;

#[derive(Deserialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "tokens belong in no log")]
pub struct RevocationRequest {
    /// A refresh token, which ends with everything that came of its sign-in, or an access token.
    pub token: String,
    /// Taken, and not needed.
    pub token_type_hint: Option<String>,
}

/// End a sign-in or an access token
///
/// Whoever holds a token may end it. An access token that ends is refused within five seconds everywhere. A token that
/// is unknown or has ended gets the same answer.
#[utoipa::path(
    tag = "sign-in",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is not valid (any more)"),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not form-encoded", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Temporarily unavailable; try again", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 507, description = "No storage space left", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/revoke")]
pub async fn revoke(
    state: web::Data<State>,
    request: HttpRequest,
    form: Result<web::Form<RevocationRequest>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let token = super::read(&request, form)?.token;
    let clock = state.app.clock.clone();
    let ended = match state.tokens.verify(&token, clock.now()) {
        Some((ticket, expires)) => {
            state.app.store.write("", move |tx| sessions::end_access(tx, ticket.id, expires)).await
        }
        None => state.app.store.write("", move |tx| sessions::end(tx, &clock, &token)).await,
    };
    ended.map_err(|error| super::named(error.into()))?;
    Ok(HttpResponse::Ok().finish())
}
