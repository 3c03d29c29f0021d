//! Steps: what a user does with kubectl, as requests.

use std::sync::Arc;

use super::world::{Halt, World};
use crate::cluster::USER;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{LabelSelector, Object, Str, Value};
use crate::oracles::Compiled;
use crate::scenario::step::PatchType as How;
use crate::scenario::{Action, Cascade, KindName, Step, Target, Wait, WaitFor};
use crate::value;
use crate::wire::{ObjectKey, Options, PatchType, Request, Resource, What};

/// The field manager that steps write under.
const MANAGER: &str = "kubectl";

/// How often `wait` looks, in ms. Virtual, so it costs little.
const WAIT_POLL_MS: Millis = 100;

/// How long `apply` waits for a kind whose CRD was just applied, in ms.
const KIND_WAIT_MS: Millis = 10 * SECOND;

impl World<'_> {
    /// Does a step.
    pub(super) async fn step(&mut self, step: &Step) -> Result<(), Halt> {
        self.cluster.note(USER, What::Step(step.label().into()));
        let done = match &step.action {
            Action::Apply(objects) => self.each(objects, Self::apply).await,
            Action::Create(objects) => self.each(objects, Self::create).await,
            Action::DeleteObjects(objects) => self.each(objects, Self::delete_object).await,
            Action::Delete { target, cascade, grace_period_seconds } => {
                self.delete(target, *cascade, *grace_period_seconds).await
            }
            Action::Patch { target, patch_type, patch, subresource } => {
                self.patch(target, patch_type_of(*patch_type), patch.clone(), subresource.as_deref()).await
            }
            Action::Scale { target, replicas } => {
                let patch = value!({"spec": {"replicas": (i64::from(*replicas))}});
                self.patch(target, PatchType::Merge, patch, Some("scale")).await
            }
            Action::SetImage { target, containers } => {
                let images = containers
                    .iter()
                    .map(|(name, image)| value!({"name": (name.as_str()), "image": (image.as_str())}));
                let patch = value!({"spec": {"template": {"spec": {"containers": (Value::list(images))}}}});
                self.patch(target, PatchType::Strategic, patch, None).await
            }
            Action::RolloutRestart { target } => {
                let now = self.cluster.now().rfc3339();
                let annotations = value!({"kubectl.kubernetes.io/restartedAt": now});
                let patch = value!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
                self.patch(target, PatchType::Strategic, patch, None).await
            }
            Action::Cordon(nodes) => self.cordon(nodes, true).await,
            Action::Uncordon(nodes) => self.cordon(nodes, false).await,
            Action::Drain { nodes, timeout_ms } => self.drain(nodes, *timeout_ms).await,
            Action::UpgradeNodes { to, surge, timeout_ms } => {
                self.upgrade_nodes(to, *surge, *timeout_ms).await
            }
            Action::RolloutUndo { target, to_revision } => self.undo(target, *to_revision).await,
            Action::Wait(wait) => self.wait(wait).await,
            Action::Assert(check) => self.assert(check, step),
        };
        done.map_err(|halt| match halt {
            Halt::StepFailed(why) => {
                Halt::StepFailed(format!("step \"{}\" failed at {}: {why}", step.label(), self.cluster.now()))
            }
            found @ Halt::Found(_) => found,
        })
    }

    async fn each(
        &mut self,
        objects: &[Arc<Object>],
        act: impl AsyncFn(&mut Self, &Arc<Object>) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for object in objects {
            act(self, object).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, object: &Arc<Object>) -> Result<(), Halt> {
        let (resource, key) = self.place(object).await?;
        let mut root = object.root().clone();
        if !key.namespace.is_empty() {
            root.set_at(&["metadata", "namespace"], key.namespace.clone());
        }
        let options = Options { field_manager: MANAGER.into(), ..Options::default() };
        let request = Request::patch(resource, &key, PatchType::Apply, root).options(options);
        self.succeed(request).await
    }

    async fn create(&mut self, object: &Arc<Object>) -> Result<(), Halt> {
        let (resource, key) = self.place(object).await?;
        let object = object.edited(|root| {
            if !key.namespace.is_empty() {
                root.set_at(&["metadata", "namespace"], key.namespace.clone());
            }
        });
        let options = Options { field_manager: MANAGER.into(), ..Options::default() };
        self.succeed(Request::create(resource, Arc::new(object)).options(options)).await
    }

    async fn delete_object(&mut self, object: &Arc<Object>) -> Result<(), Halt> {
        let (resource, key) = self.place(object).await?;
        self.succeed(Request::delete(resource, &key)).await
    }

    /// The resource of an object and its key there. The kind of a CRD that was just applied may take a moment to appear.
    async fn place(&mut self, object: &Object) -> Result<(Resource, ObjectKey), Halt> {
        let deadline = self.cluster.now() + KIND_WAIT_MS;
        loop {
            if let Some(kind) = self.cluster.server().registry().by_kind(object.api_version(), object.kind())
            {
                let namespace: Str = match (kind.namespaced, object.namespace()) {
                    (false, _) => Str::default(),
                    (true, "") => self.scenario.namespace.as_str().into(),
                    (true, namespace) => namespace.into(),
                };
                return Ok((kind.resource, ObjectKey::new(namespace, object.name())));
            }
            if self.cluster.now() >= deadline {
                let (kind, api_version) = (object.kind(), object.api_version());
                return Err(Halt::StepFailed(format!(
                    "no matches for kind \"{kind}\" in version \"{api_version}\""
                )));
            }
            let next = self.cluster.now() + WAIT_POLL_MS;
            self.pass_until(next).await?;
        }
    }

    pub(super) async fn succeed(&mut self, request: Request) -> Result<(), Halt> {
        let what = format!("{} {}", request.verb.as_str(), request.resource.map_or("", |r| r.plural()));
        let key = request.key();
        let answer = self.ask(request).await?;
        answer
            .failure()
            .map_or(Ok(()), |status| Err(Halt::StepFailed(format!("{what} {key}: {}", status.message))))
    }

    /// The resource that a kind's name means, with whether it is namespaced.
    fn kind(&self, kind: &KindName) -> Result<(Resource, bool), Halt> {
        let registry = self.cluster.server().registry();
        let found = registry.iter().find(|k| {
            kind.matches(k.resource.group(), k.resource.plural(), &k.kind)
                || k.singular == kind.0
                || k.short_names.iter().any(|short| *short == kind.0)
        });
        found
            .map(|kind| (kind.resource, kind.namespaced))
            .ok_or_else(|| Halt::StepFailed(format!("the server doesn't have a resource type \"{kind}\"")))
    }

    /// The keys that a target means now.
    pub(super) fn targets(&mut self, target: &Target) -> Result<(Resource, Vec<ObjectKey>), Halt> {
        let (resource, namespaced) = self.kind(target.kind())?;
        let namespace = target.namespace().unwrap_or(&self.scenario.namespace);
        let namespace = if namespaced { namespace } else { "" };
        let Target::Selected { selector, pick, .. } = target else {
            let Target::Named { name, .. } = target else { return Ok((resource, Vec::new())) };
            return Ok((resource, vec![ObjectKey::new(namespace, name.as_str())]));
        };
        let selector = LabelSelector::parse(selector.as_deref().unwrap_or_default())
            .map_err(|error| Halt::StepFailed(error.to_string()))?;
        let fits = |o: &&Arc<Object>| o.namespace() == namespace && selector.matches(o.labels());
        let all = self
            .cluster
            .server()
            .objects_of(resource)
            .filter(fits)
            .map(|o| ObjectKey::of(o))
            .collect::<Vec<_>>();
        let count = pick.of(all.len());
        let now = self.cluster.now().0.unsigned_abs();
        let draws = self.cluster.draws();
        let mut drawn: Vec<_> =
            all.into_iter().map(|key| (draws.nth(&["step", &key.name], now), key)).collect();
        drawn.sort();
        drawn.truncate(count);
        Ok((resource, drawn.into_iter().map(|(_, key)| key).collect()))
    }

    async fn delete(&mut self, target: &Target, cascade: Cascade, grace: Option<u64>) -> Result<(), Halt> {
        let (resource, keys) = self.targets(target)?;
        let propagation = match cascade {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
            Cascade::Orphan => "Orphan",
        };
        let grace_s = grace.and_then(|grace| i64::try_from(grace).ok());
        for key in keys {
            let options = Options { propagation: propagation.into(), grace_s, ..Options::default() };
            self.succeed(Request::delete(resource, &key).options(options)).await?;
        }
        Ok(())
    }

    async fn patch(
        &mut self,
        target: &Target,
        how: PatchType,
        patch: Value,
        subresource: Option<&str>,
    ) -> Result<(), Halt> {
        let (resource, keys) = self.targets(target)?;
        for key in keys {
            let options = Options {
                field_manager: MANAGER.into(),
                force: how == PatchType::Apply,
                ..Options::default()
            };
            let request = Request::patch(resource, &key, how, patch.clone()).options(options);
            self.succeed(request.subresource(subresource.unwrap_or_default())).await?;
        }
        Ok(())
    }

    async fn wait(&mut self, wait: &Wait) -> Result<(), Halt> {
        let deadline = self.cluster.now() + wait.timeout_ms;
        match &wait.until {
            WaitFor::Converged => self.wait_converged(wait.timeout_ms).await,
            WaitFor::Time(ms) => {
                let until = self.cluster.now() + *ms;
                self.pass_until(until).await
            }
            WaitFor::Condition { target, condition, status } => {
                let has =
                    |o: &Object| o.condition(condition).and_then(|c| c.str_at(&["status"])) == Some(status);
                let words = || format!("{condition}={status} of {target}");
                self.poll(target, deadline, |found| !found.is_empty() && found.iter().all(|o| has(o)), words)
                    .await
            }
            WaitFor::Delete(target) => {
                self.poll(target, deadline, |found| found.is_empty(), || format!("{target} to be deleted"))
                    .await
            }
        }
    }

    async fn poll(
        &mut self,
        target: &Target,
        deadline: Time,
        done: impl Fn(&[Arc<Object>]) -> bool,
        words: impl Fn() -> String,
    ) -> Result<(), Halt> {
        loop {
            let found = match self.targets(target) {
                Ok((resource, keys)) => {
                    keys.iter().filter_map(|key| self.cluster.server().get(resource, key).cloned()).collect()
                }
                Err(_) => Vec::new(), // a CRD may still be on its way
            };
            if done(&found) {
                return Ok(());
            }
            if self.cluster.now() >= deadline {
                return Err(Halt::StepFailed(format!("timed out waiting for {}", words())));
            }
            let next = self.cluster.now() + WAIT_POLL_MS;
            self.pass_until(next).await?;
        }
    }

    fn assert(&mut self, check: &crate::scenario::Check, step: &Step) -> Result<(), Halt> {
        let compiled =
            Compiled::of(&step.label(), check).map_err(|error| Halt::StepFailed(error.to_string()))?;
        compiled.start(&self.scenario.namespace).holds(self.cluster.server()).map_err(Halt::StepFailed)
    }
}

fn patch_type_of(how: How) -> PatchType {
    match how {
        How::Merge => PatchType::Merge,
        How::Json => PatchType::Json,
        How::Strategic => PatchType::Strategic,
        How::Apply => PatchType::Apply,
    }
}
