//! `kubectl rollout undo`: back to the template of an earlier revision.
//!
//! Real: kubectl's rollbackers. Modelled: for a Deployment the template of the ReplicaSet with that revision; for StatefulSets and
//! DaemonSets the patch that a ControllerRevision holds.

use std::sync::Arc;

use super::world::{Halt, World};
use crate::object::Object;
use crate::scenario::Target;
use crate::value;
use crate::wire::resource::{DEPLOYMENTS, REPLICA_SETS};
use crate::wire::{ObjectKey, PatchType, Request, Resource};

/// Annotation with the revision of a ReplicaSet.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Label that a Deployment adds to the templates of its ReplicaSets.
const TEMPLATE_HASH: &str = "pod-template-hash";

impl World<'_> {
    pub(super) async fn undo(&mut self, target: &Target, to: Option<u64>) -> Result<(), Halt> {
        let (resource, keys) = self.targets(target)?;
        for key in keys {
            let Some(workload) = self.cluster.server().get(resource, &key).cloned() else {
                return Err(Halt::StepFailed(format!("{} {key} not found", resource.plural())));
            };
            let request = if resource == *DEPLOYMENTS {
                self.undo_deployment(&workload, to)?
            } else {
                self.undo_by_patch(resource, &workload, to)?
            };
            if let Some(request) = request {
                self.succeed(request).await?;
            }
        }
        Ok(())
    }

    /// The revisions of a workload with the objects that hold them, the newest first.
    fn revisions(
        &self,
        of: &Object,
        held: Resource,
        revision: impl Fn(&Object) -> u64,
    ) -> Vec<(u64, Arc<Object>)> {
        let all = self.cluster.server().objects_of(held);
        let own = all.filter(|object| object.controller().is_some_and(|owner| owner.uid == of.uid()));
        let mut own: Vec<_> = own.map(|object| (revision(object), object.clone())).collect();
        own.sort_by_key(|(revision, _)| std::cmp::Reverse(*revision));
        own
    }

    fn undo_deployment(&self, deployment: &Object, to: Option<u64>) -> Result<Option<Request>, Halt> {
        let revision =
            |set: &Object| set.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or(0);
        let set = earlier(deployment, self.revisions(deployment, *REPLICA_SETS, revision), to)?;
        let mut template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
        template.remove_at(&["metadata", "labels", TEMPLATE_HASH]);
        if deployment.at(&["spec", "template"]) == Some(&template) {
            return Ok(None);
        }
        let patch = value!([{"op": "replace", "path": "/spec/template", "value": template}]);
        Ok(Some(Request::patch(*DEPLOYMENTS, &ObjectKey::of(deployment), PatchType::Json, patch)))
    }

    fn undo_by_patch(
        &self,
        resource: Resource,
        of: &Object,
        to: Option<u64>,
    ) -> Result<Option<Request>, Halt> {
        let revision =
            |held: &Object| held.i64_at(&["revision"]).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let revisions = self.revisions(of, Resource::new("apps/v1/controllerrevisions"), revision);
        let held = earlier(of, revisions, to)?;
        let patch = held.at(&["data"]).cloned().unwrap_or_default();
        Ok(Some(Request::patch(resource, &ObjectKey::of(of), PatchType::Strategic, patch)))
    }
}

/// The revision to go back to: the one that is named, else the one before the newest.
fn earlier(of: &Object, revisions: Vec<(u64, Arc<Object>)>, to: Option<u64>) -> Result<Arc<Object>, Halt> {
    let found = match to {
        Some(to) => revisions.into_iter().find(|(revision, _)| *revision == to),
        None => revisions.into_iter().nth(1),
    };
    let missing = || match to {
        Some(to) => format!("unable to find revision {to} of {} {}", of.kind(), of.name()),
        None => format!("no rollout history found for {} {}", of.kind(), of.name()),
    };
    found.map(|(_, held)| held).ok_or_else(|| Halt::StepFailed(missing()))
}
