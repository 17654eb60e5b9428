//! Clients that enter dossiers and record events, each request with a key of its own, and remember every answer.
//! What got none is sent again: with the same key it must be answered as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Sender;

use motcua::app::check::check;
use motcua::domain::time::{business_date, from_micros};
use motcua::store::rows::EventRow;
use motcua::store::{StoreError, Tx};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::factory::{AGENCY, CHILD, event, new_dossier};
use crate::harness::World;

/// One request and, once there was one, its answer.
struct Sent {
    key: String,
    /// Below `/api/v1`.
    path: String,
    version: Option<i64>,
    body: Value,
    answer: Option<Value>,
}

/// What a request came to.
pub enum Reply {
    Recorded,
    /// Nothing is known about its fate: no answer, or 503 with `Retry-After`.
    Open,
    /// 507: it was not recorded.
    Full,
}

/// A clerk at a desk, one request after the other.
pub struct Desk {
    name: String,
    username: &'static str,
    agency: &'static str,
    dice: StdRng,
    agent: ureq::Agent,
    token: String,
    sent: Vec<Sent>,
    /// Dossiers as last answered.
    dossiers: Vec<Value>,
}

impl Desk {
    pub fn new(world: &World, seed: u64, place: u64) -> Self {
        let (username, agency) = if place.is_multiple_of(2) { ("clerk", AGENCY) } else { ("clerk.child", CHILD) };
        let limit = Some(std::time::Duration::from_secs(60));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(limit);
        Self {
            name: format!("{seed}-{place}"),
            username,
            agency,
            dice: StdRng::seed_from_u64(seed.wrapping_mul(1009).wrapping_add(place)),
            agent: agent.build().new_agent(),
            token: world.token(username),
            sent: Vec::new(),
            dossiers: Vec::new(),
        }
    }

    /// A token for the next minutes, as after a new sign-in.
    pub fn sign_in(&mut self, world: &World) {
        self.token = world.token(self.username);
    }

    /// Sends requests until one is not answered or `more` says no; tells `answered` of every answer.
    pub fn work(&mut self, base: &str, answered: &Sender<()>, more: impl Fn() -> bool) {
        while more() && self.step(base) {
            // Nobody may be counting any more.
            let _ = answered.send(());
        }
    }

    /// One request; false when it got no answer.
    fn step(&mut self, base: &str) -> bool {
        let place = self.draw();
        matches!(self.send(base, place), Reply::Recorded)
    }

    /// Puts the next request on the list.
    pub fn draw(&mut self) -> usize {
        let key = format!("{}-{}", self.name, self.sent.len());
        // A desk waits for the answer about a dossier before it goes on with it: of two requests for one version the
        // second would be stale when both are sent again.
        let waits = |dossier: &Value| {
            let id = dossier["id"].as_str().expect("an id");
            self.sent.iter().any(|sent| sent.answer.is_none() && sent.path.contains(id))
        };
        let ready: Vec<&Value> = self.dossiers.iter().filter(|dossier| !waits(dossier)).collect();
        let enter = ready.is_empty() || self.dice.random_bool(0.5);
        let sent = if enter {
            let receive = if self.dice.random_bool(0.7) { json!(true) } else { Value::Null };
            let body = new_dossier(&json!({"agency": self.agency, "receive": receive}));
            Sent { key, path: "/dossiers".into(), version: None, body, answer: None }
        } else {
            let dossier = ready[self.dice.random_range(0..ready.len())];
            let kind = if dossier["code"].is_null() { "received" } else { "forwarded" };
            let path = format!("/dossiers/{}/events", dossier["id"].as_str().expect("an id"));
            Sent { key, path, version: dossier["version"].as_i64(), body: event(kind), answer: None }
        };
        self.sent.push(sent);
        self.sent.len() - 1
    }

    /// Sends a request of the list, for the first time or again.
    pub fn send(&mut self, base: &str, place: usize) -> Reply {
        let sent = &self.sent[place];
        let mut request = self.agent.post(format!("{base}/api/v1{}", sent.path));
        request =
            request.header("Authorization", format!("Bearer {}", self.token)).header("Idempotency-Key", &sent.key);
        if let Some(version) = sent.version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let Ok(mut answer) = request.send_json(&sent.body) else { return Reply::Open };
        let status = answer.status().as_u16();
        let retry = answer.headers().contains_key("Retry-After");
        // The head may have come and the rest not.
        let Ok(body) = answer.body_mut().read_json::<Value>() else { return Reply::Open };
        match status {
            201 => {}
            503 if retry => return Reply::Open,
            507 => return Reply::Full,
            _ => panic!("{} {}: {status}: {body}", sent.path, sent.key),
        }
        match &self.sent[place].answer {
            Some(first) => assert_eq!(*first, body, "{}: another answer than the first time", self.sent[place].key),
            None => self.note(place, body),
        }
        Reply::Recorded
    }

