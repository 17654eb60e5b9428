//! The README's first command and its tour, as printed there.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

const MOTCUA: &str = env!("CARGO_BIN_EXE_motcua");

/// A folder of this test alone, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("motcua-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A demo that serves; ended by its own id.
struct Demo {
    child: Child,
    /// Held open: a program whose output nobody reads any more is stopped by its next line.
    output: Option<Lines<BufReader<ChildStdout>>>,
    address: String,
    printed: String,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let child = Command::new(MOTCUA)
            .args(["demo", "--dossiers", "300", "--file"])
            .arg(folder.join("demo.db"))
            .env("MOTCUA_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut demo = Self { child, output: None, address: String::new(), printed: String::new() };
        let mut lines = BufReader::new(demo.child.stdout.take().expect("its output")).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(rest) = line.strip_prefix("motcua: ") {
                rest.split_whitespace().next().expect("an address").clone_into(&mut demo.address);
                demo.output = Some(lines);
                return demo;
            }
            demo.printed.push_str(&line);
            demo.printed.push('\n');
        }
        let printed = &demo.printed;
        panic!("the demo ended before it served:\n{printed}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        drop(self.output.take());
    }
}

/// The shell lines after `<!-- tour -->`.
fn tour() -> String {
    let readme = include_str!("../../README.md");
    let after = readme.split_once("<!-- tour -->").expect("the tour's mark").1;
    let block = after.split_once("```sh\n").expect("a block of shell").1;
    block.split_once("\n```").expect("its end").0.to_owned()
}

fn curl_is_there() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "no curl: in CI the tour is walked");
    if !there {
        eprintln!("SKIPPED: no curl");
    }
    there
}

#[test]
fn the_tour_works_as_printed() {
    if !curl_is_there() {
        return;
    }
    let folder = Folder::new("tour");
    let demo = Demo::start(&folder.0);
    for plan in ["phường Minh Đức", "huyện Yên Lạc", "tỉnh Vĩnh Phúc"] {
        assert!(demo.printed.contains(plan), "no scorecard of {plan}");
    }
    assert!(demo.printed.contains("clerk.minhduc"), "no logins");
    let walked = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &tour()])
        .env("API", &demo.address)
        .output()
        .expect("bash runs");
    let out = String::from_utf8_lossy(&walked.stdout);
    assert!(walked.status.success(), "{out}\n{}", String::from_utf8_lossy(&walked.stderr));
    let lines: Vec<&str> = out.lines().collect();
    let [received, deadline, asked, supplemented, paid, finished, scorecard, rates, list, before] = lines.as_slice()
    else {
        panic!("ten lines are expected:\n{out}");
    };
    assert!(received.starts_with("received: H31.24.5-") && received.contains(", due 20"), "{received}");
    assert!(deadline.contains("\"effect\":\"counted\""), "{deadline}");
    assert_eq!([*asked, *supplemented, *paid], ["awaiting_supplement", "processing", "processing"]);
    assert!(["early", "on_time"].contains(finished), "{finished}");
    assert!(scorecard.contains("\"plan\":\"minh-duc-2024\""), "{scorecard}");
    assert!(list.contains("\"items\":[{") && list.contains("\"count\":"), "{list}");
    assert_eq!(*before, "awaiting_supplement");

    let rates: serde_json::Value = serde_json::from_str(rates).expect("JSON");
    let shares: Vec<f64> = [0, 1]
        .iter()
        .map(|i| {
            let part = |name: &str| rates["values"][*i][name].as_f64().expect("a number");
            part("numerator") / part("denominator")
        })
        .collect();
    assert!(shares[0] > 0.95 && shares[1] < 0.95, "the ward passes one rate and fails the other: {shares:?}");
    let count: serde_json::Value = serde_json::from_str(list).expect("JSON");
    let missing = &rates["values"][1];
    let shortfall = missing["denominator"].as_i64().zip(missing["numerator"].as_i64()).map(|(d, n)| d - n);
    assert_eq!(count["count"].as_i64(), shortfall, "the list is what is missing to 100 %");
}

#[test]
fn a_demo_fills_a_fresh_file_only() {
    let folder = Folder::new("fresh");
    let file = folder.0.join("there.db");
    std::fs::write(&file, "somebody's data").expect("a file");
    let refused = Command::new(MOTCUA).args(["demo", "--no-serve", "--file"]).arg(&file).output().expect("it runs");
    assert!(!refused.status.success());
    assert_eq!(std::fs::read(&file).expect("still there"), b"somebody's data");
}

#[test]
fn a_bad_setting_is_named() {
    let refused = Command::new(MOTCUA)
        .arg("migrate")
        .env("MOTCUA_DATABASE_URL", "mysql://nowhere")
        .env("MOTCUA_WORKERS", "none")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("MOTCUA_DATABASE_URL") && said.contains("MOTCUA_WORKERS"), "{said}");
}

#[test]
fn the_command_line_moves_data() {
    let folder = Folder::new("cli");
    let path = |name: &str| folder.0.join(name).display().to_string();
    let run = |database: &str, arguments: &[&str]| {
        let done = Command::new(MOTCUA)
            .args(arguments)
            .env("MOTCUA_DATABASE_URL", format!("sqlite:{}", path(database)))
            .env("MOTCUA_PASSWORD", "a long enough password")
            // A copy's personal rows open with the keys of where they come from.
            .env("MOTCUA_DATA_KEY_FILE", path("a.db.data-key"))
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        (done.status.success(), text, String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let good = |database: &str, arguments: &[&str]| {
        let (success, out, err) = run(database, arguments);
        assert!(success, "{arguments:?}: {out}\n{err}");
        out
    };
    good("unused.db", &["demo", "--dossiers", "120", "--no-serve", "--file", &path("a.db")]);
    good("a.db", &["verify"]);
    good("a.db", &["export", "--full", "-o", &path("full.ndjson")]);
    good("unused.db", &["verify", "--export", &path("full.ndjson"), "--data-key-file", &path("a.db.data-key")]);
    good("b.db", &["restore", &path("full.ndjson")]);
    good("b.db", &["export", "--full", "-o", &path("again.ndjson")]);
    let bytes = |name: &str| std::fs::read(folder.0.join(name)).expect("a copy");
    assert!(bytes("full.ndjson") == bytes("again.ndjson"), "a restored copy is byte for byte the same");

    good("a.db", &["export", "--dossiers", "--catalogue", "-o", &path("lines.ndjson")]);
    good("c.db", &["import", &path("lines.ndjson")]);
    let second = good("c.db", &["import", &path("lines.ndjson")]);
    assert!(second.contains("\"created\": 0"), "{second}");
    good("c.db", &["user", "add", "first", "--role", "admin@H31"]);
    assert!(!run("c.db", &["user", "add", "second", "--role", "admin@H99"]).0, "no such agency");

    let mut text = String::from_utf8(bytes("full.ndjson")).expect("UTF-8");
    let at = text.rfind("\"seq\":").expect("an event");
    text.replace_range(at..at + 6, "\"seQ\":");
    std::fs::write(folder.0.join("bad.ndjson"), text).expect("a file");
    let (clean, said, _) = run("unused.db", &["verify", "--export", &path("bad.ndjson")]);
    assert!(!clean && said.contains("findings"), "{said}");
}
