//! The commands, one verb per file.
//!
//! To add one: a file with its arguments and `execute`, and a variant of `Command` in `cli`. Only `report` prints.

pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
