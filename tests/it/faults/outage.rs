//! PostgreSQL goes away under load and comes back: the program says so, goes on by itself, and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::load::{Desk, Reply, audit};
use crate::harness::child::Process;
use crate::harness::postgres::Cluster;
use crate::harness::{World, no_postgres};

/// Status and `Retry-After` of a read.
fn ask(base: &str, path: &str, token: &str) -> (u16, bool) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent();
    let request = agent.get(format!("{base}{path}")).header("Authorization", format!("Bearer {token}"));
    let answer = request.call().expect("the program answers, whatever its database does");
    (answer.status().as_u16(), answer.headers().contains_key("Retry-After"))
}

/// Asks until the answer is `status`.
fn until(base: &str, path: &str, token: &str, status: u16) {
    let begun = Instant::now();
    loop {
        let (got, retry) = ask(base, path, token);
        assert!(got == 200 || got == 503 && retry, "{path}: {got}");
        if got == status {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{path}: never {status}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn postgres_stopped_and_started_under_load() {
    let Some(mut cluster) = Cluster::start() else { return no_postgres() };
    let world = World::on(&cluster.server);
    let process = Process::serve(&world, &[]);
    let (base, token) = (process.base.as_str(), world.token("clerk"));
    let mut desks: Vec<Desk> = (0..6).map(|place| Desk::new(&world, 3, place)).collect();
    let (stop, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (answered, answers) = mpsc::channel();
    let served = |count: usize| {
        for _ in 0..count {
            answers.recv_timeout(Duration::from_secs(60)).expect("requests are answered");
        }
    };
    thread::scope(|scope| {
        for desk in &mut desks {
            let (stop, refused, answered) = (&stop, &refused, answered.clone());
            scope.spawn(move || {
                let mut place = 0;
                while !stop.load(Ordering::Relaxed) {
                    desk.draw();
                    // As a client should: again, with the same key, until there is an answer.
                    while matches!(desk.send(base, place), Reply::Open) {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(50));
                    }
                    place += 1;
                    let _ = answered.send(());
                }
            });
        }
        for signal in ["QUIT", "INT"] {
            served(40);
            cluster.stop(signal);
            until(base, "/readyz", &token, 503);
            assert_eq!(ask(base, "/healthz", &token).0, 200);
            until(base, "/api/v1/dossiers", &token, 503);
            cluster.go_on();
            until(base, "/readyz", &token, 200);
            until(base, "/api/v1/dossiers", &token, 200);
            // What was answered before the end may still be counted: more than can be on its way.
            served(40);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let refused = refused.into_inner();
    assert!(refused > 0, "nobody noticed that the database was away");
    let ledger = audit(&world, &desks);
    println!("{} requests, {refused} times told to come back; {} events", ledger.requests, ledger.events);
}
