//! Keys and certificates from files, read again when they have changed: they are renewed without a restart, and a broken
//! file does not replace what serves.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What tells a changed file from the one read before; also that it may be read now and could not before.
type Mark = (u64, u64, i64, i64);

fn mark(path: &Path) -> Option<Mark> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
}

type Reader<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// Something read from files.
#[expect(missing_debug_implementations, reason = "private keys belong in no log")]
pub struct Reread<T> {
    files: Vec<PathBuf>,
    reader: Reader<T>,
    read: Mutex<(Vec<Option<Mark>>, Arc<T>)>,
}

impl<T> Reread<T> {
    /// # Errors
    /// What `reader` says of the files.
    pub fn open(
        files: Vec<PathBuf>,
        reader: impl Fn() -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        // Marked before it is read: a change in between is seen next time.
        let marks = files.iter().map(|path| mark(path)).collect();
        let read = Mutex::new((marks, Arc::new(reader()?)));
        Ok(Self { files, reader: Box::new(reader), read })
    }

    /// As the files now say; as before while one is missing, or they cannot be read.
    #[must_use]
    pub fn now(&self) -> Arc<T> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let marks: Vec<Option<Mark>> = self.files.iter().map(|path| mark(path)).collect();
        if marks != read.0 {
            let files = &self.files;
            match (self.reader)() {
                Ok(renewed) => {
                    tracing::info!(?files, "changed and read again");
                    read.1 = Arc::new(renewed);
                }
                Err(error) => tracing::error!(error, ?files, "cannot be read; what was read before serves"),
            }
            read.0 = marks;
        }
        Arc::clone(&read.1)
    }
}
