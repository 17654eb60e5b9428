//! Errors as RFC 9457 problems. One row per problem: slug, status, titles.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::AppError;
use crate::domain::dossier::State;
use crate::domain::error::{FieldError, Refusal};
use crate::domain::event::EventType;
use crate::store::StoreError;

macro_rules! problems {
    ($($name:ident = $slug:literal, $status:ident, $vi:literal, $en:literal;)+) => {
        /// Every problem that the API answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($name),+ }
        impl Kind {
            #[must_use]
            pub fn slug(self) -> &'static str { match self { $(Self::$name => $slug),+ } }
            #[must_use]
            pub fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status),+ } }
            #[must_use]
            pub fn title(self, vietnamese: bool) -> &'static str {
                match self { $(Self::$name => if vietnamese { $vi } else { $en }),+ }
            }
        }
    };
}

problems! {
    Malformed = "malformed-request", BAD_REQUEST, "Yêu cầu không đọc được", "The request cannot be read";
    InvalidGrant = "invalid-grant", BAD_REQUEST, "Thông tin đăng nhập không đúng", "The credentials are not valid";
    InvalidClient = "invalid-client", UNAUTHORIZED, "Mã ứng dụng hoặc khóa không đúng", "The client's credentials are not valid";
    OauthRequest = "invalid-token-request", BAD_REQUEST, "Yêu cầu mã truy cập không hợp lệ", "The token request is not valid";
    KeyRequired = "idempotency-key-required", BAD_REQUEST, "Thiếu Idempotency-Key", "An Idempotency-Key is required";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Chưa đăng nhập", "Sign in first";
    Forbidden = "forbidden", FORBIDDEN, "Không có quyền", "Not permitted";
    NotFound = "not-found", NOT_FOUND, "Không tìm thấy", "Not found";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "Phương thức không được hỗ trợ", "Method not allowed";
    Timeout = "request-timeout", REQUEST_TIMEOUT, "Yêu cầu gửi quá chậm", "The request took too long";
    IllegalMove = "illegal-move", CONFLICT, "Hồ sơ đang ở trạng thái không cho phép việc này", "Not possible in the dossier's present state";
    SelfReview = "self-review", FORBIDDEN, "Người khai báo không được tự thẩm định", "Nobody reviews their own declaration";
    Exists = "already-exists", CONFLICT, "Đã tồn tại", "Exists already";
    Superseded = "superseded", CONFLICT, "Đã có phiên bản mới hơn", "A later version is in force";
    Conflict = "conflict", CONFLICT, "Chưa thể thực hiện", "Not possible as things stand";
    Stale = "stale-version", PRECONDITION_FAILED, "Hồ sơ đã thay đổi, hãy tải lại", "Changed meanwhile; load it again";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "Nội dung quá lớn", "The body is too large";
    MediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Kiểu nội dung không được hỗ trợ", "The content type is not supported";
    Validation = "validation", UNPROCESSABLE_ENTITY, "Dữ liệu không hợp lệ", "The data break rules";
    KeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency-Key đã dùng cho nội dung khác", "The Idempotency-Key was used with another body";
    PreconditionRequired = "if-match-required", PRECONDITION_REQUIRED, "Thiếu If-Match", "If-Match is required";
    TooMany = "too-many-requests", TOO_MANY_REQUESTS, "Quá nhiều yêu cầu", "Too many requests";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Lỗi hệ thống", "Internal error";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Hệ thống tạm thời không phục vụ được", "Temporarily unavailable";
    Full = "storage-full", INSUFFICIENT_STORAGE, "Hết chỗ lưu trữ", "No storage space left";
}

