//! The published reports whose parts do not add up, stored as they were printed.

use serde_json::{Value, json};

use super::{body, path};
use crate::harness::TestApp;

on_both!(published_reports_keep_their_errors, bad_declarations);

pub fn declared(rows: &Value) -> Value {
    json!({
        "known_at": null,
        "declared": {"rows": rows, "source": {"title": "Báo cáo đã công bố", "number": "12/BC-UBND", "date": "2026-03-05"}},
    })
}

/// What is broken of one printed row.
fn broken(app: &TestApp, cells: &Value) -> Value {
    let rows = json!([{"name": "Tổng cộng", "cells": cells}]);
    let answer = app.user("leader").post("/reports/snapshots", &body(app, &declared(&rows))).expect(201);
    assert_eq!(answer["basis"], "declared");
    assert_eq!(answer["content"]["rows"], rows, "as printed");
    let kept = app.user("auditor").get(&path(&answer)).expect(200);
    assert_eq!(kept["content"], answer["content"]);
    app.user("auditor").get(&format!("{}/differences", path(&answer))).problem(409, "conflict");
    app.user("auditor").get(&format!("{}/proof", path(&answer))).problem(409, "conflict");
    answer["content"]["broken_identities"].clone()
}

fn published_reports_keep_their_errors(app: &TestApp) {
    // Lâm Đồng, first quarter of 2020: finished and open make five more than the total.
    let lam_dong = json!({"3": 54_575, "7": 51_780, "10": 708, "11": 2_800, "12": 2_672, "13": 128});
    assert_eq!(broken(app, &lam_dong), json!(["Tổng cộng: 3=7+11: 54575 ≠ 54580"]));
    // Điện Biên Phủ: 31 of the finished in no class; nobody late.
    let dien_bien_phu = json!({"7": 5_583, "8": 2_199, "9": 3_353, "10": 0});
    assert_eq!(broken(app, &dien_bien_phu), json!(["Tổng cộng: 7=8+9+10: 5583 ≠ 5552"]));
    // Cát Hải: on time and late make 39 less than the finished.
    let cat_hai = json!({"7": 6_520, "8": 0, "9": 6_414, "10": 67});
    assert_eq!(broken(app, &cat_hai), json!(["Tổng cộng: 7=8+9+10: 6520 ≠ 6481"]));
    // Of sums with a part that is not printed nothing is said, unless the others are more already.
    assert_eq!(broken(app, &json!({"3": 11_046, "4": 605, "5": 10_441})), json!([]));
    assert_eq!(broken(app, &json!({"3": 10, "4": 9, "5": 2})), json!(["Tổng cộng: 3=4+5+6: 10 ≠ 11"]));
    // One that adds up.
    let sound = json!({"3": 5, "4": 1, "5": 2, "6": 2, "7": 3, "8": 1, "9": 1, "10": 1, "11": 2, "12": 1, "13": 1});
    assert_eq!(broken(app, &sound), json!([]));
    let list = app.user("clerk").get("/reports/snapshots?basis=declared").expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(6));
    // Sealed and verified like any other: its content is what it was.
    let path = list["items"][0]["snapshot"].as_str().and_then(|path| path.strip_prefix("/api/v1")).expect("a link");
    app.user("leader").request("POST", &format!("{path}/seal")).send().expect(201);
    let verified = app.user("leader2").request("POST", &format!("{path}/verify")).send().expect(201);
    assert_eq!(verified["verified"], "same");
}

fn bad_declarations(app: &TestApp) {
    let post = |with: &Value| app.user("leader").post("/reports/snapshots", &body(app, with));
    let row = |cells: Value| declared(&json!([{"name": "x", "cells": cells}]));
    post(&declared(&json!([]))).refused_at("/declared/rows", "length");
    post(&row(json!({}))).refused_at("/declared/rows/0/cells", "required");
    post(&row(json!({"99": 1}))).refused_at("/declared/rows/0/cells/99", "unknown_column");
    post(&row(json!({"3": -1}))).refused_at("/declared/rows/0/cells/3", "range");
    let mut with = row(json!({"3": 1}));
    with["declared"]["source"] = json!({"title": "Báo cáo"});
    post(&with).refused_at("/declared/source", "required");
    with["declared"]["source"] = json!({"title": "Báo cáo", "sha256": "abc"});
    post(&with).refused_at("/declared/source/sha256", "pattern");
    with["declared"]["source"] = json!({"title": "", "sha256": "0".repeat(64)});
    post(&with).refused_at("/declared/source/title", "required");
    let mut with = row(json!({"3": 1}));
    with["ended"] = json!("exclude");
    post(&with).refused_at("/ended", "unexpected");
    let mut with = row(json!({"3": 1}));
    with["known_at"] = json!("2026-01-01T00:00:00Z");
    post(&with).refused_at("/known_at", "unexpected");
}
