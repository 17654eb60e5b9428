//! Dossiers of every fate, and what else agencies keep, within reach of the staff of [`AGENCY`] and beyond.

use motcua::store::StoreError;
use serde_json::{Value, json};

use crate::authz::places::{self, PARENT, PREDECESSOR};
use crate::exchange::setup;
use crate::factory::{AGENCY, CHILD, FOREIGN, FULL, ON_THE_SPOT, PASSWORD, applicant, user_id};
use crate::harness::{START, TestApp};

/// Another agency of the province.
pub const BESIDE: &str = "H26.7";
/// Lay below [`AGENCY`] until it merged into [`BESIDE`]: cuts of the past still have it there.
pub const DEPARTED: &str = "H26.103.27";

/// What staff of [`AGENCY`] reach.
pub const INSIDE: [(&str, &str); 3] = [("own", AGENCY), ("child", CHILD), ("before", PREDECESSOR)];
/// What they do not.
pub const OUTSIDE: [(&str, &str); 4] = [("above", PARENT), ("beside", BESIDE), ("far", FOREIGN), ("gone", DEPARTED)];

/// When everything outside is recorded; between the inside and the questions.
pub const MEANWHILE: &str = "2026-03-11T08:00:00+07:00";
/// When all questions are asked, the first and the second time.
pub const ASKED: &str = "2026-03-12T09:00:00+07:00";

/// Names that stand in questions as `{name}`.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Of things that are there whether or not anything is outside.
    fixed: Vec<(String, String)>,
    /// Of things outside: before they are there, of nothing.
    outside: Vec<(String, String)>,
}

impl Names {
    pub fn fill(&self, template: &str) -> String {
        let all = self.fixed.iter().chain(&self.outside);
        all.fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The same whatever the things outside are called.
    pub fn blank(&self, text: &str) -> String {
        self.outside.iter().fold(text.to_owned(), |text, (name, value)| text.replace(value, name))
    }

    fn fix(&mut self, name: &str, value: &str) {
        self.fixed.push((name.to_owned(), value.to_owned()));
    }

    fn found(&mut self, name: String, value: &str) {
        match self.outside.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.outside.push((name, value.to_owned())),
        }
    }
}

fn when(text: &str) -> String {
    let (day, time) = text.split_once(' ').expect("day and time");
    format!("2026-{day}T{time}:00+07:00")
}

fn event(kind: &str, at: &str, mut fields: Value) -> Value {
    fields["type"] = kind.into();
    fields["occurred_at"] = when(at).into();
    fields
}

/// A dossier of an agency, as an import has it.
fn line(agency: &str, channel: &str, at: &str, events: Vec<Value>) -> Value {
    let submitted = json!({
        "agency": agency, "procedure": FULL, "channel": channel, "applicant": applicant(),
        "previous": "H26.103-250101-0001", "return_method": "post",
        "components": [{"code": "TP1", "originals": 1, "electronic": true, "signed": true}],
    });
    let mut all = vec![event("submitted", at, submitted)];
    all.extend(events);
    json!({"kind": "dossier", "events": all})
}

fn result(outcome: &str, signed: bool) -> Value {
    json!({"result": {"outcome": outcome, "document": true, "electronic": signed, "signed": signed,
        "number": "KQ-1", "issued_on": "2026-01-22"}})
}

