//! Faults: what was acknowledged is there, and nothing is there twice, whatever stops in between.

mod kill;
mod load;
mod outage;
mod panics;
mod two_processes;
