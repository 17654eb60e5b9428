//! Full copies, within the process.

use std::sync::Arc;

use motcua::app::App;
use motcua::app::full_copy::{self, RestoreReport};

pub fn copy(app: &App) -> String {
    let mut bytes = Vec::new();
    full_copy::export(&app.store, &mut bytes, |_| {}).expect("a copy");
    String::from_utf8(bytes).expect("a text")
}

pub fn restore(app: &App, text: &str) -> RestoreReport {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("a copy");
    full_copy::restore(app, file.path(), Arc::new(|_| {})).expect("a copy")
}
