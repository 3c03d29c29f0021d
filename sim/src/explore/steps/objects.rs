//! Steps on objects: apply, create, delete.
//!
//! Real: `kubectl apply --server-side`, `kubectl create`, `kubectl delete --wait=false`. Modelled: the requests, one after the
//! other, and that a kind whose CRD was just applied may take a moment to appear.

use std::sync::Arc;

use super::{Result, options};
use crate::engine::{Millis, SECOND};
use crate::explore::world::{Halt, World};
use crate::object::{Object, Str};
use crate::scenario::{Cascade, Target};
use crate::wire::{ObjectKey, Options, PatchType, Request, Resource};

/// How long a step waits for the kind of an object, in ms.
const KIND_WAIT_MS: Millis = 10 * SECOND;
/// How often it looks for the kind, in ms. Virtual, so it costs little.
const KIND_POLL_MS: Millis = 100;

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

    pub(super) async fn delete_objects(&mut self, objects: &[Arc<Object>]) -> Result {
        for object in objects {
            self.delete_one(object).await.map_err(|halt| self.with_place(halt, object))?;
        }
        Ok(())
    }

    async fn delete_one(&mut self, object: &Object) -> Result {
        let (resource, key) = self.place(object).await?;
        self.succeed(Request::delete(resource, &key)).await
    }

    /// A failure at an object, with the place of its manifest.
    fn with_place(&self, halt: Halt, object: &Arc<Object>) -> Halt {
        match (halt, self.scenario.places.of_object(object)) {
            (Halt::StepFailed(why), Some(place)) => Halt::StepFailed(format!("{why} ({place})")),
            (halt, _) => halt,
        }
    }

    pub(super) async fn delete(&mut self, target: &Target, cascade: Cascade, grace: Option<u64>) -> Result {
        let (resource, keys) = self.acted_on(target)?;
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
