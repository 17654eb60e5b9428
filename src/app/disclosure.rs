//! Personal values in full: for whom, and the row in the access log that stands before they are given out.

use uuid::Uuid;

use super::full_copy::records::{access_line, chain};
use super::{App, AppError, Caller};
use crate::clock::Clock;
use crate::domain::actor::Role;
use crate::store::access::AccessRow;
use crate::store::catalogues::Tree;
use crate::store::history::Personal;
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx};

/// Stands in the log where who handles a dossier names no other purpose.
pub const HANDLING: &str = "xử lý hồ sơ / handling the dossier";

/// Why a caller sees a dossier in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Not at all.
    Masked,
    /// Staff of its agency, or the portal that submitted it.
    Handles,
    /// Somebody else with a stated purpose.
    ForPurpose,
}

impl Caller {
    /// How the caller sees a dossier that they may read. An admin never comes so far.
    #[must_use]
    pub fn sight(&self, tree: &Tree<'_>, agency: &str, submitter: &str, purpose: Option<&str>) -> Sight {
        if self.sees_personal(tree, agency, submitter) {
            return Sight::Handles;
        }
        let readers = [Role::Auditor, Role::Clerk, Role::Officer, Role::Leader];
        if purpose.is_some() && self.reach(tree, &readers).contains(agency) {
            return Sight::ForPurpose;
        }
        Sight::Masked
    }
}

/// What is about to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    pub agency: String,
    pub dossier: Option<Uuid>,
    pub action: &'static str,
    /// Names of the values.
    pub fields: Vec<String>,
}

impl Disclosure {
    /// Reading one dossier; `None` when nothing personal is in what is shown.
    #[must_use]
    pub fn of_dossier(agency: &str, id: Uuid, personal: &Personal, shown: impl Fn(u32, &str) -> bool) -> Option<Self> {
        let names = personal.iter().flat_map(|(n, values)| values.keys().map(move |name| (*n, name)));
        let mut fields: Vec<String> =
            names.filter(|(n, name)| shown(*n, name)).map(|(_, name)| name.to_owned()).collect();
        fields.sort();
        fields.dedup();
        let dossier = Some(id);
        (!fields.is_empty()).then(|| Self { agency: agency.to_owned(), dossier, action: "read", fields })
    }
}

/// Writes the row; shares the grouped commit of whatever else is written then.
///
/// # Errors
/// The database fails: nothing is to be given out then.
pub async fn record(app: &App, caller: &Caller, what: Disclosure, purpose: Option<&str>) -> Result<(), AppError> {
    let (clock, actor) = (app.clock.clone(), caller.actor.clone());
    let purpose = purpose.unwrap_or(HANDLING).to_owned();
    let agency = what.agency.clone();
    app.store.write(&agency, move |tx| Ok(enter(tx, &clock, &what, &actor, &purpose)?)).await
}

/// Enters a row into the log, and into the chain of its agency's records.
///
/// # Errors
/// The database fails.
pub fn enter(tx: &mut Tx<'_>, clock: &Clock, what: &Disclosure, actor: &str, purpose: &str) -> Result<(), StoreError> {
    let row = AccessRow {
        agency_id: what.agency.clone(),
        id: Id(clock.new_id()),
        at: clock.now().timestamp_micros(),
        actor: actor.to_owned(),
        action: what.action.to_owned(),
        dossier_id: what.dossier.map(Id),
        purpose: purpose.to_owned(),
        fields: what.fields.join(", "),
    };
    tx.access_insert(&row)?;
    chain(tx, &access_line(row)?)?;
    Ok(())
}

/// Whether a failure is one of the database's state, under which reading goes on, masked.
#[must_use]
pub fn reading_goes_on(error: &AppError) -> bool {
    matches!(error, AppError::Store(StoreError::Unavailable(_) | StoreError::Full(_)))
}
