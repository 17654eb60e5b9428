//! `motcua demo`: a year of dossiers, the scorecards of the shipped plans, logins, and the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::app::jobs::Worker;
use crate::app::passwords::hash_once;
use crate::app::{App, AppError};
use crate::clock::Clock;
use crate::config::Settings;
use crate::demo::{self, DemoUser};
use crate::domain::code::CodePattern;
use crate::domain::time::parse;
use crate::startup::{Application, open_bare};
use crate::store::catalogues::Tree;
use crate::store::figures::{Counts, Cut, GroupBy, figures, percent};
use crate::store::indicators;
use crate::store::query::Filters;
use crate::store::rows::UserRow;
use crate::store::scorecards::{Actual, Ask, Caution, Row, Status, growth_percent, scorecard};
use crate::store::sql_types::Id;
use crate::store::{DatabaseUrl, Tx};
use crate::vault::KeySource;

/// Every demo user signs in with it.
const PASSWORD: &str = "motcua-demo-2024";
/// The file that a demo makes by itself, and may replace.
const FILE: &str = "motcua-demo.db";
/// The simulated present at which the catalogues are entered.
const BEGIN: &str = "2023-11-20T08:00:00+07:00";
const SEED: u64 = 2024;

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many dossiers.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    dossiers: u32,
    /// End after printing the scorecards.
    #[arg(long)]
    no_serve: bool,
    /// SQLite file to make; it must not exist yet. Default: motcua-demo.db, replaced on every run.
    #[arg(long)]
    file: Option<PathBuf>,
}

/// Blocks; starts a runtime of its own for serving.
pub fn run(settings: Settings, args: DemoArgs) -> Result<(), Failure> {
    let path = fresh_file(args.file)?;
    let settings = Settings {
        database: DatabaseUrl::Sqlite(path.display().to_string()),
        signing_key: PathBuf::from(format!("{}.key", path.display())),
        data_keys: KeySource::File { path: format!("{}.data-key", path.display()).into(), made: true },
        code_pattern: CodePattern::default(),
        ..settings
    };
    let users = make(&settings, args.dossiers)?;
    let app = open_bare(&settings, Clock::system())?;
    store_users(&settings, &app, &users)?;
    app.store.read_blocking::<_, AppError, _>(|tx| print_scorecards(tx, &app))?;
    app.store.read_blocking::<_, AppError, _>(|tx| print_on_time(tx, &app))?;
    print_logins(&users);
    if args.no_serve {
        return Ok(());
    }
    actix_web::rt::System::new().block_on(async move {
        let _jobs = Worker::start(app.clone())?;
        let application = Application::build(&settings, app)?;
        let address = std::net::SocketAddr::new(settings.listen.ip(), application.port);
        // The last line: whoever reads the address off a pipe may close it then.
        println!("\nCtrl-C để dừng / to stop");
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        println!("motcua: {scheme}://{address}   tài liệu API / API documentation: {scheme}://{address}/docs/");
        application.run().await?;
        Ok(())
    })
}

