//! `motcua calendar`: a day off declared late, previewed and applied from the command line.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant as Stopwatch;

use clap::Subcommand;
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::admin::explain;
use crate::app::catalogue::{Expect, QUEUE, check_calendar, put_calendar, read_calendar};
use crate::app::jobs::{self, Progress};
use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::calendar::Calendar;
use crate::domain::calendar_change::Changes;
use crate::domain::time::business_date;
use crate::startup::open;
use crate::store::Tx;
use crate::store::calendar_preview::{Preview, Question, Sums, figures_after, figures_now, preview, this_year};
use crate::store::calendars::Calendars;
use crate::store::catalogues::Tree;
use crate::store::figures::{Counts, percent};

/// Agencies shown one by one: those in which most moves.
const MOST_ROWS: usize = 20;

#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Dates, dossiers and figures that a calendar would move; nothing is stored.
    Preview {
        /// The new calendar, YAML or JSON.
        file: PathBuf,
        /// Only this agency and those below it.
        #[arg(long)]
        agency: Option<String>,
    },
    /// Put a calendar, unless it is there, and move the open dossiers; goes on where it was broken off.
    Apply {
        /// The new calendar's file, or the name of the version in force.
        #[arg(value_name = "FILE|VERSION")]
        calendar: String,
    },
}

/// Says whether all went well.
pub async fn run(settings: &Settings, command: CalendarCommand) -> Result<bool, Failure> {
    let app = open(settings, Clock::system()).await?;
    let done = tokio::task::spawn_blocking(move || match command {
        CalendarCommand::Preview { file, agency } => show(&app, &file, agency.as_deref()).map_err(text),
        CalendarCommand::Apply { calendar } => apply(&app, &calendar).map_err(text),
    });
    done.await?.map_err(Failure::from)
}

/// Failures do not cross threads; their texts do.
fn text(error: Failure) -> String {
    error.to_string()
}

fn read(path: &Path) -> Result<Calendar, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    read_calendar(&text).map_err(explain)
}

fn show(app: &App, file: &Path, agency: Option<&str>) -> Result<bool, Failure> {
    let calendar = read(file)?;
    let begun = Stopwatch::now();
    let spinner = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    spinner.set_message("xem trước / preview");
    spinner.enable_steady_tick(std::time::Duration::from_millis(200));
    let shown = app.store.read_blocking(|tx| report(tx, app, &calendar, agency));
    spinner.finish_and_clear();
    println!("{}", shown.map_err(explain)?);
    println!("{:.2} s", begun.elapsed().as_secs_f64());
    Ok(true)
}

fn report(tx: &mut Tx<'_>, app: &App, calendar: &Calendar, agency: Option<&str>) -> Result<String, AppError> {
    check_calendar(tx, calendar)?;
    let now = app.clock.now();
    let documents = app.catalogues.agencies(tx)?;
    let tree = Tree::new(&documents, business_date(now), now);
    let agencies = match agency {
        Some(code) => tree.subtree(code),
        None => tx.heads_all()?.into_iter().map(|head| head.agency_id).collect(),
    };
    if agencies.is_empty() && agency.is_some() {
        return Err(AppError::field("--agency", "unknown_agency", "không có cơ quan này / no such agency"));
    }
    let listed = std::collections::BTreeSet::new();
    let ask = Question { calendar, agencies: &agencies, listed: &listed, at: now, limit: 0, after: None };
    let found = preview(tx, &app.catalogues, &ask)?;
    let cut = this_year(agencies.clone(), now);
    let figures = figures_now(tx, &app.catalogues, &cut)?;
    let mut total = [Counts::default(); 3];
    for counts in figures.values() {
        total.iter_mut().zip(counts).for_each(|(sum, counts)| *sum += *counts);
    }
    let name =
        |code: &str| tree.get(code).map_or_else(|| code.to_owned(), |agency| format!("{} ({code})", agency.name));
    let dates = dates(&Calendars::load(tx)?, calendar);
    Ok(format!("{dates}\n{}\n{}", moved_table(&found, name), figure_table(total, &found.total())))
}

fn dates(calendars: &Calendars, calendar: &Calendar) -> String {
    let Some(before) = calendars.before(calendar) else { return String::new() };
    let changes = Changes::between(before, calendar);
    let listed: Vec<String> = changes.days.iter().take(20).map(|day| day.date.format("%d/%m/%Y").to_string()).collect();
    let more = if changes.days.len() > listed.len() { " …" } else { "" };
    let week = if changes.week { "; ngày nghỉ hằng tuần thay đổi / the weekend changes" } else { "" };
    format!(
        "{} → {}: {} ngày thay đổi / dates change{week}: {}{more}",
        before.version,
        calendar.version,
        changes.days.len(),
        listed.join(", ")
    )
}

