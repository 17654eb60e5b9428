//! The world that every test begins with, and dossiers brought to a state through the API.

use motcua::app::App;
use motcua::app::catalogue::load_file;
use motcua::app::passwords::hash_once;
use motcua::domain::actor::{Grant, Role};
use motcua::store::indicators;
use motcua::store::rows::UserRow;
use motcua::store::sql_types::Id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{COST, TestApp};

/// Where the `clerk`, `officer`, `leader` … of the tests work.
pub const AGENCY: &str = "H26.103";
/// Below it.
pub const CHILD: &str = "H26.103.25";
/// In another province.
pub const FOREIGN: &str = "H38.1";

/// Five working days, fully online, a fee of 50 000 đ; `TP1` is required.
pub const FULL: &str = "1.005129";
/// Ten working days that run anew after a supplement; partly online; no fee.
pub const PARTIAL: &str = "1.001193";
/// At once and on the spot; not online; 2 000 đ.
pub const ON_THE_SPOT: &str = "2.000815";

pub const PASSWORD: &str = "mật khẩu thử nghiệm";

/// Username, roles.
pub const USERS: [(&str, &[(Role, &str)]); 28] = [
    ("clerk", &[(Role::Clerk, AGENCY)]),
    ("clerk2", &[(Role::Clerk, AGENCY)]),
    ("officer", &[(Role::Officer, AGENCY)]),
    ("leader", &[(Role::Leader, AGENCY)]),
    ("leader2", &[(Role::Leader, AGENCY)]),
    ("head.clerk", &[(Role::Leader, AGENCY), (Role::Clerk, AGENCY)]),
    ("auditor", &[(Role::Auditor, AGENCY)]),
    ("admin", &[(Role::Admin, AGENCY)]),
    ("portal", &[(Role::Portal, AGENCY)]),
    ("portal2", &[(Role::Portal, AGENCY)]),
    ("clerk.child", &[(Role::Clerk, CHILD)]),
    ("leader.child", &[(Role::Leader, CHILD)]),
    ("clerk.far", &[(Role::Clerk, FOREIGN)]),
    ("officer.far", &[(Role::Officer, FOREIGN)]),
    ("leader.far", &[(Role::Leader, FOREIGN)]),
    ("portal.far", &[(Role::Portal, FOREIGN)]),
    ("auditor.far", &[(Role::Auditor, FOREIGN)]),
    ("admin.province", &[(Role::Admin, "H26")]),
    ("nobody", &[]),
    ("everything", &[(Role::Clerk, AGENCY), (Role::Officer, AGENCY), (Role::Leader, AGENCY)]),
    ("clerk.above", &[(Role::Clerk, "H26")]),
    ("leader.above", &[(Role::Leader, "H26")]),
    ("leader.beside", &[(Role::Leader, "H26.7")]),
    (
        "overall",
        &[
            (Role::Auditor, "H26"),
            (Role::Leader, "H26"),
            (Role::Admin, "H26"),
            (Role::Auditor, "H38"),
            (Role::Leader, "H38"),
            (Role::Admin, "H38"),
        ],
    ),
    // Of an agency that is there in few tests.
    ("clerk.before", &[(Role::Clerk, "H26.104")]),
    ("leader.before", &[(Role::Leader, "H26.104")]),
    ("auditor.before", &[(Role::Auditor, "H26.104")]),
    ("admin.before", &[(Role::Admin, "H26.104")]),
];

/// Ids are fixed, so that a test can act as a user without asking for one.
pub fn user_id(username: &str) -> Uuid {
    let place = USERS.iter().position(|(name, _)| *name == username);
    let place = place.unwrap_or_else(|| panic!("no user {username} in the world"));
    Uuid::from_u128(0x1000 + u128::try_from(place).expect("a small number"))
}

/// Loads agencies, procedures and users.
pub async fn populate(app: &App) {
    load_file(app, include_str!("world.yaml"), &indicators::ids()).await.expect("the world is sound");
    let password_hash = hash_once(COST, &app.clock, PASSWORD).expect("a hash");
    for (username, grants) in USERS {
        let grants: Vec<Grant> =
            grants.iter().map(|(role, agency)| Grant { role: *role, agency: (*agency).to_owned() }).collect();
        let row = UserRow {
            id: Id(user_id(username)),
            username: username.to_owned(),
            display_name: username.to_owned(),
            password_hash: password_hash.clone(),
            roles: serde_json::to_string(&grants).expect("grants"),
            active: true,
            revision: 1,
            created_at: app.clock.now().timestamp_micros(),
            stamp: 1,
        };
        let added = app.store.write("", move |tx| tx.user_insert(&row).map_err(motcua::app::AppError::from)).await;
        added.expect("a user");
    }
}

pub fn applicant() -> Value {
    json!({
        "kind": "citizen", "name": "Nguyễn Văn An",
        "ids": [{"type": "citizen_id", "number": "001099012345"}], "phone": "0912345678",
    })
}

