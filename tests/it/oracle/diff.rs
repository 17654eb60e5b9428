//! What moved between two instants of knowledge is the difference of both lists, and each named cause is where the
//! recount, too, sees the dossier move.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use motcua::domain::time::{Instant, from_micros};
use motcua::store::diff::{Cause, Diff, Explained, Members, changes};
use motcua::store::indicators::{self, Indicator, Part, Subject};
use motcua::store::query::{Filters, MovedCounts};
use motcua::store::{StoreError, Tx};
use motcua::verify::book::Book;
use motcua::verify::figures::View;

use super::asks::{Ask, plain};
use super::lists;
use super::story::Story;

/// Pairs of cuts that are compared.
const PAIRS: usize = 10;
/// Moves of one part that are followed step by step.
const FOLLOWED: usize = 2;

/// Causes that were named.
#[derive(Debug, Default)]
pub struct Named {
    pub events: usize,
    pub time: usize,
    pub catalogue: usize,
}

pub fn check(story: &mut Story<'_>) -> Named {
    let now = story.app.clock.now();
    let book = Book::read(story.copy().as_slice()).expect("a full copy");
    let mut named = Named::default();
    for i in 0..PAIRS {
        let mut later = Ask::random(story, now);
        later.filters = Filters::default();
        if i % 2 == 0 {
            // Across the merger, and up to now: much moves.
            (later.agency, later.own, later.known_at) = (Some(super::world::SUCCESSOR.to_owned()), false, now);
            later.from = "2026-03-01".parse().expect("a date");
            later.to = "2026-12-31".parse().expect("a date");
        }
        let back = Duration::minutes(story.dice.between(1, 60_000));
        let earlier = Ask { known_at: later.known_at - back, ..later.clone() };
        let pair = Pair { story, book: &book, earlier, later };
        let done: Result<(), StoreError> = story.app.store.read_blocking(|tx| pair.check(tx, &mut named));
        done.expect("a database");
    }
    named
}

struct Pair<'a, 's> {
    story: &'a Story<'s>,
    book: &'a Book,
    earlier: Ask,
    later: Ask,
}

impl Pair<'_, '_> {
    fn check(&self, tx: &mut Tx<'_>, named: &mut Named) -> Result<(), StoreError> {
        let app = self.story.app;
        let ((before, _), (after, _)) = (self.earlier.cut(tx, app)?, self.later.cut(tx, app)?);
        let scopes = self.scopes(tx)?;
        let all: Vec<&'static Indicator> =
            indicators::all().filter(|indicator| indicator.subject == Subject::Dossier).collect();
        for indicator in all {
            for part in indicator.parts() {
                let old = lists::members(tx, app, &before, indicator, *part, 500)?;
                let new = lists::members(tx, app, &after, indicator, *part, 500)?;
                let entered: BTreeSet<String> = new.difference(&old).cloned().collect();
                let left: BTreeSet<String> = old.difference(&new).cloned().collect();
                let diff = Diff {
                    members: Members::Indicator(indicator, *part),
                    before: before.clone(),
                    after: after.clone(),
                    scopes: scopes.clone(),
                };
                let found = pages(tx, &diff)?;
                let who = |wanted: bool| -> BTreeSet<String> {
                    let moved = found.iter().filter(|found| found.moved.entered == wanted);
                    moved.map(|found| found.moved.dossier.0.to_string()).collect()
                };
                let name = format!("{} {part:?} of {:?} since {}", indicator.id, self.later, self.earlier.known_at);
                assert_eq!((who(true), who(false)), (entered.clone(), left.clone()), "{name}");
                let counts = MovedCounts { entered: entered.len() as i64, left: left.len() as i64 };
                assert_eq!(diff.counts(tx)?, counts, "{name}");
                assert_eq!(diff.sizes(tx)?, (old.len() as i64, new.len() as i64), "{name}");
                assert_eq!(changes(tx, &before, &after, &[diff.members, diff.members])?, [counts, counts], "{name}");
                let merged = found.iter().skip(FOLLOWED).filter(|found| found.moved.agency == super::world::MERGED);
                for explained in found.iter().take(FOLLOWED).chain(merged.take(1)) {
                    self.follow(tx, indicator, *part, explained, named)?;
                }
            }
        }
        Ok(())
    }

    /// The scope from each change of the tree on.
    fn scopes(&self, tx: &mut Tx<'_>) -> Result<Vec<(i64, BTreeSet<String>)>, StoreError> {
        let documents = self.story.app.catalogues.agencies(tx)?;
        let (first, last) = (self.earlier.known_at.timestamp_micros(), self.later.known_at.timestamp_micros());
        let revisions = documents.codes().flat_map(|code| documents.revisions(code));
        let instants: BTreeSet<i64> =
            revisions.map(|revision| revision.recorded_at).filter(|at| first < *at && *at <= last).collect();
        let scope = |at: i64| Ok((at, self.known(from_micros(at)).cut(tx, self.story.app)?.0.agencies));
        instants.into_iter().map(scope).collect()
    }

    fn known(&self, known_at: Instant) -> Ask {
        Ask { known_at, ..self.later.clone() }
    }

    /// Each step is one for the recount as well, and together they lead from one side to the other.
    fn follow(
        &self,
        tx: &mut Tx<'_>,
        indicator: &Indicator,
        part: Part,
        explained: &Explained,
        named: &mut Named,
    ) -> Result<(), StoreError> {
        let name = format!("{} {part:?}: {explained:?}", indicator.id);
        let last = explained.steps.last().unwrap_or_else(|| panic!("nothing explains {name}"));
        assert_eq!(last.entered, explained.moved.entered, "{name}");
        assert!(explained.steps.windows(2).all(|pair| pair[0].entered != pair[1].entered), "{name}");
        assert!(explained.steps.is_sorted_by_key(|step| step.known_at), "{name}");
        for step in &explained.steps {
            match &step.cause {
                Cause::Event(event) => {
                    named.events += 1;
                    assert_eq!(event.recorded_at, step.known_at, "{name}");
                }
                Cause::Time => named.time += 1,
                Cause::Catalogue => named.catalogue += 1,
            }
            let dossier = explained.moved.dossier.0.to_string();
            let mut inside = |known_at: Instant| -> Result<bool, StoreError> {
                let cut = plain(&self.known(known_at).cut(tx, self.story.app)?.0);
                let figure = View::new(self.book, &cut).figure(indicator.id).expect("the recount knows it");
                Ok(lists::expected(&figure, part).contains(&dossier))
            };
            let just_before = step.known_at - Duration::microseconds(1);
            assert_eq!(
                (inside(just_before)?, inside(step.known_at)?),
                (!step.entered, step.entered),
                "{step:?} {name}"
            );
        }
        Ok(())
    }
}

/// All that moved, page by page: nobody twice, by id.
fn pages(tx: &mut Tx<'_>, diff: &Diff) -> Result<Vec<Explained>, StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = diff.page(tx, None, after, 7)?;
        let Some(last) = page.last() else { break };
        after = Some(last.moved.dossier);
        all.extend(page);
    }
    let ids: BTreeMap<_, _> = all.iter().map(|found| (found.moved.dossier, ())).collect();
    assert!(ids.len() == all.len() && all.is_sorted_by_key(|found| found.moved.dossier));
    Ok(all)
}
