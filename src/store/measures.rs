//! What the store counts about itself, for whoever watches over it. Nothing here says whose work it was.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Counted since the start of the process; clones count together.
#[derive(Debug, Clone)]
pub struct Measures(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    commit_requests: Histogram,
    commit_seconds: Histogram,
    given_up: Counter,
    writes_refused: Counter,
    reads_refused: Counter,
}

/// How busy the store is at this instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Requests that wait for a writer or are being written.
    pub writing: usize,
    pub reading: usize,
    /// Requests that wait for a turn to read.
    pub reads_waiting: usize,
    /// Reading connections that are open, and those of them that lie in the pool.
    pub connections: u32,
    pub connections_idle: u32,
}

impl Default for Measures {
    fn default() -> Self {
        Self(Arc::new(Counts {
            commit_requests: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 12)),
            given_up: Counter::default(),
            writes_refused: Counter::default(),
            reads_refused: Counter::default(),
        }))
    }
}

impl Measures {
    /// Puts everything counted here into a registry.
    pub fn register(&self, registry: &mut Registry) {
        let counts = &self.0;
        registry.register("commit_requests", "Requests whose work shared one commit", counts.commit_requests.clone());
        let help = "Time from the beginning of a transaction to its commit";
        registry.register_with_unit("commit_duration", help, Unit::Seconds, counts.commit_seconds.clone());
        let help = "Transactions that were rolled back and whose work was tried again or refused";
        registry.register("commits_given_up", help, counts.given_up.clone());
        let help = "Writes turned away because too many were waiting";
        registry.register("writes_refused", help, counts.writes_refused.clone());
        let help = "Reads turned away because too many were waiting";
        registry.register("reads_refused", help, counts.reads_refused.clone());
    }

    pub(super) fn committed(&self, requests: usize, time: Duration) {
        self.0.commit_requests.observe(u32::try_from(requests).unwrap_or(u32::MAX).into());
        self.0.commit_seconds.observe(time.as_secs_f64());
    }

    pub(super) fn gave_up(&self) {
        self.0.given_up.inc();
    }

    pub(super) fn refused_write(&self) {
        self.0.writes_refused.inc();
    }

    pub(super) fn refused_read(&self) {
        self.0.reads_refused.inc();
    }
}
