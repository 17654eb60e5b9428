//! What runs the program, rather than uses it.

use crate::harness::TestApp;

on_both!(health_and_documents_are_served);

fn health_and_documents_are_served(app: &TestApp) {
    assert_eq!(app.anonymous().get("//healthz").expect(200)["status"], "ok");
    assert_eq!(app.anonymous().get("//readyz").expect(200)["status"], "ok");
    let json = app.anonymous().get("//openapi.json").expect(200);
    assert_eq!(json["openapi"], "3.1.0");
    let yaml = app.anonymous().get("//openapi.yaml");
    assert_eq!(yaml.status, 200);
    assert!(yaml.text.starts_with("openapi: 3.1.0"));
    let docs = app.anonymous().get("//docs/");
    assert_eq!(docs.status, 200);
    assert!(docs.text.contains("<html"), "{}", docs.text);
}
