//! `motcua verify` on a database: everything stored is compared with what the chain says.
//!
//! Per agency, on one snapshot: the hash chain, its head, the codes and day counters, the commitments of
//! personal rows, and the fact and payment rows, which are replayed from the events. Memory grows with the
//! dossiers of one agency (their places in the chain); rows are read in pages.

mod orphans;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::App;
use super::full_copy::lines::event_line;
use super::full_copy::{commitments, records as kept_records};
use crate::domain::chain::canonical_text;
use crate::domain::code::CodePattern;
use crate::domain::event::{Event, Payload};
use crate::domain::history::replay;
use crate::domain::time::{business_date, canonical, from_micros};
use crate::store::rows::{EventRow, FactsRow, PaymentRow};
use crate::store::sql_types::Id;
use crate::store::{StoreError, Tx, history};
use crate::verify::Finding;
use crate::verify::chain::{ChainCheck, Head, check_heads};
use crate::verify::codes::CodeCheck;
use crate::verify::heads::Kept;

/// Rows read at a time.
const PAGE: i64 = 500;

/// What was read and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    pub agencies: u64,
    pub dossiers: u64,
    pub events: u64,
    /// Commitments whose personal values were erased: lawful, hence a count.
    pub erased: u64,
    /// Personal rows that were not checked, for want of the data keys.
    pub personal_unchecked: u64,
    pub fact_rows: u64,
    pub payment_rows: u64,
    /// Declared values, snapshots and other rows beside the chains.
    pub records: u64,
    /// The first of each kind in each agency; behind a break of the chain nothing else is looked for.
    pub findings: Vec<CheckFinding>,
    /// The last good entry of each agency: worth keeping elsewhere.
    pub heads: Vec<Head>,
    /// The last good record of each agency.
    pub record_heads: Vec<Head>,
    /// How many heads kept elsewhere there were to compare with; 0: a truncated chain would look whole.
    pub heads_compared: u64,
}

impl CheckReport {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Something that is not as the chain says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckFinding {
    pub agency: String,
    /// The entry concerned; 0 when none is.
    pub seq: i64,
    /// A kind of the offline verifier (`hash`, `sequence`, …), or `head`, `counter`, `dossier`, `facts`, `payments`, `form`.
    pub kind: String,
    pub detail: String,
}

impl std::fmt::Display for CheckFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}: {}", self.agency, self.seq, self.detail)
    }
}

/// [`check_against`] heads of the events' chains alone.
///
/// # Errors
/// The database cannot be read.
pub fn check(app: &App, kept: &[Head], progress: impl FnMut(&CheckReport)) -> Result<CheckReport, StoreError> {
    check_against(app, &Kept { events: kept.to_vec(), records: Vec::new() }, progress)
}

/// Checks every agency, and compares with heads that were kept elsewhere. Blocks: not for an async thread.
/// `progress` is told what was read so far.
///
/// # Errors
/// The database cannot be read.
pub fn check_against(
    app: &App,
    kept: &Kept,
    mut progress: impl FnMut(&CheckReport),
) -> Result<CheckReport, StoreError> {
    let named = |tx: &mut Tx<'_>| -> Result<BTreeSet<String>, StoreError> {
        let heads = tx.heads_all()?.into_iter().map(|head| head.agency_id);
        let records = kept_records::agencies(tx)?.into_iter().chain(tx.record_agencies()?);
        Ok(tx.event_agencies()?.into_iter().chain(heads).chain(records).collect())
    };
    let mut agencies = app.store.read_blocking(named)?;
    agencies.extend(kept.events.iter().chain(&kept.records).map(|head| head.agency.clone()));
    let mut report = CheckReport { heads_compared: kept.count(), ..CheckReport::default() };
    for agency in agencies {
        report.agencies += 1;
        app.store.read_blocking(|tx| {
            let mut desk = Desk {
                app,
                agency: &agency,
                report: &mut report,
                progress: &mut progress,
                unseen: BTreeMap::new(),
                personal_rows: 0,
            };
            match desk.run(tx, kept) {
                Err(StoreError::Corrupt(detail)) => {
                    desk.found(0, "unreadable", detail);
                    Ok(())
                }
                other => other,
            }
        })?;
    }
    Ok(report)
}

