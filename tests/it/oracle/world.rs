//! Offices and procedures of the stories, on top of the world of every test; some change while a story goes on.

use motcua::app::App;
use motcua::app::catalogue::load_file;
use motcua::domain::time::Instant;

use crate::harness::at;

/// Merged into [`SUCCESSOR`] after 15 April.
pub const MERGED: &str = "H26.103.27";
pub const SUCCESSOR: &str = "H26.103.25";

/// Where only [`super::story::Story::rush`] works: many dossiers, none late, all at the end.
pub const RUSH: &str = "H26.103.28";

/// Where dossiers are handed in.
pub const AGENCIES: [&str; 8] = ["H26", "H26.7", "H26.103", SUCCESSOR, "H26.103.26", MERGED, "H26.103.27.1", "H38.1"];

/// At once and on the spot.
pub const ON_THE_SPOT: &str = "1.100004";

pub const PROCEDURES: [&str; 10] = [
    "1.100001",
    "1.100002",
    "1.100003",
    ON_THE_SPOT,
    "1.100005",
    "1.005129",
    "1.001193",
    "2.000815",
    "1.004873",
    "1.009999",
];

const BEGINNING: &str = r#"
agencies:
- {code: H26.103.27, name: "UBND xã Cũ", level: commune, parent: H26.103}
- {code: H26.103.28, name: "UBND xã Vội", level: commune, parent: H26.103}
- {code: H26.103.27.1, name: "Điểm tiếp nhận xã Cũ", level: commune, parent: H26.103.27}
procedures:
- code: "1.100001"
  name: "Hai giấy, hai khoản phí"
  field: "Hộ tịch"
  levels: [province, district, commune]
  service_level: full
  full_online_eligible: true
  electronic_result_eligible: true
  on_national_portal: true
  processing_time: {amount: 3, unit: working_days}
  fees: [{code: LP1, kind: le_phi, amount: 8000}, {code: PH1, kind: phi, amount: 30000}]
  components: [{code: TP1, name: "Tờ khai"}, {code: TP2, name: "Giấy tờ"}, {code: TP3, name: "Khác", required: false}]
- code: "1.100002"
  name: "Tính lại từ đầu"
  field: "Đất đai"
  levels: [department, commune]
  service_level: partial
  after_supplement: restart
  processing_time: {amount: 7, unit: calendar_days}
  fees: [{code: PH1, kind: phi, amount: 100000}]
  components: [{code: TP1, name: "Đơn"}]
- code: "1.100003"
  name: "Theo giờ"
  field: "Chứng thực"
  levels: [province, commune]
  service_level: full
  full_online_eligible: true
  processing_time: {amount: 12, unit: working_hours}
  fees: [{code: PH1, kind: phi, amount: 2000}]
- code: "1.100004"
  name: "Tại chỗ, tính lại"
  field: "Chứng thực"
  levels: [commune]
  service_level: full
  electronic_result_eligible: true
  on_the_spot: true
  after_supplement: restart
  processing_time: {amount: 0, unit: immediate}
  components: [{code: TP1, name: "Bản chính"}]
- code: "1.100005"
  name: "Theo giờ, tính lại"
  field: "Đất đai"
  levels: [district]
  service_level: information
  full_online_eligible: true
  after_supplement: restart
  processing_time: {amount: 20, unit: working_hours}
"#;

/// When the catalogue changes, and how.
const CHANGES: [(&str, &str); 4] = [
    (
        "2026-03-30T09:00:00+07:00",
        // From a day to come: another field, another level of service, other fees.
        r#"
procedures:
- code: "1.100001"
  name: "Hai giấy, hai khoản phí"
  field: "Tư pháp"
  levels: [province, district, commune]
  service_level: partial
  full_online_eligible: true
  processing_time: {amount: 5, unit: working_days}
  fees: [{code: LP1, kind: le_phi, amount: 0}]
  components: [{code: TP2, name: "Giấy tờ"}]
  effective_from: 2026-04-06
"#,
    ),
    (
        "2026-04-08T10:00:00+07:00",
        r#"
agencies:
- {code: H26.103.27, name: "UBND xã Cũ", level: commune, parent: H26.103, valid_to: 2026-04-15, successor: H26.103.25}
"#,
    ),
    (
        "2026-04-20T15:00:00+07:00",
        // From a day gone by.
        r#"
procedures:
- code: "1.100002"
  name: "Tính lại từ đầu"
  field: "Đất đai"
  levels: [province, department]
  service_level: full
  electronic_result_eligible: true
  on_national_portal: true
  after_supplement: restart
  processing_time: {amount: 7, unit: calendar_days}
  fees: [{code: PH1, kind: phi, amount: 120000}]
  components: [{code: TP1, name: "Đơn"}]
  effective_from: 2026-03-20
"#,
    ),
    (
        "2026-05-04T08:00:00+07:00",
        r#"
procedures:
- code: "1.100003"
  name: "Theo giờ"
  field: "Chứng thực"
  levels: [province, commune]
  service_level: full
  full_online_eligible: true
  processing_time: {amount: 12, unit: working_hours}
  fees: [{code: PH1, kind: phi, amount: 2000}]
  effective_from: 2026-05-04
  valid_to: 2026-05-10
"#,
    ),
];

/// Changes still to come.
pub struct Calendar(std::slice::Iter<'static, (&'static str, &'static str)>);

impl Calendar {
    pub fn begin(app: &App) -> Self {
        load(app, BEGINNING);
        Self(CHANGES.iter())
    }

    /// Makes the changes that fall due by `now`.
    pub fn turn(&mut self, app: &App, now: Instant) {
        while let Some((_, text)) = self.0.as_slice().first().filter(|(when, _)| at(when) <= now) {
            load(app, text);
            self.0.next();
        }
    }
}

fn load(app: &App, text: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let report = runtime.block_on(load_file(app, text, &[])).expect("a sound catalogue");
    assert_eq!(report.documents, report.changed);
}
