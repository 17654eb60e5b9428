//! A sound request for each operation, at a place.

use motcua::store::sign_in::{ClientRow, SecretRow};
use motcua::store::sql_types::Id;
use serde_json::{Value, json};

use super::places::{BEFORE_THE_MERGER, PARENT, PREDECESSOR};
use crate::factory::{self, AGENCY, CHILD, FOREIGN, FULL, PASSWORD, event, user_id};
use crate::harness::{Answer, Client, TestApp, escaped};

/// What the request is about.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    pub place: &'a str,
    pub operation: &'static str,
}

/// A request without its method and sender.
#[derive(Clone)]
pub struct Ask {
    path: String,
    version: Option<i64>,
    content: Option<(&'static str, String)>,
    /// Default: one made of place and path.
    key: Option<String>,
    /// Why personal data are wanted.
    purpose: Option<&'static str>,
}

impl Ask {
    fn at(path: String) -> Self {
        Self { path, version: None, content: None, key: None, purpose: None }
    }

    fn body(self, body: &Value) -> Self {
        Self { content: Some(("application/json", body.to_string())), ..self }
    }

    /// Its body, if it has one in JSON.
    pub fn json(&self) -> Option<Value> {
        let (kind, text) = self.content.as_ref()?;
        (*kind == "application/json").then(|| serde_json::from_str(text).expect("JSON"))
    }

    /// The same with another body.
    pub fn with(&self, body: &Value) -> Self {
        self.clone().body(body)
    }

    fn version(self, version: &Value) -> Self {
        Self { version: version.as_i64(), ..self }
    }

    /// With a key of its own: portals have to send one.
    pub fn send(&self, client: Client<'_>, method: &'static str, place: &str) -> Answer {
        let key = self.key.clone().unwrap_or_else(|| format!("{place}: {}", self.path));
        let mut request = client.request(method, &format!("/{}", self.path)).key(&key);
        if let Some(version) = self.version {
            request = request.version(version);
        }
        if let Some(purpose) = self.purpose {
            request = request.header("Purpose", purpose);
        }
        match &self.content {
            Some((kind, text)) => request.header("Content-Type", kind).bytes(text.clone().into_bytes()).send(),
            None => request.send(),
        }
    }
}

impl Scene<'_> {
    fn fill(&self, name: &str) -> String {
        let open = self.operation.find('{').expect("a parameter");
        let close = self.operation.find('}').expect("a parameter");
        format!("{}{name}{}", &self.operation[..open], &self.operation[close + 1..])
    }

    /// A document as an admin of the province sees it.
    fn seen(&self, path: &str) -> Value {
        self.app.user("admin.province").get(path).expect(200)
    }

    /// Something that has not been used in this test.
    fn unique(&self) -> String {
        self.app.clock.new_id().simple().to_string()
    }

    fn dossier(&self) -> Value {
        match self.place {
            PREDECESSOR => entered_late(self.app, PREDECESSOR),
            place => self.app.create(&json!({"agency": place})),
        }
    }
}

/// A merged agency takes no more dossiers: what came in before is entered late, by its successor.
pub fn entered_late(app: &TestApp, agency: &str) -> Value {
    let with = json!({"agency": agency, "occurred_at": BEFORE_THE_MERGER, "late_entry_reason": "sáp nhập"});
    app.user("clerk").post("/dossiers", &factory::new_dossier(&with)).expect(201)
}

pub fn path(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.operation.to_owned())
}

pub fn of_agency(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?agency={}", scene.operation, scene.place))
}

pub fn diff(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?agency={}&since=2026-03-01T00:00:00Z", scene.operation, scene.place))
}

fn period(scene: &Scene<'_>) -> Value {
    json!({
        "label": "Quý I", "agency": scene.place, "report": "06a", "from": "2026-01-01", "to": "2026-03-31",
        "known_at": "2026-03-09T00:00:00Z",
    })
}

pub fn new_snapshot(scene: &Scene<'_>) -> Ask {
    path(scene).body(&period(scene))
}

/// A leader of the place.
fn leader_there(scene: &Scene<'_>) -> &'static str {
    match scene.place {
        AGENCY | PREDECESSOR => "leader2",
        CHILD => "leader.child",
        PARENT => "leader.above",
        _ => "leader.far",
    }
}

fn frozen(scene: &Scene<'_>) -> String {
    let answer = scene.app.user(leader_there(scene)).post("/reports/snapshots", &period(scene)).expect(201);
    answer["id"].as_str().expect("an id").to_owned()
}

pub fn snapshot(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&frozen(scene)))
}

