//! The OpenAPI document: generated from the routes, committed, compared by a test.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Schema,
};
use utoipa_actix_web::AppExt;

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut api) =
        actix_web::App::new().into_utoipa_app().openapi(base()).configure(super::routes).split_for_parts();
    let components = api.components.get_or_insert_with(Default::default);
    let bearer = SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    components.add_security_scheme("bearer", bearer);
    open_combined(components);
    api
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("motcua")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Hồ sơ thủ tục hành chính của bộ phận một cửa, và các chỉ tiêu kế hoạch tính từ chính hồ sơ. / \
             Dossiers of administrative procedures of one-stop shops, and plan indicators derived from them.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("motcua maintainers")).build()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// A closed schema that others extend by `allOf` (an event beside its `type`, an agency beside its revision) would
/// refuse their fields: no body would be valid.
fn open_combined(components: &mut Components) {
    let mut names = BTreeSet::new();
    combined(&serde_json::to_value(&*components).unwrap_or_default(), &mut names);
    for name in names {
        if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(&name) {
            schema.additional_properties = None;
        }
    }
}

/// Names of the schemas that stand in an `allOf`.
fn combined(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            let parts = map.get("allOf").and_then(Value::as_array).into_iter().flatten();
            let references = parts.filter_map(|part| part.get("$ref")?.as_str()?.rsplit('/').next());
            names.extend(references.map(str::to_owned));
            map.values().for_each(|value| combined(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| combined(value, names)),
        _ => {}
    }
}

/// As committed in `openapi.yaml`.
#[must_use]
pub fn yaml() -> String {
    let text = document().to_yaml().unwrap_or_default();
    text.lines().map(|line| quoted(line) + "\n").collect()
}

/// YAML 1.1, which many tools still read, takes these bare words for something else.
fn quoted(line: &str) -> String {
    match line.rsplit_once(' ') {
        Some((start, word @ ("=" | "on" | "off" | "yes" | "no"))) if start.ends_with([':', '-']) => {
            format!("{start} '{word}'")
        }
        _ => line.to_owned(),
    }
}
