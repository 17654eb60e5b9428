//! Faults: what was acknowledged is there, and nothing is there twice, whatever stops in between.

mod backup;
mod clock;
mod commits;
mod connections;
mod disk_full;
mod kill;
mod load;
mod long_work;
mod outage;
mod overload;
mod panics;
mod two_processes;
