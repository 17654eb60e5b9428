//! Finishes relative to their due instant, each bar opening into its dossiers.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::auth::{Audit, Authed, Permission};
use super::body::Query;
use super::figures::{CutQuery, CutText, CutView, escape};
use super::problem::ApiError;
use super::responses::Reading;
use crate::store::catalogues::calendar_version;
use crate::store::checks::CHECKS_VERSION;
use crate::store::checks::histogram::{Bucket, MOST_DAYS, MOST_HOURS, histogram};
use crate::store::query::Filters;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HistogramQuery {
    /// Default: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// First day, in Vietnam; default 1 January of `to`'s year.
    pub from: Option<String>,
    /// Last day; default today.
    pub to: Option<String>,
    /// As it was known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
}

/// One bar.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bar {
    /// As in `GET /dossiers?bucket=`.
    pub bucket: String,
    /// Days: of the finish after the due day, below zero before it. Hours: whole ones left to the due instant; null
    /// past it.
    pub value: Option<i64>,
    /// It holds everything beyond its value, too.
    pub open_ended: bool,
    pub count: i64,
    pub dossiers: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HistogramAnswer {
    pub cut: CutView,
    /// The counts can no longer change.
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
    pub definition_version: u32,
    /// First finishes of the period: the sum of `days`.
    pub finished: i64,
    /// Date of the finish less the due date (strict: without extensions), from early to late.
    pub days: Vec<Bar>,
    /// Those of the due day by the hours left, from early to late; the last bar is past the due instant.
    pub due_day: Vec<Bar>,
}

/// Finishes relative to the strict due instant: by day, and on the due day by hour
#[utoipa::path(
    operation_id = "get_histogram",
    tag = "audit",
    params(HistogramQuery),
    responses((status = 200, description = "Exact counts that add up; empty bars too", body = HistogramAnswer), Reading),
    security(("bearer" = []))
)]
#[get("/audit/histogram")]
pub async fn get(
    auth: Authed<Audit>,
    state: web::Data<State>,
    query: Query<HistogramQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let ask = CutQuery::read(
        CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: None,
            filters: Filters::default(),
        },
        now,
    )?;
    let catalogues = state.app.catalogues.clone();
    let caller = auth.caller;
    let answer = state
        .app
        .store
        .read(move |tx| {
            let (cut, _) = ask.resolve(tx, &catalogues, &caller, Audit::ROLES, now)?;
            let found = histogram(tx, &cut)?;
            let (days, due_day): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|(bucket, _)| matches!(bucket, Bucket::Day(_)));
            let bars = |found: Vec<(Bucket, i64)>| -> Vec<Bar> {
                found.into_iter().map(|(bucket, count)| bar(&ask, bucket, count)).collect()
            };
            Ok::<_, ApiError>(HistogramAnswer {
                cut: ask.view(&cut),
                settled: ask.settled(now),
                calendar_version: calendar_version(tx, ask.known_at)?,
                definition_version: CHECKS_VERSION,
                finished: days.iter().map(|(_, count)| count).sum(),
                days: bars(days),
                due_day: bars(due_day),
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}

fn bar(ask: &CutQuery, bucket: Bucket, count: i64) -> Bar {
    let (value, open_ended) = match bucket {
        Bucket::Day(days) => (Some(days), days.abs() == MOST_DAYS),
        Bucket::Hour(hours) => (Some(hours), hours == MOST_HOURS),
        Bucket::Past => (None, false),
    };
    let id = bucket.id();
    Bar {
        dossiers: format!("/api/v1/dossiers?bucket={}{}", escape(&id), ask.query()),
        bucket: id,
        value,
        open_ended,
        count,
    }
}
