//! Import, export and restore from the command line, with a progress bar on a terminal.

use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::app::import::{Importer, Scope};
use crate::app::{export, full_copy};
use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::open;
use crate::store::indicators;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Dossiers in the import format, personal values masked.
    #[arg(long, conflicts_with = "full", required_unless_present = "full")]
    dossiers: bool,
    /// Everything as stored: catalogues, personal rows, events with hashes.
    #[arg(long)]
    full: bool,
    /// With `--dossiers`: also the catalogue, so that an empty database can take them.
    #[arg(long, requires = "dossiers")]
    catalogue: bool,
    /// File to write; default standard output.
    #[arg(short, long)]
    output: Option<PathBuf>,
}

/// A bar over `total` bytes (0: unknown), shown on a terminal only.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if total > 0 {
        "{msg} {percent:>3}% {wide_bar} {bytes}/{total_bytes} {eta}"
    } else {
        "{msg} {spinner} {human_pos} {per_sec}"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = if total > 0 { ProgressBar::new(total) } else { ProgressBar::new_spinner() };
    bar.with_style(style).with_message(what)
}

pub fn named(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display()).into()
}

/// Prints the report; says whether every line was taken.
pub async fn import(settings: &Settings, path: &Path) -> Result<bool, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let progress = bar(file.metadata()?.len(), "import");
    let app = open(settings, Clock::system()).await?;
    let name = path.file_name().map_or_else(|| "import".into(), |name| name.to_string_lossy().into_owned());
    let scope = Scope { actor: "cli".into(), keeper: None };
    let importer = Importer::new(&app, scope, &name, &indicators::ids());
    let report = importer.read(BufReader::new(file), |done| progress.set_position(done)).await?;
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.errors_total == 0)
}

pub async fn export(settings: &Settings, args: ExportArgs) -> Result<(), Failure> {
    let app = open(settings, Clock::system()).await?;
    let out: Box<dyn Write + Send> = match &args.output {
        Some(path) => Box::new(File::create(path).map_err(|error| named(path, &error))?),
        None => Box::new(std::io::stdout()),
    };
    let mut out = BufWriter::new(out);
    let progress = bar(0, "export");
    if args.full {
        full_copy::export(&app.store, &mut out, |done| progress.set_position(done.events))?;
    } else {
        if args.catalogue {
            for line in app.store.read_blocking(|tx| export::catalogue_lines(tx, &app))? {
                writeln!(out, "{line}")?;
            }
        }
        let agencies = app.store.read_blocking(|tx| tx.event_agencies())?;
        let mut count = 0;
        let written: Result<u64, Failure> = export::dossiers(&app, &agencies, |line| {
            count += 1;
            progress.set_position(count);
            writeln!(out, "{line}").map_err(Failure::from)
        });
        written?;
    }
    out.flush()?;
    progress.finish_and_clear();
    Ok(())
}

/// Prints the report; says whether every agency was restored.
pub fn restore(settings: &Settings, path: &Path) -> Result<bool, Failure> {
    let total = std::fs::metadata(path).map_err(|error| named(path, &error))?.len();
    // Without the shipped calendar and plans: the copy brings its own catalogue.
    let app = crate::startup::open_bare(settings, Clock::system())?;
    let progress = Arc::new(bar(total, "restore"));
    let shown = Arc::clone(&progress);
    let report = full_copy::restore(&app, path, Arc::new(move |done| shown.set_position(done)))?;
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.refused.is_empty())
}
