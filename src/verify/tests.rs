//! Tampering with chains, codes and personal values.

use std::io::{BufReader, Read};

use serde_json::{Value, json};

use super::chain::{ChainCheck, Head, check_heads, entry_hash};
use super::codes::CodeCheck;
use super::heads::Kept;
use super::line::{EventLine, PersonalLine};
use super::run::{Report, run, run_against};
use super::samples::{A, B, KEY, Log, id, sealed};
use super::unseal::Keys;
use super::{Finding, FindingKind};

/// Two dossiers of agency A, one of agency B, with personal values and codes.
fn log() -> Log {
    let mut log = Log::default();
    for (i, number) in [(1, "0001"), (2, "0002")] {
        let personal = log.commit(A, i, json!({"applicant": {"kind": "citizen", "name": "Nguyễn Văn An"}}));
        log.submit(i, "in_person", "20 08:00", json!({"personal": personal}));
        log.receive(i, "20 08:15", "25 17:00", json!({"code": format!("{A}-261120-{number}")}));
    }
    log.add(A, 1, "forwarded", "20 09:00", json!({"officer": "cán bộ"}));
    log.finish(1, "21 10:00", 600);
    log.add(B, 3, "submitted", "20 08:00", json!({"agency": B}));
    log
}

fn check(log: &Log) -> Report {
    run(log.text().as_bytes(), |_| {})
}

/// The same with the data key.
fn opened(log: &Log) -> Report {
    run_against(log.text().as_bytes(), &Kept::default(), Some(&Keys::parse(KEY).expect("a key")), |_| {})
}

fn found(report: &Report) -> Vec<(&str, i64, FindingKind)> {
    report.findings.iter().map(|finding| (finding.agency.as_str(), finding.seq, finding.kind)).collect()
}

/// Gives an edited entry its hash anew.
fn seal(event: &mut EventLine) {
    event.hash = entry_hash(event).expect("a hash");
}

#[test]
fn the_hash_is_the_one_of_the_contract() {
    // Made by Python: hashlib over json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False).
    let line = json!({"agency": A, "seq": 1, "dossier": id(7), "n": 1, "type": "submitted",
        "occurred_at": "2026-11-20T01:15:00.000000Z", "recorded_at": "2026-11-20T01:15:00.000001Z",
        "actor": "user:1", "payload": {"z": [1, true, null], "field": "Hộ tịch \"a\"/b", "é": "\u{1f600}\n", "amount": 9_007_199_254_740_991_i64},
        "prev_hash": "0".repeat(64), "hash": "70e115443a0b3a6280fd4958709c80cdc30f044bdccf98c96aac096e23a7a986"});
    let event: EventLine = serde_json::from_value(line).expect("an entry");
    assert_eq!(entry_hash(&event).expect("a hash"), event.hash);
}

#[test]
fn an_untouched_copy_is_clean() {
    let mut told = 0;
    let text = log().text();
    let report = run(text.as_bytes(), |bytes| told = bytes);
    assert_eq!(report.findings, []);
    assert_eq!((report.events, report.dossiers, report.agencies, report.erased), (7, 3, 2, 0));
    assert_eq!(report.heads.iter().map(|head| (head.agency.as_str(), head.seq)).collect::<Vec<_>>(), [(A, 6), (B, 1)]);
    assert_eq!(told, text.len() as u64);
}

#[test]
fn a_file_that_cannot_be_read_on_is_no_whole_copy() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("a bad sector"))
        }
    }
    let text = log().text();
    let report = run(BufReader::new(text.as_bytes().chain(Broken)), |_| {});
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert!(finding.detail.contains("cannot be read on: a bad sector"), "{finding:?}");
}

#[test]
fn an_edit_is_found_where_it_was_made() {
    let mut log = log();
    log.events[4].payload["officer"] = Value::from("khác");
    let report = check(&log);
    assert_eq!(found(&report), [(A, 5, FindingKind::Hash)]);
    assert_eq!(report.heads[0].seq, 4);

    seal(&mut log.events[4]);
    assert_eq!(found(&check(&log)), [(A, 6, FindingKind::PrevHash)]);
}

#[test]
fn a_deletion_and_a_reordering_are_found() {
    let mut deleted = log();
    deleted.events.remove(3);
    assert_eq!(found(&check(&deleted)), [(A, 4, FindingKind::Sequence)]);

    let mut renumbered = log();
    renumbered.events.remove(3);
    renumbered.events[3].seq = 4;
    assert_eq!(found(&check(&renumbered)), [(A, 4, FindingKind::PrevHash)]);

    let mut swapped = log();
    swapped.events.swap(1, 2);
    assert_eq!(found(&check(&swapped)), [(A, 2, FindingKind::Sequence)]);

    let mut doubled = log();
    doubled.events.insert(2, doubled.events[1].clone());
    assert_eq!(found(&check(&doubled)), [(A, 3, FindingKind::Sequence)]);
}

