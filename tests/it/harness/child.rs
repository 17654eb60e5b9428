//! The program as a process of its own: started, killed by its id, started again on the same database.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use motcua::http::keys::new_key;
use motcua::store::DatabaseUrl;

use super::{KEY_FILE, KEY_SEED, World};

pub const MOTCUA: &str = env!("CARGO_BIN_EXE_motcua");

/// A serving process; killed when dropped.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:…`
    pub base: String,
    said: Arc<Mutex<String>>,
}

/// The program with the settings of a world.
pub fn command(world: &World) -> Command {
    let key = world.directory().join(KEY_FILE);
    fs::write(&key, new_key(&KEY_SEED)).expect("a signing key");
    let url = match &world.database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{path}"),
        DatabaseUrl::Postgres(url) => url.clone(),
    };
    let mut command = Command::new(MOTCUA);
    command
        .env("MOTCUA_DATABASE_URL", url)
        .env("MOTCUA_SIGNING_KEY_FILE", key)
        .env("MOTCUA_DATA_KEY", super::DATA_KEY)
        .env("MOTCUA_LISTEN", "127.0.0.1:0")
        .env("MOTCUA_LOG", "off")
        .stdin(Stdio::null());
    command
}

impl Process {
    /// Starts the program and waits until it serves.
    pub fn serve(world: &World, settings: &[(&str, &str)]) -> Self {
        Self::begin(world, settings).ready()
    }

    /// The same where no file may grow beyond so many blocks of half a KiB.
    pub fn serve_within(world: &World, blocks: u32) -> Self {
        let unlimited = command(world);
        let mut command = Command::new("sh");
        // Who ignores the signal is told by an error, as on a full disk.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""), MOTCUA]);
        command.envs(unlimited.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::spawn(command.stdin(Stdio::null())).ready()
    }

    fn ready(self) -> Self {
        let mut begun = self;
        let mut errors = BufReader::new(begun.child.stderr.take().expect("its output"));
        let mut line = String::new();
        while errors.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(rest) = line.strip_prefix("motcua: ").filter(|rest| rest.starts_with("http://")) {
                rest.split_whitespace().next().expect("an address").clone_into(&mut begun.base);
                break;
            }
            begun.said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&std::mem::take(&mut line));
        }
        assert!(!begun.base.is_empty(), "the program ended before it served: {}", begun.said());
        let said = Arc::clone(&begun.said);
        // Whoever writes to a pipe that nobody reads stands still.
        std::thread::spawn(move || {
            let mut text = String::new();
            while errors.by_ref().read_line(&mut text).is_ok_and(|read| read > 0) {
                said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&std::mem::take(&mut text));
            }
        });
        begun
    }

    /// Starts the program without waiting for anything.
    pub fn begin(world: &World, settings: &[(&str, &str)]) -> Self {
        Self::spawn(command(world).envs(settings.iter().copied()))
    }

    /// Starts the program with settings that must stop it: what it says of them.
    pub fn refused(world: &World, settings: &[(&str, &str)]) -> String {
        let mut begun = Self::begin(world, settings);
        let mut errors = BufReader::new(begun.child.stderr.take().expect("its output"));
        let (mut said, mut read) = (String::new(), 1);
        while read > 0 {
            let before = said.len();
            read = errors.read_line(&mut said).expect("its output");
            assert!(!said[before..].starts_with("motcua: http"), "it serves: {said}");
        }
        assert!(!begun.child.wait().expect("it ended").success(), "it ended well: {said}");
        said
    }

    fn spawn(command: &mut Command) -> Self {
        command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        Self { child, base: String::new(), said: Arc::default() }
    }

    /// SIGKILL, and nothing else: no handler runs, nothing is written out.
    pub fn kill(mut self) {
        self.child.kill().expect("it ran until now");
        self.child.wait().expect("it ended");
    }

    /// What it wrote to its error output.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Resident memory in KiB; none where the system does not tell.
    pub fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have been killed and waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
