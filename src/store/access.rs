//! The access log: who saw what of whom, when, why. Rows are only ever added,
//! each with a link in the chain of its agency's records.

use diesel::prelude::*;

use super::query::Range;
use super::schema::access_log;
use super::sql_types::Id;

#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = access_log, treat_none_as_default_value = false)]
pub struct AccessRow {
    pub agency_id: String,
    pub id: Id,
    pub at: i64,
    pub actor: String,
    /// `read`, `search` or `export`.
    pub action: String,
    /// None for a search or an export, which concern many.
    pub dossier_id: Option<Id>,
    pub purpose: String,
    /// Names of the values, separated by commas; never the values.
    pub fields: String,
}

/// Which rows; `agencies` is the caller's scope and is always applied.
#[derive(Debug, Clone, Default)]
pub struct AccessQuery {
    pub agencies: Vec<String>,
    pub actor: Option<String>,
    pub dossier: Option<Id>,
    pub span: Range,
    /// Keyset: after this instant and id.
    pub after: Option<(i64, Id)>,
    pub limit: i64,
}
