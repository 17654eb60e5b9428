//! A sound request for each operation, at a place.

use serde_json::{Value, json};

use crate::factory::{self, AGENCY, CHILD, FULL, PASSWORD, event, user_id};
use crate::harness::{Answer, Client, TestApp, escaped};

/// What the request is about.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    pub place: &'a str,
    pub operation: &'static str,
}

/// A request without its method and sender.
pub struct Ask {
    path: String,
    version: Option<i64>,
    content: Option<(&'static str, String)>,
}

impl Ask {
    fn at(path: String) -> Self {
        Self { path, version: None, content: None }
    }

    fn body(self, body: &Value) -> Self {
        Self { content: Some(("application/json", body.to_string())), ..self }
    }

    fn version(self, version: &Value) -> Self {
        Self { version: version.as_i64(), ..self }
    }

    /// With a key of its own: portals have to send one.
    pub fn send(self, client: Client<'_>, method: &'static str, place: &str) -> Answer {
        let mut request = client.request(method, &format!("/{}", self.path)).key(&format!("{place}: {}", self.path));
        if let Some(version) = self.version {
            request = request.version(version);
        }
        match self.content {
            Some((kind, text)) => request.header("Content-Type", kind).bytes(text.into_bytes()).send(),
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
        self.app.create(&json!({"agency": self.place}))
    }
}

pub fn path(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.operation.to_owned())
}

pub fn of_agency(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?agency={}", scene.operation, scene.place))
}

pub fn sign_in(_: &Scene<'_>) -> Ask {
    let form = format!("grant_type=password&username=clerk&password={}", escaped(PASSWORD));
    Ask { content: Some(("application/x-www-form-urlencoded", form)), ..Ask::at("/oauth/token".to_owned()) }
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
        _ => "clerk.far",
    }
}

pub fn user(scene: &Scene<'_>) -> Ask {
    Ask::at(scene.fill(&user_id(somebody(scene)).to_string()))
}

pub fn changed_user(scene: &Scene<'_>) -> Ask {
    let id = motcua::store::sql_types::Id(user_id(somebody(scene)));
    let row = scene.app.app.store.read_blocking(|tx| tx.user_by_id(id)).expect("a read").expect("a user");
    let roles: Value = serde_json::from_str(&row.roles).expect("roles");
    user(scene)
        .version(&json!(row.revision))
        .body(&json!({"display_name": scene.unique(), "roles": roles, "active": true}))
}

pub fn changed_calendar(scene: &Scene<'_>) -> Ask {
    let mut body = scene.seen("/calendar");
    let revision = body["revision"].clone();
    factory::merge(&mut body, &json!({"revision": null, "version": scene.unique()}));
    path(scene).version(&revision).body(&body)
}

pub fn calculator(scene: &Scene<'_>) -> Ask {
    Ask::at(format!("{}?procedure={FULL}&received_at=2026-03-10T08:00:00%2B07:00", scene.operation))
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

pub fn import(scene: &Scene<'_>) -> Ask {
    Ask { content: Some(("application/x-ndjson", "\n".to_owned())), ..path(scene) }
}
