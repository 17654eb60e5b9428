//! Who am I; own password.

use actix_web::{HttpRequest, HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{Anyone, Authed};
use super::body::Json;
use super::metrics::Outcome;
use super::problem::{ApiError, Kind, ProblemDocument};
use super::responses::{Reading, Writing};
use super::users::check_password;
use super::{State, address, oauth};
use crate::app::AppError;
use crate::app::throttle::Attempt;
use crate::domain::actor::{Grant, Subject};
use crate::store::sql_types::Id;

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub id: Uuid,
    /// Of a client: its name.
    pub username: String,
    pub roles: Vec<Grant>,
}

/// The signed-in user
#[utoipa::path(
    operation_id = "get_me",
    tag = "sign-in",
    responses((status = 200, description = "The caller", body = Me), Reading),
    security(("bearer" = []))
)]
#[get("/me")]
pub async fn me(auth: Authed<Anyone>) -> HttpResponse {
    HttpResponse::Ok().json(Me { id: auth.subject.id(), username: auth.caller.username, roles: auth.caller.grants })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    pub current_password: String,
    /// 12 to 200 characters, none of the common ones, without the username.
    pub new_password: String,
}

/// Change the own password; every sign-in ends, this one too
#[utoipa::path(
    tag = "sign-in",
    request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed; sign in again"),
        (status = 429, description = "Too many wrong passwords; come back after `Retry-After` seconds", body = ProblemDocument, content_type = "application/problem+json"),
        Writing
    ),
    security(("bearer" = []))
)]
#[put("/me/password")]
pub async fn change_password(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let change: PasswordChange = json.read()?;
    check_password("/new_password", &change.new_password, &auth.caller.username)?;
    let Subject::User(id) = auth.subject else {
        return Err(ApiError::with(Kind::Forbidden, "a client has no password; its secrets are an admin's matter"));
    };
    let id = Id(id);
    let user = state.app.store.read(move |tx| tx.user_by_id(id)).await.map_err(AppError::Store)?;
    let user = user.ok_or(AppError::NotFound)?;
    // Whoever found a signed-in desk must not find the password there too.
    let attempt = Attempt::new(&user.username, address::client(&request, &state.trusted_proxies));
    let fits = oauth::guarded(&state, &attempt, &change.current_password, Some(&user.password_hash)).await;
    let wrong = || ApiError::field("/current_password", "wrong_password", "not the present password");
    let judged = fits.and_then(|fits| if fits { Ok(()) } else { Err(wrong()) });
    state.metrics.sign_in("password_change", Outcome::of(&judged));
    judged?;
    let password_hash = state.passwords.hash(&change.new_password).await.map_err(AppError::Store)?;
    let stored = state
        .app
        .store
        .write("", move |tx| {
            let mut row = user.clone();
            row.password_hash.clone_from(&password_hash);
            row.revision = user.revision + 1;
            row.stamp = user.stamp + 1;
            tx.refresh_forget(row.id)?;
            tx.user_update(&row, user.revision).map_err(AppError::from)
        })
        .await?;
    if !stored {
        return Err(AppError::Stale { current: 0 }.into());
    }
    Ok(HttpResponse::NoContent().finish())
}
