//! Import and export of dossiers as NDJSON, streamed in constant memory.

use std::collections::VecDeque;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, post, web};
use futures_util::StreamExt;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::State;
use super::auth::{Administer, Audit, Authed};
use super::body::Query;
use super::figures::{CutQuery, CutText};
use super::problem::{ApiError, Kind};
use super::purpose::purpose;
use super::responses::{Reading, Writing};
use crate::app::catalogue::Keeper;
use crate::app::disclosure::{Disclosure, record};
use crate::app::export::{Names, page};
use crate::app::import::{Importer, Report, Scope};
use crate::app::{App, AppError};
use crate::domain::actor::Role;
use crate::store::StoreError;
use crate::store::indicators;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The name by which events remember where they came from; default `upload`.
    pub file: Option<String>,
}

/// Import dossiers and catalogue documents, one JSON object a line
#[utoipa::path(
    operation_id = "import_dossiers",
    tag = "exchange",
    params(ImportQuery),
    request_body(content = String, content_type = "application/x-ndjson", description = "One dossier with its events a line"),
    responses((status = 200, description = "What was done, line by line; good lines stay when others are bad", body = Report), Writing),
    security(("bearer" = []))
)]
#[post("/imports")]
pub async fn import(
    auth: Authed<Administer>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<ImportQuery>,
    mut body: web::Payload,
) -> Result<HttpResponse, ApiError> {
    if !matches!(request.content_type(), "application/x-ndjson" | "application/ndjson") {
        return Err(ApiError::with(Kind::MediaType, "send application/x-ndjson"));
    }
    let file = query.0.file.unwrap_or_else(|| "upload".to_owned());
    if file.is_empty() || file.chars().count() > 200 || file.chars().any(char::is_control) {
        return Err(ApiError::field("?file", "file", "1 to 200 printable characters"));
    }
    let (app, caller) = (state.app.clone(), auth.caller.clone());
    let keeper = state.app.store.read(move |tx| Ok::<_, AppError>(Keeper::of(tx, &app, &caller)?)).await?;
    let scope = Scope { actor: auth.caller.actor, keeper: Some(keeper) };
    let mut importer = Importer::new(&state.app, scope, &file, &indicators::ids());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| ApiError::malformed("", "the body broke off"))?;
        importer.feed(&chunk).await.map_err(AppError::Store)?;
    }
    let report = importer.finish().await.map_err(AppError::Store)?;
    Ok(HttpResponse::Ok().json(report))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
}

/// Export dossiers in the import format; personal values are masked, unless an auditor states a purpose
#[utoipa::path(
    operation_id = "export_dossiers",
    tag = "exchange",
    params(
        ExportQuery,
        ("Purpose" = Option<String>, Header, description = "Of an auditor who needs personal values; 10 to 300 characters, kept in the access log")
    ),
    responses((status = 200, description = "One dossier a line", body = String, content_type = "application/x-ndjson"), Reading),
    security(("bearer" = []))
)]
#[get("/exports/dossiers")]
pub async fn export(
    auth: Authed<Audit>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let text = CutText { agency: query.0.agency.as_deref(), scope: query.0.scope.as_deref(), ..CutText::default() };
    let cut = CutQuery::read(text, now)?;
    let stated = purpose(&request)?;
    if stated.is_some() && !auth.caller.has(Role::Auditor) {
        return Err(ApiError::with(Kind::Forbidden, "personal values are exported by auditors only"));
    }
    let catalogues = state.app.catalogues.clone();
    let caller = auth.caller.clone();
    let (names, roles) = match &stated {
        Some(_) => (Names::Full, vec![Role::Auditor]),
        None => (Names::Masked, vec![Role::Auditor, Role::Leader]),
    };
    let resolved = state.app.store.read(move |tx| {
        let cut = cut.resolve(tx, &catalogues, &caller, &roles, now)?.0;
        let known = tx.event_agencies().map_err(AppError::Store)?;
        Ok::<_, ApiError>(known.into_iter().filter(|agency| cut.agencies.contains(agency)).collect::<VecDeque<_>>())
    });
    let agencies = resolved.await?;
    if stated.is_some() {
        for agency in &agencies {
            let fields = vec!["*".to_owned()];
            let what = Disclosure { agency: agency.clone(), dossier: None, action: "export", fields };
            record(&state.app, &auth.caller, what, stated.as_deref()).await?;
        }
    }
    let pages = Pages { app: state.app.clone(), names, agencies, after: None };
    let lines = stream::try_unfold(pages, Pages::next);
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(lines))
}

/// Where an export stands: the agencies still to be read, and the last dossier of the first.
struct Pages {
    app: App,
    names: Names,
    agencies: VecDeque<String>,
    after: Option<Uuid>,
}

impl Pages {
    async fn next(mut self) -> Result<Option<(web::Bytes, Self)>, StoreError> {
        let Some(agency) = self.agencies.front().cloned() else { return Ok(None) };
        let (after, names) = (self.after, self.names);
        let vault = self.app.vault.clone();
        let found = self.app.store.read(move |tx| page(tx, &vault, &agency, after, names)).await;
        let found = found.inspect_err(|error| tracing::error!(error = %error, "export broke off"))?;
        self.after = found.next;
        if self.after.is_none() {
            self.agencies.pop_front();
        }
        let text: String = found.lines.into_iter().map(|line| line + "\n").collect();
        Ok(Some((web::Bytes::from(text), self)))
    }
}
