//! Strategic merge patch: `patcher` carries it out, `order` sorts a merged list, `draft` collects the edits of a map.

mod draft;
mod order;
mod patcher;
#[cfg(test)]
mod tests;

pub use patcher::{StrategicError, apply};
