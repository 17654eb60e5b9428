//! Users: who may sign in, with which roles where. Admins keep those below them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Administer, Authed};
use super::body::{self, Json, Query};
use super::dossiers::key_of;
use super::page::{Page, cursor, limit, position, selected};
use super::problem::ApiError;
use super::responses::{Reading, Writing};
use super::tables::{As, Place, Table, Turn, Wish};
use crate::app::access::caller_of;
use crate::app::dossiers::once;
use crate::app::password_policy::fault;
use crate::app::{App, AppError, Caller};
use crate::domain::actor::{Grant, Role, Subject};
use crate::domain::error::FieldError;
use crate::domain::time::business_date;
use crate::store::Tx;
use crate::store::catalogues::Tree;
use crate::store::error::StoreError;
use crate::store::rows::UserRow;
use crate::store::sql_types::Id;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 3 to 60 of `a-z 0-9 . _ -`; never changes.
    pub username: String,
    pub display_name: String,
    /// 12 to 200 characters, none of the common ones, without the username.
    pub password: String,
    pub roles: Vec<Grant>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    pub display_name: String,
    /// Left out: stays.
    #[serde(default)]
    pub password: Option<String>,
    pub roles: Vec<Grant>,
    /// An inactive user cannot sign in; users are never deleted.
    pub active: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub roles: Vec<Grant>,
    pub active: bool,
    /// The `ETag`.
    pub revision: i32,
}

fn view(row: &UserRow) -> Result<User, StoreError> {
    Ok(User {
        id: row.id.0,
        username: row.username.clone(),
        display_name: row.display_name.clone(),
        roles: caller_of(row)?.grants,
        active: row.active,
        revision: row.revision,
    })
}

/// # Errors
/// 422 for a password that is too short, too common or like the username.
pub fn check_password(pointer: &str, password: &str, username: &str) -> Result<(), ApiError> {
    fault(pointer, password, username).map_or(Ok(()), |error| Err(ApiError::invalid(vec![error])))
}

/// What is wrong with a name and the number of grants.
fn check_user(display_name: &str, roles: &[Grant]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if display_name.trim().is_empty() || display_name.chars().count() > 200 {
        errors.push(FieldError::new("/display_name", "required", "1 to 200 characters"));
    }
    if roles.len() > 50 {
        errors.push(FieldError::new("/roles", "too_many", "at most 50 roles"));
    }
    errors
}

/// Whether a username has the right shape.
#[must_use]
pub fn username_fits(username: &str) -> bool {
    (3..=60).contains(&username.len())
        && username.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
}

fn in_reach(tx: &mut Tx<'_>, app: &App, caller: &Caller, roles: &[Grant]) -> Result<Vec<bool>, AppError> {
    let agencies = app.catalogues.agencies(tx)?;
    let now = app.clock.now();
    let tree = Tree::new(&agencies, business_date(now), now);
    let reach = caller.reach(&tree, &[Role::Admin]);
    Ok(roles.iter().map(|grant| reach.contains(&grant.agency)).collect())
}

/// An admin keeps users all of whose roles lie within reach; others are not there.
pub(super) fn kept_by(tx: &mut Tx<'_>, app: &App, caller: &Caller, grants: &[Grant]) -> Result<bool, AppError> {
    Ok(in_reach(tx, app, caller, grants)?.into_iter().all(|inside| inside))
}

