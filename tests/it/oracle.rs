//! Random histories against the definitions: the fact rows against the fold, every figure and every list behind it
//! against the naïve recount of `motcua::verify`, settled figures against themselves after more has been recorded.
//!
//! Each test plays seeded stories: some months in a dozen offices, told through the same `Book` that serves requests,
//! under a simulated clock. The same seed is the same story on every database. By default each test plays one;
//!
//! ```sh
//! MOTCUA_ORACLE_CASES=50 cargo test --test it oracle      # fifty stories per test and database
//! MOTCUA_ORACLE_SEED=1234 cargo test --test it oracle     # begins with this one: the seed that a failure names
//! ```

mod asks;
mod checks;
mod dice;
mod diff;
mod drafts;
mod facts;
mod figures;
mod groups;
mod links;
mod lists;
mod recount;
mod reports;
mod scorecards;
mod settled;
mod story;
mod world;

use motcua::store::DatabaseUrl;

use crate::harness::{self, TestApp};
use story::Variety;

on_both!(
    rows_are_the_fold,
    figures_are_the_recount,
    checks_are_the_recount,
    reports_are_the_recount,
    settled_figures_stand,
    scorecards_are_the_recount,
    settled_scorecards_stand,
    settled_reports_stand,
    moves_are_the_difference,
);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Further stories that are told when something did not happen in those asked for.
const MORE: u64 = 4;

/// Runs `check` on as many stories as asked for, each in a database of its own, and until everything has happened.
fn cases(first: &TestApp, salt: u64, check: impl Fn(&TestApp, u64) -> Variety) {
    let (count, seed) = (number("MOTCUA_ORACLE_CASES", 1).max(1), number("MOTCUA_ORACLE_SEED", salt));
    let mut seen = run(first, seed, &check);
    let mut told = 1;
    while told < count || (told < count + MORE && !seen.lacks().is_empty()) {
        let app = match first.database {
            DatabaseUrl::Sqlite(_) => harness::sqlite(),
            DatabaseUrl::Postgres(_) => harness::postgres_app().expect("it was there"),
        };
        seen.add(run(&app, seed + told, &check));
        told += 1;
    }
    println!("{told} stories: {seen:?}");
    assert_eq!(seen.lacks(), [""; 0], "in {told} stories: {seen:?}");
}

fn run(app: &TestApp, seed: u64, check: &impl Fn(&TestApp, u64) -> Variety) -> Variety {
    /// Names the seed when a check fails.
    struct Named(u64);
    impl Drop for Named {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the story of MOTCUA_ORACLE_SEED={}", self.0);
            }
        }
    }
    let _named = Named(seed);
    check(app, seed)
}

/// Every fact row is the fold at its cuts.
fn rows_are_the_fold(app: &TestApp) {
    cases(app, 11, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(60, 750);
        facts::check(&story);
        facts::check_whole(&story);
        story.variety
    });
}

/// Every figure, list and group is what the recount finds.
fn figures_are_the_recount(app: &TestApp) {
    cases(app, 2101, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(60, 750);
        let counted = figures::check(&mut story);
        links::check(&mut story);
        Variety { counted: Some(counted), ..story.variety }
    });
}

/// Every cell of the law's reports is what the recount finds.
fn reports_are_the_recount(app: &TestApp) {
    cases(app, 7_000, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(60, 750);
        let cells = reports::check(&mut story);
        Variety { cells: Some(cells), ..story.variety }
    });
}

/// Every check flags whom the recount flags.
fn checks_are_the_recount(app: &TestApp) {
    cases(app, 4400, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(70, 900);
        story.rush(105);
        let flagged = checks::check(&mut story);
        Variety { flagged: Some(flagged), ..story.variety }
    });
}

/// What is settled stays, whatever is recorded later.
fn settled_figures_stand(app: &TestApp) {
    cases(app, 31_000, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(35, 350);
        let kept = settled::keep(&mut story);
        story.go_on(55, 300);
        settled::compare(&story, &kept);
        facts::check_whole(&story);
        story.variety
    });
}

/// Every month of a scorecard is what the recount finds.
fn scorecards_are_the_recount(app: &TestApp) {
    cases(app, 47_000, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(60, 750);
        scorecards::plan(&story);
        scorecards::check(&mut story);
        story.variety
    });
}

/// A settled scorecard stays byte for byte, in every form.
fn settled_scorecards_stand(app: &TestApp) {
    cases(app, 53_000, |app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(35, 350);
        scorecards::plan(&story);
        let kept = scorecards::keep(&mut story);
        story.go_on(55, 350);
        scorecards::compare_kept(&story, &kept);
        story.variety
    });
}

/// Whoever asks for a settled report again gets the same bytes, a thousand events later.
fn settled_reports_stand(app: &TestApp) {
    let mut story = story::Story::begin(app, 41_000);
    story.go_on(30, 300);
    let settled = app.app.clock.now() - chrono::Duration::seconds(5);
    let asks: Vec<asks::Ask> = (0..3).map(|_| asks::Ask::random(&mut story, settled)).collect();
    let (before, recorded) = (reports::sent(&story, &asks), app.event_count());
    while app.event_count() < recorded + 1_000 {
        story.go_on(story.files.len() + 50, 250);
    }
    let now: Vec<asks::Ask> =
        asks.iter().map(|ask| asks::Ask { known_at: app.app.clock.now(), ..ask.clone() }).collect();
    for ((path, bytes), (_, again)) in before.iter().zip(reports::sent(&story, &asks)) {
        assert!(*bytes == again, "{path} changed");
    }
    assert_ne!(reports::counts(&reports::sent(&story, &now)), reports::counts(&before), "nothing was put to the test");
}

/// What moved between two instants of knowledge is the difference of the lists, and each cause is where it moved.
fn moves_are_the_difference(app: &TestApp) {
    run(app, number("MOTCUA_ORACLE_SEED", 4_700), &|app, seed| {
        let mut story = story::Story::begin(app, seed);
        story.go_on(40, 400);
        let named = diff::check(&mut story);
        assert!(named.events > 20 && named.time > 0, "{named:?}");
        story.variety
    });
}