/// One of every fate: each filter and each figure finds some of them.
fn histories(agency: &str) -> Vec<Value> {
    let asked = || json!({"items": [{"component": "TP2", "reason": "thiếu", "legal_basis": "Điều 9", "paper": true}]});
    let full = || {
        json!({"components": [
            {"code": "TP1", "electronic": true, "signed": true, "digitised": true},
            {"code": "TP2", "copies": 1, "digitised": true, "reuse": "national_store"},
        ]})
    };
    let because = || json!({"reason": "không đủ", "legal_basis": "Điều 17", "decision": {"number": "1/QĐ", "date": "2026-01-14"}});
    let received = |at: &str| event("received", at, json!({}));
    let paid = |at: &str, method: &str| {
        event("payment_recorded", at, json!({"amount": 50000, "method": method, "reference": "GD-1"}))
    };
    let mut late = line(agency, "level_4", "01-05 08:00", Vec::new());
    late["events"][0]["assisted"] = true.into();
    let course = vec![
        paid("01-05 08:10", "national_portal"),
        received("01-05 08:30"),
        event("forwarded", "01-05 09:00", json!({"officer": "Trần Thị Bình", "unit": "Tư pháp", "step": "thẩm định"})),
        event("supplement_requested", "01-06 08:00", asked()),
        event("supplemented", "01-07 08:00", full()),
        event("supplement_requested", "01-08 08:00", asked()),
        event("supplemented", "01-09 08:00", full()),
        event("payment_refunded", "01-09 10:00", json!({"payment": 2, "amount": 20000, "reason": "thu thừa"})),
        event(
            "extended",
            "01-12 08:00",
            json!({"new_due": "2026-01-20", "letter": {"number": "XL-1", "issued_on": "2026-01-12"}, "reason": "chờ"}),
        ),
        event("finished", "01-22 10:00", result("granted", true)),
        event("digitised", "01-22 11:00", json!({"target": "result"})),
        event("returned", "01-22 14:00", json!({"method": "post"})),
        event("rated", "01-22 16:00", json!({"overall": 1, "via": "kiosk"})),
    ];
    late["events"].as_array_mut().expect("events").extend(course);
    let spot = vec![
        received("02-05 08:00"),
        event("finished", "02-05 09:00", result("granted", false)),
        event("returned", "02-05 09:30", json!({"method": "counter"})),
    ];
    let mut spot = line(agency, "in_person", "02-05 08:00", spot);
    spot["events"][0]["procedure"] = ON_THE_SPOT.into();
    let mut lines = vec![
        late,
        spot,
        line(
            agency,
            "in_person",
            "01-05 09:00",
            vec![
                paid("01-05 09:05", "cash"),
                received("01-05 09:10"),
                event("finished", "01-08 10:00", result("granted", false)),
                event("reopened", "01-09 08:00", json!({"reason": "sai sót"})),
                event("finished", "01-12 10:00", result("granted", true)),
                event("rated", "01-12 16:00", json!({"overall": 5, "via": "kiosk"})),
            ],
        ),
        line(
            agency,
            "in_person",
            "01-05 10:00",
            vec![
                received("01-05 10:00"),
                event(
                    "withdrawn",
                    "01-12 08:00",
                    json!({"by": "applicant", "evidence": {"kind": "đơn", "reference": "D-12"}}),
                ),
            ],
        ),
        line(
            agency,
            "in_person",
            "01-13 08:00",
            vec![received("01-13 08:00"), event("stopped", "01-14 08:00", because())],
        ),
        line(
            agency,
            "post",
            "01-06 08:00",
            vec![event("refused", "01-06 09:00", json!({"reason": "sai nơi", "legal_basis": "Điều 17"}))],
        ),
        line(agency, "level_4", "01-13 09:00", vec![received("01-13 09:30")]),
        line(
            agency,
            "in_person",
            "01-14 08:00",
            vec![received("01-14 08:00"), event("supplement_requested", "01-15 08:00", asked())],
        ),
        line(
            agency,
            "in_person",
            "01-14 09:00",
            vec![
                received("01-14 09:00"),
                event("payment_requested", "01-15 08:00", json!({"lines": [{"code": "PH9", "amount": 30000}]})),
            ],
        ),
        line(
            agency,
            "post",
            "01-14 10:00",
            vec![received("01-14 10:00"), event("finished", "01-16 10:00", result("rejected", false))],
        ),
        line(
            agency,
            "in_person",
            "02-02 08:00",
            vec![received("02-02 08:00"), event("voided", "02-02 09:00", json!({"reason": "nhập trùng"}))],
        ),
    ];
    // Many online with one phone.
    lines.extend((0..10).map(|i| line(agency, "level_4", &format!("02-04 08:{:02}", i + 10), Vec::new())));
    lines
}

