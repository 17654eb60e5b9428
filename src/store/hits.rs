//! Long lists in order without sorting them anew for every batch.

use std::collections::{BTreeMap, VecDeque};

use super::error::StoreError;
use super::query::{FactQuery, Hit};
use super::rows::FactsRow;
use super::sql_types::Id;
use super::tx::Tx;

/// Hits read at a time: a database sorts the whole list for each reading, so they are few; each hit is small.
const AHEAD: i64 = 20_000;

/// A list read from beginning to end, in batches.
#[derive(Debug)]
pub struct Hits {
    ask: FactQuery,
    waiting: VecDeque<Hit>,
    /// Nothing follows what waits.
    all: bool,
}

impl Hits {
    #[must_use]
    pub fn new(ask: FactQuery) -> Self {
        Self { ask: FactQuery { limit: AHEAD, ..ask }, waiting: VecDeque::new(), all: false }
    }

    /// The question that the list answers.
    #[must_use]
    pub fn ask(&self) -> &FactQuery {
        &self.ask
    }

    /// Everything was read.
    #[must_use]
    pub fn done(&self) -> bool {
        self.all && self.waiting.is_empty()
    }

    /// The next hits, at most `size`; fewer only at the end.
    ///
    /// # Errors
    /// The database fails.
    pub fn next(&mut self, tx: &mut Tx<'_>, size: usize) -> Result<Vec<Hit>, StoreError> {
        while self.waiting.len() < size && !self.all {
            let found = tx.facts_page(&self.ask)?;
            self.all = i64::try_from(found.len()).is_ok_and(|count| count < self.ask.limit);
            self.ask.after = found.last().map(|hit| (hit.sort_key, hit.dossier)).or(self.ask.after);
            self.waiting.extend(found);
        }
        let size = size.min(self.waiting.len());
        Ok(self.waiting.drain(..size).collect())
    }

    /// The next hits as fact rows at the cut, in order.
    ///
    /// # Errors
    /// The database fails.
    pub fn next_rows(&mut self, tx: &mut Tx<'_>, size: usize) -> Result<Vec<FactsRow>, StoreError> {
        let hits = self.next(tx, size)?;
        let mut by_agency: BTreeMap<&str, Vec<Id>> = BTreeMap::new();
        for hit in &hits {
            by_agency.entry(&hit.agency).or_default().push(hit.dossier);
        }
        let mut found = BTreeMap::new();
        for (agency, ids) in by_agency {
            for row in tx.facts_rows(agency, &ids, self.ask.at, self.ask.known_at)? {
                found.insert(row.dossier_id, row);
            }
        }
        Ok(hits.iter().filter_map(|hit| found.remove(&hit.dossier)).collect())
    }
}
