//! A drill: as owner of the database, with triggers and foreign keys out of the way, everything is changed that can
//! be, and `motcua verify` finds and names it.

mod heads;
mod world;

use motcua::app::check::{CheckFinding, check_against};
use motcua::verify::heads::Kept;

use crate::factory::{AGENCY, CHILD};
use crate::harness::TestApp;
use world::{Owner, world};

on_both!(
    what_is_changed_is_found_and_named,
    what_is_cut_off_is_found_by_heads_kept_elsewhere,
    what_was_kept_before_there_were_chains_is_chained_at_the_start,
);

fn found(app: &TestApp, kept: &Kept) -> Vec<CheckFinding> {
    check_against(&app.app, kept, |_| {}).expect("a database").findings
}

/// What is done, and what must be said of it: agency, entry, kind, words.
type Case = (&'static str, &'static str, i64, &'static str, &'static str);

/// Entries of the world: 1–2 the first dossier, 3–4 the second, 5–6 the third, then payments and ends.
const ENTRIES: &[Case] = &[
    (
        "UPDATE events SET payload = replace(payload, 'in_person', 'post') WHERE seq = 3 AND agency_id = '{A}'",
        AGENCY,
        3,
        "hash",
        "content",
    ),
    (
        "UPDATE events SET payload = replace(payload, ':', ': ') WHERE seq = 3 AND agency_id = '{A}'",
        AGENCY,
        3,
        "form",
        "as it was hashed",
    ),
    ("UPDATE events SET actor = 'user:somebody' WHERE seq = 4 AND agency_id = '{A}'", AGENCY, 4, "hash", "content"),
    (
        "UPDATE events SET occurred_at = occurred_at - 1 WHERE seq = 2 AND agency_id = '{A}'",
        AGENCY,
        2,
        "hash",
        "content",
    ),
    (
        "UPDATE events SET recorded_at = recorded_at + 1 WHERE seq = 2 AND agency_id = '{A}'",
        AGENCY,
        2,
        "hash",
        "content",
    ),
    ("UPDATE events SET kind = 'refused' WHERE seq = 2 AND agency_id = '{A}'", AGENCY, 2, "hash", "content"),
    ("UPDATE events SET hash = prev_hash WHERE seq = 5 AND agency_id = '{A}'", AGENCY, 5, "hash", "content"),
    ("UPDATE events SET prev_hash = hash WHERE seq = 5 AND agency_id = '{A}'", AGENCY, 5, "prev_hash", "before"),
    ("UPDATE events SET n = 9 WHERE seq = 2 AND agency_id = '{A}'", AGENCY, 2, "dossier_order", "n 9"),
    (
        "UPDATE events SET dossier_id = (SELECT dossier_id FROM keep_events WHERE seq = 1 AND agency_id = '{A}'), n = 9 WHERE seq = 3 AND agency_id = '{A}'",
        AGENCY,
        3,
        "hash",
        "content",
    ),
    ("DELETE FROM events WHERE seq = 4 AND agency_id = '{A}'", AGENCY, 4, "sequence", "entry 4 is missing"),
    ("DELETE FROM events WHERE agency_id = '{A}' AND seq = 1", AGENCY, 1, "sequence", "entry 1 is missing"),
    ("DELETE FROM events WHERE agency_id = '{A}' AND seq > 7", AGENCY, 7, "head", "stored head"),
    (
        "INSERT INTO events SELECT agency_id, 900, dossier_id, 900, kind, occurred_at, recorded_at, actor, payload, prev_hash, hash FROM keep_events WHERE agency_id = '{A}' AND seq = 2",
        AGENCY,
        0,
        "sequence",
        "entry 900",
    ),
    (
        "UPDATE events SET seq = 900 WHERE agency_id = '{A}' AND seq = 3; UPDATE events SET seq = 3 WHERE agency_id = '{A}' AND seq = 5; UPDATE events SET seq = 5 WHERE agency_id = '{A}' AND seq = 900",
        AGENCY,
        3,
        "prev_hash",
        "before",
    ),
    (
        "UPDATE events SET agency_id = '{C}', seq = 900 WHERE agency_id = '{A}' AND seq = 5",
        AGENCY,
        5,
        "sequence",
        "entry 5 is missing",
    ),
];

