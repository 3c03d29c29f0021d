//! Steps that patch each of their targets: patch, scale, setImage, rolloutRestart, rolloutUndo.
//!
//! Real: kubectl's patches; for `kubectl rollout undo` its rollbackers. Modelled: a Deployment goes back to the template of the
//! ReplicaSet with the revision; a StatefulSet or DaemonSet gets the patch that a ControllerRevision holds.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Result, options};
use crate::explore::world::{Halt, World};
use crate::object::{Object, Value};
use crate::scenario::Target;
use crate::value;
use crate::wire::resource::{DEPLOYMENTS, REPLICA_SETS};
use crate::wire::{Options, PatchType, Request, Resource};

/// Annotation with the revision of a ReplicaSet.
const REVISION: &str = "deployment.kubernetes.io/revision";
/// Label that a Deployment adds to the templates of its ReplicaSets.
const TEMPLATE_HASH: &str = "pod-template-hash";

impl World<'_> {
    pub(super) async fn patch(
        &mut self,
        target: &Target,
        how: PatchType,
        patch: Value,
        subresource: Option<&str>,
    ) -> Result {
        let (resource, keys) = self.acted_on(target)?;
        for key in keys {
            let options = Options { force: how == PatchType::Apply, ..options() };
            let request = Request::patch(resource, &key, how, patch.clone()).options(options);
            self.succeed(request.subresource(subresource.unwrap_or_default())).await?;
        }
        Ok(())
    }

    pub(super) async fn scale(&mut self, target: &Target, replicas: u32) -> Result {
        let patch = value!({"spec": {"replicas": (i64::from(replicas))}});
        self.patch(target, PatchType::Merge, patch, Some("scale")).await
    }

    pub(super) async fn set_image(
        &mut self,
        target: &Target,
        containers: &BTreeMap<String, String>,
    ) -> Result {
        let images = containers
            .iter()
            .map(|(name, image)| value!({"name": (name.as_str()), "image": (image.as_str())}));
        let patch = value!({"spec": {"template": {"spec": {"containers": (Value::list(images))}}}});
        self.patch(target, PatchType::Strategic, patch, None).await
    }

    pub(super) async fn restart(&mut self, target: &Target) -> Result {
        let now = self.cluster.now().rfc3339();
        let annotations = value!({"kubectl.kubernetes.io/restartedAt": now});
        let patch = value!({"spec": {"template": {"metadata": {"annotations": annotations}}}});
        self.patch(target, PatchType::Strategic, patch, None).await
    }

    pub(super) async fn undo(&mut self, target: &Target, to: Option<u64>) -> Result {
        let (resource, keys) = self.acted_on(target)?;
        for key in keys {
            let Some(workload) = self.cluster.server().get(resource, &key).cloned() else {
                return Err(Halt::StepFailed(format!("{} {key} not found", resource.plural())));
            };
            let (how, patch) = if resource == *DEPLOYMENTS {
                let revision = |set: &Object| set.annotation(REVISION)?.parse().ok();
                let set = self.earlier(&workload, *REPLICA_SETS, revision, to)?;
                let mut template = set.at(&["spec", "template"]).cloned().unwrap_or_default();
                template.remove_at(&["metadata", "labels", TEMPLATE_HASH]);
                if workload.at(&["spec", "template"]) == Some(&template) {
                    continue;
                }
                (PatchType::Json, value!([{"op": "replace", "path": "/spec/template", "value": template}]))
            } else {
                let revision = |held: &Object| held.i64_at(&["revision"])?.try_into().ok();
                let of = Resource::new("apps/v1/controllerrevisions");
                let held = self.earlier(&workload, of, revision, to)?;
                (PatchType::Strategic, held.at(&["data"]).cloned().unwrap_or_default())
            };
            self.succeed(Request::patch(resource, &key, how, patch)).await?;
        }
        Ok(())
    }

    /// The object that holds the named revision of a workload, else the one before the newest.
    fn earlier(
        &self,
        workload: &Object,
        held: Resource,
        revision: impl Fn(&Object) -> Option<u64>,
        to: Option<u64>,
    ) -> Result<Arc<Object>> {
        let all = self.cluster.server().objects_of(held);
        let own = all.filter(|held| held.controller().is_some_and(|owner| owner.uid == workload.uid()));
        let mut own: Vec<_> = own.map(|held| (revision(held).unwrap_or(0), held)).collect();
        own.sort_by_key(|(revision, _)| Reverse(*revision));
        let found = match to {
            Some(to) => own.iter().find(|(revision, _)| *revision == to),
            None => own.get(1),
        };
        found.map(|(_, held)| Arc::clone(held)).ok_or_else(|| {
            let of = format!("{} {}", workload.kind(), workload.name());
            Halt::StepFailed(match to {
                Some(to) => format!("unable to find revision {to} of {of}"),
                None => format!("no rollout history found for {of}"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::Time;
    use crate::explore::tests::{held, scenario, wait, web};
    use crate::scenario::{Action, Step};
    use crate::wire::resource::{DEPLOYMENTS, PODS};

    #[test]
    fn a_stuck_rollout_is_undone() {
        let mut scenario = scenario();
        let bad = [("c".into(), "web:bad".into())].into();
        let set_image = Step::new(Action::SetImage { target: web(), containers: bad });
        let undo = Step::new(Action::RolloutUndo { target: web(), to_revision: None });
        scenario.steps = vec![set_image, wait(60_000), undo];
        let run = held(scenario, "");
        assert!(run.at(*PODS, Time(59_000)).len() == 4, "one pod of the bad image beside three that serve");
        let deployment = run.at(*DEPLOYMENTS, run.end).pop().unwrap();
        let containers = deployment.items_at(&["spec", "template", "spec", "containers"]);
        assert_eq!(containers[0].str_at(&["image"]), Some("web:1"));
    }
}
