//! Nobody is told of a dossier out of their reach, by any path and any filter: every reading operation of the document,
//! with every parameter that it documents, answers staff of one agency with the very same bytes before and after
//! dossiers of every fate were recorded above that agency, beside it, in another province and where an agency has left
//! it. An operation or a parameter that nothing is asked of fails the test, and so does one whose answers the dossiers
//! beyond would change for nobody.

mod questions;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use motcua::store::DatabaseUrl;
use serde_json::Value;

use crate::authz::places::PREDECESSOR;
use crate::factory::CHILD;
use crate::harness::TestApp;
use questions::{NEW_CALENDAR, PURPOSE, Question};
use world::{ASKED, Names};

on_both!(what_lies_beyond_changes_no_answer);

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
        // Most answers are long: they are compared as they came, and only refusals are read.
        let next =
            answer.text.split_once("\"next\":\"").and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
        let body = if answer.status >= 400 {
            let mut problem = answer.json();
            problem.as_object_mut().expect("a problem").remove("trace_id");
            self.names.blank(&problem.to_string()).into_bytes()
        } else {
            answer.bytes
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

/// Whom a question is put to: the auditor, whose roles read everything there is, and every other one to another caller
/// in turn. The bare request goes to everybody.
fn put_to(caller: &str, place: usize, question: &Question) -> bool {
    let mut others = CALLERS.iter().filter(|other| **other != AUDITOR);
    question.parameter.is_none() || caller == AUDITOR || others.nth(place % 12) == Some(&caller)
}

/// One question of every operation and parameter, of those that are not about the own agency.
fn telling(questions: &[Question]) -> Vec<&Question> {
    let mut known = BTreeSet::new();
    let own = |template: &str| ["{own", "{child", "{before", "lam-2026"].iter().any(|name| template.contains(name));
    let of_others = questions.iter().filter(|question| !own(&question.template));
    of_others.filter(|question| known.insert((&question.operation, &question.parameter))).collect()
}

fn hear(app: &TestApp, names: &Names, questions: &[Question]) -> Vec<Answers> {
    app.set_clock(ASKED);
    let of = |caller: &str| -> Vec<&Question> {
        questions.iter().enumerate().filter(|(i, one)| put_to(caller, *i, one)).map(|(_, one)| one).collect()
    };
    let mut all: Vec<Answers> =
        CALLERS.iter().map(|caller| Asker::new(app, caller, names).ask_all(&of(caller))).collect();
    if matches!(app.database, DatabaseUrl::Sqlite(_)) {
        all.push(Asker::new(app, OVERALL, names).ask_all(&telling(questions)));
    }
    all
}

fn what_lies_beyond_changes_no_answer(app: &TestApp) {
    // The statements of both databases are one text, and the scope is found above them: every third question will do, and
    // those for first pages, of which the cursors are tried.
    let thin = matches!(app.database, DatabaseUrl::Postgres(_));
    let all = questions::all().into_iter().enumerate();
    let always = |one: &Question| one.parameter.as_deref().is_none_or(|parameter| parameter == "limit");
    let questions: Vec<Question> =
        all.filter(|(i, one)| !thin || always(one) || i % 3 == 0).map(|(_, one)| one).collect();
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
        let new = after.keys().filter(|question| !before.contains_key(*question));
        told.extend(new.map(|question| format!("{caller} {question:?} is new")));
        let broken = after.iter().find(|(_, heard)| heard.status >= 500);
        assert!(broken.is_none(), "{caller} {:?}", broken.map(|(question, _)| question));
    }
    assert!(told.is_empty(), "{} answers tell of what lies beyond:\n{}", told.len(), told.join("\n"));
    if !thin {
        nothing_is_asked_in_vain(&before[CALLERS.len()], &after[CALLERS.len()]);
    }
    another_callers_cursor_opens_nothing(app, &names, &questions);
    nobody_below_or_outside_is_shown_what_is_above(app, &names, &questions);
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
fn another_callers_cursor_opens_nothing(app: &TestApp, names: &Names, questions: &[Question]) {
    let (theirs, own) = (Asker::new(app, OVERALL, names), Asker::new(app, AUDITOR, names));
    let first_pages = questions
        .iter()
        .filter(|question| question.parameter.as_deref() == Some("limit") && question.template.ends_with("limit=1"));
    let mut tried = 0;
    for question in first_pages {
        let Some(cursor) = theirs.ask(question).next else { continue };
        let whole = Question { template: question.template.replace("limit=1", "limit=500"), ..question.clone() };
        let items = |heard: Heard| {
            let page: Value = serde_json::from_slice(&heard.body).expect("JSON");
            page["items"].as_array().cloned().unwrap_or_default()
        };
        let (whole, page) = (items(own.ask(&whole)), items(own.ask(&question.at(&cursor))));
        assert!(page.iter().all(|item| whole.contains(item)), "{}: {page:#?}", question.template);
        tried += 1;
    }
    assert!(tried > 3, "{tried}");
}

/// Staff below the agency, of one that merged into it, and a portal among dossiers that others submitted: no answer
/// names a dossier or a frozen report that is not theirs.
fn nobody_below_or_outside_is_shown_what_is_above(app: &TestApp, names: &Names, questions: &[Question]) {
    let bare = questions.iter().filter(|question| question.parameter.is_none());
    let asked: Vec<&Question> = bare.chain(telling(questions).into_iter().step_by(3)).collect();
    let all = world::ids(app);
    let submitted = names.fill("{portal.id}");
    for (caller, agency) in [("leader.child", CHILD), ("leader.before", PREDECESSOR), ("portal", "")] {
        let theirs = |owner: &String, id: &String| owner == agency || (agency.is_empty() && *id == submitted);
        let hidden: Vec<&String> = all.iter().filter(|(owner, id)| !theirs(owner, id)).map(|(_, id)| id).collect();
        let heard = Asker::new(app, caller, names).ask_all(&asked);
        let own = all.iter().find(|(owner, id)| theirs(owner, id)).map(|(_, id)| id).expect("something of theirs");
        let shows =
            |id: &String| heard.iter().find(|(_, heard)| String::from_utf8_lossy(&heard.body).contains(id.as_str()));
        assert!(shows(own).is_some(), "{caller} sees what is theirs");
        for id in &hidden {
            assert!(shows(id).is_none(), "{caller} is shown {id}: {:?}", shows(id).map(|(question, _)| question));
        }
    }
}
