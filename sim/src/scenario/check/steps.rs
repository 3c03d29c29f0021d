//! What is wrong with steps.

use super::Checker;
use crate::object::patch::PatchType;
use crate::object::{Object, Value};
use crate::scenario::step::{Action, NodeChoice, Step, UntilGone, Wait, WaitFor};
use crate::scenario::{Moment, Target, Trigger, form};

impl<'s> Checker<'s> {
    /// A step of setup.
    pub(super) fn setup_step(&mut self, step: &'s Step) {
        if step.when.is_some() {
            let why = "`when` does not go with `setup`, whose steps run in order before t = 0: leave it out";
            self.right("when", Err(why.into()));
        }
        self.step(step);
    }

    pub(super) fn step(&mut self, step: &'s Step) {
        self.may("name", &form::TEXT, step.name.as_deref());
        self.field(step.action.verb(), |checker| checker.action(&step.action));
        let Some(when) = &step.when else { return };
        if step.action.waits() {
            let verb = step.action.verb();
            let why = format!("`{verb}` does not go with `when`, as it waits for the cluster: leave one out");
            self.right("when", Err(why));
        }
        self.field("when", |checker| {
            if matches!(when.trigger, Trigger::Every(_)) {
                checker.right("every", Err("a step runs once: write `at` or `event`".into()));
            }
            if when.moment == Moment::Before && matches!(when.trigger, Trigger::On(_)) {
                let why = "a step cannot run before a request: write `after` or `after-response`";
                checker.right("moment", Err(why.into()));
            }
            checker.when(when, false);
        });
    }

    fn action(&mut self, action: &'s Action) {
        match action {
            Action::Apply(objects) => self.objects(action.verb(), objects),
            Action::DeleteObjects(objects, until_gone) => {
                self.objects(action.verb(), objects);
                self.until_gone(*until_gone);
            }
            Action::Create(objects) => {
                self.some(action.verb(), objects);
                objects.iter().for_each(|object| self.object(object));
            }
            Action::Delete { target, until_gone, .. } => {
                self.target(target);
                self.until_gone(*until_gone);
            }
            Action::RolloutRestart { target }
            | Action::RolloutUndo { target, .. }
            | Action::Scale { target, .. } => self.target(target),
            Action::Patch { target, patch_type, patch, subresource } => {
                self.target(target);
                self.patch(*patch_type, patch);
                self.may("subresource", &form::SUBRESOURCE, subresource.as_deref());
            }
            Action::SetImage { target, containers } => {
                self.target(target);
                if containers.is_empty() {
                    self.right("containers", Err("no container is named: write `{NAME: IMAGE}`".into()));
                }
                self.field("containers", |checker| {
                    containers.iter().for_each(|(name, image)| checker.form(name, &form::TEXT, image));
                });
            }
            Action::Cordon(nodes) | Action::Uncordon(nodes) | Action::Drain { nodes, .. } => {
                self.nodes(nodes)
            }
            Action::UpgradeNodes { to, .. } => self.form("to", &form::NODE_VERSION, to),
            Action::Wait(Wait { until, .. }) => match until {
                WaitFor::Condition { target, condition, status } => {
                    self.target(target);
                    let wanted = format!("condition={}", if status.is_empty() { "" } else { condition });
                    self.form("for", &form::WAIT_FOR, &wanted);
                }
                WaitFor::Delete(target) => self.target(target),
                WaitFor::Converged | WaitFor::Time(_) => {}
            },
            Action::Assert(check) => self.check(check),
        }
    }

    fn some(&mut self, verb: &str, objects: &[std::sync::Arc<Object>]) {
        if objects.is_empty() {
            self.wrong(format!("`{verb}` has no manifest: write one with apiVersion, kind and metadata"));
        }
    }

    fn until_gone(&mut self, until_gone: UntilGone) {
        if until_gone.wait == Some(false) && until_gone.timeout_ms.is_some() {
            self.right("timeout", Err("`timeout` does not go with `wait: false`: leave one out".into()));
        }
    }

    /// Objects that need names.
    fn objects(&mut self, verb: &str, objects: &[std::sync::Arc<Object>]) {
        self.some(verb, objects);
        for object in objects {
            self.object(object);
            if object.name().is_empty() && !object.meta("generateName").is_empty() {
                let kind = object.kind();
                self.wrong(format!(
                    "`{verb}` needs a name, and this {kind} has only generateName: use `create`"
                ));
            }
        }
    }

    fn object(&mut self, object: &Object) {
        for field in ["apiVersion", "kind"] {
            if object.str_at(&[field]).is_none_or(str::is_empty) {
                self.wrong(format!("a manifest needs `{field}`: write apiVersion, kind and metadata"));
            }
        }
        if object.name().is_empty() && object.meta("generateName").is_empty() {
            self.wrong("`metadata` needs a `name`");
        }
    }

    fn target(&mut self, target: &Target) {
        let checked = match target {
            Target::Named { .. } => form::KIND_AND_NAME.check(&target.to_string()),
            Target::Selected { kind, .. } => form::KIND.check(&kind.0),
        };
        self.right("target", checked);
        self.field("target", |checker| {
            checker.may("namespace", &form::LABEL, target.namespace());
            if let Target::Selected { selector, .. } = target {
                checker.may("selector", &form::SELECTOR, selector.as_deref());
            }
        });
    }

    fn patch(&mut self, patch_type: PatchType, patch: &Value) {
        let is_list = match patch {
            Value::List(_) => true,
            Value::Map(_) => false,
            _ => patch_type != PatchType::Json,
        };
        if is_list != (patch_type == PatchType::Json) {
            let right = "write a list of operations for type `json`, and a map for every other type";
            let kind = match patch.type_name() {
                "array" => "a list",
                "object" => "a map",
                _ => "this",
            };
            self.right("patch", Err(format!("{kind} does not go with this type of patch: {right}")));
        }
    }

    fn nodes(&mut self, nodes: &NodeChoice) {
        match nodes {
            NodeChoice::Named(name) => self.form("node", &form::TEXT, name),
            NodeChoice::Selected(selector) => self.form("selector", &form::SELECTOR, selector),
        }
    }
}
