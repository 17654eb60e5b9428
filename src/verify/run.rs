//! A full copy checked as it streams by: chains, codes and personal values.

use std::collections::BTreeSet;
use std::io::BufRead;

use serde::Serialize;

use super::chain::{ChainCheck, Head, check_heads};
use super::codes::CodeCheck;
use super::line::{EventLine, Line, Lines};
use super::personal::PersonalCheck;
use super::{Finding, FindingKind};

/// What was read and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub events: u64,
    pub dossiers: u64,
    pub agencies: u64,
    /// Commitments whose personal values were erased: lawful, hence a count.
    pub erased: u64,
    /// The first finding of each agency; faults of the file under the empty agency code.
    pub findings: Vec<Finding>,
    /// The last good entry of each agency.
    pub heads: Vec<Head>,
}

impl Report {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

#[derive(Default)]
struct Run {
    chain: ChainCheck,
    codes: CodeCheck,
    personal: PersonalCheck,
    events: u64,
    findings: Vec<Finding>,
    /// Agencies that have their finding.
    reported: BTreeSet<String>,
}

/// Checks a full copy. `progress` is told the bytes read so far, after every line.
pub fn run(reader: impl BufRead, progress: impl FnMut(u64)) -> Report {
    run_against(reader, &[], progress)
}

/// The same, and compares with heads that were kept elsewhere.
pub fn run_against(reader: impl BufRead, known: &[Head], mut progress: impl FnMut(u64)) -> Report {
    let mut run = Run { chain: ChainCheck::expecting(known), ..Run::default() };
    let mut lines = Lines::new(reader);
    let mut headed = false;
    while let Some(line) = lines.next() {
        let number = lines.number();
        match line {
            Ok(Line::Header(header)) if !headed => {
                headed = true;
                run.note(header.check().map_err(|detail| unreadable(number, &detail)));
            }
            Ok(line) => {
                if !headed {
                    headed = true;
                    run.note(Err(unreadable(number, "a full copy begins with its header")));
                }
                run.take(&line, number);
            }
            Err(bad) => run.note(Err(unreadable(bad.number, &bad.detail))),
        }
        progress(lines.bytes());
    }
    if !headed {
        run.note(Err(unreadable(1, "a full copy begins with its header")));
    }
    run.finish(known)
}

fn unreadable(number: u64, detail: &str) -> Finding {
    Finding::new("", 0, FindingKind::Unreadable, format!("line {number}: {detail}"))
}

impl Run {
    fn note(&mut self, result: Result<(), Finding>) {
        if let Err(finding) = result
            && self.reported.insert(finding.agency.clone())
        {
            self.findings.push(finding);
        }
    }

    fn take(&mut self, line: &Line, number: u64) {
        match line {
            Line::Header(_) => self.note(Err(unreadable(number, "a second header"))),
            Line::Catalogue(_) | Line::Record(_) => {}
            Line::Personal(row) => {
                let result = self.personal.row(row);
                self.note(result);
            }
            Line::Event(event) => self.take_event(event),
        }
    }

    /// The chain goes first and stops the other checks of its agency: behind a break nothing else is worth saying.
    fn take_event(&mut self, event: &EventLine) {
        self.events += 1;
        if let Err(finding) = self.chain.push(event) {
            // A break of the chain outweighs what was found before in the same agency.
            self.findings.retain(|other| other.agency != finding.agency);
            self.reported.insert(finding.agency.clone());
            self.findings.push(finding);
            return;
        }
        if self.chain.is_broken(&event.agency) {
            return;
        }
        let codes = self.codes.push(event);
        self.note(codes);
        let personal = self.personal.event(event);
        self.note(personal);
    }

    fn finish(mut self, known: &[Head]) -> Report {
        let (agencies, dossiers) = (self.chain.agencies(), self.chain.dossiers());
        let heads = self.chain.finish();
        let personal = self.personal.finish();
        let mut findings = check_heads(&heads, known);
        findings.extend(self.codes.finish());
        findings.extend(personal.findings);
        for finding in findings {
            if self.reported.insert(finding.agency.clone()) {
                self.findings.push(finding);
            }
        }
        Report { events: self.events, dossiers, agencies, erased: personal.erased, findings: self.findings, heads }
    }
}
