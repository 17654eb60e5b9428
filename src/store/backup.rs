//! A copy of the SQLite file while it is being written to, and a look into a copy without touching it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

use super::error::StoreError;
use super::migrate;

/// How every SQLite file begins.
const MARK: &[u8; 16] = b"SQLite format 3\0";
/// How often the progress is told.
const TELL: Duration = Duration::from_millis(200);

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} exists; a backup overwrites nothing")]
    Exists(String),
    #[error("{0} is not an SQLite database")]
    NotADatabase(String),
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

/// Whether a file is an SQLite database.
///
/// # Errors
/// It cannot be read.
pub fn is_database(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::with_capacity(MARK.len());
    File::open(path)?.take(16).read_to_end(&mut begin)?;
    Ok(begin == MARK)
}

/// Copies the database at `source` to the new file `target`, as it stands at one instant, while others go on reading
/// and writing. The copy is on the disk when this returns, readable by its owner only; before that it has no name.
/// `progress` is told the bytes written and an estimate of all.
///
/// # Errors
/// `target` exists, or there is no space for it; nothing is left behind then.
pub fn backup(source: &Path, target: &Path, progress: impl FnMut(u64, u64)) -> Result<u64, BackupError> {
    let known = is_database(source).map_err(|error| BackupError::Io(source.display().to_string(), error))?;
    if !known {
        return Err(BackupError::NotADatabase(source.display().to_string()));
    }
    let name = target.display().to_string();
    let failed = |error| BackupError::Io(name.clone(), error);
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    // Holds the name until the copy is whole.
    create(target).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(name.clone()),
        _ => failed(error),
    })?;
    let part = PathBuf::from(format!("{name}.part"));
    let written = create(&part).map_err(failed).and_then(|_| {
        write(source, &part, progress)?;
        let file = File::open(&part).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&part, target).map_err(failed)?;
        sync_folder(target).map_err(failed)?;
        file.metadata().map(|found| found.len()).map_err(failed)
    });
    if written.is_err() {
        // What cannot be removed was never there, or stays with its name that says so.
        let _ = fs::remove_file(&part);
        let _ = fs::remove_file(target);
    }
    written
}

/// `VACUUM INTO` reads one snapshot and writes beside nobody: unlike SQLite's page-by-page interface it need not
/// begin anew when the file is written to meanwhile.
fn write(source: &Path, part: &Path, mut progress: impl FnMut(u64, u64)) -> Result<(), BackupError> {
    let mut conn = open_unchanged(source)?;
    let size = "SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS n";
    let size = diesel::sql_query(size).get_result::<Number>(&mut conn).map_err(StoreError::from)?;
    let total = u64::try_from(size.n).unwrap_or(0);
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        let copied = scope.spawn(move || {
            let name = part.display().to_string();
            let copied = diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(name).execute(&mut conn);
            drop(done);
            copied.map_err(StoreError::from)
        });
        while wait.recv_timeout(TELL) == Err(RecvTimeoutError::Timeout) {
            progress(fs::metadata(part).map_or(0, |found| found.len()), total);
        }
        copied.join().unwrap_or_else(|_| Err(StoreError::Other("the copying thread panicked".into())))
    })?;
    Ok(())
}

/// A new name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Puts a backup in place as the new database `target`.
///
/// # Errors
/// `target` exists, or cannot be written.
pub fn put_back(copy: &Path, target: &Path) -> Result<u64, BackupError> {
    // A log left by an earlier database of this name would be played into the new one.
    for end in ["-wal", "-shm", "-journal"] {
        let path = format!("{}{end}", target.display());
        if Path::new(&path).exists() {
            return Err(BackupError::Exists(path));
        }
    }
    backup(copy, target, |_, _| {})
}

/// Faults of the file itself, in SQLite's words; and whether its schema is that of this program.
///
/// # Errors
/// It cannot be read, or is no database.
pub fn look(path: &Path) -> Result<(Vec<String>, bool), BackupError> {
    let name = path.display().to_string();
    if !is_database(path).map_err(|error| BackupError::Io(name.clone(), error))? {
        return Err(BackupError::NotADatabase(name));
    }
    let mut conn = open_unchanged(path)?;
    let sql = "SELECT integrity_check AS word FROM pragma_integrity_check WHERE integrity_check <> 'ok' \
         UNION ALL SELECT 'a row of ' || \"table\" || ' refers to a row that is not there' FROM pragma_foreign_key_check";
    let faults = diesel::sql_query(sql).load::<Word>(&mut conn).map_err(StoreError::from)?;
    Ok((faults.into_iter().map(|fault| fault.word).collect(), migrate::is_current(&mut conn)?))
}

/// The name by which SQLite opens a file without ever writing to it.
pub fn unchanged(path: &Path) -> String {
    let text = path.display().to_string();
    format!("file:{}?mode=ro", text.replace('%', "%25").replace('?', "%3f").replace('#', "%23"))
}

fn open_unchanged(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(&unchanged(path))?;
    conn.batch_execute("PRAGMA busy_timeout = 10000")?;
    Ok(conn)
}
