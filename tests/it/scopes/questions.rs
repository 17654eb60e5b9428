//! Every question that a reading operation understands: made from the document, so that none is forgotten.

use std::collections::BTreeSet;

use motcua::http::openapi::document;
use motcua::store::checks;
use motcua::store::checks::histogram::Bucket;
use motcua::store::indicators;
use motcua::store::reports::LAYOUTS;
use serde_json::Value;

/// A request, with names of the world in braces.
#[derive(Debug, Clone)]
pub struct Question {
    pub method: &'static str,
    /// As the document has it.
    pub operation: String,
    /// The parameter that it tries; none for the bare request.
    pub parameter: Option<String>,
    pub template: String,
    /// Of an operation that reads though it is asked with a body; what is missing in it is a new calendar.
    pub body: Option<&'static str>,
}

impl Question {
    /// The page that this cursor names.
    pub fn at(&self, cursor: &str) -> Self {
        let sign = if self.template.contains('?') { '&' } else { '?' };
        Self { template: format!("{}{sign}cursor={cursor}", self.template), ..self.clone() }
    }
}

/// Operations that read though they are asked with a body, and the bodies.
const READING_POSTS: [(&str, &[&str]); 2] = [
    ("/api/v1/calendar/preview", &[NEW_CALENDAR]),
    (
        "/api/v1/dossiers/search",
        &[
            r#"{"phone": "0912345678"}"#,
            r#"{"identity_number": "001099012345"}"#,
            r#"{"phone": "0912345678", "agency": "{own}"}"#,
            r#"{"phone": "0912345678", "agency": "{far}"}"#,
            r#"{"phone": "0912345678", "agency": "{gone}"}"#,
        ],
    ),
];
/// In place of a body: a calendar with one more day off.
pub const NEW_CALENDAR: &str = "";
/// A header by which auditors see values in full; it opens nothing that lies elsewhere.
pub const PURPOSE: &str = "Purpose";

/// What fills the parameters in the path: the longest beginning counts.
const SUBJECTS: [(&str, &[&str]); 9] = [
    (
        "/api/v1/dossiers/{code}",
        &[
            "/api/v1/dossiers/{own.code}",
            "/api/v1/dossiers/{own.id}",
            "/api/v1/dossiers/{child.code}",
            "/api/v1/dossiers/{before.code}",
            "/api/v1/dossiers/{above.code}",
            "/api/v1/dossiers/{above.id}",
            "/api/v1/dossiers/{beside.code}",
            "/api/v1/dossiers/{far.code}",
            "/api/v1/dossiers/{far.id}",
            "/api/v1/dossiers/{gone.code}",
            "/api/v1/dossiers/{gone.id}",
        ],
    ),
    ("/api/v1/agencies/{code}", &["/api/v1/agencies/{own}", "/api/v1/agencies/{far}"]),
    ("/api/v1/procedures/{code}", &["/api/v1/procedures/1.005129"]),
    ("/api/v1/clients/{id}", &["/api/v1/clients/{own.client}", "/api/v1/clients/{far.client}"]),
    ("/api/v1/users/{id}", &["/api/v1/users/{own.user}", "/api/v1/users/{far.user}", "/api/v1/users/{above.user}"]),
    ("/api/v1/jobs/{id}", &["/api/v1/jobs/{job}"]),
    (
        "/api/v1/plans/{id}/targets/{key}",
        &[
            "/api/v1/plans/lam-2026/targets/trained",
            "/api/v1/plans/tinh-2026/targets/trained",
            "/api/v1/plans/xa-2026/targets/trained",
        ],
    ),
    ("/api/v1/plans/{id}", &["/api/v1/plans/lam-2026", "/api/v1/plans/tinh-2026", "/api/v1/plans/xa-2026"]),
    (
        "/api/v1/reports/snapshots/{id}",
        &[
            "/api/v1/reports/snapshots/{own.snapshot}",
            "/api/v1/reports/snapshots/{child.snapshot}",
            "/api/v1/reports/snapshots/{above.snapshot}",
            "/api/v1/reports/snapshots/{beside.snapshot}",
            "/api/v1/reports/snapshots/{far.snapshot}",
            "/api/v1/reports/snapshots/{gone.snapshot}",
        ],
    ),
];

/// What a request needs besides what is tried.
const ALWAYS: [(&str, &str); 4] = [
    // What the questions themselves leave in the log is of another day.
    ("/api/v1/audit/access-log", "to=2026-03-11"),
    // Whoever looks at people adds to it.
    ("/api/v1/audit/heads", "known_at=2026-03-11T23:00:00%2B07:00"),
    ("/api/v1/reports/diff", "since=2026-03-10T00:30:00Z"),
    ("/api/v1/deadlines", "procedure=1.005129&received_at=2026-03-10T08:00:00%2B07:00"),
];

