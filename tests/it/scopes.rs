//! Nobody is told of a dossier out of their reach, by any path and any filter: every reading operation of the document,
//! with every parameter that it documents, answers staff of one agency with the very same bytes before and after
//! dossiers of every fate were recorded above that agency, beside it, in another province and where an agency has left
//! it. An operation or a parameter that nothing is asked of fails the test, and so does one whose answers the dossiers
//! beyond would change for nobody.

mod questions;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::TestApp;
use questions::{NEW_CALENDAR, PURPOSE, Question};
use world::{ASKED, Names};

on_both!(what_lies_beyond_changes_no_answer, another_callers_cursor_opens_nothing);

/// Staff of the agency in every role, and a stranger.
const CALLERS: [&str; 7] = ["clerk", "officer", "leader", "auditor", "admin", "portal", "anonymous"];
/// Reaches everything: whom the dossiers beyond concern.
const OVERALL: &str = "overall";
const AUDITOR: &str = "auditor";

/// Operations that tell of no dossier, nor of anything else that agencies keep for themselves.
const OF_NO_DOSSIER: [&str; 15] = [
    "GET /.well-known/jwks.json",
    "GET /api/v1/agencies",
    "GET /api/v1/agencies/{code}",
    "GET /api/v1/audit/checks/catalogue",
    "GET /api/v1/calendar",
    "GET /api/v1/deadlines",
    "GET /api/v1/indicators",
    "GET /api/v1/me",
    "GET /api/v1/plans",
    "GET /api/v1/plans/{id}",
    "GET /api/v1/procedures/{code}",
    "GET /healthz",
    "GET /readyz",
    // How far the one work over all agencies has come.
    "GET /api/v1/jobs",
    "GET /api/v1/jobs/{id}",
];

/// What an answer says, but for what is new in every answer.
#[derive(PartialEq, Eq)]
struct Heard {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Of the next page.
    next: Option<String>,
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(500).collect();
        write!(f, "{} {text}", self.status)
    }
}

struct Asker<'a> {
    app: &'a TestApp,
    token: Option<String>,
    names: &'a Names,
    calendar: Value,
}

impl<'a> Asker<'a> {
    fn new(app: &'a TestApp, username: &'static str, names: &'a Names) -> Self {
        let token = (username != "anonymous").then(|| app.user(username).token().expect("a token"));
        let mut calendar = app.user("admin").request("GET", "/calendar").send_now().expect(200);
        let days = calendar["days"].as_array_mut().expect("days");
        days.push(serde_json::json!({"date": "2026-01-16", "name": "Nghỉ bão", "kind": "holiday"}));
        crate::factory::merge(&mut calendar, &serde_json::json!({"revision": null, "version": "bao"}));
        Self { app, token, names, calendar }
    }

    fn ask(&self, question: &Question) -> Heard {
        let path = self.names.fill(&question.template);
        let mut request = self.app.anonymous().request(question.method, &format!("/{path}"));
        if let Some(token) = &self.token {
            request = request.header("Authorization", &format!("Bearer {token}"));
        }
        if question.parameter.as_deref() == Some(PURPOSE) {
            request = request.header(PURPOSE, "complaint of a citizen");
        }
        match question.body {
            None => {}
            Some(NEW_CALENDAR) => request = request.json(&self.calendar),
            Some(body) => {
                let body = self.names.fill(body).into_bytes();
                request = request.header("Content-Type", "application/json").bytes(body);
            }
        }
        let answer = request.send_now();
        let kept = ["content-type", "content-disposition", "etag", "location"];
        let mut headers: Vec<_> =
            answer.headers.iter().filter(|(name, _)| kept.contains(&name.as_str())).cloned().collect();
        headers.sort();
        let mut next = None;
        let body = match serde_json::from_str::<Value>(&answer.text) {
            Ok(mut body) => {
                if let Some(map) = body.as_object_mut() {
                    map.remove("trace_id");
                }
                next = body["next"].as_str().map(str::to_owned);
                self.names.blank(&body.to_string()).into_bytes()
            }
            Err(_) => answer.bytes,
        };
        Heard { status: answer.status, headers, body, next }
    }

    /// The answers by operation, parameter and template; a further page with its first.
    fn ask_all(&self, questions: &[&Question]) -> Answers {
        let mut heard = BTreeMap::new();
        let mut refused = BTreeSet::new();
        for question in questions {
            let Question { operation, parameter, template, body, .. } = *question;
            // Who may not ask at all is told so whatever is asked.
            if refused.contains(operation) {
                continue;
            }
            let mut answer = self.ask(question);
            if parameter.is_none() && matches!(answer.status, 401 | 403) {
                refused.insert(operation.clone());
            }
            let asked = format!("{template} {}", body.unwrap_or_default());
            let next = answer.next.take().filter(|_| parameter.as_deref() == Some("limit"));
            if let Some(next) = next {
                let page = self.ask(&question.at(&next));
                heard.insert([operation, "cursor", &asked].map(str::to_owned), page);
            }
            heard.insert([operation.clone(), parameter.clone().unwrap_or_default(), asked], answer);
        }
        heard
    }
}

