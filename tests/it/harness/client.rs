//! Requests over real HTTP, and their answers.

use motcua::app::sessions::Ticket;
use motcua::domain::actor::Subject;
use motcua::store::sql_types::Id;
use serde_json::Value;
use uuid::Uuid;

use super::{TestApp, leaks};

/// Sends requests as one user, or as nobody.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    app: &'a TestApp,
    user: Option<Uuid>,
}

/// A request being put together.
#[must_use]
pub struct Request<'a> {
    client: Client<'a>,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub asked: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body as it came; a spreadsheet is no text.
    pub bytes: Vec<u8>,
    pub text: String,
}

impl<'a> Client<'a> {
    pub(super) fn new(app: &'a TestApp, user: Option<Uuid>) -> Self {
        Self { app, user }
    }

    /// A token for the present instant: signing in is tested by itself.
    pub fn token(&self) -> Option<String> {
        let id = self.user?;
        let now = self.app.clock.now();
        let user = self.app.app.store.read_blocking(|tx| tx.user_by_id(Id(id))).expect("a read");
        let ticket = Ticket {
            subject: Subject::User(id),
            stamp: user.map_or(1, |user| user.stamp),
            session: None,
            id: Uuid::from_u128(now.timestamp().unsigned_abs().into()),
        };
        Some(self.app.state.tokens.issue(&ticket, now).expect("a token"))
    }

    /// `path` below `/api/v1`, or from the root when it begins with `//`.
    pub fn request(self, method: &'static str, path: &str) -> Request<'a> {
        let path =
            path.strip_prefix('/').filter(|rest| rest.starts_with('/')).map_or(format!("/api/v1{path}"), str::to_owned);
        Request { client: self, method, path, headers: Vec::new(), body: None }
    }

    pub fn get(self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    pub fn post(self, path: &str, body: &Value) -> Answer {
        self.request("POST", path).json(body).send()
    }

    pub fn put(self, path: &str, version: i64, body: &Value) -> Answer {
        self.request("PUT", path).version(version).json(body).send()
    }

    /// Records an event on the version that the caller just saw.
    pub fn event(self, dossier: &Value, body: &Value) -> Answer {
        let name = dossier["code"].as_str().or(dossier["id"].as_str()).expect("a dossier");
        let version = dossier["version"].as_i64().expect("a version");
        self.request("POST", &format!("/dossiers/{name}/events")).version(version).json(body).send()
    }
}

impl Request<'_> {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn version(self, version: i64) -> Self {
        self.header("If-Match", &format!("\"{version}\""))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").bytes(body.to_string().into_bytes())
    }

    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sends it a second after the request before: no two writes share an instant.
    pub fn send(self) -> Answer {
        self.client.app.pass(chrono::Duration::seconds(1));
        self.send_now()
    }

    /// Sends it at the clock's present instant.
    pub fn send_now(self) -> Answer {
        let asked = format!("{} {}", self.method, self.path);
        let mut request =
            ureq::http::Request::builder().method(self.method).uri(format!("{}{}", self.client.app.base, self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(token) = self.client.token()
            && !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let agent = &self.client.app.agent;
        let sent = match self.body {
            Some(body) => agent.run(request.body(body).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{asked}: {error}"));
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
        let headers = headers.collect();
        let bytes = answer.body_mut().read_to_vec().expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer { asked, status: answer.status().as_u16(), headers, bytes, text };
        leaks::answer(&answer, self.headers.iter().any(|(name, _)| name == "Purpose"));
        answer
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, after a look at the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text))
    }

    /// A problem document of this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        assert_eq!(body["code"], code, "{}: {}", self.asked, self.text);
        assert_eq!(body["status"], status, "{}: {}", self.asked, self.text);
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert!(body["trace_id"].as_str().is_some_and(|id| !id.is_empty()), "{}: {}", self.asked, self.text);
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
        body
    }

    /// A refusal that names the place and the rule.
    #[track_caller]
    pub fn refused_at(&self, pointer: &str, code: &str) {
        let body = self.problem(422, "validation");
        let found = body["errors"]
            .as_array()
            .is_some_and(|errors| errors.iter().any(|error| error["pointer"] == pointer && error["code"] == code));
        assert!(found, "{}: {pointer} {code} is not among {}", self.asked, body["errors"]);
    }
}

/// Text for a query string or a form.
pub fn escaped(text: &str) -> String {
    motcua::http::figures::escape(text)
}

/// Asks for a token.
pub fn form(app: &TestApp, text: &str) -> Answer {
    form_at(app, "//oauth/token", text)
}

/// Sends a form.
pub fn form_at(app: &TestApp, path: &str, text: &str) -> Answer {
    let request = app.anonymous().request("POST", path);
    request.header("Content-Type", "application/x-www-form-urlencoded").bytes(text.as_bytes().to_vec()).send()
}
