//! Agencies that stand out as a whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{MARCH, NOW, found, id_of, new, stated};
use crate::factory::{AGENCY, CHILD, event_with};
use crate::harness::TestApp;

on_both!(closing_in_mass, a_perfect_record);

fn finished(app: &TestApp, time: &str) -> Value {
    let dossier = new(app, "02 08:00:00", &json!({"agency": CHILD}));
    app.record("leader.child", &dossier, &event_with("finished", &stated(time, &json!({}))))
}

fn closing_in_mass(app: &TestApp) {
    app.set_clock(NOW);
    // March 2026 has 22 working days, the last two are the 30th and the 31st: two average days see n / 11.
    let query = format!("agency={AGENCY}&{MARCH}");
    for day in 3..17 {
        finished(app, &format!("{day:02} 09:00:00"));
    }
    let mut last: BTreeSet<String> = (0..5).map(|_| id_of(&finished(app, "30 07:00:00"))).collect();
    assert_eq!(found(app, "mass_closing", &query), (BTreeSet::new(), 19), "too few to tell");
    // Just before the last two days; Sunday is no working day.
    finished(app, "29 23:59:59");
    assert_eq!(found(app, "mass_closing", &query), (BTreeSet::new(), 20), "5 of 20: 2.75 times the average");
    last.insert(id_of(&finished(app, "31 16:00:00")));
    assert_eq!(found(app, "mass_closing", &query), (last.clone(), 21), "6 of 21: 3.14 times");
    // Nothing is said of a few days.
    assert_eq!(found(app, "mass_closing", &format!("agency={AGENCY}&from=2026-03-19&to=2026-03-31")).0.len(), 0);
    // An agency is judged alone, from wherever it is asked for.
    new(app, "02 08:00:00", &json!({}));
    assert_eq!(found(app, "mass_closing", &format!("agency={CHILD}&{MARCH}")), (last, 21));
}

fn a_perfect_record(app: &TestApp) {
    app.set_clock(NOW);
    let query = format!("agency={AGENCY}&{MARCH}");
    let mut all: BTreeSet<String> = (0..99).map(|_| id_of(&finished(app, "09 17:00:00"))).collect();
    assert_eq!(found(app, "perfect_record", &query), (BTreeSet::new(), 99));
    all.insert(id_of(&finished(app, "09 17:00:00")));
    assert_eq!(found(app, "perfect_record", &query), (all, 100));
    finished(app, "09 17:00:01");
    assert_eq!(found(app, "perfect_record", &query), (BTreeSet::new(), 101), "one late");
}
