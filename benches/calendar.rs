//! A day off declared late: how long the preview takes and how long applying it, over the year of the demonstration.
//!
//! ```text
//! cargo bench --bench calendar                  # 100 000 dossiers in a fresh SQLite file
//! cargo bench --bench calendar -- 1000000       # a million; the file needs ten gigabytes
//! ```

use std::collections::BTreeSet;
use std::time::Instant;

use motcua::app::catalogue::{Expect, QUEUE, put_calendar};
use motcua::app::{App, AppError, jobs};
use motcua::clock::Clock;
use motcua::demo;
use motcua::domain::calendar::{Calendar, CalendarDay, ListedKind, embedded};
use motcua::domain::code::CodePattern;
use motcua::domain::time::parse;
use motcua::store::calendar_preview::{Question, figures_now, preview, this_year};
use motcua::store::{DatabaseUrl, Store, migrate};
use motcua::vault::{KeySource, Vault};

/// Off by the new calendar: the last two days of the demonstration's year, and one soon after it.
const DAYS_OFF: [&str; 3] = ["2024-12-30", "2024-12-31", "2025-01-03"];

fn main() {
    // `cargo test --benches` asks for a listing or a dry run; a measurement is neither.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let dossiers = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("motcua-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let url = DatabaseUrl::Sqlite(folder.join("bench.db").display().to_string());
    migrate::up(&url).expect("the schema");
    let clock = Clock::simulated(parse("2023-11-20T08:00:00+07:00").expect("a time"), 2024);
    let vault = Vault::open(KeySource::given(&"00".repeat(32)), || [0; 32]).expect("a key");
    let store = Store::open(&url).expect("the database opens");
    let app = App::open(store, clock, CodePattern::default(), vault).expect("the keys fit");

    let begun = Instant::now();
    let made = demo::make(&app, dossiers, &mut |_| {}).expect("the demonstration");
    println!("{} dossiers, {} events, made in {:.1} s", made.dossiers, made.events, begun.elapsed().as_secs_f64());
    let calendar = with_days_off();
    for _ in 0..3 {
        foresee(&app, &calendar);
    }
    for _ in 0..2 {
        apply(&app, &calendar);
    }
    drop(app);
    std::fs::remove_dir_all(&folder).expect("the folder was ours");
}

fn with_days_off() -> Calendar {
    let mut calendar = embedded();
    calendar.version = "bench".into();
    calendar.days.extend(DAYS_OFF.map(|date| CalendarDay {
        date: date.parse().expect("a date"),
        name: "Nghỉ đột xuất".into(),
        kind: ListedKind::SubstituteDayOff,
        source: None,
        confidence: None,
    }));
    calendar
}

/// Counts and figures of all agencies, as `POST /calendar/preview` computes them.
fn foresee(app: &App, calendar: &Calendar) {
    let begun = Instant::now();
    let now = app.clock.now();
    let (found, figures) = app
        .store
        .read_blocking::<_, AppError, _>(|tx| {
            let agencies: BTreeSet<String> = tx.heads_all()?.into_iter().map(|head| head.agency_id).collect();
            let listed = agencies.clone();
            let (agencies, listed) = (&agencies, &listed);
            let ask = Question { calendar, agencies, listed, at: now, limit: 50, after: None };
            let found = preview(tx, &app.catalogues, &ask)?;
            Ok((found, figures_now(tx, &app.catalogues, &this_year(agencies.clone(), now))?))
        })
        .expect("a preview");
    let total = found.total();
    let seconds = begun.elapsed().as_secs_f64();
    println!("preview: {} examined, {} moved, {} agencies, {seconds:.2} s", total.examined, total.moved, figures.len());
}

fn apply(app: &App, calendar: &Calendar) {
    let begun = Instant::now();
    let (shared, body) = (app.clone(), calendar.clone());
    let job = app.store.write_blocking::<_, AppError, _>(QUEUE, move |tx| {
        put_calendar(tx, &shared, &body, Expect::Anything)?;
        jobs::request(tx, &shared, "bench", &body.version, None)
    });
    let (mut pieces, mut longest, mut last) = (0, 0.0_f64, Instant::now());
    let done = jobs::run(app, job.expect("a job").job.id.0, |_| {
        pieces += 1;
        longest = longest.max(last.elapsed().as_secs_f64());
        last = Instant::now();
    });
    let done = done.expect("the job ends");
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "apply: {} examined, {} moved, {pieces} pieces, the longest {longest:.2} s, {seconds:.2} s",
        done.examined, done.moved
    );
}