const DECLARATIONS: &str = "/api/v1/plans/{id}/targets/{key}/declarations";

/// A parameter of one operation, or of all (`""`), and what it is tried with; the first that fits counts.
const TRIED: &[(&str, &str, &[&str])] = &[
    ("/api/v1/audit/access-log", "from", &["from=2026-03-10"]),
    ("/api/v1/audit/access-log", "to", &[""]),
    ("/api/v1/audit/heads", "known_at", &[""]),
    ("", "actor", &["actor={reader}"]),
    ("", "dossier", &["dossier={far.code}", "dossier={own.code}", "dossier={gone.id}"]),
    (DECLARATIONS, "agency", &["agency={far}", "agency={own}", "agency={above}", "agency={gone}"]),
    (DECLARATIONS, "from", &["from=2026-01-01"]),
    (DECLARATIONS, "to", &["to=2026-12-31"]),
    (
        "",
        "agency",
        &[
            "agency={own}",
            "agency={child}",
            "agency={before}",
            "agency={above}",
            "agency={beside}",
            "agency={far}",
            "agency={gone}",
        ],
    ),
    ("/api/v1/procedures", "scope", &["scope=subtree", "scope=own"]),
    ("", "scope", &["scope=own", "scope=own&agency={own}", "scope=subtree"]),
    ("", "level", &["level=commune", "level=district,department"]),
    ("", "from", &["from=2026-01-05", "from=2026-03-11"]),
    ("/api/v1/plans", "agency", &["agency={above}", "agency={far}", "agency={gone}", "agency={own}"]),
    ("/api/v1/plans", "scope", &["scope=own"]),
    // Before and after the mergers.
    (
        "/api/v1/plans",
        "to",
        &[
            "from=2026-01-01&to=2026-12-31",
            "from=2026-01-01&to=2026-02-20",
            "from=2026-01-01&to=2026-02-20&agency={own}",
        ],
    ),
    ("", "to", &["to=2026-12-31", "to=2026-02-20", "to=2026-02-20&agency={own}"]),
    ("", "tree", &["tree=2026-02-20", "tree=2026-02-20&agency={own}"]),
    ("", "known_at", &["known_at=2026-03-11T04:00:00Z", "known_at=2026-03-10T04:00:00Z"]),
    ("", "limit", &["limit=500", "limit=1"]),
    ("", "count", &["count=true"]),
    ("/api/v1/plans", "format", &["format=csv", "format=html"]),
    ("/api/v1/reports/06a", "format", &["format=csv", "format=html"]),
    ("/api/v1/reports/07a", "format", &["format=xlsx"]),
    // A spreadsheet takes its time, and holds the rows of the other file.
    ("/api/v1/dossiers", "format", &["format=csv", "format=xlsx"]),
    ("", "format", &["format=csv"]),
    ("", "valid_on", &["valid_on=2026-01-15"]),
    ("/api/v1/deadlines", "procedure", &[""]),
    ("/api/v1/deadlines", "received_at", &[""]),
    ("/api/v1/procedures", "procedure", &["procedure=1.004873"]),
    ("", "procedure", &["procedure=1.005129"]),
    ("", "field", &["field=H%E1%BB%99%20t%E1%BB%8Bch"]),
    ("", "channel", &["channel=online", "channel=in_person"]),
    ("/api/v1/audit/checks", "ids", &["ids=shared_identity"]),
    ("", "ids", &["ids=on_time_due,online_payment_transactions"]),
    (
        "",
        "group_by",
        &[
            "group_by=agency",
            "group_by=agency&to=2026-02-20",
            "group_by=procedure",
            "group_by=field",
            "group_by=channel",
            "group_by=month",
        ],
    ),
    ("", "imported", &["imported=true", "imported=false"]),
    ("", "rows", &["rows=agency", "rows=procedure", "rows=agency&to=2026-02-20"]),
    ("", "targets", &["targets=on_time_due,trained"]),
    ("", "since", &[""]),
    ("", "moved", &["indicator=on_time_due&moved=entered", "indicator=on_time_due&moved=left"]),
    ("", "basis", &["basis=computed", "basis=declared"]),
    ("/api/v1/payments", "indicator", &["indicator=online_payment_transactions"]),
    ("/api/v1/payments", "part", &["indicator=online_payment_transactions&part=numerator"]),
    ("/api/v1/procedures", "indicator", &["indicator=online_payment_procedures"]),
    ("/api/v1/procedures", "part", &["indicator=procedures_with_online&part=numerator"]),
    ("", "indicator", &["indicator=on_time_due"]),
    ("", "part", &["indicator=on_time_due&part=shortfall"]),
    ("/api/v1/dossiers", "report", &["report=06a&column=3"]),
    ("", "report", &["report=06a", "report=07a"]),
    ("", "column", &["report=06a&column=8"]),
    ("/api/v1/reports/diff", "ended", &["report=06a&ended=as_resolved"]),
    ("/api/v1/dossiers", "ended", &["report=06a&column=8&ended=as_resolved"]),
    ("", "ended", &["ended=as_resolved"]),
    ("", "check", &["check=shared_identity"]),
    ("", "bucket", &["bucket=day:-2", "bucket=day:-4"]),
    ("", "sort", &["sort=-lateness", "sort=due", "sort=finished", "sort=submitted", "sort=received"]),
    ("", "code", &["code={own.code}", "code={far.code}"]),
    ("", "service_level", &["service_level=full"]),
    ("", "state", &["state=received", "state=returned", "state=withdrawn"]),
    ("", "on_time_status", &["on_time_status=late", "on_time_status=overdue"]),
    ("", "paused", &["paused=supplement", "paused=payment"]),
    ("", "payment_method", &["payment_method=cash"]),
    ("", "digitised", &["digitised=true"]),
    ("", "outcome", &["outcome=rejected"]),
    ("", "result_electronic", &["result_electronic=true"]),
    ("", "result_signed", &["result_signed=true"]),
    ("", "officer", &["officer=Tr%E1%BA%A7n%20Th%E1%BB%8B%20B%C3%ACnh"]),
    ("", "unit", &["unit=T%C6%B0%20ph%C3%A1p"]),
    ("", "step", &["step=th%E1%BA%A9m%20%C4%91%E1%BB%8Bnh"]),
    ("", "component", &["component=TP2"]),
    ("", "component_sign", &["component=TP2&component_sign=reused"]),
    ("", "return_method", &["return_method=post"]),
    ("", "previous", &["previous=H26.103-250101-0001"]),
    ("", "result_document", &["result_document=true"]),
    ("", "result_number", &["result_number=KQ-1"]),
    ("", "result_issued_on", &["result_issued_on=2026-01-22"]),
    ("", "letter", &["letter=XL-1"]),
    ("", "assisted", &["assisted=true"]),
    ("", "late_entry", &["late_entry=true"]),
    ("", "extended", &["extended=true"]),
    ("", "voided", &["voided=true"]),
];

