//! Connections: which database a URL names, and how each is opened.

use std::sync::Once;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;

/// A database as named by `MOTCUA_DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// Path of the file.
    Sqlite(String),
    /// The whole URL, for libpq.
    Postgres(String),
}

impl DatabaseUrl {
    /// # Errors
    /// Any scheme but `sqlite:` and `postgres://`; SQLite would take a mistyped URL as a file name.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") {
                return Err("sqlite: needs the path of a file; every connection must see the same data".to_owned());
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(format!("unknown database scheme {scheme:?}; use sqlite:PATH or postgres://…"))
    }
}

/// WAL lets readers go on beside the writer; FULL makes every acknowledged commit durable, and
/// grouped commits pay for it. What spills goes to memory: a full disk for temporary files stops nobody.
/// What is erased is overwritten in the file.
const LITE_PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;";

/// For readers: nothing that would write, not even the journal's mode, which the file remembers.
pub const LITE_READS: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;";

/// What is acknowledged is on the disk, also on a server that was set to promise less.
const PG_DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// Given to libpq unless the URL says otherwise: a server that went away without a word is noticed in seconds.
const PG_LIMITS: [(&str, &str); 3] =
    [("connect_timeout", "5"), ("keepalives_idle", "30"), ("tcp_user_timeout", "20000")];

/// A connection to the SQLite file that may write.
pub fn open_lite(path: &str) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute(LITE_PRAGMAS)?;
    Ok(conn)
}

/// The one connection that writes. The file grows to `max_mib` and no further.
pub fn open_lite_writer(path: &str, max_mib: Option<u32>) -> Result<SqliteConnection, StoreError> {
    let mut conn = open_lite(path)?;
    if let Some(mib) = max_mib {
        let page: i64 =
            diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("(SELECT page_size FROM pragma_page_size)"))
                .get_result(&mut conn)?;
        let pages = i64::from(mib).saturating_mul(1 << 20) / page.max(512);
        conn.batch_execute(&format!("PRAGMA max_page_count = {pages}"))?;
    }
    Ok(conn)
}

/// Some errors are told apart by their words (see [`StoreError`]; SQLSTATE 53100, disk full, does not reach us
/// otherwise): PostgreSQL says them in English, whatever language it keeps its log in. Only a superuser, or who was
/// granted it, may ask for that; for others the server's setting holds, and the operator is told once what to do.
pub fn speak_english(conn: &mut PgConnection) {
    static TOLD: Once = Once::new();
    #[derive(QueryableByName)]
    struct Asking {
        #[diesel(sql_type = Text)]
        role: String,
    }
    let other = "SELECT quote_ident(current_user) AS role WHERE current_setting('lc_messages') \
         NOT IN ('C', 'C.UTF-8', 'C.utf8', 'POSIX') AND current_setting('lc_messages') NOT LIKE 'en%'";
    let Ok(Asking { role }) = diesel::sql_query(other).get_result(conn) else { return };
    if let Err(error) = conn.batch_execute("SET lc_messages = 'C'") {
        TOLD.call_once(|| {
            tracing::warn!(
                error = %error,
                "PostgreSQL speaks another language than English: a full disk will be answered as a defect (500 \
                 instead of 507). Have a superuser run: ALTER ROLE {role} SET lc_messages = 'C'; or, from PostgreSQL \
                 15 on: GRANT SET ON PARAMETER lc_messages TO {role}; then start again"
            );
        });
    }
}

pub fn open_pg(url: &str) -> Result<PgConnection, StoreError> {
    Ok(PgConnection::establish(&with_limits(url))?)
}

/// A connection whose commits are durable.
pub fn open_pg_writer(url: &str) -> Result<PgConnection, StoreError> {
    let mut conn = open_pg(url)?;
    speak_english(&mut conn);
    conn.batch_execute(PG_DURABLE)?;
    Ok(conn)
}

pub fn with_limits(url: &str) -> String {
    let mut url = url.to_owned();
    for (name, value) in PG_LIMITS {
        if !url.contains(&format!("{name}=")) {
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{mark}{name}={value}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_open() {
        assert_eq!(DatabaseUrl::parse("sqlite:motcua.db"), Ok(DatabaseUrl::Sqlite("motcua.db".into())));
        assert!(DatabaseUrl::parse("postgres://u@localhost/x").is_ok());
        assert!(DatabaseUrl::parse("postgre://u@localhost/x").is_err());
        assert!(DatabaseUrl::parse("motcua.db").is_err());
        assert!(DatabaseUrl::parse("sqlite::memory:").is_err());
    }

    #[test]
    fn a_url_of_its_own_mind_is_left_alone() {
        assert_eq!(
            with_limits("postgres://h/x"),
            "postgres://h/x?connect_timeout=5&keepalives_idle=30&tcp_user_timeout=20000"
        );
        let own = with_limits("postgres://h/x?sslmode=require&connect_timeout=60");
        assert!(own.starts_with("postgres://h/x?sslmode=require&connect_timeout=60&keepalives_idle=30"), "{own}");
    }
}
