//! Settings from the environment, validated at start. The only file that reads the environment.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::app::passwords::Cost;
use crate::domain::code::{CodePattern, DEFAULT_PATTERN};
use crate::store::{DatabaseUrl, Limits};
use crate::tls::TlsFiles;
use crate::vault::KeySource;

/// What the program runs with.
#[derive(Clone)]
pub struct Settings {
    pub database: DatabaseUrl,
    pub limits: Limits,
    pub listen: SocketAddr,
    /// Where figures for operators are served, apart from the API; nowhere unless it is said.
    pub metrics_listen: Option<SocketAddr>,
    /// PKCS#8 PEM of the Ed25519 key that signs tokens.
    pub signing_key: PathBuf,
    /// Keys that personal values are sealed with.
    pub data_keys: KeySource,
    pub code_pattern: CodePattern,
    pub workers: usize,
    /// Connections open at the same time, in all; more wait at the door.
    pub max_connections: usize,
    /// Within this time a body must bring its next piece, and an answer be taken on.
    pub patience: Duration,
    /// Certificate and key; plain HTTP without them.
    pub tls: Option<TlsFiles>,
    /// Origins whose pages may call the API from a browser.
    pub cors_origins: Vec<String>,
    pub log_filter: String,
    pub log_json: bool,
    pub password_cost: Cost,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl fmt::Debug for Settings {
    /// Without the database URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("signing_key", &self.signing_key)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// A password for the command line, so that it need not stand among the arguments.
#[must_use]
pub fn password() -> Option<String> {
    std::env::var("MOTCUA_PASSWORD").ok()
}

/// The pattern of codes, for what needs no other setting.
#[must_use]
pub fn code_pattern() -> Option<String> {
    std::env::var("MOTCUA_CODE_PATTERN").ok()
}

/// Everything that is wrong with the environment, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadSettings(pub Vec<String>);

impl Settings {
    /// From the process's environment.
    ///
    /// # Errors
    /// Every bad value, named.
    pub fn from_env() -> Result<Self, BadSettings> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// From any source of variables.
    ///
    /// # Errors
    /// Every bad value, named.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut errors = Vec::new();
        let take = |name: &str, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        let url = take("MOTCUA_DATABASE_URL", "sqlite:motcua.db");
        let listen = take("MOTCUA_LISTEN", "127.0.0.1:8080");
        let pattern = take("MOTCUA_CODE_PATTERN", DEFAULT_PATTERN);
        let workers = take("MOTCUA_WORKERS", "2");
        let most = take("MOTCUA_MAX_CONNECTIONS", "4096");
        let origins = take("MOTCUA_CORS_ORIGINS", "");
        let log_filter = take("MOTCUA_LOG", "info");
        let log_format = take("MOTCUA_LOG_FORMAT", "text");
        let key = variable("MOTCUA_SIGNING_KEY_FILE");
        let limits = limits(variable, &mut errors);

        let database = DatabaseUrl::parse(&url).map_err(|error| errors.push(format!("MOTCUA_DATABASE_URL: {error}")));
        let listen = listen.parse().map_err(|_| {
            errors.push(format!("MOTCUA_LISTEN: {listen:?} is not an address and port such as 127.0.0.1:8080"));
        });
        let metrics_listen = variable("MOTCUA_METRICS_LISTEN").and_then(|text| {
            let read = text.parse().ok();
            if read.is_none() {
                errors
                    .push(format!("MOTCUA_METRICS_LISTEN: {text:?} is not an address and port such as 127.0.0.1:9464"));
            }
            read
        });
        let code_pattern =
            CodePattern::parse(&pattern).map_err(|error| errors.push(format!("MOTCUA_CODE_PATTERN: {error}")));
        let workers = workers.parse().ok().filter(|n| (1..=256).contains(n)).ok_or(()).map_err(|()| {
            errors.push(format!("MOTCUA_WORKERS: {workers:?} is not a number from 1 to 256"));
        });
        let max_connections = most.parse().ok().filter(|n| (1..=1_000_000).contains(n)).unwrap_or_else(|| {
            errors.push(format!("MOTCUA_MAX_CONNECTIONS: {most:?} is not a number from 1 to 1000000"));
            0
        });
        let patience = take("MOTCUA_PATIENCE_SECONDS", "30");
        let patience = patience.parse().ok().filter(|n| (1..=3600).contains(n)).unwrap_or_else(|| {
            errors.push(format!("MOTCUA_PATIENCE_SECONDS: {patience:?} is not a number from 1 to 3600"));
            0
        });
        let tls = match (variable("MOTCUA_TLS_CERT_FILE"), variable("MOTCUA_TLS_KEY_FILE")) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
            (None, None) => None,
            _ => {
                errors.push("MOTCUA_TLS_CERT_FILE, MOTCUA_TLS_KEY_FILE: both or neither".to_owned());
                None
            }
        };
        let cors_origins = origins_of(&origins).unwrap_or_else(|error| {
            errors.push(format!("MOTCUA_CORS_ORIGINS: {error}"));
            Vec::new()
        });
        if log_filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
            errors.push(format!("MOTCUA_LOG: {log_filter:?} is not a filter such as info or motcua=debug"));
        }
        let proxies = take("MOTCUA_TRUSTED_PROXIES", "");
        let mut trusted_proxies = Vec::new();
        for text in proxies.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => trusted_proxies.push(net),
                Err(_) => {
                    errors.push(format!("MOTCUA_TRUSTED_PROXIES: {text:?} is no address, nor a net such as 10.0.0.0/8"))
                }
            }
        }
        let log_json = match log_format.as_str() {
            "json" => true,
            "text" => false,
            other => {
                errors.push(format!("MOTCUA_LOG_FORMAT: {other:?} is neither text nor json"));
                false
            }
        };
        let signing_key = match (&database, key) {
            (_, Some(path)) => Ok(PathBuf::from(path)),
            (Ok(DatabaseUrl::Sqlite(path)), None) => Ok(PathBuf::from(format!("{path}.key"))),
            (Ok(DatabaseUrl::Postgres(_)), None) => {
                errors.push("MOTCUA_SIGNING_KEY_FILE: required with PostgreSQL, where processes share one key".into());
                Err(())
            }
            (Err(()), None) => Err(()),
        };
        let data_keys = data_keys(variable, database.as_ref().ok()).map_err(|error| errors.push(error));
        let parts = (database, listen, signing_key, data_keys, code_pattern, workers);
        if let (true, (Ok(database), Ok(listen), Ok(signing_key), Ok(data_keys), Ok(code_pattern), Ok(workers))) =
            (errors.is_empty(), parts)
        {
            let password_cost = Cost::default();
            return Ok(Self {
                database,
                limits,
                listen,
                metrics_listen,
                signing_key,
                data_keys,
                code_pattern,
                workers,
                max_connections,
                patience: Duration::from_secs(patience),
                tls,
                cors_origins,
                log_filter,
                log_json,
                password_cost,
                trusted_proxies,
            });
        }
        Err(BadSettings(errors))
    }
}

