//! The API document: current, sound, and served as it is committed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::repository;
use crate::harness::TestApp;

on_both!(served_as_committed);

/// Operations without a token.
const OPEN: [&str; 6] = [
    "get /healthz",
    "get /readyz",
    "get /.well-known/jwks.json",
    "post /oauth/token",
    "post /oauth/revoke",
    "get /api/v1/deadlines",
];

fn committed() -> String {
    std::fs::read_to_string(repository("openapi.yaml")).unwrap_or_default()
}

/// `method path` and the operation.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Every object of a document, with its place.
fn walk(value: &Value, place: &str, visit: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            visit(place, map);
            map.iter().for_each(|(key, value)| walk(value, &format!("{place}/{key}"), visit));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| walk(value, &format!("{place}/{i}"), visit));
        }
        _ => {}
    }
}

fn document() -> Value {
    serde_json::to_value(motcua::http::openapi::document()).expect("a document")
}

/// `UPDATE_OPENAPI=1 cargo test openapi` writes it.
#[test]
fn the_committed_document_is_current() {
    let current = motcua::http::openapi::yaml();
    if std::env::var("UPDATE_OPENAPI").is_ok_and(|value| value == "1") {
        std::fs::write(repository("openapi.yaml"), &current).expect("openapi.yaml can be written");
    }
    assert!(committed() == current, "openapi.yaml is stale: UPDATE_OPENAPI=1 cargo test openapi");
    assert!(current.starts_with("openapi: 3.1.0\n"));
    let read: Value = serde_norway::from_str(&current).expect("YAML");
    assert_eq!(read, document(), "what is quoted for old readers changes nothing");
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let operations = operations(&document);
    assert!(operations.len() > 40, "{}", operations.len());
    let mut ids = BTreeSet::new();
    for (name, operation) in &operations {
        let tagged = operation["tags"].as_array().is_some_and(|tags| !tags.is_empty());
        assert!(tagged, "{name}: no tag");
        let said = !text(operation, "summary").is_empty() || !text(operation, "description").is_empty();
        assert!(said, "{name}: neither summary nor description");
        let id = text(operation, "operationId");
        assert!(!id.is_empty() && ids.insert(id.to_owned()), "{name}: operationId {id:?} is empty or taken");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}: no success");
        for (status, response) in responses {
            assert!(!text(response, "description").is_empty(), "{name} {status}: no description");
        }
        let empty = Vec::new();
        for parameter in operation["parameters"].as_array().unwrap_or(&empty) {
            let known = ["path", "query", "header"].contains(&text(parameter, "in"));
            assert!(known && !text(parameter, "name").is_empty(), "{name}: {parameter}");
        }
        let path = name.split_once(' ').expect("a path").1;
        let named: BTreeSet<&str> = path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty).iter();
        let given: BTreeSet<&str> =
            parameters.filter(|parameter| parameter["in"] == "path").map(|parameter| text(parameter, "name")).collect();
        assert_eq!(named, given, "{name}: path parameters");
    }
}

#[test]
fn every_operation_but_a_few_wants_a_token() {
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let mut open = Vec::new();
    for (name, operation) in operations(&document) {
        let schemes = operation["security"].as_array().cloned().unwrap_or_default();
        if schemes.is_empty() {
            open.push(name);
        } else {
            assert!(schemes.iter().all(|scheme| scheme.get("bearer").is_some()), "{name}: {schemes:?}");
            assert!(operation["responses"]["401"].is_object(), "{name}: 401 is not among its answers");
        }
    }
    open.sort();
    let mut expected = OPEN.to_vec();
    expected.sort_unstable();
    assert_eq!(open, expected);
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let mut count = 0;
    walk(&document, "", &mut |place, map| {
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
            assert!(target.is_some(), "{place}: {reference}");
            count += 1;
        }
    });
    assert!(count > 100, "{count}");
}

/// A schema that allows no further fields, combined by `allOf` with one that has some, allows nothing.
#[test]
fn no_closed_schema_is_combined() {
    let document = document();
    walk(&document, "", &mut |place, map| {
        for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let target = part["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
            let schema = target.unwrap_or(part);
            assert!(schema["additionalProperties"] != false, "{place}: {part}");
        }
    });
}

/// As they go over the wire, not as they are called in the code.
#[test]
fn words_of_closed_lists_are_those_of_the_wire() {
    let document = document();
    let mut count = 0;
    walk(&document["components"], "", &mut |place, map| {
        for word in map.get("enum").and_then(Value::as_array).into_iter().flatten() {
            let word = word.as_str().expect("a word");
            assert!(!word.is_empty() && !word.chars().any(char::is_uppercase), "{place}: {word}");
            count += 1;
        }
    });
    assert!(count > 100, "{count}");
    let of = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    assert_eq!(of("Channel"), serde_json::json!(["in_person", "post", "level_3", "level_4"]));
    assert_eq!(of("CorrectedField")[3], "payment.method");
}

fn served_as_committed(app: &TestApp) {
    let yaml = app.anonymous().get("//openapi.yaml");
    assert_eq!(yaml.status, 200);
    assert!(yaml.text == motcua::http::openapi::yaml());
    assert!(yaml.header("content-type").is_some_and(|kind| kind.contains("yaml")), "{:?}", yaml.headers);
    let json = app.anonymous().get("//openapi.json");
    assert_eq!(json.expect(200), document());
    let docs = app.anonymous().get("//docs/");
    assert_eq!(docs.status, 200);
    assert!(docs.text.contains("swagger-ui"), "{}", docs.text);
    let start = app.anonymous().get("//docs/swagger-initializer.js");
    assert!(start.status == 200 && start.text.contains("/openapi.json"), "{}", start.text);
    // The redirect from /docs is followed by the client.
    assert_eq!(app.anonymous().get("//docs").status, 200);
}

/// Of two types with one name the document would describe only one, and the other's answers by it.
#[test]
fn schemas_have_names_of_their_own() {
    let mut names: Vec<String> = Vec::new();
    for (_, text) in super::files("src", "rs") {
        let mut derived = false;
        let mut named = None;
        for line in text.lines() {
            let line = line.trim_start();
            if line.starts_with("#[derive(") && line.contains("ToSchema") {
                (derived, named) = (true, None);
            }
            if let Some((_, rest)) = line.split_once("schema(as = ") {
                named = Some(rest.trim_end_matches([')', ']']).to_owned());
            }
            let item = ["pub struct ", "pub enum ", "struct ", "enum "].iter().find_map(|word| line.strip_prefix(word));
            if let (true, Some(item)) = (derived, item) {
                let own = || item.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                names.push(named.take().unwrap_or_else(own));
                derived = false;
            }
        }
    }
    assert!(names.len() > 100, "{} types are described", names.len());
    names.sort();
    let twice: Vec<&String> = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert_eq!(twice, Vec::<&String>::new(), "schemas that share a name");
}
