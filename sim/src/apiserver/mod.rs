//! The API server: kinds as data, and the verbs on them.
//!
//! - [`Kind`], [`Rules`], [`Registry`]: what is served
//!
//! Architecture invariant: names `object`, `engine`, `wire` and `client` only.

mod kind;
mod registry;
mod rules;

pub use kind::{Kind, Subresource};
pub use registry::Registry;
pub use rules::{Generation, NameRule, Rules};
