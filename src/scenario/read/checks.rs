//! Reads expectations, and the checks of `assert` steps.

use wavetank_sim::scenario::{Check, Expectation, KindName, Modality, Var};

use super::Reader;
use crate::scenario::yaml::{Entry, Node};

impl Reader<'_, '_> {
    /// An expectation; nothing if it is malformed.
    pub(super) fn expectation(&mut self, node: &Node) -> Option<Expectation> {
        let (modality, body) = match (node.get("always"), node.get("eventually")) {
            (Some(body), _) => (Modality::Always, body),
            (None, body) => (Modality::Eventually, body?),
        };
        let on = match super::faults::event(body) {
            Some(on) => Some(self.event(on)?),
            None => None,
        };
        Some(Expectation {
            name: node.string("name")?,
            modality,
            check: self.check(body)?,
            on,
            grace_ms: body.millis("grace").unwrap_or(0),
        })
    }

    /// A check, of an expectation or an `assert`.
    pub(in crate::scenario) fn check(&mut self, node: &Node) -> Option<Check> {
        let vars = node.get("vars");
        if let Some(part) = node.get("match") {
            if let Some(vars) = vars {
                self.wrong(vars.spot, "`vars` goes with `cel`, and this is a `match`: leave it out");
            }
            return Some(Check::Match(part.value()));
        }
        let source = node.string("cel")?;
        // With `probe`, which `shape` refuses, the expression may have further variables.
        if node.get("probe").is_some() {
            return None;
        }
        let entries = vars.map_or(&[][..], Node::entries);
        let vars: Option<Vec<Var>> =
            entries.iter().map(|entry| entry.value.unread_if_none(var(entry))).collect();
        Some(Check::Cel { vars: vars?, source })
    }
}

fn var(entry: &Entry) -> Option<Var> {
    let node = &entry.value;
    Some(Var {
        name: entry.key.clone(),
        api_version: node.string("apiVersion")?,
        kind: KindName(node.string("kind")?),
        object: node.string("name"),
        namespace: node.string("namespace"),
        selector: node.string("selector"),
    })
}
