//! Who calls, proven by the handler's signature: a handler that takes `Authed<P>` cannot run for
//! somebody without one of `P`'s roles. What the roles reach is judged by the store's finders.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::State;
use super::problem::{ApiError, Kind};
use crate::app::{AppError, Caller};
use crate::domain::actor::Role;
use crate::store::StoreError;
use crate::store::rows::UserRow;
use crate::store::sql_types::Id;

/// Roles of which one is needed.
pub trait Permission: 'static {
    const ROLES: &'static [Role];
}

macro_rules! permissions {
    ($($(#[$meta:meta])* $name:ident = [$($role:ident),*];)+) => {
        $($(#[$meta])* #[derive(Debug)] pub struct $name;
        impl Permission for $name { const ROLES: &'static [Role] = &[$(Role::$role),*]; })+
    };
}

permissions! {
    /// Everybody who is signed in.
    Anyone = [Clerk, Officer, Leader, Auditor, Admin, Portal];
    /// Values, scorecards, reports: every staff role.
    Staff = [Clerk, Officer, Leader, Auditor, Admin];
    /// Dossiers; which of them is judged by scope. An admin is let through to be told 403 or 404.
    Dossiers = [Clerk, Officer, Leader, Auditor, Portal];
    /// Drill-downs to procedures: all but admin and portals.
    DrillDown = [Clerk, Officer, Leader, Auditor];
    /// Entering dossiers.
    Intake = [Clerk, Portal];
    /// Recording events.
    Record = [Clerk, Officer, Leader, Portal];
    /// Catalogues, users, calendar, plans, imports.
    Administer = [Admin];
    /// Declaring values for one's agency.
    Lead = [Leader];
    /// What a new calendar moves, and the jobs that move it; an admin sees counts only.
    Foresee = [Leader, Auditor, Admin];
    /// Heads, voided dossiers, late entries.
    Audit = [Auditor, Leader];
}

/// The caller, holding one of `P`'s roles.
#[derive(Debug)]
pub struct Authed<P: Permission> {
    pub caller: Caller,
    pub user: Uuid,
    proof: PhantomData<P>,
}

/// Verified tokens, for seconds: not longer than a revocation may take.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<HashMap<[u8; 32], (Monotonic, i64, Uuid, Caller)>>);

const CACHE_LIFE: Duration = Duration::from_secs(3);
const CACHE_SIZE: usize = 10_000;

impl TokenCache {
    fn get(&self, token: &[u8; 32], now: i64) -> Option<(Uuid, Caller)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, expires, user, caller) = cache.get(token)?;
        (since.elapsed() < CACHE_LIFE && *expires > now).then(|| (*user, caller.clone()))
    }

    fn put(&self, token: [u8; 32], expires: i64, user: Uuid, caller: Caller) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_SIZE {
            cache.retain(|_, (since, ..)| since.elapsed() < CACHE_LIFE);
        }
        cache.insert(token, (Monotonic::now(), expires, user, caller));
    }
}

/// The caller that a user row stands for.
///
/// # Errors
/// The stored roles are not what this program writes.
pub fn caller_of(row: &UserRow) -> Result<Caller, StoreError> {
    let grants = serde_json::from_str(&row.roles).map_err(|_| StoreError::Corrupt(format!("roles of {}", row.id.0)))?;
    Ok(Caller { actor: format!("user:{}", row.id.0), username: row.username.clone(), grants })
}

async fn identify(state: web::Data<State>, token: Option<String>) -> Result<(Uuid, Caller), ApiError> {
    let refused = || ApiError::new(Kind::Unauthenticated);
    let token = token.ok_or_else(refused)?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let now = state.app.clock.now();
    if let Some(known) = state.cache.get(&hash, now.timestamp()) {
        return Ok(known);
    }
    let (user, expires) = state.tokens.verify(&token, now).ok_or_else(refused)?;
    let row = state.app.store.read(move |tx| tx.user_by_id(Id(user))).await.map_err(AppError::Store)?;
    let row = row.filter(|row| row.active).ok_or_else(refused)?;
    let caller = caller_of(&row).map_err(AppError::Store)?;
    state.cache.put(hash, expires, user, caller.clone());
    Ok((user, caller))
}

impl<P: Permission> FromRequest for Authed<P> {
    type Error = ApiError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<State>>().cloned();
        let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        Box::pin(async move {
            let state = state.ok_or_else(|| ApiError::new(Kind::Internal))?;
            let (user, caller) = identify(state, token).await?;
            if !caller.has_any(P::ROLES) {
                return Err(ApiError::with(Kind::Forbidden, "none of your roles may do this"));
            }
            Ok(Self { caller, user, proof: PhantomData })
        })
    }
}
