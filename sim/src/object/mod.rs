//! Objects as data: an immutable tree whose revisions share all they have in common.
//!
//! - [`Key`]: interned map keys
//! - [`Value`], [`Map`], [`value!`](crate::value): the tree and how to write one
//! - `json`: text to tree and back
//! - [`Object`]: the tree with the fields that every Kubernetes object has
//! - [`Digest`]: the stable hash of a tree
//!
//! Architecture invariant: names nothing else in the crate.

mod hash;
mod json;
mod key;
mod map;
mod meta;
mod tree;

pub use hash::Digest;
pub use key::Key;
pub use map::Map;
pub use meta::{Object, OwnerRef};
pub use tree::{Str, Value};
