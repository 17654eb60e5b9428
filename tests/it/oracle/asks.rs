//! Random cuts, as a query string would ask for them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Duration, NaiveDate};
use motcua::app::App;
use motcua::domain::time::{Instant, business_date, end_of_day};
use motcua::http::figures::groups_of;
use motcua::store::catalogues::Tree;
use motcua::store::figures::{Cut, Figure, GroupBy, by_month, figures};
use motcua::store::indicators::Indicator;
use motcua::store::query::Filters;
use motcua::store::{StoreError, Tx};
use motcua::verify;

use super::story::Story;
use super::world::{AGENCIES, MERGED, PROCEDURES, SUCCESSOR};
use crate::harness::{START, at};

pub const FIELDS: [&str; 5] = ["Hộ tịch", "Tư pháp", "Đất đai", "Chứng thực", "Xây dựng"];
const CHANNELS: [&str; 4] = ["in_person", "post", "level_3", "level_4"];
const ROOTS: [&str; 2] = ["H26", "H38"];

#[derive(Debug, Clone)]
pub struct Ask {
    /// None: every root.
    pub agency: Option<String>,
    pub own: bool,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub known_at: Instant,
    pub filters: Filters,
}

impl Ask {
    /// Somewhere in the story so far, known by `latest` or at some instant before.
    pub fn random(story: &mut Story<'_>, latest: Instant) -> Self {
        let start = business_date(at(START));
        let days = (business_date(latest) - start).num_days();
        let recorded: Vec<Instant> =
            story.files.iter().flat_map(|file| file.events.iter().map(|event| event.recorded_at)).collect();
        let dice = &mut story.dice;
        let agency = match dice.between(0, 9) {
            0..=1 => None,
            2..=3 => Some("H26"),
            4..=5 => Some("H26.103"),
            6 => Some(SUCCESSOR),
            _ => Some(dice.pick(&AGENCIES)),
        };
        let from = start + Duration::days(dice.between(-5, days));
        let to = from + Duration::days(dice.between(0, 70));
        let known_at = match dice.between(0, 9) {
            0..=3 => latest,
            4..=5 => dice.pick(&recorded),
            6 => end_of_day(to),
            _ => at(START) + Duration::minutes(dice.between(0, (latest - at(START)).num_minutes())),
        };
        let own = dice.chance(25);
        let filters = if dice.chance(70) { Filters::default() } else { Self::filters(story) };
        Self { agency: agency.map(str::to_owned), own, from, to, known_at: known_at.min(latest), filters }
    }

    /// Nearly everything, as it stood at an instant that may matter to some dossier.
    pub fn wide(story: &mut Story<'_>, latest: Instant) -> Self {
        let i = story.dice.index(story.files.len());
        let dossier = story.files[i].dossier().expect("it has events");
        let edges = [Some(dossier.last_move_at), dossier.answer_due, dossier.due_strict, dossier.due, Some(latest)];
        let edges: Vec<Instant> = edges.into_iter().flatten().filter(|at| *at <= latest).collect();
        let edge = story.dice.pick(&edges) + Duration::microseconds(story.dice.between(0, 1));
        let mut ask = Self::random(story, latest);
        ask.filters = Filters::default();
        if story.dice.chance(60) {
            (ask.agency, ask.own) = (None, false);
        }
        let start = business_date(at(START)) - Duration::days(5);
        ask.from = if story.dice.chance(60) { start } else { ask.from.min(business_date(edge)) };
        if story.dice.chance(50) {
            // What was known at that very instant.
            (ask.to, ask.known_at) = (business_date(edge), edge.min(latest));
        } else {
            (ask.to, ask.known_at) = (ask.to.max(ask.from), latest);
        }
        ask
    }

    fn filters(story: &mut Story<'_>) -> Filters {
        let dice = &mut story.dice;
        let mut filters = Filters::default();
        match dice.between(0, 3) {
            0 => filters.procedure = Some(dice.pick(&PROCEDURES[..3]).to_owned()),
            1 => filters.field = Some(dice.pick(&FIELDS).to_owned()),
            2 => filters.channel = Some(dice.pick(&CHANNELS).to_owned()),
            _ => filters.online_only = true,
        }
        if dice.chance(25) {
            filters.field = Some(dice.pick(&FIELDS).to_owned());
        }
        filters
    }

    /// The cut, and the group of each agency when grouped by agency.
    pub fn cut(&self, tx: &mut Tx<'_>, app: &App) -> Result<(Cut, BTreeMap<String, String>), StoreError> {
        let documents = app.catalogues.agencies(tx)?;
        let tree = Tree::new(&documents, self.to, self.known_at);
        let reach = |code: &str| if self.own { tree.own(code) } else { tree.subtree(code) };
        let agencies: BTreeSet<String> = match &self.agency {
            Some(code) => reach(code),
            None => ROOTS.iter().flat_map(|code| reach(code)).collect(),
        };
        // What a merger means is said here once more, in plain words.
        let merged = documents.revisions(MERGED).iter().find(|revision| revision.body.successor.is_some());
        let known = merged.is_some_and(|revision| revision.recorded_at <= self.known_at.timestamp_micros());
        let known_merged = known && self.to > date("2026-04-15");
        if self.agency.as_deref() == Some(SUCCESSOR) {
            assert_eq!(agencies.contains(MERGED), known_merged, "{self:?}");
        }
        let roots = ROOTS.iter().map(|code| (*code).to_owned()).collect();
        let groups = groups_of(&tree, self.agency.as_deref(), &roots);
        let Self { from, to, known_at, .. } = *self;
        Ok((Cut { agencies, from, to, known_at, filters: self.filters.clone() }, groups))
    }

    /// The months of the period, each asked for on its own. They are told apart by their names, day for day.
    pub fn months(&self) -> BTreeMap<String, Self> {
        let mut months: BTreeMap<String, Self> = BTreeMap::new();
        for day in self.from.iter_days().take_while(|day| *day <= self.to) {
            let month = months.entry(day.format("%Y-%m").to_string());
            month.or_insert_with(|| Self { from: day, ..self.clone() }).to = day;
        }
        months
    }

    /// Grouped figures of the cut, each month as a cut of its own.
    pub fn figures(
        &self,
        tx: &mut Tx<'_>,
        app: &App,
        indicators: &[&'static Indicator],
        by: Option<GroupBy>,
    ) -> Result<Vec<Figure>, StoreError> {
        let (cut, children) = self.cut(tx, app)?;
        if by != Some(GroupBy::Month) {
            return figures(tx, &app.catalogues, &cut, indicators, by, &children);
        }
        let names: Vec<String> = cut.months().into_iter().map(|(name, _)| name).collect();
        let mut months = Vec::new();
        for (name, ask) in self.months() {
            months.push((name, ask.cut(tx, app)?.0));
        }
        assert!(months.iter().map(|(name, _)| name).eq(&names), "{names:?}");
        by_month(tx, &app.catalogues, &months, indicators)
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// The same cut in the words of the recount.
pub fn plain(cut: &Cut) -> verify::figures::Cut {
    verify::figures::Cut { agencies: cut.agencies.clone(), from: cut.from, to: cut.to, known_at: cut.known_at }
}
