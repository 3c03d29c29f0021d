//! What kubelets say of the containers of their pods.
//!
//! Real: kuberuntime_manager.go, images/image_manager.go, `rejectPod`. Modelled: what a status tells: starts, failed pulls with
//! the pull before them, images that are there for sure, back-offs, refused pods; Killing, when a pod is told to go. Not
//! modelled, because no status tells it: pulls that end well, how long they took, images that may have been there; what probes
//! and hooks answered (Unhealthy, FailedPostStartHook), and that a container is killed because of that.

use super::pods::node_of;
use super::telling::{Source, Telling};
use crate::object::{Object, Str, Value};

/// What the status of a refused pod begins with (`rejectPod`).
const REJECTED: &str = "Pod was rejected: ";
const FIELDS: [(&str, &str); 2] =
    [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")];

/// One container of a pod.
struct Part<'a> {
    source: Source,
    pod: &'a Object,
    name: &'a str,
    /// Its entry in the spec.
    spec: &'a Value,
    path: Str,
}

impl Telling<'_> {
    /// A kubelet's words on the containers of a pod.
    pub(super) fn run_pod(&mut self, node: &str, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        self.refused_pod(node, old, new);
        for (list, field) in FIELDS {
            for status in new.items_at(&["status", field]) {
                let name = status.str_at(&["name"]).unwrap_or_default();
                let of_name = |entry: &&Value| entry.str_at(&["name"]) == Some(name);
                let before = old.items_at(&["status", field]).iter().find(of_name);
                let spec = new.items_at(&["spec", list]).iter().find(of_name).unwrap_or(&Value::Null);
                let path = smol_str::format_smolstr!("spec.{list}{{{name}}}");
                let part = Part { source: Source::Kubelet(node.into()), pod: new, name, spec, path };
                self.starts(&part, status, before);
                self.waits(&part, status, before);
            }
        }
    }

    /// The node does not take it.
    fn refused_pod(&mut self, node: &str, old: &Object, new: &Object) {
        let text = |field| new.str_at(&["status", field]).unwrap_or_default();
        let came = old.str_at(&["status", "phase"]) != Some("Failed") && text("phase") == "Failed";
        if let Some(message) = text("message").strip_prefix(REJECTED).filter(|_| came) {
            self.tell(Source::Kubelet(node.into()), new, text("reason"), message.to_owned()).warn();
        }
    }

    fn part(&mut self, part: &Part<'_>, warning: bool, reason: &str, message: String) {
        let word = self.tell(part.source.clone(), part.pod, reason, message);
        word.warning = warning;
        word.about.field_path = part.path.clone();
    }

    fn starts(&mut self, part: &Part<'_>, status: &Value, before: Option<&Value>) {
        let id = |status: &Value| status.str_at(&["containerID"]).map(str::to_owned);
        let (now, was) = (id(status), before.and_then(id));
        if now.is_none() || now == was {
            return;
        }
        let policy = part.spec.str_at(&["imagePullPolicy"]);
        if policy == Some("Never") || (policy == Some("IfNotPresent") && was.is_some()) {
            let image = part.spec.str_at(&["image"]).unwrap_or_default();
            let message = format!(
                "Container image \"{image}\" already present on machine and can be accessed by the pod"
            );
            self.part(part, false, "Pulled", message);
        }
        // Texts of the kubelet since v1.35 (kuberuntime_container.go `startContainer`).
        self.part(part, false, "Created", "Container created".into());
        self.part(part, false, "Started", "Container started".into());
    }

    fn waits(&mut self, part: &Part<'_>, status: &Value, before: Option<&Value>) {
        let waits = |status: &Value| status.str_at(&["state", "waiting", "reason"]).map(str::to_owned);
        let (Some(why), was) = (waits(status), before.and_then(waits)) else { return };
        if Some(&why) == was.as_ref() {
            return;
        }
        let image = status.str_at(&["image"]).unwrap_or_default();
        let pod = part.pod;
        match why.as_str() {
            // kuberuntime_manager.go `doBackOff`
            "CrashLoopBackOff" => {
                let (name, space, pod, uid) = (part.name, pod.namespace(), pod.name(), pod.uid());
                let message =
                    format!("Back-off restarting failed container {name} in pod {pod}_{space}({uid})");
                self.part(part, true, "BackOff", message);
            }
            // images/image_manager.go
            "ImagePullBackOff" => {
                self.part(part, false, "BackOff", format!("Back-off pulling image \"{image}\""));
                self.part(part, true, "Failed", "Error: ImagePullBackOff".into());
            }
            "ErrImagePull" => {
                let said = status.str_at(&["state", "waiting", "message"]).unwrap_or_default();
                self.part(part, false, "Pulling", format!("Pulling image \"{image}\""));
                self.part(part, true, "Failed", format!("Failed to pull image \"{image}\": {said}"));
                self.part(part, true, "Failed", "Error: ErrImagePull".into());
            }
            _ => {}
        }
    }

    /// The kubelet stops the containers of a pod that is told to go.
    pub(super) fn killed(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let Some(node) = node_of(new).filter(|_| new.is_terminating() && !old.is_terminating()) else {
            return;
        };
        for (list, field) in FIELDS {
            for status in new.items_at(&["status", field]) {
                if status.at(&["state", "running"]).is_some() {
                    let name = status.str_at(&["name"]).unwrap_or_default();
                    let message = format!("Stopping container {name}");
                    let word = self.tell(Source::Kubelet(node.into()), new, "Killing", message);
                    word.about.field_path = smol_str::format_smolstr!("spec.{list}{{{name}}}");
                }
            }
        }
    }
}
