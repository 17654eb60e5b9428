//! A full copy checked as it streams by: chains, codes and personal values.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::num::NonZero;

use serde::Serialize;

use super::chain::{ChainCheck, Head, check_heads};
use super::codes::CodeCheck;
use super::heads::Kept;
use super::line::{EventLine, Line};
use super::personal::PersonalCheck;
use super::pipeline::{Hash, each};
use super::records::RecordCheck;
use super::unseal::Keys;
use super::{Finding, FindingKind};

/// What was read and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub events: u64,
    pub dossiers: u64,
    pub agencies: u64,
    /// Declared values, snapshots and other rows beside the chains.
    pub records: u64,
    /// Commitments whose personal values were erased: lawful, hence a count.
    pub erased: u64,
    /// Personal rows that were not checked, for want of the data keys; 0 when keys were given.
    pub personal_unchecked: u64,
    /// The first finding of each agency, and of its records; faults of the file under the empty agency code.
    pub findings: Vec<Finding>,
    /// The last good entry of each agency.
    pub heads: Vec<Head>,
    /// The last good record of each agency.
    pub record_heads: Vec<Head>,
    /// How many heads kept elsewhere there were to compare with; 0: a truncated chain would look whole.
    pub heads_compared: u64,
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
    records: RecordCheck,
    events: u64,
    findings: Vec<Finding>,
    /// Agencies that have their finding; apart, one of their records.
    reported: BTreeSet<(String, bool)>,
}

/// Checks a full copy. `progress` is told the bytes read so far, after every line.
pub fn run(reader: impl BufRead + Send, progress: impl FnMut(u64)) -> Report {
    run_against(reader, &Kept::default(), None, progress)
}

/// The same, and compares with heads that were kept elsewhere; with keys personal values too.
pub fn run_against(
    reader: impl BufRead + Send,
    known: &Kept,
    keys: Option<&Keys>,
    progress: impl FnMut(u64),
) -> Report {
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    run_with(threads, reader, known, keys, progress)
}

/// The same with as many threads beside this one.
pub fn run_with(
    threads: NonZero<usize>,
    reader: impl BufRead + Send,
    known: &Kept,
    keys: Option<&Keys>,
    mut progress: impl FnMut(u64),
) -> Report {
    let (chain, records) = (ChainCheck::expecting(&known.events), RecordCheck::expecting(&known.records));
    let mut run = Run { chain, records, ..Run::default() };
    let mut headed = false;
    each(reader, threads, keys, |ready| {
        let number = ready.number;
        match ready.line {
            Ok(Line::Header(header)) if !headed => {
                headed = true;
                run.note(header.check().map_err(|detail| unreadable(number, &detail)));
            }
            Ok(line) => {
                if !headed {
                    headed = true;
                    run.note(Err(unreadable(number, "a full copy begins with its header")));
                }
                run.take(&line, ready.hash, number);
            }
            Err(bad) => run.note(Err(unreadable(bad.number, &bad.detail))),
        }
        progress(ready.bytes);
    });
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
            && self.reported.insert((finding.agency.clone(), finding.kind == FindingKind::Record))
        {
            self.findings.push(finding);
        }
    }

    fn take(&mut self, line: &Line, hash: Hash, number: u64) {
        match line {
            Line::Header(_) => self.note(Err(unreadable(number, "a second header"))),
            Line::Catalogue(_) => {}
            Line::Record(record) => {
                let result = self.records.push(record);
                self.note(result);
                let result = self.personal.record(record);
                self.note(result);
            }
            Line::Personal(row) => {
                if let Hash::Commitment(hash) = hash {
                    let result = self.personal.row_hashed(row, hash);
                    self.note(result);
                }
            }
            Line::Event(event) => self.take_event(event, hash),
        }
    }

    /// The chain goes first and stops the other checks of its agency: behind a break nothing else is worth saying.
    fn take_event(&mut self, event: &EventLine, hash: Hash) {
        self.events += 1;
        let result = match hash {
            Hash::Entry(hash) => self.chain.push_hashed(event, hash),
            _ => self.chain.push(event),
        };
        if let Err(finding) = result {
            // A break of the chain outweighs what was found before in the same agency.
            self.findings.retain(|other| other.agency != finding.agency || other.kind == FindingKind::Record);
            self.reported.insert((finding.agency.clone(), false));
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

    fn finish(mut self, known: &Kept) -> Report {
        let (agencies, dossiers) = (self.chain.agencies(), self.chain.dossiers());
        let heads = std::mem::take(&mut self.chain).finish();
        let personal = std::mem::take(&mut self.personal).finish();
        let records = self.records.count();
        let (record_heads, missing) = std::mem::take(&mut self.records).finish();
        let mut findings = check_heads(&heads, &known.events);
        findings.extend(missing);
        findings.extend(std::mem::take(&mut self.codes).finish());
        findings.extend(personal.findings);
        for finding in findings {
            self.note(Err(finding));
        }
        Report {
            events: self.events,
            dossiers,
            agencies,
            records,
            erased: personal.erased,
            personal_unchecked: personal.unchecked,
            findings: self.findings,
            heads,
            record_heads,
            heads_compared: known.count(),
        }
    }
}
