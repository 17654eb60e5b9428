//! Declaring a value, and reviewing what somebody else declared.

use super::dossiers::{Key, earlier, remember};
use super::full_copy::records::{chain, declaration_line, review_line};
use super::notes::keep;
use super::{App, AppError, Caller};
use crate::domain::actor::Role;
use crate::domain::chain::canonical_text;
use crate::domain::declaration::{Declaration, Verdict, text};
use crate::domain::time::{Instant, business_date};
use crate::plans::{Plan, Target};
use crate::store::catalogues::Tree;
use crate::store::declarations::{Declared, Question, declared};
use crate::store::rows::{DeclarationRow, ReviewRow};
use crate::store::{StoreError, Tx, notes};

/// Whose value of which target.
#[derive(Debug, Clone)]
pub struct Place {
    pub plan: String,
    pub target: String,
    /// None: the plan's body.
    pub agency: Option<String>,
}

/// Roles that judge a declaration of their agency's subtree.
pub const REVIEWERS: [Role; 2] = [Role::Auditor, Role::Leader];

/// `POST /plans/{id}/targets/{key}/declarations`.
///
/// # Errors
/// See [`AppError`]; nothing is stored then.
pub async fn declare(
    app: &App,
    caller: Caller,
    place: Place,
    content: Declaration,
    key: Option<Key>,
) -> Result<Declared, AppError> {
    let agency = agency_of(app, &place).await?;
    let app2 = app.clone();
    app.store
        .write(&agency.clone(), move |tx| {
            let app = &app2;
            let now = app.clock.now();
            let (plan, target) = target_of(tx, app, &place, now)?;
            let agencies = app.catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            in_reach(&caller, &tree, &agency, &Role::ALL)?;
            if !caller.standing(&tree, &agency).has(Role::Leader) {
                return Err(AppError::Forbidden("only a leader of the agency declares values for it"));
            }
            if !tree.subtree(&plan.agency).contains(&agency) {
                return Err(AppError::field(
                    "/agency",
                    "outside_plan",
                    "the agency does not belong to the plan's body",
                ));
            }
            if let Some(row) = earlier(tx, &agency, &caller.actor, key.as_ref(), now)? {
                // As the request left it: what was said of it since is not part of the answer.
                return Ok(Declared { review: None, ..one(tx, app, &agency, &place, row.version, now)? });
            }
            let content = Declaration { unit: target.unit.clone(), ..content.clone() };
            let errors = content.check(&target, business_date(now));
            if !errors.is_empty() {
                return Err(AppError::invalid(errors));
            }
            // Whoever declares for the agency at the same time waits here, on whichever machine.
            tx.head_lock(&agency)?;
            let text = content.note.clone();
            let note = text.as_deref().map(|text| keep(tx, app, &agency, text)).transpose()?;
            let content = Declaration { note, ..content };
            let row = DeclarationRow {
                agency_id: agency.clone(),
                plan: place.plan.clone(),
                target: place.target.clone(),
                version: tx.declaration_last(&agency, &place.plan, &place.target)? + 1,
                declared_by: caller.actor.clone(),
                recorded_at: now.timestamp_micros(),
                body: canonical_text(&serde_json::to_value(&content).map_err(|error| corrupt(&error))?),
            };
            tx.declaration_insert(&row)?;
            chain(tx, &declaration_line(row.clone())?)?;
            let version = row.version.unsigned_abs();
            let resource = format!("{}/{}", place.plan, place.target);
            remember(tx, (&agency, &caller.actor), key.as_ref(), &resource, version, now)?;
            let done = Declared::read(row, None)?;
            Ok(Declared { content: Declaration { note: text, ..done.content }, ..done })
        })
        .await
}

