//! Declared values and their reviews.

use diesel::dsl::max;
use diesel::prelude::*;

use super::{Conn, Db};
use crate::store::declarations::Question;
use crate::store::error::StoreError;
use crate::store::rows::{DeclarationRow, ReviewRow};
use crate::store::schema::{declaration_reviews as reviews, declarations};

pub fn declaration_insert(conn: &mut Conn, row: &DeclarationRow) -> Result<(), StoreError> {
    diesel::insert_into(declarations::table).values(row).execute(conn)?;
    Ok(())
}

pub fn declaration_review_insert(conn: &mut Conn, row: &ReviewRow) -> Result<(), StoreError> {
    diesel::insert_into(reviews::table).values(row).execute(conn)?;
    Ok(())
}

/// The last version of an agency's declarations of a target; 0 before the first.
pub fn declaration_last(conn: &mut Conn, agency: &str, plan: &str, target: &str) -> Result<i32, StoreError> {
    let last: Option<i32> = declarations::table
        .filter(declarations::agency_id.eq(agency))
        .filter(declarations::plan.eq(plan))
        .filter(declarations::target.eq(target))
        .select(max(declarations::version))
        .first(conn)?;
    Ok(last.unwrap_or(0))
}

/// Declarations with the review that was known then, by agency, plan, target, version.
pub fn declarations(conn: &mut Conn, ask: &Question) -> Result<Vec<(DeclarationRow, Option<ReviewRow>)>, StoreError> {
    let same = reviews::agency_id
        .eq(declarations::agency_id)
        .and(reviews::plan.eq(declarations::plan))
        .and(reviews::target.eq(declarations::target))
        .and(reviews::version.eq(declarations::version))
        .and(reviews::recorded_at.le(ask.known_at));
    let mut query = declarations::table
        .left_join(reviews::table.on(same))
        .filter(declarations::agency_id.eq_any(&ask.agencies))
        .filter(declarations::recorded_at.le(ask.known_at))
        .select((declarations::all_columns, reviews::all_columns.nullable()))
        .into_boxed::<Db>();
    if let Some(plan) = &ask.plan {
        query = query.filter(declarations::plan.eq(plan));
    }
    if let Some(target) = &ask.target {
        query = query.filter(declarations::target.eq(target));
    }
    if let Some(version) = ask.version {
        query = query.filter(declarations::version.eq(version));
    }
    Ok(query
        .order((declarations::agency_id, declarations::plan, declarations::target, declarations::version))
        .load(conn)?)
}

/// Agencies that have declared something.
pub fn declaration_agencies(conn: &mut Conn) -> Result<Vec<String>, StoreError> {
    Ok(declarations::table.select(declarations::agency_id).distinct().order(declarations::agency_id).load(conn)?)
}
