//! The law's reports counted the slow and plain way: each dossier says in which columns it stands, and in which rows.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::book::Book;
use super::case::{Case, Class, State, classify};
use super::entry::Channel;
use super::figures::{Cut, Figure, View};
use super::local_date;
use super::predicates::Seen;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    II06a,
    Btp07a,
}

/// What becomes of dossiers stopped or withdrawn in the period, after receipt, never finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Exclude,
    AsResolved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsBy {
    Field,
    Procedure,
    Agency,
}

/// Which row; nothing set is the total.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub level: Option<String>,
    pub field: Option<String>,
    pub procedure: Option<String>,
    pub agency: Option<String>,
}

/// Who stands in a row, by column; the stopped and the withdrawn under those names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    cells: BTreeMap<&'static str, BTreeSet<String>>,
    pub on_time_resolved: Figure,
    pub on_time_due: Figure,
}

impl Row {
    /// The dossiers counted in a column.
    #[must_use]
    pub fn cell(&self, column: &str) -> BTreeSet<String> {
        self.cells.get(column).cloned().unwrap_or_default()
    }

    /// Somebody stands in a column of the form.
    fn is_printed(&self) -> bool {
        self.cells.keys().any(|column| column.parse::<u8>().is_ok())
    }
}

impl Form {
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        match id {
            "06a" => Some(Self::II06a),
            "07a" => Some(Self::Btp07a),
            _ => None,
        }
    }

    /// The numbers of its columns.
    pub fn columns(self) -> impl Iterator<Item = u8> {
        match self {
            Self::II06a => 3..=13,
            Self::Btp07a => 3..=24,
        }
    }

    fn columns_of(self, of: &Standing) -> Vec<&'static str> {
        match self {
            Self::II06a => of.columns_06a(),
            Self::Btp07a => of.columns_07a(),
        }
    }
}

/// Every row of a report with who stands in it. `rows`: for rows by agency, the row of each agency of the cut.
#[must_use]
pub fn report(
    book: &Book,
    cut: &Cut,
    form: Form,
    ended: Ended,
    by: RowsBy,
    rows: &BTreeMap<String, String>,
) -> BTreeMap<Key, Row> {
    let view = View::new(book, cut);
    let mut table: BTreeMap<Key, Row> = BTreeMap::from([(Key::default(), Row::default())]);
    for case in view.cases() {
        let seen = view.seen(case);
        let columns = form.columns_of(&Standing::of(seen, ended));
        let level = book.level(&case.agency, cut.to, cut.known_at).map(str::to_owned);
        for key in keys(case, level, by, rows) {
            let row = table.entry(key).or_default();
            for column in &columns {
                row.cells.entry(column).or_default().insert(case.dossier.clone());
            }
            for (id, figure) in [("on_time_resolved", &mut row.on_time_resolved), ("on_time_due", &mut row.on_time_due)]
            {
                figure.count(&case.dossier, seen.counted(id).unwrap_or_default());
            }
        }
    }
    if by == RowsBy::Agency {
        // Also units that recorded nothing.
        for row in cut.agencies.iter().map(|agency| rows.get(agency).unwrap_or(agency)) {
            table.entry(Key { agency: Some(row.clone()), ..Key::default() }).or_default();
        }
    } else {
        table.retain(|key, row| *key == Key::default() || row.is_printed());
    }
    table
}

/// The rows in which a dossier counts.
fn keys(case: &Case, level: Option<String>, by: RowsBy, rows: &BTreeMap<String, String>) -> Vec<Key> {
    let total = Key::default();
    if by == RowsBy::Agency {
        let row = rows.get(&case.agency).unwrap_or(&case.agency).clone();
        return vec![total, Key { agency: Some(row), ..Key::default() }];
    }
    let section = Key { level, ..Key::default() };
    let field = Key { field: Some(case.snapshot.field.clone()), ..section.clone() };
    let mut keys = vec![total, section, field.clone()];
    if by == RowsBy::Procedure {
        keys.push(Key { procedure: Some(case.procedure.clone()), ..field });
    }
    keys
}

