//! The signature over chain heads: detached, in the form in which `verify` reads it.

use serde::Serialize;

use crate::verify::heads;

/// The detached signature over a document that has none yet; `sign` is that of the key called `kid`, base64url.
///
/// # Errors
/// The document has no canonical form.
pub fn seal(document: &impl Serialize, kid: &str, sign: impl FnOnce(&[u8]) -> String) -> Result<String, String> {
    let document = serde_json::to_value(document).map_err(|error| error.to_string())?;
    heads::sign(&document, kid, sign)
}
