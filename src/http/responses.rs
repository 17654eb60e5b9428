//! Problem answers shared by the operations' documentation.

use utoipa::IntoResponses;

use super::problem::ProblemDocument;

/// Reads with parameters, signed in.
#[derive(IntoResponses)]
pub enum Reading {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemDocument),
    /// No valid access token
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemDocument),
    /// Not permitted to this caller
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// Does not exist, or lies outside the caller's scope
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// A parameter breaks a rule
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemDocument),
    /// Temporarily unavailable; try again
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
    /// No storage space left, for the file that was asked for or of the database
    #[response(status = 507, content_type = "application/problem+json")]
    Full(ProblemDocument),
}

/// Writes with a body, signed in.
#[derive(IntoResponses)]
pub enum Writing {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemDocument),
    /// No valid access token
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemDocument),
    /// Not permitted to this caller
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// Does not exist, or lies outside the caller's scope
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// The body came too slowly
    #[response(status = 408, content_type = "application/problem+json")]
    Late(ProblemDocument),
    /// Not possible in the present state, or exists already
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemDocument),
    /// If-Match names another version
    #[response(status = 412, content_type = "application/problem+json")]
    Stale(ProblemDocument),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// The content type is not supported
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(ProblemDocument),
    /// A field breaks a rule
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemDocument),
    /// If-Match is missing
    #[response(status = 428, content_type = "application/problem+json")]
    NeedsIfMatch(ProblemDocument),
    /// Temporarily unavailable; try again
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
    /// No storage space left
    #[response(status = 507, content_type = "application/problem+json")]
    Full(ProblemDocument),
}
