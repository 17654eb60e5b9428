//! `motcua verify`: a database, a full copy or a proof bundle.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::exchange::{bar, named};
use crate::app::check;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::strict;
use crate::verify;
use crate::verify::heads::{Kept, Keys, Seal, check_signature};
use crate::verify::unseal::Keys as DataKeys;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Verify a full copy offline, without a database.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Verify a proof bundle offline: the chains, and every cell with the dossiers behind it.
    #[arg(long, value_name = "FILE", conflicts_with = "export")]
    proof: Option<PathBuf>,
    /// Data keys, to check the personal rows of a full copy; without them they are counted only.
    #[arg(long, value_name = "FILE", requires = "export")]
    data_key_file: Option<PathBuf>,
    /// Heads kept elsewhere (JSON, as `GET /audit/heads` gives them): finds truncation and roll-back.
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// With `--heads`: the public key that signed them (PEM), or a JSON web key set.
    #[arg(long, value_name = "FILE", requires = "heads")]
    key: Option<PathBuf>,
}

/// Says whether nothing was found.
pub fn verify(settings: impl FnOnce() -> Result<Settings, Failure>, args: VerifyArgs) -> Result<bool, Failure> {
    let kept = kept_heads(args.heads.as_deref(), args.key.as_deref())?;
    if let Some(path) = args.proof {
        return proof(&path, &kept);
    }
    if let Some(path) = args.export {
        let keys = args.data_key_file.as_deref().map(DataKeys::read).transpose()?;
        return copy(&path, &kept, keys.as_ref());
    }
    let app = crate::startup::open_bare(&settings()?, Clock::system())?;
    let progress = bar(0, "verify");
    let report = check::check_against(&app, &kept, |done| progress.set_position(done.events))?;
    progress.finish_and_clear();
    print(&report, report.is_clean())
}

/// Says whether nothing was found in a full copy.
pub fn copy(path: &Path, kept: &Kept, keys: Option<&DataKeys>) -> Result<bool, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let progress = bar(file.metadata()?.len(), "verify");
    let report = verify::run::run_against(BufReader::new(file), kept, keys, |done| progress.set_position(done));
    progress.finish_and_clear();
    if report.personal_unchecked > 0 {
        eprintln!(
            "{} dòng dữ liệu cá nhân chưa được kiểm tra / personal rows were not checked: no data keys (--data-key-file)",
            report.personal_unchecked
        );
    }
    print(&report, report.is_clean())
}

fn print(report: &impl Serialize, clean: bool) -> Result<bool, Failure> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(clean)
}

/// The heads to compare with; says on standard error how far they are vouched for.
pub fn kept_heads(path: Option<&Path>, key: Option<&Path>) -> Result<Kept, Failure> {
    let Some(path) = path else {
        eprintln!("no kept heads to compare with (--heads): a truncated chain would look whole");
        return Ok(Kept::default());
    };
    let of =
        |path: &Path, detail: &dyn std::fmt::Display| -> Failure { format!("{}: {detail}", path.display()).into() };
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| named(path, &error));
    let document = strict::read(&read(path)?).map_err(|detail| of(path, &detail))?;
    let keys = key.map(|key| Keys::read(&read(key)?).map_err(|detail| of(key, &detail))).transpose()?;
    match check_signature(&document, keys.as_ref()).map_err(|detail| of(path, &detail))? {
        Seal::Unsigned => eprintln!("the kept heads are not signed: they prove as much as the place where they lay"),
        Seal::Unchecked => eprintln!("the signature of the kept heads was not checked (--key)"),
        Seal::Signed { key } => eprintln!("the kept heads are signed by key {key}"),
    }
    let kept = Kept::read(&document).map_err(|detail| of(path, &detail))?;
    if kept.is_empty() {
        eprintln!("no kept heads to compare with: {} holds none", path.display());
    }
    Ok(kept)
}

/// Says whether everything that the bundle claims was found again; otherwise names the first fault.
fn proof(path: &Path, kept: &Kept) -> Result<bool, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let total = verify::proof::size(&file).unwrap_or(0);
    let progress = bar(total, "verify");
    let found = verify::proof::verify(BufReader::new(file), &kept.events, |bytes| progress.set_position(bytes));
    progress.finish_and_clear();
    match found {
        Ok(proven) => print(&proven, true),
        Err(fault) => {
            eprintln!("motcua: {}: {fault}", path.display());
            print(&fault, false)
        }
    }
}
