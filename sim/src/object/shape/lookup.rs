//! Makes walks over a shape fast: finds fields by the address of their key, and lists the fields that a walk adds. Built once
//! with the shape.

use super::{Empty, Field, Key, Node, NodeId, NodeKind, Scalar, Struct, Value};

/// Indexes of the fields of a struct. Addresses differ between processes, so their order is never visible.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldLookup {
    by_address: Box<[(usize, u16)]>,
    written: Box<[u16]>,
    assigned: Box<[u16]>,
}

/// A requirement on the values of a built-in scalar beyond their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ScalarForm {
    /// None.
    #[default]
    Plain,
    /// The number has 32 bits.
    Int32,
    /// The text is base64.
    Bytes,
    /// The text is a time in whole seconds.
    Time,
    /// The text is a time in microseconds.
    MicroTime,
}

impl ScalarForm {
    fn of(node: &Node) -> Self {
        let micro = || node.name.as_ref().is_some_and(|name| name.ends_with(".MicroTime"));
        match node.format.as_deref() {
            Some("int32") => Self::Int32,
            Some("byte") => Self::Bytes,
            Some("date-time") if micro() => Self::MicroTime,
            Some("date-time") => Self::Time,
            _ => Self::Plain,
        }
    }
}

impl Node {
    /// Whether a value has its type, is not empty, and has its stored form. True for most scalars.
    pub(super) fn takes_as_is(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (NodeKind::Scalar(Scalar::String), Value::Str(text)) => {
                self.form == ScalarForm::Plain && !text.is_empty()
            }
            (NodeKind::Scalar(Scalar::Integer), Value::Int(n)) => (1..=i64::from(i32::MAX)).contains(n),
            (NodeKind::Scalar(Scalar::Boolean), Value::Bool(is)) => *is,
            _ => false,
        }
    }
}

impl Struct {
    fn make_lookup(&mut self) {
        debug_assert!(
            self.fields.is_sorted_by(|a, b| a.key < b.key),
            "the fields of a struct are sorted by key"
        );
        let indexed = || self.fields.iter().zip(0_u16..);
        let mut by_address: Vec<_> = indexed().map(|(field, index)| (field.key.address(), index)).collect();
        by_address.sort_unstable();
        let written = indexed().filter(|(field, _)| field.empty == Empty::Written).map(|(_, index)| index);
        let assigned = indexed().filter(|(field, _)| field.assigned.is_some()).map(|(_, index)| index);
        let (written, assigned) = (written.collect(), assigned.collect());
        self.lookup = FieldLookup { by_address: by_address.into(), written, assigned };
    }

    /// The named field, if there is one.
    pub fn field(&self, key: Key) -> Option<&Field> {
        let by_address = &self.lookup.by_address;
        let at = by_address.binary_search_by_key(&key.address(), |(address, _)| *address).ok()?;
        self.fields.get(usize::from(by_address[at].1))
    }

    /// The fields that are written even if they are absent.
    pub(super) fn written(&self) -> impl Iterator<Item = &Field> {
        self.lookup.written.iter().map(|index| &self.fields[usize::from(*index)])
    }

    /// The fields with a default.
    pub(super) fn assigned(&self) -> impl Iterator<Item = &Field> {
        self.lookup.assigned.iter().map(|index| &self.fields[usize::from(*index)])
    }
}

/// Builds the indexes of all nodes, and marks the nodes with defaults at them or below.
pub(super) fn make(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        node.form = ScalarForm::of(node);
        if let NodeKind::Struct(s) = &mut node.kind {
            s.make_lookup();
        }
    }
    // Types recurse: repeat until nothing changes.
    loop {
        let mut found = false;
        for i in 0..nodes.len() {
            let below = |id: &NodeId| nodes[id.0 as usize].defaults;
            let defaults = match &nodes[i].kind {
                NodeKind::Struct(s) => {
                    !s.lookup.assigned.is_empty()
                        || s.fields.iter().any(|f| below(&f.node))
                        || s.additional.as_ref().is_some_and(below)
                }
                NodeKind::List(list) => below(&list.items),
                NodeKind::Any | NodeKind::Scalar(_) => false,
            };
            if defaults && !nodes[i].defaults {
                nodes[i].defaults = true;
                found = true;
            }
        }
        if !found {
            return;
        }
    }
}
