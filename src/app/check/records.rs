//! What an agency keeps beside its events, against the chain of its records.

use std::collections::BTreeMap;

use super::{CheckReport, Desk};
use crate::app::full_copy::note_check;
use crate::app::full_copy::records::of_agency;
use crate::store::{StoreError, Tx};
use crate::verify::chain::Head;
use crate::verify::records::{RecordCheck, subject};

impl<P: FnMut(&CheckReport)> Desk<'_, P> {
    pub(super) fn records(&mut self, tx: &mut Tx<'_>, kept: &[Head]) -> Result<(), StoreError> {
        let links = tx.records_of(self.agency)?.into_iter().map(|row| ((row.kind, row.subject), row.seq));
        let mut links: BTreeMap<(String, String), i64> = links.collect();
        let mut check = RecordCheck::expecting(kept);
        let mut found = Vec::new();
        let mut notes = note_check(tx, self.app, self.agency, &mut found)?;
        of_agency(tx, self.agency, |line| {
            links.remove(&(line.record.clone(), subject(&line.record, &line.row)));
            found.extend(check.push(&line).err());
            found.extend(notes.record(&line).err());
            Ok::<_, StoreError>(())
        })?;
        self.report.records += check.count();
        // A link without its row: by name, which the gap in the chain has not.
        for ((kind, subject), seq) in links {
            self.found(0, "record", format!("record {seq}, {kind} {subject}: the row is gone"));
        }
        let notes = notes.finish();
        self.report.erased += notes.erased;
        self.report.personal_unchecked += notes.unchecked;
        found.extend(notes.findings);
        let (heads, missing) = check.finish();
        for finding in found.into_iter().chain(missing) {
            self.take(finding);
        }
        self.report.record_heads.extend(heads);
        Ok(())
    }
}
