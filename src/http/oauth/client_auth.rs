//! How a client proves who it is (RFC 6749, 2.3.1): HTTP Basic, or in the form.

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::refuse;
use crate::http::problem::{ApiError, Kind};

/// What a client calls itself, and its secret.
pub struct Presented {
    pub client: Uuid,
    pub secret: String,
}

/// Reads the credentials from wherever they stand.
///
/// # Errors
/// 400 when they stand in two places, 401 when there are none that could be a client's.
pub fn read(request: &HttpRequest, id: Option<String>, secret: Option<String>) -> Result<Presented, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION);
    if header.is_some() && secret.is_some() {
        return Err(refuse(Kind::OauthRequest, "invalid_request"));
    }
    let pair = match header {
        Some(value) => value.to_str().ok().and_then(basic),
        None => id.zip(secret),
    };
    let read = pair.and_then(|(id, secret)| Some(Presented { client: id.parse().ok()?, secret }));
    read.ok_or_else(|| refuse(Kind::InvalidClient, "invalid_client"))
}

fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

/// Both halves are form-encoded before they are joined.
fn decoded(text: &str) -> Option<String> {
    form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_are_form_encoded() {
        let read = |text: &str| basic(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(read("a:b"), Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(read("a%3Ab:c%2Bd"), Some(("a:b".to_owned(), "c+d".to_owned())));
        assert_eq!(read("ab"), None);
        assert_eq!(read(":"), None);
        assert_eq!(basic("Basic ???"), None);
        assert_eq!(basic("Bearer YTpi"), None);
    }
}
