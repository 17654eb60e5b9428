//! Requests that no route takes: 405 with `Allow` when another method would do, else 404.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

/// Paths of the API and the methods that each takes, read off the OpenAPI document.
#[derive(Debug, Clone, Default)]
pub struct Known(Vec<(Vec<String>, Vec<&'static str>)>);

impl Known {
    #[must_use]
    pub fn new(document: &OpenApi) -> Self {
        let split = |path: &str| path.split('/').map(str::to_owned).collect();
        let mut known: Vec<_> = document.paths.paths.iter().map(|(path, item)| (split(path), methods(item))).collect();
        for path in ["/openapi.json", "/openapi.yaml"] {
            known.push((split(path), vec!["GET"]));
        }
        Self(known)
    }

    fn methods_of(&self, path: &str) -> Vec<&'static str> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |pattern: &[String]| {
            pattern.len() == asked.len()
                && pattern.iter().zip(&asked).all(|(part, given)| {
                    // A parameter takes no empty segment: `/dossiers/` is no dossier.
                    part == given || (part.starts_with('{') && !given.is_empty())
                })
        };
        // A path that is written out is itself, and no value of a parameter beside it.
        let exact = self.0.iter().find(|(pattern, _)| *pattern == asked);
        if let Some((_, methods)) = exact {
            return methods.clone();
        }
        let found = self.0.iter().filter(|(pattern, _)| fits(pattern));
        let mut methods: Vec<&'static str> = found.flat_map(|(_, methods)| methods.iter().copied()).collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    let all = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)];
    all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| name).collect()
}

/// The default service; the problem middleware writes the body.
pub async fn refuse(request: HttpRequest, known: web::Data<Known>) -> HttpResponse {
    let methods = known.methods_of(request.path());
    if methods.is_empty() {
        return HttpResponse::NotFound().finish();
    }
    let mut answer = HttpResponse::MethodNotAllowed();
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        answer.insert_header((header::ALLOW, allow));
    }
    answer.finish()
}