/// The body of a new dossier; `with` replaces or adds fields.
pub fn new_dossier(with: &Value) -> Value {
    let mut body = json!({
        "agency": AGENCY, "procedure": FULL, "channel": "in_person", "applicant": applicant(),
        "components": [{"code": "TP1", "originals": 1}], "receive": true,
    });
    merge(&mut body, with);
    body
}

/// Puts the fields of `with` into `body`; `null` takes a field out.
pub fn merge(body: &mut Value, with: &Value) {
    for (key, value) in with.as_object().expect("an object") {
        if value.is_null() {
            body.as_object_mut().expect("an object").remove(key);
        } else {
            body[key] = value.clone();
        }
    }
}

/// The body of each event, sound in itself.
pub fn event(kind: &str) -> Value {
    let mut body = match kind {
        "received" => json!({}),
        "refused" => json!({"reason": "không thuộc thẩm quyền", "legal_basis": "Điều 17"}),
        "forwarded" => json!({"officer": "Trần Thị Bình", "step": "thẩm định"}),
        "supplement_requested" => {
            json!({"items": [{"component": "TP2", "reason": "thiếu bản sao", "legal_basis": "Điều 9"}]})
        }
        "supplemented" => json!({"components": [{"code": "TP1", "originals": 1}, {"code": "TP2", "copies": 1}]}),
        "payment_requested" => json!({"lines": [{"code": "PH9", "amount": 30000}]}),
        "payment_recorded" => json!({"amount": 50000, "method": "cash"}),
        "payment_refunded" => json!({"payment": 0, "amount": 20000, "reason": "thu thừa"}),
        "extended" => {
            json!({"new_due": "2026-12-31", "letter": {"number": "XL-1", "issued_on": "2026-03-10"}, "reason": "chờ ý kiến"})
        }
        "withdrawn" => json!({"by": "applicant", "evidence": {"kind": "đơn", "reference": "D-12"}}),
        "stopped" => {
            json!({"reason": "không bổ sung", "legal_basis": "Điều 9", "decision": {"number": "QĐ-3", "date": "2026-03-10"}})
        }
        "finished" => json!({"result": {
            "outcome": "granted", "document": true, "electronic": true, "signed": true, "number": "KQ-1",
        }}),
        "returned" => json!({"method": "counter", "collector": "Nguyễn Văn An"}),
        "reopened" => json!({"reason": "sai sót trong kết quả"}),
        "digitised" => json!({"target": "component", "component": "TP1"}),
        "rated" => json!({"overall": 5, "via": "kiosk"}),
        "corrected" => json!({"target": 1, "field": "channel", "value": "post", "reason": "nhập nhầm"}),
        "voided" => json!({"reason": "nhập nhầm hồ sơ"}),
        other => panic!("no body for {other}"),
    };
    body["type"] = kind.into();
    body
}

/// The event with some fields replaced.
pub fn event_with(kind: &str, with: &Value) -> Value {
    let mut body = event(kind);
    merge(&mut body, with);
    body
}

impl TestApp {
    /// A dossier entered by the clerk of the agency that `with` names.
    #[track_caller]
    pub fn create(&self, with: &Value) -> Value {
        let body = new_dossier(with);
        let clerk = USERS
            .iter()
            .find(|(_, grants)| grants.iter().any(|(role, agency)| *role == Role::Clerk && body["agency"] == *agency));
        let (clerk, _) = clerk.expect("a clerk there");
        self.user(clerk).post("/dossiers", &body).expect(201)
    }

    /// A received dossier.
    #[track_caller]
    pub fn received(&self) -> Value {
        self.create(&json!({}))
    }

    /// A dossier submitted over the portal.
    #[track_caller]
    pub fn submitted_online(&self, key: &str) -> Value {
        let body = new_dossier(&json!({"channel": "level_4", "receive": null}));
        self.user("portal").request("POST", "/dossiers").key(key).json(&body).send().expect(201)
    }

    /// Records an event and returns the dossier after it.
    #[track_caller]
    pub fn record(&self, username: &str, dossier: &Value, body: &Value) -> Value {
        self.user(username).event(dossier, body).expect(201)["dossier"].clone()
    }

    /// Records the usual form of several events, each by somebody who may.
    #[track_caller]
    pub fn walk(&self, dossier: &Value, kinds: &[&str]) -> Value {
        let mut dossier = dossier.clone();
        for kind in kinds {
            dossier = self.record(recorder(kind), &dossier, &event(kind));
        }
        dossier
    }
}

/// A user of [`AGENCY`] who may record the event.
pub fn recorder(kind: &str) -> &'static str {
    match kind {
        "extended" | "stopped" | "reopened" | "corrected" | "voided" => "leader",
        "finished" => "officer",
        _ => "clerk",
    }
}
