//! The objects that a step acts on: `kind/name`, or a map.

use wavetank_sim::scenario::{KindName, Pick, Target};

use crate::scenario::format::leaf::{KIND, KIND_AND_NAME, LABEL, PICK, SELECTOR, TEXT};
use crate::scenario::format::map;
use crate::scenario::read::Reader;
use crate::scenario::shape::{Fields, Shape, may, must};
use crate::scenario::yaml::Node;

/// The objects of a step.
pub(super) const TARGET: Shape = Shape::OneOf(&[KIND_AND_NAME, Shape::Fields(&SELECTED)]);
static SELECTED: Fields = map(
    "a target",
    &[
        must("kind", KIND, "the kind"),
        may("name", TEXT, "the name"),
        may("namespace", LABEL, "the namespace; default the scenario's"),
        may("selector", SELECTOR, "the labels"),
        may("pick", PICK, "how many of them; default all"),
    ],
);

/// The `target` of a verb.
pub(super) fn target(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Target> {
    read_target(reader, node.get("target")?)
}

pub(super) fn read_target(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Target> {
    if let Some(text) = node.text() {
        let (kind, name) = text.split_once('/')?;
        return Some(Target::Named { kind: kind.into(), namespace: None, name: name.into() });
    }
    let (kind, namespace) = (KindName(node.string("kind")?), node.string("namespace"));
    let Some(name) = node.string("name") else {
        let pick = node.parse("pick").unwrap_or(Pick::All);
        return Some(Target::Selected { kind, namespace, selector: node.string("selector"), pick });
    };
    for field in ["selector", "pick"] {
        if let Some(other) = node.get(field) {
            reader.wrong(other.spot, format!("`{field}` does not go with `name`: leave one out"));
        }
    }
    Some(Target::Named { kind, namespace, name })
}