    fn note(&mut self, place: usize, body: Value) {
        let dossier = if body["dossier"].is_object() { &body["dossier"] } else { &body };
        match self.dossiers.iter_mut().find(|known| known["id"] == dossier["id"]) {
            Some(known) => *known = dossier.clone(),
            None => self.dossiers.push(dossier.clone()),
        }
        self.sent[place].answer = Some(body);
    }

    /// Sends again what got no answer, and the last few that did; returns how many had none.
    pub fn replay(&mut self, base: &str) -> usize {
        let open: Vec<usize> = (0..self.sent.len()).filter(|i| self.sent[*i].answer.is_none()).collect();
        let last = self.sent.len().saturating_sub(3)..self.sent.len();
        for place in open.iter().copied().chain(last.filter(|i| !open.contains(i))) {
            let Reply::Recorded = self.send(base, place) else {
                panic!("{}: not answered when sent again", self.sent[place].key);
            };
        }
        open.len()
    }

    /// How many dossiers the desk finds in its list.
    pub fn reads(&self, base: &str) -> usize {
        let request =
            self.agent.get(format!("{base}/api/v1/dossiers")).header("Authorization", format!("Bearer {}", self.token));
        let mut answer = request.call().expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        answer.body_mut().read_json::<Value>().expect("JSON")["items"].as_array().expect("a list").len()
    }

    /// The request that waits for its answer, or a new one: a clerk does one thing after the other.
    pub fn next(&mut self) -> usize {
        let open = self.sent.iter().position(|sent| sent.answer.is_none());
        open.unwrap_or_else(|| self.draw())
    }

    /// What a request was answered.
    pub fn answer(&self, place: usize) -> Option<&Value> {
        self.sent[place].answer.as_ref()
    }
}

/// What the database must hold, for what the desks were answered.
pub struct Ledger {
    pub requests: usize,
    pub dossiers: usize,
    pub events: usize,
}

/// Everything that was acknowledged is in the chain, everything in the chain was asked for, codes are gapless, and
/// chains, counters, commitments and facts verify.
pub fn audit(world: &World, desks: &[Desk]) -> Ledger {
    let app = world.app();
    let report = check(&app, &[], |_| {}).expect("the database can be read");
    assert!(report.is_clean(), "{:?}", report.findings);
    let mut ledger = Ledger { requests: 0, dossiers: 0, events: 0 };
    for agency in [AGENCY, CHILD] {
        let rows = app.store.read_blocking(|tx| chain(tx, agency)).expect("events");
        let asked = desks.iter().filter(|desk| desk.agency == agency).flat_map(|desk| &desk.sent);
        let mut expected: BTreeMap<(String, i64), Option<i64>> = BTreeMap::new();
        let mut codes: BTreeSet<&str> = BTreeSet::new();
        for sent in asked {
            ledger.requests += 1;
            let answer = sent.answer.as_ref().unwrap_or_else(|| panic!("{} was never answered", sent.key));
            let dossier = if answer["dossier"].is_object() { &answer["dossier"] } else { answer };
            let id = dossier["id"].as_str().expect("an id").to_owned();
            let version = dossier["version"].as_i64().expect("a version");
            if sent.version.is_none() && version == 2 {
                expected.insert((id.clone(), 1), None);
            }
            let twice = expected.insert((id, version), answer["event"]["seq"].as_i64());
            assert!(twice.is_none(), "{}: recorded as a version that another request made", sent.key);
            codes.extend(dossier["code"].as_str());
        }
        assert_eq!(rows.len(), expected.len(), "{agency}: events in the chain, and those that were asked for");
        for row in &rows {
            let seq = expected.get(&(row.dossier_id.0.to_string(), row.n.into()));
            let seq = seq.unwrap_or_else(|| panic!("{agency}/{}: nobody asked for it", row.seq));
            assert!(seq.is_none_or(|seq| seq == row.seq), "{agency}/{}: answered with another place", row.seq);
        }
        gapless(agency, &rows, &codes);
        ledger.events += rows.len();
        ledger.dossiers += rows.iter().filter(|row| row.n == 1).count();
    }
    ledger
}

fn chain(tx: &mut Tx<'_>, agency: &str) -> Result<Vec<EventRow>, StoreError> {
    tx.events_after(agency, 0, i64::MAX)
}

/// The codes of each day of an agency are 1, 2, …, and are those that were answered.
fn gapless(agency: &str, rows: &[EventRow], answered: &BTreeSet<&str>) {
    let mut days: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == "received") {
        let payload: Value = serde_json::from_str(&row.payload).expect("a payload");
        let code = payload["code"].as_str().expect("a code");
        assert!(answered.contains(code), "{code}: nobody was told this code");
        let day = business_date(from_micros(row.occurred_at)).format("%y%m%d").to_string();
        let number = code.strip_prefix(&format!("{agency}-{day}-")).and_then(|number| number.parse().ok());
        days.entry(day).or_default().push(number.unwrap_or_else(|| panic!("{code}: of another day or agency")));
    }
    let total: usize = days.values().map(Vec::len).sum();
    assert_eq!(total, answered.len(), "{agency}: codes in the chain, and those that were answered");
    for (day, mut numbers) in days {
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{agency}, {day}: codes doubled or skipped");
    }
}
