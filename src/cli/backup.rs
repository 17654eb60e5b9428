//! Backups of an SQLite database, and whether a copy could be restored.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::exchange::{self, bar, named};
use super::verify::{self, kept_heads};
use crate::app::{App, check as recount};
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::code::CodePattern;
use crate::store::{DatabaseUrl, Store, backup as store};
use crate::vault::{KeySource, Vault};
use crate::verify::unseal::Keys;

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A full copy (`motcua export --full`), or a backup (`motcua backup`).
    file: PathBuf,
    /// Only say whether it could be restored. Neither the file nor any database is written to.
    #[arg(long)]
    pub check: bool,
    /// With `--check`: heads kept elsewhere; finds a copy that is older, or of another history.
    #[arg(long, value_name = "FILE", requires = "check")]
    heads: Option<PathBuf>,
    /// With `--check`: data keys, to check personal rows too; without them they are counted only.
    #[arg(long, value_name = "FILE", requires = "check")]
    data_key_file: Option<PathBuf>,
}

pub fn backup(settings: &Settings, target: &Path) -> Result<(), Failure> {
    let DatabaseUrl::Sqlite(path) = &settings.database else {
        return Err(
            "PostgreSQL makes its own backups: pg_dump, or pg_basebackup with the log archived (see the README)".into(),
        );
    };
    let progress = bar(1, "backup");
    let written = store::backup(Path::new(path), target, |done, total| {
        progress.set_length(total.max(done));
        progress.set_position(done);
    })?;
    progress.finish_and_clear();
    println!("{}: {written} bytes", target.display());
    eprintln!(
        "khóa không nằm trong bản sao, hãy cất riêng / keys are not in it, keep them too, elsewhere: {} and every other \
         key file that the settings name",
        settings.signing_key.display()
    );
    Ok(())
}

/// Says whether the file could be restored.
pub fn check(args: &RestoreArgs) -> Result<bool, Failure> {
    let path = &args.file;
    let kept = kept_heads(args.heads.as_deref(), None)?;
    if !store::is_database(path).map_err(|error| named(path, &error))? {
        let keys = args.data_key_file.as_deref().map(Keys::read).transpose()?;
        return verify::copy(path, &kept, keys.as_ref());
    }
    let (faults, current) = store::look(path)?;
    for fault in &faults {
        eprintln!("motcua: {}: {fault}", path.display());
    }
    if !faults.is_empty() {
        return Ok(false);
    }
    if !current {
        let advice =
            "its schema is of another version: restore it elsewhere, `motcua migrate` and `motcua verify` there";
        return Err(format!("{}: the file is sound, but {advice}", path.display()).into());
    }
    let vault = match &args.data_key_file {
        Some(path) => Vault::open(KeySource::File { path: path.clone(), made: false }, || [0; 32])?,
        None => Vault::without_keys(),
    };
    let app = App::unprepared(Store::inspect(path)?, Clock::system(), pattern()?, vault);
    let progress = bar(0, "verify");
    let report = recount::check_against(&app, &kept, |done| progress.set_position(done.events))?;
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(report.is_clean())
}

/// Of the settings, the one thing that a check needs: whatever else is wrong with them is no matter here.
fn pattern() -> Result<CodePattern, Failure> {
    match crate::config::code_pattern() {
        Some(text) => Ok(CodePattern::parse(&text)?),
        None => Ok(CodePattern::default()),
    }
}

/// Says whether everything was restored.
pub fn restore(settings: &Settings, args: &RestoreArgs) -> Result<bool, Failure> {
    if !store::is_database(&args.file).map_err(|error| named(&args.file, &error))? {
        return exchange::restore(settings, &args.file);
    }
    let DatabaseUrl::Sqlite(target) = &settings.database else {
        return Err("a backup is an SQLite file; to PostgreSQL goes a full copy (motcua export --full)".into());
    };
    let written = store::put_back(&args.file, Path::new(target))?;
    println!("{target}: {written} bytes; its keys must stand beside it. Next: motcua verify");
    Ok(true)
}
