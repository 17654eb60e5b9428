//! `POST /oauth/token` (RFC 6749): people by password, portals and devices by secret, and renewals.

mod client_auth;
pub mod revoke;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::metrics::Outcome;
use super::problem::{ApiError, Kind, ProblemDocument};
use super::tokens::LIFE_SECONDS;
use super::{State, address};
use crate::app::sessions::{self, Opened, Ticket};
use crate::app::throttle::{self, Attempt};
use crate::app::{AppError, clients};
use crate::store::Tx;
use crate::store::sql_types::Id;
use client_auth::Presented;

#[derive(Deserialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "passwords and tokens belong in no log")]
pub struct TokenRequest {
    /// `password`, `refresh_token` or `client_credentials`.
    pub grant_type: String,
    pub username: Option<String>,
    pub password: Option<String>,
    pub refresh_token: Option<String>,
    /// Or in the header `Authorization: Basic`, but not in both.
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "tokens belong in no log")]
pub struct TokenAnswer {
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// Of people only: a client signs in again. Serves once; for half a minute after that it gives the same answer again, for a reply that got lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

fn refuse(kind: Kind, error: &'static str) -> ApiError {
    ApiError { oauth: Some(error), ..ApiError::new(kind) }
}

/// A form, or why it is none. A parameter given twice is refused (RFC 6749, 3.2).
fn read<T>(request: &HttpRequest, form: Result<web::Form<T>, actix_web::Error>) -> Result<T, ApiError> {
    let wrong_type = || ApiError {
        oauth: Some("invalid_request"),
        ..ApiError::with(Kind::MediaType, "send application/x-www-form-urlencoded")
    };
    form.map(web::Form::into_inner).map_err(|error| match error.as_response_error().status_code().as_u16() {
        413 => refuse(Kind::TooLarge, "invalid_request"),
        415 => wrong_type(),
        _ if !request.content_type().starts_with("application/x-www-form-urlencoded") => wrong_type(),
        _ => refuse(Kind::OauthRequest, "invalid_request"),
    })
}

/// Sign in, or renew
#[utoipa::path(
    tag = "sign-in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed in", body = TokenAnswer),
        (status = 400, description = "Wrong credentials (`invalid_grant`) or request", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No such client, or not its secret (`invalid_client`)", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not form-encoded", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords; come back after `Retry-After` seconds", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign-ins are waiting", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/token")]
pub async fn token(
    state: web::Data<State>,
    request: HttpRequest,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let grant = form.as_ref().map(|form| form.grant_type.clone()).unwrap_or_default();
    let answer = granted(&state, &request, form).await;
    state.metrics.sign_in(&grant, Outcome::of(&answer));
    answer.map_err(named)
}

/// Whatever goes wrong here also has a name for clients that know RFC 6749 only.
fn named(error: ApiError) -> ApiError {
    let other = if error.kind == Kind::Internal { "server_error" } else { "temporarily_unavailable" };
    ApiError { oauth: error.oauth.or(Some(other)), ..error }
}

async fn granted(
    state: &State,
    request: &HttpRequest,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let TokenRequest { grant_type, username, password, refresh_token, client_id, client_secret } = read(request, form)?;
    let opened = match grant_type.as_str() {
        "password" => {
            let (Some(username), Some(password)) = (username, password) else {
                return Err(refuse(Kind::OauthRequest, "invalid_request"));
            };
            let attempt = Attempt::new(&username, address::client(request, &state.trusted_proxies));
            by_password(state, attempt, username, &password).await?
        }
        "refresh_token" => {
            let refresh = refresh_token.ok_or_else(|| refuse(Kind::OauthRequest, "invalid_request"))?;
            by_refresh(state, refresh).await?
        }
        "client_credentials" => {
            let client = client_auth::read(request, client_id, client_secret)?;
            return answer(state, &by_secret(state, client).await?, None);
        }
        _ => return Err(refuse(Kind::OauthRequest, "unsupported_grant_type")),
    };
    answer(state, &opened.ticket, Some(opened.refresh))
}

/// Who signs in by password is turned away before and after the slow hash: a storm of guesses that were all let in at
/// once learns no more than the first few of them.
async fn by_password(state: &State, attempt: Attempt, username: String, password: &str) -> Result<Opened, ApiError> {
    let user = state.app.store.read(move |tx| tx.user_by_name(&username)).await.map_err(AppError::Store)?;
    let user = user.filter(|user| user.active);
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let fits = guarded(state, &attempt, password, stored).await?;
    let Some(user) = user.filter(|_| fits) else {
        tracing::warn!("sign-in refused");
        return Err(refuse(Kind::InvalidGrant, "invalid_grant"));
    };
    let hash = match state.passwords.is_weak(&user.password_hash) {
        true => Some(state.passwords.hash(password).await.map_err(AppError::Store)?),
        false => None,
    };
    let clock = state.app.clock.clone();
    let opened = state.app.store.write("", move |tx| {
        if let Some(hash) = &hash {
            tx.user_rehash(user.id, &user.password_hash, hash)?;
        }
        throttle::succeeded(tx, &attempt, clock.now())?;
        sessions::begin(tx, &clock, &user)
    });
    Ok(opened.await?)
}

/// Whether a password fits, unless too many before it did not. Takes the same work whether or not there is a hash.
///
/// # Errors
/// 429, or the database fails.
pub(super) async fn guarded(
    state: &State,
    attempt: &Attempt,
    password: &str,
    stored: Option<&str>,
) -> Result<bool, ApiError> {
    let clock = state.app.clock.clone();
    let turned_away = |seconds: i64| ApiError { retry_after: Some(seconds), ..ApiError::new(Kind::TooMany) };
    let (asked, now) = (attempt.clone(), clock.now());
    match state.app.store.read(move |tx| throttle::wait(tx, &asked, now)).await? {
        0 => {}
        seconds => return Err(turned_away(seconds)),
    }
    let fits = state.passwords.verify(password, stored).await.map_err(AppError::Store)?;
    let asked = attempt.clone();
    let judge = move |tx: &mut Tx<'_>| {
        let seconds = throttle::wait(tx, &asked, clock.now())?;
        if seconds == 0 && !fits {
            throttle::failed(tx, &asked, clock.now())?;
        }
        Ok::<_, AppError>(seconds)
    };
    // What fits is looked at again, not written.
    let seconds = if fits { state.app.store.read(judge).await? } else { state.app.store.write("", judge).await? };
    if seconds == 0 { Ok(fits) } else { Err(turned_away(seconds)) }
}

async fn by_secret(state: &State, client: Presented) -> Result<Ticket, ApiError> {
    let clock = state.app.clock.clone();
    let Presented { client, secret } = client;
    let signed_in = state.app.store.read(move |tx| clients::sign_in(tx, &clock, Id(client), &secret)).await?;
    signed_in.ok_or_else(|| {
        tracing::warn!("sign-in of a client refused");
        refuse(Kind::InvalidClient, "invalid_client")
    })
}

async fn by_refresh(state: &State, presented: String) -> Result<Opened, ApiError> {
    let clock = state.app.clock.clone();
    let renewed = state.app.store.write("", move |tx| sessions::renew(tx, &clock, &presented)).await?;
    renewed.ok_or_else(|| refuse(Kind::InvalidGrant, "invalid_grant"))
}

fn answer(state: &State, ticket: &Ticket, refresh_token: Option<String>) -> Result<HttpResponse, ApiError> {
    let access_token = state.tokens.issue(ticket, state.app.clock.now()).map_err(|error| {
        tracing::error!(error, "signing failed");
        ApiError::new(Kind::Internal)
    })?;
    Ok(HttpResponse::Ok().json(TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: LIFE_SECONDS,
        refresh_token,
    }))
}
