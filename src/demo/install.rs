//! The catalogues of the demonstration: agencies, procedures, calendar, plans.

use serde::de::DeserializeOwned;

use crate::app::catalogue::{self, Expect};
use crate::app::{App, AppError};
use crate::domain::calendar;
use crate::domain::catalogue::{Agency, Procedure};
use crate::plans;
use crate::store::{StoreError, indicators};

/// Agencies, parents before their children.
///
/// # Errors
/// The embedded file is not what it should be; a test reads it.
pub fn agencies() -> Result<Vec<Agency>, StoreError> {
    read(include_str!("agencies.yaml"))
}

/// # Errors
/// As [`agencies`].
pub fn procedures() -> Result<Vec<Procedure>, StoreError> {
    read(include_str!("procedures.yaml"))
}

fn read<T: DeserializeOwned>(yaml: &str) -> Result<T, StoreError> {
    serde_norway::from_str(yaml).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Records the catalogues as of now, in force from the beginning.
///
/// # Errors
/// The database fails, or such a document is there already: the demonstration wants an empty database.
pub fn install_catalogues(app: &App) -> Result<(), AppError> {
    let (agencies, procedures) = (agencies()?, procedures()?);
    let app2 = app.clone();
    app.store.write_long_blocking(catalogue::QUEUE, move |tx| {
        for agency in &agencies {
            catalogue::put_agency(tx, &app2, agency, None, Expect::New)?;
        }
        for procedure in &procedures {
            catalogue::put_procedure(tx, &app2, procedure, Expect::New)?;
        }
        catalogue::put_calendar(tx, &app2, &calendar::embedded(), Expect::New)?;
        for plan in plans::shipped() {
            catalogue::put_plan(tx, &app2, &plan, &indicators::ids(), Expect::New)?;
        }
        Ok(())
    })
}
