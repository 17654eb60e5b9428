//! Mass assignment: every body of the document, with every field that is none of the caller's business, is refused by
//! name. A body that is not tried fails the test.

use std::collections::BTreeSet;

use motcua::domain::event::EventType;
use motcua::http::openapi::document;
use serde_json::{Value, json};

use super::asks::{Ask, Scene};
use super::table::{CALLERS, OPERATIONS, Operation};
use crate::factory::{AGENCY, PASSWORD, event};
use crate::harness::{self, Answer, TestApp};

/// What somebody would like to decide who may not.
const WISHES: [&str; 26] = [
    "id",
    "agency_id",
    "tenant",
    "owner",
    "role",
    "is_admin",
    "admin",
    "permissions",
    "scope",
    "actor",
    "created_by",
    "created_at",
    "recorded_at",
    "recorded_by",
    "submitted_by",
    "declared_by",
    "code",
    "state",
    "status",
    "version",
    "revision",
    "stamp",
    "seq",
    "password_hash",
    "secret_hash",
    "__proto__",
];

/// Bodies that are no JSON: forms ignore what they do not know (RFC 6749, 3.2), imports are tried line by line.
const NO_JSON: [&str; 3] = ["POST /oauth/token", "POST /oauth/revoke", "POST /api/v1/imports"];

/// Fields that have another name too, which the document does not show.
const ALIASES: [&str; 1] = ["calendar_version"];

/// Names of a schema's properties, those of its parts included.
fn properties(document: &Value, schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..])) {
        return properties(document, target, names);
    }
    names.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
    for combined in ["allOf", "oneOf", "anyOf"] {
        for part in schema[combined].as_array().into_iter().flatten() {
            properties(document, part, names);
        }
    }
}

/// A documented operation with a body.
struct Body {
    name: String,
    /// Fields that the caller may send.
    known: BTreeSet<String>,
    /// Fields that come back.
    shown: BTreeSet<String>,
}

fn bodies() -> Vec<Body> {
    let document = serde_json::to_value(document()).expect("a document");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if operation["requestBody"].is_null() {
                continue;
            }
            let (mut known, mut shown) = (BTreeSet::new(), BTreeSet::new());
            let json = |content: &Value| content["application/json"]["schema"].clone();
            properties(&document, &json(&operation["requestBody"]["content"]), &mut known);
            for (status, response) in operation["responses"].as_object().expect("responses") {
                if status.starts_with('2') {
                    properties(&document, &json(&response["content"]), &mut shown);
                }
            }
            found.push(Body { name: format!("{} {path}", method.to_uppercase()), known, shown });
        }
    }
    found
}

/// Fields of one event beside `type`, as the document has them.
fn of_event(kind: &str) -> BTreeSet<String> {
    let document = serde_json::to_value(document()).expect("a document");
    let variants = document["components"]["schemas"]["Payload"]["oneOf"].as_array().expect("events");
    let own = variants.iter().find(|variant| variant.to_string().contains(&format!("\"{kind}\"")));
    let mut names = BTreeSet::from(["occurred_at".to_owned(), "late_entry_reason".to_owned()]);
    properties(&document, own.expect("a variant"), &mut names);
    names
}

/// Who may do it at their own agency.
fn somebody(app: &TestApp, operation: &Operation) -> (Ask, &'static str) {
    let expected = operation.expected(0).expect("a line");
    let place = expected.iter().position(|status| (200..300).contains(status)).expect("somebody may");
    let scene = Scene { app, place: AGENCY, operation: operation.path };
    ((operation.ask)(&scene), CALLERS[place])
}

fn refused(answer: &Answer, field: &str, what: &str) -> Option<String> {
    let named = answer.json()["errors"].as_array().is_some_and(|errors| {
        errors.iter().any(|error| {
            let code = error["code"].as_str().unwrap_or_default();
            ["unknown_field", "read_only"].contains(&code) && error.to_string().contains(field)
        })
    });
    (answer.status != 422 || !named).then(|| format!("{what} with {field}: {} {}", answer.status, answer.text))
}

