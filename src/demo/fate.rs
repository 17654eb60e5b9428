//! What is laid down for a dossier when its story begins.

use std::sync::Arc;

use chrono::NaiveDate;

use super::dice::{Dice, Quota};
use super::office::{Days, Office};
use super::profile::Profile;
use crate::domain::applicant::{Applicant, ApplicantKind};
use crate::domain::catalogue::{Procedure, ServiceLevel};
use crate::domain::deadline::TimeUnit;
use crate::domain::event::{Channel, Component, PaymentMethod, ReturnMethod, Reuse};
use crate::domain::time::{Instant, business_date};

/// How a story ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Not taken in: online only.
    Refused,
    InTime,
    Late,
    /// Nobody carries it on.
    LeftOpen,
    /// The applicant never answers a request.
    Silent,
    Withdrawn,
    Stopped,
    Voided,
}

/// When fees are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// Through a portal, with the submission.
    Before,
    AtReceipt,
    AtReturn,
}

/// What a leader corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    Channel,
    Applicant,
    Result,
    Fees,
}

/// The course of one dossier. What depends on due instants is settled on the way.
#[derive(Debug, Clone)]
pub struct Fate {
    pub seed: u64,
    pub procedure: Arc<Procedure>,
    pub channel: Channel,
    pub assisted: bool,
    pub applicant: Applicant,
    pub components: Vec<Component>,
    pub return_method: ReturnMethod,
    /// Recorded later than it happened, from paper.
    pub happened: Option<Instant>,
    /// Office minutes from submission to the answer.
    pub answer_after: i64,
    pub ending: Ending,
    /// A supplement is asked before receipt.
    pub incomplete: bool,
    /// Supplements asked after receipt.
    pub rounds: u32,
    /// Paper is asked of an online dossier.
    pub paper: bool,
    pub pays: Pays,
    pub method: PaymentMethod,
    pub exempt: bool,
    /// A tax to be paid on the way.
    pub taxed: bool,
    pub apology: bool,
    /// Share of the time left that is used.
    pub pace: f64,
    pub granted: bool,
    pub electronic: bool,
    pub signed: bool,
    pub digitised: bool,
    pub collected: bool,
    pub reopened: bool,
    pub slip: Option<Slip>,
    pub rating: Option<u8>,
}

impl Fate {
    #[must_use]
    pub fn online(&self) -> bool {
        self.channel.online()
    }

    /// Done at the counter while the applicant waits.
    #[must_use]
    pub fn at_once(&self) -> bool {
        self.procedure.processing_time.unit == TimeUnit::Immediate
    }

    /// The applicant's own acts come through the portal, at any hour.
    #[must_use]
    pub fn through_portal(&self) -> bool {
        self.online() && !self.assisted
    }

    /// A number of its own for papers.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.seed % 9000 + 1000
    }

    /// One in `n` stories.
    #[must_use]
    pub fn one_in(&self, n: u64) -> bool {
        (self.seed / 9000).is_multiple_of(n)
    }
}

/// Draws the fates of an agency's dossiers.
pub struct Maker<'a> {
    profile: &'a Profile,
    office: &'a Office,
    procedures: Vec<(Arc<Procedure>, u32)>,
    before: Days,
    year: Days,
    late: Quota,
    left_open: Quota,
    voided: Quota,
    post: Quota,
}

impl<'a> Maker<'a> {
    #[must_use]
    pub fn new(
        profile: &'a Profile,
        office: &'a Office,
        procedures: Vec<(Arc<Procedure>, u32)>,
        [before, year]: [Days; 2],
    ) -> Self {
        Self {
            profile,
            office,
            procedures,
            before,
            year,
            late: Quota::new(profile.late, 0.5),
            left_open: Quota::new(profile.left_open, 0.5),
            voided: Quota::new(0.003, 0.95),
            post: Quota::new(0.03, 0.5),
        }
    }

