//! Free text beside declared values and their reviews: sealed like personal rows, named and committed to by the record.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::declarations::Declared;
use super::error::StoreError;
use super::personal::{Opened, PersonalRow};
use super::schema::notes;
use super::sql_types::Id;
use super::tx::Tx;
use crate::vault::{DataKey, NONCE, Vault};

/// Where a personal row of a dossier has the place of its event: events begin with 1.
pub const PLACE: i32 = 0;
/// The name of the text within what is sealed.
const NAME: &str = "note";

/// A note, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = notes)]
pub struct NoteRow {
    pub agency_id: String,
    pub id: Id,
    pub key_id: String,
    pub sealed: Vec<u8>,
}

impl From<PersonalRow> for NoteRow {
    fn from(row: PersonalRow) -> Self {
        Self { agency_id: row.agency_id, id: row.dossier_id, key_id: row.key_id, sealed: row.sealed }
    }
}

impl From<NoteRow> for PersonalRow {
    fn from(row: NoteRow) -> Self {
        Self { agency_id: row.agency_id, dossier_id: row.id, n: PLACE, key_id: row.key_id, sealed: row.sealed }
    }
}

/// What is sealed of a text.
#[must_use]
pub fn values(salt: [u8; 16], text: &str) -> Opened {
    Opened { salt: salt.to_vec(), body: std::iter::once((NAME.to_owned(), text.into())).collect() }
}

impl NoteRow {
    #[must_use]
    pub fn seal(key: &DataKey, (agency, id): (&str, Id), values: &Opened, nonce: [u8; NONCE]) -> Self {
        PersonalRow::seal(key, (agency, id, PLACE), values, nonce).into()
    }
}

/// Puts the texts of notes in the place of their names; of one that was erased nothing.
///
/// # Errors
/// The database fails, a key is missing, or a note is not what was sealed there.
pub fn open<'a>(
    tx: &mut Tx<'_>,
    vault: &Vault,
    declared: impl IntoIterator<Item = &'a mut Declared>,
) -> Result<(), StoreError> {
    let mut wanted: Vec<&mut Declared> = declared.into_iter().collect();
    let mut ids: BTreeMap<String, Vec<Id>> = BTreeMap::new();
    for one in &wanted {
        let of_review = one.review.as_ref().and_then(|review| review.sealed_note.as_ref());
        let named = one.sealed_note.iter().chain(of_review).map(|note| Id(note.id));
        ids.entry(one.agency.clone()).or_default().extend(named);
    }
    let mut texts: BTreeMap<Uuid, String> = BTreeMap::new();
    for (agency, ids) in ids.iter().filter(|(_, ids)| !ids.is_empty()) {
        for row in tx.notes_of(agency, ids)? {
            let id = row.id.0;
            let opened = PersonalRow::from(row).open(vault)?;
            texts.extend(opened.body.get(NAME).and_then(|text| text.as_str()).map(|text| (id, text.to_owned())));
        }
    }
    for one in &mut wanted {
        if let Some(note) = &one.sealed_note {
            one.content.note = texts.get(&note.id).cloned();
        }
        if let Some(review) = &mut one.review
            && let Some(note) = &review.sealed_note
        {
            review.note = texts.get(&note.id).cloned();
        }
    }
    Ok(())
}