type Answers = BTreeMap<[String; 3], Heard>;

/// Whom a question is put to: the auditor, whose roles read everything there is, and one other caller in turn. The bare
/// request goes to everybody.
fn put_to(caller: &str, place: usize, question: &Question) -> bool {
    let others: Vec<&str> = CALLERS.into_iter().filter(|other| *other != AUDITOR).collect();
    question.parameter.is_none() || caller == AUDITOR || others[place % others.len()] == caller
}

/// Two questions of every operation and parameter, of those that are not about the own agency.
fn telling(questions: &[Question]) -> Vec<&Question> {
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    let own = |template: &str| ["{own", "{child", "{before", "lam-2026"].iter().any(|name| template.contains(name));
    let of_others = questions.iter().filter(|question| !own(&question.template));
    let wanted = of_others.filter(|question| {
        let question: &Question = question;
        let count = known.entry((&question.operation, &question.parameter)).or_default();
        *count += 1;
        *count <= 2
    });
    wanted.collect()
}

fn hear(app: &TestApp, names: &Names, questions: &[Question]) -> Vec<Answers> {
    app.set_clock(ASKED);
    let of = |caller: &str| -> Vec<&Question> {
        questions.iter().enumerate().filter(|(i, one)| put_to(caller, *i, one)).map(|(_, one)| one).collect()
    };
    let mut all: Vec<Answers> =
        CALLERS.iter().map(|caller| Asker::new(app, caller, names).ask_all(&of(caller))).collect();
    all.push(Asker::new(app, OVERALL, names).ask_all(&telling(questions)));
    all
}

fn what_lies_beyond_changes_no_answer(app: &TestApp) {
    let questions = questions::all();
    let mut names = world::inside(app);
    let before = hear(app, &names, &questions);
    world::outside(app, &mut names);
    let after = hear(app, &names, &questions);
    let mut told = Vec::new();
    for ((caller, before), after) in CALLERS.iter().zip(&before).zip(&after) {
        for (question, old) in before {
            match after.get(question) {
                Some(new) if new == old => {}
                new => told
                    .push(format!("{caller} {question:?}\n  {old}\n  {}", new.map_or(String::new(), Heard::to_string))),
            }
        }
        told.extend(
            after
                .keys()
                .filter(|question| !before.contains_key(*question))
                .map(|one| format!("{caller} {one:?} is new")),
        );
        let broken = after.iter().find(|(_, heard)| heard.status >= 500);
        assert!(broken.is_none(), "{caller} {:?}", broken.map(|(question, _)| question));
    }
    assert!(told.is_empty(), "{} answers tell of what lies beyond:\n{}", told.len(), told.join("\n"));
    nothing_is_asked_in_vain(&before[CALLERS.len()], &after[CALLERS.len()]);
}

/// For whoever reaches them the same dossiers change the answers: of every operation, with every parameter.
fn nothing_is_asked_in_vain(before: &Answers, after: &Answers) {
    let place = |[operation, parameter, _]: &[String; 3]| (operation.clone(), parameter.clone());
    let excused = |place: &(String, String)| {
        let (operation, parameter) = (place.0.as_str(), place.1.as_str());
        let of_catalogue = operation == "GET /api/v1/procedures" && matches!(parameter, "" | "valid_on");
        // A further page goes on where the first one ended.
        OF_NO_DOSSIER.contains(&operation) || of_catalogue || parameter == "cursor"
    };
    let told = after.iter().filter(|(question, new)| before.get(*question) != Some(*new));
    let told: BTreeSet<_> = told.map(|(question, _)| place(question)).collect();
    let asked: BTreeSet<_> = after.keys().map(place).filter(|place| !excused(place)).collect();
    let vain: Vec<_> = asked.difference(&told).collect();
    assert!(vain.is_empty(), "nothing beyond would show in {vain:#?}");
}

/// A cursor names a place in a list, and says nothing of whose list it is.
fn another_callers_cursor_opens_nothing(app: &TestApp) {
    let mut names = world::inside(app);
    world::outside(app, &mut names);
    app.set_clock(ASKED);
    let (theirs, own) = (Asker::new(app, OVERALL, &names), Asker::new(app, "auditor", &names));
    let mut tried = 0;
    for question in questions::all() {
        if question.parameter.as_deref() != Some("limit") || !question.template.ends_with("limit=1") {
            continue;
        }
        let Some(cursor) = theirs.ask(&question).next else { continue };
        let whole =
            own.ask(&Question { template: question.template.replace("limit=1", "limit=500"), ..question.clone() });
        let whole = String::from_utf8(whole.body).expect("text");
        let page = own.ask(&question.at(&cursor));
        let seen: Value = serde_json::from_slice(&page.body).expect("JSON");
        for item in seen["items"].as_array().into_iter().flatten() {
            assert!(whole.contains(&item.to_string()), "{}: {item}", question.template);
        }
        tried += 1;
    }
    assert!(tried > 5, "{tried}");
}