#[test]
fn clocks_and_places_that_go_wrong_are_found() {
    let mut late = log();
    late.events[5].recorded_at = late.events[4].recorded_at.clone();
    seal(&mut late.events[5]);
    assert_eq!(found(&check(&late)), [(A, 6, FindingKind::RecordedAt)]);

    let mut spelled = log();
    spelled.events[5].recorded_at = "2026-12-01T07:00:00.000006+07:00".into();
    seal(&mut spelled.events[5]);
    assert_eq!(found(&check(&spelled)), [(A, 6, FindingKind::Unreadable)]);

    let mut place = log();
    place.events[5].n = 9;
    assert_eq!(found(&check(&place)), [(A, 6, FindingKind::DossierOrder)]);

    let mut moved = log();
    moved.events[6].dossier = id(1);
    seal(&mut moved.events[6]);
    assert_eq!(found(&check(&moved)), [(B, 1, FindingKind::DossierOrder)]);
}

#[test]
fn each_agency_stops_at_its_own_first_finding() {
    let mut log = log();
    log.events[1].actor.push('x');
    log.events[3].actor.push('x');
    log.events[6].actor.push('x');
    assert_eq!(found(&check(&log)), [(A, 2, FindingKind::Hash), (B, 1, FindingKind::Hash)]);
}

#[test]
fn a_head_kept_elsewhere_shows_truncation_and_rewriting() {
    let whole = check(&log()).heads;
    let mut cut = log();
    cut.events.remove(5);
    cut.events.pop();
    let short = check(&cut);
    assert_eq!(found(&short), [], "without a head nothing shows");
    let findings = check_heads(&short.heads, &whole);
    let named: Vec<_> = findings.iter().map(|f| (f.agency.as_str(), f.seq, f.kind)).collect();
    assert_eq!(named, [(A, 6, FindingKind::Truncated), (B, 1, FindingKind::Truncated)]);
    assert_eq!(check_heads(&whole, &whole), []);

    let mut rewritten = log();
    rewritten.events[5].actor.push('x');
    seal(&mut rewritten.events[5]);
    let report =
        run_against(rewritten.text().as_bytes(), &Kept { events: whole.clone(), records: Vec::new() }, None, |_| {});
    assert_eq!(found(&report), [(A, 6, FindingKind::Head)]);
    let heads = check(&rewritten).heads;
    assert_eq!(check_heads(&heads, &whole)[0].kind, FindingKind::Head);

    // Rolled back and grown again past the kept head.
    let kept: Vec<Head> = whole.into_iter().filter(|head| head.agency == A).collect();
    rewritten.finish(2, "23 10:00", 700);
    let report = run_against(rewritten.text().as_bytes(), &Kept { events: kept, records: Vec::new() }, None, |_| {});
    assert_eq!(found(&report), [(A, 6, FindingKind::Head)]);
}

#[test]
fn entries_can_be_pushed_one_by_one() {
    let mut chain = ChainCheck::new();
    let log = log();
    assert!(log.events.iter().all(|event| chain.push(event).is_ok()));
    assert!(!chain.is_broken(A));
    assert_eq!(chain.finish().len(), 2);
}

#[test]
fn personal_values_keep_their_commitment_or_are_erased() {
    let mut erased = log();
    erased.personal.remove(0);
    let report = check(&erased);
    assert_eq!((found(&report).len(), report.erased), (0, 1));

    let mut edited = log();
    let row = edited.personal[1].clone();
    edited.personal[1] =
        sealed(&row.agency, &row.dossier, row.n, &json!({"applicant": {"kind": "citizen", "name": "Trần Thị Bình"}}));
    assert_eq!(found(&opened(&edited)), [(A, 3, FindingKind::Personal)]);
    let blind = check(&edited);
    assert_eq!((found(&blind).len(), blind.personal_unchecked), (0, 2), "without keys rows are counted only");
    assert_eq!(opened(&log()).personal_unchecked, 0);

    for change in [
        |rows: &mut Vec<PersonalLine>| rows[0].sealed.replace_range(60..61, "z"),
        |rows: &mut Vec<PersonalLine>| {
            let digit = if rows[0].sealed.ends_with('0') { "1" } else { "0" };
            let end = rows[0].sealed.len();
            rows[0].sealed.replace_range(end - 1..end, digit);
        },
        |rows: &mut Vec<PersonalLine>| rows[0].key = "another".into(),
        // Two rows of one key swapped: each opens at its own place only.
        |rows: &mut Vec<PersonalLine>| rows[0].sealed = rows[1].sealed.clone(),
    ] {
        let mut changed = log();
        change(&mut changed.personal);
        assert!(found(&opened(&changed)).contains(&(A, 0, FindingKind::Personal)));
    }

    let mut stray = log();
    stray.commit(A, 2, json!({"reason": "không ai"}));
    assert_eq!(found(&check(&stray)), [(A, 0, FindingKind::Personal)]);
}

