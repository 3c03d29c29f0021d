//! Reads expectations, and the checks of `assert` steps.

use std::sync::Arc;

use wavetank_sim::apiserver::{Kind, Registry};
use wavetank_sim::oracles::cel::CelProgram;
use wavetank_sim::scenario::near::instead;
use wavetank_sim::scenario::{Check, Expectation, KindName, Modality, Var};

use super::Reader;
use crate::scenario::problem::Spot;
use crate::scenario::yaml::{Entry, Node};

impl Reader<'_, '_> {
    /// An expectation; nothing if it is malformed.
    pub(super) fn expectation(&mut self, node: &Node) -> Option<Expectation> {
        let (modality, body) = match (node.get("always"), node.get("eventually")) {
            (Some(body), _) => (Modality::Always, body),
            (None, body) => (Modality::Eventually, body?),
        };
        let on = match body.get("on") {
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
            for field in ["apiVersion", "kind"] {
                if part.string(field).is_none() {
                    self.wrong(
                        part.spot,
                        format!("`match` needs `{field}`: write both `apiVersion` and `kind`"),
                    );
                }
            }
            return Some(Check::Match(part.value()));
        }
        let (cel, source) = (node.get("cel")?, node.string("cel")?);
        let entries = vars.map_or(&[][..], Node::entries);
        let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
        // With `probe`, which `shape` refuses, the expression may have further variables.
        if node.get("probe").is_none()
            && let Err(error) = CelProgram::compile(&source, &names)
        {
            self.wrong(cel.spot, error.to_string());
        }
        let vars = entries.iter().filter_map(|entry| entry.value.unread_if_none(self.var(entry))).collect();
        Some(Check::Cel { vars, source })
    }

    fn var(&mut self, entry: &Entry) -> Option<Var> {
        let name = entry.key.clone();
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.wrong(
                entry.spot,
                format!("`{name}` is no name for a CEL variable: write letters, digits and `_`, with no digit first"),
            );
        }
        let node = &entry.value;
        if let Some(selector) = node.get("selector").filter(|_| node.get("name").is_some()) {
            self.wrong(selector.spot, "`selector` does not go with `name`: leave one out");
        }
        let (api_version, kind) = (node.string("apiVersion")?, KindName(node.string("kind")?));
        self.known_kind(node.get("kind")?.spot, &api_version, &kind);
        Some(Var {
            name,
            api_version,
            kind,
            object: node.string("name"),
            namespace: node.string("namespace"),
            selector: node.string("selector"),
        })
    }

    /// An unknown kind in a group of Kubernetes is a mistake. In other groups a CRD may define it.
    fn known_kind(&mut self, spot: Spot, api_version: &str, kind: &KindName) {
        let registry = Registry::builtin();
        let known_kinds: Vec<&Kind> = registry
            .iter()
            .map(Arc::as_ref)
            .filter(|known| known.resource.api_version() == api_version)
            .collect();
        let is = |known: &&Kind| kind.matches(known.resource.group(), known.resource.plural(), &known.kind);
        if !known_kinds.is_empty() && !known_kinds.iter().any(is) {
            let instead = instead(&kind.0, known_kinds.iter().map(|known| known.kind.as_str()));
            self.wrong(spot, format!("there is no kind `{kind}` in {api_version}; {instead}"));
        }
    }
}
