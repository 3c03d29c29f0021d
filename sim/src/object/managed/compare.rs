//! The difference between two trees of one type, as sets of field paths.
//!
//! Real: a field that one side lacks is added or removed with all its children; a leaf that differs is modified. Leaves are
//! scalars, atomic lists and maps, and fields that are empty on both sides. Modelled: all of it; a list whose items lack
//! their keys is a leaf.

use super::{Elem, FieldSet, set::SetNode};
use crate::object::{Key, List, ListType, Map, NodeId, NodeKind, Shape, Value};

/// The difference from one tree to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Paths in the first tree only.
    pub removed: FieldSet,
    /// Leaves that differ.
    pub modified: FieldSet,
    /// Paths in the second tree only.
    pub added: FieldSet,
}

/// Compares two trees of one type. Shared branches cost nothing.
pub fn compare(shape: &Shape, before: &Value, after: &Value) -> Comparison {
    let change = Walk { shape }.value(shape.root(), false, Some(before), Some(after));
    Comparison { removed: change.removed.below, modified: change.modified.below, added: change.added.below }
}

#[derive(Default)]
struct NodeChange {
    removed: SetNode,
    modified: SetNode,
    added: SetNode,
}

/// One side of a comparison; none if the path is absent.
type Side<'v> = Option<&'v Value>;

struct Walk<'a> {
    shape: &'a Shape,
}

impl Walk<'_> {
    fn value(&self, id: NodeId, atomic: bool, before: Side<'_>, after: Side<'_>) -> NodeChange {
        if before.zip(after).is_some_and(|(before, after)| before.is_shared_with(after)) {
            return NodeChange::default();
        }
        if atomic {
            return leaf(before, after);
        }
        let below = match &self.shape.node(id).kind {
            NodeKind::Scalar(_) => None,
            NodeKind::List(list) => self.list(list, before, after),
            NodeKind::Struct(s) if s.atomic => None,
            NodeKind::Struct(_) => self.map(id, before, after),
            // The values imply the type; their lists are atomic.
            NodeKind::Any => self.map(NodeId::ANY, before, after),
        };
        let Some(mut change) = below else { return leaf(before, after) };
        change.added.member = before.is_none();
        change.removed.member = after.is_none();
        change
    }

    /// The difference of the children of a map; none if it is a leaf.
    fn map(&self, id: NodeId, before: Side<'_>, after: Side<'_>) -> Option<NodeChange> {
        let (old, new) = (entries(before)?, entries(after)?);
        if old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty) {
            return None;
        }
        let s = self.shape.as_struct(id);
        let pair = |key: Key, old: Side<'_>, new: Side<'_>| {
            let child = self.shape.child(id, key).unwrap_or(NodeId::ANY);
            let atomic = s.and_then(|s| s.field(key)).and_then(|f| f.atomic) == Some(true);
            self.value(child, atomic, old, new)
        };
        let old = old.into_iter().flatten().map(|(key, value)| (key, value));
        let new = new.into_iter().flatten().map(|(key, value)| (key, value));
        Some(collect(old, new, |key| Elem::Field(*key), |key, old, new| pair(*key, old, new)))
    }

    /// The difference of the items of a list; none if it is a leaf.
    fn list(&self, list: &List, before: Side<'_>, after: Side<'_>) -> Option<NodeChange> {
        if list.list_type == ListType::Atomic {
            return None;
        }
        let (old, new) =
            (before.map(Value::items).unwrap_or_default(), after.map(Value::items).unwrap_or_default());
        if old.is_empty() && new.is_empty() {
            return None;
        }
        let old = Elem::of_items(self.shape, list, old)?;
        let new = Elem::of_items(self.shape, list, new)?;
        let is_unique = |items: &[(Elem, &Value)]| items.is_sorted_by(|a, b| a.0 < b.0);
        if is_unique(&old) && is_unique(&new) {
            let pair = |_: &Elem, old: Side<'_>, new: Side<'_>| self.value(list.items, false, old, new);
            return Some(collect(
                old.iter().map(|(e, v)| (e, *v)),
                new.iter().map(|(e, v)| (e, *v)),
                Elem::clone,
                pair,
            ));
        }
        // Items with the same key are one leaf.
        let groups = |items: &[(Elem, &Value)]| -> Vec<(Elem, Value)> {
            let groups = items.chunk_by(|a, b| a.0 == b.0);
            groups
                .map(|group| (group[0].0.clone(), Value::list(group.iter().map(|(_, v)| (*v).clone()))))
                .collect()
        };
        let (old, new) = (groups(&old), groups(&new));
        let pair =
            |_: &Elem, old: Side<'_>, new: Side<'_>| match (old.map(Value::items), new.map(Value::items)) {
                (None | Some([_]), None | Some([_])) => {
                    let item = |side: Side<'_>| side.and_then(|group| group.items().first().cloned());
                    self.value(list.items, false, item(old).as_ref(), item(new).as_ref())
                }
                _ => leaf(old, new),
            };
        Some(collect(old.iter().map(|(e, v)| (e, v)), new.iter().map(|(e, v)| (e, v)), Elem::clone, pair))
    }
}

/// Collects the differences of two sorted sequences of children.
fn collect<'v, K: Ord + 'v>(
    old: impl Iterator<Item = (&'v K, &'v Value)>,
    new: impl Iterator<Item = (&'v K, &'v Value)>,
    elem: impl Fn(&K) -> Elem,
    pair: impl Fn(&K, Side<'_>, Side<'_>) -> NodeChange,
) -> NodeChange {
    let (mut old, mut new) = (old.peekable(), new.peekable());
    let (mut removed, mut modified, mut added) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let order = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) => a.0.cmp(b.0),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => break,
        };
        let a = if order.is_le() { old.next() } else { None };
        let b = if order.is_ge() { new.next() } else { None };
        let Some((key, _)) = a.or(b) else { continue };
        let change = pair(key, a.map(|a| a.1), b.map(|b| b.1));
        for (node, out) in
            [(change.removed, &mut removed), (change.modified, &mut modified), (change.added, &mut added)]
        {
            if !node.is_empty() {
                out.push((elem(key), node));
            }
        }
    }
    let node = |nodes: Vec<(Elem, SetNode)>| SetNode { member: false, below: FieldSet::from_sorted(nodes) };
    NodeChange { removed: node(removed), modified: node(modified), added: node(added) }
}

/// The entries of a side that is a map, null or absent; `None` for another value.
fn entries(side: Side<'_>) -> Option<Option<&Map>> {
    match side {
        None | Some(Value::Null) => Some(None),
        Some(Value::Map(map)) => Some(Some(map)),
        Some(_) => None,
    }
}

fn leaf(before: Side<'_>, after: Side<'_>) -> NodeChange {
    let mut change = NodeChange::default();
    match (before, after) {
        (None, Some(_)) => change.added = SetNode::leaf(),
        (Some(_), None) => change.removed = SetNode::leaf(),
        (before, after) if before != after => change.modified = SetNode::leaf(),
        _ => (),
    }
    change
}