/// How a dossier was resolved: its class, and whether a letter was out by the due date.
#[derive(Debug, Clone, Copy)]
struct Resolved {
    class: Class,
    apology: bool,
}

/// All that the forms ask of a dossier.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// Submitted and not answered; late or not.
    waiting: Option<bool>,
    refused: bool,
    /// Present in the columns of received, resolved and open; received in the period or before it.
    present: Option<bool>,
    channel: Channel,
    resolved: Option<Resolved>,
    open_late: bool,
    stopped: bool,
    withdrawn: bool,
    /// Received in the period and paid for; online or not.
    paid: Option<bool>,
}

impl Standing {
    fn of(seen: Seen<'_>, treatment: Ended) -> Self {
        let case = seen.case;
        let by_due = |letters: &[NaiveDate], strict: DateTime<Utc>| letters.iter().any(|on| *on <= local_date(strict));
        let ended = seen.ended();
        let mut resolved = seen
            .finish()
            .map(|finish| Resolved { class: finish.class, apology: by_due(&finish.letters, finish.dues.strict) });
        if let (true, Some(at), Some(dues)) = (ended && treatment == Ended::AsResolved, case.ended_at, case.dues) {
            resolved = Some(Resolved { class: classify(at, dues.strict), apology: by_due(&case.letters, dues.strict) });
        }
        let unanswered = case.answered_at.is_none() && case.ended_at.is_none() && case.received_at.is_none();
        let mut methods = case.standing_payments().map(|(_, payment)| payment.method).peekable();
        let paid = (seen.received() && methods.peek().is_some()).then(|| methods.any(|method| method.is_online()));
        Self {
            waiting: unanswered.then(|| case.answer_due.is_some_and(|due| due <= seen.period.at)),
            refused: case.refused_at.is_some_and(|at| seen.period.holds(at)),
            present: (resolved.is_some() || seen.open()).then(|| seen.received()),
            channel: case.channel,
            resolved,
            open_late: seen.open_late(),
            stopped: ended && case.state == State::Stopped,
            withdrawn: ended && case.state == State::Withdrawn,
            paid,
        }
    }

    fn columns_06a(&self) -> Vec<&'static str> {
        let mut columns = self.named();
        let Some(in_period) = self.present else { return columns };
        columns.push("3");
        columns.push(match (in_period, self.channel.is_online()) {
            (false, _) => "6",
            (true, true) => "4",
            (true, false) => "5",
        });
        columns.extend(match self.resolved.map(|resolved| resolved.class) {
            Some(Class::Early) => ["7", "8"],
            Some(Class::OnTime) => ["7", "9"],
            Some(Class::Late) => ["7", "10"],
            None if self.open_late => ["11", "13"],
            None => ["11", "12"],
        });
        columns
    }

    fn columns_07a(&self) -> Vec<&'static str> {
        let mut columns = self.named();
        columns.extend(self.waiting.map(|late| if late { "4" } else { "3" }));
        columns.extend(self.refused.then_some("5"));
        columns.extend(self.stopped.then_some("20"));
        columns.extend(self.withdrawn.then_some("21"));
        columns.extend(self.paid.map(|online| ["22", if online { "23" } else { "24" }]).into_iter().flatten());
        let Some(in_period) = self.present else { return columns };
        columns.push("6");
        columns.push(match self.channel {
            _ if !in_period => "11",
            Channel::Level4 => "7",
            Channel::Level3 => "8",
            Channel::Post => "9",
            Channel::InPerson => "10",
        });
        columns.extend(match self.resolved {
            Some(Resolved { class: Class::Early, .. }) => ["12", "13"],
            Some(Resolved { class: Class::OnTime, .. }) => ["12", "14"],
            Some(Resolved { class: Class::Late, apology: true }) => ["12", "15"],
            Some(Resolved { class: Class::Late, apology: false }) => ["12", "16"],
            None if self.open_late => ["17", "19"],
            None => ["17", "18"],
        });
        columns
    }

    fn named(&self) -> Vec<&'static str> {
        let named = [("stopped", self.stopped), ("withdrawn", self.withdrawn)];
        named.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
    }
}
