//! THE registry: every indicator once. From one entry come its number, its list and its words.
//!
//! Predicates are SQL over one row of `facts` (or `payments`) at a cut. `{from}` and `{to}` are the
//! first and last microsecond of the period, `{at}` the instant at which stocks are judged; `{N}`,
//! `{F}`, `{X}`, `{W}`, `{Wl}` are the sets of [`SETS`]. Nothing else is ever put into them.

mod online;
mod progress;
mod quality;

/// The populations, in the words of the contract.
pub const SETS: [(&str, &str); 5] = [
    // Received in P.
    ("{N}", "(NOT voided AND received_at BETWEEN {from} AND {to})"),
    // First finish in P.
    ("{F}", "(NOT voided AND finished_at BETWEEN {from} AND {to})"),
    // Withdrawn or stopped in P after receipt, never finished.
    ("{X}", "(NOT voided AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at BETWEEN {from} AND {to})"),
    // Open and past due; a paused clock stands at the start of its pause. Before {W}, which is a prefix of it.
    (
        "{Wl}",
        "(NOT voided AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at IS NULL \
          AND COALESCE(paused_since, {at}) > figure_due_strict)",
    ),
    // Received, neither finished nor ended.
    ("{W}", "(NOT voided AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at IS NULL)"),
];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Dossier,
    Payment,
    /// Procedures in which such a dossier occurs.
    ProcedureOfDossiers,
    /// Procedures of the catalogue in force at the period's end, handled at a level of the scope.
    Catalogue,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// One indicator.
#[derive(Debug)]
pub struct Indicator {
    pub id: &'static str,
    /// Its number in the catalogue of the trade, e.g. `K1a`.
    pub k: &'static str,
    pub title_vi: &'static str,
    pub title_en: &'static str,
    pub denominator_vi: &'static str,
    pub numerator_vi: &'static str,
    pub denominator_en: &'static str,
    pub numerator_en: &'static str,
    pub subject: Subject,
    pub direction: Direction,
    /// `days` instead of `percent`: the sum of worked minutes over 480 and the count.
    pub in_days: bool,
    /// By which instant a dossier falls into the period.
    pub period_by: &'static str,
    pub source: &'static str,
    pub denominator: &'static str,
    /// Within the denominator unless `disjoint`.
    pub numerator: &'static str,
    /// The numerator lies outside the denominator: a ratio without shortfall.
    pub disjoint: bool,
}

/// Changes when a definition does; every figure carries it.
pub const DEFINITION_VERSION: u32 = 1;

const BASE: Indicator = Indicator {
    id: "",
    k: "",
    title_vi: "",
    title_en: "",
    denominator_vi: "",
    numerator_vi: "",
    denominator_en: "",
    numerator_en: "",
    subject: Subject::Dossier,
    direction: Direction::Up,
    in_days: false,
    period_by: "finish",
    source: "",
    denominator: "",
    numerator: "",
    disjoint: false,
};

const F_VI: &str = "Hồ sơ giải quyết xong lần đầu trong kỳ";
const F_EN: &str = "Dossiers first finished in the period";
const N_VI: &str = "Hồ sơ tiếp nhận trong kỳ";
const N_EN: &str = "Dossiers received in the period";
const T_VI: &str = "Hồ sơ giải quyết xong, kết thúc khác trong kỳ, hoặc còn đang giải quyết";
const T_EN: &str = "Dossiers finished or otherwise ended in the period, or still open";
const W_VI: &str = "Hồ sơ đang giải quyết";
const W_EN: &str = "Open dossiers";
const ON_TIME: &str = "{F} AND class IN ('early', 'on_time')";

/// All indicators, in the order in which they are shown.
pub fn all() -> impl Iterator<Item = &'static Indicator> {
    progress::TABLE.iter().chain(online::TABLE).chain(quality::TABLE)
}

/// The entry with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Indicator> {
    all().find(|indicator| indicator.id == id)
}

/// All ids, for checks of plans.
#[must_use]
pub fn ids() -> Vec<&'static str> {
    all().map(|indicator| indicator.id).collect()
}

/// A part of an indicator: each is a list of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Denominator,
    Numerator,
    /// In the denominator, not in the numerator.
    Shortfall,
}

impl Part {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "denominator" => Some(Self::Denominator),
            "numerator" => Some(Self::Numerator),
            "shortfall" => Some(Self::Shortfall),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denominator => "denominator",
            Self::Numerator => "numerator",
            Self::Shortfall => "shortfall",
        }
    }
}

/// The instants of a cut that predicates refer to, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instants {
    pub from: i64,
    pub to: i64,
    pub at: i64,
}

impl Instants {
    /// Writes the instants and sets into a template.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, definition) in SETS {
            text = text.replace(name, definition);
        }
        text.replace("{from}", &self.from.to_string())
            .replace("{to}", &self.to.to_string())
            .replace("{at}", &self.at.to_string())
    }
}

impl Indicator {
    /// The predicate of a part; never NULL, so that a part and its complement add up.
    #[must_use]
    pub fn predicate(&self, part: Part, instants: &Instants) -> String {
        let sure = |template: &str| format!("COALESCE(({}), FALSE)", instants.fill(template));
        let denominator = sure(self.denominator);
        let numerator = sure(self.numerator);
        match part {
            Part::Denominator => denominator,
            Part::Numerator => numerator,
            Part::Shortfall => format!("{denominator} AND NOT {numerator}"),
        }
    }

    /// Parts that have a list of their own.
    #[must_use]
    pub fn parts(&self) -> &'static [Part] {
        if self.disjoint {
            &[Part::Denominator, Part::Numerator]
        } else if self.in_days {
            &[Part::Denominator]
        } else {
            &[Part::Denominator, Part::Numerator, Part::Shortfall]
        }
    }

    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.in_days { "days" } else { "percent" }
    }

    /// Keys by which it may be grouped.
    #[must_use]
    pub fn group_by(&self) -> &'static [&'static str] {
        match self.subject {
            Subject::Dossier | Subject::Payment => &["agency", "procedure", "field", "channel", "month"],
            Subject::ProcedureOfDossiers | Subject::Catalogue => &["agency", "field", "procedure", "month"],
        }
    }

    /// `dossier`, `payment` or `procedure`: what a drill-down lists.
    #[must_use]
    pub fn counts(&self) -> &'static str {
        match self.subject {
            Subject::Dossier => "dossier",
            Subject::Payment => "payment",
            Subject::ProcedureOfDossiers | Subject::Catalogue => "procedure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_templates_are_filled() {
        let mut seen = ids();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all().count());
        let instants = Instants { from: 1, to: 2, at: 3 };
        for indicator in all() {
            for part in [Part::Denominator, Part::Numerator, Part::Shortfall] {
                assert!(!indicator.predicate(part, &instants).contains('{'), "{}", indicator.id);
            }
            let numbered = [indicator.title_vi, indicator.title_en, indicator.numerator_vi, indicator.source];
            assert!(numbered.iter().all(|text| !text.is_empty()), "{}", indicator.id);
        }
    }
}
