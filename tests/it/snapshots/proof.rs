//! Proof bundles: they hold on another machine, carry nothing personal, and one changed byte is found.

use std::io::{Cursor, Read, Write};

use motcua::store::sql_types::Id;
use motcua::verify::proof::{FILES, Fault, Manifest, Proven, verify};
use serde_json::{Value, json};

use super::{frozen, some_dossiers};
use crate::harness::TestApp;

on_both!(a_bundle_proves_itself, nothing_personal_is_in_it, a_changed_byte_is_found, a_forged_number_is_found);

/// The bundle as it is written.
fn bundle(app: &TestApp, snapshot: &Value) -> Vec<u8> {
    let id = snapshot["id"].as_str().expect("an id").parse().expect("an id");
    let written = app.app.store.read_blocking(|tx| {
        let row = tx.snapshot_by_id(Id(id))?.expect("a snapshot");
        let mut bytes = Cursor::new(Vec::new());
        motcua::app::proof::write(tx, &row, &mut bytes)?;
        Ok::<_, motcua::app::AppError>(bytes.into_inner())
    });
    written.expect("a bundle")
}

fn check(bytes: &[u8]) -> Result<Proven, Fault> {
    verify(Cursor::new(bytes), &[], |_| {})
}

/// The files of a bundle.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let read = |i: usize| {
        let mut file = zip.by_index(i).expect("a file");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("its content");
        (FILES[i].to_owned(), content)
    };
    (0..FILES.len()).map(read).collect()
}

fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("a file");
        zip.write_all(content).expect("its content");
    }
    zip.finish().expect("a zip").into_inner()
}

fn a_bundle_proves_itself(app: &TestApp) {
    some_dossiers(app);
    for with in [
        json!({}),
        json!({"report": "07a", "rows": "procedure", "ended": "as_resolved"}),
        json!({"rows": "agency"}),
        json!({"scope": "own", "from": "2026-03-11"}),
    ] {
        let snapshot = frozen(app, &with);
        let bytes = bundle(app, &snapshot);
        let proven = check(&bytes).unwrap_or_else(|fault| panic!("{with}: {fault}"));
        assert_eq!(snapshot["content_hash"], proven.content_hash);
        assert_eq!(proven.cells, proven_cells(&snapshot));
        // Nothing that is recorded later changes it.
        app.received();
        assert!(bundle(app, &snapshot) == bytes, "the same snapshot, other bytes");
        // Over HTTP the same bytes arrive.
        let link = snapshot["proof"].as_str().and_then(|link| link.strip_prefix("/api/v1")).expect("a link");
        let answer = app.user("auditor").get(link);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")));
        assert!(answer.bytes == bytes);
    }
}

fn proven_cells(snapshot: &Value) -> usize {
    let rows = snapshot["content"]["dossiers"].as_array().expect("rows");
    rows.iter().map(|row| row.as_array().expect("cells").len()).sum()
}

fn nothing_personal_is_in_it(app: &TestApp) {
    let dossiers = some_dossiers(app);
    let dossier = app.walk(&dossiers[2], &["supplement_requested", "supplemented"]);
    app.walk(&dossier, &["extended"]);
    let snapshot = frozen(app, &json!({}));
    let rows = app.app.store.read_blocking(|tx| tx.personal_after(crate::factory::AGENCY, None, 1000)).expect("rows");
    assert!(!rows.is_empty());
    let files = unpacked(&bundle(app, &snapshot));
    for (name, content) in &files {
        let text = String::from_utf8(content.clone()).expect("text");
        for secret in ["Nguyễn Văn An", "001099012345", "0912345678", "thiếu bản sao", "chờ ý kiến"] {
            assert!(!text.contains(secret), "{secret} in {name}");
        }
        for row in &rows {
            let salt = row.open(&app.app.vault).expect("a row").salt;
            assert!(!text.contains(&hex::encode(&salt)), "a salt in {name}");
            assert!(!text.contains(&hex::encode(&row.sealed)), "a sealed row in {name}");
        }
    }
}

/// Numbers that look random and are the same every time.
fn dice(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("a small number")
}

