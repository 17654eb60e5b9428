//! What changed between two instants of knowledge: which dossiers entered or left a part of a figure, and through
//! what. Membership is always asked of the fact rows with the registry's own predicate, so that nothing is defined
//! a second time; the causes are found by asking it again just before and at every instant at which it may change.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::figures::Cut;
use super::history::event_of;
use super::indicators::{Indicator, Instants, Part};
use super::query::{FactQuery, Moved, MovedCounts, Moves, Probe};
use super::reports::{Column, Ended};
use super::tx::Tx;
use crate::domain::event::Event;
use crate::domain::time::{Instant, from_micros};

/// Which dossiers: a part of an indicator whose unit is the dossier, or a column of a report.
#[derive(Debug, Clone, Copy)]
pub enum Members {
    Indicator(&'static Indicator, Part),
    Column(&'static Column, Ended),
}

impl Members {
    /// The predicate at a cut with these instants.
    #[must_use]
    pub fn predicate(&self, instants: &Instants) -> String {
        match self {
            Self::Indicator(indicator, part) => indicator.predicate(*part, instants),
            Self::Column(column, ended) => column.predicate(*ended, instants),
        }
    }

    /// The question whose answer lists them at a cut.
    #[must_use]
    pub fn question(&self, cut: &Cut) -> FactQuery {
        cut.asking(self.predicate(&cut.instants()))
    }
}

/// The same cut, known at one instant and at a later one.
#[derive(Debug, Clone)]
pub struct Diff {
    pub members: Members,
    pub before: Cut,
    pub after: Cut,
    /// The agencies of the cut from each change of the catalogue in between on, oldest first.
    pub scopes: Vec<(i64, BTreeSet<String>)>,
}

/// What moved a dossier.
#[derive(Debug, Clone)]
pub enum Cause {
    Event(Box<Event>),
    /// Nothing was recorded: an instant came, such as the due one of an open dossier.
    Time,
    /// The tree of agencies changed: its agency came into the scope, or went out of it.
    Catalogue,
}

/// One move of a dossier into the part or out of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// From this instant of knowledge on.
    pub known_at: Instant,
    pub entered: bool,
    pub cause: Cause,
}

/// A dossier that moved, with every step in between; the last one decided.
#[derive(Debug, Clone)]
pub struct Explained {
    pub moved: Moved,
    pub events: Vec<Event>,
    pub steps: Vec<Step>,
}

/// An instant at which membership is asked for.
#[derive(Debug, Clone, Copy)]
struct Point {
    known_at: i64,
    /// Place of the event that is recorded at this very instant.
    event: Option<usize>,
}

impl Diff {
    /// How many are in the part before and after.
    ///
    /// # Errors
    /// The database fails; so for the others.
    pub fn sizes(&self, tx: &mut Tx<'_>) -> Result<(i64, i64), StoreError> {
        let before = tx.facts_count(&self.members.question(&self.before))?;
        Ok((before, tx.facts_count(&self.members.question(&self.after))?))
    }

    pub fn counts(&self, tx: &mut Tx<'_>) -> Result<MovedCounts, StoreError> {
        let (before, after) = (self.members.question(&self.before), self.members.question(&self.after));
        tx.moved_count(&Moves { before: &before, after: &after, entered: None })
    }

    /// The dossiers that moved, by id, each explained.
    pub fn page(
        &self,
        tx: &mut Tx<'_>,
        entered: Option<bool>,
        after: Option<super::sql_types::Id>,
        limit: i64,
    ) -> Result<Vec<Explained>, StoreError> {
        let (earlier, later) = (self.members.question(&self.before), self.members.question(&self.after));
        let found = tx.moved_page(&Moves { before: &earlier, after: &later, entered }, after, limit)?;
        found.into_iter().map(|moved| self.explain(tx, moved)).collect()
    }

