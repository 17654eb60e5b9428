//! Jobs, and the open dossiers that a change of the calendar may concern.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{Conn, Db};
use crate::store::error::StoreError;
use crate::store::jobs::{JobAgencyRow, JobRow, UNFINISHED};
use crate::store::schema::{facts, job_agencies, jobs};
use crate::store::sql_types::Id;

/// The words of the index `facts_open`, literally: a bound value would keep the planner from it.
const OPEN: &str = "valid_to = 9223372036854775807 AND known_to = 9223372036854775807 \
     AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at IS NULL";

/// Open dossiers whose time touches the span: received before it ends, and due, or last acted upon, after it
/// begins. The last act counts because a pause moves the due instant also by days that lie behind it.
fn touched<'a>(span: (i64, i64)) -> facts::BoxedQuery<'a, Db> {
    let (first, last) = span;
    let reaches = facts::due.ge(first).or(facts::figure_due_strict.ge(first)).assume_not_null();
    facts::table
        .filter(sql::<Bool>(OPEN))
        .filter(facts::voided.eq(false))
        .filter(facts::received_at.le(last))
        .filter(reaches.or(facts::valid_from.ge(first)))
        .into_boxed::<Db>()
}

/// Those of an agency, by id, each with the beginning of its pause.
pub fn open_page(
    conn: &mut Conn,
    agency: &str,
    span: (i64, i64),
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<(Id, Option<i64>)>, StoreError> {
    let mut query = touched(span).filter(facts::agency_id.eq(agency));
    if let Some(after) = after {
        query = query.filter(facts::dossier_id.gt(after));
    }
    Ok(query.select((facts::dossier_id, facts::paused_since)).order(facts::dossier_id).limit(limit).load(conn)?)
}

/// Those of all agencies whose clock runs.
pub fn open_count(conn: &mut Conn, span: (i64, i64)) -> Result<i64, StoreError> {
    Ok(touched(span).filter(facts::paused_since.is_null()).count().get_result(conn)?)
}

pub fn job_insert(conn: &mut Conn, row: &JobRow) -> Result<(), StoreError> {
    diesel::insert_into(jobs::table).values(row).execute(conn)?;
    Ok(())
}

pub fn job_save(conn: &mut Conn, row: &JobRow) -> Result<(), StoreError> {
    diesel::update(jobs::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn job_by_id(conn: &mut Conn, id: Id) -> Result<Option<JobRow>, StoreError> {
    Ok(jobs::table.find(id).first(conn).optional()?)
}

/// The oldest one that is not finished.
pub fn job_unfinished(conn: &mut Conn) -> Result<Option<JobRow>, StoreError> {
    let open = jobs::table.filter(jobs::state.eq_any(UNFINISHED));
    Ok(open.order((jobs::requested_at, jobs::id)).first(conn).optional()?)
}

/// The unfinished one about `subject`.
pub fn job_of(conn: &mut Conn, kind: &str, subject: &str) -> Result<Option<JobRow>, StoreError> {
    let open = jobs::table.filter(jobs::state.eq_any(UNFINISHED));
    let wanted = open.filter(jobs::kind.eq(kind)).filter(jobs::subject.eq(subject));
    Ok(wanted.order((jobs::requested_at, jobs::id)).first(conn).optional()?)
}

/// Newest first.
pub fn jobs_page(conn: &mut Conn, before: Option<(i64, Id)>, limit: i64) -> Result<Vec<JobRow>, StoreError> {
    let mut query = jobs::table.into_boxed::<Db>();
    if let Some((at, id)) = before {
        query = query.filter(jobs::requested_at.lt(at).or(jobs::requested_at.eq(at).and(jobs::id.lt(id))));
    }
    Ok(query.order((jobs::requested_at.desc(), jobs::id.desc())).limit(limit).load(conn)?)
}

pub fn job_agency(conn: &mut Conn, agency: &str, job: Id) -> Result<Option<JobAgencyRow>, StoreError> {
    Ok(job_agencies::table.find((agency, job)).first(conn).optional()?)
}

pub fn job_agency_save(conn: &mut Conn, row: &JobAgencyRow) -> Result<(), StoreError> {
    diesel::insert_into(job_agencies::table)
        .values(row)
        .on_conflict((job_agencies::agency_id, job_agencies::job_id))
        .do_update()
        .set(row)
        .execute(conn)?;
    Ok(())
}

/// Every agency in which the job has begun.
pub fn job_agencies(conn: &mut Conn, job: Id) -> Result<Vec<JobAgencyRow>, StoreError> {
    Ok(job_agencies::table.filter(job_agencies::job_id.eq(job)).order(job_agencies::agency_id).load(conn)?)
}

/// How many jobs are in which state.
pub fn job_states(conn: &mut Conn) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(jobs::table.group_by(jobs::state).select((jobs::state, diesel::dsl::count_star())).load(conn)?)
}
