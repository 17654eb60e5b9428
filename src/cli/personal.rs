//! Personal data at rest: new keys, and what was kept long enough.

use clap::Args;
use zeroize::Zeroizing;

use super::Failure;
use super::exchange::bar;
use super::keys::replace;
use crate::app::rekey;
use crate::app::retention::{Period, Periods, erase, overdue};
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::time::business_date;
use crate::startup::open_bare;
use crate::vault::{DataKey, KeySource};

#[derive(Debug, Args)]
pub struct RekeyArgs {
    /// Only add a new key to the file: for several machines, which must all have it before it seals.
    #[arg(long)]
    announce: bool,
}

pub fn rekey(settings: &Settings, args: &RekeyArgs) -> Result<(), Failure> {
    let app = open_bare(settings, Clock::system())?;
    let settled = rekey::is_settled(&app)?;
    if args.announce && !settled {
        return Err("a new key is there already: `motcua rekey` goes on with it".into());
    }
    if settled {
        let id = add_key(app.vault.source(), &app.clock)?;
        eprintln!("khóa mới / new key: {id}");
        if args.announce {
            return Ok(());
        }
    }
    let progress = bar(0, "rekey");
    let done = rekey::rekey(&app, |done| progress.set_position(done.dossiers))?;
    progress.finish_and_clear();
    println!("{}", serde_json::to_string_pretty(&done)?);
    Ok(())
}

/// Adds a key at the end of the file, and says its id.
fn add_key(source: &KeySource, clock: &Clock) -> Result<String, Failure> {
    let KeySource::File { path, .. } = source else {
        let advice =
            "add a new key at its end, restart every program that serves with it, then call this with the same";
        return Err(format!("MOTCUA_DATA_KEY: {advice}").into());
    };
    let of = |error: std::io::Error| format!("{}: {error}", path.display());
    let master = Zeroizing::new(clock.random::<32>());
    let mut text = Zeroizing::new(std::fs::read_to_string(path).map_err(of)?);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let digits = Zeroizing::new(hex::encode(*master));
    text.push_str(&Zeroizing::new(format!("{}  # {}\n", *digits, business_date(clock.now()))));
    replace(path, &text).map_err(of)?;
    Ok(DataKey::new(&master).id().to_owned())
}

#[derive(Debug, Args)]
pub struct RetentionArgs {
    /// Years that a field of procedures is kept, after the year of a dossier's last entry; repeat it for each field.
    #[arg(long = "years", value_name = "FIELD=YEARS", required = true)]
    years: Vec<Period>,
    /// Erase what the report counted: the number of dossiers in it.
    #[arg(long, value_name = "DOSSIERS", requires = "decision")]
    erase: Option<u64>,
    /// The decision to destroy records (quyết định hủy tài liệu) under which it happens; it stands in the access log.
    #[arg(long, value_name = "NUMBER AND DATE", requires = "erase")]
    decision: Option<String>,
}

pub fn retention(settings: &Settings, args: RetentionArgs) -> Result<(), Failure> {
    let periods = Periods::new(args.years)?;
    let app = open_bare(settings, Clock::system())?;
    let Some((confirmed, decision)) = args.erase.zip(args.decision) else {
        let report = overdue(&app, &periods)?;
        println!("{}", serde_json::to_string_pretty(&report)?);
        if report.dossiers > 0 {
            eprintln!("xóa không khôi phục được / erasing cannot be undone: --erase {} --decision …", report.dossiers);
        }
        return Ok(());
    };
    let decision = decision.trim();
    if !(5..=200).contains(&decision.chars().count()) {
        return Err("--decision: 5 to 200 characters".into());
    }
    let erased = erase(&app, &periods, confirmed, decision)?;
    println!("{}", serde_json::to_string_pretty(&erased)?);
    Ok(())
}
