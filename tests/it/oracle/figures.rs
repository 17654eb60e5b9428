//! Figures and lists against the recount.

use std::collections::{BTreeMap, BTreeSet};

use motcua::app::App;
use motcua::domain::time::{Instant, start_of_day};
use motcua::store::figures::{Counts, Cut, Figure};
use motcua::store::indicators::{self, Indicator};
use motcua::store::{StoreError, Tx};
use motcua::verify::case::Case;
use motcua::verify::figures::{Figure as Members, View};

use super::asks::{Ask, plain};
use super::recount::{Answers, Recount, counts};
use super::story::Story;
use super::{groups, lists};

/// Cuts whose counts are compared; of the first ones also the lists, and of some the groups.
const CUTS: usize = 100;
const WITH_LISTS: usize = 14;
const WITH_GROUPS: usize = 5;

/// The indicators that counted somebody at some cut: one that never does has been compared with nothing.
pub fn check(story: &mut Story<'_>) -> BTreeSet<&'static str> {
    let recount = Recount::of(story);
    let now = story.app.clock.now();
    let mut counted = BTreeSet::new();
    for i in 0..CUTS {
        let ask = if i < WITH_LISTS { Ask::random(story, now) } else { Ask::wide(story, now) };
        let limit = story.dice.between(1, 12);
        let done = story.app.store.read_blocking::<_, StoreError, _>(|tx| {
            let pair = Pair::of(tx, story.app, &recount, &ask)?;
            counted.extend(pair.compare());
            if i < WITH_LISTS {
                pair.lists(tx, story.app, limit)?;
            }
            if i < WITH_GROUPS { groups::compare(tx, story.app, &recount, &ask) } else { Ok(()) }
        });
        done.expect("a database");
    }
    counted
}

/// What both sides say of a cut.
struct Pair<'a> {
    ask: &'a Ask,
    cut: Cut,
    found: Vec<Figure>,
    expected: BTreeMap<&'static str, Members>,
    carried_over: i64,
}

impl<'a> Pair<'a> {
    fn of(tx: &mut Tx<'_>, app: &App, recount: &Recount, ask: &'a Ask) -> Result<Self, StoreError> {
        let all: Vec<&'static Indicator> = indicators::all().collect();
        let (cut, _) = ask.cut(tx, app)?;
        let answers = recount.answers(&cut, &fields(tx, app, &cut)?);
        let expected = answers.figures(&cut, &all);
        let carried_over = carried_over(&answers, &cut);
        let found = ask.figures(tx, app, &all, None)?;
        assert_eq!(found.len(), all.len());
        Ok(Self { ask, cut, found, expected, carried_over })
    }

    fn name(&self, id: &str) -> String {
        format!("{id} at {:?}: {:#?}", self.ask, self.expected[id])
    }

    /// The same counts; who counted somebody.
    fn compare(&self) -> BTreeSet<&'static str> {
        let mut counted = BTreeSet::new();
        for figure in &self.found {
            let (id, indicator) = (figure.indicator.id, figure.indicator);
            let oracle = &self.expected[id];
            let Counts { numerator, denominator, responses } = figure.counts;
            assert_eq!((numerator, denominator), counts(oracle), "{}", self.name(id));
            if id == "satisfaction" {
                assert_eq!(responses, Some(counts(&self.expected["response_rate"])), "{}", self.name(id));
            }
            assert!(indicator.disjoint || indicator.in_days || numerator <= denominator, "{}", self.name(id));
            if !oracle.numerator.is_empty() {
                counted.insert(id);
            }
        }
        self.identities();
        counted
    }

    fn lists(&self, tx: &mut Tx<'_>, app: &App, limit: i64) -> Result<(), StoreError> {
        for indicator in indicators::all() {
            for part in lists::parts(indicator) {
                let listed = lists::members(tx, app, &self.cut, indicator, *part, limit)?;
                let oracle = lists::expected(&self.expected[indicator.id], *part);
                assert_eq!(listed, oracle, "{part:?} of {}", self.name(indicator.id));
            }
        }
        Ok(())
    }

    /// What the law's form says of its own columns.
    fn identities(&self) {
        let counts = |id: &str| self.found.iter().find(|figure| figure.indicator.id == id).expect("a figure").counts;
        let (finished, in_time) = (counts("on_time_resolved").denominator, counts("on_time_resolved").numerator);
        let (open, overdue) = (counts("overdue_open").denominator, counts("overdue_open").numerator);
        let (ended, present) = (counts("withdrawn_or_stopped").numerator, counts("on_time_handled").denominator);
        let (late, ask) = (finished - in_time, self.ask);
        assert_eq!(present, finished + ended + open, "T = F + X + W at {ask:?}");
        assert_eq!(present, counts("online_share").denominator + self.carried_over, "T = N + carried over at {ask:?}");
        assert_eq!(counts("on_time_handled").numerator, present - late - overdue, "{ask:?}");
        assert_eq!(counts("on_time_due").denominator, finished + overdue, "{ask:?}");
        assert_eq!(counts("apology_letters").denominator, late + overdue, "{ask:?}");
    }
}

/// The field of each procedure of the catalogue at a cut.
pub fn fields(tx: &mut Tx<'_>, app: &App, cut: &Cut) -> Result<BTreeMap<String, String>, StoreError> {
    let procedures = app.catalogues.procedures(tx)?;
    let known = procedures.all_at(cut.to, cut.known_at);
    Ok(known.map(|(code, revision)| (code.to_owned(), revision.body.field.clone())).collect())
}

/// Received before the period, and neither finished nor ended before it.
fn carried_over(answers: &Answers, cut: &Cut) -> i64 {
    let (cut, begin) = (plain(cut), start_of_day(cut.from));
    let before = |at: Option<Instant>| at.is_some_and(|at| at < begin);
    let carried = |case: &&Case| {
        let finished_at = case.first_finish.as_ref().map(|finish| finish.at);
        before(case.received_at) && !before(finished_at) && (finished_at.is_some() || !before(case.ended_at))
    };
    View::new(answers.dossiers(), &cut).cases().iter().filter(carried).count() as i64
}
