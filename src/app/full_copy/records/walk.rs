//! An agency's records in the order of their chain, a page of links at a time: the rows of the access log are many.

use std::collections::HashMap;

use super::{ACCESS, SNAPSHOT, access, act_line, declarations, snapshot_line};
use crate::app::full_copy::PAGE;
use crate::store::rows::RecordRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};
use crate::verify::line::{RecordLine, RecordLink};
use crate::verify::records::subject;

/// What there is at a place.
pub enum Kept {
    /// A row; without a link when it is in no chain.
    Row(RecordLine),
    /// A link of which the row is gone.
    Gone(RecordRow),
}

/// A row of which the line is not made yet: contents are large, one at a time.
enum Item {
    Line(RecordLine),
    Snapshot(Id),
}

impl Item {
    fn line(self, tx: &mut Tx<'_>) -> Result<RecordLine, StoreError> {
        match self {
            Self::Line(line) => Ok(line),
            Self::Snapshot(id) => {
                let row = tx.snapshot_by_id(id)?;
                snapshot_line(row.ok_or_else(|| StoreError::Corrupt(format!("snapshot {}", id.0)))?)
            }
        }
    }
}

/// Declared values and snapshots with what was said of them: an agency has few.
#[derive(Default)]
struct Few {
    /// In the order in which they stand when they are in no chain.
    items: Vec<Option<Item>>,
    places: HashMap<(String, String), usize>,
}

impl Few {
    fn of(tx: &mut Tx<'_>, agency: &str) -> Result<Self, StoreError> {
        let mut few = Self::default();
        for line in declarations(tx, agency)? {
            few.add_line(line);
        }
        for id in tx.snapshot_ids(agency)? {
            few.add(SNAPSHOT, id.0.to_string(), Item::Snapshot(id));
            for act in tx.snapshot_acts_of(&[agency.to_owned()], &[id])? {
                few.add_line(act_line(act)?);
            }
        }
        Ok(few)
    }

    fn add_line(&mut self, line: RecordLine) {
        let (kind, subject) = (line.record.clone(), subject(&line.record, &line.row));
        self.add(&kind, subject, Item::Line(line));
    }

    fn add(&mut self, kind: &str, subject: String, item: Item) {
        self.places.insert((kind.to_owned(), subject), self.items.len());
        self.items.push(Some(item));
    }

    fn take(&mut self, tx: &mut Tx<'_>, link: &RecordRow) -> Result<Option<RecordLine>, StoreError> {
        let place = self.places.remove(&(link.kind.clone(), link.subject.clone()));
        let item = place.and_then(|place| self.items.get_mut(place)?.take());
        item.map(|item| item.line(tx)).transpose()
    }
}

/// Gives an agency's records to `take` in the order of their chain, each after those that it refers to. Rows that
/// are in no chain come last.
///
/// # Errors
/// The database or `take` fails, or a row holds what this program never writes.
pub fn of_agency<E: From<StoreError>>(
    tx: &mut Tx<'_>,
    agency: &str,
    mut take: impl FnMut(Kept) -> Result<(), E>,
) -> Result<(), E> {
    let mut few = Few::of(tx, agency)?;
    let mut after = 0;
    loop {
        let links = tx.records_after(agency, after, PAGE)?;
        let Some(last) = links.last() else { break };
        after = last.seq;
        let mut accesses = access::of_links(tx, agency, &links)?;
        for link in links {
            let line = if link.kind == ACCESS { accesses.remove(&link.subject) } else { few.take(tx, &link)? };
            take(match line {
                Some(line) => {
                    let link = RecordLink { seq: link.seq, prev_hash: link.prev_hash, hash: link.hash };
                    Kept::Row(RecordLine { link: Some(link), ..line })
                }
                None => Kept::Gone(link),
            })?;
        }
    }
    for item in few.items.into_iter().flatten() {
        take(Kept::Row(item.line(tx)?))?;
    }
    access::without_link(tx, agency, |line| take(Kept::Row(line)))
}
