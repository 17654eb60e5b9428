//! Imports, line by line.

use motcua::app::catalogue::Keeper;
use motcua::app::check;
use motcua::app::import::{LINE_LIMIT, Report, Scope};
use serde_json::{Value, json};

use super::setup::{A, B, codes, databases, enter, event, fill, histories, import, import_as, line, lite, submitted};

fn errors(report: &Report) -> Vec<(u64, &str, &str)> {
    report.errors.iter().map(|error| (error.line, error.pointer.as_str(), error.code.as_str())).collect()
}

fn coded(code: &str, due: Option<&str>) -> Value {
    let mut fields = json!({"code": code});
    if let Some(due) = due {
        fields["due"] = Value::from(due);
    }
    line(vec![submitted(A, "1.000001", "in_person", "03 08:00"), event("received", "03 08:00", fields)])
}

#[test]
fn good_lines_are_kept_beside_bad_ones() {
    for db in databases() {
        fill(&db);
        let mut text = Vec::new();
        let mut add = |line: &[u8]| {
            text.extend_from_slice(line);
            text.push(b'\n');
        };
        add(b"\xEF\xBB\xBF{\"kind\": \"agency\", \"code\": \"H26.7\", \"name\": \"X\", \"level\": \"commune\", \"parent\": \"H26\"}");
        for good in histories() {
            add(good.to_string().as_bytes());
        }
        add(b"");
        let of = |kind: &str, fields: Value| {
            line(vec![submitted(B, "1.000001", "post", "03 08:00"), event(kind, "03 09:00", fields)])
        };
        let mut dated = of("received", json!({}));
        dated["events"][1]["occurred_at"] = Value::from("2026-11-03T09:00:00");
        let mut named = of("received", json!({}));
        named["source"] = Value::from("~x");
        named["colour"] = Value::from("red");
        let bad = [
            b"{".to_vec(),
            b"[1e308, 18446744073709551615]".to_vec(),
            b"{\"kind\": \"d\xFFssier\"}".to_vec(),
            b"{\"kind\": \"cat\"}".to_vec(),
            format!("{{\"kind\": \"{}\"}}", "x".repeat(LINE_LIMIT)).into_bytes(),
            json!({"kind": "agency", "code": "H26.8", "name": "X", "level": "commune", "parent": "H5"})
                .to_string()
                .into(),
            line(vec![]).to_string().into(),
            line(vec![submitted("H99", "1.000001", "post", "03 08:00")]).to_string().into(),
            of("received", json!({"snapshot": {}})).to_string().into(),
            of(
                "finished",
                json!({"result": {"outcome": "granted", "document": true, "electronic": false, "signed": false}}),
            )
            .to_string()
            .into(),
            of("received", json!({"components": [{"code": ""}]})).to_string().into(),
            of("deadline_recomputed", json!({})).to_string().into(),
            dated.to_string().into(),
            named.to_string().into(),
        ];
        for bad in &bad {
            add(bad);
        }
        // The last line has no end.
        text.extend_from_slice(line(vec![submitted("H26.7", "1.000002", "post", "03 08:00")]).to_string().as_bytes());
        let report = import_as(db.app(), Scope::default(), &text);
        let expected = [
            (12, "", "malformed"),
            (13, "", "malformed"),
            (14, "", "not_utf8"),
            (15, "/kind", "unknown_kind"),
            (16, "", "line_too_long"),
            (17, "/parent", "unknown_agency"),
            (18, "/events", "range"),
            (19, "/events/0/agency", "unknown_agency"),
            (20, "/events/1/snapshot", "read_only"),
            (21, "/events/1/type", "illegal_move"),
            (22, "/events/1/components/0/code", "required"),
            (23, "/events/1/type", "not_importable"),
            (24, "/events/1/occurred_at", "time"),
            (25, "/source", "source"),
            (25, "/source_id", "required"),
            (25, "/colour", "unknown_field"),
        ];
        assert_eq!(errors(&report), expected);
        assert_eq!((report.created, report.catalogue, report.failed, report.lines), (10, 1, 14, 25));
        assert_eq!((report.unchanged, report.differing, report.errors_total), (0, 0, 16));
        let check = check::check(db.app(), &[], |_| {}).unwrap();
        assert_eq!(check.findings, []);
        assert_eq!(check.dossiers, 10);
    }
}

