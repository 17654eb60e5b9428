//! Fact rows against the fold; the whole database against its own chain.

use chrono::Duration;
use motcua::app::check;
use motcua::app::record::File;
use motcua::domain::facts::{Facts, PaymentFact};
use motcua::domain::fold::{effective, fold_at};
use motcua::domain::history::{FactRow, replay};
use motcua::domain::time::Instant;
use motcua::store::StoreError;
use motcua::store::rows::{FactsRow, PaymentRow};
use motcua::store::sql_types::Id;
use motcua::verify;

use super::dice::Dice;
use super::story::Story;

/// A dossier as the database has it.
struct Stored {
    file: File,
    facts: Vec<FactsRow>,
    payments: Vec<PaymentRow>,
}

pub fn check(story: &Story<'_>) {
    let mut dice = Dice::new(story.files.len() as u64);
    for known in &story.files {
        let stored = story.app.store.read_blocking::<_, StoreError, _>(|tx| {
            Ok(Stored {
                file: File::load(tx, &story.app.vault, &known.agency, known.id)?,
                facts: tx.facts_of(&known.agency, Id(known.id))?,
                payments: tx.payments_of(&known.agency, Id(known.id))?,
            })
        });
        let stored = stored.expect("a database");
        assert_eq!(stored.file.events, known.events, "events come back as they were recorded");
        replayed(&stored);
        for (at, known_at) in cuts(&stored.file, &mut dice) {
            one_row(&stored, at, known_at);
        }
    }
}

/// The rows are those of a replay.
fn replayed(stored: &Stored) {
    let Stored { file, facts, payments } = stored;
    let rows = replay(&file.agency, file.id, &file.events);
    let expected: Vec<FactsRow> = rows.iter().map(|row| FactsRow::new(&file.agency, Id(file.id), row)).collect();
    assert_eq!(*facts, expected, "{}", file.id);
    let paid = |row: &FactRow| -> Vec<PaymentRow> {
        row.payments.iter().map(|payment| PaymentRow::new(&file.agency, Id(file.id), row, payment)).collect()
    };
    let mut expected: Vec<PaymentRow> = rows.iter().flat_map(paid).collect();
    expected.sort_by_key(|row| (row.valid_from, row.known_from, row.n));
    assert_eq!(*payments, expected, "{}", file.id);
}

/// Exactly one row holds the cut, and it is the fold there; none before there is a dossier.
fn one_row(stored: &Stored, at: Instant, known_at: Instant) {
    let Stored { file, facts, payments } = stored;
    let (a, k) = (at.timestamp_micros(), known_at.timestamp_micros());
    let name = || format!("{} at {at} known at {known_at}: {:#?}", file.id, file.events);
    let found: Vec<&FactsRow> = facts
        .iter()
        .filter(|row| row.valid_from <= a && a < row.valid_to && row.known_from <= k && k < row.known_to)
        .collect();
    let paid: Vec<&PaymentRow> = payments
        .iter()
        .filter(|row| row.valid_from <= a && a < row.valid_to && row.known_from <= k && k < row.known_to)
        .collect();
    let Some(dossier) = fold_at(&file.agency, file.id, &file.events, at, known_at) else {
        assert!(found.is_empty() && paid.is_empty(), "{}", name());
        return;
    };
    let [row] = found.as_slice() else { panic!("{} rows for {}", found.len(), name()) };
    let expected = FactRow {
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        known_from: row.known_from,
        known_to: row.known_to,
        facts: Facts::of(&dossier),
        payments: PaymentFact::all(&dossier),
    };
    assert_eq!(**row, FactsRow::new(&file.agency, Id(file.id), &expected), "{}", name());
    let expected: Vec<PaymentRow> = expected
        .payments
        .iter()
        .map(|payment| PaymentRow::new(&file.agency, Id(file.id), &expected, payment))
        .collect();
    assert!(paid.iter().copied().eq(&expected), "{paid:#?} are not {expected:#?}: {}", name());
}

/// Pairs with `at` ≤ `known_at`: instants of events and of their recording, a microsecond to either side, and others.
fn cuts(file: &File, dice: &mut Dice) -> Vec<(Instant, Instant)> {
    let mut instants = Vec::new();
    for event in &file.events {
        for at in [event.occurred_at, event.recorded_at, effective(event, &file.events)] {
            instants.extend([-1, 0, 0, 1].map(|step| at + Duration::microseconds(step)));
        }
    }
    let (first, last) = (instants.iter().min(), instants.iter().max());
    let (first, last) = (*first.expect("an event"), *last.expect("an event"));
    for _ in 0..instants.len() / 4 {
        let span = (last - first).num_microseconds().expect("months");
        instants.push(first + Duration::microseconds(dice.between(-1000, span + 1000)));
    }
    let mut pairs: Vec<(Instant, Instant)> = instants.iter().map(|at| (*at, *at)).collect();
    pairs.extend(instants.iter().map(|at| (*at, last + Duration::days(1))));
    for _ in 0..3 * instants.len() {
        let (a, b) = (dice.pick(&instants), dice.pick(&instants));
        pairs.push((a.min(b), a.max(b)));
    }
    pairs
}

/// The offline verifier and the check of the database have nothing to say.
pub fn check_whole(story: &Story<'_>) {
    let offline = verify::run::run(story.copy().as_slice(), |_| {});
    assert_eq!(offline.findings, []);
    let events: usize = story.files.iter().map(|file| file.events.len()).sum();
    assert_eq!((offline.dossiers, offline.events), (story.files.len() as u64, events as u64));
    let report = check::check(story.app, &offline.heads, |_| {}).expect("a database");
    assert_eq!(report.findings, []);
    assert_eq!((report.dossiers, report.events), (offline.dossiers, offline.events));
}