fn limits(variable: &dyn Fn(&str) -> Option<String>, errors: &mut Vec<String>) -> Limits {
    let mut limits = Limits::default();
    if let Some(text) = variable("MOTCUA_WAITING") {
        match text.parse().ok().filter(|n| (1..=100_000).contains(n)) {
            Some(waiting) => limits.waiting = waiting,
            None => errors.push(format!("MOTCUA_WAITING: {text:?} is not a number from 1 to 100000")),
        }
    }
    if let Some(text) = variable("MOTCUA_SQLITE_MAX_MIB") {
        limits.max_mib = text.parse().ok().filter(|n| *n > 0);
        if limits.max_mib.is_none() {
            errors.push(format!("MOTCUA_SQLITE_MAX_MIB: {text:?} is not a number of MiB above 0"));
        }
    }
    limits
}

/// Origins as browsers write them, separated by commas. `*` is refused: who may call is said by name.
fn origins_of(text: &str) -> Result<Vec<String>, String> {
    let named = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let read = |origin: &str| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |host: &&str| {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b))
        };
        host.filter(plain).map(|_| origin.to_owned()).ok_or_else(|| {
            format!("{origin:?} is not an origin such as https://motcua.example.vn (no path, lower case)")
        })
    };
    named.map(read).collect()
}

