//! Every version of the calendar there was: what a dossier's due instants may have been reckoned with.

use std::collections::BTreeMap;

use super::catalogues::{CALENDAR, Document, Revision, read_revision};
use super::error::StoreError;
use super::tx::Tx;
use crate::domain::calendar::{Calendar, WorkingCalendar};
use crate::domain::calendar_change::{Changes, Span};

/// Oldest first; a name may stand for one calendar only.
#[derive(Debug)]
pub struct Calendars {
    revisions: Vec<Revision<Calendar>>,
    by_version: BTreeMap<String, WorkingCalendar>,
}

impl Calendars {
    /// # Errors
    /// The database fails or holds what this program never writes.
    pub fn load(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let rows = tx.catalogue_revisions(Calendar::KIND, CALENDAR)?;
        let revisions = rows.iter().map(read_revision::<Calendar>).collect::<Result<Vec<_>, _>>()?;
        let by_version = revisions.iter().map(|r| (r.body.version.clone(), r.body.index())).collect();
        Ok(Self { revisions, by_version })
    }

    /// The last one recorded.
    #[must_use]
    pub fn in_force(&self) -> Option<&Calendar> {
        self.revisions.last().map(|revision| &revision.body)
    }

    /// The calendar of this name.
    #[must_use]
    pub fn find(&self, version: &str) -> Option<&Calendar> {
        self.revisions.iter().map(|revision| &revision.body).find(|calendar| calendar.version == version)
    }

    /// The same, arranged for look-up.
    #[must_use]
    pub fn working(&self, version: &str) -> Option<&WorkingCalendar> {
        self.by_version.get(version)
    }

    /// What `calendar` takes the place of: the last one of another name.
    #[must_use]
    pub fn before(&self, calendar: &Calendar) -> Option<&Calendar> {
        self.revisions.iter().rev().map(|revision| &revision.body).find(|other| other.version != calendar.version)
    }

    /// The dates in which `calendar` differs from any version: no dossier outside them can be moved by it,
    /// whichever of them it was reckoned with.
    #[must_use]
    pub fn span_to(&self, calendar: &Calendar) -> Option<Span> {
        let spans = self.revisions.iter().filter_map(|revision| Changes::between(&revision.body, calendar).span());
        spans.reduce(Span::with)
    }
}

/// First and last instant of a span in microseconds, as the store asks for them.
#[must_use]
pub fn micros(span: Span) -> (i64, i64) {
    let (first, last) = span.instants();
    (first.timestamp_micros(), last.timestamp_micros())
}
