//! Versioned fact rows: written with every event, searched at any cut.

use diesel::prelude::*;

use super::Conn;
use crate::domain::history::{FOREVER, Revision};
use crate::store::error::StoreError;
use crate::store::rows::{FactsRow, PaymentRow};
use crate::store::schema::{facts, payments};
use crate::store::sql_types::Id;

/// Applies what one more event does to the rows of its dossier.
pub fn facts_revise(conn: &mut Conn, agency: &str, dossier: Id, revision: &Revision) -> Result<(), StoreError> {
    let (effective, recorded) = (revision.effective, revision.recorded);
    let known = facts::table
        .filter(facts::agency_id.eq(agency))
        .filter(facts::dossier_id.eq(dossier))
        .filter(facts::known_to.eq(FOREVER));
    // Superseded rows also end in valid time at `recorded`: nothing valid later could be asked of them.
    let superseded = known.filter(facts::valid_from.ge(effective));
    diesel::update(superseded.filter(facts::valid_to.gt(recorded))).set(facts::valid_to.eq(recorded)).execute(conn)?;
    diesel::update(superseded).set(facts::known_to.eq(recorded)).execute(conn)?;
    let holder = known.filter(facts::valid_from.lt(effective)).filter(facts::valid_to.gt(effective));
    diesel::update(holder).set(facts::valid_to.eq(effective)).execute(conn)?;

    let known = payments::table
        .filter(payments::agency_id.eq(agency))
        .filter(payments::dossier_id.eq(dossier))
        .filter(payments::known_to.eq(FOREVER));
    let superseded = known.filter(payments::valid_from.ge(effective));
    diesel::update(superseded.filter(payments::valid_to.gt(recorded)))
        .set(payments::valid_to.eq(recorded))
        .execute(conn)?;
    diesel::update(superseded).set(payments::known_to.eq(recorded)).execute(conn)?;
    let holder = known.filter(payments::valid_from.lt(effective)).filter(payments::valid_to.gt(effective));
    diesel::update(holder).set(payments::valid_to.eq(effective)).execute(conn)?;

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
