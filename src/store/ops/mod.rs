//! Every statement of the program. This folder is compiled twice, once per native connection, so that
//! each database gets all of its features from one text; `Conn` and `Db` say which one it is.

use super::{Conn, Db, UUID_LITERAL};

mod access;
mod catalogue;
mod clients;
mod declarations;
mod diff;
mod dossiers;
mod facts;
mod figures;
mod history;
mod identities;
mod jobs;
mod notes;
mod personal;
mod records;
mod sessions;
mod snapshots;
mod throttles;
mod users;

pub use access::*;
pub use catalogue::*;
pub use clients::*;
pub use declarations::*;
pub use diff::*;
pub use dossiers::*;
pub use facts::*;
pub use figures::*;
pub use history::*;
pub use identities::*;
pub use jobs::*;
pub use notes::*;
pub use personal::*;
pub use records::*;
pub use sessions::*;
pub use snapshots::*;
pub use throttles::*;
pub use users::*;
