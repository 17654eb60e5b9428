//! Every answer and every log line of the whole suite is searched for the people of the tests.

use std::io;
use std::sync::{Mutex, PoisonError};

use super::Answer;

/// Applicants: what names them, and how they are reached.
pub const PEOPLE: [&str; 12] = [
    "Nguyễn Văn An",
    "Trần Thị Ngọc Bích",
    "Trần Thị Bê",
    "Lê Văn Cường",
    "001099012345",
    "001199000321",
    "001099000022",
    "001099999999",
    "0912345678",
    "0987000321",
    "0977111222",
    "12 phố Hàng Bạc",
];

/// Names of personal values. What says them in a log is about to say the values too.
const FIELDS: [&str; 9] =
    ["applicant", "phone", "address", "citizen_id", "identity_number", "ids", "collector", "password", "client_secret"];

static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps whatever names somebody, and writes nothing.
struct Watch;

impl io::Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        log(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at what a program wrote to its log.
pub fn log(text: &str) {
    // As JSON, as JSON within a text, as Rust prints a struct.
    let said = |name: &str| ["\":", "\\\":", ": ", "="].iter().any(|end| text.contains(&format!("{name}{end}")));
    let value = PEOPLE.iter().find(|value| text.contains(*value));
    if let Some(word) = value.or_else(|| FIELDS.iter().find(|name| said(name))) {
        LEAKS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{word}: {text}"));
    }
}

/// Logs of this process are written as for an operator who looks closely, and watched.
pub fn watch_logs() {
    let subscriber = tracing_subscriber::fmt().json().with_env_filter("debug,motcua=trace,ureq=off,ureq_proto=off");
    // Another test was faster.
    let _ = subscriber.with_writer(|| Watch).try_init();
}

/// Fails when some log line named somebody.
pub fn none_in_logs() {
    let leaks = LEAKS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(leaks.is_empty(), "a log names people or their values: {leaks:#?}");
}

/// Looks at an answer. Only who asks for a dossier itself, records in it, or says why is told whom it is about.
pub fn answer(answer: &Answer, with_purpose: bool) {
    none_in_logs();
    let kind = answer.header("content-type").unwrap_or_default();
    let path = answer.asked.split_once(' ').map_or("", |(_, path)| path);
    let search = path.starts_with("/api/v1/dossiers/search");
    let own = (path.starts_with("/api/v1/dossiers/") && !search) || answer.asked == "POST /api/v1/dossiers";
    // The document's examples are nobody.
    let document = path.starts_with("/openapi.") || path.starts_with("/docs");
    if document || ((own || with_purpose) && !kind.contains("problem")) {
        return;
    }
    let found = PEOPLE.iter().find(|word| answer.text.contains(*word));
    assert!(found.is_none(), "{} names {found:?}: {}", answer.asked, answer.text);
}
