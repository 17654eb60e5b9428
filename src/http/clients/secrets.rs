//! The secrets of a client: a new one beside the old one, and the end of one.

use actix_web::{HttpRequest, HttpResponse, delete, post, web};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::State;
use super::super::auth::{Administer, Authed};
use super::super::body::Json;
use super::super::dossiers::key_of;
use super::super::problem::ApiError;
use super::super::responses::Writing;
use super::{Secret, kept, named, secret_view};
use crate::app::AppError;
use crate::app::clients::{add_secret, end_secret, new_secret};
use crate::app::dossiers::{earlier, remember};
use crate::domain::time::{self, Instant};

/// A rotation is a matter of days, not of years.
const LONGEST_DAYS: i64 = 366;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSecretRequest {
    /// When the present one ends; without it, when it is deleted.
    #[serde(default, with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub previous_ends_at: Option<Instant>,
}

/// A secret as it is answered once.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "a secret belongs in no log")]
pub struct SecretShown {
    #[serde(flatten)]
    pub secret: Secret,
    /// Shown once. A repeated request (`Idempotency-Key`) is answered without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// Add a secret beside the present one; it is shown once
#[utoipa::path(
    operation_id = "create_client_secret",
    tag = "catalogues",
    request_body = NewSecretRequest,
    params(
        ("id" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "A retried request makes no second secret")
    ),
    responses((status = 201, description = "Added", body = SecretShown), Writing),
    security(("bearer" = []))
)]
#[post("/clients/{id}/secrets")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let id = named(&path)?;
    let key = key_of(&state.app, &request, &auth.caller, &format!("POST /clients/{}/secrets", id.0), &json)?;
    let new: NewSecretRequest = json.read()?;
    let (app, caller) = (state.app.clone(), auth.caller);
    let answer = state
        .app
        .store
        .write("", move |tx| {
            kept(tx, &app, &caller, id)?;
            let now = app.clock.now();
            let end = new.previous_ends_at;
            if end.is_some_and(|end| end <= now || end > now + Duration::days(LONGEST_DAYS)) {
                return Err(AppError::field("/previous_ends_at", "time", "from now on, within a year"));
            }
            let made = new_secret(&app.clock, id);
            if let Some(earlier) = earlier(tx, "", &caller.actor, key.as_ref(), now)? {
                let rows = tx.secrets_of(&[id], now.timestamp_micros())?;
                let row = rows.iter().find(|row| row.id.0.to_string() == earlier.resource);
                let secret = secret_view(row.ok_or(AppError::Conflict("the secret has ended meanwhile"))?);
                return Ok(SecretShown { secret, client_secret: None });
            }
            add_secret(tx, &app.clock, &made.row, end)?;
            remember(tx, ("", &caller.actor), key.as_ref(), &made.row.id.0.to_string(), 1, now)?;
            Ok(SecretShown { secret: secret_view(&made.row), client_secret: Some(made.secret) })
        })
        .await?;
    Ok(HttpResponse::Created().json(answer))
}

/// End a secret at once, and with it every access token of the client
#[utoipa::path(
    operation_id = "delete_client_secret",
    tag = "catalogues",
    params(("id" = uuid::Uuid, Path), ("secret" = uuid::Uuid, Path)),
    responses((status = 204, description = "Ended"), Writing),
    security(("bearer" = []))
)]
#[delete("/clients/{id}/secrets/{secret}")]
pub async fn remove(
    auth: Authed<Administer>,
    state: web::Data<State>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, secret) = (named(&path.0)?, named(&path.1)?);
    let (app, caller) = (state.app.clone(), auth.caller);
    let ended = state.app.store.write("", move |tx| {
        kept(tx, &app, &caller, id)?;
        end_secret(tx, id, secret)
    });
    ended.await?;
    Ok(HttpResponse::NoContent().finish())
}
