//! What comes from outside, byte by byte wrong: sound inputs are bent at random, and the program answers with a refusal
//! that says so, or does what the bent input says. It never fails itself. `MOTCUA_FUZZ_CASES` sets how many cases.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use motcua::app::full_copy;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::factory::{AGENCY, event, new_dossier};
use crate::harness::{Answer, TestApp};
use crate::snapshots;

on_both!(bodies, lines_of_an_import, paths_and_queries, times_of_the_calculator);

/// Pieces that break readers: ends of ranges, signs of structure, half characters, very deep and very long ones.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xe1\xba",
    b"\\u0000",
    b"\\ud800",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"1e400",
    b"-0",
    b"0.1",
    b"null",
    b"true",
    b"\"",
    b"{",
    b"}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b",",
    b"%00",
    b"'; DROP TABLE events; --",
    b"../../../etc/passwd",
    b"9999-12-31T23:59:59.999999+14:00",
    b"0000-02-30",
    "\u{202e}\u{feff}ệ".as_bytes(),
];

/// One bend of a text of bytes; places are taken modulo its length.
#[derive(Debug, Clone)]
enum Bend {
    Put(usize, u8),
    Insert(usize, usize),
    Remove(usize, usize),
    Double(usize, usize),
    Swap(usize, usize),
    Long(usize),
}

fn bend() -> impl Strategy<Value = Bend> {
    let place = any::<usize>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Bend::Put(at, byte)),
        4 => (place(), 0..PIECES.len()).prop_map(|(at, piece)| Bend::Insert(at, piece)),
        2 => (place(), 1..40_usize).prop_map(|(at, count)| Bend::Remove(at, count)),
        2 => (place(), 1..40_usize).prop_map(|(at, count)| Bend::Double(at, count)),
        1 => (place(), place()).prop_map(|(a, b)| Bend::Swap(a, b)),
        1 => place().prop_map(Bend::Long),
    ]
}

fn bent(sound: &[u8], bends: &[Bend]) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for bend in bends {
        let length = bytes.len().max(1);
        let span = |at: usize, count: usize, length: usize| {
            let begin = at % length;
            begin..(begin + count).min(length)
        };
        match *bend {
            _ if bytes.is_empty() => break,
            Bend::Put(at, byte) => bytes[at % length] = byte,
            Bend::Insert(at, piece) => {
                bytes.splice(at % length..at % length, PIECES[piece].iter().copied());
            }
            Bend::Remove(at, count) => {
                bytes.drain(span(at, count, length));
            }
            Bend::Double(at, count) => {
                let span = span(at, count, length);
                let again = bytes[span.clone()].to_vec();
                bytes.splice(span.start..span.start, again);
            }
            Bend::Swap(a, b) => bytes.swap(a % length, b % length),
            Bend::Long(at) => {
                bytes.splice(at % length..at % length, std::iter::repeat_n(b'a', 9_000));
            }
        }
    }
    bytes
}

