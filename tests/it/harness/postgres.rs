//! One throw-away PostgreSQL per run of the test binary.
//!
//! A guard process (`sh`, in a process group of its own) makes the cluster, runs the server and reads its own
//! standard input. The other end of that pipe belongs to the test process and is never closed on purpose: when
//! the process ends, however it ends, the kernel closes it, and the guard stops the server and removes its files.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// An existing server to be used instead, as the URL of one of its databases; others are created beside it.
const VARIABLE: &str = "MOTCUA_TEST_POSTGRES";

/// A server for the tests.
pub struct Server {
    /// URL without the name of the database, and what follows that name.
    prefix: String,
    suffix: String,
    /// One database is made at a time: a template must not be in use.
    admin: Mutex<PgConnection>,
    /// Holds the guard's standard input open; none for a server that was there already.
    guard: Option<Child>,
}

/// The server of this process; `None` without PostgreSQL's programs.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

impl Server {
    /// Name of the template: on a server that stays there is at most one left over, from one run at a time.
    pub fn template(&self) -> String {
        if self.guard.is_some() { super::fresh_name("template") } else { "motcua_template".to_owned() }
    }

    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.prefix, self.suffix)
    }

    pub fn run(&self, sql: &str) {
        let mut admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner);
        admin.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// An empty database; dropped in the end.
pub struct Beside<'a> {
    server: &'a Server,
    name: String,
    url: String,
}

impl Server {
    pub fn beside(&self) -> Beside<'_> {
        let name = super::fresh_name("beside");
        self.run(&format!("CREATE DATABASE {name}"));
        Beside { server: self, url: self.url(&name), name }
    }
}

impl Beside<'_> {
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        self.server.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn start() -> Option<Server> {
    if let Ok(url) = std::env::var(VARIABLE) {
        let (place, query) = url.split_once('?').unwrap_or((&url, ""));
        let (prefix, _) = place.rsplit_once('/').expect("a URL with a database");
        let suffix = if query.is_empty() { String::new() } else { format!("?{query}") };
        let admin = Mutex::new(PgConnection::establish(&url).expect("the given PostgreSQL answers"));
        return Some(Server { prefix: format!("{prefix}/"), suffix, admin, guard: None });
    }
    let programs = programs()?;
    let directory = std::env::temp_dir().join(format!("motcua-pg-{}", std::process::id()));
    // Speed, not durability: the cluster does not outlive the tests.
    let (guard, _) = guard(&programs, &directory, "off");
    Some(connect(&directory, guard))
}

/// A cluster of one test's own, which the test stops and starts. Its commits wait for the log, as in earnest.
pub struct Cluster {
    pub server: Server,
    said: BufReader<ChildStdout>,
}

impl Cluster {
    /// `None` without PostgreSQL's programs.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        let directory = std::env::temp_dir().join(super::fresh_name("cluster"));
        let (guard, said) = guard(&programs, &directory, "on");
        Some(Self { server: connect(&directory, guard), said })
    }

    /// `QUIT`: as after a crash; `INT`: open transactions are broken off.
    pub fn stop(&mut self, signal: &str) {
        self.tell(&format!("stop {signal}"));
    }

    pub fn go_on(&mut self) {
        self.tell("start");
    }

    /// Copies the cluster while it works.
    pub fn base_backup(&mut self) {
        self.tell("base");
    }

    /// Once stopped: goes on from the copy and the archived log; what was there is not looked at.
    pub fn go_back(&mut self) {
        self.tell("back");
    }

    fn tell(&mut self, word: &str) {
        let guard = self.server.guard.as_mut().and_then(|guard| guard.stdin.as_mut()).expect("a guard");
        writeln!(guard, "{word}").expect("the guard listens");
        let mut said = String::new();
        self.said.read_line(&mut said).expect("the guard answers");
        assert_eq!(said.trim(), "done", "{word}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input is the guard's sign to clean up.
        if let Some(mut guard) = self.server.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

fn connect(directory: &Path, guard: Child) -> Server {
    let prefix = "postgres://motcua@/".to_owned();
    let suffix = format!("?host={}", directory.display());
    let url = format!("{prefix}postgres{suffix}");
    let admin = Mutex::new(PgConnection::establish(&url).expect("the throw-away PostgreSQL answers"));
    Server { prefix, suffix, admin, guard: Some(guard) }
}

/// The directory with `initdb` and `postgres`: of the path, or of the newest Debian package.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push("/usr/local/bin".into());
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|entry| entry.path().join("bin")).collect();
    packaged.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    places.extend(packaged);
    let place = places.into_iter().find(|place| place.join("initdb").exists() && place.join("postgres").exists())?;
    // A link in the path leads to the others, which may have none.
    let behind = std::fs::canonicalize(place.join("initdb")).ok()?.parent().map(Path::to_owned);
    behind.filter(|behind| behind.join("postgres").exists()).or(Some(place))
}