/// Beside an SQLite file a file of keys is made on first use, where it is named or as `….data-key`.
fn data_keys(variable: &dyn Fn(&str) -> Option<String>, database: Option<&DatabaseUrl>) -> Result<KeySource, String> {
    match (variable("MOTCUA_DATA_KEY_FILE"), variable("MOTCUA_DATA_KEY"), database) {
        (Some(_), Some(_), _) => Err("MOTCUA_DATA_KEY_FILE and MOTCUA_DATA_KEY: one of them, not both".into()),
        (None, Some(keys), _) => Ok(KeySource::given(&keys)),
        (Some(path), None, Some(DatabaseUrl::Postgres(_)) | None) => {
            Ok(KeySource::File { path: path.into(), made: false })
        }
        (Some(path), None, Some(DatabaseUrl::Sqlite(_))) => Ok(KeySource::File { path: path.into(), made: true }),
        (None, None, Some(DatabaseUrl::Sqlite(path))) => {
            Ok(KeySource::File { path: format!("{path}.data-key").into(), made: true })
        }
        (None, None, None) => Ok(KeySource::given("")),
        (None, None, Some(DatabaseUrl::Postgres(_))) => {
            Err("MOTCUA_DATA_KEY_FILE: required with PostgreSQL (or MOTCUA_DATA_KEY): personal data are sealed".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_value_is_named() {
        let bad = |name: &str| match name {
            "MOTCUA_DATABASE_URL" => Some("mysql://x".to_owned()),
            "MOTCUA_LISTEN" => Some("nowhere".to_owned()),
            "MOTCUA_METRICS_LISTEN" => Some("9464".to_owned()),
            "MOTCUA_CODE_PATTERN" => Some("{n}".to_owned()),
            "MOTCUA_WORKERS" => Some("0".to_owned()),
            "MOTCUA_LOG_FORMAT" => Some("xml".to_owned()),
            "MOTCUA_WAITING" => Some("-1".to_owned()),
            "MOTCUA_SQLITE_MAX_MIB" => Some("0".to_owned()),
            "MOTCUA_MAX_CONNECTIONS" => Some("many".to_owned()),
            "MOTCUA_PATIENCE_SECONDS" => Some("0".to_owned()),
            "MOTCUA_TLS_CERT_FILE" => Some("cert.pem".to_owned()),
            "MOTCUA_CORS_ORIGINS" => Some("*".to_owned()),
            "MOTCUA_TRUSTED_PROXIES" => Some("10.0.0.0/8, ::1, 10.0.0/8".to_owned()),
            _ => None,
        };
        let errors = Settings::read(&bad).unwrap_err().0;
        assert_eq!(errors.len(), 13, "{errors:?}");
        let postgres = |name: &str| (name == "MOTCUA_DATABASE_URL").then(|| "postgres://h/db".to_owned());
        assert!(Settings::read(&postgres).unwrap_err().to_string().contains("MOTCUA_SIGNING_KEY_FILE"));
        assert!(Settings::read(&postgres).unwrap_err().to_string().contains("MOTCUA_DATA_KEY_FILE"));
        let twice = |name: &str| name.starts_with("MOTCUA_DATA_KEY").then(|| "k".to_owned());
        assert!(Settings::read(&twice).unwrap_err().to_string().contains("not both"));
        let settings = Settings::read(&|_| None).unwrap();
        assert_eq!(settings.signing_key, PathBuf::from("motcua.db.key"));
        let KeySource::File { path, made: true } = settings.data_keys else { panic!("{:?}", settings.data_keys) };
        assert_eq!(path, PathBuf::from("motcua.db.data-key"));
    }
}
