//! Rules of the source, the schema and the API document. They only ever get tighter.

pub mod append_only;
mod layers;
mod openapi;
pub mod schema;

use std::path::{Path, PathBuf};

pub use append_only::run;
pub use schema::lines;

/// A place in the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Files below a folder of the repository, in order, with their text.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![repository(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("below the repository");
                let text = std::fs::read_to_string(&path).expect("a text");
                found.push((name.display().to_string(), text));
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} file below {folder}");
    found.sort();
    found
}