/// Ranges, and an end that something of the world lies within.
const RANGES: [(&str, &str, &str); 18] = [
    ("submitted", "2026-01-01", "2026-12-31"),
    ("answer_due", "2026-01-01", "2026-12-31"),
    ("answered", "2026-01-01", "2026-12-31"),
    ("received", "2026-01-01", "2026-12-31"),
    ("due", "2026-01-01", "2026-12-31"),
    ("due_original", "2026-01-01", "2026-12-31"),
    ("due_strict", "2026-01-01", "2026-12-31"),
    ("finished", "2026-01-01", "2026-12-31"),
    ("last_finished", "2026-01-01", "2026-12-31"),
    ("ended", "2026-01-01", "2026-12-31"),
    ("returned", "2026-01-01", "2026-12-31"),
    ("late_days", "1", "0"),
    ("fee_due", "1", "50000"),
    ("fee_paid", "1", "50000"),
    ("fee_refunded", "1", "20000"),
    ("supplement_rounds", "2", "1"),
    ("rating", "1", "5"),
    ("reopens", "1", "1"),
];

/// What is tried for a parameter; nothing when nobody has thought of it yet.
fn tried(path: &str, name: &str) -> Option<Vec<String>> {
    let fits = |of: &str| of.is_empty() || path == of || (of == "/api/v1/plans" && path.starts_with(of));
    if let Some((_, _, fragments)) = TRIED.iter().find(|(of, known, _)| *known == name && fits(of)) {
        return Some(fragments.iter().map(|text| (*text).to_owned()).collect());
    }
    let (stem, end) = name.rsplit_once('_')?;
    let (_, from, to) = RANGES.iter().find(|(known, _, _)| *known == stem)?;
    match end {
        "from" => Some(vec![format!("{name}={from}")]),
        "to" => Some(vec![format!("{name}={to}")]),
        _ => None,
    }
}

