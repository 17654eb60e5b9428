//! Whatever comes in, the answer is a problem that says what is wrong where; nothing is stored, nothing breaks.

mod readable;
mod rules;

use serde_json::Value;

use crate::harness::{Answer, TestApp};

/// Sends something unsound and sees to it that it leaves no trace.
#[track_caller]
fn refused(app: &TestApp, send: impl FnOnce() -> Answer, status: u16, code: &str) -> Value {
    let before = app.event_count();
    let answer = send();
    let body = answer.problem(status, code);
    assert_eq!(app.event_count(), before, "{} stored something", answer.asked);
    body
}

/// As [`refused`], of a rule broken at a place.
#[track_caller]
fn broken(app: &TestApp, send: impl FnOnce() -> Answer, pointer: &str, code: &str) {
    let before = app.event_count();
    let answer = send();
    answer.refused_at(pointer, code);
    assert_eq!(app.event_count(), before, "{} stored something", answer.asked);
}
