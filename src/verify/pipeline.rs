//! A full copy read with every core: whole lines go out in batches, are parsed and hashed side by side, and come back in
//! their order. Memory holds a few batches, whatever the size of the file.

use std::io::BufRead;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::chain::entry_hash;
use super::line::{BadLine, Line, Lines};
use super::personal::hash;
use super::unseal::Keys;

/// A batch ends with the line that makes it this long.
const BATCH: usize = 1 << 18;
/// Batches that wait before and behind each thread.
const WAITING: usize = 2;

/// A line with what is dear to compute of it.
pub struct Ready {
    /// From 1.
    pub number: u64,
    /// Bytes of the file up to its end.
    pub bytes: u64,
    pub line: Result<Line, BadLine>,
    pub hash: Hash,
}

/// What a line's content comes to.
pub enum Hash {
    None,
    Entry(Result<String, String>),
    /// `None` without data keys.
    Commitment(Option<Result<[u8; 32], String>>),
}

struct Batch {
    lines_before: u64,
    bytes_before: u64,
    text: Vec<u8>,
    /// Why there is no more, if not because the file ends.
    broken: Option<String>,
}

/// Gives every line to `take`, in order; `threads` prepare them, and open personal rows with `keys`.
pub fn each(reader: impl BufRead + Send, threads: NonZero<usize>, keys: Option<&Keys>, mut take: impl FnMut(Ready)) {
    thread::scope(|scope| {
        let (mut inboxes, mut outboxes) = (Vec::new(), Vec::new());
        for _ in 0..threads.get() {
            let (inbox, batches) = sync_channel(WAITING);
            let (done, outbox) = sync_channel(WAITING);
            scope.spawn(move || prepare(&batches, keys, &done));
            inboxes.push(inbox);
            outboxes.push(outbox);
        }
        scope.spawn(move || deal_out(reader, &inboxes));
        // Dealt out in turn, taken back in turn: the first that has nothing more is the end of the file.
        for outbox in outboxes.iter().cycle() {
            match outbox.recv() {
                Ok(lines) => lines.into_iter().for_each(&mut take),
                Err(_) => break,
            }
        }
    });
}

fn deal_out(mut reader: impl BufRead, inboxes: &[SyncSender<Batch>]) {
    let (mut lines_before, mut bytes_before) = (0, 0);
    for inbox in inboxes.iter().cycle() {
        let mut batch = Batch { lines_before, bytes_before, text: Vec::with_capacity(BATCH), broken: None };
        while batch.text.len() < BATCH {
            match reader.read_until(b'\n', &mut batch.text) {
                Ok(0) => break,
                Ok(_) => lines_before += 1,
                Err(error) => {
                    batch.broken = Some(format!("the file cannot be read on: {error}"));
                    break;
                }
            }
        }
        bytes_before += batch.text.len() as u64;
        let last = batch.text.is_empty() || batch.broken.is_some();
        if inbox.send(batch).is_err() || last {
            return;
        }
    }
}

fn prepare(batches: &Receiver<Batch>, keys: Option<&Keys>, done: &SyncSender<Vec<Ready>>) {
    for batch in batches {
        let mut lines = Lines::new(batch.text.as_slice());
        let mut ready = Vec::new();
        while let Some(line) = lines.next() {
            let hash = match &line {
                Ok(Line::Event(event)) => Hash::Entry(entry_hash(event)),
                Ok(Line::Personal(row)) => Hash::Commitment(hash(row, keys)),
                _ => Hash::None,
            };
            let number = batch.lines_before + lines.number();
            let line = line.map_err(|bad| BadLine { number, ..bad });
            ready.push(Ready { number, bytes: batch.bytes_before + lines.bytes(), line, hash });
        }
        if let Some(detail) = batch.broken {
            let (number, bytes) = (batch.lines_before + lines.number(), batch.bytes_before + lines.bytes());
            ready.push(Ready { number, bytes, line: Err(BadLine { number, detail }), hash: Hash::None });
        }
        if done.send(ready).is_err() {
            return;
        }
    }
}
