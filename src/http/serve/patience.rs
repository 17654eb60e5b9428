//! How long somebody slow is waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::rt::time::{Sleep, sleep};

/// So many bytes must come or go, each time that the program has waited for as long as its patience lasts.
const PIECE: usize = 16 * 1024;

/// Patience with one side of a connection. Only the time counts in which nothing but the client is waited for, so that
/// neither a large file nor a slow database counts against anybody.
pub struct Patience {
    whole: Duration,
    /// Of it, with the present piece.
    left: Duration,
    /// Of the present piece.
    moved: usize,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Patience {
    pub fn new(whole: Duration) -> Self {
        Self { whole, left: whole, moved: 0, waiting: None }
    }

    /// The client did something: so many bytes came or went.
    pub fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        self.moved = self.moved.saturating_add(bytes);
        if self.moved >= PIECE {
            self.restored();
        }
    }

    /// Nothing is expected of the client at present.
    pub fn restored(&mut self) {
        *self = Self::new(self.whole);
    }

    /// The client is waited for; ready when that was long enough.
    pub fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let left = self.left;
        let (_, end) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        end.as_mut().poll(context)
    }
}
