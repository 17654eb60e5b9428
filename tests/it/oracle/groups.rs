//! Grouped figures: each group is the figure of its own narrower cut, and groups add up.

use std::collections::BTreeMap;

use motcua::app::App;
use motcua::store::figures::{Counts, Cut, GroupBy, procedure_list};
use motcua::store::indicators::{self, Indicator, Part, Subject};
use motcua::store::query::Filters;
use motcua::store::{StoreError, Tx};
use motcua::verify::book::Book;
use motcua::verify::figures::{Figure, View};

use super::asks::{Ask, FIELDS, plain};
use super::figures;
use super::recount::{Answers, Recount, counts};

const ALL: [GroupBy; 5] = [GroupBy::Agency, GroupBy::Procedure, GroupBy::Field, GroupBy::Channel, GroupBy::Month];

/// Numerator and denominator by group, without groups that hold nothing.
type Groups = BTreeMap<String, (i64, i64)>;

struct Desk<'a> {
    app: &'a App,
    recount: &'a Recount,
    ask: &'a Ask,
    cut: Cut,
    /// The group of each agency.
    children: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    answers: Answers,
    /// What answers each month: agencies and fields may be others then.
    months: BTreeMap<String, (Cut, Answers)>,
}

pub fn compare(tx: &mut Tx<'_>, app: &App, recount: &Recount, ask: &Ask) -> Result<(), StoreError> {
    let (cut, children) = ask.cut(tx, app)?;
    let fields = figures::fields(tx, app, &cut)?;
    let answers = recount.answers(&cut, &fields);
    let mut months = BTreeMap::new();
    for (name, ask) in ask.months() {
        let (cut, _) = ask.cut(tx, app)?;
        let answers = recount.answers(&cut, &figures::fields(tx, app, &cut)?);
        months.insert(name, (cut, answers));
    }
    let desk = Desk { app, recount, ask, cut, children, fields, answers, months };
    ALL.iter().try_for_each(|by| desk.compare(tx, *by))
}