/// A problem document as it goes out (`application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Stable URI reference of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation")]
    pub kind: String,
    /// In Vietnamese or English, by `Accept-Language`.
    pub title: String,
    pub status: u16,
    /// Stable, for machines.
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Names the request in the logs.
    pub trace_id: String,
    /// What is wrong where; pointers into the body, or `?name` for a query parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// For an illegal move: the dossier's present state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// For an illegal move: what the caller may record now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_events: Option<Vec<EventType>>,
    /// RFC 6749 error code; token endpoint only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// What a handler returns when it cannot do what was asked.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub kind: Kind,
    pub detail: Option<String>,
    pub errors: Vec<FieldError>,
    pub state: Option<State>,
    pub allowed_events: Option<Vec<EventType>>,
    pub oauth: Option<&'static str>,
    /// Seconds after which to come back.
    pub retry_after: Option<i64>,
}

impl ApiError {
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            state: None,
            allowed_events: None,
            oauth: None,
            retry_after: None,
        }
    }

    #[must_use]
    pub fn with(kind: Kind, detail: &str) -> Self {
        Self { detail: Some(detail.to_owned()), ..Self::new(kind) }
    }

    /// Input that cannot be read: 400.
    #[must_use]
    pub fn malformed(pointer: &str, detail: &str) -> Self {
        Self { errors: vec![FieldError::new(pointer, "malformed", detail)], ..Self::new(Kind::Malformed) }
    }

    /// A field that breaks a rule: 422.
    #[must_use]
    pub fn field(pointer: &str, code: &str, detail: &str) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Kind::Validation) }
    }

    /// The document, in the caller's language.
    #[must_use]
    pub fn document(&self, vietnamese: bool, trace_id: String) -> ProblemDocument {
        ProblemDocument {
            kind: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title(vietnamese).to_owned(),
            status: self.kind.status().as_u16(),
            code: self.kind.slug().to_owned(),
            detail: self.detail.clone(),
            trace_id,
            errors: self.errors.clone(),
            state: self.state,
            allowed_events: self.allowed_events.clone(),
            error: self.oauth,
            error_description: self.oauth.map(|_| self.kind.title(vietnamese).to_owned()),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.slug())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    /// Without a body: the problem middleware writes it, knowing language and trace id.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.kind.status());
        let headers = response.headers_mut();
        match self.kind {
            Kind::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::InvalidClient => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"motcua\""));
            }
            Kind::Unavailable | Kind::TooMany => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after.unwrap_or(1)));
            }
            _ => {}
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => Self::new(Kind::NotFound),
            AppError::Forbidden(detail) => Self::with(Kind::Forbidden, detail),
            AppError::Refused(refusal) => refusal.into(),
            AppError::Stale { current } => Self::with(Kind::Stale, &format!("the present version is {current}")),
            AppError::SelfReview => Self::new(Kind::SelfReview),
            AppError::Superseded { current } => {
                Self::with(Kind::Superseded, &format!("phiên bản đang dùng / in force: {current}"))
            }
            AppError::KeyReused => Self::new(Kind::KeyReused),
            AppError::Exists(what) => Self::with(Kind::Exists, &what),
            AppError::Conflict(detail) => Self::with(Kind::Conflict, detail),
            AppError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::IllegalMove { event, state, allowed } => Self {
                detail: Some(format!("`{}` is not possible in state `{}`", event.as_str(), state.as_str())),
                state: Some(state),
                allowed_events: Some(allowed),
                ..Self::new(Kind::IllegalMove)
            },
            Refusal::NotPermitted(event) => {
                Self::with(Kind::Forbidden, &format!("your roles at this agency do not record `{}`", event.as_str()))
            }
            Refusal::Invalid(errors) => Self::invalid(errors),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Retry(_) => {
                tracing::warn!(error = %error, "database unavailable");
                Self::new(Kind::Unavailable)
            }
            StoreError::Full(_) => {
                tracing::error!(error = %error, "database full");
                Self::new(Kind::Full)
            }
            StoreError::Conflict(_) => Self::new(Kind::Exists),
            StoreError::Corrupt(_) | StoreError::Other(_) => {
                tracing::error!(error = %error, "database failed");
                Self::new(Kind::Internal)
            }
        }
    }
}
