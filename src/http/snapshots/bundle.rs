//! The proof bundle of a snapshot, streamed from a temporary file.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use futures_util::stream;

use super::id_of;
use crate::app::snapshots::{KEEPERS, open};
use crate::app::{AppError, proof::write};
use crate::http::State;
use crate::http::auth::{Audit, Authed};
use crate::http::problem::ApiError;
use crate::http::responses::Reading;
use crate::store::StoreError;

/// Bytes sent at a time.
const CHUNK: usize = 64 * 1024;

/// The proof of a snapshot: `motcua verify --proof` counts it again without a database
///
/// A zip without personal data: what was frozen, what it means, and the chains behind it from their first entry.
#[utoipa::path(
    operation_id = "get_proof",
    tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The bundle", body = Vec<u8>, content_type = "application/zip"), Reading),
    security(("bearer" = []))
)]
#[get("/reports/snapshots/{id}/proof")]
pub async fn proof(
    auth: Authed<Audit>,
    state: web::Data<State>,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&path)?;
    let (app, caller) = (state.app.clone(), auth.caller);
    let file = state.app.store.read(move |tx| {
        let row = open(tx, &app, &caller, &KEEPERS, id)?;
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(error.to_string()),
            _ => StoreError::Other(format!("no temporary file: {error}")),
        };
        let mut file = tempfile::tempfile().map_err(failed)?;
        write(tx, &row, &mut file)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok::<_, AppError>(file)
    });
    let file = file.await?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"proof-{id}.zip\"")))
        .streaming(stream::try_unfold(file, next)))
}

async fn next(mut file: File) -> Result<Option<(web::Bytes, File)>, StoreError> {
    let read = web::block(move || {
        let mut chunk = Vec::with_capacity(CHUNK);
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
        read.map(|_| (chunk, file))
    });
    let broken = |error: &dyn std::fmt::Display| StoreError::Other(format!("the bundle broke off: {error}"));
    let (chunk, file) = read.await.map_err(|error| broken(&error))?.map_err(|error| broken(&error))?;
    Ok((!chunk.is_empty()).then(|| (web::Bytes::from(chunk), file)))
}
