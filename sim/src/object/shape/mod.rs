//! The type of an object tree: its fields, how lists merge, and checks. Built from OpenAPI as data.
//!
//! - `build`: from the OpenAPI of built-in kinds, and from the schema of a CRD
//! - `prune`, `default`: unknown fields; defaults and nulls
//! - `canonical`, `empty`: how built-in types write empty values
//! - `stored`, `field`: all of these in one walk, for built-in types, and for one field of a custom resource
//! - `decode`: type errors of built-in kinds, with the messages of the Go decoder
//! - `validate`, `format`: the value rules of a CRD
//!
//! The nodes form an arena, because types recurse. `lookup` makes walks cheap.

mod build;
mod canonical;
mod decode;
mod default;
mod empty;
mod field;
mod format;
mod lookup;
mod prune;
mod rewrite;
mod stored;
mod validate;

use std::sync::Arc;

pub(crate) use build::SERVER_DEFAULT;
pub use build::SchemaError;
pub use decode::DecodeError;
pub use empty::Empty;
pub use rewrite::Edit;
pub use validate::FieldError;
pub(crate) use validate::ValueRules;

use super::{Key, Str, Value};

/// The index of a node in its [`Shape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// The first node of every shape: any value; its type follows from the value.
    pub const ANY: Self = Self(0);
}

/// The type of a whole object.
#[derive(Debug)]
pub struct Shape {
    nodes: Vec<Node>,
    root: NodeId,
    custom: bool,
}

/// The type of one value.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The kind of its values.
    pub kind: NodeKind,
    /// The name of a built-in type, such as `io.k8s.api.core.v1.PodSpec`.
    pub name: Option<Str>,
    /// Whether null is a valid value (custom resources).
    pub nullable: bool,
    /// Whether unknown fields stay.
    pub preserve_unknown: bool,
    /// Whether the value is itself an object with `apiVersion`, `kind` and `metadata`.
    pub embedded_resource: bool,
    /// The OpenAPI format, such as `int32` or `date-time`.
    pub format: Option<Str>,
    /// Whether it or a node below it has defaults.
    defaults: bool,
    /// The form of the values of a scalar.
    form: lookup::ScalarForm,
    /// Value rules of custom resources.
    pub(crate) rules: Option<Box<ValueRules>>,
}

/// The kind of the values of a node.
#[derive(Clone, Debug, Default)]
pub enum NodeKind {
    /// Any value.
    #[default]
    Any,
    /// A value without parts.
    Scalar(Scalar),
    /// A map with named fields, free keys, or both.
    Struct(Struct),
    /// A list.
    List(List),
}

/// The kinds of values without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    String,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A truth value.
    Boolean,
    /// An integer or a string.
    IntOrString,
    /// A resource quantity: a string or a number.
    Quantity,
}

/// A map type.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// The named fields, sorted by key.
    pub fields: Vec<Field>,
    /// The type of the values at other keys.
    pub additional: Option<NodeId>,
    /// The required fields.
    pub required: Vec<Key>,
    /// Whether apply treats the map as one value.
    pub atomic: bool,
    lookup: lookup::FieldLookup,
}

/// A named field, with what this use of a type adds to the type.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name.
    pub key: Key,
    /// The type of its value.
    pub node: NodeId,
    /// The default in its schema.
    pub default: Option<Value>,
    /// The value assigned if it is absent: the default or, for built-in types, the default that the server sets in code.
    pub assigned: Option<Value>,
    /// Whether apply treats the value as one; overrides its type.
    pub atomic: Option<bool>,
    /// How a strategic merge patch merges it.
    pub patch: PatchStrategy,
    /// How its empty value is stored (built-in types).
    pub empty: Empty,
}

/// `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists: merge items instead of replacing the list.
    pub merge: bool,
    /// Maps: replace instead of merging.
    pub replace: bool,
    /// Maps: `$retainKeys` may drop fields.
    pub retain_keys: bool,
    /// The field that identifies items of a merged list.
    pub merge_key: Option<Key>,
}

/// A list type.
#[derive(Clone, Debug)]
pub struct List {
    /// The type of the items.
    pub items: NodeId,
    /// What identifies items.
    pub list_type: ListType,
}

/// `x-kubernetes-list-type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListType {
    /// One value.
    Atomic,
    /// Scalars, each at most once.
    Set,
    /// Maps, identified by these fields.
    Map(Arc<[Key]>),
}

impl Shape {
    /// The node of the whole object.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// Whether this is the type of a custom resource.
    pub fn is_custom(&self) -> bool {
        self.custom
    }

    /// The node at `id`.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The struct at `id`, if it is one.
    pub fn as_struct(&self, id: NodeId) -> Option<&Struct> {
        if let NodeKind::Struct(s) = &self.node(id).kind { Some(s) } else { None }
    }

    /// The list at `id`, if it is one.
    pub fn as_list(&self, id: NodeId) -> Option<&List> {
        if let NodeKind::List(l) = &self.node(id).kind { Some(l) } else { None }
    }

    /// The type of the value at `key` of a map at `id`; none if the field is unknown.
    pub fn child(&self, id: NodeId, key: Key) -> Option<NodeId> {
        let node = self.node(id);
        match &node.kind {
            NodeKind::Any => Some(NodeId::ANY),
            NodeKind::Struct(s) => {
                let named = s.field(key).map(|f| f.node);
                named.or(s.additional).or(node.preserve_unknown.then_some(NodeId::ANY))
            }
            _ => None,
        }
    }

    /// The type of the items of a list at `id`.
    pub fn item(&self, id: NodeId) -> NodeId {
        self.as_list(id).map_or(NodeId::ANY, |l| l.items)
    }

    /// The type at the end of a path of map keys. Lists need no key.
    pub fn at(&self, path: &[&str]) -> Option<NodeId> {
        path.iter().try_fold(self.root, |id, key| {
            let id = if self.as_list(id).is_some() { self.item(id) } else { id };
            self.child(id, Key::new(key))
        })
    }
}

#[cfg(test)]
mod tests;
