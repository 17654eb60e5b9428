//! Checks against the recount: counts, and the lists behind them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use motcua::domain::time::business_date;
use motcua::store::checks::count::{Found, count, question};
use motcua::store::checks::histogram::histogram;
use motcua::store::checks::{self, Check};
use motcua::store::figures::Cut;
use motcua::store::query::Filters;
use motcua::store::{StoreError, Tx};
use motcua::verify;
use motcua::verify::checks::CHECKS;
use motcua::verify::figures::View;

use super::asks::{Ask, plain};
use super::lists;
use super::recount::Recount;
use super::story::Story;
use super::world::RUSH;

const CUTS: usize = 40;

/// The checks that flagged somebody at some cut: one that never does has been compared with nothing.
pub fn check(story: &mut Story<'_>) -> BTreeSet<&'static str> {
    let recount = Recount::of(story);
    let now = story.app.clock.now();
    let today = business_date(now);
    let mut flagged = BTreeSet::new();
    for i in 0..CUTS {
        let mut ask = if i % 3 == 0 { Ask::random(story, now) } else { Ask::wide(story, now) };
        ask.filters = Filters::default();
        if i < 4 {
            // The end of the office that does all its work in the last minutes; on its own and among others.
            let agency = [RUSH, "H26.103"][i % 2].to_owned();
            ask = Ask {
                agency: Some(agency),
                own: false,
                from: today - Duration::days(40),
                to: today,
                known_at: now,
                ..ask
            };
        }
        let limit = story.dice.between(3, 60);
        let done = story.app.store.read_blocking::<_, StoreError, _>(|tx| {
            let (cut, groups) = ask.cut(tx, story.app)?;
            let (plain, mut sums) = (plain(&cut), BTreeMap::new());
            let view = View::new(recount.book(), &plain);
            for (found, members) in listed(tx, &cut, limit)? {
                let id = found.check.id;
                if !CHECKS.contains(&id) {
                    continue;
                }
                let oracle = view.check(id).expect("the recount knows it");
                let name = format!("{id} at {ask:?}: {oracle:#?}");
                assert_eq!(members, oracle.flagged, "{name}");
                let counted = (oracle.flagged.len() as i64, oracle.population.len() as i64);
                assert_eq!((found.flagged, found.population), counted, "{name}");
                if !members.is_empty() {
                    flagged.insert(id);
                }
                sums.insert(id, counted);
            }
            bars(tx, &cut, &view)?;
            // Parts of a tree add up.
            let all: Vec<&'static Check> = checks::all().filter(|check| CHECKS.contains(&check.id)).collect();
            let mut parts: BTreeMap<&str, (i64, i64)> = all.iter().map(|check| (check.id, (0, 0))).collect();
            for found in count(tx, &cut, &all, Some(&groups))? {
                let part = parts.entry(found.check.id).or_default();
                *part = (part.0 + found.flagged, part.1 + found.population);
            }
            assert_eq!(parts, sums, "by agency at {ask:?}");
            Ok(())
        });
        done.expect("a database");
    }
    flagged
}

/// The histogram of finishes, bar by bar.
fn bars(tx: &mut Tx<'_>, cut: &Cut, view: &View<'_>) -> Result<(), StoreError> {
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for finish in view.cases().iter().filter_map(|case| case.first_finish.as_ref()) {
        let (date, due) = (verify::local_date(finish.at), verify::local_date(finish.dues.strict));
        if !(cut.from..=cut.to).contains(&date) {
            continue;
        }
        let days = (date - due).num_days();
        *expected.entry(format!("day:{}", days.clamp(-30, 30))).or_default() += 1;
        let left = finish.dues.strict - finish.at;
        let hour =
            if left < Duration::zero() { "past".to_owned() } else { format!("hour:{}", left.num_hours().min(10)) };
        if days == 0 {
            *expected.entry(hour).or_default() += 1;
        }
    }
    let found = histogram(tx, cut)?;
    for (bucket, count) in found.iter().filter(|(_, count)| *count > 0) {
        let (list, counted) = lists::dossiers(tx, cut, bucket.question(cut), 500)?;
        assert_eq!((list.len() as i64, counted), (*count, *count), "{bucket:?}");
    }
    let found = found.into_iter().filter(|(_, count)| *count > 0).map(|(bucket, count)| (bucket.id(), count));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected);
    Ok(())
}

/// Every check at a cut, and whom it lists.
pub fn said(tx: &mut Tx<'_>, cut: &Cut) -> Result<Vec<(Found, BTreeSet<String>)>, StoreError> {
    listed(tx, cut, 500)
}

fn listed(tx: &mut Tx<'_>, cut: &Cut, limit: i64) -> Result<Vec<(Found, BTreeSet<String>)>, StoreError> {
    let all: Vec<&'static Check> = checks::all().collect();
    let mut said = Vec::new();
    for found in count(tx, cut, &all, None)? {
        let ask = question(tx, cut, found.check)?;
        let (list, counted) = lists::dossiers(tx, cut, ask, limit)?;
        let members: BTreeSet<String> = list.iter().cloned().collect();
        assert_eq!(
            (members.len(), list.len() as i64, counted),
            (list.len(), found.flagged, found.flagged),
            "{found:?}"
        );
        said.push((found, members));
    }
    assert_eq!(said.len(), all.len());
    Ok(said)
}