/// Records dossiers of an agency: most by import, one late by people.
fn record(app: &TestApp, agency: &str) {
    let report = setup::import(&app.app, &histories(agency));
    assert_eq!(report.errors, [], "{agency}");
    let late = vec![event("received", "02-06 09:00", json!({}))];
    setup::enter(&app.app, &line(agency, "in_person", "02-06 08:00", late));
}

/// Code and id of a dossier of an agency.
fn some_dossier(app: &TestApp, agency: &str) -> (String, String) {
    let code = setup::codes(&app.app, agency).first().expect("a code").clone();
    let named = code.clone();
    let found = app.app.store.read_blocking::<_, StoreError, _>(move |tx| tx.dossier_by_code(&named));
    (code, found.expect("a read").expect("a dossier").1.0.to_string())
}

fn plan(app: &TestApp, id: &str, agency: &str) {
    let indicators = ["on_time_due", "online_share", "online_payment_transactions", "procedures_with_online"];
    let mut targets: Vec<Value> = indicators
        .iter()
        .map(|id| json!({"key": id, "title": id, "indicator": id, "comparator": ">=", "threshold": "50", "unit": "percent"}))
        .collect();
    targets
        .push(json!({"key": "trained", "title": "Tập huấn", "comparator": ">=", "threshold": "90", "unit": "percent"}));
    let plan = json!({"id": id, "title": "Kế hoạch", "agency": agency, "from": "2026-01-01", "to": "2026-12-31", "targets": targets});
    app.user("overall").post("/plans", &plan).expect(201);
}