/// The grants that lie outside an admin's reach, as refusals.
pub(super) fn reached(
    tx: &mut Tx<'_>,
    app: &App,
    caller: &Caller,
    roles: &[Grant],
) -> Result<Vec<FieldError>, AppError> {
    let inside = in_reach(tx, app, caller, roles)?;
    let outside = inside.iter().enumerate().filter(|(_, inside)| !**inside);
    Ok(outside
        .map(|(i, _)| {
            FieldError::new(&format!("/roles/{i}/agency"), "unknown_agency", "no such agency within your reach")
        })
        .collect())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

const TABLE: Table = Table {
    stem: "users",
    vietnamese: "NGƯỜI DÙNG",
    english: "USERS",
    places: &[
        Place("/username", "Tên đăng nhập", "Username", 24.0, As::Text),
        Place("/display_name", "Họ tên", "Name", 30.0, As::Text),
        Place("/roles", "Vai trò", "Roles", 30.0, As::All("/role")),
        Place("/roles", "Cơ quan", "Agencies", 30.0, As::All("/agency")),
        Place("/active", "Đang hoạt động", "Active", 10.0, As::Yes),
        Place("/id", "Số định danh", "Id", 38.0, As::Text),
    ],
};

/// Users whose roles lie within the admin's reach
#[utoipa::path(
    operation_id = "list_users",
    tag = "catalogues",
    params(UserQuery),
    responses((status = 200, description = "By username", body = Page<User>), Reading),
    security(("bearer" = []))
)]
#[get("/users")]
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
) -> Result<Page<User>, ApiError> {
    let size = limit(size)?;
    let after = position("users", after.as_deref())?.unwrap_or_default();
    let app = state.app.clone();
    let page = state.app.store.read(move |tx| {
        let read = |tx: &mut Tx<'_>, after: &str| tx.users_page(after, size);
        let keep = |tx: &mut Tx<'_>, row: &_| kept_by(tx, &app, &caller, &caller_of(row)?.grants);
        let (found, next) = selected(tx, size, after, read, |row| &row.username, keep)?;
        let items = found.iter().map(view).collect::<Result<_, _>>()?;
        Ok::<_, AppError>(Page { items, next: next.map(|after| cursor("users", &after)), count: None })
    });
    Ok(page.await?)
}

/// One user
#[utoipa::path(
    operation_id = "get_user",
    tag = "catalogues",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The user", body = User), Reading),
    security(("bearer" = []))
)]
#[get("/users/{id}")]
pub async fn get(
    auth: Authed<Administer>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (app, caller) = (state.app.clone(), auth.caller);
    let id = path.parse::<Uuid>().map_err(|_| AppError::NotFound)?;
    let user = state
        .app
        .store
        .read(move |tx| {
            let row = tx.user_by_id(Id(id))?.ok_or(AppError::NotFound)?;
            if !kept_by(tx, &app, &caller, &caller_of(&row)?.grants)? {
                return Err(AppError::NotFound);
            }
            Ok(view(&row)?)
        })
        .await?;
    Ok(tagged(HttpResponse::Ok(), &user))
}

fn tagged(mut answer: actix_web::HttpResponseBuilder, user: &User) -> HttpResponse {
    answer.insert_header((header::ETAG, format!("\"{}\"", user.revision))).json(user)
}

/// Add a user
#[utoipa::path(
    operation_id = "create_user",
    tag = "catalogues",
    request_body = NewUser,
    responses((status = 201, description = "Added", body = User), Writing),
    security(("bearer" = []))
)]
#[post("/users")]
pub async fn create(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    // A fast hash of a password must not be kept: the key covers everything else.
    let mut fingerprint = json.0.clone();
    fingerprint.remove("password");
    let key = key_of(&state.app, &request, &auth.caller, "POST /users", &Json(fingerprint))?;
    let new: NewUser = json.read()?;
    if !username_fits(&new.username) {
        return Err(ApiError::field("/username", "username", "3 to 60 of a-z 0-9 . _ -"));
    }
    check_password("/password", &new.password, &new.username)?;
    let password_hash = state.passwords.hash(&new.password).await.map_err(AppError::Store)?;
    let row = UserRow {
        id: Id(state.app.clock.new_id()),
        username: new.username,
        display_name: new.display_name,
        password_hash,
        roles: serde_json::to_string(&new.roles).map_err(|_| ApiError::malformed("/roles", "not a list of roles"))?,
        active: true,
        revision: 1,
        created_at: state.app.clock.now().timestamp_micros(),
        stamp: 1,
    };
    let (app, caller, roles) = (state.app.clone(), auth.caller, new.roles);
    let user = state
        .app
        .store
        .write("", move |tx| {
            let mut errors = check_user(&row.display_name, &roles);
            errors.extend(reached(tx, &app, &caller, &roles)?);
            if !errors.is_empty() {
                return Err(AppError::invalid(errors));
            }
            once(tx, &caller.actor, key.as_ref(), app.clock.now(), &row.username, |tx| {
                if tx.user_by_name(&row.username)?.is_some() {
                    return Err(AppError::Exists(row.username.clone()));
                }
                Ok(tx.user_insert(&row)?)
            })?;
            let stored = tx.user_by_name(&row.username)?.ok_or(AppError::NotFound)?;
            // A repeated request may come when the user has gone to others.
            if !kept_by(tx, &app, &caller, &caller_of(&stored)?.grants)? {
                return Err(AppError::NotFound);
            }
            Ok(view(&stored)?)
        })
        .await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/users/{}", user.id)));
    Ok(tagged(answer, &user))
}

