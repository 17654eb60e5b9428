//! Many more requests than can be served: the surplus is told to come back, and afterwards all is as before.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::load::{Desk, Reply, audit};
use crate::harness::child::Process;
use crate::harness::{World, no_postgres, postgres_world, sqlite_world};

/// What the program may keep waiting, and how many times as many there are.
const WAITING: usize = 4;
const TIMES: usize = 5;
const LONG: Duration = Duration::from_secs(3);
/// What it may grow by meanwhile, in KiB: pages that the database keeps, threads, fragments.
const GROWTH: u64 = 96 * 1024;

#[test]
fn sqlite() {
    overload(&sqlite_world());
}

#[test]
fn postgres() {
    match postgres_world() {
        Some(world) => overload(&world),
        None => no_postgres(),
    }
}

fn overload(world: &World) {
    let process = Process::serve(world, &[("MOTCUA_WAITING", &WAITING.to_string())]);
    let base = process.base.as_str();
    // Twice the line, for readers and writers beside each other.
    let mut desks: Vec<Desk> = (0..2 * TIMES * WAITING).map(|i| Desk::new(world, 6, i as u64)).collect();
    work(&mut desks, base, Duration::from_millis(500));
    let before = process.memory();
    let refused = work(&mut desks, base, LONG);
    assert!(refused > 0, "everybody was served: that was no overload");
    // Normal service: nobody has to come back any more.
    for desk in &mut desks {
        desk.replay(base);
        let place = desk.draw();
        assert!(matches!(desk.send(base, place), Reply::Recorded), "still refused after the overload");
        assert!(desk.reads(base) > 0);
    }
    if let (Some(before), Some(after)) = (before, process.memory()) {
        println!("{refused} times told to come back; {before} KiB before, {after} KiB after");
        assert!(after < before + GROWTH, "memory grew from {before} to {after} KiB");
    }
    audit(world, &desks);
}

/// Everybody at once, without a pause; how often somebody was told to come back.
fn work(desks: &mut [Desk], base: &str, time: Duration) -> usize {
    let refused = AtomicUsize::new(0);
    let end = Instant::now() + time;
    thread::scope(|scope| {
        for desk in desks {
            let refused = &refused;
            scope.spawn(move || {
                let mut place = desk.next();
                while Instant::now() < end {
                    match desk.send(base, place) {
                        Reply::Recorded => place = desk.next(),
                        Reply::Open => drop(refused.fetch_add(1, Ordering::Relaxed)),
                        Reply::Full => panic!("there is space"),
                    }
                }
            });
        }
    });
    refused.into_inner()
}