impl Desk<'_> {
    fn compare(&self, tx: &mut Tx<'_>, by: GroupBy) -> Result<(), StoreError> {
        let asked: Vec<&'static Indicator> =
            indicators::all().filter(|i| i.group_by().contains(&by.as_str())).collect();
        let whole = self.ask.figures(tx, self.app, &asked, None)?;
        let found = self.ask.figures(tx, self.app, &asked, Some(by))?;
        for whole in whole {
            let id = whole.indicator.id;
            let name = || format!("{id} by {} at {:?}", by.as_str(), self.ask);
            let of_it = found.iter().filter(|figure| figure.indicator.id == id);
            let groups: BTreeMap<String, Counts> =
                of_it.map(|figure| (figure.group.clone().expect("a group"), figure.counts)).collect();
            let pairs = groups.iter().map(|(key, counts)| (key.clone(), (counts.numerator, counts.denominator)));
            let pairs: Groups = pairs.filter(|(_, counts)| *counts != (0, 0)).collect();
            assert_eq!(pairs, self.expected(whole.indicator, by), "{}", name());
            if id == "satisfaction" {
                let responses = groups.iter().filter_map(|(key, counts)| Some((key.clone(), counts.responses?)));
                let responses: Groups = responses.filter(|(_, counts)| *counts != (0, 0)).collect();
                assert_eq!(responses, self.of_dossiers("response_rate", by), "responses of {}", name());
            }
            let adds_up = matches!(whole.indicator.subject, Subject::Dossier | Subject::Payment);
            if adds_up && by != GroupBy::Month {
                let mut sum = Counts { responses: whole.counts.responses.map(|_| (0, 0)), ..Counts::default() };
                groups.values().for_each(|counts| sum += *counts);
                assert_eq!(sum, whole.counts, "{}", name());
            }
            for (key, counts) in &groups {
                self.opens(tx, whole.indicator, by, key, counts)?;
            }
        }
        Ok(())
    }

    fn expected(&self, indicator: &Indicator, by: GroupBy) -> Groups {
        let id = indicator.id;
        if matches!(indicator.subject, Subject::Dossier | Subject::Payment) {
            return self.of_dossiers(id, by);
        }
        let all = || View::new(self.answers.book(indicator), &plain(&self.cut)).figure(id).expect("a figure");
        let mut groups = Groups::new();
        match (by, indicator.subject) {
            (GroupBy::Agency, _) => {
                for (key, cut) in self.by_agency() {
                    let figure = View::new(self.answers.book(indicator), &plain(&cut)).figure(id);
                    groups.insert(key, counts(&figure.expect("a figure")));
                }
            }
            (GroupBy::Month, Subject::Catalogue) => groups = self.by_month(id, Answers::catalogue),
            (GroupBy::Month, _) => groups = self.by_month(id, Answers::dossiers),
            (GroupBy::Field, Subject::ProcedureOfDossiers) => {
                for field in FIELDS {
                    if self.cut.filters.field.as_deref().is_none_or(|wanted| wanted == field) {
                        let filters = Filters { field: Some(field.to_owned()), ..self.cut.filters.clone() };
                        let cut = Cut { filters, ..self.cut.clone() };
                        let found = self.recount.answers(&cut, &self.fields);
                        let figure = View::new(found.book(indicator), &plain(&cut)).figure(id);
                        groups.insert(field.to_owned(), counts(&figure.expect("a figure")));
                    }
                }
            }
            (GroupBy::Field, _) => add_each(&mut groups, &all(), |code| self.fields[code].clone()),
            (GroupBy::Procedure, _) => add_each(&mut groups, &all(), str::to_owned),
            (GroupBy::Channel, _) => unreachable!("procedures have no channel"),
        }
        groups.retain(|_, counts| *counts != (0, 0));
        groups
    }

    fn of_dossiers(&self, id: &str, by: GroupBy) -> Groups {
        let cut = plain(&self.cut);
        let view = View::new(self.answers.dossiers(), &cut);
        let mut groups = Groups::new();
        match by {
            GroupBy::Month => groups = self.by_month(id, Answers::dossiers),
            GroupBy::Agency => {
                for (agency, figure) in view.groups(id, "own_agency") {
                    let key = self.children.get(&agency).cloned().unwrap_or(agency);
                    let (numerator, denominator) = counts(&figure);
                    let sum = groups.entry(key).or_default();
                    *sum = (sum.0 + numerator, sum.1 + denominator);
                }
            }
            other => groups = view.groups(id, other.as_str()).iter().map(|(k, f)| (k.clone(), counts(f))).collect(),
        }
        groups.retain(|_, counts| *counts != (0, 0));
        groups
    }

    fn by_agency(&self) -> BTreeMap<String, Cut> {
        let mut cuts: BTreeMap<String, Cut> = BTreeMap::new();
        for agency in &self.cut.agencies {
            let key = self.children.get(agency).unwrap_or(agency);
            let empty = || Cut { agencies: Default::default(), ..self.cut.clone() };
            cuts.entry(key.clone()).or_insert_with(empty).agencies.insert(agency.clone());
        }
        cuts
    }

    fn by_month(&self, id: &str, answers: fn(&Answers) -> &Book) -> Groups {
        let figure = |(cut, answers_then): &(Cut, Answers)| {
            counts(&View::new(answers(answers_then), &plain(cut)).figure(id).expect("a figure"))
        };
        let groups = self.months.iter().map(|(name, month)| (name.clone(), figure(month)));
        groups.filter(|(_, counts)| *counts != (0, 0)).collect()
    }

    /// The list behind a group, asked for as its link does, is as long as the group's count says.
    fn opens(
        &self,
        tx: &mut Tx<'_>,
        indicator: &'static Indicator,
        by: GroupBy,
        key: &str,
        counts: &Counts,
    ) -> Result<(), StoreError> {
        let mut ask = self.ask.clone();
        match by {
            GroupBy::Agency => {
                ask.own |= ask.agency.as_deref() == Some(key);
                ask.agency = Some(key.to_owned());
            }
            GroupBy::Procedure => ask.filters.procedure = Some(key.to_owned()),
            GroupBy::Field => ask.filters.field = Some(key.to_owned()),
            GroupBy::Channel => {
                ask.filters.channel = Some(key.to_owned());
                ask.filters.online_only = false;
            }
            GroupBy::Month => {
                let (month, _) = &self.months[key];
                (ask.from, ask.to) = (month.from, month.to);
            }
        }
        let (cut, _) = ask.cut(tx, self.app)?;
        for (part, count) in [(Part::Denominator, counts.denominator), (Part::Numerator, counts.numerator)] {
            let len = match indicator.subject {
                Subject::Dossier => tx.facts_count(&cut.question(indicator, part))?,
                Subject::Payment => tx.payments_count(&cut.question(indicator, part))?,
                _ => procedure_list(tx, &self.app.catalogues, &cut, indicator, part)?.len() as i64,
            };
            let count = if indicator.in_days && part == Part::Numerator { counts.denominator } else { count };
            assert_eq!(
                len,
                count,
                "the list of {part:?} of {} by {} = {key} at {:?}",
                indicator.id,
                by.as_str(),
                self.ask
            );
        }
        Ok(())
    }
}

fn add_each(groups: &mut Groups, figure: &Figure, key: impl Fn(&str) -> String) {
    for code in &figure.denominator {
        let sum = groups.entry(key(code)).or_default();
        *sum = (sum.0 + i64::from(figure.numerator.contains(code)), sum.1 + 1);
    }
}