    fn explain(&self, tx: &mut Tx<'_>, moved: Moved) -> Result<Explained, StoreError> {
        let rows = tx.events_of(&moved.agency, moved.dossier)?;
        let events = rows.iter().map(event_of).collect::<Result<Vec<_>, _>>()?;
        let points = self.points(&events);
        let known: Vec<i64> = points.iter().map(|point| point.known_at).collect();
        let inside = self.membership(tx, &moved, &known)?;
        let mut steps = Vec::new();
        for (i, entered) in inside.iter().copied().enumerate().skip(1) {
            if entered == inside[i - 1] {
                continue;
            }
            let (last, point) = (known[i - 1], points[i]);
            let catalogue = self.reaches(&moved.agency, last) != self.reaches(&moved.agency, point.known_at);
            let (known_at, cause) = match point.event {
                Some(place) => (point.known_at, Cause::Event(Box::new(events[place].clone()))),
                None if catalogue => (point.known_at, Cause::Catalogue),
                None => (self.moment(tx, &moved, (last, point.known_at), entered)?, Cause::Time),
            };
            steps.push(Step { known_at: from_micros(known_at), entered, cause });
        }
        Ok(Explained { moved, events, steps })
    }

    /// Both ends, and every instant in between at which something was recorded, with the microsecond before it.
    fn points(&self, events: &[Event]) -> Vec<Point> {
        let (first, last) = (self.before.known_at.timestamp_micros(), self.after.known_at.timestamp_micros());
        let between = |at: i64| first < at && at <= last;
        let mut points = vec![Point { known_at: first, event: None }, Point { known_at: last, event: None }];
        let recorded = events.iter().enumerate().map(|(i, event)| (event.recorded_at.timestamp_micros(), Some(i)));
        let changed = self.scopes.iter().map(|(at, _)| (*at, None));
        for (at, event) in recorded.chain(changed).filter(|(at, _)| between(*at)) {
            points.push(Point { known_at: at - 1, event: None });
            points.push(Point { known_at: at, event });
        }
        // At one instant the point that names an event stands first, and is kept.
        points.sort_by_key(|point| (point.known_at, point.event.is_none()));
        points.dedup_by_key(|point| point.known_at);
        points
    }

    /// Whether the agency is in the scope as known then.
    fn reaches(&self, agency: &str, known_at: i64) -> bool {
        let scope = self.scopes.iter().rev().find(|(from, _)| *from <= known_at);
        scope.map_or(&self.before.agencies, |(_, agencies)| agencies).contains(agency)
    }

    fn membership(&self, tx: &mut Tx<'_>, moved: &Moved, known: &[i64]) -> Result<Vec<bool>, StoreError> {
        let probe = |known_at: &i64| {
            let cut = Cut { known_at: from_micros(*known_at), agencies: BTreeSet::new(), ..self.after.clone() };
            let instants = cut.instants();
            Probe { at: instants.at, known_at: *known_at, predicate: self.members.predicate(&instants) }
        };
        let probes: Vec<Probe> = known.iter().map(probe).collect();
        let narrow = self.members.question(&Cut { agencies: BTreeSet::new(), ..self.after.clone() });
        let facts = tx.facts_probe(&moved.agency, moved.dossier, &narrow, &probes)?;
        Ok(facts.iter().zip(known).map(|(fits, at)| *fits && self.reaches(&moved.agency, *at)).collect())
    }

    /// The first microsecond in `(last, first]` at which a dossier stands where `first` has it: halved, many at a time.
    fn moment(
        &self,
        tx: &mut Tx<'_>,
        moved: &Moved,
        (mut last, mut first): (i64, i64),
        entered: bool,
    ) -> Result<i64, StoreError> {
        const PARTS: i64 = 32;
        while first - last > 1 {
            let step = ((first - last) / PARTS).max(1);
            let between: Vec<i64> = (1..PARTS).map(|i| last + i * step).take_while(|at| *at < first).collect();
            let found = self.membership(tx, moved, &between)?;
            let place = found.iter().position(|inside| *inside == entered);
            (last, first) = match place {
                Some(0) => (last, between[0]),
                Some(i) => (between[i - 1], between[i]),
                None => (between.last().copied().unwrap_or(last), first),
            };
        }
        Ok(first)
    }
}

/// How many moved into and out of each of these, in one statement.
///
/// # Errors
/// The database fails.
pub fn changes(tx: &mut Tx<'_>, before: &Cut, after: &Cut, asked: &[Members]) -> Result<Vec<MovedCounts>, StoreError> {
    let (earlier, later) = (before.instants(), after.instants());
    let pair = |members: &Members| (members.predicate(&earlier), members.predicate(&later));
    let predicates: Vec<(String, String)> = asked.iter().map(pair).collect();
    let (first, second) = (before.asking("TRUE".to_owned()), after.asking("TRUE".to_owned()));
    tx.moved_tally(&Moves { before: &first, after: &second, entered: None }, &predicates)
}