/// Sealed by a leader of the place.
pub fn sealed(scene: &Scene<'_>) -> Ask {
    let id = frozen(scene);
    let seal = format!("/reports/snapshots/{id}/seal");
    scene.app.user(leader_there(scene)).request("POST", &seal).send().expect(201);
    Ask::at(scene.fill(&id))
}

pub fn sign_in(_: &Scene<'_>) -> Ask {
    let form = format!("grant_type=password&username=clerk&password={}", escaped(PASSWORD));
    Ask { content: Some(("application/x-www-form-urlencoded", form)), ..Ask::at("/oauth/token".to_owned()) }
}

pub fn sign_out(_: &Scene<'_>) -> Ask {
    let form = "token=unknown".to_owned();
    Ask { content: Some(("application/x-www-form-urlencoded", form)), ..Ask::at("/oauth/revoke".to_owned()) }
}

pub fn own_password(scene: &Scene<'_>) -> Ask {
    path(scene).body(&json!({"current_password": PASSWORD, "new_password": PASSWORD}))
}

pub fn new_agency(scene: &Scene<'_>) -> Ask {
    let number = u32::from_str_radix(&scene.unique()[28..], 16).unwrap_or(0) % 9000 + 1000;
    let code = format!("{}.{number}", scene.place);
    path(scene).body(&json!({"code": code, "name": "Đơn vị mới", "level": "commune", "parent": scene.place}))
}

pub fn agency(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(scene.place))
}

pub fn changed_agency(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen(&format!("/agencies/{}", scene.place));
    let revision = body["revision"].clone();
    factory::merge(&mut body, &json!({"revision": null, "effective_from": null, "name": scene.unique()}));
    agency(scene).version(&revision).body(&body)
}

pub fn new_procedure(scene: &Scene<'_>) -> Ask {
    path(scene).body(&json!({
        "code": format!("9.{}", scene.unique()), "name": "Thủ tục mới", "field": "Khác", "levels": ["commune"],
        "service_level": "full", "processing_time": {"amount": 3, "unit": "working_days"},
    }))
}

pub fn procedure(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(FULL))
}

pub fn changed_procedure(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen(&format!("/procedures/{FULL}"));
    let revision = body["revision"].clone();
    factory::merge(&mut body, &json!({"revision": null, "name": scene.unique(), "effective_from": "2026-03-10"}));
    procedure(scene).version(&revision).body(&body)
}

pub fn new_user(scene: &Scene<'_>) -> Ask {
    path(scene).body(&json!({
        "username": format!("u{}", scene.unique()), "display_name": "Người mới", "password": PASSWORD,
        "roles": [{"role": "officer", "agency": scene.place}],
    }))
}

fn somebody(scene: &Scene<'_>) -> &'static str {
    match scene.place {
        AGENCY => "clerk2",
        CHILD => "clerk.child",
        PARENT => "clerk.above",
        PREDECESSOR => "clerk.before",
        _ => "clerk.far",
    }
}

pub fn user(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&user_id(somebody(scene)).to_string()))
}

pub fn changed_user(scene: &Scene<'_>) -> Ask {
    let id = Id(user_id(somebody(scene)));
    let row = scene.app.app.store.read_blocking(|tx| tx.user_by_id(id)).expect("a read").expect("a user");
    let roles: Value = serde_json::from_str(&row.roles).expect("roles");
    user(scene)
        .version(&json!(row.revision))
        .body(&json!({"display_name": scene.unique(), "roles": roles, "active": true}))
}

pub fn new_client(scene: &Scene<'_>) -> Ask {
    path(scene).body(&json!({"name": scene.unique(), "roles": [{"role": "portal", "agency": scene.place}]}))
}

/// A client of the place, and its secret.
fn some_client(scene: &Scene<'_>) -> (ClientRow, SecretRow) {
    let clock = scene.app.clock.clone();
    let row = ClientRow {
        id: Id(clock.new_id()),
        name: scene.unique(),
        roles: json!([{"role": "portal", "agency": scene.place}]).to_string(),
        active: true,
        revision: 1,
        stamp: 1,
        created_at: 0,
    };
    let secret = motcua::app::clients::new_secret(&clock, row.id).row;
    let (client, its_secret) = (row.clone(), secret.clone());
    let stored = scene.app.app.store.write_blocking::<_, motcua::app::AppError, _>("", move |tx| {
        tx.client_insert(&client)?;
        Ok(tx.secret_insert(&its_secret)?)
    });
    stored.expect("a client");
    (row, secret)
}

pub fn client(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&some_client(scene).0.id.0.to_string()))
}

pub fn changed_client(scene: &Scene<'_>) -> Ask {
    let roles = json!([{"role": "portal", "agency": scene.place}]);
    client(scene).version(&json!(1)).body(&json!({"name": scene.unique(), "roles": roles, "active": true}))
}

