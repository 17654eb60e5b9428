//! `Purpose`: why somebody who does not handle a dossier wants to see its personal values. A header and not a part of
//! the address, which proxies and browsers keep.

use actix_web::HttpRequest;

use super::State;
use super::problem::ApiError;
use crate::app::disclosure::{Disclosure, Sight, reading_goes_on, record};
use crate::app::{AppError, Caller};
use crate::store::Tx;

const SHORTEST: usize = 10;
const LONGEST: usize = 300;
/// A phone or an identity number has as many digits in a row.
const DIGITS: usize = 9;

/// The stated purpose.
///
/// # Errors
/// 400 when it is not UTF-8; 422 when it says too little, or holds somebody's number.
pub fn purpose(request: &HttpRequest) -> Result<Option<String>, ApiError> {
    let Some(value) = request.headers().get("Purpose") else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes());
    let text = text.map_err(|_| ApiError::malformed("Purpose", "UTF-8 is expected"))?.trim();
    if !(SHORTEST..=LONGEST).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        let detail = format!("{SHORTEST} to {LONGEST} characters that say why");
        return Err(ApiError::field("Purpose", "purpose", &detail));
    }
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    if compact.split(|c: char| !c.is_ascii_digit()).any(|run| run.len() >= DIGITS) {
        return Err(ApiError::field("Purpose", "personal", "a purpose holds nobody's number"));
    }
    Ok(Some(text.to_owned()))
}

/// Reads with `read`, which says how it saw the dossier and what of it is about to be given out; writes the row in the
/// access log; only then answers. Where the row cannot be written, who handles the dossier reads on masked.
///
/// # Errors
/// What `read` refuses; for a stated purpose also that the row could not be written.
pub async fn disclosed<T, F>(state: &State, caller: &Caller, purpose: Option<&str>, read: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>, bool) -> Result<(T, Sight, Option<Disclosure>), AppError> + Clone + Send + 'static,
{
    let first = read.clone();
    let (answer, sight, what) = state.app.store.read(move |tx| first(tx, true)).await?;
    let Some(what) = what.filter(|_| sight != Sight::Masked) else { return Ok(answer) };
    match record(&state.app, caller, what, purpose).await {
        Ok(()) => Ok(answer),
        Err(error) if sight == Sight::Handles && reading_goes_on(&error) => {
            tracing::error!(error = %error, "the access log cannot be written: dossiers are shown masked");
            Ok(state.app.store.read(move |tx| read(tx, false)).await?.0)
        }
        Err(error) => Err(error.into()),
    }
}
