//! `motcua`: serve, migrate, user, load, openapi …

mod admin;
mod backup;
mod calendar;
mod demo;
mod exchange;
mod keys;
mod personal;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::jobs::Worker;
use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::{Application, open};
use crate::{store, telemetry};

/// Theo dõi hồ sơ thủ tục hành chính và chỉ tiêu kế hoạch. / Dossiers of administrative procedures, deadlines,
/// and plan indicators derived from them. Settings come from the environment; see the README.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API; migrates the database first.
    Serve,
    /// Make a year of dossiers in a fresh SQLite file, print scorecards and logins, and serve.
    Demo(demo::DemoArgs),
    /// Bring the database's schema up to date.
    Migrate,
    /// Users: the first admin is made here.
    #[command(subcommand)]
    User(admin::UserCommand),
    /// The keys that sign access tokens.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Seal personal data under a new key while programs serve.
    Rekey(personal::RekeyArgs),
    /// Count personal data that were kept long enough; erase them when told to.
    Retention(personal::RetentionArgs),
    /// Load agencies, procedures, plans or a calendar from a YAML or JSON file.
    Load {
        /// The file.
        file: std::path::PathBuf,
    },
    /// A day off declared late: what a calendar moves, and moving it.
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    /// Import dossiers and documents from an NDJSON file.
    Import { file: std::path::PathBuf },
    /// Export dossiers, or everything.
    Export(exchange::ExportArgs),
    /// Copy the SQLite database to a new file while it serves. Keys are not in it.
    Backup {
        /// The file to make; nothing is overwritten.
        file: std::path::PathBuf,
    },
    /// Restore a full copy into agencies that have no events, or a backup as a new database.
    Restore(backup::RestoreArgs),
    /// Check chains, codes, counters, personal commitments and facts; name the first bad entry.
    Verify(verify::VerifyArgs),
    /// Print the OpenAPI document.
    Openapi,
}

type Failure = Box<dyn std::error::Error>;

/// Runs the command line of the process.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("motcua: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    // What blocks runs without a runtime around it.
    match command {
        Command::Openapi => {
            print!("{}", crate::http::openapi::yaml());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Verify(args) => return Ok(code_of(verify::verify(|| Ok(Settings::from_env()?), args)?)),
        Command::Backup { file } => backup::backup(&started()?, &file)?,
        Command::Restore(args) if args.check => return Ok(code_of(backup::check(&args)?)),
        Command::Restore(args) => return Ok(code_of(backup::restore(&started()?, &args)?)),
        Command::Rekey(args) => personal::rekey(&started()?, &args)?,
        Command::Retention(args) => personal::retention(&started()?, args)?,
        Command::Keys(command) => keys::run(&started()?, command)?,
        Command::Demo(args) => demo::run(started()?, args)?,
        Command::Migrate => {
            let settings = started()?;
            let count = store::migrate::up(&settings.database)?;
            println!("{count} migration(s) applied");
            let app = crate::startup::open_bare(&settings, Clock::system())?;
            let rebuilt = crate::app::rebuild::rebuild_facts(&app, |_| {})?;
            println!("{rebuilt} dossier(s) with fact rows written anew");
            let adopted = crate::app::full_copy::records::adopt(&app)?;
            println!("{adopted} record(s) of before there were chains of them, chained");
        }
        other => return actix_web::rt::System::new().block_on(serving(started()?, other)),
    }
    Ok(ExitCode::SUCCESS)
}

fn started() -> Result<Settings, Failure> {
    let settings = Settings::from_env()?;
    telemetry::start(&settings);
    Ok(settings)
}

async fn serving(settings: Settings, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::User(command) => admin::user(&settings, command).await?,
        Command::Load { file } => admin::load(&settings, &file).await?,
        Command::Calendar(command) => return Ok(code_of(calendar::run(&settings, command).await?)),
        Command::Import { file } => return Ok(code_of(exchange::import(&settings, &file).await?)),
        Command::Export(args) => exchange::export(&settings, args).await?,
        _ => serve(&settings).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn code_of(clean: bool) -> ExitCode {
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let app = open(settings, Clock::system()).await?;
    // Jobs that an earlier process left unfinished go on.
    let _jobs = Worker::start(app.clone())?;
    let application = Application::build(settings, app)?;
    let address = std::net::SocketAddr::new(settings.listen.ip(), application.port);
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    eprintln!("motcua: {scheme}://{address}  –  tài liệu API / API documentation: {scheme}://{address}/docs/");
    application.run().await?;
    Ok(())
}
