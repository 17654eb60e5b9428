//! The keys that sign access tokens: listed, announced, rotated, removed. A running program sees the change.

use std::io::Write;
use std::path::Path;

use clap::Subcommand;

use super::Failure;
use crate::clock::Clock;
use crate::config::Settings;
use crate::http::keys::{Ring, new_key};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Print the keys and what each does.
    List,
    /// Add a key that verifies, and will sign after a rotation: for several machines, which must know it before.
    Announce,
    /// The announced key signs from now on, or a new one; the former verifies until it is removed.
    Rotate,
    /// Remove a key: tokens that it signed are refused.
    Remove {
        /// Its name, as `list` prints it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

pub fn run(settings: &Settings, command: KeysCommand) -> Result<(), Failure> {
    let path = &settings.signing_key;
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let ring = Ring::parse(&text).map_err(|error| named(&error))?;
    let announced = || ring.announce(&new_key(&Clock::system().random()));
    let changed = match command {
        KeysCommand::List => None,
        KeysCommand::Announce => Some(announced()?),
        KeysCommand::Rotate => match ring.rotated() {
            Some(rotated) => Some(rotated),
            None => announced()?.rotated(),
        },
        KeysCommand::Remove { kid } => Some(ring.without(&kid)?),
    };
    if let Some(changed) = &changed {
        replace(path, &changed.render()?).map_err(|error| named(&error))?;
    }
    print(changed.as_ref().unwrap_or(&ring));
    Ok(())
}

/// Whole or not at all, and readable by its owner only.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn print(ring: &Ring) {
    for (i, key) in ring.keys().iter().enumerate() {
        let does = match (i, key.is_private()) {
            (0, _) => "signs",
            (_, true) => "announced",
            (_, false) => "verifies",
        };
        println!("{} {does}", key.public.kid);
    }
}
