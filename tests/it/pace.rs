//! Clients that are slow, or send more of a head than anybody needs: cut after a bounded time and a bounded number of bytes.

use std::io::Read;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::harness::{GENEROUS, TestApp, Wire, is_ended};

on_both!(slow_bodies_are_cut, slow_bodies_that_nobody_reads_are_cut);

/// Less patient than anybody would be.
fn impatient(app: &TestApp, patience: Duration) -> TestApp {
    app.beside(|settings| settings.patience = patience)
}

fn head(app: &TestApp, user: &str, path: &str, kind: &str, more: &str) -> String {
    let token = app.user(user).token().expect("a token");
    format!(
        "POST {path} HTTP/1.1\r\nHost: motcua.test\r\nAccept-Language: en\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: {kind}\r\n{more}\r\n\r\n"
    )
}

fn slow_bodies_are_cut(app: &TestApp) {
    let app = impatient(app, Duration::from_millis(200));
    for (user, path, kind) in [
        ("clerk", "/api/v1/dossiers", "application/json"),
        ("admin", "/api/v1/imports", "application/x-ndjson"),
        ("admin", "/oauth/token", "application/x-www-form-urlencoded"),
    ] {
        for (length, bit) in [("Content-Length: 10000", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")] {
            let mut wire = Wire::to(&app);
            assert!(wire.send(&head(&app, user, path, kind, length)));
            let answer = wire.drip(bit);
            assert!(answer.starts_with("HTTP/1.1 408 "), "{path} {length}: {answer}");
            assert!(answer.contains("\"code\":\"request-timeout\""), "{path} {length}: {answer}");
        }
    }
}

fn slow_bodies_that_nobody_reads_are_cut(app: &TestApp) {
    let app = impatient(app, Duration::from_millis(200));
    for (length, bit) in [("Content-Length: 10000", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")] {
        let mut wire = Wire::to(&app);
        let head = head(&app, "clerk", "/api/v1/dossiers", "application/json", length).replace("Bearer", "Beggar");
        assert!(wire.send(&head));
        let answer = wire.drip(bit);
        assert!(answer.starts_with("HTTP/1.1 401 "), "{length}: {answer}");
    }
}

#[test]
fn long_bodies_that_come_steadily_are_taken() {
    let app = impatient(&crate::harness::sqlite(), Duration::from_secs(2));
    let piece = format!("{}\n", "x".repeat(20_000));
    let mut wire = Wire::to(&app);
    let length = format!("Content-Length: {}\r\nConnection: close", piece.len() * 6);
    assert!(wire.send(&head(&app, "admin", "/api/v1/imports", "application/x-ndjson", &length)));
    for _ in 0..6 {
        assert!(!wire.answered_within(Duration::from_millis(400)), "cut: {}", wire.rest());
        assert!(wire.send(&piece));
    }
    let answer = wire.rest();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"errors_total\":6"), "{answer}");
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: motcua.test\r\n\r\n";

#[test]
fn slow_heads_are_cut() {
    let app = impatient(&crate::harness::sqlite(), Duration::from_millis(200));
    // The first head of a connection, one after an answer, one that came in part together with the request before it.
    for (before, start) in [("", "GET /healthz HTTP/1.1\r\n"), (HEALTH, ""), (HEALTH, "GET /heal")] {
        let mut wire = Wire::to(&app);
        if before.is_empty() {
            assert!(wire.send(start));
        } else {
            assert!(wire.send(&format!("{before}{start}")));
            assert!(wire.answer().starts_with("HTTP/1.1 200 "));
        }
        let answer = wire.drip("X");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{before}{start}: {answer}");
    }
    app.anonymous().get("//healthz").expect(200);
}

#[test]
fn connections_that_ask_all_the_time_are_kept() {
    let patience = Duration::from_millis(300);
    let app = impatient(&crate::harness::sqlite(), patience);
    let mut wire = Wire::to(&app);
    let begun = Instant::now();
    while begun.elapsed() < patience * 4 {
        assert!(wire.send(HEALTH));
        assert!(wire.answer().starts_with("HTTP/1.1 200 "));
    }
}

/// Asks for an answer without end, to be taken through a narrow opening.
fn endless(app: &TestApp, name: &str) -> Wire {
    let mut wire = Wire::to(app);
    SockRef::from(&wire.0).set_recv_buffer_size(16 * 1024).expect("an option");
    assert!(wire.send(&format!("GET /endless?{name} HTTP/1.1\r\nHost: motcua.test\r\n\r\n")));
    wire
}

#[test]
fn answers_that_are_not_taken_are_cut() {
    let app = impatient(&crate::harness::sqlite(), Duration::from_millis(200));
    for (name, takes) in [("nothing", false), ("next-to-nothing", true)] {
        let mut wire = endless(&app, name);
        let begun = Instant::now();
        while !is_ended(name) {
            assert!(begun.elapsed() < GENEROUS, "still being sent");
            if takes && wire.answered_within(Duration::from_millis(10)) {
                // When it is cut the connection ends before the answer does.
                let _ = wire.0.read(&mut [0]);
            }
            std::thread::yield_now();
        }
    }
    app.anonymous().get("//healthz").expect(200);
}

/// Slower by far than the program sends, in small pieces, for longer than its patience lasts. Meanwhile somebody connects
/// who never says a word.
#[test]
fn answers_that_are_taken_steadily_are_sent_and_silence_is_not_waited_for() {
    let patience = Duration::from_secs(2);
    let app = impatient(&crate::harness::sqlite(), patience);
    let mut silent = Wire::to(&app);
    let mut wire = endless(&app, "steadily");
    let begun = Instant::now();
    let mut piece = vec![0; 16 * 1024];
    while begun.elapsed() < patience * 3 {
        wire.0.read_exact(&mut piece).expect("more of it");
        assert!(!is_ended("steadily"), "cut after {:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(silent.drip("").starts_with("HTTP/1.1 408 "));
}

#[test]
fn heads_have_bounds() {
    let app = crate::harness::sqlite();
    let ask = |path: &str, fields: &str| {
        let mut wire = Wire::to(&app);
        wire.send(&format!("GET {path} HTTP/1.1\r\nHost: motcua.test\r\nConnection: close\r\n{fields}\r\n"));
        wire.rest()
    };
    // Two are there already.
    let fields = |count: usize| (0..count).map(|i| format!("X-Field-{i}: {i}\r\n")).collect::<String>();
    let long = |length: usize| format!("X-Long: {}\r\n", "x".repeat(length));
    for (path, fields, status) in [
        ("/healthz", fields(94), "200"),
        ("/healthz", fields(95), "431"),
        ("/healthz", fields(1_000), "431"),
        ("/healthz", long(100_000), "200"),
        ("/healthz", long(133_000), "431"),
        (&*format!("/{}", "x".repeat(60_000)), String::new(), "404"),
        (&*format!("/{}", "x".repeat(70_000)), String::new(), "400"),
        (&*format!("/{}", "x".repeat(133_000)), String::new(), "431"),
        (&*format!("/healthz?{}", "x".repeat(9_000)), String::new(), "400"),
    ] {
        let answer = ask(path, &fields);
        let sent = (path.len(), fields.len());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{sent:?}: {}",
            answer.get(..200).unwrap_or(&answer)
        );
    }
    // A head that never ends is not collected.
    let mut wire = Wire::to(&app);
    wire.send("GET /healthz HTTP/1.1\r\nX-Long: ");
    let piece = "x".repeat(64 * 1024);
    let taken = (0..1000).take_while(|_| wire.send(&piece)).count();
    assert!(taken < 1000, "all of {taken} pieces");
}