/// Everything that opens a figure, a cell, a check or a bar.
fn drill_downs(path: &str) -> Vec<String> {
    let unit = match path {
        "/api/v1/dossiers" | "/api/v1/reports/diff" => "dossier",
        "/api/v1/payments" => "payment",
        "/api/v1/procedures" => "procedure",
        _ => return Vec::new(),
    };
    let counted = indicators::all().filter(|indicator| indicator.counts() == unit);
    let mut all: Vec<String> = counted
        .flat_map(|indicator| {
            indicator.parts().iter().map(|part| format!("indicator={}&part={}", indicator.id, part.as_str()))
        })
        .collect();
    if unit != "dossier" {
        return all;
    }
    if path == "/api/v1/reports/diff" {
        // Each dossier that moved is explained, which takes its time: some of each will do.
        return all.into_iter().step_by(9).collect();
    }
    for layout in LAYOUTS {
        let columns = layout.columns.iter().chain(layout.beside());
        all.extend(columns.map(|column| format!("report={}&column={}", layout.id, column.number)));
    }
    all.extend(checks::all().map(|check| format!("check={}", check.id)));
    all.extend(Bucket::all().step_by(10).map(|bucket| format!("bucket={}", bucket.id())));
    all
}

fn subjects(path: &str) -> Vec<String> {
    if !path.contains('{') {
        return vec![path.to_owned()];
    }
    let (beginning, filled) = SUBJECTS
        .iter()
        .find(|(beginning, _)| path.starts_with(beginning))
        .unwrap_or_else(|| panic!("{path}: tests/it/scopes/questions.rs knows nothing to ask it of"));
    let rest = &path[beginning.len()..];
    assert!(!rest.contains('{'), "{path}: a parameter that tests/it/scopes/questions.rs does not fill");
    filled.iter().map(|begin| format!("{begin}{rest}")).collect()
}

fn with(subject: &str, fragments: &[&str]) -> String {
    let query: Vec<&str> = fragments.iter().copied().filter(|text| !text.is_empty()).collect();
    if query.is_empty() { subject.to_owned() } else { format!("{subject}?{}", query.join("&")) }
}

/// Every reading operation with every parameter that it documents.
pub fn all() -> Vec<Question> {
    let document = serde_json::to_value(document()).expect("a document");
    let mut questions = Vec::new();
    let mut unknown = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let bodies = READING_POSTS.iter().find(|(post, _)| post == path).map(|(_, bodies)| *bodies);
        let (method, operation, bodies) = match (&item["get"], bodies) {
            (Value::Null, Some(bodies)) => ("POST", &item["post"], bodies.iter().map(|body| Some(*body)).collect()),
            (Value::Null, None) => continue,
            (operation, _) => ("GET", operation, vec![None]),
        };
        let always = ALWAYS.iter().find(|(of, _)| of == path).map_or("", |(_, query)| query);
        // What a short page leaves out stands in the count.
        let short = |parameter: Option<&str>| match path.as_str() {
            _ if matches!(parameter, None | Some("limit" | "count" | "format")) => "",
            "/api/v1/dossiers" | "/api/v1/reports/register" | "/api/v1/payments" => "count=true&limit=3",
            "/api/v1/reports/diff" => "limit=2",
            _ => "",
        };
        // Without an indicator it is the catalogue, which everybody reads.
        let opened = |parameter: Option<&str>| {
            let of_catalogue = matches!(parameter, None | Some("valid_on" | "indicator" | "part" | "drill-down"));
            path == "/api/v1/procedures" && !of_catalogue
        };
        let mut add = |parameter: Option<&str>, fragment: &str| {
            // The bare request of everything; a parameter of something within reach, and of something beyond.
            let all = subjects(path);
            let ends = if all.len() > 1 { vec![all[0].clone(), all[all.len() - 1].clone()] } else { all.clone() };
            for subject in if parameter.is_none() { all } else { ends } {
                let fragments = [
                    always,
                    if opened(parameter) { "indicator=procedures_with_online&part=numerator" } else { "" },
                    fragment,
                    short(parameter),
                ];
                let template = with(&subject, &fragments);
                for body in &bodies {
                    let (operation, parameter) = (format!("{method} {path}"), parameter.map(str::to_owned));
                    questions.push(Question { method, operation, parameter, template: template.clone(), body: *body });
                }
            }
        };
        add(None, "");
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty).iter();
        for parameter in parameters.filter(|parameter| parameter["in"] == "query" && parameter["name"] != "cursor") {
            let name = parameter["name"].as_str().expect("a name");
            match tried(path, name) {
                Some(fragments) => fragments.iter().for_each(|fragment| add(Some(name), fragment)),
                None => {
                    unknown.insert(format!("{path}: {name}"));
                }
            }
        }
        let with_purpose =
            operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == PURPOSE));
        if with_purpose {
            add(Some(PURPOSE), "");
        }
        drill_downs(path).iter().for_each(|fragment| add(Some("drill-down"), fragment));
    }
    assert!(unknown.is_empty(), "no question in tests/it/scopes/questions.rs tries {unknown:#?}");
    questions
}