    /// When the next dossier is submitted, and its fate.
    pub fn next(&mut self, seed: u64) -> (Instant, Fate) {
        let dice = &mut Dice::new(seed, 0);
        let weights: Vec<(usize, u32)> = self.procedures.iter().map(|(_, weight)| *weight).enumerate().collect();
        let procedure = Arc::clone(&self.procedures[dice.weighted(&weights)].0);
        let channel = self.channel(&procedure, dice);
        let at_once = procedure.processing_time.unit == TimeUnit::Immediate;
        let assisted = channel.online() && dice.chance(0.25);
        // A few of the year before are carried over.
        let days = if dice.chance(0.03) { &self.before } else { &self.year };
        let at = if channel.online() && !assisted {
            Office::at_home(days.any(dice), dice)
        } else {
            self.office.at_counter(days.working(dice), dice)
        };
        let happened = self.entered_late(&procedure, channel, at, dice);
        let ending = self.ending(at_once, channel, dice);
        let p = self.profile;
        let eligible = procedure.electronic_result_eligible;
        let electronic = dice.chance(if eligible { p.electronic } else { p.electronic_other });
        let pays = match channel {
            Channel::Level3 | Channel::Level4 if dice.chance(p.paid_online) => Pays::Before,
            _ if dice.chance(0.85) => Pays::AtReceipt,
            _ => Pays::AtReturn,
        };
        let rounds = i64::from(dice.chance(if at_once { 0.03 } else { p.supplement }));
        let fate = Fate {
            seed,
            channel,
            assisted,
            applicant: super::people::applicant(kind_of(&procedure, dice), p.place, dice),
            components: components(&procedure, channel, p.scanned, dice),
            return_method: return_method(channel, electronic, dice),
            happened,
            answer_after: self.answer_after(channel, dice),
            ending,
            incomplete: channel.online() && dice.chance(0.04),
            rounds: u32::try_from(if rounds > 0 && dice.chance(0.12) { 2 } else { rounds }).unwrap_or(0),
            paper: channel.online() && dice.chance(0.08),
            pays,
            method: method(pays, p.paid_online, dice),
            exempt: pays != Pays::Before && dice.chance(0.05),
            taxed: procedure.field == "Đất đai" && !procedure.fees.is_empty() && dice.chance(0.45),
            apology: dice.chance(0.35),
            pace: dice.share(0.08, 0.95).max(dice.share(0.1, 0.95)),
            granted: dice.chance(0.97),
            electronic,
            signed: dice.chance(0.97),
            digitised: dice.chance(p.digitised),
            collected: dice.chance(0.97),
            reopened: dice.chance(0.004),
            slip: slip(dice),
            rating: dice.chance(p.rated).then(|| rating(p.satisfied, dice)),
            procedure,
        };
        (at, fate)
    }

    fn channel(&mut self, procedure: &Procedure, dice: &mut Dice) -> Channel {
        if self.post.next() {
            return Channel::Post;
        }
        match procedure.service_level {
            ServiceLevel::Full if dice.chance(self.profile.online_full) => {
                if dice.chance(0.06) {
                    Channel::Level3
                } else {
                    Channel::Level4
                }
            }
            ServiceLevel::Partial if dice.chance(self.profile.online_partial) => Channel::Level3,
            _ => Channel::InPerson,
        }
    }

    fn ending(&mut self, at_once: bool, channel: Channel, dice: &mut Dice) -> Ending {
        if self.voided.next() {
            Ending::Voided
        } else if channel.online() && dice.chance(0.025) {
            Ending::Refused
        } else if !at_once && self.left_open.next() {
            Ending::LeftOpen
        } else if !at_once && dice.chance(0.022) {
            Ending::Withdrawn
        } else if !at_once && dice.chance(0.010) {
            Ending::Stopped
        } else if !at_once && dice.chance(0.015) {
            Ending::Silent
        } else if self.late.next() {
            Ending::Late
        } else {
            Ending::InTime
        }
    }

