//! The program killed (SIGKILL) at random instants under load, and started again on the same database.
//!
//! `MOTCUA_KILL_ROUNDS=1000 cargo test --test it -- faults::kill` runs as many rounds as wanted; `MOTCUA_KILL_SEED`
//! repeats the dice of an earlier run (what the machine does meanwhile is not repeated). A killed process loses nothing
//! that the kernel has: what a power cut does is up to `synchronous = FULL` and `fsync`, and not shown here.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::load::{Desk, audit};
use crate::harness::child::Process;
use crate::harness::{World, no_postgres, postgres_world, sqlite_world};

const ROUNDS: u32 = 50;
const DESKS: u64 = 6;
/// Everything is recounted every so many rounds, and in the end.
const RECOUNT: u32 = 25;

#[test]
fn sqlite() {
    rounds(&sqlite_world());
}

#[test]
fn postgres() {
    match postgres_world() {
        Some(world) => rounds(&world),
        None => no_postgres(),
    }
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}: {text:?} is not a number")))
}

fn rounds(world: &World) {
    let rounds = number("MOTCUA_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number("MOTCUA_KILL_SEED").unwrap_or_else(rand::random);
    println!("MOTCUA_KILL_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut desks: Vec<Desk> = (0..DESKS).map(|place| Desk::new(world, seed, place)).collect();
    let (mut open, began) = (0, Instant::now());
    let mut process = Process::serve(world, &[]);
    for round in 1..=rounds {
        shift(&mut desks, process, &mut dice);
        // Now and then it dies again while it starts: opening must be as safe as writing.
        if dice.random_bool(0.2) {
            let starting = Process::begin(world, &[]);
            std::thread::sleep(Duration::from_millis(dice.random_range(1..150)));
            starting.kill();
        }
        process = Process::serve(world, &[]);
        for desk in &mut desks {
            desk.sign_in(world);
            open += desk.replay(&process.base);
        }
        if round % RECOUNT == 0 || round == rounds {
            let ledger = audit(world, &desks);
            println!(
                "{round} rounds: {} requests, {open} of them cut off; {} dossiers, {} events; {:?} a round",
                ledger.requests,
                ledger.dossiers,
                ledger.events,
                began.elapsed() / round
            );
        }
    }
    assert!(open > 0, "no request was ever cut off: the rounds showed nothing");
}

/// Everybody works until the program is killed: after a random number of answers and a random moment more.
fn shift(desks: &mut [Desk], process: Process, dice: &mut StdRng) {
    let base = process.base.clone();
    let (answered, answers) = mpsc::channel();
    let (enough, moment) = (dice.random_range(1..60), Duration::from_micros(dice.random_range(0..8000)));
    std::thread::scope(|scope| {
        for desk in desks {
            let (base, answered) = (&base, answered.clone());
            scope.spawn(move || desk.work(base, &answered, || true));
        }
        drop(answered);
        for _ in 0..enough {
            answers.recv_timeout(Duration::from_secs(60)).expect("the program answers");
        }
        std::thread::sleep(moment);
        process.kill();
    });
}
