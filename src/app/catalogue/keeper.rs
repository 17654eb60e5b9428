//! Who keeps which documents: one rule for a document that comes alone and for the line of an import.

use std::collections::BTreeSet;

use super::Entry;
use crate::app::{App, AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::catalogue::Agency;
use crate::plans::Plan;
use crate::store::{StoreError, Tx};

/// The agencies that an admin keeps.
#[derive(Debug, Clone, Default)]
pub struct Keeper {
    reach: BTreeSet<String>,
    /// Those of their grants, which stand below agencies that others keep.
    roots: BTreeSet<String>,
}

impl Keeper {
    #[must_use]
    pub fn new(reach: BTreeSet<String>, roots: BTreeSet<String>) -> Self {
        Self { reach, roots }
    }

    /// What the caller keeps now.
    ///
    /// # Errors
    /// The database fails.
    pub fn of(tx: &mut Tx<'_>, app: &App, caller: &Caller) -> Result<Self, StoreError> {
        Ok(Self::new(caller.reach_now(tx, app, &[Role::Admin])?, caller.roots(&[Role::Admin])))
    }

    #[must_use]
    pub fn keeps(&self, agency: &str) -> bool {
        self.reach.contains(agency)
    }

    /// An agency that was added below one of theirs is theirs too.
    pub fn add(&mut self, agency: String) {
        self.reach.insert(agency);
    }

    /// Whether the document may be put; procedures and the calendar are everybody's, and kept by every admin.
    ///
    /// # Errors
    /// As [`Keeper::may_put_agency`] and [`Keeper::may_put_plan`].
    pub fn may_put(&self, tx: &mut Tx<'_>, app: &App, entry: &Entry) -> Result<(), AppError> {
        match entry {
            Entry::Agency(agency) => self.may_put_agency(tx, app, agency),
            Entry::Plan(plan) => self.may_put_plan(tx, app, plan),
            Entry::Procedure(_) | Entry::Calendar(_) => Ok(()),
        }
    }

    /// An admin keeps the agencies below their own, and adds below them. Where an agency stands decides who sees its
    /// dossiers: it moves only below one that they keep too.
    ///
    /// # Errors
    /// `Forbidden` for an agency that others keep; refused below one that they do not keep.
    pub fn may_put_agency(&self, tx: &mut Tx<'_>, app: &App, agency: &Agency) -> Result<(), AppError> {
        let documents = app.catalogues.agencies(tx)?;
        let known = documents.latest(&agency.code);
        if known.is_some() && !self.keeps(&agency.code) {
            return Err(AppError::Forbidden("this agency is kept by another admin"));
        }
        let stays = known.is_some_and(|known| known.body.parent == agency.parent);
        if (stays && self.roots.contains(&agency.code))
            || agency.parent.as_deref().is_some_and(|parent| self.keeps(parent))
        {
            return Ok(());
        }
        Err(AppError::field("/parent", "unknown_agency", "an agency stands below one within your reach"))
    }

    /// A plan belongs to an agency that they keep, and stays with it.
    ///
    /// # Errors
    /// Refused for an agency out of reach; `Exists` when another agency has a plan of this id.
    pub fn may_put_plan(&self, tx: &mut Tx<'_>, app: &App, plan: &Plan) -> Result<(), AppError> {
        if !self.keeps(&plan.agency) {
            return Err(AppError::field("/agency", "unknown_agency", "no such agency within your reach"));
        }
        let plans = app.catalogues.plans(tx)?;
        if plans.latest(&plan.id).is_some_and(|known| known.body.agency != plan.agency) {
            return Err(AppError::Exists(plan.id.clone()));
        }
        Ok(())
    }
}
