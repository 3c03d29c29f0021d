//! The API server: kinds as data, and the verbs on them.
//!
//! - [`Kind`], [`Rules`], [`Registry`]: what is served
//! - [`discovery()`]: the documents that tell it
//!
//! Architecture invariant: names `object`, `engine`, `wire` and `client` only.

mod discovery;
mod kind;
mod registry;
mod rules;
mod versions;

pub use discovery::discovery;
pub use kind::{Kind, Subresource};
pub use registry::Registry;
pub use rules::{Generation, NameRule, Rules};