/// Pointers of the objects inside a body.
fn inner(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if !pointer.is_empty() {
                found.push(pointer.to_owned());
            }
            map.iter().for_each(|(key, value)| inner(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(list) => {
            list.iter().take(1).for_each(|value| inner(value, &format!("{pointer}/0"), found));
        }
        _ => {}
    }
}

/// Everything that is taken in spite of a foreign field.
fn taken(sound: &Value, fields: &BTreeSet<String>, what: &str, send: &dyn Fn(&Value) -> Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    for field in fields {
        let mut body = sound.clone();
        body[field] = json!("1");
        wrong.extend(refused(&send(&body), field, what));
    }
    let mut places = Vec::new();
    inner(sound, "", &mut places);
    for place in places {
        let mut body = sound.clone();
        body.pointer_mut(&place).expect("an object")["is_admin"] = json!(true);
        wrong.extend(refused(&send(&body), "is_admin", &format!("{what} {place}")));
    }
    wrong
}

pub fn no_body_takes_a_foreign_field(app: &TestApp) {
    let mut wrong = Vec::new();
    for Body { name, known, shown } in bodies() {
        if NO_JSON.contains(&name.as_str()) {
            continue;
        }
        let operation = OPERATIONS.iter().find(|operation| format!("{} {}", operation.method, operation.path) == name);
        let operation = operation.unwrap_or_else(|| panic!("{name} is not in the table of operations"));
        let (ask, caller) = somebody(app, operation);
        let sound = ask.json().unwrap_or_else(|| panic!("{name}: its question in tests/it/authz/asks.rs has no body"));
        let wishes = WISHES.iter().map(|name| (*name).to_owned());
        let foreign = |field: &String| !known.contains(field) && !ALIASES.contains(&field.as_str());
        let fields: BTreeSet<String> = wishes.chain(shown).filter(foreign).collect();
        assert!(fields.len() > 15, "{name}: {fields:?}");
        let send = |body: &Value| ask.with(body).send(app.user(caller), operation.method, "own");
        wrong.extend(taken(&sound, &fields, &name, &send));
        // It was nothing else that was wrong with it.
        let done = send(&sound);
        if !(200..300).contains(&done.status) {
            wrong.push(format!("{name} without any: {} {}", done.status, done.text));
        }
    }
    assert!(wrong.is_empty(), "{} were taken:\n{}", wrong.len(), wrong.join("\n"));
}

pub fn no_event_takes_a_foreign_field(app: &TestApp) {
    let dossier = app.received();
    let mut wrong = Vec::new();
    let mut kinds = 0;
    for kind in EventType::ALL.iter().map(|kind| kind.as_str()) {
        if ["submitted", "deadline_recomputed"].contains(&kind) {
            continue;
        }
        let known = of_event(kind);
        let decided = EventType::parse(kind).expect("a kind").decided_fields();
        let wishes = WISHES.iter().chain(decided).map(|name| (*name).to_owned());
        let fields = wishes.filter(|field| decided.contains(&field.as_str()) || !known.contains(field)).collect();
        wrong.extend(taken(&event(kind), &fields, kind, &|body| app.user("everything").event(&dossier, body)));
        kinds += 1;
    }
    assert_eq!(kinds, 18);
    assert!(wrong.is_empty(), "{} were taken:\n{}", wrong.len(), wrong.join("\n"));
    let path = format!("/dossiers/{}", dossier["code"].as_str().expect("a code"));
    assert_eq!(app.user("clerk").get(&path).expect(200)["version"], dossier["version"], "nothing was recorded");
}

/// A form cannot say who somebody is, and a line of an import not who recorded it.
pub fn no_form_or_line_takes_a_foreign_field(app: &TestApp) {
    let wishes: String = WISHES.iter().map(|name| format!("&{name}=admin")).collect();
    let form =
        format!("grant_type=password&username=clerk&password={}{wishes}&roles=admin", harness::escaped(PASSWORD));
    let token = harness::form(app, &form).expect(200)["access_token"].as_str().expect("a token").to_owned();
    let me =
        app.anonymous().request("GET", "/me").header("Authorization", &format!("Bearer {token}")).send().expect(200);
    assert_eq!(me["roles"], json!([{"role": "clerk", "agency": AGENCY}]));
    harness::form_at(app, "//oauth/revoke", &format!("token={token}{wishes}")).expect(200);

    let submitted = json!({
        "type": "submitted", "occurred_at": "2026-02-02T08:00:00+07:00", "agency": AGENCY,
        "procedure": crate::factory::FULL, "channel": "in_person", "applicant": crate::factory::applicant(),
        "components": [{"code": "TP1", "originals": 1}],
    });
    let mut lines = Vec::new();
    for wish in WISHES {
        let mut line = json!({"kind": "dossier", "events": [submitted]});
        line[wish] = json!("1");
        lines.push(line);
        let mut line = json!({"kind": "dossier", "events": [submitted]});
        line["events"][0][wish] = json!("1");
        lines.push(line);
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let request = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    let report = request.bytes(text.into_bytes()).send().expect(200);
    assert_eq!((&report["created"], &report["failed"]), (&json!(0), &json!(lines.len())), "{report}");
    for (error, line) in report["errors"].as_array().expect("errors").iter().zip(&lines) {
        assert_eq!(error["code"], "unknown_field", "{error} of {line}");
    }
}
