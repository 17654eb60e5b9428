//! Frozen reports, and the seals and verifications of each.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Conn, Db};
use crate::store::error::StoreError;
use crate::store::query::{Flagged, Flags, SnapshotQuery};
use crate::store::rows::{SnapshotActRow, SnapshotRow};
use crate::store::schema::{snapshot_acts, snapshots};
use crate::store::sql_types::{Id, Uid};

pub fn snapshot_insert(conn: &mut Conn, row: &SnapshotRow) -> Result<(), StoreError> {
    diesel::insert_into(snapshots::table).values(row).execute(conn)?;
    Ok(())
}

/// The snapshot with this id; may look at every agency.
pub fn snapshot_by_id(conn: &mut Conn, id: Id) -> Result<Option<SnapshotRow>, StoreError> {
    Ok(snapshots::table.filter(snapshots::id.eq(id)).first(conn).optional()?)
}

/// An agency's snapshots, oldest first.
pub fn snapshot_ids(conn: &mut Conn, agency: &str) -> Result<Vec<Id>, StoreError> {
    Ok(snapshots::table
        .filter(snapshots::agency_id.eq(agency))
        .select(snapshots::id)
        .order((snapshots::recorded_at, snapshots::id))
        .load(conn)?)
}

/// Agencies that have taken snapshots.
pub fn snapshot_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    Ok(snapshots::table.select(snapshots::agency_id).distinct().order(snapshots::agency_id).load(conn)?)
}

/// Newest first, without their contents.
pub fn snapshots_page(conn: &mut Conn, ask: &SnapshotQuery) -> Result<Vec<SnapshotRow>, StoreError> {
    let mut query = snapshots::table.filter(snapshots::agency_id.eq_any(&ask.agencies)).into_boxed::<Db>();
    if let Some(report) = &ask.report {
        query = query.filter(snapshots::report.eq(report));
    }
    if let Some(basis) = &ask.basis {
        query = query.filter(snapshots::basis.eq(basis));
    }
    if let Some(from) = &ask.from {
        query = query.filter(snapshots::period_to.ge(from));
    }
    if let Some(to) = &ask.to {
        query = query.filter(snapshots::period_from.le(to));
    }
    if let Some(known_at) = ask.known_at {
        query = query.filter(snapshots::recorded_at.le(known_at));
    }
    if let Some((recorded_at, id)) = ask.after {
        let tie = snapshots::recorded_at.eq(recorded_at).and(snapshots::id.lt(id));
        query = query.filter(snapshots::recorded_at.lt(recorded_at).or(tie));
    }
    let columns = (
        snapshots::agency_id,
        snapshots::id,
        snapshots::recorded_at,
        snapshots::actor,
        snapshots::basis,
        snapshots::label,
        snapshots::report,
        snapshots::period_from,
        snapshots::period_to,
        snapshots::known_at,
        sql::<Text>("''"),
        snapshots::content_hash,
    );
    let order = (snapshots::recorded_at.desc(), snapshots::id.desc());
    Ok(query.select(columns).order(order).limit(ask.limit).load(conn)?)
}

pub fn snapshot_act_insert(conn: &mut Conn, row: &SnapshotActRow) -> Result<(), StoreError> {
    diesel::insert_into(snapshot_acts::table).values(row).execute(conn)?;
    Ok(())
}

/// What was done to some snapshots, each in order.
pub fn snapshot_acts_of(conn: &mut Conn, agencies: &[String], ids: &[Id]) -> Result<Vec<SnapshotActRow>, StoreError> {
    Ok(snapshot_acts::table
        .filter(snapshot_acts::agency_id.eq_any(agencies))
        .filter(snapshot_acts::snapshot_id.eq_any(ids))
        .order((snapshot_acts::snapshot_id, snapshot_acts::n))
        .load(conn)?)
}

#[derive(QueryableByName)]
struct FlaggedRow {
    #[diesel(sql_type = Uid)]
    dossier_id: Id,
    #[diesel(sql_type = Text)]
    field: String,
    #[diesel(sql_type = Text)]
    procedure: String,
    #[diesel(sql_type = Text)]
    flags: String,
}

/// An agency's dossiers at a cut by id, with which of the predicates hold for each.
pub fn facts_flags(
    conn: &mut Conn,
    ask: &Flags<'_>,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Flagged>, StoreError> {
    let flag = |predicate: &String| format!("CASE WHEN {predicate} THEN '1' ELSE '0' END");
    let flags: Vec<String> = ask.predicates.iter().map(flag).collect();
    let (at, known) = (ask.at, ask.known_at);
    let mut text = format!(
        "SELECT dossier_id, field, procedure, '' || {} AS flags FROM facts WHERE agency_id = $1 AND valid_from <= {at} \
         AND valid_to > {at} AND known_from <= {known} AND known_to > {known}",
        flags.join(" || "),
    );
    if after.is_some() {
        text.push_str(" AND dossier_id > $2");
    }
    text.push_str(&format!(" ORDER BY dossier_id LIMIT {limit}"));
    let mut query = diesel::sql_query(text).into_boxed::<Db>().bind::<Text, _>(ask.agency.to_owned());
    if let Some(after) = after {
        query = query.bind::<Uid, _>(after);
    }
    let rows: Vec<FlaggedRow> = query.load(conn)?;
    let found = |row: FlaggedRow| Flagged {
        dossier: row.dossier_id,
        field: row.field,
        procedure: row.procedure,
        holds: row.flags.bytes().map(|flag| flag == b'1').collect(),
    };
    Ok(rows.into_iter().map(found).collect())
}
