//! A report as JSON: its content, with the words of the form and a link behind every number.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::catalogue::Level;
use crate::http::figures::{CutQuery, CutView, escape};
use crate::http::problem::ApiError;
use crate::store::figures::percent;
use crate::store::query::Filters;
use crate::store::reports::{Column, Ended, Layout, Report, Row, RowKind, RowsBy, Share, Words};

/// A report of the law.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportView {
    /// `06a` or `07a`.
    pub report: &'static str,
    /// The number at the head of the form.
    pub form: &'static str,
    pub title: &'static str,
    pub title_en: &'static str,
    pub layout_version: u32,
    pub definition_version: u32,
    pub cut: CutView,
    pub agency_name: Option<String>,
    /// Only agencies of these levels; empty: all.
    pub levels: Vec<Level>,
    /// The report can no longer change.
    pub settled: bool,
    /// Calendar in force as known then.
    pub calendar_version: Option<String>,
    /// What became of the stopped and withdrawn, and how many they are.
    pub ended: EndedView,
    pub rows_by: RowsBy,
    pub columns: Vec<ColumnView>,
    /// Sections with their rows; the last row is the total.
    pub rows: Vec<RowView>,
    /// Sums that hold in every row; a report in which one did not would not have been made.
    pub identities: Vec<String>,
    pub notes: Vec<&'static str>,
    pub notes_en: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EndedView {
    pub treatment: Ended,
    pub stopped: CellView,
    pub withdrawn: CellView,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ColumnView {
    pub number: &'static str,
    pub title: &'static str,
    pub title_en: &'static str,
    /// Headings above it, outermost first.
    pub under: Vec<&'static str>,
    pub under_en: Vec<&'static str>,
    /// The columns of which it is the sum, e.g. `4+5+6`.
    pub formula: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RowView {
    pub kind: RowKind,
    pub level: Option<Level>,
    pub field: Option<String>,
    pub procedure: Option<String>,
    pub agency: Option<String>,
    pub name: String,
    pub cells: Vec<CellView>,
    /// K1a of the row: early or on time, over resolved.
    pub on_time_resolved: RateView,
    /// K1b of the row: early or on time, over resolved and open overdue.
    pub on_time_due: RateView,
}

/// A count with the list behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CellView {
    pub column: &'static str,
    pub count: i64,
    pub dossiers: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RateView {
    pub numerator: i64,
    pub denominator: i64,
    /// Two decimals, half up; null for an empty denominator.
    pub percent: Option<String>,
    /// Opens the denominator.
    pub dossiers: String,
}

impl ReportView {
    /// # Errors
    /// 500 for a report that this program does not make.
    pub fn new(report: &Report, settled: bool) -> Result<Self, ApiError> {
        let layout = report.layout()?;
        let links = Links { report, layout };
        let total = report.total()?;
        let beside = |number: &str, count: i64| {
            let column = layout.beside().iter().find(|column| column.number == number);
            column.map(|column| links.cell(total, column, count))
        };
        let [Some(stopped), Some(withdrawn)] = [beside("stopped", total.stopped), beside("withdrawn", total.withdrawn)]
        else {
            return Err(ApiError::new(crate::http::problem::Kind::Internal));
        };
        let words = |words: &[Words]| words.iter().map(|words| words.vi).collect();
        let words_en = |words: &[Words]| words.iter().map(|words| words.en).collect();
        let column = |column: &'static Column| ColumnView {
            number: column.number,
            title: column.title.vi,
            title_en: column.title.en,
            under: words(column.under),
            under_en: words_en(column.under),
            formula: column.formula(),
        };
        let identities = layout.identities().map(|(sum, parts)| format!("{sum}={}", parts.join("+")));
        Ok(Self {
            report: layout.id,
            form: layout.form.vi,
            title: layout.title.vi,
            title_en: layout.title.en,
            layout_version: report.layout_version,
            definition_version: report.definition_version,
            cut: links.cut(total).view_at(report.at),
            agency_name: report.agency_name.clone(),
            levels: report.levels.clone(),
            settled,
            calendar_version: report.calendar_version.clone(),
            ended: EndedView { treatment: report.ended, stopped, withdrawn },
            rows_by: report.rows_by,
            columns: layout.columns.iter().map(column).collect(),
            rows: report.rows.iter().map(|row| links.row(row)).collect(),
            identities: identities.collect(),
            notes: words(layout.notes),
            notes_en: words_en(layout.notes),
        })
    }
}

/// Where the lists behind a report are.
pub(in crate::http) struct Links<'a> {
    pub report: &'a Report,
    pub layout: &'static Layout,
}

impl Links<'_> {
    /// The report's cut, narrowed to a row.
    pub fn cut(&self, row: &Row) -> CutQuery {
        let report = self.report;
        let filters = Filters { field: row.field.clone(), procedure: row.procedure.clone(), ..Filters::default() };
        CutQuery {
            agency: row.agency.clone().or_else(|| report.agency.clone()),
            own: report.own || (row.agency.is_some() && row.agency == report.agency),
            from: report.from,
            to: report.to,
            known_at: report.known_at,
            tree: None,
            levels: row.level.map_or_else(|| report.levels.clone(), |level| vec![level]),
            filters,
        }
    }

    pub fn address(&self, row: &Row, column: &Column) -> String {
        format!(
            "/api/v1/dossiers?report={}&column={}&ended={}{}",
            self.layout.id,
            escape(column.number),
            self.report.ended.as_str(),
            self.cut(row).query()
        )
    }

    fn cell(&self, row: &Row, column: &'static Column, count: i64) -> CellView {
        CellView { column: column.number, count, dossiers: self.address(row, column) }
    }

    fn rate(&self, row: &Row, indicator: &str, share: Share) -> RateView {
        let Share { numerator, denominator } = share;
        let query = self.cut(row).query();
        RateView {
            numerator,
            denominator,
            percent: percent(numerator, denominator),
            dossiers: format!("/api/v1/dossiers?indicator={indicator}&part=denominator{query}"),
        }
    }

    fn row(&self, row: &Row) -> RowView {
        let cells = self.layout.columns.iter().zip(&row.cells);
        RowView {
            kind: row.kind,
            level: row.level,
            field: row.field.clone(),
            procedure: row.procedure.clone(),
            agency: row.agency.clone(),
            name: name_of(row),
            cells: cells.map(|(column, count)| self.cell(row, column, *count)).collect(),
            on_time_resolved: self.rate(row, "on_time_resolved", row.on_time_resolved),
            on_time_due: self.rate(row, "on_time_due", row.on_time_due),
        }
    }
}

/// What a row is called in print.
pub(super) fn name_of(row: &Row) -> String {
    let known = match row.kind {
        RowKind::Level => row.level.map(|level| level_name(level).to_owned()),
        RowKind::Field => row.field.clone(),
        RowKind::Procedure => row.name.clone().or_else(|| row.procedure.clone()),
        RowKind::Agency => row.name.clone().or_else(|| row.agency.clone()),
        RowKind::Total => Some("Tổng cộng".to_owned()),
    };
    known.unwrap_or_default()
}

pub(super) fn level_name(level: Level) -> &'static str {
    match level {
        Level::Ministry => "Cơ quan cấp bộ",
        Level::Province => "Cơ quan cấp tỉnh",
        Level::Department => "Sở, ban, ngành",
        Level::District => "Cơ quan cấp huyện",
        Level::Commune => "Cơ quan cấp xã",
    }
}
