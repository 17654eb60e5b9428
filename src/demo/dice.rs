//! Seeded chance: the same draws on every run.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A source of chance that is a pure function of its seeds.
#[derive(Debug)]
pub struct Dice(StdRng);

impl Dice {
    /// Draws of `turn` in the story of `seed`: nothing carries over from one turn to the next, so that a turn can be
    /// taken again after a roll-back.
    #[must_use]
    pub fn new(seed: u64, turn: u32) -> Self {
        Self(StdRng::seed_from_u64(seed ^ (u64::from(turn) << 48)))
    }

    /// True in `rate` of all cases, 0 to 1.
    pub fn chance(&mut self, rate: f64) -> bool {
        self.0.random_bool(rate.clamp(0.0, 1.0))
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high.max(low))
    }

    /// A share between `low` and `high`.
    pub fn share(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..high)
    }

    /// One of `from`, which is not empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.random_range(0..from.len())]
    }

    /// One of `from` by weight; the weights are not all zero.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> T {
        let mut left = self.0.random_range(0..from.iter().map(|(_, weight)| weight).sum::<u32>());
        for (value, weight) in from {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        from[from.len() - 1].0
    }

    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(self.0.random_range(b'0'..=b'9'))).collect()
    }
}

/// Spreads a rate evenly: of the first n asked, n × rate are chosen, whatever n. Small samples keep the rates that the
/// demonstration is about.
#[derive(Debug)]
pub struct Quota {
    rate: f64,
    sum: f64,
}

impl Quota {
    /// The nearer `start` is to 1, the sooner comes the first.
    #[must_use]
    pub fn new(rate: f64, start: f64) -> Self {
        Self { rate, sum: start }
    }

    pub fn next(&mut self) -> bool {
        self.sum += self.rate;
        let chosen = self.sum >= 1.0;
        if chosen {
            self.sum -= 1.0;
        }
        chosen
    }
}