/// A declared value, accepted; a frozen report, sealed.
fn keep(app: &TestApp, leader: &str, agency: &str, plan: &str) -> String {
    let value = json!({"agency": agency, "from": "2026-01-01", "to": "2026-12-31", "value": "91",
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-01-05"}]});
    let path = format!("/plans/{plan}/targets/trained/declarations");
    let version = app.user(leader).post(&path, &value).expect(201)["version"].clone();
    let verdict = json!({"agency": agency, "verdict": "accepted"});
    app.user("overall").post(&format!("{path}/{version}/review"), &verdict).expect(201);
    let period = json!({"label": "Quý I", "agency": agency, "report": "06a", "from": "2026-01-01", "to": "2026-03-31",
        "known_at": "2026-03-10T02:00:00Z"});
    let snapshot = app.user(leader).post("/reports/snapshots", &period).expect(201);
    let id = snapshot["id"].as_str().expect("an id").to_owned();
    app.user(leader).request("POST", &format!("/reports/snapshots/{id}/seal")).send().expect(201);
    id
}

fn client(app: &TestApp, admin: &str, agency: &str) -> String {
    let body = json!({"name": format!("Cổng {agency}"), "roles": [{"role": "portal", "agency": agency}]});
    app.user(admin).post("/clients", &body).expect(201)["id"].as_str().expect("an id").to_owned()
}

/// Every dossier and every frozen report, with its agency.
pub fn ids(app: &TestApp) -> Vec<(String, String)> {
    let found = app.app.store.read_blocking::<_, StoreError, _>(|tx| {
        let mut all = Vec::new();
        for (_, agency) in INSIDE.iter().chain(&OUTSIDE) {
            let ids = tx.dossier_ids_after(agency, None, 1000)?.into_iter().chain(tx.snapshot_ids(agency)?);
            all.extend(ids.map(|id| ((*agency).to_owned(), id.0.to_string())));
        }
        Ok(all)
    });
    found.expect("a read")
}

/// What lies within reach; the names of what is outside name nothing yet.
pub fn inside(app: &TestApp) -> Names {
    places::merge(app);
    app.set_clock("2021-01-05T08:00:00+07:00");
    let left = json!({
        "code": DEPARTED, "name": "UBND xã Đã Đi", "level": "commune", "parent": AGENCY, "valid_to": "2026-02-28",
        "successor": BESIDE,
    });
    app.user("overall").post("/agencies", &left).expect(201);
    app.set_clock(START);
    let mut names = Names::default();
    for (name, agency) in INSIDE.iter().chain(&OUTSIDE) {
        names.fix(name, agency);
    }
    for (id, agency) in [("lam-2026", AGENCY), ("tinh-2026", PARENT), ("xa-2026", FOREIGN)] {
        plan(app, id, agency);
    }
    for (name, agency) in INSIDE {
        record(app, agency);
        let (code, id) = some_dossier(app, agency);
        names.fix(&format!("{name}.code"), &code);
        names.fix(&format!("{name}.id"), &id);
    }
    let submitted = app.submitted_online("portal");
    names.fix("portal.id", submitted["id"].as_str().expect("an id"));
    // Looks leave their rows in the access log.
    names.fix("reader", &format!("user:{}", user_id("overall")));
    let body = json!({"phone": "0912345678", "agency": AGENCY});
    app.user("clerk").post("/dossiers/search", &body).expect(200);
    app.user("clerk").get(&names.fill("/dossiers/{own.code}")).expect(200);
    app.set_clock("2026-03-10T10:00:00+07:00");
    names.fix("own.snapshot", &keep(app, "leader2", AGENCY, "lam-2026"));
    names.fix("child.snapshot", &keep(app, "leader.child", CHILD, "lam-2026"));
    names.fix("own.client", &client(app, "admin", AGENCY));
    names.fix("own.user", &user_id("clerk2").to_string());
    let calendar = app.user("admin").get("/calendar").expect(200);
    let apply = format!("/calendar/{}/apply", calendar["version"].as_str().expect("a version"));
    let job = app.user("admin").request("POST", &apply).send().expect(202);
    names.fix("job", job["id"].as_str().expect("an id"));
    for (i, (name, agency)) in OUTSIDE.iter().enumerate() {
        names.found(format!("{name}.code"), &format!("{agency}-260101-999{i}"));
        for (j, thing) in ["id", "snapshot", "client", "user"].iter().enumerate() {
            names.found(format!("{name}.{thing}"), &format!("01990000-0000-7000-8000-0000000000{i}{j}"));
        }
    }
    names
}

/// A dossier of a procedure of which nothing lies within reach.
fn of_another_procedure(agency: &str) -> Value {
    let fees = json!({"fees": [{"code": "LP2", "amount": 10000}]});
    let paid = json!({"amount": 10000, "method": "national_portal", "reference": "GD-2"});
    let course = vec![event("received", "01-20 08:10", fees), event("payment_recorded", "01-20 08:20", paid)];
    let mut line = line(agency, "level_4", "01-20 08:00", course);
    line["events"][0]["procedure"] = "1.004873".into();
    line
}

/// What lies beyond, recorded before the questions are asked again.
pub fn outside(app: &TestApp, names: &mut Names) {
    app.set_clock(MEANWHILE);
    for (name, agency) in OUTSIDE {
        record(app, agency);
        assert_eq!(setup::import(&app.app, &[of_another_procedure(agency)]).errors, [], "{agency}");
        let (code, id) = some_dossier(app, agency);
        names.found(format!("{name}.code"), &code);
        names.found(format!("{name}.id"), &id);
        let look = app.user("overall").request("GET", &format!("/dossiers/{code}"));
        look.header("Purpose", "complaint of a citizen").send().expect(200);
        names.found(format!("{name}.client"), &client(app, "overall", agency));
        let body = json!({"username": format!("u.{name}"), "display_name": "Cán bộ", "password": PASSWORD,
            "roles": [{"role": "clerk", "agency": agency}]});
        let user = app.user("overall").post("/users", &body).expect(201);
        names.found(format!("{name}.user"), user["id"].as_str().expect("an id"));
    }
    let kept = [
        ("above", "leader.above", PARENT, "tinh-2026"),
        ("beside", "leader.beside", BESIDE, "tinh-2026"),
        ("far", "leader.far", FOREIGN, "xa-2026"),
        ("gone", "leader.beside", DEPARTED, "tinh-2026"),
    ];
    for (name, leader, agency, plan) in kept {
        names.found(format!("{name}.snapshot"), &keep(app, leader, agency, plan));
    }
    let body = crate::factory::new_dossier(&json!({"agency": FOREIGN, "channel": "level_4", "receive": null}));
    app.user("portal.far").request("POST", "/dossiers").key("far").json(&body).send().expect(201);
}