/// `POST /plans/{id}/targets/{key}/declarations/{version}/review`.
///
/// # Errors
/// See [`AppError`]; nothing is stored then.
pub async fn review(
    app: &App,
    caller: Caller,
    place: Place,
    version: i32,
    (verdict, note): (Verdict, Option<String>),
    key: Option<Key>,
) -> Result<Declared, AppError> {
    let agency = agency_of(app, &place).await?;
    let app2 = app.clone();
    app.store
        .write(&agency.clone(), move |tx| {
            let app = &app2;
            let now = app.clock.now();
            target_of(tx, app, &place, now)?;
            let agencies = app.catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            in_reach(&caller, &tree, &agency, &REVIEWERS)?;
            let found = one(tx, app, &agency, &place, version, now)?;
            if earlier(tx, &agency, &caller.actor, key.as_ref(), now)?.is_some() {
                return Ok(found);
            }
            if found.declared_by == caller.actor {
                return Err(AppError::SelfReview);
            }
            if found.review.is_some() {
                return Err(AppError::Exists("this version has its review; declare another version".to_owned()));
            }
            if let Some(error) = note.as_deref().and_then(|note| text("/note", note, 2000)) {
                return Err(AppError::invalid(vec![error]));
            }
            // A key that is about to be replaced seals nothing after it: see `keep`.
            tx.head_lock(&agency)?;
            let note = note.as_deref().map(|text| keep(tx, app, &agency, text)).transpose()?;
            let review = ReviewRow {
                agency_id: agency.clone(),
                plan: place.plan.clone(),
                target: place.target.clone(),
                version,
                verdict: verdict.as_str().to_owned(),
                reviewed_by: caller.actor.clone(),
                recorded_at: now.timestamp_micros(),
                note,
            };
            tx.declaration_review_insert(&review)?;
            chain(tx, &review_line(review)?)?;
            let resource = format!("{}/{}", place.plan, place.target);
            remember(tx, (&agency, &caller.actor), key.as_ref(), &resource, version.unsigned_abs(), now)?;
            one(tx, app, &agency, &place, version, now)
        })
        .await
}

/// The agency whose value it is: which writer the work belongs to.
async fn agency_of(app: &App, place: &Place) -> Result<String, AppError> {
    let (app2, place) = (app.clone(), place.clone());
    app.store
        .read(move |tx| {
            let (plan, _) = target_of(tx, &app2, &place, app2.clock.now())?;
            Ok(place.agency.unwrap_or(plan.agency))
        })
        .await
}

/// The plan as it is known now, and its target.
///
/// # Errors
/// `NotFound` when either is not there.
pub fn target_of(tx: &mut Tx<'_>, app: &App, place: &Place, now: Instant) -> Result<(Plan, Target), AppError> {
    let documents = app.catalogues.plans(tx)?;
    let plan = &documents.known(&place.plan, business_date(now), now).ok_or(AppError::NotFound)?.body;
    let target = plan.targets.iter().find(|target| target.key == place.target).ok_or(AppError::NotFound)?;
    Ok((plan.clone(), target.clone()))
}

/// 404 for what no role of the caller reaches, 403 for what none of `roles` does.
fn in_reach(caller: &Caller, tree: &Tree<'_>, agency: &str, roles: &[Role]) -> Result<(), AppError> {
    if caller.reach(tree, roles).contains(agency) {
        return Ok(());
    }
    if caller.reach(tree, &Role::ALL).contains(agency) {
        return Err(AppError::Forbidden("none of your roles reviews declarations of this agency"));
    }
    tracing::warn!(actor = %caller.actor, agency, "out of scope");
    Err(AppError::NotFound)
}

fn one(
    tx: &mut Tx<'_>,
    app: &App,
    agency: &str,
    place: &Place,
    version: i32,
    now: Instant,
) -> Result<Declared, AppError> {
    let ask = Question {
        agencies: vec![agency.to_owned()],
        plan: Some(place.plan.clone()),
        target: Some(place.target.clone()),
        version: Some(version),
        known_at: now.timestamp_micros(),
    };
    let mut found = declared(tx, &ask)?.pop().ok_or(AppError::NotFound)?;
    notes::open(tx, &app.vault, [&mut found])?;
    Ok(found)
}

fn corrupt(error: &serde_json::Error) -> AppError {
    AppError::Store(StoreError::Other(error.to_string()))
}
