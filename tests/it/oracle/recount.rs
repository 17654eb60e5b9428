//! The naïve recount of a full copy, narrowed by filters.

use std::collections::{BTreeMap, BTreeSet};

use motcua::store::figures::Cut;
use motcua::store::indicators::{Indicator, Subject};
use motcua::store::query::Filters;
use motcua::verify::book::Book;
use motcua::verify::figures::{Figure, View};
use motcua::verify::line::{Line, Lines};

use super::asks::plain;
use super::story::Story;

pub struct Recount {
    lines: Vec<Line>,
    book: Book,
}

/// The books that answer a cut with its filters.
pub struct Answers {
    /// Dossiers that pass all filters.
    dossiers: Book,
    /// Procedures that pass, and dossiers that pass the filters that are not about procedures.
    catalogue: Book,
}

impl Recount {
    pub fn of(story: &Story<'_>) -> Self {
        let lines: Vec<Line> =
            Lines::new(story.copy().as_slice()).map(|line| line.expect("a line of a full copy")).collect();
        let book = Book::from_lines(lines.iter().cloned()).expect("a full copy");
        Self { lines, book }
    }

    pub fn book(&self) -> &Book {
        &self.book
    }

    /// `fields`: the field of each procedure of the catalogue at the cut.
    pub fn answers(&self, cut: &Cut, fields: &BTreeMap<String, String>) -> Answers {
        let filters = &cut.filters;
        if *filters == Filters::default() {
            return Answers { dossiers: self.book.clone(), catalogue: self.book.clone() };
        }
        let anywhere = self.book.agencies();
        let chosen = |fits: &dyn Fn(&str, &str, &str) -> bool| -> BTreeSet<String> {
            let cases = self.book.cases(&anywhere, cut.at(), cut.known_at);
            let fitting = cases.filter(|case| fits(&case.procedure, &case.snapshot.field, case.channel.name()));
            fitting.map(|case| case.dossier).collect()
        };
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let channel = |found: &str| {
            is(&filters.channel, found) && (!filters.online_only || found == "level_3" || found == "level_4")
        };
        let all = chosen(&|procedure, field, found| {
            is(&filters.procedure, procedure) && is(&filters.field, field) && channel(found)
        });
        let through = chosen(&|_, _, found| channel(found));
        let offered = |code: &str| {
            is(&filters.procedure, code) && fields.get(code).is_some_and(|field| is(&filters.field, field))
        };
        Answers { dossiers: self.narrowed(&all, &|_| true), catalogue: self.narrowed(&through, &offered) }
    }

    fn narrowed(&self, dossiers: &BTreeSet<String>, procedures: &dyn Fn(&str) -> bool) -> Book {
        let kept = self.lines.iter().filter(|line| match line {
            Line::Event(event) => dossiers.contains(&event.dossier),
            Line::Catalogue(row) => row.catalogue != "procedure" || procedures(&row.code),
            Line::Header(_) | Line::Personal(_) | Line::Record(_) => true,
        });
        Book::from_lines(kept.cloned()).expect("a full copy")
    }
}

impl Answers {
    pub fn dossiers(&self) -> &Book {
        &self.dossiers
    }

    pub fn catalogue(&self) -> &Book {
        &self.catalogue
    }

    pub fn book(&self, indicator: &Indicator) -> &Book {
        if indicator.subject == Subject::Catalogue { &self.catalogue } else { &self.dossiers }
    }

    /// Every figure of the registry at a cut, and the response rate, by id.
    pub fn figures(&self, cut: &Cut, indicators: &[&'static Indicator]) -> BTreeMap<&'static str, Figure> {
        let cut = plain(cut);
        let (dossiers, catalogue) = (View::new(&self.dossiers, &cut), View::new(&self.catalogue, &cut));
        let mut found = BTreeMap::new();
        for indicator in indicators {
            let view = if indicator.subject == Subject::Catalogue { &catalogue } else { &dossiers };
            found.insert(indicator.id, view.figure(indicator.id).expect("the recount knows every indicator"));
        }
        found.insert("response_rate", dossiers.figure("response_rate").expect("the recount knows it"));
        found
    }
}

/// Numerator and denominator as the program counts them.
pub fn counts(figure: &Figure) -> (i64, i64) {
    let numerator = match figure.sum {
        Some(sum) => i64::try_from(sum).expect("minutes"),
        None => size(&figure.numerator),
    };
    (numerator, size(&figure.denominator))
}

fn size(set: &BTreeSet<String>) -> i64 {
    i64::try_from(set.len()).expect("a small set")
}
