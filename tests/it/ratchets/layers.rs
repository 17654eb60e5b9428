//! `domain ← store ← app ← http`, and who alone may ask the machine for something.

use std::collections::BTreeSet;

use super::files;

/// Folder, the modules of the program that it may use, and crates that it must not.
const LAYERS: [(&str, &[&str], &[&str]); 8] = [
    ("src/domain", &["domain", "plans"], &["diesel", "actix", "tokio"]),
    ("src/plans", &["domain", "plans"], &["diesel", "actix", "tokio"]),
    ("src/sheet", &["domain", "sheet"], &["diesel", "actix", "tokio"]),
    ("src/vault", &["vault"], &["diesel", "actix", "tokio"]),
    ("src/store", &["domain", "plans", "store", "vault"], &["actix"]),
    ("src/app", &["app", "clock", "domain", "plans", "store", "vault", "verify"], &["diesel", "actix"]),
    ("src/http", &["app", "clock", "domain", "http", "plans", "sheet", "store", "vault"], &["diesel"]),
    // The recount must not share a mistake with what it recounts.
    ("src/verify", &["verify"], &["diesel", "actix", "tokio"]),
];

/// Words that stand in one file only.
const ONE_PLACE: [(&str, &[&str]); 2] = [
    ("src/clock.rs", &["Utc::now", "Local::now", "SystemTime::now", "Uuid::new_v4", "Uuid::now_v7", "SysRng"]),
    ("src/config.rs", &["env::var"]),
];

const MOST_LINES: usize = 450;

/// Without comments, and without the unit tests at the end of the file.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Modules named after `crate::`, also those of a group: `use crate::{a, b::{c}}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, rest) in code.match_indices("crate::").map(|(i, found)| (i, &code[i + found.len()..])) {
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(rest.chars().take_while(|c| is_word(*c)).collect());
            continue;
        };
        let (mut depth, mut name, mut within_path) = (1, String::new(), false);
        for c in group.chars() {
            match c {
                _ if depth == 1 && is_word(c) && !within_path => name.push(c),
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => within_path = false,
                ':' => within_path = true,
                _ => {}
            }
            if !is_word(c) && !name.is_empty() {
                names.insert(std::mem::take(&mut name));
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.into_iter().filter(|name: &String| !name.is_empty()).collect()
}

#[test]
fn the_reader_of_imports_reads_groups() {
    let read: Vec<String> =
        used("use crate::{store, app::{x, y::z}, plans::Plan}; crate::http::a(pub(crate) b)").into_iter().collect();
    assert_eq!(read, ["app", "http", "plans", "store"]);
}

#[test]
fn arrows_between_layers() {
    let mut broken = Vec::new();
    for (folder, allowed, refused) in LAYERS {
        for (name, text) in files(folder, "rs") {
            let code = code(&text);
            let strange = used(&code).into_iter().filter(|used| !allowed.contains(&used.as_str()));
            broken.extend(strange.map(|used| format!("{name} uses crate::{used}")));
            let crates = refused.iter().filter(|refused| code.contains(**refused));
            broken.extend(crates.map(|refused| format!("{name} names {refused}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn time_randomness_and_environment_have_one_place() {
    let mut broken = Vec::new();
    for (name, text) in files("src", "rs") {
        let code = code(&text);
        for (place, words) in ONE_PLACE {
            let found = words.iter().filter(|word| name != place && code.contains(**word));
            broken.extend(found.map(|word| format!("{name}: {word} belongs to {place}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_is_long() {
    let all = files("src", "rs").into_iter().chain(files("tests", "rs"));
    let long: Vec<(String, usize)> =
        all.map(|(name, text)| (name, text.lines().count())).filter(|(_, lines)| *lines > MOST_LINES).collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:?}");
}
