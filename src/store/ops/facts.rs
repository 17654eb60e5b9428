//! Versioned fact rows: written with every event, searched at any cut.

use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Conn;
use crate::domain::history::{FOREVER, Revision};
use crate::store::error::StoreError;
use crate::store::rows::{FactsRow, PaymentRow};
use crate::store::schema::{facts, payments};
use crate::store::sql_types::Id;

/// Ends and supersedes the known rows of one table.
///
/// `valid_to + 0` keeps the planner on the primary key: by the index on `valid_to` it would walk through
/// every open row of the agency.
macro_rules! revise_table {
    ($conn:expr, $table:ident, $agency:expr, $dossier:expr, $revision:expr) => {{
        let (effective, recorded) = ($revision.effective, $revision.recorded);
        let known = $table::table
            .filter($table::agency_id.eq($agency))
            .filter($table::dossier_id.eq($dossier))
            .filter($table::known_to.eq(FOREVER));
        if $revision.supersedes {
            // They also end in valid time at `recorded`: nothing valid later could be asked of them.
            let clipped =
                case_when($table::valid_to.gt(recorded), recorded.into_sql::<BigInt>()).otherwise($table::valid_to);
            let superseded = known.filter($table::valid_from.ge(effective));
            diesel::update(superseded)
                .set(($table::known_to.eq(recorded), $table::valid_to.eq(clipped)))
                .execute($conn)?;
        }
        if $revision.splits {
            let holder = known.filter($table::valid_from.lt(effective)).filter(($table::valid_to + 0).gt(effective));
            diesel::update(holder).set($table::valid_to.eq(effective)).execute($conn)?;
        }
    }};
}

/// Applies what one more event does to the rows of its dossier.
pub fn facts_revise(conn: &mut Conn, agency: &str, dossier: Id, revision: &Revision) -> Result<(), StoreError> {
    revise_table!(conn, facts, agency, dossier, revision);
    if revision.had_payments {
        revise_table!(conn, payments, agency, dossier, revision);
    }
    for row in &revision.rows {
        diesel::insert_into(facts::table).values(&FactsRow::new(agency, dossier, row)).execute(conn)?;
        for payment in &row.payments {
            let payment = PaymentRow::new(agency, dossier, row, payment);
            diesel::insert_into(payments::table).values(&payment).execute(conn)?;
        }
    }
    Ok(())
}

/// Inserts rows as they are: restore, which replays whole dossiers.
pub fn facts_insert(conn: &mut Conn, rows: &[FactsRow], paid: &[PaymentRow]) -> Result<(), StoreError> {
    for row in rows {
        diesel::insert_into(facts::table).values(row).execute(conn)?;
    }
    for row in paid {
        diesel::insert_into(payments::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// No dossier of the agency has a fact row.
pub fn facts_missing(conn: &mut Conn, agency: &str) -> Result<bool, StoreError> {
    let any = facts::table.filter(facts::agency_id.eq(agency)).select(facts::valid_from).limit(1);
    Ok(any.first::<i64>(conn).optional()?.is_none())
}

pub fn facts_of(conn: &mut Conn, agency: &str, dossier: Id) -> Result<Vec<FactsRow>, StoreError> {
    Ok(facts::table
        .filter(facts::agency_id.eq(agency))
        .filter(facts::dossier_id.eq(dossier))
        .order((facts::valid_from, facts::known_from))
        .load(conn)?)
}

pub fn payments_of(conn: &mut Conn, agency: &str, dossier: Id) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::agency_id.eq(agency))
        .filter(payments::dossier_id.eq(dossier))
        .order((payments::valid_from, payments::known_from, payments::n))
        .load(conn)?)
}

/// The rows of some of an agency's dossiers.
pub fn facts_of_many(conn: &mut Conn, agency: &str, ids: &[Id]) -> Result<Vec<FactsRow>, StoreError> {
    Ok(facts::table
        .filter(facts::agency_id.eq(agency))
        .filter(facts::dossier_id.eq_any(ids))
        .order((facts::dossier_id, facts::valid_from, facts::known_from))
        .load(conn)?)
}

pub fn payments_of_many(conn: &mut Conn, agency: &str, ids: &[Id]) -> Result<Vec<PaymentRow>, StoreError> {
    Ok(payments::table
        .filter(payments::agency_id.eq(agency))
        .filter(payments::dossier_id.eq_any(ids))
        .order((payments::dossier_id, payments::valid_from, payments::known_from, payments::n))
        .load(conn)?)
}
