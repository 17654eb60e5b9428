//! Personal values: nothing of them lies open, nothing opens without its key, and who sees them in full leaves a row.

pub mod at_rest;
mod disclosure;
mod rekey;
mod retention;
mod search;