/// Bends sound inputs, and has each looked at. Failures shrink to the fewest bends.
fn hunt(sound: &[Vec<u8>], share: u32, look: impl Fn(usize, &[u8]) -> Result<(), String>) {
    let asked = std::env::var("MOTCUA_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200_u32);
    let config = Config { cases: (asked / share).max(1), failure_persistence: None, ..Config::default() };
    let bends = (0..sound.len(), proptest::collection::vec(bend(), 1..5));
    let hunted = TestRunner::new(config).run(&bends, |(which, bends)| {
        let bytes = bent(&sound[which], &bends);
        look(which, &bytes).map_err(|error| {
            TestCaseError::fail(format!("{error}\nof {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)])))
        })
    });
    if let Err(error) = hunted {
        panic!("{error}");
    }
}

/// Done, or refused with a problem that says where; never a failure of the program.
fn answered(answer: &Answer) -> Result<(), String> {
    let refused = answer.status >= 400;
    if answer.status >= 500 {
        return Err(format!("{} {}: {}", answer.asked, answer.status, answer.text));
    }
    if refused && answer.header("content-type") != Some("application/problem+json") {
        return Err(format!("{} {}: no problem document: {}", answer.asked, answer.status, answer.text));
    }
    Ok(())
}

/// Event bodies and new dossiers, as staff and as a portal.
fn bodies(app: &TestApp) {
    let kinds = [
        "forwarded",
        "supplement_requested",
        "payment_requested",
        "payment_recorded",
        "extended",
        "withdrawn",
        "stopped",
        "finished",
        "digitised",
        "corrected",
        "voided",
    ];
    let mut sound: Vec<Vec<u8>> = kinds.iter().map(|kind| event(kind).to_string().into_bytes()).collect();
    sound.push(new_dossier(&json!({})).to_string().into_bytes());
    let mut dossier = app.received();
    let path = format!("/dossiers/{}", dossier["id"].as_str().expect("an id"));
    dossier = app.user("leader").get(&path).expect(200);
    let version = std::cell::RefCell::new(dossier["version"].clone());
    hunt(&sound, 1, |which, bytes| {
        let user = if which % 2 == 0 { "leader" } else { "clerk" };
        let new = which == kinds.len();
        let place = if new { "/dossiers".to_owned() } else { format!("{path}/events") };
        let request = app.user(user).request("POST", &place).header("Content-Type", "application/json");
        let request = request.version(version.borrow().as_i64().unwrap_or(0));
        let answer = request.bytes(bytes.to_vec()).send();
        if answer.status == 201 && !new {
            *version.borrow_mut() = answer.json()["dossier"]["version"].clone();
        }
        answered(&answer)
    });
    // Whatever was taken in, it can be read, and counted.
    app.user("leader").get(&path).expect(200);
    app.user("leader").get("/indicators/values").expect(200);
}

fn lines_of_an_import(app: &TestApp) {
    let line = json!({"kind": "dossier", "source": "cũ", "source_id": "1", "events": [
        {"type": "submitted", "occurred_at": "2026-02-02T08:00:00+07:00", "agency": AGENCY, "procedure": "1.005129",
         "channel": "post", "applicant": crate::factory::applicant(), "components": [{"code": "TP1", "originals": 1}]},
        {"type": "received", "occurred_at": "2026-02-02T08:10:00+07:00", "due": "2026-02-09T17:00:00+07:00"},
        {"type": "payment_recorded", "occurred_at": "2026-02-02T08:11:00+07:00", "amount": 50000, "method": "cash"},
        {"type": "finished", "occurred_at": "2026-02-05T08:00:00+07:00",
         "result": {"outcome": "granted", "document": true, "electronic": true, "signed": true}},
    ]});
    let catalogue = json!({"kind": "procedure", "code": "9.000001", "name": "Thử", "field": "Thử", "levels": ["commune"],
        "service_level": "full", "processing_time": {"amount": 3, "unit": "working_days"}, "fees": [], "components": []});
    let sound = [line.to_string().into_bytes(), catalogue.to_string().into_bytes()];
    hunt(&sound, 1, |_, bytes| {
        let import = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
        let answer = import.bytes(bytes.to_vec()).send();
        answered(&answer)?;
        if answer.status != 200 {
            return Ok(());
        }
        let report = answer.json();
        let count = |name: &str| report[name].as_u64().unwrap_or(0);
        let sum = count("created") + count("unchanged") + count("differing") + count("catalogue") + count("failed");
        if sum == count("lines") { Ok(()) } else { Err(format!("lines do not add up: {report}")) }
    });
}

/// Percent-encodes bytes that a client's library would not let out; what is left alone are signs of structure.
fn address(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' | b'?' | b'&' | b'=' | b'%' | b',' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect::<String>()
}

/// Codes, cursors, dates, words and numbers in addresses.
fn paths_and_queries(app: &TestApp) {
    let dossier = app.walk(&app.received(), &["payment_recorded"]);
    app.received();
    let code = dossier["code"].as_str().expect("a code");
    let page = app.user("leader").get("/dossiers?limit=1").expect(200);
    let cursor = page["next"].as_str().expect("a cursor");
    let sound: Vec<Vec<u8>> = [
        format!("/dossiers/{code}"),
        format!("/dossiers/{code}/events?known_at=2026-03-10T09:00:00Z"),
        format!("/dossiers/{code}/deadline"),
        format!("/dossiers?limit=1&cursor={cursor}"),
        "/dossiers?received_from=2026-03-01&received_to=2026-03-31&late_days_from=-3&fee_due_from=1&sort=-lateness"
            .into(),
        "/dossiers?component=TP1&component_sign=digitised&letter=XL-1&field=H%E1%BB%99&channel=online&state=finished"
            .into(),
        "/dossiers?indicator=on_time_due&part=shortfall&agency=H26.103&from=2026-01-01&to=2026-12-31&count=true".into(),
        "/indicators/values?group_by=month&ids=on_time_resolved,online_share&from=2026-01-01&to=2026-12-31".into(),
        "/reports/06a?agency=H26.103&from=2026-01-01&to=2026-12-31&rows=procedure&ended=as_resolved&format=csv".into(),
        "/reports/diff?since=2026-03-10T08:00:00Z&known_at=2026-03-10T09:00:00Z&report=06a&column=8".into(),
        "/audit/checks?agency=H26.103&from=2026-01-01&to=2026-12-31&group_by=agency".into(),
        "/payments?from=2026-01-01&to=2026-12-31&limit=1".into(),
    ]
    .map(String::into_bytes)
    .to_vec();
    hunt(&sound, 1, |_, bytes| {
        let path = address(bytes);
        // What is no address at all does not leave a client.
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        if path.parse::<ureq::http::Uri>().is_err() || path.len() > 60_000 {
            return Ok(());
        }
        answered(&app.user("leader").request("GET", &path).send())
    });
}

fn times_of_the_calculator(app: &TestApp) {
    let sound = [
        b"/deadlines?procedure=1.005129&received_at=2026-03-10T08:15:00%2B07:00".to_vec(),
        b"/deadlines?procedure=1.001193&received_at=2199-12-31T16:59:59Z".to_vec(),
        b"/deadlines?procedure=1.001193&received_at=1970-01-01T00:00:00Z".to_vec(),
    ];
    hunt(&sound, 2, |_, bytes| {
        let path = address(bytes);
        if !path.starts_with('/') || path.parse::<ureq::http::Uri>().is_err() {
            return Ok(());
        }
        answered(&app.anonymous().request("GET", &path).send())
    });
}

/// A full copy of a small world.
fn copy(app: &TestApp) -> Vec<u8> {
    let mut bytes = Vec::new();
    full_copy::export(&app.app.store, &mut bytes, |_| {}).expect("a copy");
    bytes
}

/// Full copies: the recount names a fault and goes on; a restore takes an agency whole or not at all.
#[test]
fn full_copies() {
    let app = crate::harness::sqlite();
    app.walk(&app.received(), &["payment_recorded", "finished"]);
    snapshots::frozen(&app, &json!({}));
    let whole = copy(&app);
    let events = app.event_count();
    hunt(std::slice::from_ref(&whole), 1, |_, bytes| {
        catch_unwind(AssertUnwindSafe(|| motcua::verify::run::run(Cursor::new(bytes), |_| {})))
            .map(drop)
            .map_err(|_| "the recount fell over".to_owned())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("copy.ndjson");
    hunt(std::slice::from_ref(&whole), 10, |_, bytes| {
        let other = crate::harness::sqlite_world();
        std::fs::write(&file, bytes).map_err(|error| error.to_string())?;
        let restored = catch_unwind(AssertUnwindSafe(|| full_copy::restore(&other.app(), &file, Arc::new(|_| {}))));
        let Ok(_refused_or_done) = restored else { return Err("the restore fell over".to_owned()) };
        let found =
            other.app().store.read_blocking(|tx| tx.events_after(AGENCY, 0, i64::MAX).map(|events| events.len()));
        match found {
            Ok(count) if count == 0 || count == events => Ok(()),
            other => Err(format!("{other:?} events of {events}")),
        }
    });
}

/// Proof bundles: one that was touched proves nothing else than the one that was given out.
#[test]
fn proof_bundles() {
    let app = crate::harness::sqlite();
    app.walk(&app.received(), &["payment_recorded", "finished"]);
    let snapshot = snapshots::frozen(&app, &json!({}));
    let path = format!("/reports/snapshots/{}/proof", snapshot["id"].as_str().expect("an id"));
    let bundle = app.user("leader").get(&path).bytes;
    let prove = |bytes: &[u8]| motcua::verify::proof::verify(Cursor::new(bytes.to_vec()), &[], |_| {});
    let sealed = prove(&bundle).expect("it proves itself").content_hash;
    assert_eq!(Value::String(sealed.clone()), snapshot["content_hash"]);
    hunt(std::slice::from_ref(&bundle), 1, |_, bytes| match catch_unwind(AssertUnwindSafe(|| prove(bytes))) {
        Err(_) => Err("the proof fell over".to_owned()),
        Ok(Ok(proven)) if proven.content_hash != sealed => Err("something else was proven".to_owned()),
        Ok(_) => Ok(()),
    });
}