const ROWS: &[Case] = &[
    ("UPDATE heads SET seq = 1 WHERE agency_id = '{A}'", AGENCY, 0, "head", "entry 1"),
    ("DELETE FROM heads WHERE agency_id = '{A}'", AGENCY, 0, "head", "entry 0"),
    ("UPDATE counters SET n = 1 WHERE agency_id = '{A}'", AGENCY, 0, "counter", "highest"),
    ("UPDATE counters SET n = n + 7 WHERE agency_id = '{A}'", AGENCY, 0, "counter", "highest"),
    ("DELETE FROM counters WHERE agency_id = '{A}'", AGENCY, 0, "counter", "highest"),
    ("INSERT INTO counters VALUES ('{A}', '250101', 5)", AGENCY, 0, "counter", "day 250101"),
    (
        "UPDATE facts SET finished_at = finished_at - 1 WHERE agency_id = '{A}' AND finished_at IS NOT NULL",
        AGENCY,
        0,
        "facts",
        "fact rows of dossier",
    ),
    (
        "UPDATE facts SET class = 'late' WHERE agency_id = '{A}' AND class IS NOT NULL",
        AGENCY,
        0,
        "facts",
        "fact rows of dossier",
    ),
    ("DELETE FROM facts WHERE agency_id = '{A}'", AGENCY, 0, "facts", "fact rows of dossier"),
    (
        "UPDATE payments SET amount = amount + 1 WHERE agency_id = '{A}'",
        AGENCY,
        0,
        "payments",
        "payment rows of dossier",
    ),
    ("DELETE FROM payments WHERE agency_id = '{A}'", AGENCY, 0, "payments", "payment rows of dossier"),
    (
        "UPDATE dossiers SET code = code || '9' WHERE agency_id = '{A}' AND code IS NOT NULL",
        AGENCY,
        0,
        "dossier",
        "another code",
    ),
    ("DELETE FROM dossiers WHERE agency_id = '{C}'", CHILD, 0, "dossier", "its row is gone"),
    ("DELETE FROM dossiers WHERE agency_id = '{C}'", CHILD, 0, "facts", "belong to no dossier"),
    ("DELETE FROM dossiers WHERE agency_id = '{A}'", AGENCY, 0, "payments", "of payments belong to no dossier"),
    ("DELETE FROM dossiers WHERE agency_id = '{C}'", CHILD, 0, "personal", "of personal belong to no dossier"),
    ("UPDATE personal SET sealed = substr(sealed, 1, 60) WHERE agency_id = '{A}'", AGENCY, 0, "personal", "changed"),
    ("UPDATE personal SET key_id = '00ff' WHERE agency_id = '{A}'", AGENCY, 0, "personal", "data key 00ff"),
    ("UPDATE personal SET n = 2 WHERE agency_id = '{A}'", AGENCY, 0, "personal", "changed, moved"),
];

