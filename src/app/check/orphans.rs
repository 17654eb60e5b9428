//! What hangs on dossiers that are not there: only somebody who broke the foreign keys leaves it behind.

use super::{CheckReport, Desk};
use crate::store::{StoreError, Tx};

impl<P: FnMut(&CheckReport)> Desk<'_, P> {
    /// Called when every dossier row was looked at; `before`: fact and payment rows of the agencies before this one.
    pub(super) fn orphans(&mut self, tx: &mut Tx<'_>, before: (u64, u64)) -> Result<(), StoreError> {
        if let Some((id, seq)) = std::mem::take(&mut self.unseen).pop_first() {
            self.found(seq, "dossier", format!("dossier {}: its row is gone, its entries are here", id.0));
        }
        let seen = |now: u64, before: u64| i64::try_from(now - before).unwrap_or(i64::MAX);
        let (facts, payments) = (seen(self.report.fact_rows, before.0), seen(self.report.payment_rows, before.1));
        for (table, count) in tx.dependent_rows(self.agency)? {
            let with_dossier = match table {
                "facts" => facts,
                "payments" => payments,
                _ => self.personal_rows,
            };
            if count != with_dossier {
                let detail = format!("{} row(s) of {table} belong to no dossier", count - with_dossier);
                self.found(0, table, detail);
            }
        }
        Ok(())
    }
}
