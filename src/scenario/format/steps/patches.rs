//! Verbs that patch their targets.

use wavetank_sim::object::patch::PatchType;
use wavetank_sim::scenario::Action;

use super::Verb;
use super::targets::{TARGET, target};
use crate::scenario::format::leaf::{COUNT, TEXT};
use crate::scenario::format::{map, words};
use crate::scenario::read::{Reader, texts};
use crate::scenario::shape::{Fields, Shape, may, must};
use crate::scenario::yaml::Node;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        field: may("patch", Shape::Fields(&PATCH), "patch a target"),
        example: "{target: deployment/web, type: strategic, patch: {spec: {paused: true}}}",
        read: patch,
    },
    Verb {
        field: may("scale", Shape::Fields(&SCALE), "set a target's replicas"),
        example: "{target: deployment/web, replicas: 3}",
        read: |reader, node| {
            Some(Action::Scale { target: target(reader, node)?, replicas: node.parse("replicas")? })
        },
    },
    Verb {
        field: may("setImage", Shape::Fields(&SET_IMAGE), "set the images of a target's containers"),
        example: "{target: deployment/web, containers: {web: 'web:v2'}}",
        read: |reader, node| {
            let containers = texts(node.get("containers"));
            Some(Action::SetImage { target: target(reader, node)?, containers })
        },
    },
    Verb {
        field: may("rolloutRestart", Shape::Fields(&ROLLOUT), "restart a target's pods"),
        example: "{target: {kind: Deployment, selector: app=web, pick: one}}",
        read: |reader, node| Some(Action::RolloutRestart { target: target(reader, node)? }),
    },
    Verb {
        field: may("rolloutUndo", Shape::Fields(&UNDO), "go back to an earlier revision"),
        example: "{target: deployment/web, toRevision: 2}",
        read: |reader, node| {
            let to_revision = node.parse("toRevision");
            Some(Action::RolloutUndo { target: target(reader, node)?, to_revision })
        },
    },
];

static PATCH: Fields = map(
    "`patch`",
    &[
        must("target", TARGET, "what is patched"),
        may("type", Shape::Word(&words(&TYPES)), "the kind of patch; default merge"),
        must("patch", Shape::OneOf(&[Shape::Map(&Shape::Tree), Shape::List(&Shape::Tree)]), "the patch"),
        may("subresource", TEXT, "the subresource, such as status"),
    ],
);

const TYPES: [(&str, PatchType); 4] = [
    ("merge", PatchType::Merge),
    ("json", PatchType::Json),
    ("strategic", PatchType::Strategic),
    ("apply", PatchType::Apply),
];

static SCALE: Fields =
    map("`scale`", &[must("target", TARGET, "what is scaled"), must("replicas", COUNT, "how many replicas")]);

static SET_IMAGE: Fields = map(
    "`setImage`",
    &[
        must("target", TARGET, "whose images are set"),
        must("containers", Shape::Map(&TEXT), "images by container name"),
    ],
);

static ROLLOUT: Fields = map("`rolloutRestart`", &[must("target", TARGET, "whose pods are restarted")]);

static UNDO: Fields = map(
    "`rolloutUndo`",
    &[
        must("target", TARGET, "what goes back to the earlier revision"),
        may("toRevision", COUNT, "the revision; default the one before the newest"),
    ],
);

fn patch(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Action> {
    let patch_type = reader.word(node, "type", &TYPES).unwrap_or(PatchType::Merge);
    let patch = node.get("patch")?;
    let (target, subresource) = (target(reader, node)?, node.string("subresource"));
    Some(Action::Patch { target, patch_type, patch: patch.value(), subresource })
}
