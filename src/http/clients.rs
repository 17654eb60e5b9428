//! Clients: portals and devices that sign in with a secret. Admins keep those below them.

pub mod secrets;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::State;
use super::auth::{Administer, Authed};
use super::body::{self, Json, Query};
use super::dossiers::key_of;
use super::page::{Page, cursor, limit, position, selected};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::tables::{As, Place, Table, Turn, Wish};
use super::users::{UserQuery, kept_by, reached};
use crate::app::clients::{caller_of, new_secret};
use crate::app::dossiers::once;
use crate::app::{App, AppError, Caller};
use crate::domain::actor::{Grant, Role};
use crate::domain::error::FieldError;
use crate::domain::time::{self, Instant, from_micros};
use crate::store::Tx;
use crate::store::sign_in::{ClientRow, SecretRow};
use crate::store::sql_types::Id;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// 3 to 100 characters; no other client has it.
    pub name: String,
    /// Of the role `portal`.
    pub roles: Vec<Grant>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientChange {
    pub name: String,
    pub roles: Vec<Grant>,
    /// An inactive client cannot sign in, and its access tokens end; clients are never deleted.
    pub active: bool,
}

/// A secret, without what it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Secret {
    pub id: Uuid,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Instant,
    /// `null`: until it is deleted.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Instant>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Client {
    /// Its `client_id`.
    pub id: Uuid,
    pub name: String,
    pub roles: Vec<Grant>,
    pub active: bool,
    /// Those that are valid; two while one takes the other's place.
    pub secrets: Vec<Secret>,
    /// The `ETag`.
    pub revision: i32,
}

/// A client as it is answered once.
#[derive(Serialize, ToSchema)]
#[expect(missing_debug_implementations, reason = "a secret belongs in no log")]
pub struct ClientWithSecret {
    #[serde(flatten)]
    pub client: Client,
    /// Shown once. A repeated request (`Idempotency-Key`) is answered without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

fn secret_view(row: &SecretRow) -> Secret {
    Secret { id: row.id.0, created_at: from_micros(row.created_at), ends_at: row.ends_at.map(from_micros) }
}

fn views(tx: &mut Tx<'_>, app: &App, rows: &[ClientRow]) -> Result<Vec<Client>, AppError> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let secrets = tx.secrets_of(&ids, app.clock.now().timestamp_micros())?;
    let view = |row: &ClientRow| {
        let own = secrets.iter().filter(|secret| secret.client_id == row.id);
        Ok(Client {
            id: row.id.0,
            name: row.name.clone(),
            roles: caller_of(row)?.grants,
            active: row.active,
            secrets: own.map(secret_view).collect(),
            revision: row.revision,
        })
    };
    rows.iter().map(view).collect()
}

/// What is wrong with a name and grants within an admin's reach.
fn check(tx: &mut Tx<'_>, app: &App, caller: &Caller, name: &str, roles: &[Grant]) -> Result<(), AppError> {
    let mut errors = Vec::new();
    if !(3..=100).contains(&name.chars().count()) || name.trim() != name || name.chars().any(char::is_control) {
        errors.push(FieldError::new("/name", "name", "3 to 100 characters"));
    }
    if roles.is_empty() || roles.len() > 50 {
        errors.push(FieldError::new("/roles", "count", "1 to 50 roles"));
    }
    for (i, grant) in roles.iter().enumerate() {
        if grant.role != Role::Portal {
            errors.push(FieldError::new(&format!("/roles/{i}/role"), "role", "a client holds the role portal"));
        }
    }
    errors.extend(reached(tx, app, caller, roles)?);
    if errors.is_empty() { Ok(()) } else { Err(AppError::invalid(errors)) }
}

/// A client within the admin's reach; others are not there.
fn kept(tx: &mut Tx<'_>, app: &App, caller: &Caller, id: Id) -> Result<ClientRow, AppError> {
    let row = tx.client_by_id(id)?.ok_or(AppError::NotFound)?;
    if kept_by(tx, app, caller, &caller_of(&row)?.grants)? { Ok(row) } else { Err(AppError::NotFound) }
}

fn named(path: &str) -> Result<Id, ApiError> {
    Ok(Id(path.parse().map_err(|_| AppError::NotFound)?))
}

fn tagged(mut answer: actix_web::HttpResponseBuilder, client: &Client) -> actix_web::HttpResponseBuilder {
    answer.insert_header((header::ETAG, format!("\"{}\"", client.revision)));
    answer
}

const TABLE: Table = Table {
    stem: "clients",
    vietnamese: "CỔNG VÀ THIẾT BỊ",
    english: "CLIENTS",
    places: &[
        Place("/name", "Tên", "Name", 30.0, As::Text),
        Place("/roles", "Vai trò", "Roles", 20.0, As::All("/role")),
        Place("/roles", "Cơ quan", "Agencies", 30.0, As::All("/agency")),
        Place("/active", "Đang hoạt động", "Active", 10.0, As::Yes),
        Place("/secrets", "Khóa tạo lúc", "Secrets of", 30.0, As::All("/created_at")),
        Place("/id", "Số định danh", "Id", 38.0, As::Text),
    ],
};

/// Clients whose roles lie within the admin's reach
#[utoipa::path(
    operation_id = "list_clients",
    tag = "catalogues",
    params(UserQuery),
    responses((status = 200, description = "By name", body = Page<Client>), Reading),
    security(("bearer" = []))
)]
#[get("/clients")]
pub async fn list(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<UserQuery>,
) -> Result<HttpResponse, ApiError> {
    let (caller, now) = (auth.caller, state.app.clock.now());
    let UserQuery { format, limit, cursor } = query.0;
    let wish = Wish { format, limit, cursor, ..Wish::default() };
    let page = move |turn: Turn| page(state.clone(), caller.clone(), turn.limit, turn.cursor);
    TABLE.answer(&request, wish, now, page).await
}

