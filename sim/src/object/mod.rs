//! Objects as data: immutable trees; revisions of an object share what they have in common.
//!
//! - [`Key`], [`keys`]: interned map keys
//! - [`Value`], [`Map`], [`value!`](crate::value): the tree, and a macro to write one
//! - `json`: text to tree and back; `encode`: the text of an object with its managedFields
//! - [`Object`]: a tree with the fields that every Kubernetes object has
//! - [`Digest`]: the stable hash of a tree
//! - [`Shape`]: the type of a tree: unknown fields, defaults, checks
//! - [`LabelSelector`], [`FieldSelector`], [`Quantity`], [`names`]: the small languages in objects
//! - `pod`: facts about pods: containers, state, whether one fits a node, its line of `kubectl get pods`
//! - [`quota`]: the usage of an object that a ResourceQuota counts
//! - [`managed`]: the owners of fields
//! - [`patch`]: JSON patch, merge patch, strategic merge patch, server-side apply
//!
//! Which look-up of a field to use: `sim/README.md`, "Reading a field of an object".
//!
//! Architecture invariant: names nothing else in the crate.

mod encode;
mod field_path;
mod hash;
mod json;
mod key;
pub mod keys;
pub mod managed;
mod map;
mod meta;
pub mod names;
pub mod patch;
mod pod;
mod positions;
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
    total_of_containers,
};
pub use quantity::{Quantity, QuantityError};
pub use selector::{FieldSelector, FieldTerm, LabelSelector, Operator, Requirement, SelectorError};
pub(crate) use shape::SERVER_DEFAULT;
pub use shape::{
    DecodeError, Edit, Empty, Field, FieldError, List, ListType, Node, NodeId, NodeKind, PatchStrategy,
    Scalar, SchemaError, Shape, Struct,
};
pub use tree::{Str, Value};

#[cfg(test)]
mod tests;
