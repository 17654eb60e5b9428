//! Events, chain heads, day counters.

use diesel::prelude::*;

use super::Conn;
use crate::domain::chain::GENESIS;
use crate::store::error::StoreError;
use crate::store::query::Range;
use crate::store::rows::{EventRow, HeadRow};
use crate::store::schema::{counters, events, heads};
use crate::store::sql_types::Id;

/// Locks an agency's head until the transaction ends and returns it; made on first use.
pub fn head_lock(conn: &mut Conn, agency: &str) -> Result<HeadRow, StoreError> {
    let first = HeadRow { agency_id: agency.to_owned(), seq: 0, hash: GENESIS.to_owned(), recorded_at: 0 };
    Ok(diesel::insert_into(heads::table)
        .values(&first)
        .on_conflict(heads::agency_id)
        .do_update()
        .set(heads::agency_id.eq(agency))
        .returning(heads::all_columns)
        .get_result(conn)?)
}

pub fn head_save(conn: &mut Conn, head: &HeadRow) -> Result<(), StoreError> {
    let row = heads::table.find(&head.agency_id);
    let values = (heads::seq.eq(head.seq), heads::hash.eq(&head.hash), heads::recorded_at.eq(head.recorded_at));
    diesel::update(row).set(values).execute(conn)?;
    Ok(())
}

pub fn head_of(conn: &mut Conn, agency: &str) -> Result<Option<HeadRow>, StoreError> {
    Ok(heads::table.find(agency).first(conn).optional()?)
}

pub fn heads_all(conn: &mut Conn) -> Result<Vec<HeadRow>, StoreError> {
    Ok(heads::table.filter(heads::seq.gt(0)).order(heads::agency_id).load(conn)?)
}

/// The head of an agency's chain as it stood at an instant; none before its first event.
pub fn head_at(conn: &mut Conn, agency: &str, known_at: i64) -> Result<Option<HeadRow>, StoreError> {
    let last: Option<(i64, String, i64)> = events::table
        .filter(events::agency_id.eq(agency))
        .filter(events::recorded_at.le(known_at))
        .order(events::seq.desc())
        .select((events::seq, events::hash, events::recorded_at))
        .first(conn)
        .optional()?;
    Ok(last.map(|(seq, hash, recorded_at)| HeadRow { agency_id: agency.to_owned(), seq, hash, recorded_at }))
}

/// The next number of an agency's day, from 1; the row stays locked until the transaction ends.
pub fn counter_next(conn: &mut Conn, agency: &str, day: &str) -> Result<i64, StoreError> {
    Ok(diesel::insert_into(counters::table)
        .values((counters::agency_id.eq(agency), counters::day.eq(day), counters::n.eq(1)))
        .on_conflict((counters::agency_id, counters::day))
        .do_update()
        .set(counters::n.eq(counters::n + 1))
        .returning(counters::n)
        .get_result(conn)?)
}

/// Makes the day's counter go on above `n`.
pub fn counter_raise(conn: &mut Conn, agency: &str, day: &str, n: i64) -> Result<(), StoreError> {
    let current: i64 = diesel::insert_into(counters::table)
        .values((counters::agency_id.eq(agency), counters::day.eq(day), counters::n.eq(0)))
        .on_conflict((counters::agency_id, counters::day))
        .do_update()
        .set(counters::n.eq(counters::n + 0))
        .returning(counters::n)
        .get_result(conn)?;
    if current < n {
        let row = counters::table.find((agency, day));
        diesel::update(row).set(counters::n.eq(n)).execute(conn)?;
    }
    Ok(())
}

/// Agency, day, last number.
pub fn counters_all(conn: &mut Conn) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(counters::table.order((counters::agency_id, counters::day)).load(conn)?)
}

/// Day, last number of one agency.
pub fn counters_of(conn: &mut Conn, agency: &str) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(counters::table
        .filter(counters::agency_id.eq(agency))
        .order(counters::day)
        .select((counters::day, counters::n))
        .load(conn)?)
}

pub fn event_insert(conn: &mut Conn, row: &EventRow) -> Result<(), StoreError> {
    diesel::insert_into(events::table).values(row).execute(conn)?;
    Ok(())
}

/// A dossier's events in order of recording.
pub fn events_of(conn: &mut Conn, agency: &str, dossier: Id) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::agency_id.eq(agency))
        .filter(events::dossier_id.eq(dossier))
        .order(events::n)
        .load(conn)?)
}

/// The events of several dossiers of several agencies, by dossier and order of recording.
pub fn events_of_many(conn: &mut Conn, agencies: &[String], dossiers: &[Id]) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::agency_id.eq_any(agencies))
        .filter(events::dossier_id.eq_any(dossiers))
        .order((events::agency_id, events::dossier_id, events::n))
        .load(conn)?)
}

/// Events of some kinds, recorded by `known_at`, of several dossiers; by dossier and order of recording.
pub fn events_of_kinds(
    conn: &mut Conn,
    agencies: &[String],
    dossiers: &[Id],
    kinds: &[&str],
    known_at: i64,
) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::agency_id.eq_any(agencies))
        .filter(events::dossier_id.eq_any(dossiers))
        .filter(events::kind.eq_any(kinds))
        .filter(events::recorded_at.le(known_at))
        .order((events::agency_id, events::dossier_id, events::n))
        .load(conn)?)
}

/// An agency's chain after `seq`.
pub fn events_after(conn: &mut Conn, agency: &str, seq: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    Ok(events::table
        .filter(events::agency_id.eq(agency))
        .filter(events::seq.gt(seq))
        .order(events::seq)
        .limit(limit)
        .load(conn)?)
}

/// Every agency that has an event, whatever the heads say.
pub fn event_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    Ok(events::table.select(events::agency_id).distinct().order(events::agency_id).load(conn)?)
}

/// Events of a kind, or whose payload holds a text, recorded in a span, of several agencies, in chain order.
pub fn events_marked(
    conn: &mut Conn,
    agencies: &[String],
    (kind, mark): (Option<&str>, Option<&str>),
    recorded: Range,
    after: Option<&(String, i64)>,
    limit: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let mut query = events::table.filter(events::agency_id.eq_any(agencies)).into_boxed::<super::Db>();
    if let Some(kind) = kind {
        query = query.filter(events::kind.eq(kind));
    }
    if let Some(mark) = mark {
        query = query.filter(events::payload.like(format!("%{mark}%")));
    }
    if let Some(from) = recorded.from {
        query = query.filter(events::recorded_at.ge(from));
    }
    if let Some(to) = recorded.to {
        query = query.filter(events::recorded_at.le(to));
    }
    if let Some((agency, seq)) = after {
        query = query.filter(events::agency_id.gt(agency).or(events::agency_id.eq(agency).and(events::seq.gt(seq))));
    }
    Ok(query.order((events::agency_id, events::seq)).limit(limit).load(conn)?)
}
