//! Import, export, restore and verify from the command line, with a progress bar on a terminal.

use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::app::import::{Importer, Scope};
use crate::app::{check, export, full_copy};
use crate::clock::Clock;
use crate::config::Settings;
use crate::startup::open;
use crate::store::indicators;
use crate::verify;
use crate::verify::chain::Head;

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

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Verify a full copy offline, without a database.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Verify a proof bundle offline: the chains, and every cell with the dossiers behind it.
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    proof: Option<PathBuf>,
    /// Heads kept elsewhere (JSON, as `GET /audit/heads` gives them): finds truncation and roll-back.
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
}

/// A bar over `total` bytes (0: unknown), shown on a terminal only.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = if total > 0 {
        "{msg} {wide_bar} {bytes}/{total_bytes} {eta}"
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
    let scope = Scope { actor: "cli".into(), agencies: None };
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
        let written: Result<u64, Failure> = export::dossiers(&app.store, &agencies, |line| {
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

pub fn kept_heads(path: Option<&Path>) -> Result<Vec<Head>, Failure> {
    let Some(path) = path else {
        eprintln!("no kept heads to compare with (--heads): a truncated chain would look whole");
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(path).map_err(|error| named(path, &error))?;
    let value: serde_json::Value = serde_json::from_str(&text)?;
    let items = value.get("items").unwrap_or(&value).clone();
    serde_json::from_value(items).map_err(|error| format!("{}: not a list of heads: {error}", path.display()).into())
}

/// Says whether nothing was found.
pub fn verify(settings: impl FnOnce() -> Result<Settings, Failure>, args: VerifyArgs) -> Result<bool, Failure> {
    let kept = kept_heads(args.heads.as_deref())?;
    if let Some(path) = args.proof {
        return verify_proof(&path, &kept);
    }
    if let Some(path) = args.export {
        return verify_copy(&path, &kept);
    }
    let app = crate::startup::open_bare(&settings()?, Clock::system())?;
    let progress = bar(0, "verify");
    let report = check::check(&app, &kept, |done| progress.set_position(done.events))?;
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.is_clean())
}

/// Says whether nothing was found in a full copy.
pub fn verify_copy(path: &Path, kept: &[Head]) -> Result<bool, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let progress = bar(file.metadata()?.len(), "verify");
    let reader = BufReader::new(file as File).take(u64::MAX);
    let report = verify::run::run_against(reader, kept, |done| progress.set_position(done));
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.is_clean())
}

/// Says whether everything that the bundle claims was found again; otherwise names the first fault.
fn verify_proof(path: &Path, kept: &[Head]) -> Result<bool, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    // What is told is the unpacked size: a spinner, for want of a total.
    let progress = bar(0, "verify");
    let found = verify::proof::verify(BufReader::new(file), kept, |bytes| progress.set_position(bytes));
    progress.finish_and_clear();
    match found {
        Ok(proven) => {
            println!("{}", serde_json::to_string_pretty(&proven)?);
            Ok(true)
        }
        Err(fault) => {
            println!("{}", serde_json::to_string_pretty(&fault)?);
            eprintln!("motcua: {}: {fault}", path.display());
            Ok(false)
        }
    }
}