fn received(log: &mut Log, dossier: u32, at: &str, code: &str, imported: bool) {
    let mut payload = json!({"code": code});
    if imported {
        payload["origin"] = json!({"kind": "import", "file": "cũ.ndjson", "line": 1});
    }
    log.add(A, dossier, "received", at, payload);
}

fn codes(given: &[(&str, &str, bool)]) -> Option<(i64, FindingKind)> {
    let mut log = Log::default();
    for (dossier, (at, code, imported)) in (1..).zip(given) {
        received(&mut log, dossier, at, code, *imported);
    }
    let mut check = CodeCheck::new();
    let first: Option<Finding> = log.events.iter().find_map(|event| check.push(event).err());
    first.or_else(|| check.finish().into_iter().next()).map(|finding| (finding.seq, finding.kind))
}

#[test]
fn codes_are_unique_dated_and_gapless() {
    let own = |at, code| (at, code, false);
    assert_eq!(codes(&[own("20 08:00", "H26.1-261120-0001"), own("20 23:59", "H26.1-261120-0002")]), None);
    // A receipt entered late takes the next number of its own date.
    assert_eq!(
        codes(&[
            own("20 08:00", "H26.1-261120-0001"),
            own("21 08:00", "H26.1-261121-0001"),
            own("20 09:00", "H26.1-261120-0002")
        ]),
        None
    );
    assert_eq!(
        codes(&[own("20 08:00", "H26.1-261120-0001"), own("20 09:00", "H26.1-261120-0003")]),
        Some((2, FindingKind::CodeGap))
    );
    assert_eq!(codes(&[own("20 08:00", "H26.1-261120-0002")]), Some((1, FindingKind::CodeGap)));
    assert_eq!(
        codes(&[own("20 08:00", "H26.1-261120-0001"), own("20 09:00", "H26.1-261120-0001")]),
        Some((2, FindingKind::CodeTwice))
    );
    // 06:30 of the 21st in Vietnam is still the 20th in UTC.
    assert_eq!(codes(&[own("21 06:30", "H26.1-261121-0001")]), None);
    assert_eq!(codes(&[own("21 06:30", "H26.1-261120-0001")]), Some((1, FindingKind::CodeDate)));
}

#[test]
fn imported_and_foreign_codes_need_only_be_unique() {
    assert_eq!(codes(&[("20 08:00", "H26.1-261120-0007", true), ("20 09:00", "H26.1-261120-0008", false)]), None);
    assert_eq!(
        codes(&[("20 08:00", "H26.1-261120-0007", true), ("20 09:00", "H26.1-261120-0007", false)]),
        Some((2, FindingKind::CodeTwice))
    );
    assert_eq!(codes(&[("20 08:00", "2026/H26.1/17", false), ("20 09:00", "2026/H26.1/19", false)]), None);
    assert_eq!(
        codes(&[("20 08:00", "2026/H26.1/17", false), ("20 09:00", "2026/H26.1/17", false)]),
        Some((2, FindingKind::CodeTwice))
    );
    let widened: Vec<String> = (1..=10_001).map(|number| format!("H26.1-261120-{number:04}")).collect();
    let mut check = CodeCheck::new();
    let mut log = Log::default();
    received(&mut log, 1, "20 08:00", "", false);
    for (code, seq) in widened.iter().zip(1..) {
        let mut event = log.events[0].clone();
        event.seq = seq;
        event.payload["code"] = Value::from(code.as_str());
        assert_eq!(check.push(&event), Ok(()));
    }
    assert_eq!(check.finish(), []);
}