fn a_changed_byte_is_found(app: &TestApp) {
    some_dossiers(app);
    let bytes = bundle(app, &frozen(app, &json!({})));
    let sound = check(&bytes).expect("it holds");
    let mut seed = 7;
    let mut found = 0;
    for _ in 0..400 {
        let mut changed = bytes.clone();
        let place = dice(&mut seed) % changed.len();
        changed[place] ^= 1 << (dice(&mut seed) % 8);
        match check(&changed) {
            // In what only unpackers read, such as a time.
            Ok(proven) => assert_eq!(proven, sound, "byte {place}"),
            Err(fault) => {
                assert!(!fault.file.is_empty() && !fault.detail.is_empty());
                found += 1;
            }
        }
    }
    assert!(found > 300, "{found} of 400");
    // Packed anew, so that the archive itself is sound.
    let files = unpacked(&bytes);
    assert_eq!(check(&packed(&files)).expect("it holds"), sound);
    for i in 0..files.len() {
        for _ in 0..60 {
            let mut files = files.clone();
            let place = dice(&mut seed) % files[i].1.len();
            files[i].1[place] ^= 1 << (dice(&mut seed) % 8);
            let fault = check(&packed(&files)).expect_err("a changed byte");
            // A changed manifest may say of any file what is not so.
            assert!(i == 4 || fault.file == files[i].0, "{} byte {place}: {fault}", files[i].0);
        }
    }
    // A file less, a file more, another order, nothing at all.
    check(&packed(&files[..4])).expect_err("a missing file");
    let mut more = files.clone();
    more.push(("x".to_owned(), Vec::new()));
    check(&packed(&more)).expect_err("a file too many");
    let mut swapped = files.clone();
    swapped.swap(0, 1);
    check(&packed(&swapped)).expect_err("another order");
    check(&[]).expect_err("nothing");
    check(&bytes[..bytes.len() / 2]).expect_err("half of it");
}

/// Whoever changes a file can also write its hash anew: then the recount says which entry or cell is wrong.
fn forge(bytes: &[u8], name: &str, change: impl Fn(&str) -> String) -> Fault {
    let mut files = unpacked(bytes);
    let place = files.iter().position(|(file, _)| file == name).expect("a file");
    let text = String::from_utf8(files[place].1.clone()).expect("text");
    let forged = change(&text);
    assert_ne!(forged, text, "{name}");
    files[place].1 = forged.into_bytes();
    let mut manifest: Manifest = serde_json::from_slice(&files[4].1).expect("a manifest");
    let hash = super::sha256(&files[place].1);
    if name == "content.json" {
        manifest.content_hash.clone_from(&hash);
    }
    manifest.files[place].sha256 = hash;
    manifest.files[place].bytes = files[place].1.len() as u64;
    files[4].1 = motcua::domain::chain::canonical_json(&serde_json::to_value(&manifest).expect("a value"));
    check(&packed(&files)).expect_err(name)
}

fn a_forged_number_is_found(app: &TestApp) {
    some_dossiers(app);
    let bytes = bundle(app, &frozen(app, &json!({})));
    let cell = forge(&bytes, "content.json", |text| {
        text.replacen("\"cells\":[5,", "\"cells\":[6,", 1).replacen("\"cells\":[4,", "\"cells\":[5,", 1)
    });
    assert_eq!(cell.file, "content.json");
    assert!(cell.place.contains("column 3"), "{cell}");
    let content: Value = serde_json::from_slice(&unpacked(&bytes)[0].1).expect("content");
    let hash = content["dossiers"][0][0].as_str().expect("a hash").to_owned();
    let behind = forge(&bytes, "content.json", |text| text.replacen(&hash, &"0".repeat(64), 1));
    assert!(behind.place.contains("column") && behind.detail.contains("dossiers"), "{behind}");
    let entry = forge(&bytes, "events.ndjson", |text| text.replacen("\"in_person\"", "\"post\"", 1));
    assert!(entry.file == "events.ndjson" && entry.place.contains("entry"), "{entry}");
    let cut_off = forge(&bytes, "events.ndjson", |text| {
        let (first, _) = text.trim_end().rsplit_once('\n').expect("lines");
        format!("{first}\n")
    });
    assert!(cut_off.detail.contains("head") || cut_off.detail.contains("ends at"), "{cut_off}");
    let head = content["heads"][0]["hash"].as_str().expect("a hash").to_owned();
    let other_head = forge(&bytes, "content.json", |text| text.replacen(&head, &"f".repeat(64), 1));
    assert!(other_head.detail.contains("hash"), "{other_head}");
    let level =
        forge(&bytes, "catalogue.ndjson", |text| text.replacen("\"level\":\"district\"", "\"level\":\"commune\"", 1));
    assert_eq!(level.file, "content.json", "{level}");
}
