//! Every statement of the program. This folder is compiled twice, once per native connection, so that
//! each database gets all of its features from one text; `Conn` and `Db` say which one it is.

use super::{Conn, Db, UUID_LITERAL};

mod catalogue;
mod declarations;
mod diff;
mod dossiers;
mod facts;
mod figures;
mod history;
mod jobs;
mod records;
mod snapshots;
mod users;

pub use catalogue::*;
pub use declarations::*;
pub use diff::*;
pub use dossiers::*;
pub use facts::*;
pub use figures::*;
pub use history::*;
pub use jobs::*;
pub use records::*;
pub use snapshots::*;
pub use users::*;
