//! Steps: one verb and what it is done to.

use wavetank_sim::scenario::range::Millis;
use wavetank_sim::scenario::{
    Action, Cascade, KindName, Moment, NodeChoice, PatchType, Pick, Step, Target, Wait, WaitFor,
};

use super::{Reader, texts};
use crate::scenario::yaml::{Node, Tree};

impl Reader<'_, '_> {
    /// A step; nothing where the check has found none.
    pub(super) fn step(&mut self, node: &Node) -> Option<Step> {
        let verb = node.entries().iter().find(|entry| !matches!(&*entry.key, "name" | "when"))?;
        let action = self.action(&verb.key, &verb.value)?;
        let when = node.get("when");
        if let Some(when) = when.filter(|_| action.takes_its_time()) {
            let message = format!("`{}` with `when` is not there yet: leave one out", action.verb());
            self.wrong(when.spot, message);
        }
        if let Some(every) = when.and_then(|when| when.get("every")) {
            self.wrong(every.spot, "a step is done once: write `at` or `on`");
        }
        if let Some(moment) =
            when.and_then(|when| when.get("moment")).filter(|m| m.text().is_some_and(|t| t == "before"))
        {
            self.wrong(moment.spot, "a step cannot outrun a request: write `after` or `after-response`");
        }
        let when = when.and_then(|when| self.when(Moment::default(), when));
        Some(Step { name: node.string("name"), when, action })
    }

    /// A step of setup.
    pub(super) fn ordered_step(&mut self, node: &Node) -> Option<Step> {
        if let Some(when) = node.get("when") {
            self.wrong(
                when.spot,
                "`when` does not go with `setup`, which is done in order before t = 0: leave it out",
            );
        }
        self.step(node)
    }

    fn action(&mut self, verb: &str, node: &Node) -> Option<Action> {
        Some(match verb {
            "apply" => {
                let objects = self.manifests(node);
                if let Some(object) = objects.iter().find(|object| object.name().is_empty()) {
                    let message = format!(
                        "`apply` needs a name, and a {} has only generateName: use `create`",
                        object.kind()
                    );
                    self.wrong(node.spot, message);
                }
                Action::Apply(objects)
            }
            "create" => Action::Create(self.manifests(node)),
            "delete" => self.delete(node)?,
            "patch" => self.patch(node)?,
            "scale" => Action::Scale { target: self.target(node)?, replicas: node.parse("replicas")? },
            "setImage" => {
                Action::SetImage { target: self.target(node)?, containers: texts(node.get("containers")) }
            }
            "rolloutRestart" => Action::RolloutRestart { target: self.target(node)? },
            "rolloutUndo" => {
                Action::RolloutUndo { target: self.target(node)?, to_revision: node.parse("toRevision") }
            }
            "drain" => Action::Drain { nodes: nodes(node)?, timeout_ms: timeout(node) },
            "upgradeNodes" => Action::UpgradeNodes {
                to: node.string("to")?,
                surge: node.parse("surge").unwrap_or(1),
                timeout_ms: timeout(node),
            },
            "cordon" => Action::Cordon(nodes(node)?),
            "uncordon" => Action::Uncordon(nodes(node)?),
            "wait" => Action::Wait(self.wait(node)?),
            "assert" => Action::Assert(self.check(node)?),
            _ => return None,
        })
    }

    fn delete(&mut self, node: &Node) -> Option<Action> {
        let Some(target) = node.get("target") else {
            for field in ["cascade", "gracePeriodSeconds"] {
                if let Some(option) = node.get(field) {
                    self.wrong(option.spot, format!("`{field}` goes with `target`: name what is deleted"));
                }
            }
            return Some(Action::DeleteObjects(self.manifests(node)));
        };
        let cascade = match node.string("cascade").as_deref() {
            Some("foreground") => Cascade::Foreground,
            Some("orphan") => Cascade::Orphan,
            _ => Cascade::Background,
        };
        let target = self.read_target(target)?;
        Some(Action::Delete { target, cascade, grace_period_seconds: node.parse("gracePeriodSeconds") })
    }

    fn patch(&mut self, node: &Node) -> Option<Action> {
        let patch_type = match node.string("type").as_deref() {
            Some("json") => PatchType::Json,
            Some("strategic") => PatchType::Strategic,
            Some("apply") => PatchType::Apply,
            _ => PatchType::Merge,
        };
        let patch = node.get("patch")?;
        if matches!(patch.tree, Tree::List(_)) != (patch_type == PatchType::Json) {
            let right = "a `json` patch is a list of operations, every other one a map";
            self.wrong(patch.spot, format!("{} does not go with this type: {right}", patch.kind()));
        }
        let (target, subresource) = (self.target(node)?, node.string("subresource"));
        Some(Action::Patch { target, patch_type, patch: patch.value(), subresource })
    }

    fn wait(&mut self, node: &Node) -> Option<Wait> {
        let timeout_ms = timeout(node);
        let (spot, what) = match node.text() {
            Some(text) => (node.spot, text.into_owned()),
            None => (node.get("for")?.spot, node.string("for")?),
        };
        let target = node.get("target").and_then(|target| self.read_target(target));
        let until = match (what.strip_prefix("condition="), target) {
            (Some(condition), Some(target)) => {
                let (condition, status) = condition.split_once('=').unwrap_or((condition, "True"));
                WaitFor::Condition { target, condition: condition.into(), status: status.into() }
            }
            (None, Some(target)) if what == "delete" => WaitFor::Delete(target),
            (None, None) if what == "converged" => WaitFor::Converged,
            (None, None) if what != "delete" => WaitFor::Time(what.parse::<Millis>().ok()?.0),
            (_, None) => {
                self.wrong(spot, format!("`{what}` needs a `target`, such as `target: deployment/web`"));
                return None;
            }
            (None, Some(_)) => {
                self.wrong(spot, format!("`{what}` has no target: leave `target` out"));
                return None;
            }
        };
        Some(Wait { until, timeout_ms })
    }

    fn target(&mut self, node: &Node) -> Option<Target> {
        self.read_target(node.get("target")?)
    }

    fn read_target(&mut self, node: &Node) -> Option<Target> {
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
                self.wrong(other.spot, format!("`{field}` does not go with `name`: leave one out"));
            }
        }
        Some(Target::Named { kind, namespace, name })
    }
}

fn timeout(node: &Node) -> u64 {
    node.millis("timeout").unwrap_or(Wait::TIMEOUT_MS)
}

fn nodes(node: &Node) -> Option<NodeChoice> {
    node.string("node").map(NodeChoice::Named).or_else(|| node.string("selector").map(NodeChoice::Selected))
}