fn moved_table(found: &Preview, name: impl Fn(&str) -> String) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(140);
    table.set_header([
        "Cơ quan / agency",
        "xét / examined",
        "lùi hạn / later",
        "sớm hơn / earlier",
        "tạm dừng / paused",
        "hết quá hạn / no longer overdue",
        "thành quá hạn / newly overdue",
    ]);
    let line = |name: String, sums: &Sums| {
        let numbers =
            [sums.examined, sums.later, sums.earlier, sums.paused, sums.no_longer_overdue, sums.newly_overdue];
        std::iter::once(name).chain(numbers.map(|n| n.to_string())).collect::<Vec<_>>()
    };
    let mut agencies: Vec<(&String, &Sums)> = found.sums.iter().collect();
    agencies.sort_by_key(|(code, sums)| (std::cmp::Reverse(sums.moved), *code));
    for (code, sums) in agencies.iter().take(MOST_ROWS) {
        table.add_row(line(name(code), sums));
    }
    let mut others = Sums::default();
    agencies.iter().skip(MOST_ROWS).for_each(|(_, sums)| others += **sums);
    if let Some(count) = agencies.len().checked_sub(MOST_ROWS).filter(|count| *count > 0) {
        table.add_row(line(format!("{count} cơ quan khác / others"), &others));
    }
    table.add_row(line("Cộng / total".to_owned(), &found.total()));
    table
}

fn figure_table(before: [Counts; 3], sums: &Sums) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["Năm nay / this year", "hiện tại / now", "sau khi áp dụng / once applied"]);
    let after = figures_after(before, sums);
    let share = |counts: Counts| {
        let percent = percent(counts.numerator, counts.denominator).unwrap_or_else(|| "–".to_owned());
        format!("{percent} % ({}/{})", counts.numerator, counts.denominator)
    };
    let titles = ["Quá hạn / overdue_open (K3)", "Đến hạn / on_time_due (K1b)", "Cần xử lý / on_time_handled (K1c)"];
    for (title, (old, new)) in titles.into_iter().zip(before.into_iter().zip(after)) {
        table.add_row([title.to_owned(), share(old), share(new)]);
    }
    let in_time = |open: Counts| (open.denominator - open.numerator).to_string();
    table.add_row(["06a (12) trong hạn / in time".to_owned(), in_time(before[0]), in_time(after[0])]);
    let overdue = |open: Counts| open.numerator.to_string();
    table.add_row(["06a (13) quá hạn / overdue".to_owned(), overdue(before[0]), overdue(after[0])]);
    table
}

fn apply(app: &App, calendar: &str) -> Result<bool, Failure> {
    let path = Path::new(calendar);
    let version = if path.is_file() {
        let calendar = read(path)?;
        let (app2, version) = (app.clone(), calendar.version.clone());
        let put = app.store.write_blocking(QUEUE, move |tx| put_calendar(tx, &app2, &calendar, Expect::Anything));
        if put.map_err(explain)?.changed {
            println!("{version}: lịch mới đã ghi / the new calendar is in force");
        }
        version
    } else {
        calendar.to_owned()
    };
    let begun = Stopwatch::now();
    let (app2, asked) = (app.clone(), version.clone());
    let job = app.store.write_blocking(QUEUE, move |tx| jobs::request(tx, &app2, "cli", &asked, None));
    let job = job.map_err(|error| match error {
        AppError::NotFound => {
            format!("{version}: không có tệp hay phiên bản lịch này / neither a file nor a version of the calendar")
                .into()
        }
        other => explain(other),
    })?;
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message("hồ sơ / dossiers");
    let done = jobs::run(app, job.job.id.0, |progress| {
        bar.set_length(progress.job.dossiers.max(progress.examined).unsigned_abs());
        bar.set_position(progress.examined.unsigned_abs());
    });
    bar.finish_and_clear();
    Ok(summary(&done.map_err(explain)?, begun.elapsed().as_secs_f64()))
}

fn summary(done: &Progress, seconds: f64) -> bool {
    let Progress { job, agencies_done, examined, moved } = done;
    println!(
        "{}: {moved} hồ sơ đổi hạn / dossiers moved, {examined} hồ sơ đã xét / examined, \
         {agencies_done} cơ quan / agencies, {seconds:.2} s",
        job.subject
    );
    if let Some(error) = &job.error {
        println!("không hoàn thành / not finished: {error}");
    }
    job.error.is_none()
}
