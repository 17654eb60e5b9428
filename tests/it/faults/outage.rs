//! PostgreSQL goes away under load and comes back: the program says so, goes on by itself, and nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use motcua::app::AppError;
use motcua::store::{Store, StoreError};

use super::load::{Desk, Reply, audit};
use crate::factory::AGENCY;
use crate::harness::child::Process;
use crate::harness::postgres::Cluster;
use crate::harness::{World, no_postgres};
use crate::ratchets::lines;

/// As many as read at one time.
const CONNECTIONS: usize = 8;

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

/// The server has committed, waits for a standby that does not come, and its connection breaks: nobody is told.
#[test]
fn a_commit_of_unknown_fate_is_not_repeated() {
    let Some(mut cluster) = Cluster::start() else { return no_postgres() };
    let world = World::on(&cluster.server);
    let app = world.app();
    let next = || app.store.write_blocking::<_, AppError, _>(AGENCY, |tx| Ok(tx.counter_next(AGENCY, "day")?));
    let standby = |names: &str| {
        cluster.server.run(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
        cluster.server.run("SELECT pg_reload_conf()");
    };
    let end = "SELECT CAST(pg_terminate_backend(pid, 60000) AS TEXT) AS line FROM pg_stat_activity \
         WHERE wait_event = 'SyncRep'";
    let over = AtomicBool::new(false);
    let (last, fate) = thread::scope(|scope| {
        let writes = scope.spawn(|| {
            let mut last = 0;
            while !over.load(Ordering::Relaxed) {
                match next() {
                    Ok(n) => last = n,
                    Err(error) => return (last, Some(error)),
                }
            }
            (last, None)
        });
        standby("nobody");
        let begun = Instant::now();
        while lines(&world.database, end).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits for the standby");
            thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
        standby("");
        writes.join().expect("no panic")
    });
    assert!(matches!(fate, Some(AppError::Store(StoreError::Unavailable(_)))), "{fate:?}");
    assert_eq!(next().expect("a write"), last + 2, "done once, though nobody knew");
    nobody_waits_in_vain(&mut cluster, &app.store);
}

/// For a database that cannot be reached; and when it can be again, everybody waits for a turn as before.
fn nobody_waits_in_vain(cluster: &mut Cluster, store: &Store) {
    let read = || store.read_blocking::<_, StoreError, _>(|tx| tx.event_agencies());
    read().expect("a read");
    cluster.stop("QUIT");
    thread::scope(|scope| {
        let (told, answers) = mpsc::channel();
        scope.spawn(move || told.send(read()));
        // The patience of whoever waits for a turn is longer.
        let answer = answers.recv_timeout(Duration::from_secs(8)).expect("told at once");
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    });
    cluster.go_on();
    let begun = Instant::now();
    while let Err(error) = read() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
    }
    let (busy, one_more) = (Barrier::new(CONNECTIONS + 1), mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let held = store.read_blocking::<_, StoreError, _>(|_| {
                    busy.wait();
                    busy.wait();
                    Ok(())
                });
                held.expect("a read");
            });
        }
        busy.wait();
        let told = one_more.0;
        scope.spawn(move || told.send(read()));
        let early = one_more.1.recv_timeout(Duration::from_secs(1));
        busy.wait();
        assert!(early.is_err(), "not even waited for: {early:?}");
        one_more.1.recv_timeout(Duration::from_secs(60)).expect("an answer").expect("a read");
    });
}