    /// A few paper dossiers are entered days after the fact: a power cut, a journey to a village.
    fn entered_late(&self, procedure: &Procedure, channel: Channel, at: Instant, dice: &mut Dice) -> Option<Instant> {
        let slow = procedure.processing_time.amount >= 5 && procedure.processing_time.unit != TimeUnit::WorkingHours;
        if channel.online() || !slow || !dice.chance(0.02) {
            return None;
        }
        let day: NaiveDate = self.office.working_day(business_date(at), -dice.between(2, 4));
        Some(self.office.at_counter(day, dice))
    }

    fn answer_after(&self, channel: Channel, dice: &mut Dice) -> i64 {
        match channel {
            Channel::InPerson => dice.between(1, 4),
            Channel::Post => dice.between(20, 200),
            Channel::Level3 | Channel::Level4 if dice.chance(self.profile.answered) => dice.between(10, 440),
            Channel::Level3 | Channel::Level4 => dice.between(500, 1500),
        }
    }
}

fn kind_of(procedure: &Procedure, dice: &mut Dice) -> ApplicantKind {
    if procedure.field.contains("hộ kinh doanh") {
        ApplicantKind::Household
    } else if procedure.field.contains("Đầu tư") || dice.chance(0.03) {
        ApplicantKind::Business
    } else {
        ApplicantKind::Citizen
    }
}

/// What is handed in: everything required, and some of the rest.
fn components(procedure: &Procedure, channel: Channel, scanned: f64, dice: &mut Dice) -> Vec<Component> {
    let all_scanned = dice.chance(scanned);
    let wanted: Vec<_> = procedure.components.iter().filter(|spec| spec.required || dice.chance(0.4)).collect();
    let one = |(i, spec): (usize, &&crate::domain::catalogue::ComponentSpec)| {
        let reuse = (i > 0 && dice.chance(0.12))
            .then(|| dice.weighted(&[(Reuse::Component, 5), (Reuse::Result, 3), (Reuse::NationalStore, 4)]));
        let paper = !channel.online() && reuse.is_none();
        Component {
            code: spec.code.clone(),
            originals: u32::from(paper),
            copies: u32::from(paper && dice.chance(0.5)),
            electronic: !paper,
            signed: channel.online() && dice.chance(0.4),
            digitised: paper && all_scanned,
            reuse,
        }
    };
    wanted.iter().enumerate().map(one).collect()
}

fn return_method(channel: Channel, electronic: bool, dice: &mut Dice) -> ReturnMethod {
    if channel.online() && electronic && dice.chance(0.7) {
        ReturnMethod::Electronic
    } else if channel == Channel::Post || dice.chance(0.05) {
        ReturnMethod::Post
    } else {
        ReturnMethod::Counter
    }
}

fn method(pays: Pays, paid_online: f64, dice: &mut Dice) -> PaymentMethod {
    use PaymentMethod as M;
    if pays == Pays::Before {
        return dice.weighted(&[(M::NationalPortal, 78), (M::ProvincialPortal, 17), (M::OtherOnline, 5)]);
    }
    // At the counter some scan the portal's code.
    if pays == Pays::AtReceipt && dice.chance(paid_online / 2.0) {
        return dice.weighted(&[(M::NationalPortal, 8), (M::ProvincialPortal, 2)]);
    }
    dice.weighted(&[(M::Cash, 72), (M::BankTransfer, 20), (M::Card, 8)])
}

fn slip(dice: &mut Dice) -> Option<Slip> {
    dice.chance(0.008).then(|| *dice.pick(&[Slip::Channel, Slip::Applicant, Slip::Result, Slip::Fees]))
}

fn rating(satisfied: f64, dice: &mut Dice) -> u8 {
    if dice.chance(satisfied) { dice.weighted(&[(5, 7), (4, 3)]) } else { dice.weighted(&[(3, 6), (2, 3), (1, 1)]) }
}
