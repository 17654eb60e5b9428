//! The demonstration: a year of dossiers of a few agencies, made through the same `decide` as any other.
//!
//! Every dossier is a story: its fate is drawn beforehand from fixed seeds, and each event is settled once the one
//! before is recorded, under a simulated clock. The same number of dossiers gives the same data on every run.
//! The agencies and their rates stand in [`profile`]; the ward that passes K1a and fails K1b is Minh Đức, `H31.24.5`.

mod acts;
mod dice;
mod fate;
mod install;
mod office;
mod people;
pub mod profile;
mod story;
mod year;

use std::sync::Arc;

use chrono::NaiveDate;

pub use people::DemoUser;

use self::dice::Dice;
use self::fate::Maker;
use self::office::{Days, Office};
use self::people::Cast;
use self::profile::{PROFILES, Profile};
use self::year::Year;
use crate::app::{App, AppError};
use crate::domain::catalogue::{Agency, Procedure};
use crate::domain::time::{Instant, end_of_day};
use crate::store::StoreError;

/// The ward where K1a (on time over finished) passes 95 % and K1b (open overdue dossiers counted too) does not.
pub const TWO_FACED_WARD: &str = "H31.24.5";

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Not stored yet: their passwords are the caller's business.
    pub users: Vec<DemoUser>,
    pub dossiers: u64,
    pub events: u64,
}

/// The year of the data; a few dossiers of the weeks before are carried over into it.
#[must_use]
pub fn period() -> (NaiveDate, NaiveDate) {
    (date(2024, 1, 1), date(2024, 12, 31))
}

const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date of the calendar")
}

/// Fills an empty database: catalogues as of the clock's present time, which lies before December 2023, then
/// `dossiers` dossiers with all their events up to the end of 2024, where it leaves the clock.
/// `progress` hears how many dossiers have begun.
///
/// # Errors
/// The database fails or is not empty, or an event is refused, which would be a defect of the program.
pub fn make(app: &App, dossiers: u32, progress: &mut dyn FnMut(u64)) -> Result<Made, AppError> {
    let made_at = app.clock.now();
    install::install_catalogues(app)?;
    let (agencies, procedures) = (install::agencies()?, install::procedures()?);
    let procedures: Vec<Arc<Procedure>> = procedures.into_iter().map(Arc::new).collect();
    let mut made = Made { users: people::users(made_at), dossiers: 0, events: 0 };
    for ((i, profile), count) in (1..).zip(&PROFILES).zip(profile::shares(dossiers)) {
        let year = year_of(app, profile, &agencies, &procedures, (i, count), made_at)?;
        let before = made.dossiers;
        let (begun, events) = year.run(app, |begun| progress(before + begun))?;
        made.dossiers += begun;
        made.events += events;
    }
    app.clock.set(end_of_day(period().1));
    Ok(made)
}

fn year_of(
    app: &App,
    profile: &Profile,
    agencies: &[Agency],
    procedures: &[Arc<Procedure>],
    (seed, count): (u64, u32),
    made_at: Instant,
) -> Result<Year, AppError> {
    let missing = |what: &str| StoreError::Other(format!("the demonstration's catalogue lacks {what}"));
    let agency = agencies.iter().find(|agency| agency.code == profile.agency).ok_or_else(|| missing(profile.agency))?;
    let find = |(code, weight): &(&str, u32)| {
        let procedure = procedures.iter().find(|procedure| procedure.code == *code);
        procedure.map(|procedure| (Arc::clone(procedure), *weight)).ok_or_else(|| missing(code))
    };
    let mix = profile.mix.procedures().iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let calendar = app.store.read_blocking::<_, AppError, _>(|tx| Ok(app.catalogues.calendar(tx)?))?;
    let (from, to) = period();
    let days = [Days::new(&calendar, date(2023, 12, 4), date(2023, 12, 29)), Days::new(&calendar, from, to)];
    let office = Office::new(calendar, agency.hours());
    let mut maker = Maker::new(profile, &office, mix, days);
    let mut seeds = Dice::new(seed, 0);
    let births = (0..count).map(|_| maker.next(seeds.between(0, i64::MAX).unsigned_abs())).collect();
    Ok(Year::new(profile.agency, end_of_day(to), office.clone(), Cast::of(profile, made_at), births))
}

#[cfg(test)]
mod tests;