#[test]
fn a_file_that_is_no_full_copy_is_named_by_line() {
    let detail = |text: &str| run(text.as_bytes(), |_| {}).findings[0].detail.clone();
    assert!(detail("").starts_with("line 1: a full copy begins"));
    assert!(detail("{\"kind\":\"header\",\"format\":\"motcua-full\",\"version\":3}\n").contains("motcua-full 2"));
    let text = log().text() + "\n{\"kind\":\"event\",\"agency\"";
    let lines = text.lines().count();
    assert!(detail(&text).starts_with(&format!("line {lines}: EOF")), "{}", detail(&text));
    let broken = text.replacen("\"seq\":2", "\"seq\":\"2\"", 1);
    assert!(detail(&broken).starts_with("line 5: invalid type"), "{}", detail(&broken));
    let error = super::book::Book::read(broken.as_bytes()).map(|_| ()).expect_err("a bad line");
    assert_eq!(error.number, 5);
}

#[test]
fn a_line_that_says_something_twice_is_named() {
    let sound = log().text();
    let lines = sound.lines().count();
    let nested = |depth: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let catalogue = |body: &str| {
        let head = r#"{"kind":"catalogue","catalogue":"plan","code":"p","revision":1,"effective_from":"2026-01-01""#;
        format!(r#"{head},"recorded_at":"2026-01-01T00:00:00.000000Z","body":{body}}}"#)
    };
    let record = |row: &str| format!(r#"{{"kind":"record","agency":"{A}","record":"declaration","row":{row}}}"#);
    let event = sound.lines().find(|line| line.contains("cán bộ")).expect("an event");
    let twice = "a key stands twice in an object";
    let cases = [
        (catalogue(r#"{"a":1,"a":1}"#), twice),
        (catalogue(r#"{"b":[{"c":{"a":1,"\u0061":2}}]}"#), twice),
        (record(r#"{"a":1,"a":2}"#), twice),
        (event.replace(r#""officer""#, r#""officer":"khác","officer""#), twice),
        (
            event
                .replace(r#""n":5"#, r#""n":5,"n":5"#)
                .replace(r#""n":4"#, r#""n":4,"n":4"#)
                .replace(r#""n":3"#, r#""n":3,"n":3"#),
            "duplicate field `n`",
        ),
        (event.replacen('{', r#"{"kind":"event","#, 1), "duplicate field `kind`"),
        (event.replace(r#"{"officer":"cán bộ"}"#, "[1]"), "an object is expected"),
        (catalogue(&nested(200)), "recursion limit"),
    ];
    for (line, expected) in cases {
        let report = run(format!("{sound}{line}\n").as_bytes(), |_| {});
        let finding = report.findings.first().unwrap_or_else(|| panic!("taken: {line}"));
        let named = format!("line {}: ", lines + 1);
        assert!(finding.detail.starts_with(&named) && finding.detail.contains(expected), "{line}: {finding}");
        assert_eq!((report.findings.len(), finding.kind), (1, FindingKind::Unreadable), "{line}");
    }
    for line in [catalogue(r#"{"a":{"a":[{"a":1},{"a":-1.5e3}]},"b":null}"#), catalogue(&nested(100))] {
        assert_eq!(run(format!("{sound}{line}\n").as_bytes(), |_| {}).findings, []);
    }
}

#[test]
fn however_many_threads_the_report_is_the_same() {
    use std::num::NonZero;

    let mut log = log();
    // Longer than several batches.
    for _ in 0..400 {
        log.add(A, 1, "forwarded", "22 09:00", json!({"officer": "x".repeat(3000)}));
    }
    let whole = log.text();
    assert!(whole.len() > 1 << 20);
    let broken = whole
        .lines()
        .enumerate()
        .fold(String::new(), |text, (i, line)| text + if i == 300 { "{\"kind\":\"event\"" } else { line } + "\n");
    let keys = Keys::parse(KEY).expect("a key");
    for text in [whole, broken] {
        let with = |threads: usize| {
            let mut told = Vec::new();
            let threads = NonZero::new(threads).expect("some");
            let report =
                super::run::run_with(threads, text.as_bytes(), &Kept::default(), Some(&keys), |bytes| told.push(bytes));
            assert!(told.is_sorted() && told.last() == Some(&(text.len() as u64)));
            report
        };
        let one = with(1);
        assert_eq!(one.is_clean(), text.lines().all(|line| line.ends_with('}')));
        assert!(one.findings.iter().all(|finding| finding.seq == 0 || finding.kind == FindingKind::Sequence));
        assert!(one.is_clean() || one.findings.iter().any(|finding| finding.detail.starts_with("line 301:")));
        assert_eq!(with(2), one);
        assert_eq!(with(5), one);
    }
}