/// A demo replaces its own file and no other.
fn fresh_file(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(path) = asked {
        if path.exists() {
            return Err(format!("{}: exists already; a demo fills a fresh file only", path.display()).into());
        }
        return Ok(path);
    }
    for suffix in ["", "-wal", "-shm", ".key", ".data-key"] {
        let path = format!("{FILE}{suffix}");
        if Path::new(&path).exists() {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(PathBuf::from(FILE))
}

/// The data, under a simulated clock that ends with the year.
fn make(settings: &Settings, dossiers: u32) -> Result<Vec<DemoUser>, Failure> {
    let begun = std::time::Instant::now();
    let clock = Clock::simulated(parse(BEGIN)?, SEED);
    let app = open_bare(settings, clock)?;
    let bar = ProgressBar::new(u64::from(dossiers)).with_message("hồ sơ / dossiers");
    bar.set_style(
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}").unwrap_or(ProgressStyle::default_bar()),
    );
    let made = demo::make(&app, dossiers, &mut |count| bar.set_position(count))?;
    bar.finish_and_clear();
    println!(
        "{} hồ sơ / dossiers, {} sự kiện / events, {:.1} s",
        made.dossiers,
        made.events,
        begun.elapsed().as_secs_f64()
    );
    Ok(made.users)
}

fn store_users(settings: &Settings, app: &App, users: &[DemoUser]) -> Result<(), Failure> {
    // One hash for all: they share the password anyway.
    let password_hash = hash_once(settings.password_cost, &app.clock, PASSWORD)?;
    let created_at = app.clock.now().timestamp_micros();
    let row = |user: &DemoUser| -> Result<UserRow, Failure> {
        Ok(UserRow {
            id: Id(user.id),
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            password_hash: password_hash.clone(),
            roles: serde_json::to_string(&user.grants)?,
            active: true,
            revision: 1,
            created_at,
            stamp: 1,
        })
    };
    let rows = users.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    app.store.write_blocking::<_, AppError, _>("", move |tx| {
        rows.iter().try_for_each(|row| tx.user_insert(row)).map_err(AppError::from)
    })?;
    Ok(())
}

fn print_scorecards(tx: &mut Tx<'_>, app: &App) -> Result<(), AppError> {
    let documents = app.catalogues.plans(tx)?;
    for plan in documents.codes().filter_map(|code| documents.latest(code)) {
        let plan = &plan.body;
        let agencies = app.catalogues.agencies(tx)?;
        let now = app.clock.now();
        let tree = Tree::new(&agencies, plan.to, now);
        let agencies = tree.subtree(&plan.agency);
        let ask = Ask { agency: plan.agency.clone(), agencies, tree: plan.to, period: None, known_at: now };
        let rows = scorecard(tx, &app.catalogues, plan, &ask)?;
        println!("\n{} ({}, {} – {})", plan.title, plan.agency, plan.from, plan.to);
        println!("{}", table(&rows));
    }
    Ok(())
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(140);
    table.set_header(["Chỉ tiêu", "Ngưỡng", "Thực hiện", "Kết quả", "Còn thiếu", "Xem cùng"]);
    let mut declared = 0;
    for row in rows {
        let Some(actual) = &row.actual else {
            declared += 1;
            continue;
        };
        let threshold = row.target.threshold.as_deref().unwrap_or("–");
        let missing = row.needed.and_then(|needed| needed.convert).filter(|k| *k > 0);
        let beside: Vec<String> =
            row.beside.iter().map(|other| format!("{} {}", other.indicator.k, shown(other))).collect();
        let mut beside = beside.join("; ");
        if row.cautions.contains(&Caution::OnTimeRatesDisagree) {
            beside.push_str("  ⚠ hai cách tính cho kết luận khác nhau");
        }
        table.add_row([
            row.target.title.clone(),
            format!("{} {threshold}", row.target.comparator.as_str()),
            shown(actual),
            word(row.status).to_owned(),
            missing.map(|k| k.to_string()).unwrap_or_default(),
            beside,
        ]);
    }
    if declared > 0 {
        table.add_row([format!("{declared} chỉ tiêu khác không tính được từ hồ sơ: báo cáo kèm tài liệu kiểm chứng")]);
    }
    table
}

/// Both on-time rates of every agency that received dossiers, against the usual 95 %.
fn print_on_time(tx: &mut Tx<'_>, app: &App) -> Result<(), AppError> {
    let (from, to) = demo::period();
    let wanted: Vec<_> = ["on_time_resolved", "on_time_due"].into_iter().filter_map(indicators::find).collect();
    let cut = Cut {
        agencies: tx.event_agencies()?.into_iter().collect(),
        from,
        to,
        known_at: app.clock.now(),
        filters: Filters::default(),
    };
    let found = figures(tx, &app.catalogues, &cut, &wanted, Some(GroupBy::Agency), &BTreeMap::new())?;
    let documents = app.catalogues.agencies(tx)?;
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["Cơ quan", "K1a: trên số đã giải quyết", "K1b: cả hồ sơ quá hạn chưa xong", "trên 95 %?"]);
    let (over_resolved, over_due) = found.split_at(found.len() / 2);
    for (a, b) in over_resolved.iter().zip(over_due) {
        let code = a.group.as_deref().unwrap_or_default();
        let name = documents.latest(code).map_or(code, |revision| revision.body.name.as_str());
        let cell = |counts: Counts| {
            let share = percent(counts.numerator, counts.denominator).unwrap_or_else(|| "–".to_owned());
            format!("{share} % ({}/{})", counts.numerator, counts.denominator)
        };
        let passes = |counts: Counts| counts.numerator * 100 > counts.denominator * 95;
        let verdict = match (passes(a.counts), passes(b.counts)) {
            (true, true) => "đạt",
            (false, false) => "chưa đạt",
            _ => "⚠ hai cách tính cho kết luận khác nhau",
        };
        table.add_row([format!("{name} ({code})"), cell(a.counts), cell(b.counts), verdict.to_owned()]);
    }
    println!("\nTrước và đúng hạn năm 2024, hai cách tính / early or on time in 2024, counted both ways\n{table}");
    Ok(())
}

fn shown(actual: &Actual) -> String {
    let counts = format!("({}/{})", actual.counts.numerator, actual.counts.denominator);
    let value = if actual.base.is_some() {
        growth_percent(actual).map(|text| format!("{text} % tăng"))
    } else {
        percent(actual.counts.numerator, actual.counts.denominator).map(|text| format!("{text} %"))
    };
    value.map_or_else(|| "chưa có dữ liệu".to_owned(), |value| format!("{value} {counts}"))
}

fn word(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Met) => "đạt / met",
        Some(Status::Missed) => "chưa đạt / missed",
        Some(Status::NoData) => "chưa có dữ liệu / no data",
        None => "–",
    }
}

fn print_logins(users: &[DemoUser]) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["Tài khoản / login", "Vai trò / roles", "Tên / name"]);
    for user in users {
        let mut grants: Vec<String> =
            user.grants.iter().map(|grant| format!("{}@{}", grant.role.as_str(), grant.agency)).collect();
        if grants.len() > 2 {
            let rest = grants.len() - 1;
            grants.truncate(1);
            grants.push(format!("+{rest}"));
        }
        table.add_row([user.username.clone(), grants.join(", "), user.display_name.clone()]);
    }
    println!("\nMật khẩu chung / password of all: {PASSWORD}\n{table}");
}
