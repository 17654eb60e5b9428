//! Agencies around the caller's own, beyond those of the common world.

use serde_json::json;

use crate::factory::AGENCY;
use crate::harness::{START, TestApp};

/// Above [`AGENCY`].
pub const PARENT: &str = "H26";
/// Has merged into [`AGENCY`].
pub const PREDECESSOR: &str = "H26.104";

/// When everything at the predecessor happened.
pub const BEFORE_THE_MERGER: &str = "2026-02-25T09:00:00+07:00";

/// The merger, known since long before any test begins.
pub fn merge(app: &TestApp) {
    app.set_clock("2021-01-04T08:00:00+07:00");
    let merged = json!({
        "code": PREDECESSOR, "name": "UBND huyện Sông Cũ", "level": "district", "parent": PARENT,
        "valid_to": "2026-02-28", "successor": AGENCY,
    });
    app.user("admin.province").post("/agencies", &merged).expect(201);
    app.set_clock(START);
}