/// `$1` the programs, `$2` the directory, `$3` whether commits wait for the log, which is archived then. As root the
/// server runs under another user: it refuses root itself.
const SCRIPT: &str = r#"
bin=$1 dir=$2 durable=$3 as=
fail() { echo "failed: $*"; tail -n 20 "$dir/log" 2>/dev/null | tr '\n' ' '; echo; rm -rf "$dir"; exit 1; }
mkdir -m 755 "$dir" || fail "mkdir $dir"
if [ "$(id -u)" = 0 ]; then
    user=nobody
    id postgres >/dev/null 2>&1 && user=postgres
    chown "$user" "$dir" || fail "chown $dir"
    if command -v setpriv >/dev/null; then as="setpriv --reuid=$user --clear-groups --"
    elif command -v runuser >/dev/null; then as="runuser -u $user --"
    else fail "neither setpriv nor runuser is there"; fi
fi
cd "$dir" || fail "cd $dir"
$as "$bin/initdb" -D "$dir/data" -U motcua -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || fail initdb
if [ "$durable" = on ]; then
    $as mkdir "$dir/archive"
    cat >>"$dir/data/postgresql.conf" <<END
archive_mode = on
archive_command = 'cp "%p" "$dir/archive/%f"'
restore_command = 'cp "$dir/archive/%f" "%p"'
END
fi
launch() {
    : >"$dir/log"
    $as "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=$durable \
        -c full_page_writes=off -c autovacuum=off -c max_connections=300 -c shared_buffers=64MB \
        </dev/null >>"$dir/log" 2>&1 &
    server=$!
    tries=0
    until grep -q 'ready to accept connections' "$dir/log"; do
        kill -0 $server 2>/dev/null || fail "postgres ended"
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "postgres does not get ready"
        sleep 0.05
    done
}
launch
echo ready
while read -r word signal; do
    case $word in
    stop) kill -"$signal" "$(head -n 1 "$dir/data/postmaster.pid")"; wait $server ;;
    start) launch ;;
    base) $as "$bin/pg_basebackup" -h "$dir" -U motcua -D "$dir/base" --checkpoint=fast --no-sync >>"$dir/log" 2>&1 ||
        fail pg_basebackup ;;
    back)
        mv "$dir/data" "$dir/lost" && mv "$dir/base" "$dir/data" && $as touch "$dir/data/recovery.signal"
        launch ;;
    esac
    echo done
done
exec >/dev/null 2>&1
kill -INT "$(head -n 1 "$dir/data/postmaster.pid")"
wait $server
rm -rf "$dir"
"#;

fn guard(programs: &Path, directory: &Path, durable: &str) -> (Child, BufReader<ChildStdout>) {
    let mut guard = Command::new("sh")
        .args(["-c", SCRIPT, "motcua-pg"])
        .arg(programs)
        .arg(directory)
        .arg(durable)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    let mut output = BufReader::new(guard.stdout.take().expect("its output"));
    let mut said = String::new();
    output.read_line(&mut said).expect("the guard speaks");
    assert_eq!(said.trim(), "ready", "the throw-away PostgreSQL did not start");
    (guard, output)
}
