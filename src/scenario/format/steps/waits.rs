//! Verbs that change nothing.

use wavetank_sim::scenario::range::Millis;
use wavetank_sim::scenario::{Action, Wait, WaitFor};

use super::Verb;
use super::targets::{TARGET, read_target};
use crate::scenario::format::leaf::{DURATION, WAIT_FOR};
use crate::scenario::format::{faults, map};
use crate::scenario::read::Reader;
use crate::scenario::shape::{Fields, Shape, may, must};
use crate::scenario::yaml::Node;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        field: may("wait", WAIT, "wait for a state, or for a time"),
        example: "{for: condition=Available, target: deployment/web, timeout: 1m}",
        read: |reader, node| Some(Action::Wait(wait(reader, node)?)),
    },
    Verb {
        field: may("assert", Shape::Fields(&faults::CHECK), "check once, when the step runs"),
        example: "{match: {apiVersion: v1, kind: Namespace, metadata: {name: web}}}",
        read: |reader, node| Some(Action::Assert(reader.check(node)?)),
    },
];

const WAIT: Shape = Shape::OneOf(&[DURATION, Shape::Fields(&WAITED)]);
static WAITED: Fields = map(
    "`wait`",
    &[
        must("for", WAIT_FOR, "`converged`, `condition=TYPE`, `delete`, or a duration"),
        may("target", TARGET, "the objects whose condition or deletion ends the wait"),
        may("timeout", DURATION, "how long it may take; default 5m"),
    ],
);

fn wait(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Wait> {
    let timeout_ms = node.millis("timeout").unwrap_or(Wait::TIMEOUT_MS);
    let (spot, what) = match node.text() {
        Some(text) => (node.spot, text.into_owned()),
        None => (node.get("for")?.spot, node.string("for")?),
    };
    let target = node.get("target").and_then(|target| read_target(reader, target));
    let until = match (what.strip_prefix("condition="), target) {
        (Some(condition), Some(target)) => {
            let (condition, status) = condition.split_once('=').unwrap_or((condition, "True"));
            WaitFor::Condition { target, condition: condition.into(), status: status.into() }
        }
        (None, Some(target)) if what == "delete" => WaitFor::Delete(target),
        (None, None) if what == "converged" => WaitFor::Converged,
        (None, None) if what != "delete" => WaitFor::Time(what.parse::<Millis>().ok()?.0),
        (_, None) => {
            reader.wrong(spot, format!("`{what}` needs a `target`, such as `target: deployment/web`"));
            return None;
        }
        (None, Some(_)) => {
            reader.wrong(spot, format!("`{what}` has no target: leave `target` out"));
            return None;
        }
    };
    Some(Wait { until, timeout_ms })
}
