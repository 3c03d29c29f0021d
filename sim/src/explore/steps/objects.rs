//! Steps on objects: apply, create, delete.
//!
//! Real: `kubectl apply --server-side`, `kubectl create`, `kubectl delete`. Modelled: the requests, one after the other; that a
//! kind whose CRD was just applied may take a moment to appear; that a deletion waits until its objects are gone, or others
//! have their names. Differs: the wait ends in time, as a failure that says what holds the objects.

use std::sync::Arc;

use super::{Result, options};
use crate::convergence::pending;
use crate::engine::{Millis, SECOND};
use crate::explore::world::{Halt, World};
use crate::object::{Object, Str};
use crate::scenario::{Cascade, Target};
use crate::wire::{ObjectKey, Options, PatchType, Request, Resource};

/// How long a step waits for the kind of an object, in ms.
const KIND_WAIT_MS: Millis = 10 * SECOND;
/// How often it looks for the kind, in ms. Virtual, so it costs little.
const KIND_POLL_MS: Millis = 100;

/// How often it looks whether a deleted object is gone, in ms.
const GONE_POLL_MS: Millis = 100;

/// An object that a step deletes.
struct Doomed {
    resource: Resource,
    key: ObjectKey,
    uid: Str,
}

impl Doomed {
    /// The object, if it is still there. Another with its name is none.
    fn in_world(&self, world: &World<'_>) -> Option<Arc<Object>> {
        let found = world.cluster.server().get(self.resource, &self.key)?;
        (found.uid() == self.uid).then(|| found.clone())
    }
}

impl World<'_> {
    pub(super) async fn apply(&mut self, objects: &[Arc<Object>]) -> Result {
        for object in objects {
            self.apply_one(object).await.map_err(|halt| self.with_place(halt, object))?;
        }
        Ok(())
    }

    async fn apply_one(&mut self, object: &Object) -> Result {
        let (resource, key) = self.place(object).await?;
        let root = placed(object, &key).root().clone();
        self.succeed(Request::patch(resource, &key, PatchType::Apply, root).options(options())).await
    }

    pub(super) async fn create(&mut self, objects: &[Arc<Object>]) -> Result {
        for object in objects {
            self.create_one(object).await.map_err(|halt| self.with_place(halt, object))?;
        }
        Ok(())
    }

    async fn create_one(&mut self, object: &Object) -> Result {
        let (resource, key) = self.place(object).await?;
        let request = Request::create(resource, Arc::new(placed(object, &key)));
        self.succeed(request.options(options())).await
    }

    pub(super) async fn delete_objects(
        &mut self,
        objects: &[Arc<Object>],
        timeout: Option<Millis>,
    ) -> Result {
        let mut deleted = Vec::new();
        for object in objects {
            let done = self.delete_one(object).await;
            deleted.push(done.map_err(|halt| self.with_place(halt, object))?);
        }
        self.until_gone(&deleted, timeout).await
    }

    async fn delete_one(&mut self, object: &Object) -> Result<Doomed> {
        let (resource, key) = self.place(object).await?;
        let doomed = self.doomed(resource, &key);
        self.succeed(Request::delete(resource, &key)).await?;
        Ok(doomed)
    }

    fn doomed(&self, resource: Resource, key: &ObjectKey) -> Doomed {
        let uid = self.cluster.server().get(resource, key).map(|object| object.uid().into());
        Doomed { resource, key: key.clone(), uid: uid.unwrap_or_default() }
    }

    /// Waits until all of these are gone.
    async fn until_gone(&mut self, doomed: &[Doomed], timeout: Option<Millis>) -> Result {
        let Some(timeout) = timeout else { return Ok(()) };
        let left = |world: &Self| doomed.iter().find_map(|doomed| doomed.in_world(world));
        let deadline = self.cluster.now() + timeout;
        let gone = |world: &mut Self| left(world).is_none().then_some(());
        if self.look_until(deadline, GONE_POLL_MS, gone).await?.is_some() {
            return Ok(());
        }
        let holds = left(self).map_or(String::new(), |object| {
            let why = pending(&object, &()).map(|reason| reason.to_string());
            why.unwrap_or_else(|| format!("{} {} is still there", object.kind(), ObjectKey::of(&object)))
        });
        let timeout = crate::scenario::range::Millis(timeout);
        Err(Halt::StepFailed(format!("timed out after {timeout} waiting for a deletion: {holds}")))
    }

    /// A failure at an object, with the place of its manifest.
    fn with_place(&self, halt: Halt, object: &Arc<Object>) -> Halt {
        match (halt, self.scenario.places.of_object(object)) {
            (Halt::StepFailed(why), Some(place)) => Halt::StepFailed(format!("{why} ({place})")),
            (halt, _) => halt,
        }
    }

    pub(super) async fn delete(
        &mut self,
        target: &Target,
        cascade: Cascade,
        grace: Option<u64>,
        timeout: Option<Millis>,
    ) -> Result {
        let (resource, keys) = self.acted_on(target)?;
        let propagation = match cascade {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
            Cascade::Orphan => "Orphan",
        };
        let grace_s = grace.and_then(|grace| i64::try_from(grace).ok());
        let mut doomed = Vec::new();
        for key in keys {
            doomed.push(self.doomed(resource, &key));
            let options = Options { propagation: propagation.into(), grace_s, ..Options::default() };
            self.succeed(Request::delete(resource, &key).options(options)).await?;
        }
        self.until_gone(&doomed, timeout).await
    }

    /// The resource of an object and its key there.
    async fn place(&mut self, object: &Object) -> Result<(Resource, ObjectKey)> {
        let (api_version, kind) = (object.api_version(), object.kind());
        let look = |world: &mut Self| {
            let kind = world.cluster.server().registry().by_kind(api_version, kind)?;
            let namespace: Str = match (kind.namespaced, object.namespace()) {
                (false, _) => Str::default(),
                (true, "") => world.scenario.namespace.as_str().into(),
                (true, namespace) => namespace.into(),
            };
            Some((kind.resource, ObjectKey::new(namespace, object.name())))
        };
        let deadline = self.cluster.now() + KIND_WAIT_MS;
        let place = self.look_until(deadline, KIND_POLL_MS, look).await?;
        place.ok_or_else(|| {
            Halt::StepFailed(format!("no matches for kind \"{kind}\" in version \"{api_version}\""))
        })
    }
}

