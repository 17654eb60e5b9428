//! What the integrity checks ask of a history beside the figures: this module's own reading of the contract.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::case::Case;
use super::entry::{Act, Entry};
use super::local_date;

/// Signs gathered event by event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    pub assisted: bool,
    /// The account that submitted it also received it, by hand.
    pub same_hand: bool,
    /// An event carries a reason for its late entry.
    pub late_entry: bool,
    pub item_twice: bool,
    pub late_supplement: bool,
    pub extensions: u32,
    pub extended_after_due: bool,
    pub letter_late: bool,
    pub reopens: u32,
    submitter: String,
    asked: BTreeSet<String>,
    /// Receipt, or the last start anew.
    clock_start: Option<DateTime<Utc>>,
}

impl Case {
    /// Notes the signs of an entry. Before it is taken in: they depend on how the dossier stood then.
    pub(super) fn sign(&mut self, entry: &Entry, act: &Act) {
        let at = entry.occurred_at;
        // The first finish decides: what is done to the time after it changes nothing.
        let running = self.dues.filter(|_| self.first_finish.is_none());
        let signs = &mut self.signs;
        signs.late_entry |= entry.late;
        match act {
            Act::Submitted { assisted, .. } => {
                signs.assisted = *assisted == Some(true);
                signs.submitter.clone_from(&entry.actor);
            }
            Act::Received { .. } => {
                signs.same_hand = !entry.imported && entry.actor == signs.submitter;
                signs.clock_start = Some(at);
            }
            Act::SupplementRequested { items } => {
                if let (Some(start), Some(dues)) = (signs.clock_start, running) {
                    // At or beyond four fifths of the way.
                    signs.late_supplement |= (at - start) * 5 >= (dues.strict - start) * 4;
                }
                let round: BTreeSet<String> = items.iter().map(|item| item.component.clone()).collect();
                signs.item_twice |= !signs.asked.is_disjoint(&round);
                signs.asked.extend(round);
            }
            Act::Supplemented { .. } if self.received_at.is_some() && self.snapshot.after_supplement == "restart" => {
                signs.clock_start = Some(at);
            }
            Act::Extended { letter, .. } => {
                signs.extensions += 1;
                if let Some(dues) = running {
                    signs.extended_after_due |= at > dues.due;
                    signs.letter_late |= letter.issued_on > local_date(dues.due);
                }
            }
            Act::Reopened => signs.reopens += 1,
            _ => {}
        }
    }
}
