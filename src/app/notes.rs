//! Keeping the free text of declarations and reviews: the record has its name and a commitment, the text lies sealed.

use super::keys::{Sealed, Sealing};
use super::{App, AppError};
use crate::domain::declaration::SealedNote;
use crate::domain::personal::commitment;
use crate::store::notes::{NoteRow, values};
use crate::store::personal::PersonalRow;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// Seals a text and says what stands for it in the record. Called behind the agency's lock: see [`Sealing::of`].
///
/// # Errors
/// A key is not at hand, or the database fails.
pub fn keep(tx: &mut Tx<'_>, app: &App, agency: &str, text: &str) -> Result<String, AppError> {
    let sealing = Sealing::of(tx, app)?;
    let (id, salt) = (app.clock.new_id(), app.clock.random());
    let values = values(salt, text);
    let note = SealedNote { id, commitment: commitment(&salt, &values.body) };
    tx.note_insert(&NoteRow::seal(&sealing.newest, (agency, Id(id)), &values, app.clock.random()))?;
    Ok(note.to_string())
}

/// Puts an agency's notes that are not sealed with the newest key under it, as many at a time, behind its lock.
///
/// # Errors
/// As [`keep`]; a note does not open.
pub(super) fn reseal_page(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &str,
    after: Option<Id>,
    size: i64,
) -> Result<Sealed, StoreError> {
    tx.head_lock(agency)?;
    let sealing = Sealing::of(tx, app)?;
    let rows = tx.notes_after(agency, after, size)?;
    let mut page = Sealed { dossiers: 0, rows: 0, last: rows.last().map(|row| row.id) };
    for row in rows.into_iter().filter(|row| row.key_id != sealing.newest.id()) {
        let id = row.id;
        let values = PersonalRow::from(row).open(&app.vault)?;
        tx.note_reseal(&NoteRow::seal(&sealing.newest, (agency, id), &values, app.clock.random()))?;
        page.rows += 1;
    }
    Ok(page)
}