const RECORDS: &[Case] = &[
    (
        "UPDATE declarations SET body = replace(body, '91', '99') WHERE version = 1",
        AGENCY,
        0,
        "record",
        "record 1, declaration p-2026/trained/1: its content",
    ),
    (
        "UPDATE declarations SET declared_by = 'user:somebody' WHERE version = 1",
        AGENCY,
        0,
        "record",
        "record 1, declaration p-2026/trained/1: its content",
    ),
    (
        "UPDATE declarations SET recorded_at = recorded_at - 1 WHERE version = 1",
        AGENCY,
        0,
        "record",
        "record 1, declaration p-2026/trained/1: its content",
    ),
    (
        "UPDATE declarations SET version = 8 WHERE version = 2",
        AGENCY,
        0,
        "record",
        "declaration p-2026/trained/2: the row is gone",
    ),
    (
        "INSERT INTO declarations SELECT agency_id, plan, target, 9, declared_by, recorded_at, body FROM keep_declarations WHERE version = 1",
        AGENCY,
        0,
        "record",
        "declaration p-2026/trained/9: it is no link",
    ),
    (
        "DELETE FROM declarations WHERE version = 2",
        AGENCY,
        0,
        "record",
        "declaration p-2026/trained/2: the row is gone",
    ),
    (
        "UPDATE declaration_reviews SET verdict = 'rejected'",
        AGENCY,
        0,
        "record",
        "record 2, declaration_review p-2026/trained/1: its content",
    ),
    (
        "UPDATE declaration_reviews SET reviewed_by = 'user:somebody'",
        AGENCY,
        0,
        "record",
        "record 2, declaration_review p-2026/trained/1: its content",
    ),
    (
        "UPDATE declaration_reviews SET note = 'khác'",
        AGENCY,
        0,
        "record",
        "record 2, declaration_review p-2026/trained/1: its content",
    ),
    ("DELETE FROM declaration_reviews", AGENCY, 0, "record", "declaration_review p-2026/trained/1: the row is gone"),
    (
        "UPDATE snapshots SET content = replace(content, 'Quý I', 'Quý X')",
        AGENCY,
        0,
        "record",
        "record 4, snapshot {S}: its content",
    ),
    ("UPDATE snapshots SET actor = 'user:somebody'", AGENCY, 0, "record", "record 4, snapshot {S}: its content"),
    ("UPDATE snapshots SET recorded_at = recorded_at - 1", AGENCY, 0, "record", "record 4, snapshot {S}: its content"),
    (
        "UPDATE snapshot_acts SET actor = 'user:somebody' WHERE n = 1",
        AGENCY,
        0,
        "record",
        "record 5, snapshot_act {S}/1: its content",
    ),
    (
        "UPDATE snapshot_acts SET recorded_at = recorded_at - 1 WHERE n = 1",
        AGENCY,
        0,
        "record",
        "record 5, snapshot_act {S}/1: its content",
    ),
    ("DELETE FROM snapshot_acts WHERE n = 2", AGENCY, 0, "record", "snapshot_act {S}/2: the row is gone"),
    (
        "UPDATE records SET hash = prev_hash WHERE seq = 3",
        AGENCY,
        0,
        "record",
        "record 3, declaration p-2026/trained/2: its content",
    ),
    (
        "UPDATE records SET seq = 900 WHERE seq = 1; UPDATE records SET seq = 1 WHERE seq = 2; UPDATE records SET seq = 2 WHERE seq = 900",
        AGENCY,
        0,
        "record",
        "record 1, declaration_review",
    ),
    ("DELETE FROM records WHERE seq = 1", AGENCY, 0, "record", "record 1 is missing"),
    ("DELETE FROM records WHERE seq = 6", AGENCY, 0, "record", "record 6 is missing"),
    ("DELETE FROM records WHERE seq >= 6", AGENCY, 0, "record", "snapshot_act {S}/2: it is no link"),
    ("UPDATE access_log SET purpose = 'khác'", AGENCY, 0, "record", "record 7, access "),
    ("UPDATE access_log SET actor = 'user:somebody'", AGENCY, 0, "record", ": its content"),
    ("UPDATE access_log SET at = at - 1", AGENCY, 0, "record", "record 7, access "),
    ("UPDATE access_log SET dossier_id = NULL", AGENCY, 0, "record", "record 7, access "),
    ("UPDATE access_log SET fields = 'name'", AGENCY, 0, "record", "record 7, access "),
    ("DELETE FROM access_log", AGENCY, 0, "record", "record 7, access "),
    ("DELETE FROM records WHERE seq = 7", AGENCY, 0, "record", ": it is no link"),
];

