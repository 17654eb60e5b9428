//! What an agency keeps beside its events, against the chain of its records.

use super::{CheckReport, Desk};
use crate::app::full_copy::note_check;
use crate::app::full_copy::records::{Kept, of_agency};
use crate::store::{StoreError, Tx};
use crate::verify::chain::Head;
use crate::verify::records::RecordCheck;

impl<P: FnMut(&CheckReport)> Desk<'_, P> {
    pub(super) fn records(&mut self, tx: &mut Tx<'_>, kept: &[Head]) -> Result<(), StoreError> {
        let mut check = RecordCheck::expecting(kept);
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        let mut notes = note_check(tx, self.app, self.agency, &mut found)?;
        of_agency(tx, self.agency, |kept| {
            match kept {
                Kept::Row(line) => {
                    found.extend(check.push(&line).err());
                    found.extend(notes.record(&line).err());
                }
                Kept::Gone(link) => gone.push((link.seq, link.kind, link.subject)),
            }
            Ok::<_, StoreError>(())
        })?;
        self.report.records += check.count();
        // A link without its row: by name, which the gap in the chain has not.
        for (seq, kind, subject) in gone {
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
