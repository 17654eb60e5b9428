//! The law's periodic reports, each cell opening into its dossiers.

pub mod forms;
mod print;
pub mod register;
mod view;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

pub use print::sheet;
pub(super) use register::letterhead;
pub(super) use view::Links;
pub use view::ReportView;

use super::State;
use super::auth::{Authed, Staff};
use super::body::Query;
use super::dossiers::ListQuery;
use super::figures::{CutQuery, CutText, groups_of};
use super::format::{Bytes, Format, printed};
use super::problem::ApiError;
use super::responses::Reading;
use crate::app::Caller;
use crate::app::access::STAFF;
use crate::domain::actor::Role;
use crate::domain::error::FieldError;
use crate::domain::time::Instant;
use crate::store::Tx;
use crate::store::catalogues::{Catalogues, Tree};
use crate::store::query::Filters;
use crate::store::reports::{self, Ask, Column, Ended, Layout, Report, RowsBy, compute};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// Default: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    /// First day, in Vietnam; default 1 January of `to`'s year.
    pub from: Option<String>,
    /// Last day; default today.
    pub to: Option<String>,
    /// As it was known then; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// `field` (default), `procedure` or `agency`.
    pub rows: Option<String>,
    /// What becomes of the stopped and withdrawn: `exclude` (default) or `as_resolved`.
    pub ended: Option<String>,
    /// `json` (default), `csv`, `xlsx` or `html`, for print.
    pub format: Option<String>,
}

/// A report as asked for, not yet confined to the caller's reach.
#[derive(Debug, Clone)]
pub struct ReportAsk {
    pub layout: &'static Layout,
    pub ended: Ended,
    pub rows: RowsBy,
    pub cut: CutQuery,
}

impl ReportAsk {
    /// # Errors
    /// As [`CutQuery::read`]; 422 for unknown rows or another treatment.
    pub fn read(layout: &'static Layout, query: &ReportQuery, now: Instant) -> Result<Self, ApiError> {
        let rows = match query.rows.as_deref() {
            None => RowsBy::default(),
            Some(text) => RowsBy::parse(text)
                .ok_or_else(|| ApiError::field("?rows", "unknown_value", "field, procedure or agency"))?,
        };
        let text = CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: query.level.as_deref(),
            filters: Filters::default(),
        };
        Ok(Self { layout, ended: treatment(query.ended.as_deref())?, rows, cut: CutQuery::read(text, now)? })
    }

    /// # Errors
    /// 404 or 403 for an agency that the caller may not read; the database fails.
    pub fn compute(
        &self,
        tx: &mut Tx<'_>,
        catalogues: &Catalogues,
        caller: &Caller,
        now: Instant,
    ) -> Result<Report, ApiError> {
        self.with(tx, catalogues, caller, &STAFF, now, |tx, ask| Ok(compute(tx, catalogues, ask)?))
    }

    /// Confines the question to what `roles` reach, and runs `work` on it.
    ///
    /// # Errors
    /// As [`ReportAsk::compute`].
    pub fn with<T>(
        &self,
        tx: &mut Tx<'_>,
        catalogues: &Catalogues,
        caller: &Caller,
        roles: &[Role],
        now: Instant,
        work: impl FnOnce(&mut Tx<'_>, &Ask<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let (cut, _) = self.cut.resolve(tx, catalogues, caller, roles, now)?;
        let groups = match self.rows {
            RowsBy::Agency => {
                let documents = catalogues.agencies(tx)?;
                let tree = Tree::new(&documents, self.cut.to, self.cut.known_at);
                groups_of(&tree, self.cut.agency.as_deref(), &caller.roots(roles))
            }
            RowsBy::Field | RowsBy::Procedure => BTreeMap::new(),
        };
        let ask = Ask {
            layout: self.layout,
            ended: self.ended,
            rows: self.rows,
            cut: &cut,
            agency: self.cut.agency.as_deref(),
            own: self.cut.own,
            levels: &self.cut.levels,
            groups: &groups,
        };
        work(tx, &ask)
    }
}

fn treatment(text: Option<&str>) -> Result<Ended, ApiError> {
    let Some(text) = text else { return Ok(Ended::default()) };
    Ended::parse(text).ok_or_else(|| ApiError::field("?ended", "unknown_value", "`exclude` or `as_resolved`"))
}

/// The column of a report that a dossier list is to open.
///
/// # Errors
/// 422 for an unknown report, column or treatment, for one without the others, and beside an indicator.
pub(super) fn drill_down(query: &ListQuery) -> Result<Option<(&'static Column, Ended)>, ApiError> {
    let Some(report) = query.report.as_deref() else {
        let stray = [("?column", query.column.is_some()), ("?ended", query.ended.is_some())];
        let stray = stray.into_iter().filter(|(_, given)| *given);
        let errors: Vec<FieldError> =
            stray.map(|(name, _)| FieldError::new(name, "unexpected", "goes with `report`")).collect();
        return if errors.is_empty() { Ok(None) } else { Err(ApiError::invalid(errors)) };
    };
    if query.indicator.is_some() {
        return Err(ApiError::field("?report", "unexpected", "a list opens an indicator or a report, not both"));
    }
    let layout = reports::find(report).ok_or_else(|| ApiError::field("?report", "unknown_report", "`06a` or `07a`"))?;
    let number = query.column.as_deref().unwrap_or_default();
    let column = layout.column(number).ok_or_else(|| {
        let numbers: Vec<&str> = layout.columns.iter().chain(layout.beside()).map(|column| column.number).collect();
        ApiError::field("?column", "unknown_column", &format!("one of {}", numbers.join(", ")))
    })?;
    Ok(Some((column, treatment(query.ended.as_deref())?)))
}

async fn answer(
    layout: &'static Layout,
    auth: Authed<Staff>,
    state: &State,
    query: &ReportQuery,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let format = Format::read(query.format.as_deref(), &Format::ALL)?;
    let ask = ReportAsk::read(layout, query, now)?;
    let settled = ask.cut.settled(now);
    let (catalogues, caller) = (state.app.catalogues.clone(), auth.caller);
    let report = state.app.store.read(move |tx| ask.compute(tx, &catalogues, &caller, now)).await?;
    match format {
        Format::Json => Ok(HttpResponse::Ok().json(ReportView::new(&report, settled)?)),
        _ => printed(format, &sheet(&report)?),
    }
}

/// Biểu II.06a: dossiers received, resolved and open, each cell opening into its dossiers
#[utoipa::path(
    operation_id = "get_report_06a",
    tag = "reports",
    params(ReportQuery),
    responses(
        (status = 200, description = "Columns 3 to 13, by rows", content(
            (ReportView = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/reports/06a")]
pub async fn form_06a(
    auth: Authed<Staff>,
    state: web::Data<State>,
    query: Query<ReportQuery>,
) -> Result<HttpResponse, ApiError> {
    answer(&reports::FORM_06A, auth, &state, &query.0).await
}

/// Biểu 07a, the successor of II.06a; the numbers of its columns are the program's own
#[utoipa::path(
    operation_id = "get_report_07a",
    tag = "reports",
    params(ReportQuery),
    responses(
        (status = 200, description = "Columns 3 to 24, by rows", content(
            (ReportView = "application/json"),
            (String = "text/csv"),
            (String = "text/html"),
            (Bytes = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Reading
    ),
    security(("bearer" = []))
)]
#[get("/reports/07a")]
pub async fn form_07a(
    auth: Authed<Staff>,
    state: web::Data<State>,
    query: Query<ReportQuery>,
) -> Result<HttpResponse, ApiError> {
    answer(&reports::FORM_07A, auth, &state, &query.0).await
}
