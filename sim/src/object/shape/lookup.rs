//! What makes walks over a shape fast: fields found by the address of their key, and lists of the fields that a walk must
//! add. Made once, when the shape is built.

use super::{Empty, Field, Key, Kind, Node, NodeId, Scalar, Struct, Value};

/// Found by address: addresses differ from process to process, so they order nothing that anybody sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Lookup {
    by_address: Box<[(usize, u16)]>,
    written: Box<[u16]>,
    assigned: Box<[u16]>,
}

/// What is asked of the values of a built-in scalar beyond their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing.
    #[default]
    Plain,
    /// That the number is one of 32 bits.
    Int32,
    /// That the text is base64.
    Bytes,
    /// That the text is a time in whole seconds.
    Time,
    /// That the text is a time in microseconds.
    MicroTime,
}

impl Form {
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
    /// Whether a value is of its type, not empty, and written as it is stored: so for most scalars.
    pub(super) fn takes_as_is(&self, value: &Value) -> bool {
        match (&self.kind, value) {
            (Kind::Scalar(Scalar::String), Value::Str(text)) => self.form == Form::Plain && !text.is_empty(),
            (Kind::Scalar(Scalar::Integer), Value::Int(n)) => (1..=i64::from(i32::MAX)).contains(n),
            (Kind::Scalar(Scalar::Boolean), Value::Bool(is)) => *is,
            _ => false,
        }
    }
}

impl Struct {
    fn make_lookup(&mut self) {
        let places = || self.fields.iter().zip(0_u16..);
        let mut by_address: Vec<_> = places().map(|(field, place)| (field.key.address(), place)).collect();
        by_address.sort_unstable();
        let written = places().filter(|(field, _)| field.empty == Empty::Written).map(|(_, place)| place);
        let assigned = places().filter(|(field, _)| field.assigned.is_some()).map(|(_, place)| place);
        let (written, assigned) = (written.collect(), assigned.collect());
        self.lookup = Lookup { by_address: by_address.into(), written, assigned };
    }

    /// The named field, if there is one.
    pub fn field(&self, key: Key) -> Option<&Field> {
        let by_address = &self.lookup.by_address;
        let at = by_address.binary_search_by_key(&key.address(), |(address, _)| *address).ok()?;
        self.fields.get(usize::from(by_address[at].1))
    }

    /// The fields that are written even where they are absent.
    pub(super) fn written(&self) -> impl Iterator<Item = &Field> {
        self.lookup.written.iter().map(|place| &self.fields[usize::from(*place)])
    }

    /// The fields that have a default.
    pub(super) fn assigned(&self) -> impl Iterator<Item = &Field> {
        self.lookup.assigned.iter().map(|place| &self.fields[usize::from(*place)])
    }
}

/// Makes the lookups of all nodes, and marks those at or below which defaults are set.
pub(super) fn make(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        node.form = Form::of(node);
        if let Kind::Struct(s) = &mut node.kind {
            s.make_lookup();
        }
    }
    // Types recurse: repeat until nothing is new.
    loop {
        let mut found = false;
        for i in 0..nodes.len() {
            let below = |id: &NodeId| nodes[id.0 as usize].defaults;
            let defaults = match &nodes[i].kind {
                Kind::Struct(s) => {
                    !s.lookup.assigned.is_empty()
                        || s.fields.iter().any(|f| below(&f.node))
                        || s.additional.as_ref().is_some_and(below)
                }
                Kind::List(list) => below(&list.items),
                Kind::Any | Kind::Scalar(_) => false,
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
