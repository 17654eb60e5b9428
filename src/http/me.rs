//! Who am I; own password.

use actix_web::{HttpResponse, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::State;
use super::auth::{Anyone, Authed};
use super::body::Json;
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::users::check_password;
use crate::app::AppError;
use crate::domain::actor::Grant;
use crate::store::sql_types::Id;

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub id: Uuid,
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
    HttpResponse::Ok().json(Me { id: auth.user, username: auth.caller.username, roles: auth.caller.grants })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    pub current_password: String,
    /// At least 12 characters.
    pub new_password: String,
}

/// Change the own password; every refresh token ends
#[utoipa::path(
    tag = "sign-in",
    request_body = PasswordChange,
    responses((status = 204, description = "Changed"), Writing),
    security(("bearer" = []))
)]
#[put("/me/password")]
pub async fn change_password(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let change: PasswordChange = json.read()?;
    check_password("/new_password", &change.new_password)?;
    let id = Id(auth.user);
    let user = state.app.store.read(move |tx| tx.user_by_id(id)).await.map_err(AppError::Store)?;
    let user = user.ok_or(AppError::NotFound)?;
    let fits = state.passwords.verify(&change.current_password, Some(&user.password_hash)).await;
    if !fits.map_err(AppError::Store)? {
        return Err(ApiError::field("/current_password", "wrong_password", "not the present password"));
    }
    let password_hash = state.passwords.hash(&change.new_password).await.map_err(AppError::Store)?;
    let stored = state
        .app
        .store
        .write("", move |tx| {
            let mut row = user.clone();
            row.password_hash.clone_from(&password_hash);
            row.revision = user.revision + 1;
            tx.refresh_forget(row.id)?;
            tx.user_update(&row, user.revision).map_err(AppError::from)
        })
        .await?;
    if !stored {
        return Err(AppError::Stale { current: 0 }.into());
    }
    Ok(HttpResponse::NoContent().finish())
}
