//! Who keeps which documents: one rule for a document that comes alone and for the line of an import.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::Entry;
use crate::app::{App, AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::catalogue::Agency;
use crate::domain::error::FieldError;
use crate::domain::time::{Instant, business_date};
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
            Entry::Agency(agency) => self.may_put_agency(tx, app, agency, None),
            Entry::Plan(plan) => self.may_put_plan(tx, app, plan),
            Entry::Procedure(_) | Entry::Calendar(_) => Ok(()),
        }
    }

    /// An admin keeps the agencies below their own, and adds below them. Where an agency stands, and what it merges
    /// into, decide who sees its dossiers: it moves only below one that they keep too, and a merger is made, changed or
    /// undone by who keeps all that take part in it. `from`: when the revision takes effect; none: today.
    ///
    /// # Errors
    /// `Forbidden` for an agency that others keep; refused below one, or into one, that they do not keep.
    pub fn may_put_agency(
        &self,
        tx: &mut Tx<'_>,
        app: &App,
        agency: &Agency,
        from: Option<NaiveDate>,
    ) -> Result<(), AppError> {
        let documents = app.catalogues.agencies(tx)?;
        let latest = documents.latest(&agency.code).map(|revision| &revision.body);
        if latest.is_some() && !self.keeps(&agency.code) {
            return Err(AppError::Forbidden("this agency is kept by another admin"));
        }
        // Nothing would be written.
        if from.is_none() && latest == Some(agency) {
            return Ok(());
        }
        let from = from.unwrap_or_else(|| business_date(app.clock.now()));
        let replaced = documents.at(&agency.code, from, Instant::MAX_UTC);
        let replaced = replaced.map(|revision| &revision.body);
        let stays = replaced.is_some_and(|replaced| replaced.parent == agency.parent);
        let mut errors = Vec::new();
        if !(stays && self.roots.contains(&agency.code))
            && agency.parent.as_deref().is_none_or(|parent| !self.keeps(parent))
        {
            let detail = "an agency stands below one within your reach";
            errors.push(FieldError::new("/parent", "unknown_agency", detail));
        }
        if !self.may_merge(replaced, agency) {
            let detail = "cơ quan kế thừa ngoài phạm vi / agencies merge within your reach";
            errors.push(FieldError::new("/successor", "unknown_agency", detail));
        }
        if errors.is_empty() { Ok(()) } else { Err(AppError::invalid(errors)) }
    }

    /// Who takes over dossiers, and who gives them back, must be theirs.
    fn may_merge(&self, replaced: Option<&Agency>, agency: &Agency) -> bool {
        let merger = |agency: &Agency| Some((agency.successor.clone()?, agency.valid_to));
        let (before, after) = (replaced.and_then(merger), merger(agency));
        before == after || before.iter().chain(&after).all(|(successor, _)| self.keeps(successor))
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
