//! Who the caller is, and what their roles reach.

use std::collections::BTreeSet;

use super::App;
use super::error::AppError;
use crate::domain::actor::{Grant, Role, Standing, Subject};
use crate::domain::time::business_date;
use crate::store::catalogues::Tree;
use crate::store::rows::UserRow;
use crate::store::{StoreError, Tx};

/// A signed-in caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// `user:<uuid>` or `client:<uuid>`; recorded as the actor of events.
    pub actor: String,
    pub username: String,
    pub grants: Vec<Grant>,
}

/// The grants of a user or a client as they are stored.
///
/// # Errors
/// They are not what this program writes.
pub fn grants_of(roles: &str, whose: Subject) -> Result<Vec<Grant>, StoreError> {
    serde_json::from_str(roles).map_err(|_| StoreError::Corrupt(format!("roles of {whose}")))
}

/// The caller that a user row stands for.
///
/// # Errors
/// As [`grants_of`].
pub fn caller_of(row: &UserRow) -> Result<Caller, StoreError> {
    let subject = Subject::User(row.id.0);
    let grants = grants_of(&row.roles, subject)?;
    Ok(Caller { actor: subject.to_string(), username: row.username.clone(), grants })
}

/// Roles that read dossiers of their agency's subtree.
pub const READERS: [Role; 4] = [Role::Clerk, Role::Officer, Role::Leader, Role::Auditor];
/// Roles that see figures: every staff role.
pub const STAFF: [Role; 5] = [Role::Clerk, Role::Officer, Role::Leader, Role::Auditor, Role::Admin];

impl Caller {
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Agencies in whose subtree the caller holds one of `roles`.
    #[must_use]
    pub fn reach(&self, tree: &Tree<'_>, roles: &[Role]) -> BTreeSet<String> {
        let held = self.grants.iter().filter(|grant| roles.contains(&grant.role));
        held.flat_map(|grant| tree.subtree(&grant.agency)).collect()
    }

    /// That reach by the agencies as they stand now.
    ///
    /// # Errors
    /// The database fails.
    pub fn reach_now(&self, tx: &mut Tx<'_>, app: &App, roles: &[Role]) -> Result<BTreeSet<String>, StoreError> {
        let documents = app.catalogues.agencies(tx)?;
        let now = app.clock.now();
        Ok(self.reach(&Tree::new(&documents, business_date(now), now), roles))
    }

    /// Roots of that reach: the agencies of the grants.
    #[must_use]
    pub fn roots(&self, roles: &[Role]) -> BTreeSet<String> {
        self.grants.iter().filter(|grant| roles.contains(&grant.role)).map(|grant| grant.agency.clone()).collect()
    }

    /// The part of that reach that lies in one agency's subtree; without an agency all of it.
    ///
    /// # Errors
    /// `NotFound` for an agency out of reach, also for one above: a part of what it holds is not what was asked for.
    pub fn reach_within(
        &self,
        tree: &Tree<'_>,
        roles: &[Role],
        agency: Option<&str>,
    ) -> Result<BTreeSet<String>, AppError> {
        let mut reach = self.reach(tree, roles);
        if let Some(code) = agency {
            if !reach.contains(code) {
                tracing::warn!(actor = %self.actor, agency = code, "out of scope");
                return Err(AppError::NotFound);
            }
            let subtree = tree.subtree(code);
            reach.retain(|agency| subtree.contains(agency));
        }
        Ok(reach)
    }

    /// Roles with which the caller writes at `agency`: their own agency and its predecessors; portals
    /// anywhere below theirs.
    #[must_use]
    pub fn standing(&self, tree: &Tree<'_>, agency: &str) -> Standing {
        let mut roles = Vec::new();
        for grant in &self.grants {
            let counts = match grant.role {
                Role::Clerk | Role::Officer | Role::Leader => tree.own(&grant.agency).contains(agency),
                Role::Portal => tree.subtree(&grant.agency).contains(agency),
                Role::Auditor | Role::Admin => false,
            };
            if counts && !roles.contains(&grant.role) {
                roles.push(grant.role);
            }
        }
        Standing { actor: self.actor.clone(), roles, import: false, system: false }
    }

    /// Whether a dossier of `agency` submitted by `submitter` may be read.
    ///
    /// # Errors
    /// `NotFound` outside the caller's scope; `Forbidden` for an admin who reaches the agency.
    pub fn may_read(&self, tree: &Tree<'_>, agency: &str, submitter: &str) -> Result<(), AppError> {
        if self.reach(tree, &READERS).contains(agency) {
            return Ok(());
        }
        if self.reach(tree, &[Role::Portal]).contains(agency) && submitter == self.actor {
            return Ok(());
        }
        if self.reach(tree, &[Role::Admin]).contains(agency) {
            return Err(AppError::Forbidden("an admin sees no dossiers"));
        }
        tracing::warn!(actor = %self.actor, agency, "out of scope");
        Err(AppError::NotFound)
    }

    /// Whether the caller sees names and numbers in full: those who handle the dossier, or submitted it.
    #[must_use]
    pub fn sees_personal(&self, tree: &Tree<'_>, agency: &str, submitter: &str) -> bool {
        handles(&self.standing(tree, agency), submitter)
    }
}

/// Staff of the dossier's agency handle it; a portal what it submitted.
#[must_use]
pub fn handles(standing: &Standing, submitter: &str) -> bool {
    [Role::Clerk, Role::Officer, Role::Leader].iter().any(|role| standing.has(*role))
        || (standing.has(Role::Portal) && submitter == standing.actor)
}
