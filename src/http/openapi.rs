//! The OpenAPI document: generated from the routes, committed, compared by a test.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::AppExt;

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let (_, mut api) =
        actix_web::App::new().into_utoipa_app().openapi(base()).configure(super::routes).split_for_parts();
    let components = api.components.get_or_insert_with(Default::default);
    let bearer = SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    components.add_security_scheme("bearer", bearer);
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

/// As committed in `openapi.yaml`.
#[must_use]
pub fn yaml() -> String {
    document().to_yaml().unwrap_or_default()
}
