//! The rules of the trade. Pure: no database, no HTTP, no clock.

pub mod actor;
pub mod applicant;
pub mod calendar;
pub mod calendar_change;
pub mod catalogue;
pub mod chain;
pub mod code;
pub mod deadline;
pub mod decide;
pub mod declaration;
pub mod dossier;
pub mod error;
pub mod event;
pub mod facts;
pub mod fold;
pub mod history;
pub mod money;
pub mod personal;
pub mod recompute;
pub mod score;
pub mod strict;
pub mod throttle;
pub mod time;
