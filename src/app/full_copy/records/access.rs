//! Rows of the access log as `record` lines.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ACCESS, line};
use crate::app::full_copy::PAGE;
use crate::domain::time::{canonical, from_micros, parse};
use crate::store::access::AccessRow;
use crate::store::rows::RecordRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::verify::line::RecordLine;

/// A row in a copy; the agency stands on the line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    id: Uuid,
    recorded_at: String,
    actor: String,
    action: String,
    dossier: Option<Uuid>,
    purpose: String,
    fields: String,
}

/// A stored row as a record without its link.
///
/// # Errors
/// It has no JSON form.
pub fn access_line(row: AccessRow) -> Result<RecordLine, StoreError> {
    let access = Access {
        id: row.id.0,
        recorded_at: canonical(from_micros(row.at)),
        actor: row.actor,
        action: row.action,
        dossier: row.dossier_id.map(|id| id.0),
        purpose: row.purpose,
        fields: row.fields,
    };
    line(&row.agency_id, ACCESS, &access)
}

/// The row of a line.
///
/// # Errors
/// What is wrong with it.
pub fn read(record: &RecordLine) -> Result<AccessRow, String> {
    let read: Access = serde_json::from_value(record.row.clone()).map_err(|error| error.to_string())?;
    Ok(AccessRow {
        agency_id: record.agency.clone(),
        id: Id(read.id),
        at: parse(&read.recorded_at)?.timestamp_micros(),
        actor: read.actor,
        action: read.action,
        dossier_id: read.dossier.map(Id),
        purpose: read.purpose,
        fields: read.fields,
    })
}

/// The rows of some links, by their subject.
pub(super) fn of_links(
    tx: &mut Tx<'_>,
    agency: &str,
    links: &[RecordRow],
) -> Result<HashMap<String, RecordLine>, StoreError> {
    let named = links.iter().filter(|link| link.kind == ACCESS);
    let ids: Vec<Id> = named.filter_map(|link| Uuid::parse_str(&link.subject).ok().map(Id)).collect();
    let rows = tx.access_of(agency, &ids)?.into_iter();
    rows.map(|row| Ok((row.id.0.to_string(), access_line(row)?))).collect()
}

/// Rows that are in no chain, in the order of their making.
pub(super) fn without_link<E: From<StoreError>>(
    tx: &mut Tx<'_>,
    agency: &str,
    mut take: impl FnMut(RecordLine) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = None;
    loop {
        let rows = tx.access_after(agency, after, PAGE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.id);
        let subjects: Vec<String> = rows.iter().map(|row| row.id.0.to_string()).collect();
        let linked: HashSet<String> = tx.records_linked(agency, ACCESS, &subjects)?.into_iter().collect();
        for (row, subject) in rows.into_iter().zip(subjects) {
            if !linked.contains(&subject) {
                take(access_line(row)?)?;
            }
        }
    }
}
