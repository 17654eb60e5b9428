//! Rows of jobs: work over many agencies, done in pieces of one agency each.

use diesel::prelude::*;

use super::schema::{job_agencies, jobs};
use super::sql_types::Id;

/// A job as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = jobs, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct JobRow {
    pub id: Id,
    pub kind: String,
    /// What it is about: for `calendar_apply` the calendar's version.
    pub subject: String,
    /// `queued`, `running`, `done`, `failed`.
    pub state: String,
    pub requested_by: String,
    pub requested_at: i64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    /// A code, never a text of the database.
    pub error: Option<String>,
    /// Agencies and dossiers to go through, counted at the start.
    pub agencies: i64,
    pub dossiers: i64,
}

/// How far a job has come in one agency.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = job_agencies, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct JobAgencyRow {
    pub agency_id: String,
    pub job_id: Id,
    /// The last dossier looked at.
    pub position: Option<Id>,
    pub examined: i64,
    pub moved: i64,
    pub done: bool,
}

impl JobAgencyRow {
    #[must_use]
    pub fn first(agency: &str, job: Id) -> Self {
        Self { agency_id: agency.to_owned(), job_id: job, position: None, examined: 0, moved: 0, done: false }
    }
}

/// States in which a job is still to be worked on.
pub const UNFINISHED: [&str; 2] = ["queued", "running"];
