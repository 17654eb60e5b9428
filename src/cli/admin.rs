//! Users and catalogues from the command line.

use std::path::Path;

use clap::Subcommand;

use super::Failure;
use crate::app::AppError;
use crate::app::catalogue::load_file;
use crate::app::password_policy::fault;
use crate::app::passwords::hash_once;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::actor::{Grant, Role};
use crate::domain::catalogue::agency_code_is_valid;
use crate::http::users::username_fits;
use crate::startup::open;
use crate::store::indicators;
use crate::store::rows::UserRow;
use crate::store::sql_types::Id;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user. The password is read from MOTCUA_PASSWORD, or from the first line of standard input.
    Add {
        username: String,
        /// `role@agency`, e.g. `admin@H26`; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Shown name; default the username.
        #[arg(long)]
        name: Option<String>,
    },
}

fn grant(text: &str) -> Result<Grant, Failure> {
    let (role, agency) = text.split_once('@').ok_or_else(|| format!("{text:?}: role@agency is expected"))?;
    let role = Role::parse(role).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("{role:?} is no role; known are {}", known.join(", "))
    })?;
    if !agency_code_is_valid(agency) {
        return Err(format!("{agency:?} is not an agency code").into());
    }
    Ok(Grant { role, agency: agency.to_owned() })
}

fn password(username: &str) -> Result<String, Failure> {
    let password = match crate::config::password() {
        Some(password) => password,
        None => {
            eprintln!("mật khẩu / password:");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    match fault("/password", &password, username) {
        Some(error) => Err(error.detail.into()),
        None => Ok(password),
    }
}

pub async fn user(settings: &Settings, command: UserCommand) -> Result<(), Failure> {
    let UserCommand::Add { username, roles, name } = command;
    if !username_fits(&username) {
        return Err("username: 3 to 60 of a-z 0-9 . _ -".into());
    }
    let roles = roles.iter().map(|text| grant(text)).collect::<Result<Vec<_>, _>>()?;
    let password = password(&username)?;
    let clock = Clock::system();
    let app = open(settings, clock.clone()).await?;
    let row = UserRow {
        id: Id(clock.new_id()),
        display_name: name.unwrap_or_else(|| username.clone()),
        username: username.clone(),
        password_hash: hash_once(settings.password_cost, &clock, &password)?,
        roles: serde_json::to_string(&roles)?,
        active: true,
        revision: 1,
        created_at: clock.now().timestamp_micros(),
        stamp: 1,
    };
    let agencies = app.catalogues.clone();
    app.store
        .write("", move |tx| {
            let known = agencies.agencies(tx)?;
            if let Some(grant) = roles.iter().find(|grant| known.latest(&grant.agency).is_none()) {
                let detail = format!("no agency {}; load agencies first (motcua load FILE)", grant.agency);
                return Err(AppError::field("--role", "unknown_agency", &detail));
            }
            if tx.user_by_name(&row.username)?.is_some() {
                return Err(AppError::Exists(row.username.clone()));
            }
            tx.user_insert(&row).map_err(AppError::from)
        })
        .await
        .map_err(explain)?;
    println!("{username}: added");
    Ok(())
}

pub async fn load(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let app = open(settings, Clock::system()).await?;
    let report = load_file(&app, &text, &indicators::ids()).await.map_err(explain)?;
    println!("{} document(s), {} changed", report.documents, report.changed);
    Ok(())
}

/// Broken rules with their places, one a line.
pub fn explain(error: AppError) -> Failure {
    if let AppError::Refused(crate::domain::error::Refusal::Invalid(errors)) = &error {
        let lines: Vec<String> = errors.iter().map(|e| format!("{}: {} ({})", e.pointer, e.detail, e.code)).collect();
        return lines.join("\n").into();
    }
    error.into()
}
