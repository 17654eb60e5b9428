//! Who calls, proven by the handler's signature: a handler that takes `Authed<P>` cannot run for
//! somebody without one of `P`'s roles. What the roles reach is judged by the store's finders.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use sha2::{Digest, Sha256};

use super::State;
use super::problem::{ApiError, Kind};
use crate::app::{Caller, sessions};
use crate::domain::actor::{Role, Subject};
use crate::domain::time::Instant;

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
    /// Who saw personal data.
    Oversee = [Auditor];
    /// Heads, voided dossiers, late entries.
    Audit = [Auditor, Leader];
}

/// The caller, holding one of `P`'s roles.
#[derive(Debug)]
pub struct Authed<P: Permission> {
    pub caller: Caller,
    pub subject: Subject,
    proof: PhantomData<P>,
}

/// Verified tokens, for seconds: a token that ended serves no longer than that, in whichever process.
#[derive(Debug, Default)]
pub struct TokenCache(Mutex<HashMap<[u8; 32], Known>>);

#[derive(Debug)]
struct Known {
    since: Instant,
    expires: i64,
    subject: Subject,
    caller: Caller,
}

impl Known {
    /// A clock that was set back must not make it live longer.
    fn is_young(&self, now: Instant) -> bool {
        (0..CACHE_SECONDS).contains(&(now - self.since).num_seconds())
    }
}

const CACHE_SECONDS: i64 = 3;
const CACHE_SIZE: usize = 10_000;

impl TokenCache {
    fn get(&self, token: &[u8; 32], now: Instant) -> Option<(Subject, Caller)> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cache.get(token)?;
        (known.is_young(now) && known.expires > now.timestamp()).then(|| (known.subject, known.caller.clone()))
    }

    fn put(&self, token: [u8; 32], known: Known) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_SIZE {
            cache.retain(|_, other| other.is_young(known.since));
        }
        if cache.len() < CACHE_SIZE {
            cache.insert(token, known);
        }
    }
}

async fn identify(state: web::Data<State>, token: Option<String>) -> Result<(Subject, Caller), ApiError> {
    let refused = || ApiError::new(Kind::Unauthenticated);
    let token = token.ok_or_else(refused)?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let now = state.app.clock.now();
    if let Some(known) = state.cache.get(&hash, now) {
        return Ok(known);
    }
    let (ticket, expires) = state.tokens.verify(&token, now).ok_or_else(refused)?;
    let subject = ticket.subject;
    let caller = state.app.store.read(move |tx| sessions::bearer(tx, &ticket)).await?.ok_or_else(refused)?;
    state.cache.put(hash, Known { since: now, expires, subject, caller: caller.clone() });
    Ok((subject, caller))
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
            let (subject, caller) = identify(state, token).await?;
            if !caller.has_any(P::ROLES) {
                return Err(ApiError::with(Kind::Forbidden, "none of your roles may do this"));
            }
            Ok(Self { caller, subject, proof: PhantomData })
        })
    }
}