async fn page(
    state: web::Data<State>,
    caller: Caller,
    size: Option<i64>,
    after: Option<String>,
) -> Result<Page<Client>, ApiError> {
    let size = limit(size)?;
    let after = position("clients", after.as_deref())?.unwrap_or_default();
    let app = state.app.clone();
    let page = state.app.store.read(move |tx| {
        let read = |tx: &mut Tx<'_>, after: &str| tx.clients_page(after, size);
        let keep = |tx: &mut Tx<'_>, row: &_| kept_by(tx, &app, &caller, &caller_of(row)?.grants);
        let (found, next) = selected(tx, size, after, read, |row| &row.name, keep)?;
        let items = views(tx, &app, &found)?;
        Ok::<_, AppError>(Page { items, next: next.map(|after| cursor("clients", &after)), count: None })
    });
    Ok(page.await?)
}

/// One client
#[utoipa::path(
    operation_id = "get_client",
    tag = "catalogues",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The client", body = Client), Reading),
    security(("bearer" = []))
)]
#[get("/clients/{id}")]
pub async fn get(
    auth: Authed<Administer>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (app, id) = (state.app.clone(), named(&path)?);
    let client = state.app.store.read(move |tx| {
        let row = kept(tx, &app, &auth.caller, id)?;
        views(tx, &app, &[row])?.pop().ok_or(AppError::NotFound)
    });
    let client = client.await?;
    Ok(tagged(HttpResponse::Ok(), &client).json(&client))
}

/// Add a client; its secret is shown once
#[utoipa::path(
    operation_id = "create_client",
    tag = "catalogues",
    request_body = NewClient,
    params(("Idempotency-Key" = Option<String>, Header, description = "A retried request makes no second client")),
    responses((status = 201, description = "Added", body = ClientWithSecret), Writing),
    security(("bearer" = []))
)]
#[post("/clients")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let key = key_of(&state.app, &request, &auth.caller, "POST /clients", &json)?;
    let new: NewClient = json.read()?;
    let row = ClientRow {
        id: Id(state.app.clock.new_id()),
        name: new.name,
        roles: serde_json::to_string(&new.roles).map_err(|_| ApiError::malformed("/roles", "not a list of roles"))?,
        active: true,
        revision: 1,
        stamp: 1,
        created_at: state.app.clock.now().timestamp_micros(),
    };
    let (app, caller) = (state.app.clone(), auth.caller);
    let answer = state
        .app
        .store
        .write("", move |tx| {
            check(tx, &app, &caller, &row.name, &new.roles)?;
            let made = new_secret(&app.clock, row.id);
            let mut client_secret = None;
            once(tx, &caller.actor, key.as_ref(), app.clock.now(), &row.name, |tx| {
                if tx.client_by_name(&row.name)?.is_some() {
                    return Err(AppError::Exists(row.name.clone()));
                }
                tx.client_insert(&row)?;
                tx.secret_insert(&made.row)?;
                client_secret = Some(made.secret);
                Ok(())
            })?;
            let stored = tx.client_by_name(&row.name)?.ok_or(AppError::NotFound)?;
            // A repeated request may come when the name stands for a client of others.
            let stored = kept(tx, &app, &caller, stored.id)?;
            let client = views(tx, &app, &[stored])?.pop().ok_or(AppError::NotFound)?;
            Ok::<_, AppError>(ClientWithSecret { client, client_secret })
        })
        .await?;
    let location = format!("/api/v1/clients/{}", answer.client.id);
    let mut response = tagged(HttpResponse::Created(), &answer.client);
    Ok(response.insert_header((header::LOCATION, location)).json(&answer))
}

/// Change a client's name, roles or standing
#[utoipa::path(
    operation_id = "replace_client",
    tag = "catalogues",
    request_body = ClientChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header, description = "The `ETag` that the caller saw")),
    responses((status = 200, description = "Changed", body = Client), Writing),
    security(("bearer" = []))
)]
#[put("/clients/{id}")]
pub async fn replace(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let (app, caller, id) = (state.app.clone(), auth.caller, named(&path)?);
    let (app2, caller2) = (app.clone(), caller.clone());
    state.app.store.read(move |tx| kept(tx, &app2, &caller2, id)).await?;
    let expected = i32::try_from(body::if_match(&request)?).unwrap_or(0);
    let change: ClientChange = json.read()?;
    let roles =
        serde_json::to_string(&change.roles).map_err(|_| ApiError::malformed("/roles", "not a list of roles"))?;
    let client = state
        .app
        .store
        .write("", move |tx| {
            let row = kept(tx, &app, &caller, id)?;
            check(tx, &app, &caller, &change.name, &change.roles)?;
            if tx.client_by_name(&change.name)?.is_some_and(|other| other.id != id) {
                return Err(AppError::Exists(change.name.clone()));
            }
            let same = change.active == row.active && caller_of(&row)?.grants == change.roles;
            let current = row.revision;
            let row = ClientRow {
                name: change.name.clone(),
                roles: roles.clone(),
                active: change.active,
                revision: expected + 1,
                stamp: if same { row.stamp } else { row.stamp + 1 },
                ..row
            };
            if !tx.client_update(&row, expected)? {
                return Err(AppError::Stale { current: u32::try_from(current).unwrap_or(0) });
            }
            views(tx, &app, &[row])?.pop().ok_or(AppError::NotFound)
        })
        .await?;
    Ok(tagged(HttpResponse::Ok(), &client).json(&client))
}