/// The check of one agency.
struct Desk<'a, P> {
    app: &'a App,
    agency: &'a str,
    report: &'a mut CheckReport,
    progress: &'a mut P,
    /// Dossiers that the chain names, with their last entry; those whose row is found leave it.
    unseen: BTreeMap<Id, i64>,
    personal_rows: i64,
}

/// The numbers given on one day.
#[derive(Default)]
struct Day {
    highest: i64,
    /// Some code is of another pattern: it says nothing about the counter.
    others: bool,
}

impl<P: FnMut(&CheckReport)> Desk<'_, P> {
    fn run(&mut self, tx: &mut Tx<'_>, kept: &Kept) -> Result<(), StoreError> {
        let ours = |heads: &[Head]| heads.iter().filter(|head| head.agency == self.agency).cloned().collect();
        let (kept, kept_records): (Vec<Head>, Vec<Head>) = (ours(&kept.events), ours(&kept.records));
        // Their chain is its own: a break of the other says nothing of it.
        self.records(tx, &kept_records)?;
        let mut days = BTreeMap::new();
        let Some(head) = self.chain(tx, &kept, &mut days)? else { return Ok(()) };
        self.head(tx, head.as_ref())?;
        self.counters(tx, &days)?;
        self.dossiers(tx)?;
        self.report.heads.extend(head);
        Ok(())
    }

    fn found(&mut self, seq: i64, kind: &str, detail: String) {
        let known = self.report.findings.iter().any(|other| other.agency == self.agency && other.kind == kind);
        if !known {
            let (agency, kind) = (self.agency.to_owned(), kind.to_owned());
            self.report.findings.push(CheckFinding { agency, seq, kind, detail });
        }
    }

    fn take(&mut self, finding: Finding) {
        let kind = serde_json::to_value(finding.kind).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or("unreadable").to_owned();
        self.found(finding.seq, &kind, finding.detail);
    }

    /// The chain and the codes in it. `None`: it is broken.
    fn chain(
        &mut self,
        tx: &mut Tx<'_>,
        kept: &[Head],
        days: &mut BTreeMap<String, Day>,
    ) -> Result<Option<Option<Head>>, StoreError> {
        let mut chain = ChainCheck::expecting(kept);
        let mut codes = CodeCheck::new();
        let mut after = 0;
        loop {
            let rows = tx.events_after(self.agency, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                let line = event_line(row)?;
                self.report.events += 1;
                self.unseen.insert(row.dossier_id, row.seq);
                if let Err(finding) = chain.push(&line) {
                    self.take(finding);
                    return Ok(None);
                }
                // What a reader of the table sees is what was hashed: a key twice, say, would not be.
                if canonical_text(&serde_json::Value::Object(line.payload.clone())) != row.payload {
                    self.found(row.seq, "form", "the payload is not stored as it was hashed".to_owned());
                }
                if let Err(finding) = codes.push(&line) {
                    self.take(finding);
                }
                self.number(row, line.payload.get("code").and_then(|code| code.as_str()), days);
            }
            (self.progress)(self.report);
        }
        let heads = chain.finish();
        for finding in check_heads(&heads, kept).into_iter().chain(codes.finish()) {
            self.take(finding);
        }
        Ok(Some(heads.into_iter().next()))
    }

    fn number(&self, row: &EventRow, code: Option<&str>, days: &mut BTreeMap<String, Day>) {
        let Some(code) = code.filter(|_| row.kind == "received") else { return };
        let date = business_date(from_micros(row.occurred_at));
        let day = days.entry(date.format("%y%m%d").to_string()).or_default();
        let own = self.app.code_pattern.number(code, self.agency, date);
        match own.or_else(|| CodePattern::default().number(code, self.agency, date)) {
            Some(n) => day.highest = day.highest.max(n),
            None => day.others = true,
        }
    }

    fn head(&mut self, tx: &mut Tx<'_>, found: Option<&Head>) -> Result<(), StoreError> {
        let row = tx.head_of(self.agency)?.filter(|row| row.seq > 0);
        let kept = row.as_ref().map(|row| (row.seq, row.hash.as_str(), row.recorded_at));
        let real = found.map(|head| (head.seq, head.hash.as_str(), head.recorded_at.timestamp_micros()));
        if kept != real {
            let at = real.map_or(0, |(seq, _, _)| seq);
            let says = kept.map_or(0, |(seq, _, _)| seq);
            self.found(
                at,
                "head",
                format!("the stored head is entry {says}, or another; the chain ends at entry {at}"),
            );
        }
        Ok(())
    }

    fn counters(&mut self, tx: &mut Tx<'_>, days: &BTreeMap<String, Day>) -> Result<(), StoreError> {
        let stored: BTreeMap<String, i64> = tx.counters_of(self.agency)?.into_iter().collect();
        let all: BTreeSet<&String> = stored.keys().chain(days.keys()).collect();
        for date in all {
            let counter = stored.get(date).copied().unwrap_or(0);
            let (highest, others) = days.get(date).map_or((0, false), |day| (day.highest, day.others));
            if counter < highest || (counter > highest && !others) {
                let detail =
                    format!("the counter of day {date} stands at {counter}; the highest number given is {highest}");
                self.found(0, "counter", detail);
            }
        }
        Ok(())
    }

    fn dossiers(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let before = (self.report.fact_rows, self.report.payment_rows);
        let mut after = None;
        loop {
            let ids = tx.dossier_ids_after(self.agency, after, PAGE)?;
            let Some(last) = ids.last() else { return self.orphans(tx, before) };
            after = Some(*last);
            let personal = commitments(tx, self.app, self.agency, &ids)?;
            self.report.erased += personal.erased;
            self.personal_rows += personal.rows;
            self.report.personal_unchecked += personal.unchecked;
            for finding in personal.findings {
                self.take(finding);
            }
            self.page(tx, &ids)?;
            (self.progress)(self.report);
        }
    }

    fn page(&mut self, tx: &mut Tx<'_>, ids: &[Id]) -> Result<(), StoreError> {
        let mut histories = history::events_of_many(tx, self.agency, ids)?;
        let mut facts: BTreeMap<Id, Vec<FactsRow>> = BTreeMap::new();
        for row in tx.facts_of_many(self.agency, ids)? {
            self.report.fact_rows += 1;
            facts.entry(row.dossier_id).or_default().push(row);
        }
        let mut payments: BTreeMap<Id, Vec<PaymentRow>> = BTreeMap::new();
        for row in tx.payments_of_many(self.agency, ids)? {
            self.report.payment_rows += 1;
            payments.entry(row.dossier_id).or_default().push(row);
        }
        for (id, code) in tx.dossier_codes(self.agency, ids)? {
            self.report.dossiers += 1;
            self.unseen.remove(&id);
            let events = histories.remove(&id).unwrap_or_default();
            let seq = events.last().map_or(0, |event| event.seq);
            if events.is_empty() {
                self.found(0, "dossier", format!("dossier {} has no entry in the chain", id.0));
            } else if code != code_of(&events) {
                self.found(seq, "dossier", format!("dossier {} stands under another code than its receipt gave", id.0));
            }
            let (facts, paid) = (facts.remove(&id).unwrap_or_default(), payments.remove(&id).unwrap_or_default());
            self.rows(id, seq, &events, &facts, &paid);
        }
        Ok(())
    }

    fn rows(&mut self, id: Id, seq: i64, events: &[Event], facts: &[FactsRow], paid: &[PaymentRow]) {
        let replayed = replay(self.agency, id.0, events);
        let expected: Vec<FactsRow> = replayed.iter().map(|row| FactsRow::new(self.agency, id, row)).collect();
        if facts != expected {
            let at = facts.iter().zip(&expected).find(|(row, other)| row != other).map(|(row, _)| row.valid_from);
            let at = at.map_or_else(String::new, |at| format!(", first from {}", canonical(from_micros(at))));
            let detail = format!(
                "the {} fact rows of dossier {} are not the {} that its entries give{at}",
                facts.len(),
                id.0,
                expected.len()
            );
            self.found(seq, "facts", detail);
        }
        let mut expected: Vec<PaymentRow> = replayed
            .iter()
            .flat_map(|row| row.payments.iter().map(|payment| PaymentRow::new(self.agency, id, row, payment)))
            .collect();
        expected.sort_by_key(|row| (row.valid_from, row.known_from, row.n));
        if paid != expected {
            let detail = format!("the payment rows of dossier {} are not those that its entries give", id.0);
            self.found(seq, "payments", detail);
        }
    }
}

fn code_of(events: &[Event]) -> Option<String> {
    events.iter().find_map(|event| match &event.payload {
        Payload::Received(received) => received.code.clone(),
        _ => None,
    })
}