/// Change a user's name, roles, password or standing
#[utoipa::path(
    operation_id = "replace_user",
    tag = "catalogues",
    request_body = UserChange,
    params(("id" = Uuid, Path), ("If-Match" = String, Header, description = "The `ETag` that the caller saw")),
    responses((status = 200, description = "Changed", body = User), Writing),
    security(("bearer" = []))
)]
#[put("/users/{id}")]
pub async fn replace(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let id = path.parse::<Uuid>().map_err(|_| AppError::NotFound)?;
    let (app, caller) = (state.app.clone(), auth.caller.clone());
    let row = state
        .app
        .store
        .read(move |tx| {
            let row = tx.user_by_id(Id(id))?.ok_or(AppError::NotFound)?;
            if kept_by(tx, &app, &caller, &caller_of(&row)?.grants)? { Ok(row) } else { Err(AppError::NotFound) }
        })
        .await?;
    let expected = i32::try_from(body::if_match(&request)?).unwrap_or(0);
    let change: UserChange = json.read()?;
    let password_hash = match &change.password {
        Some(password) => {
            check_password("/password", password, &row.username)?;
            state.passwords.hash(password).await.map_err(AppError::Store)?
        }
        None => row.password_hash.clone(),
    };
    let own = auth.subject == Subject::User(id);
    if own && !(change.active && change.roles.iter().any(|grant| grant.role == Role::Admin)) {
        return Err(AppError::Conflict("nobody takes the role of admin from themselves").into());
    }
    // A new name signs nobody out; what decides who enters, and where, does.
    let same = change.password.is_none()
        && change.active == row.active
        && caller_of(&row).map_err(AppError::Store)?.grants == change.roles;
    let row = UserRow {
        stamp: if same { row.stamp } else { row.stamp + 1 },
        display_name: change.display_name,
        password_hash,
        roles: serde_json::to_string(&change.roles)
            .map_err(|_| ApiError::malformed("/roles", "not a list of roles"))?,
        active: change.active,
        revision: expected + 1,
        ..row
    };
    let (app, caller, roles) = (state.app.clone(), auth.caller, change.roles);
    let user = state
        .app
        .store
        .write("", move |tx| {
            let mut errors = check_user(&row.display_name, &roles);
            errors.extend(reached(tx, &app, &caller, &roles)?);
            if !errors.is_empty() {
                return Err(AppError::invalid(errors));
            }
            if !tx.user_update(&row, expected)? {
                let current = tx.user_by_id(row.id)?.map_or(0, |row| row.revision);
                return Err(AppError::Stale { current: u32::try_from(current).unwrap_or(0) });
            }
            if !same {
                tx.refresh_forget(row.id)?;
            }
            Ok(view(&row)?)
        })
        .await?;
    Ok(tagged(HttpResponse::Ok(), &user))
}
