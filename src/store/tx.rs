//! One transaction, whichever database: an enum that forwards each operation.

use super::access::{AccessQuery, AccessRow};
use super::declarations::Question;
use super::error::StoreError;
use super::jobs::{JobAgencyRow, JobRow};
use super::notes::NoteRow;
use super::personal::{DataKeyRow, IndexRow, PersonalRow};
use super::query::{
    FactQuery, Flagged, Flags, Hit, Moved, MovedCounts, Moves, Named, Previous, Probe, Range, Refiling, SnapshotQuery,
    Tally, TallyRow,
};
use super::rows::{
    CatalogueRow, DeclarationRow, EventRow, FactsRow, HeadRow, IdempotencyRow, ImportKeyRow, PaymentRow, RecordRow,
    ReviewRow, SnapshotActRow, SnapshotRow, UserRow,
};
use super::sign_in::{ClientRow, RefreshRow, RevocationRow, SecretRow, ThrottleRow};
use super::sql_types::Id;
use super::{lite, pg};
use crate::domain::history::Revision;

/// An open transaction.
#[expect(missing_debug_implementations, reason = "connections have no useful form")]
pub enum Tx<'a> {
    Lite(&'a mut lite::Conn),
    Pg(&'a mut pg::Conn),
}

macro_rules! forward {
    ($($(#[$meta:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)+) => {
        impl Tx<'_> {
            $($(#[$meta])* pub fn $name(&mut self, $($arg: $ty),*) -> Result<$out, StoreError> {
                match self {
                    Self::Lite(conn) => lite::ops::$name(conn, $($arg),*),
                    Self::Pg(conn) => pg::ops::$name(conn, $($arg),*),
                }
            })+
        }
    };
}

forward! {
    catalogue_insert(row: &CatalogueRow, stamp: i64) -> ();
    catalogue_revisions(kind: &str, code: &str) -> Vec<CatalogueRow>;
    catalogue_all(kind: &str) -> Vec<CatalogueRow>;
    catalogue_stamp(kind: &str) -> Option<i64>;

    user_insert(row: &UserRow) -> ();
    user_update(row: &UserRow, expected: i32) -> bool;
    user_rehash(id: Id, old: &str, new: &str) -> ();
    user_by_name(username: &str) -> Option<UserRow>;
    user_by_id(id: Id) -> Option<UserRow>;
    users_page(after: &str, limit: i64) -> Vec<UserRow>;
    refresh_insert(row: &RefreshRow) -> ();
    refresh_use(hash: &[u8], now: i64) -> bool;
    refresh_find(hash: &[u8]) -> Option<RefreshRow>;
    refresh_forget(user: Id) -> ();
    family_forget(family: Id) -> ();
    revocation_put(row: &RevocationRow) -> ();
    revoked(ids: &[Id]) -> bool;
    sessions_sweep(now: i64) -> ();
    client_insert(row: &ClientRow) -> ();
    client_update(row: &ClientRow, expected: i32) -> bool;
    client_by_id(id: Id) -> Option<ClientRow>;
    client_by_name(name: &str) -> Option<ClientRow>;
    clients_page(after: &str, limit: i64) -> Vec<ClientRow>;
    secret_insert(row: &SecretRow) -> ();
    secrets_of(clients: &[Id], now: i64) -> Vec<SecretRow>;
    secrets_end(client: Id, ends_at: i64) -> ();
    secret_delete(client: Id, secret: Id) -> bool;
    secrets_sweep(client: Id, now: i64) -> ();
    throttles_of(keys: &[Vec<u8>]) -> Vec<ThrottleRow>;
    throttle_count(key: &[u8], now: i64) -> i32;
    throttle_until(key: &[u8], until: i64) -> ();
    throttle_put(row: &ThrottleRow) -> ();
    throttle_forget(key: &[u8]) -> ();
    throttles_sweep(since: i64, now: i64) -> ();

    head_lock(agency: &str) -> HeadRow;
    head_save(head: &HeadRow) -> ();
    head_of(agency: &str) -> Option<HeadRow>;
    heads_all() -> Vec<HeadRow>;
    head_at(agency: &str, known_at: i64) -> Option<HeadRow>;
    counter_next(agency: &str, day: &str) -> i64;
    counter_raise(agency: &str, day: &str, n: i64) -> ();
    counters_all() -> Vec<(String, String, i64)>;
    counters_of(agency: &str) -> Vec<(String, i64)>;
    event_insert(row: &EventRow) -> ();
    events_of(agency: &str, dossier: Id) -> Vec<EventRow>;
    events_of_many(agencies: &[String], dossiers: &[Id]) -> Vec<EventRow>;
    events_of_kinds(agencies: &[String], dossiers: &[Id], kinds: &[&str], known_at: i64) -> Vec<EventRow>;
    events_after(agency: &str, seq: i64, limit: i64) -> Vec<EventRow>;
    event_agencies() -> Vec<String>;
    events_marked(agencies: &[String], marks: (Option<&str>, Option<&str>), recorded: Range, after: Option<&(String, i64)>, limit: i64) -> Vec<EventRow>;
    personal_insert(row: &PersonalRow) -> ();
    personal_of(agency: &str, dossier: Id) -> Vec<PersonalRow>;
    personal_of_many(agencies: &[String], dossiers: &[Id]) -> Vec<PersonalRow>;
    personal_after(agency: &str, after: Option<(Id, i32)>, limit: i64) -> Vec<PersonalRow>;
    personal_reseal(row: &PersonalRow) -> ();
    personal_index_insert(rows: &[IndexRow]) -> ();
    personal_index_close(agency: &str, dossier: Id, known_to: i64) -> ();
    personal_index_forget(agency: &str, keys: &[String]) -> ();
    personal_under_other_keys(agency: &str, key: &str) -> i64;
    personal_erase(agency: &str, dossier: Id) -> ();
    identities_shared(ask: &FactQuery, key: &str, least: i64) -> Vec<(String, Id)>;
    identities_refiled(ask: &Refiling<'_>, key: &str) -> Vec<(String, Id)>;
    identities_found(agencies: &[String], key: &str, digests: &[Vec<u8>]) -> Vec<(String, Id)>;
    withdrawn_names(ask: &FactQuery) -> Vec<Named>;
    naming_a_previous(ask: &FactQuery) -> Vec<Previous>;
    note_insert(row: &NoteRow) -> ();
    notes_of(agency: &str, ids: &[Id]) -> Vec<NoteRow>;
    notes_after(agency: &str, after: Option<Id>, limit: i64) -> Vec<NoteRow>;
    note_reseal(row: &NoteRow) -> ();
    note_agencies() -> Vec<String>;
    notes_under_other_keys(agency: &str, key: &str) -> i64;
    access_insert(row: &AccessRow) -> ();
    access_count(ask: &AccessQuery) -> i64;
    access_page(ask: &AccessQuery) -> Vec<AccessRow>;
    access_of(agency: &str, ids: &[Id]) -> Vec<AccessRow>;
    access_after(agency: &str, after: Option<Id>, limit: i64) -> Vec<AccessRow>;
    access_agencies() -> Vec<String>;
    data_keys() -> Vec<DataKeyRow>;
    data_key_insert(row: &DataKeyRow) -> ();
    data_key_searched(id: &str) -> ();
    data_keys_remove(ids: &[String]) -> ();
    import_keys_unkeyed(agency: &str, mark: &str, limit: i64) -> Vec<ImportKeyRow>;
    import_key_replace(old: &ImportKeyRow, new: &ImportKeyRow) -> ();

    dossier_insert(agency: &str, id: Id) -> ();
    dossier_set_code(agency: &str, id: Id, code: &str) -> ();
    dossier_by_id(id: Id) -> Option<(String, Id)>;
    dossier_by_code(code: &str) -> Option<(String, Id)>;
    dossier_count() -> i64;
    dossier_ids_after(agency: &str, after: Option<Id>, limit: i64) -> Vec<Id>;
    dossier_codes(agency: &str, ids: &[Id]) -> Vec<(Id, Option<String>)>;
    idempotency_find(agency: &str, actor: &str, key: &str) -> Option<IdempotencyRow>;
    idempotency_insert(row: &IdempotencyRow) -> ();
    import_key_find(agency: &str, source: &str, source_id: &str) -> Option<ImportKeyRow>;
    import_key_insert(row: &ImportKeyRow) -> ();

    declaration_insert(row: &DeclarationRow) -> ();
    declaration_review_insert(row: &ReviewRow) -> ();
    declaration_last(agency: &str, plan: &str, target: &str) -> i32;
    declarations(ask: &Question) -> Vec<(DeclarationRow, Option<ReviewRow>)>;
    declaration_agencies() -> Vec<String>;

    record_insert(row: &RecordRow) -> ();
    records_after(agency: &str, after: i64, limit: i64) -> Vec<RecordRow>;
    records_linked(agency: &str, kind: &str, subjects: &[String]) -> Vec<String>;
    records_hold(agency: &str, kind: &str) -> bool;
    record_head_at(agency: &str, known_at: i64) -> Option<HeadRow>;
    record_agencies() -> Vec<String>;
    dependent_rows(agency: &str) -> [(&'static str, i64); 3];

    facts_revise(agency: &str, dossier: Id, revision: &Revision) -> ();
    facts_insert(rows: &[FactsRow], paid: &[PaymentRow]) -> ();
    facts_missing(agency: &str) -> bool;
    facts_of(agency: &str, dossier: Id) -> Vec<FactsRow>;
    payments_of(agency: &str, dossier: Id) -> Vec<PaymentRow>;
    facts_of_many(agency: &str, ids: &[Id]) -> Vec<FactsRow>;
    payments_of_many(agency: &str, ids: &[Id]) -> Vec<PaymentRow>;

    tally(ask: &Tally<'_>) -> Vec<TallyRow>;
    facts_count(ask: &FactQuery) -> i64;
    facts_page(ask: &FactQuery) -> Vec<Hit>;
    facts_rows(agency: &str, ids: &[Id], at: i64, known_at: i64) -> Vec<FactsRow>;
    moved_page(ask: &Moves<'_>, after: Option<Id>, limit: i64) -> Vec<Moved>;
    moved_count(ask: &Moves<'_>) -> MovedCounts;
    moved_tally(ask: &Moves<'_>, predicates: &[(String, String)]) -> Vec<MovedCounts>;
    facts_probe(agency: &str, dossier: Id, narrow: &FactQuery, probes: &[Probe]) -> Vec<bool>;
    payments_count(ask: &FactQuery) -> i64;
    facts_flags(ask: &Flags<'_>, after: Option<Id>, limit: i64) -> Vec<Flagged>;
    snapshot_insert(row: &SnapshotRow) -> ();
    snapshot_by_id(id: Id) -> Option<SnapshotRow>;
    snapshot_ids(agency: &str) -> Vec<Id>;
    snapshot_agencies() -> Vec<String>;
    snapshots_page(ask: &SnapshotQuery) -> Vec<SnapshotRow>;
    snapshot_act_insert(row: &SnapshotActRow) -> ();
    snapshot_acts_of(agencies: &[String], ids: &[Id]) -> Vec<SnapshotActRow>;
    payments_page(ask: &FactQuery, after: Option<(i64, Id, i32)>) -> Vec<PaymentRow>;

    open_page(agency: &str, span: (i64, i64), after: Option<Id>, limit: i64) -> Vec<(Id, Option<i64>)>;
    open_count(span: (i64, i64)) -> i64;
    job_insert(row: &JobRow) -> ();
    job_save(row: &JobRow) -> ();
    job_by_id(id: Id) -> Option<JobRow>;
    job_unfinished() -> Option<JobRow>;
    job_of(kind: &str, subject: &str) -> Option<JobRow>;
    jobs_page(before: Option<(i64, Id)>, limit: i64) -> Vec<JobRow>;
    job_agency(agency: &str, job: Id) -> Option<JobAgencyRow>;
    job_agency_save(row: &JobAgencyRow) -> ();
    job_agencies(job: Id) -> Vec<JobAgencyRow>;
    job_states() -> Vec<(String, i64)>;
}