fn what_is_changed_is_found_and_named(app: &TestApp) {
    let snapshot = world(app);
    assert_eq!(found(app, &Kept::default()), []);
    let mut owner = Owner::of(app);
    for (sql, agency, seq, kind, words) in [ENTRIES, ROWS, RECORDS].into_iter().flatten() {
        let fill = |text: &str| text.replace("{A}", AGENCY).replace("{C}", CHILD).replace("{S}", &snapshot);
        owner.run(&fill(sql));
        let findings = found(app, &Kept::default());
        let words = fill(words);
        let hit = |finding: &&CheckFinding| {
            finding.agency == *agency && finding.kind == *kind && finding.detail.contains(&words)
        };
        let hit = findings.iter().find(hit).unwrap_or_else(|| panic!("{sql}: not named: {findings:?}"));
        assert!(*seq == 0 || hit.seq == *seq, "{sql}: {hit}");
        owner.put_back();
    }
    assert_eq!(found(app, &Kept::default()), [], "everything is as it was");
}

/// What leaves a whole, shorter or rewritten, history behind; `true`: it shows without a head, too.
fn what_is_cut_off_is_found_by_heads_kept_elsewhere(app: &TestApp) {
    world(app);
    let report = check_against(&app.app, &Kept::default(), |_| {}).expect("a database");
    assert_eq!(report.heads_compared, 0);
    let kept = Kept { events: report.heads, records: report.record_heads };
    assert_eq!((kept.events.len(), kept.records.len()), (2, 1));
    assert_eq!(check_against(&app.app, &kept, |_| {}).expect("a database").heads_compared, 3);
    let mut owner = Owner::of(app);
    let last = kept.events.iter().find(|head| head.agency == AGENCY).expect("a head").seq;

    // An agency as if it had never been.
    for table in ["events", "facts", "payments", "personal", "dossiers", "heads", "counters"] {
        owner.run(&format!("DELETE FROM {table} WHERE agency_id = '{CHILD}'"));
    }
    only_by_heads(app, &kept, (CHILD, 1, "truncated"));
    owner.put_back();
    // The last records, with their links.
    owner.run("DELETE FROM access_log; DELETE FROM records WHERE seq = 7");
    only_by_heads(app, &kept, (AGENCY, 0, "record"));
    owner.put_back();
    owner.run(
        "DELETE FROM access_log; DELETE FROM snapshot_acts; DELETE FROM snapshots; DELETE FROM records WHERE seq > 3",
    );
    only_by_heads(app, &kept, (AGENCY, 0, "record"));
    owner.put_back();
    // The last entry written anew, with its hash.
    owner.rewrite_last_entry(app);
    only_by_heads(app, &kept, (AGENCY, last, "head"));
    owner.put_back();

    // An older copy brought back.
    owner.keep();
    app.received();
    let later = check_against(&app.app, &Kept::default(), |_| {}).expect("a database");
    let later = Kept { events: later.heads, records: later.record_heads };
    assert_eq!(found(app, &kept), [], "it has only grown");
    owner.put_back();
    only_by_heads(app, &later, (AGENCY, last + 1, "truncated"));
}

/// Databases of versions that had no chain of records, or did not chain the access log.
fn what_was_kept_before_there_were_chains_is_chained_at_the_start(app: &TestApp) {
    world(app);
    let mut owner = Owner::of(app);
    for (links, after) in [("seq > 0", &[][..]), ("kind = 'access'", &[]), ("seq >= 6", &["snapshot_act"])] {
        owner.run(&format!("DELETE FROM records WHERE {links}"));
        assert_ne!(found(app, &Kept::default()), [], "{links}");
        app.start_over();
        let findings = found(app, &Kept::default());
        let details: Vec<&str> = findings.iter().map(|finding| finding.detail.as_str()).collect();
        assert!(details.len() == after.len(), "{links}: {details:?}");
        assert!(details.iter().zip(after).all(|(detail, kind)| detail.starts_with(kind)), "{links}: {details:?}");
        owner.put_back();
    }
}

fn only_by_heads(app: &TestApp, kept: &Kept, (agency, seq, kind): (&str, i64, &str)) {
    assert_eq!(found(app, &Kept::default()), [], "it looks whole");
    let findings = found(app, kept);
    let named: Vec<_> = findings.iter().map(|f| (f.agency.as_str(), f.seq, f.kind.as_str())).collect();
    assert_eq!(named, [(agency, seq, kind)], "{findings:?}");
}
