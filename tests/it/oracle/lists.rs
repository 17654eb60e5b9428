//! The list behind each part of a figure, page by page.

use std::collections::BTreeSet;

use motcua::app::App;
use motcua::store::figures::{Cut, procedure_list};
use motcua::store::indicators::{Indicator, Part, Subject};
use motcua::store::query::FactQuery;
use motcua::store::{StoreError, Tx};
use motcua::verify::figures::Figure;

/// Who is in a part; nobody twice, as many as are counted, newest first.
pub fn members(
    tx: &mut Tx<'_>,
    app: &App,
    cut: &Cut,
    indicator: &Indicator,
    part: Part,
    limit: i64,
) -> Result<BTreeSet<String>, StoreError> {
    let (list, count): (Vec<String>, i64) = match indicator.subject {
        Subject::Dossier => dossiers(tx, cut, cut.question(indicator, part), limit)?,
        Subject::Payment => {
            let mut ask = cut.question(indicator, part);
            let count = tx.payments_count(&ask)?;
            ask.limit = limit;
            let mut rows = Vec::new();
            let mut after = None;
            loop {
                let page = tx.payments_page(&ask, after)?;
                let Some(last) = page.last() else { break };
                after = Some((last.paid_at, last.dossier_id, last.n));
                rows.extend(page);
            }
            assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse((row.paid_at, row.dossier_id, row.n))));
            (rows.iter().map(|row| format!("{}/{}", row.dossier_id.0, row.n)).collect(), count)
        }
        Subject::ProcedureOfDossiers | Subject::Catalogue => {
            let list = procedure_list(tx, &app.catalogues, cut, indicator, part)?;
            let count = list.len() as i64;
            (list, count)
        }
    };
    assert_eq!(list.len() as i64, count, "{} {part:?}", indicator.id);
    let set: BTreeSet<String> = list.iter().cloned().collect();
    assert_eq!(set.len(), list.len(), "{} {part:?} lists somebody twice", indicator.id);
    Ok(set)
}

/// Dossiers page by page, and how many are counted; newest first.
pub fn dossiers(tx: &mut Tx<'_>, cut: &Cut, mut ask: FactQuery, limit: i64) -> Result<(Vec<String>, i64), StoreError> {
    let count = tx.facts_count(&ask)?;
    ask.limit = limit;
    let mut hits = Vec::new();
    loop {
        let page = tx.facts_page(&ask)?;
        assert!(page.len() as i64 <= limit);
        let Some(last) = page.last() else { break };
        ask.after = Some((last.sort_key, last.dossier));
        hits.extend(page);
    }
    assert!(hits.is_sorted_by_key(|hit| std::cmp::Reverse((hit.sort_key, hit.dossier))));
    assert!(hits.iter().all(|hit| cut.agencies.contains(&hit.agency)));
    Ok((hits.iter().map(|hit| hit.dossier.0.to_string()).collect(), count))
}

/// Parts that have a list of their own.
pub fn parts(indicator: &Indicator) -> &'static [Part] {
    if indicator.disjoint || indicator.in_days {
        &[Part::Denominator, Part::Numerator]
    } else {
        &[Part::Denominator, Part::Numerator, Part::Shortfall]
    }
}

/// The same part by the recount.
pub fn expected(figure: &Figure, part: Part) -> BTreeSet<String> {
    match part {
        Part::Denominator => figure.denominator.clone(),
        Part::Numerator => figure.numerator.clone(),
        Part::Shortfall => figure.denominator.difference(&figure.numerator).cloned().collect(),
    }
}
