//! Data exchange: documents, imports, exports, full copies, the check of a database.

mod catalogue;
mod checks;
mod copies;
mod export;
mod import;
pub mod setup;
