//! Sets of field paths: the algebra, and fieldsV1 to and from text.
//!
//! A set is a trie. A path is in the set if its node is a member; other nodes lead to members. In fieldsV1 a member with
//! nodes below it has the key `.`.

use std::cmp::Ordering;

use super::Elem;
use crate::object::Value;

/// A set of field paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSet {
    /// Sorted by step; no node is empty.
    nodes: Box<[(Elem, SetNode)]>,
}

/// A path of a set, and the set below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SetNode {
    pub(crate) member: bool,
    pub(crate) below: FieldSet,
}

/// The node of one of two sets; none if the set has no such path.
type Side<'n> = Option<&'n SetNode>;

impl SetNode {
    pub(crate) fn leaf() -> Self {
        Self { member: true, below: FieldSet::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }

    fn some(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }
}

impl FieldSet {
    /// The set of these nodes, sorted by step, without the empty ones.
    pub(crate) fn from_sorted(nodes: impl IntoIterator<Item = (Elem, SetNode)>) -> Self {
        let nodes: Vec<_> = nodes.into_iter().filter(|(_, node)| !node.is_empty()).collect();
        debug_assert!(nodes.is_sorted_by(|a, b| a.0 < b.0), "the nodes of a set are sorted");
        Self { nodes: nodes.into() }
    }

    /// Whether no path is in the set.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn nodes(&self) -> &[(Elem, SetNode)] {
        &self.nodes
    }

    pub(crate) fn get(&self, elem: &Elem) -> Option<&SetNode> {
        let at = self.nodes.binary_search_by(|(e, _)| e.cmp(elem)).ok()?;
        Some(&self.nodes[at].1)
    }

    /// The paths of either set.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        self.combine(other, &|a, b| match (a, b) {
            (Some(a), Some(b)) => {
                SetNode { member: a.member || b.member, below: a.below.union(&b.below) }.some()
            }
            (one, other) => one.or(other).cloned(),
        })
    }

    /// The paths of both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, &|a, b| {
            let (a, b) = (a?, b?);
            SetNode { member: a.member && b.member, below: a.below.intersection(&b.below) }.some()
        })
    }

    /// The paths of this set that are not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, &|a, b| match (a?, b) {
            (a, Some(b)) => {
                SetNode { member: a.member && !b.member, below: a.below.difference(&b.below) }.some()
            }
            (a, None) => Some(a.clone()),
        })
    }

    /// Whether some path is in both sets.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.nodes.iter().any(|(elem, a)| {
            other.get(elem).is_some_and(|b| a.member && b.member || a.below.overlaps(&b.below))
        })
    }

    fn combine(&self, other: &Self, merge: &impl Fn(Side<'_>, Side<'_>) -> Option<SetNode>) -> Self {
        let (mut left, mut right) = (self.nodes.iter().peekable(), other.nodes.iter().peekable());
        let mut out = Vec::new();
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => a.0.cmp(&b.0),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Self { nodes: out.into() },
            };
            let a = if order.is_le() { left.next() } else { None };
            let b = if order.is_ge() { right.next() } else { None };
            let Some((elem, _)) = a.or(b) else { continue };
            if let Some(node) = merge(a.map(|n| &n.1), b.map(|n| &n.1)) {
                out.push((elem.clone(), node));
            }
        }
    }

    /// The paths as text for messages; at every level, members come before their children.
    pub fn paths(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.push_paths("", &mut out);
        out
    }

    fn push_paths(&self, prefix: &str, out: &mut Vec<String>) {
        let named = |elem: &Elem| {
            let mut path = prefix.to_owned();
            elem.write_path(&mut path);
            path
        };
        out.extend(self.nodes.iter().filter(|(_, node)| node.member).map(|(elem, _)| named(elem)));
        for (elem, node) in self.nodes.iter().filter(|(_, node)| !node.below.is_empty()) {
            node.below.push_paths(&named(elem), out);
        }
    }

    /// The set without the fields that have no owner: the type, and the metadata of the server.
    pub(crate) fn without_system_fields(self) -> Self {
        // k8s.io/apimachinery/pkg/util/managedfields, stripSet
        const METADATA: [&str; 8] = [
            "creationTimestamp",
            "generation",
            "managedFields",
            "name",
            "namespace",
            "resourceVersion",
            "selfLink",
            "uid",
        ];
        let is =
            |elem: &Elem, names: &[&str]| matches!(elem, Elem::Field(key) if names.contains(&key.as_str()));
        let kept = self.nodes.into_iter().filter(|(elem, _)| !is(elem, &["apiVersion", "kind"]));
        Self::from_sorted(kept.map(|(elem, node)| {
            if !is(&elem, &["metadata"]) {
                return (elem, node);
            }
            let below = node.below.nodes.into_iter().filter(|(elem, _)| !is(elem, &METADATA));
            (elem, SetNode { member: false, below: Self::from_sorted(below) })
        }))
    }

    /// Appends the fieldsV1 JSON.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_node(false, out);
    }

    fn write_node(&self, dot: bool, out: &mut Vec<u8>) {
        out.push(b'{');
        if dot {
            out.extend_from_slice(b"\".\":{}");
        }
        for (i, (elem, node)) in self.nodes.iter().enumerate() {
            if dot || i > 0 {
                out.push(b',');
            }
            elem.write_json_name(out);
            out.push(b':');
            node.below.write_node(node.member && !node.below.is_empty(), out);
        }
        out.push(b'}');
    }

    /// The fieldsV1 tree.
    pub fn to_value(&self) -> Value {
        let mut text = Vec::new();
        self.write_json(&mut text);
        Value::from_json(&text).expect("our own JSON parses")
    }

    /// Parses a fieldsV1 tree; none if a key is malformed.
    pub fn from_value(value: &Value) -> Option<Self> {
        let mut nodes = Vec::new();
        for (name, below) in value.as_map()? {
            if name.as_str() == "." {
                continue;
            }
            let map = below.as_map()?;
            let member = map.is_empty() || map.get(".").is_some();
            nodes.push((Elem::parse(name.as_str())?, SetNode { member, below: Self::from_value(below)? }));
        }
        nodes.sort_by(|a, b| a.0.cmp(&b.0));
        nodes.dedup_by(|a, b| a.0 == b.0);
        Some(Self { nodes: nodes.into() })
    }
}
