//! Objects as data: an immutable tree whose revisions share all they have in common.
//!
//! - [`Key`], [`keys`]: interned map keys
//! - [`Value`], [`Map`], [`value!`](crate::value): the tree and how to write one
//! - `json`: text to tree and back; `encode`: an object's text with its owners
//! - [`Object`]: the tree with the fields that every Kubernetes object has
//! - [`Digest`]: the stable hash of a tree
//! - [`Shape`]: the type of a tree: unknown fields, defaults, checks
//! - [`LabelSelector`], [`FieldSelector`], [`Quantity`], [`names`]: the small languages inside objects
//! - `pod`: what a pod says: containers, state, whether it fits a node, its line of `kubectl get pods`
//! - [`quota`]: what an object counts for in a ResourceQuota
//! - [`managed`]: who owns which fields
//! - [`patch`]: JSON patch, merge patch, strategic merge patch, server-side apply
//!
//! Architecture invariant: names nothing else in the crate.

mod encode;
mod hash;
mod json;
mod key;
pub mod keys;
pub mod managed;
mod map;
mod meta;
pub mod names;
pub mod patch;
mod place;
mod places;
mod pod;
mod quantity;
pub mod quota;
mod selector;
mod shape;
mod time;
mod tree;

pub use hash::Digest;
pub use key::{Key, text_order};
pub use managed::{BegunWrite, Managed, Writer};
pub use map::Map;
pub use meta::{Object, OwnerRef};
pub use pod::{
    PodRow, human_duration, is_sidecar, lasting_containers, pod_row, selects_node, tolerates, tolerates_one,
};
pub use quantity::{Quantity, QuantityError};
pub use selector::{FieldSelector, FieldTerm, LabelSelector, Operator, Requirement, SelectorError};
pub(crate) use shape::SERVER_DEFAULT;
pub use shape::{
    DecodeError, Edit, Empty, Field, FieldError, Kind, List, ListType, Node, NodeId, PatchStrategy, Scalar,
    SchemaError, Shape, Struct,
};
pub use tree::{Str, Value};

#[cfg(test)]
mod tests;