pub fn new_secret(scene: &Scene<'_>) -> Ask {
    client(scene).body(&json!({}))
}

pub fn client_secret(scene: &Scene<'_>) -> Ask {
    let (client, secret) = some_client(scene);
    Ask::at(scene.fill(&client.id.0.to_string()).replace("{secret}", &secret.id.0.to_string()))
}

pub fn changed_calendar(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen("/calendar");
    let revision = body["revision"].clone();
    factory::merge(&mut body, &json!({"revision": null, "version": scene.unique()}));
    path(scene).version(&revision).body(&body)
}

pub fn calendar_preview(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen("/calendar");
    factory::merge(&mut body, &json!({"revision": null, "version": scene.unique()}));
    of_agency(scene).body(&body)
}

fn calendar_version(scene: &Scene<'_>) -> String {
    scene.seen("/calendar")["version"].as_str().expect("a version").to_owned()
}

pub fn calendar_apply(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&calendar_version(scene)))
}

/// A job that nobody works on.
pub fn job(scene: &Scene<'_>) -> Ask {
    let path = format!("/calendar/{}/apply", calendar_version(scene));
    let job = scene.app.user("admin.province").request("POST", &path).send().expect(202);
    Ask::at(scene.fill(job["id"].as_str().expect("an id")))
}

pub fn calculator(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?procedure={FULL}&received_at=2026-03-10T08:00:00%2B07:00", scene.operation))
}

/// Auditors say why.
pub fn search(scene: &Scene<'_>) -> Ask {
    let purpose = Some("complaint of a citizen");
    Ask { purpose, ..path(scene) }.body(&json!({"agency": scene.place, "phone": "0912345678"}))
}

pub fn new_dossier(scene: &Scene<'_>) -> Ask {
    path(scene).body(&factory::new_dossier(&json!({"agency": scene.place, "receive": null})))
}

pub fn dossier(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(scene.dossier()["code"].as_str().expect("a code")))
}

pub fn new_event(scene: &Scene<'_>) -> Ask {
    dossier(scene).version(&json!(2)).body(&event("forwarded"))
}

fn some_plan(scene: &Scene<'_>) -> String {
    let plans = scene.seen("/plans");
    plans["items"][0]["id"].as_str().expect("the shipped plans").to_owned()
}

pub fn plan(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&some_plan(scene)))
}

pub fn new_plan(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen("/plans")["items"][0].clone();
    factory::merge(&mut body, &json!({"id": format!("p-{}", scene.unique()), "agency": scene.place}));
    path(scene).body(&body)
}

pub fn scorecard(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?agency={}", scene.fill(&some_plan(scene)), scene.place))
}

/// Below a target without an indicator, of a plan of the province.
fn below_target(scene: &Scene<'_>) -> String {
    let plan = json!({
        "id": "tinh-2026", "title": "Kế hoạch tỉnh", "agency": "H26", "from": "2026-01-01", "to": "2026-12-31",
        "targets": [{"key": "trained", "title": "Tập huấn", "comparator": ">=", "threshold": "90", "unit": "percent"}],
    });
    scene.app.user("admin.province").post("/plans", &plan).expect(201);
    scene.operation.replace("{id}", "tinh-2026").replace("{key}", "trained")
}

fn declared(agency: &str) -> Value {
    json!({"agency": agency, "from": "2026-01-01", "to": "2026-12-31", "value": "91",
        "evidence": [{"kind": "document", "number": "1/BC", "date": "2026-01-05"}]})
}

pub fn declaration(scene: &Scene<'_>) -> Ask {
    // Under a key of its own each time: the same body twice is one declaration.
    let mut body = declared(scene.place);
    body["note"] = scene.unique().into();
    Ask { key: Some(scene.unique()), ..Ask::at(below_target(scene)).body(&body) }
}

pub fn declarations(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?agency={}", below_target(scene), scene.place))
}

/// Of what somebody else has declared there.
pub fn review(scene: &Scene<'_>) -> Ask {
    let path = below_target(scene);
    // The plan is one of the province's agencies only.
    let leader = Some(leader_there(scene)).filter(|_| scene.place != FOREIGN);
    let version = leader.map(|leader| {
        let path = path.trim_end_matches("/{version}/review");
        let path = path.strip_prefix("/api/v1").expect("below the API");
        scene.app.user(leader).post(path, &declared(scene.place)).expect(201)["version"].to_string()
    });
    let path = path.replace("{version}", version.as_deref().unwrap_or("1"));
    Ask::at(path).body(&json!({"agency": scene.place, "verdict": "accepted"}))
}

pub fn import(scene: &Scene<'_>) -> Ask {
    Ask { content: Some(("application/x-ndjson", "\n".to_owned())), ..path(scene) }
}
