//! The answer of a preview.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::calendar::{Calendar, DayKind};
use crate::domain::calendar_change::Changes;
use crate::domain::recompute::Dues;
use crate::domain::time::{self, Instant};
use crate::http::figures::CutView;
use crate::http::page::Page;
use crate::store::calendar_preview::{FIGURES, Moved, Sums, figures_after};
use crate::store::figures::{Counts, percent};

/// Changed dates that are listed one by one.
const MOST_DAYS: usize = 400;

/// A date that is worked in one version and off in the other.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedDayView {
    pub date: NaiveDate,
    pub before: DayKind,
    pub after: DayKind,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesView {
    /// The days of the week that are off differ.
    pub week: bool,
    /// How many listed dates change.
    pub count: usize,
    /// The first 400 of them.
    pub days: Vec<ChangedDayView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MovedCounts {
    /// Running dossiers whose time touches a changed date.
    pub examined: i64,
    /// Those of them whose due instant would move.
    pub moved: i64,
    pub later: i64,
    pub earlier: i64,
    /// Paused ones: they take the calendar in force when they resume.
    pub paused: i64,
    /// Overdue now that would not be.
    pub no_longer_overdue: i64,
    /// In time now that would be overdue.
    pub newly_overdue: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Fraction {
    pub numerator: i64,
    pub denominator: i64,
    /// Two decimals, half up; null for an empty denominator.
    pub percent: Option<String>,
}

/// A figure now and once the calendar is applied.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedFigure {
    pub indicator: &'static str,
    pub before: Fraction,
    pub after: Fraction,
}

/// A column of Biểu 06a now and once the calendar is applied.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedColumn {
    /// 12: open, in time; 13: open, overdue.
    pub column: u8,
    pub before: i64,
    pub after: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MovedSum {
    /// Null: all together.
    pub agency: Option<String>,
    pub name: Option<String>,
    pub dossiers: MovedCounts,
    pub figures: Vec<MovedFigure>,
    pub report_06a: Vec<MovedColumn>,
}

/// Both due instants.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuesView {
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due: Instant,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub due_strict: Instant,
}

/// A dossier that would move.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DossierWithNewDue)]
pub struct MovedDossier {
    pub id: Uuid,
    pub code: Option<String>,
    pub agency: String,
    pub procedure: String,
    /// Calendar by which it stands now.
    pub calendar_version: Option<String>,
    pub before: DuesView,
    pub after: DuesView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewNote {
    pub code: &'static str,
    pub detail: &'static str,
    pub detail_en: &'static str,
}

pub(super) const NOTES: [PreviewNote; 3] = [
    PreviewNote {
        code: "finished_stay",
        detail: "Hồ sơ đã giải quyết xong, đã rút hoặc đã dừng không thay đổi: trước hạn, đúng hạn, quá hạn giữ nguyên",
        detail_en: "Finished, withdrawn and stopped dossiers never move: early, on time and late stay as they were judged",
    },
    PreviewNote {
        code: "paused_later",
        detail: "Hồ sơ đang tạm dừng tính theo lịch đang dùng khi tính tiếp",
        detail_en: "Paused dossiers take the calendar in force when they resume",
    },
    PreviewNote {
        code: "past_figures_stay",
        detail: "Số liệu đã biết trước khi áp dụng giữ nguyên theo known_at; kỳ đã kết thúc không thay đổi",
        detail_en: "Figures known before stay as they were by known_at; a period that is over does not change",
    },
];

#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarPreview {
    pub version: String,
    pub notice: Option<String>,
    /// It is in force already, and perhaps not yet applied.
    pub in_force: bool,
    /// The version that it takes the place of.
    pub compared_with: Option<String>,
    /// Calendar in force.
    pub calendar_version: Option<String>,
    pub definition_version: u32,
    pub cut: CutView,
    pub settled: bool,
    pub changes: ChangesView,
    /// All together; null on further pages of the list.
    pub total: Option<MovedSum>,
    /// Agencies in which something moves; null on further pages of the list.
    pub agencies: Option<Vec<MovedSum>>,
    /// By agency and id; null for callers who read no dossiers.
    pub dossiers: Option<Page<MovedDossier>>,
    pub notes: [PreviewNote; 3],
}

impl ChangesView {
    pub(super) fn new(before: Option<&Calendar>, after: &Calendar) -> Self {
        let changes = before.map(|before| Changes::between(before, after)).unwrap_or_default();
        let days = changes.days.iter().take(MOST_DAYS).cloned();
        let days = days.map(|day| ChangedDayView { date: day.date, before: day.before, after: day.after }).collect();
        Self { week: changes.week, count: changes.days.len(), days }
    }
}

impl MovedSum {
    /// `figures` as they stand, in the order of [`FIGURES`].
    pub(super) fn new(agency: Option<(String, String)>, sums: &Sums, figures: [Counts; 3]) -> Self {
        let after = figures_after(figures, sums);
        let fraction = |counts: Counts| Fraction {
            numerator: counts.numerator,
            denominator: counts.denominator,
            percent: percent(counts.numerator, counts.denominator),
        };
        let moved = FIGURES.into_iter().zip(figures.into_iter().zip(after));
        let moved = moved.map(|(indicator, (before, after))| MovedFigure {
            indicator,
            before: fraction(before),
            after: fraction(after),
        });
        let column = |number, count: fn(Counts) -> i64| MovedColumn {
            column: number,
            before: count(figures[0]),
            after: count(after[0]),
        };
        let (agency, name) = agency.unzip();
        Self {
            agency,
            name,
            dossiers: MovedCounts::from(*sums),
            figures: moved.collect(),
            report_06a: vec![
                column(12, |open| open.denominator - open.numerator),
                column(13, |overdue| overdue.numerator),
            ],
        }
    }
}

impl From<Sums> for MovedCounts {
    fn from(sums: Sums) -> Self {
        let Sums { examined, moved, later, earlier, paused, no_longer_overdue, newly_overdue } = sums;
        Self { examined, moved, later, earlier, paused, no_longer_overdue, newly_overdue }
    }
}

impl From<Dues> for DuesView {
    fn from(dues: Dues) -> Self {
        Self { due: dues.due, due_strict: dues.due_strict }
    }
}

impl From<Moved> for MovedDossier {
    fn from(moved: Moved) -> Self {
        Self {
            id: moved.id.0,
            code: moved.code,
            agency: moved.agency,
            procedure: moved.procedure,
            calendar_version: moved.calendar_version,
            before: moved.before.into(),
            after: moved.after.into(),
        }
    }
}