/// The object with the namespace that it goes to.
fn placed(object: &Object, key: &ObjectKey) -> Object {
    object.edited(|root| {
        if !key.namespace.is_empty() {
            root.set_at(&["metadata", "namespace"], key.namespace.clone());
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::engine::{SECOND, Time};
    use crate::explore::tests::{held, played, scenario};
    use crate::object::Object;
    use crate::scenario::{Action, Scenario, Step, Target, UntilGone};
    use crate::value;
    use crate::wire::resource::CONFIG_MAPS;

    /// Deletes a ConfigMap that a finalizer holds for ever, unless the next step takes it off; then creates another.
    fn deleting(until_gone: UntilGone, by_manifest: bool) -> Scenario {
        let mut scenario = scenario();
        let map = value!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "kept", "namespace": "default", "finalizers": ["example.com/keep"]}
        });
        let after = value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after"}});
        let (map, after) = (Object::shared(map), Object::shared(after));
        let target = Target::Named { kind: "cm".into(), namespace: None, name: "kept".into() };
        let cascade = crate::scenario::Cascade::Background;
        let delete = if by_manifest {
            Action::DeleteObjects(vec![map.clone()], until_gone)
        } else {
            Action::Delete { target, cascade, grace_period_seconds: None, until_gone }
        };
        scenario.setup.push(Step::new(Action::Create(vec![map])));
        scenario.steps = vec![Step::new(delete), Step::new(Action::Create(vec![after]))];
        scenario
    }

    #[test]
    fn a_deletion_that_a_finalizer_holds_fails_in_time_and_says_what_holds_it() {
        for by_manifest in [false, true] {
            let until_gone = UntilGone { timeout_ms: Some(30 * SECOND), ..UntilGone::default() };
            let run = played(deleting(until_gone, by_manifest), "");
            let found = run.violation.expect("the finalizer stays");
            assert_eq!(found.oracle, "step");
            for part in [
                "failed at 30.",
                "timed out after 30s waiting for a deletion: ConfigMap default/kept",
                "example.com/keep",
            ] {
                assert!(found.message.contains(part), "`{part}` is missing in: {found}");
            }
        }
    }

    #[test]
    fn a_deletion_that_does_not_wait_goes_on_at_once() {
        let until_gone = UntilGone { wait: Some(false), timeout_ms: None };
        let run = played(deleting(until_gone, false), "");
        let after = run.at(*CONFIG_MAPS, Time(1000));
        assert!(after.iter().any(|map| map.name() == "after"), "{after:?}");
    }

    #[test]
    fn a_deletion_waits_until_the_object_is_gone_and_no_longer() {
        let mut scenario = scenario();
        let web = || Target::Selected {
            kind: "pod".into(),
            namespace: None,
            selector: Some("app=web".into()),
            pick: crate::scenario::Pick::All,
        };
        let cascade = crate::scenario::Cascade::Background;
        let until_gone = UntilGone::default();
        let delete = Action::Delete { target: web(), cascade, grace_period_seconds: None, until_gone };
        let after = value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after"}});
        scenario.steps = vec![Step::new(delete), Step::new(Action::Create(vec![Object::shared(after)]))];
        let run = held(scenario, "");
        let pods = *crate::wire::resource::PODS;
        let (created, _) = run.commits().find(|(_, commit)| commit.key.name == "after").unwrap();
        let gone: Vec<Time> =
            run.commits().filter(|(_, c)| c.resource == pods && c.new.is_none()).map(|(at, _)| at).collect();
        assert_eq!(gone.len(), 3);
        let last = *gone.iter().max().unwrap();
        assert!(created >= last && created.since(last) < 200, "{created} after {last}");
    }
}
