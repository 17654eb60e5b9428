//! The access log.

use diesel::prelude::*;

use super::records::each_agency;
use super::{Conn, Db};
use crate::store::access::{AccessQuery, AccessRow};
use crate::store::error::StoreError;
use crate::store::schema::access_log;
use crate::store::sql_types::Id;

pub fn access_insert(conn: &mut Conn, row: &AccessRow) -> Result<(), StoreError> {
    diesel::insert_into(access_log::table).values(row).execute(conn)?;
    Ok(())
}

fn asked(ask: &AccessQuery) -> access_log::BoxedQuery<'_, Db> {
    let mut query = access_log::table.filter(access_log::agency_id.eq_any(&ask.agencies)).into_boxed::<Db>();
    if let Some(actor) = &ask.actor {
        query = query.filter(access_log::actor.eq(actor));
    }
    if let Some(dossier) = ask.dossier {
        query = query.filter(access_log::dossier_id.eq(dossier));
    }
    if let Some(from) = ask.span.from {
        query = query.filter(access_log::at.ge(from));
    }
    if let Some(to) = ask.span.to {
        query = query.filter(access_log::at.le(to));
    }
    query
}

pub fn access_count(conn: &mut Conn, ask: &AccessQuery) -> Result<i64, StoreError> {
    Ok(asked(ask).count().get_result(conn)?)
}

/// Newest first.
pub fn access_page(conn: &mut Conn, ask: &AccessQuery) -> Result<Vec<AccessRow>, StoreError> {
    let mut query = asked(ask);
    if let Some((at, id)) = ask.after {
        query = query.filter(access_log::at.lt(at).or(access_log::at.eq(at).and(access_log::id.lt(id))));
    }
    Ok(query.order((access_log::at.desc(), access_log::id.desc())).limit(ask.limit).load(conn)?)
}

/// Some rows of an agency, by their ids.
pub fn access_of(conn: &mut Conn, agency: &str, ids: &[Id]) -> Result<Vec<AccessRow>, StoreError> {
    Ok(access_log::table.filter(access_log::agency_id.eq(agency)).filter(access_log::id.eq_any(ids)).load(conn)?)
}

/// The next rows of an agency in the order of their ids, which is that of their making.
pub fn access_after(
    conn: &mut Conn,
    agency: &str,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<AccessRow>, StoreError> {
    let mut query = access_log::table.filter(access_log::agency_id.eq(agency)).into_boxed::<Db>();
    if let Some(id) = after {
        query = query.filter(access_log::id.gt(id));
    }
    Ok(query.order(access_log::id).limit(limit).load(conn)?)
}

/// Agencies of whose people somebody saw something.
pub fn access_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    each_agency(|last| {
        let later = access_log::table.filter(access_log::agency_id.gt(last));
        Ok(later.select(diesel::dsl::min(access_log::agency_id)).get_result(conn)?)
    })
}
