//! Verbs that act on whole objects.

use wavetank_sim::scenario::{Action, Cascade, UntilGone};

use super::Verb;
use super::targets::{TARGET, read_target};
use crate::scenario::format::leaf::{BOOLEAN, COUNT, DURATION, TEXT};
use crate::scenario::format::{map, words};
use crate::scenario::read::Reader;
use crate::scenario::shape::{Fields, Shape, may, must};
use crate::scenario::yaml::Node;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        field: may(
            "apply",
            MANIFESTS,
            "server-side apply of manifests: a file, a folder, a list of these, or `inline`",
        ),
        example: "[web.yaml]",
        check: named,
        read: |reader, node| Some(Action::Apply(reader.manifests(node)?)),
    },
    Verb {
        field: may("create", MANIFESTS, "create the objects of manifests"),
        example: "{inline: '{apiVersion: v1, kind: Pod, metadata: {generateName: p-}}'}",
        check: some,
        read: |reader, node| Some(Action::Create(reader.manifests(node)?)),
    },
    Verb {
        field: may("delete", DELETE, "delete the objects of manifests, or a target"),
        example: "{target: pod/p, cascade: orphan, gracePeriodSeconds: 0, timeout: 30s}",
        check: some,
        read: delete,
    },
];

const MANIFESTS: Shape = Shape::OneOf(&[TEXT, Shape::List(&TEXT), Shape::Fields(&INLINE)]);
static INLINE: Fields =
    map("inline manifests", &[must("inline", TEXT, "the manifests as text (`inline: |`)")]);

const DELETE: Shape = Shape::OneOf(&[TEXT, Shape::List(&TEXT), Shape::Fields(&DELETED)]);
static DELETED: Fields = Fields {
    what: "`delete`",
    one_of: &["target", "inline"],
    fields: &[
        may("target", TARGET, "what is deleted"),
        may("inline", TEXT, "the manifests as text (`inline: |`)"),
        may("cascade", Shape::Word(&words(&CASCADES)), "what happens to dependents; default background"),
        may("gracePeriodSeconds", COUNT, "the grace period; default the object's own"),
        may(
            "wait",
            BOOLEAN,
            "whether the step waits until they are gone; default true in the order of the steps, false with `when`",
        ),
        may("timeout", DURATION, "how long that may take; default 20m"),
    ],
};

const CASCADES: [(&str, Cascade); 3] =
    [("background", Cascade::Background), ("foreground", Cascade::Foreground), ("orphan", Cascade::Orphan)];

fn delete(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Action> {
    let Some(target) = node.get("target") else {
        let until_gone = until_gone(reader, node);
        for field in ["cascade", "gracePeriodSeconds"] {
            if let Some(option) = node.get(field) {
                reader.wrong(option.spot, format!("`{field}` goes with `target`: name what is deleted"));
            }
        }
        return Some(Action::DeleteObjects(reader.manifests(node)?, until_gone));
    };
    let cascade = reader.word(node, "cascade", &CASCADES).unwrap_or_default();
    let target = read_target(reader, target)?;
    let grace_period_seconds = node.parse("gracePeriodSeconds");
    Some(Action::Delete { target, cascade, grace_period_seconds, until_gone: until_gone(reader, node) })
}

fn until_gone(reader: &mut Reader<'_, '_>, node: &Node) -> UntilGone {
    let until_gone = UntilGone { wait: node.parse("wait"), timeout_ms: node.millis("timeout") };
    if let Some(timeout) = node.get("timeout").filter(|_| until_gone.wait == Some(false)) {
        reader.wrong(timeout.spot, "`timeout` does not go with `wait: false`: leave one out");
    }
    until_gone
}

/// A step on manifests has some.
fn some(action: &Action) -> Result<(), String> {
    match action {
        Action::Apply(objects) | Action::Create(objects) | Action::DeleteObjects(objects, _)
            if objects.is_empty() =>
        {
            let verb = action.verb();
            Err(format!("`{verb}` has no manifest: write one with apiVersion, kind and metadata"))
        }
        _ => Ok(()),
    }
}

/// Applied objects have names.
fn named(action: &Action) -> Result<(), String> {
    some(action)?;
    let Action::Apply(objects) = action else { return Ok(()) };
    objects.iter().find(|object| object.name().is_empty()).map_or(Ok(()), |object| {
        Err(format!("`apply` needs a name, and this {} has only generateName: use `create`", object.kind()))
    })
}
