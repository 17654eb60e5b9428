//! A frozen report against the same one as known now: every cell that differs, and what moved its dossiers.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::id_of;
use crate::app::snapshots::{KEEPERS, frozen, open};
use crate::domain::error::FieldError;
use crate::domain::time::{self, Instant, from_micros};
use crate::http::State;
use crate::http::auth::{Audit, Authed};
use crate::http::body::Query;
use crate::http::diff::{MovedDossier, cuts, moved_view, scopes};
use crate::http::dossiers::known_at as past;
use crate::http::page::{bad_cursor, cursor, limit, position};
use crate::http::problem::ApiError;
use crate::http::reports::{Links, ReportAsk};
use crate::http::responses::Reading;
use crate::store::diff::{Diff, Members};
use crate::store::figures::settled;
use crate::store::reports::Row;
use crate::store::snapshots::{Difference, differences as compare, freeze};

/// Movers shown of one cell; its link opens them all.
const SHOWN: i64 = 20;

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DifferencesQuery {
    /// Recomputed as known then, after the snapshot; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Cells on a page: 1 to 500, default 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
}

/// A cell that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferingCell {
    /// The row's own keys; all null: the total.
    pub level: Option<crate::domain::catalogue::Level>,
    pub field: Option<String>,
    pub procedure: Option<String>,
    pub agency: Option<String>,
    pub column: String,
    /// Null: the frozen report has no such row.
    pub frozen: Option<i64>,
    pub recomputed: Option<i64>,
    pub entered: i64,
    pub left: i64,
    /// The first of those that moved, each with what moved it.
    pub dossiers: Vec<MovedDossier>,
    /// Opens into all of them.
    pub diff: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Differences {
    pub snapshot: uuid::Uuid,
    pub content_hash: String,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub since: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// Where stocks are judged in the recomputed report.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    pub settled: bool,
    pub layout_version: u32,
    pub definition_version: u32,
    pub calendar_version: Option<String>,
    /// How many cells differ in all.
    pub count: usize,
    pub cells: Vec<DifferingCell>,
    pub next: Option<String>,
}

/// What a sealed report has become: every cell that differs as known now, and through which events
#[utoipa::path(
    operation_id = "list_differences",
    tag = "reports",
    params(("id" = Uuid, Path), DifferencesQuery),
    responses((status = 200, description = "In the order of the print", body = Differences), Reading),
    security(("bearer" = []))
)]
#[get("/reports/snapshots/{id}/differences")]
pub async fn differences(
    auth: Authed<Audit>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<DifferencesQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id_of(&path)?;
    let now = state.app.clock.now();
    let size = usize::try_from(limit(query.0.limit)?).unwrap_or(usize::MAX);
    let known_at = past(query.0.known_at.as_deref(), now)?.unwrap_or(now);
    let question = format!("differences {id} {:?}", query.0.known_at);
    let start = position(&question, query.0.cursor.as_deref())?;
    let start: usize = start.map(|text| text.parse().map_err(|_| bad_cursor())).transpose()?.unwrap_or(0);
    let (app, caller) = (state.app.clone(), auth.caller);
    let answer = state
        .app
        .store
        .read(move |tx| {
            let row = open(tx, &app, &caller, &KEEPERS, id)?;
            let before = frozen(&row)?;
            if known_at <= before.report.known_at {
                let error = FieldError::new("?known_at", "reversed", "lies after the snapshot's own instant");
                return Err(ApiError::invalid(vec![error]));
            }
            let layout = before.report.layout()?;
            let links = Links { report: &before.report, layout };
            let (ended, rows) = (before.report.ended, before.report.rows_by);
            let whole = crate::http::figures::CutQuery { known_at, ..links.cut(before.report.total()?) };
            let ask = ReportAsk { layout, ended, rows, cut: whole };
            let catalogues = &app.catalogues;
            let after = ask.with(tx, catalogues, &caller, &KEEPERS, now, |tx, ask| Ok(freeze(tx, catalogues, ask)?))?;
            let all = compare(&before, &after);
            let mut cells = Vec::new();
            for Difference { row, column, before: old, after: new } in all.iter().skip(start).take(size) {
                let Some(members) = layout.column(column).map(|column| Members::Column(column, ended)) else {
                    continue;
                };
                let narrow = crate::http::figures::CutQuery { known_at, ..links.cut(row) };
                let (earlier, later) = cuts(tx, catalogues, &caller, &narrow, before.report.known_at, now)?;
                let scopes = scopes(tx, catalogues, &caller, &narrow, before.report.known_at, now)?;
                let diff = Diff { members, before: earlier, after: later, scopes };
                let counts = diff.counts(tx)?;
                let found = diff.page(tx, None, None, SHOWN)?;
                let link = format!(
                    "/api/v1/reports/diff?report={}&column={column}&ended={}&since={}{}",
                    layout.id,
                    ended.as_str(),
                    time::canonical(before.report.known_at),
                    narrow.query()
                );
                let Row { level, field, procedure, agency, .. } = row.clone();
                cells.push(DifferingCell {
                    level,
                    field,
                    procedure,
                    agency,
                    column: column.clone(),
                    frozen: *old,
                    recomputed: *new,
                    entered: counts.entered,
                    left: counts.left,
                    dossiers: found.into_iter().filter_map(|found| moved_view(found, known_at)).collect(),
                    diff: link,
                });
            }
            let end = start.saturating_add(size);
            Ok::<_, ApiError>(Differences {
                snapshot: id,
                content_hash: row.content_hash,
                since: from_micros(row.known_at),
                known_at,
                at: after.report.at,
                settled: settled(known_at, now),
                layout_version: after.report.layout_version,
                definition_version: after.report.definition_version,
                calendar_version: after.report.calendar_version,
                count: all.len(),
                cells,
                next: (end < all.len()).then(|| cursor(&question, &end.to_string())),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}