#[test]
fn a_file_may_be_run_twice() {
    for db in databases() {
        fill(&db);
        let mut lines = histories();
        lines[0]["source"] = Value::from("cũ");
        lines[0]["source_id"] = Value::from(77.to_string());
        lines[1]["events"][3]["code"] = Value::from("H26.1-261103-0042");
        assert_eq!(import(db.app(), &lines).created, 9);
        let again = import(db.app(), &lines);
        assert_eq!((again.created, again.unchanged, again.failed), (0, 9, 0), "{again:?}");

        lines[0]["events"][6]["overall"] = Value::from(1);
        lines[1]["events"][8]["occurred_at"] = Value::from("2026-11-12T11:00:00+07:00");
        let changed = import(db.app(), &lines);
        assert_eq!((changed.created, changed.unchanged, changed.differing), (0, 7, 2));
        assert_eq!(errors(&changed), [(1, "", "differs"), (2, "", "differs")]);

        // Two equal lines in one file, under way at the same time.
        let new = line(vec![submitted(A, "1.000001", "in_person", "06 08:00")]);
        let twins = import(db.app(), &[new.clone(), new]);
        assert_eq!((twins.created, twins.unchanged), (1, 1));
    }
}

#[test]
fn imported_codes_move_the_counter_and_dues_are_kept() {
    for db in databases() {
        fill(&db);
        let lines = [
            coded("H26.1-261103-0007", Some("2026-11-06T17:00:00+07:00")),
            coded("H26.1-261103-0009", Some("2026-11-05T17:00:00+07:00")),
            coded("H26.1-261103-0008", None),
            coded("no code", None),
            coded("H26.1-261103-0011", Some("2026-11-02T17:00:00+07:00")),
        ];
        let report = import(db.app(), &lines);
        assert_eq!(report.created, 3);
        assert_eq!(
            errors(&report),
            [(4, "/events/1/code", "dossier_code"), (5, "/events/1/due", "due_before_receipt")]
        );
        let [difference] = report.deadline_differences.as_slice() else { panic!("{report:?}") };
        assert_eq!((difference.line, difference.code.as_str()), (2, "H26.1-261103-0009"));
        assert_eq!(difference.computed, super::setup::at("2026-11-06T17:00:00+07:00"));
        let next =
            line(vec![submitted(A, "1.000001", "in_person", "03 10:00"), event("received", "03 10:00", json!({}))]);
        enter(db.app(), &next);
        assert_eq!(codes(db.app(), A).last().unwrap(), "H26.1-261103-0010");
        assert_eq!(check::check(db.app(), &[], |_| {}).unwrap().findings, []);
    }
}

#[test]
fn an_import_stays_in_its_scope() {
    let db = lite();
    fill(&db);
    let agency = |code: &str, parent: &str| json!({"kind": "agency", "code": code, "name": "X", "level": "commune", "parent": parent});
    let lines = [
        line(vec![submitted(A, "1.000001", "post", "03 08:00")]),
        line(vec![submitted(B, "1.000001", "post", "03 08:00")]),
        agency("H26.1.1", A),
        line(vec![submitted("H26.1.1", "1.000001", "post", "03 08:00")]),
        agency("H26.2.1", B),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let scope =
        Scope { actor: "user:a".into(), keeper: Some(Keeper::new([A.to_owned()].into(), [A.to_owned()].into())) };
    let report = import_as(db.app(), scope, text.as_bytes());
    assert_eq!(errors(&report), [(2, "/events/0/agency", "unknown_agency"), (5, "/parent", "unknown_agency")]);
    assert_eq!((report.created, report.catalogue), (2, 1));
}

#[test]
fn a_long_import_fills_many_windows() {
    let db = lite();
    fill(&db);
    let lines: Vec<Value> = (0..1500)
        .map(|i| {
            let mut line = line(vec![
                submitted(if i % 2 == 0 { A } else { B }, "1.000001", "post", "03 08:00"),
                event("received", "03 08:00", json!({})),
            ]);
            line["source"] = Value::from("s");
            line["source_id"] = Value::from(i.to_string());
            line
        })
        .collect();
    let report = import(db.app(), &lines);
    assert_eq!((report.created, report.lines), (1500, 1500), "{report:?}");
    assert_eq!(codes(db.app(), A).last().unwrap(), "H26.1-261103-0750");
}

#[test]
fn the_longest_history_is_taken_and_a_longer_one_refused() {
    let db = lite();
    fill(&db);
    let of = |count: usize| {
        let mut events = vec![submitted(A, "1.000001", "post", "03 08:00"), event("received", "03 08:00", json!({}))];
        let step = |i: usize| event("forwarded", "03 09:00", json!({"step": i.to_string()}));
        events.extend((2..count).map(step));
        line(events)
    };
    let report = import(db.app(), &[of(200), of(201)]);
    assert_eq!((report.created, errors(&report)), (1, vec![(2, "/events", "range")]));
}
