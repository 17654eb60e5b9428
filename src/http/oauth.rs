//! `POST /oauth/token` (RFC 6749): password and refresh grants.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::State;
use super::problem::{ApiError, Kind, ProblemDocument};
use super::tokens::LIFE_SECONDS;
use crate::app::AppError;
use crate::store::rows::{RefreshRow, UserRow};

/// A refresh token lives this long: one working day and its night.
const REFRESH_HOURS: i64 = 24;

#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `password` or `refresh_token`.
    pub grant_type: String,
    pub username: Option<String>,
    pub password: Option<String>,
    pub refresh_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TokenAnswer {
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// Serves once.
    pub refresh_token: String,
}

fn refuse(kind: Kind, error: &'static str) -> ApiError {
    ApiError { oauth: Some(error), ..ApiError::new(kind) }
}

/// Sign in, or renew
#[utoipa::path(
    tag = "sign-in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Signed in", body = TokenAnswer),
        (status = 400, description = "Wrong credentials (`invalid_grant`) or request", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 415, description = "Not form-encoded", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "Too many sign-ins are waiting", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
#[post("/oauth/token")]
pub async fn token(
    state: web::Data<State>,
    request: HttpRequest,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, ApiError> {
    let form = form.map_err(|error| match error.as_response_error().status_code().as_u16() {
        413 => ApiError::new(Kind::TooLarge),
        415 => ApiError::with(Kind::MediaType, "send application/x-www-form-urlencoded"),
        _ if !actix_web::HttpMessage::content_type(&request).starts_with("application/x-www-form-urlencoded") => {
            ApiError::with(Kind::MediaType, "send application/x-www-form-urlencoded")
        }
        _ => refuse(Kind::OauthRequest, "invalid_request"),
    })?;
    let TokenRequest { grant_type, username, password, refresh_token } = form.into_inner();
    let user = match grant_type.as_str() {
        "password" => {
            let (Some(username), Some(password)) = (username, password) else {
                return Err(refuse(Kind::OauthRequest, "invalid_request"));
            };
            by_password(&state, username, &password).await?
        }
        "refresh_token" => {
            let refresh = refresh_token.ok_or_else(|| refuse(Kind::OauthRequest, "invalid_request"))?;
            by_refresh(&state, &refresh).await?
        }
        _ => return Err(refuse(Kind::OauthRequest, "unsupported_grant_type")),
    };
    answer(&state, &user).await
}

async fn by_password(state: &State, username: String, password: &str) -> Result<UserRow, ApiError> {
    let user = state.app.store.read(move |tx| tx.user_by_name(&username)).await.map_err(AppError::Store)?;
    let user = user.filter(|user| user.active);
    let stored = user.as_ref().map(|user| user.password_hash.as_str());
    let fits = state.passwords.verify(password, stored).await.map_err(AppError::Store)?;
    user.filter(|_| fits).ok_or_else(|| {
        tracing::warn!("sign-in refused");
        refuse(Kind::InvalidGrant, "invalid_grant")
    })
}

async fn by_refresh(state: &State, presented: &str) -> Result<UserRow, ApiError> {
    let hash = Sha256::digest(presented.as_bytes()).to_vec();
    let now = state.app.clock.now().timestamp_micros();
    let taken = state
        .app
        .store
        .write("", move |tx| {
            let row = tx.refresh_take(&hash)?.filter(|row| row.expires_at > now);
            let user = row.map(|row| tx.user_by_id(row.user_id)).transpose()?.flatten();
            Ok::<_, AppError>(user.filter(|user| user.active))
        })
        .await?;
    taken.ok_or_else(|| refuse(Kind::InvalidGrant, "invalid_grant"))
}

async fn answer(state: &State, user: &UserRow) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let refresh_token = hex::encode(state.app.clock.random::<32>());
    let row = RefreshRow {
        token_hash: Sha256::digest(refresh_token.as_bytes()).to_vec(),
        user_id: user.id,
        expires_at: (now + Duration::hours(REFRESH_HOURS)).timestamp_micros(),
    };
    let micros = now.timestamp_micros();
    state
        .app
        .store
        .write("", move |tx| {
            tx.refresh_sweep(micros)?;
            tx.refresh_insert(&row).map_err(AppError::from)
        })
        .await?;
    let id: Uuid = user.id.0;
    let access_token = state.tokens.issue(id, state.app.clock.new_id(), now).map_err(|error| {
        tracing::error!(error, "signing failed");
        ApiError::new(Kind::Internal)
    })?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: LIFE_SECONDS,
        refresh_token,
    }))
}
