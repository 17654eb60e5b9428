//! What a new calendar would move, before anybody puts it.

mod view;

use std::collections::BTreeSet;

use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

pub use view::CalendarPreview;
use view::{ChangesView, MovedDossier, MovedSum, NOTES};

use super::State;
use super::auth::{Authed, Foresee};
use super::body::{Json, Query};
use super::figures::{CutQuery, CutText};
use super::page::{Page, bad_cursor, cursor, limit, position};
use super::problem::{ApiError, Kind};
use super::responses::Writing;
use crate::app::Caller;
use crate::app::access::READERS;
use crate::app::catalogue::check_calendar;
use crate::domain::actor::Role;
use crate::domain::calendar::Calendar;
use crate::domain::time::{Instant, business_date};
use crate::store::calendar_preview::{Preview, Question, figures_now, preview as run};
use crate::store::calendars::Calendars;
use crate::store::catalogues::{Catalogues, Tree};
use crate::store::figures::{Counts, Cut};
use crate::store::indicators::DEFINITION_VERSION;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

const ROLES: [Role; 3] = [Role::Leader, Role::Auditor, Role::Admin];

#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PreviewQuery {
    /// Default: every agency within reach.
    pub agency: Option<String>,
    /// `subtree` (default) or `own`.
    pub scope: Option<String>,
    /// First day of the figures' period, which ends today; default 1 January.
    pub from: Option<String>,
    /// How many dossiers are listed; default 50.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// The next dossiers; counts and figures come with the first page only.
    pub cursor: Option<String>,
}

/// What a calendar would move; nothing is stored
///
/// Counts and figures of the caller's reach. Dossiers are listed for those who may read them.
#[utoipa::path(
    operation_id = "preview_calendar",
    tag = "catalogues",
    request_body = Calendar,
    params(PreviewQuery),
    responses((status = 200, description = "Dates, dossiers and figures that would move", body = CalendarPreview), Writing),
    security(("bearer" = []))
)]
#[post("/calendar/preview")]
pub async fn preview(
    auth: Authed<Foresee>,
    state: web::Data<State>,
    query: Query<PreviewQuery>,
    json: Json,
) -> Result<HttpResponse, ApiError> {
    let asked = Asked::read(query.0, json.read()?, &auth.caller, state.app.clock.now())?;
    let (catalogues, caller) = (state.app.catalogues.clone(), auth.caller);
    let answer = state.app.store.read(move |tx| asked.answer(tx, &catalogues, &caller)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// A preview as asked for.
struct Asked {
    calendar: Calendar,
    cut: CutQuery,
    now: Instant,
    size: usize,
    /// Everything that decides which dossiers are listed.
    question: String,
    after: Option<(String, Id)>,
}

impl Asked {
    fn read(query: PreviewQuery, calendar: Calendar, caller: &Caller, now: Instant) -> Result<Self, ApiError> {
        let size = usize::try_from(limit(query.limit)?).unwrap_or(usize::MAX);
        let text = CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            ..CutText::default()
        };
        let cut = CutQuery::read(text, now)?;
        let body = serde_json::to_string(&calendar).map_err(|_| ApiError::new(Kind::Internal))?;
        let body = hex::encode(Sha256::digest(body));
        let question = format!("calendar preview {body} {:?} {:?}", query.agency, query.scope);
        let after = position(&question, query.cursor.as_deref())?.map(|text| place_of(&text)).transpose()?;
        if after.is_some() && !caller.has_any(&READERS) {
            return Err(ApiError::with(Kind::Forbidden, "an admin sees no dossiers"));
        }
        Ok(Self { calendar, cut, now, size, question, after })
    }

    fn answer(&self, tx: &mut Tx<'_>, catalogues: &Catalogues, caller: &Caller) -> Result<CalendarPreview, ApiError> {
        check_calendar(tx, &self.calendar)?;
        let (cut, _) = self.cut.resolve(tx, catalogues, caller, &ROLES, self.now)?;
        let documents = catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, business_date(self.now), self.now);
        let listed: BTreeSet<String> = caller.reach(&tree, &READERS).intersection(&cut.agencies).cloned().collect();
        let further = self.after.is_some();
        let ask = Question {
            calendar: &self.calendar,
            agencies: if further { &listed } else { &cut.agencies },
            listed: &listed,
            at: self.now,
            limit: self.size,
            after: self.after.clone(),
        };
        let found = run(tx, catalogues, &ask)?;
        let (total, agencies) = if further { (None, None) } else { sums(tx, catalogues, &tree, &cut, &found)? };
        let calendars = Calendars::load(tx)?;
        let (current, before) = (calendars.in_force(), calendars.before(&self.calendar));
        Ok(CalendarPreview {
            version: self.calendar.version.clone(),
            notice: self.calendar.notice.clone(),
            in_force: current == Some(&self.calendar),
            compared_with: before.map(|before| before.version.clone()),
            calendar_version: current.map(|current| current.version.clone()),
            definition_version: DEFINITION_VERSION,
            cut: self.cut.view(&cut),
            settled: self.cut.settled(self.now),
            changes: ChangesView::new(before, &self.calendar),
            total,
            agencies,
            dossiers: caller.has_any(&READERS).then(|| self.page(found)),
            notes: NOTES,
        })
    }

    fn page(&self, found: Preview) -> Page<MovedDossier> {
        let last = found.rows.last().filter(|_| found.more);
        let next = last.map(|row| cursor(&self.question, &format!("{} {}", row.agency, row.id.0)));
        Page { items: found.rows.into_iter().map(MovedDossier::from).collect(), next, count: None }
    }
}

fn place_of(text: &str) -> Result<(String, Id), ApiError> {
    let (agency, id) = text.split_once(' ').ok_or_else(bad_cursor)?;
    Ok((agency.to_owned(), Id(Uuid::parse_str(id).map_err(|_| bad_cursor())?)))
}

/// All together, and by agency where something moves.
fn sums(
    tx: &mut Tx<'_>,
    catalogues: &Catalogues,
    tree: &Tree<'_>,
    cut: &Cut,
    found: &Preview,
) -> Result<(Option<MovedSum>, Option<Vec<MovedSum>>), StoreError> {
    let figures = figures_now(tx, catalogues, cut)?;
    let mut all = [Counts::default(); 3];
    for counts in figures.values() {
        all.iter_mut().zip(counts).for_each(|(sum, counts)| *sum += *counts);
    }
    let moved = found.sums.iter().filter(|(_, sums)| sums.moved > 0);
    let agencies = moved.map(|(code, sums)| {
        let name = tree.get(code).map_or_else(String::new, |agency| agency.name.clone());
        MovedSum::new(Some((code.clone(), name)), sums, figures.get(code).copied().unwrap_or_default())
    });
    Ok((Some(MovedSum::new(None, &found.total(), all)), Some(agencies.collect())))
}
