//! What nobody may do by a request of its own, nobody may do by a line of an import.

use serde_json::{Value, json};

use super::places::PARENT;
use crate::factory::{AGENCY, CHILD, FOREIGN, FULL, applicant};
use crate::harness::TestApp;

fn import(app: &TestApp, line: &Value) -> Value {
    let request = app.user("admin").request("POST", "/imports").header("Content-Type", "application/x-ndjson");
    request.bytes(format!("{line}\n").into_bytes()).send().expect(200)
}

/// The line is refused and leaves the agencies and plans as they were; so is the same by a request of its own.
fn refused(app: &TestApp, line: &Value, wrong: &mut Vec<String>) {
    let kept = || ["/agencies", "/plans"].map(|path| app.user("overall").get(path).expect(200));
    let before = kept();
    let report = import(app, line);
    if report["failed"] != 1 || kept() != before {
        wrong.push(format!("{line}: {report}"));
    }
}

fn agency(app: &TestApp, code: &str, change: &Value) -> Value {
    let mut document = app.user("overall").get(&format!("/agencies/{code}")).expect(200);
    crate::factory::merge(&mut document, &json!({"revision": null, "effective_from": null}));
    crate::factory::merge(&mut document, change);
    document
}

fn as_line(kind: &str, document: &Value) -> Value {
    let mut line = document.clone();
    line["kind"] = kind.into();
    line
}

fn plan(id: &str, agency: &str) -> Value {
    json!({"id": id, "title": "Kế hoạch", "agency": agency, "from": "2026-01-01", "to": "2026-12-31", "targets": [
        {"key": "on_time", "title": "Đúng hạn", "indicator": "on_time_due", "comparator": ">=", "threshold": "90", "unit": "percent"},
    ]})
}

/// A dossier of the own agency that calls itself what another one is called.
fn line(source_id: Option<&Value>, code: Option<&Value>) -> Value {
    let at = |time: &str| format!("2026-02-02T{time}:00+07:00");
    let submitted = json!({
        "type": "submitted", "occurred_at": at("08:00"), "agency": AGENCY, "procedure": FULL, "channel": "in_person",
        "applicant": applicant(), "components": [{"code": "TP1", "originals": 1}],
    });
    let mut received = json!({"type": "received", "occurred_at": at("08:30")});
    let mut line = json!({"kind": "dossier"});
    if let Some(id) = source_id {
        crate::factory::merge(&mut line, &json!({"source": "motcua", "source_id": id}));
    }
    if let Some(code) = code {
        received["code"] = code.clone();
    }
    line["events"] = json!([submitted, received]);
    line
}

pub fn an_import_is_no_second_path(app: &TestApp) {
    let foreign = app.create(&json!({"agency": FOREIGN}));
    app.user("overall").post("/plans", &plan("xa-2026", FOREIGN)).expect(201);
    app.user("admin").post("/plans", &plan("lam-2026", AGENCY)).expect(201);
    let mut wrong = Vec::new();

    // Whoever moves an agency below their own would read all that it has.
    let moves = [
        (FOREIGN, json!({"parent": AGENCY})),
        (FOREIGN, json!({"name": "Tên khác"})),
        (PARENT, json!({"parent": CHILD})),
        ("H26.7", json!({"parent": AGENCY})),
        ("H26.7", json!({"valid_to": "2026-12-31", "successor": AGENCY})),
        // And whoever moves their own away is seen by nobody above.
        (AGENCY, json!({"parent": null})),
        (AGENCY, json!({"parent": FOREIGN})),
        (CHILD, json!({"parent": null})),
        (CHILD, json!({"parent": FOREIGN})),
        // So is whoever merges their own into another one.
        (AGENCY, json!({"valid_to": "2026-12-31", "successor": PARENT})),
        (CHILD, json!({"valid_to": "2026-12-31", "successor": FOREIGN})),
    ];
    for (code, change) in moves {
        let document = agency(app, code, &change);
        refused(app, &as_line("agency", &document), &mut wrong);
        let answer = app.user("admin").put(&format!("/agencies/{code}"), 1, &document);
        if !matches!(answer.status, 403 | 422) {
            wrong.push(format!("PUT {document}: {} {}", answer.status, answer.text));
        }
    }
    let fresh = json!({"code": "H38.9", "name": "Xã mới", "level": "commune", "parent": FOREIGN});
    for parent in [json!(FOREIGN), json!(PARENT), Value::Null] {
        let mut document = fresh.clone();
        crate::factory::merge(&mut document, &json!({"parent": parent}));
        refused(app, &as_line("agency", &document), &mut wrong);
    }
    for (id, agency) in
        [("moi-2026", FOREIGN), ("moi-2026", PARENT), ("xa-2026", FOREIGN), ("xa-2026", AGENCY), ("lam-2026", PARENT)]
    {
        let mut document = plan(id, agency);
        document["title"] = "Kế hoạch khác".into();
        refused(app, &as_line("plan", &document), &mut wrong);
    }
    // A dossier of another agency is not there, by whatever name.
    let code = foreign["code"].as_str().expect("a code");
    let by_id = import(app, &line(Some(&foreign["id"]), None));
    if by_id["created"] != 1 || by_id.to_string().contains(code) {
        wrong.push(format!("its id: {by_id}"));
    }
    // Its code is refused like any that names its agency: guessing tells nothing.
    let guessed = "H38.1-260310-0777";
    let told = [&foreign["code"], &json!(guessed)].map(|code| {
        let report = import(app, &line(None, Some(code)));
        let error = &report["errors"][0];
        if report["failed"] != 1 || error["code"] != "foreign_code" || error["pointer"] != "/events/1/code" {
            wrong.push(format!("the code {code}: {report}"));
        }
        report.to_string()
    });
    assert_eq!(told[0], told[1]);
    assert!(wrong.is_empty(), "{} were taken:\n{}", wrong.len(), wrong.join("\n"));

    // Those of agencies within reach are taken.
    for code in ["H26.103-260202-0044", "H26.103.25-260202-0044"] {
        assert_eq!(import(app, &line(None, Some(&json!(code))))["created"], 1, "{code}");
    }
    // Codes of other systems are taken; so is a dossier again that has come with a foreign one, by the command line.
    let brought = line(None, Some(&json!(guessed)));
    assert_eq!(crate::exchange::setup::import(&app.app, std::slice::from_ref(&brought)).created, 1);
    assert_eq!(import(app, &brought)["unchanged"], 1);
    let others = line(None, Some(&json!("G09.20-20260202-0092637")));
    assert_eq!(import(app, &others)["created"], 1);
    assert_eq!(import(app, &others)["unchanged"], 1);

    // What is theirs they may put.
    let renamed = agency(app, AGENCY, &json!({"name": "Huyện Sông Lam"}));
    let mut ours = plan("lam-2026", AGENCY);
    ours["title"] = "Kế hoạch khác".into();
    for line in [as_line("agency", &renamed), as_line("plan", &ours)] {
        assert_eq!(import(app, &line)["catalogue"], 1, "{line}");
    }
}
