//! Kubelets, about the containers of their pods.
//!
//! Real: kuberuntime_manager.go, images/image_manager.go, `rejectPod`. Modelled: what a status shows (starts, failed pulls with
//! the pull before them, images that are certainly present, back-offs, refused pods) and Killing, when a pod starts to terminate.
//! Not modelled, because no status shows it: successful pulls and how long they took, images that may have been present,
//! failed probes and hooks (Unhealthy, FailedPostStartHook) and the kills that follow.

use super::pods::node_of;
use super::report::{Reports, Source};
use crate::object::{Object, Str, Value};

/// The message of a rejected pod begins with this (`rejectPod`).
const REJECTED: &str = "Pod was rejected: ";
const FIELDS: [(&str, &str); 2] =
    [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")];

/// One container of a pod.
struct ReportedContainer<'a> {
    source: Source,
    pod: &'a Object,
    name: &'a str,
    /// Its entry in the spec.
    spec: &'a Value,
    path: Str,
}

impl Reports<'_> {
    /// What a kubelet reports when it writes a pod's status.
    pub(super) fn kubelet_on_pod(&mut self, node: &str, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        self.refused_pod(node, old, new);
        for (list, field) in FIELDS {
            for status in new.items_at(&["status", field]) {
                let name = status.str_at(&["name"]).unwrap_or_default();
                let of_name = |entry: &&Value| entry.str_at(&["name"]) == Some(name);
                let before = old.items_at(&["status", field]).iter().find(of_name);
                let spec = new.items_at(&["spec", list]).iter().find(of_name).unwrap_or(&Value::Null);
                let path = smol_str::format_smolstr!("spec.{list}{{{name}}}");
                let container =
                    ReportedContainer { source: Source::Kubelet(node.into()), pod: new, name, spec, path };
                self.starts(&container, status, before);
                self.waits(&container, status, before);
            }
        }
    }

    /// The node rejects the pod at admission.
    fn refused_pod(&mut self, node: &str, old: &Object, new: &Object) {
        let text = |field| new.str_at(&["status", field]).unwrap_or_default();
        let came = old.str_at(&["status", "phase"]) != Some("Failed") && text("phase") == "Failed";
        if let Some(message) = text("message").strip_prefix(REJECTED).filter(|_| came) {
            self.add(Source::Kubelet(node.into()), new, text("reason"), message.to_owned()).warn();
        }
    }

    fn add_for(&mut self, container: &ReportedContainer<'_>, warning: bool, reason: &str, message: String) {
        let report = self.add(container.source.clone(), container.pod, reason, message);
        report.warning = warning;
        report.involved.field_path = container.path.clone();
    }

    fn starts(&mut self, container: &ReportedContainer<'_>, status: &Value, before: Option<&Value>) {
        let id = |status: &Value| status.str_at(&["containerID"]).map(str::to_owned);
        let (now, was) = (id(status), before.and_then(id));
        if now.is_none() || now == was {
            return;
        }
        let policy = container.spec.str_at(&["imagePullPolicy"]);
        if policy == Some("Never") || (policy == Some("IfNotPresent") && was.is_some()) {
            let image = container.spec.str_at(&["image"]).unwrap_or_default();
            let message = format!(
                "Container image \"{image}\" already present on machine and can be accessed by the pod"
            );
            self.add_for(container, false, "Pulled", message);
        }
        // Texts of the kubelet since v1.35 (kuberuntime_container.go `startContainer`).
        self.add_for(container, false, "Created", "Container created".into());
        self.add_for(container, false, "Started", "Container started".into());
    }

    fn waits(&mut self, container: &ReportedContainer<'_>, status: &Value, before: Option<&Value>) {
        let waits = |status: &Value| status.str_at(&["state", "waiting", "reason"]).map(str::to_owned);
        let (Some(why), was) = (waits(status), before.and_then(waits)) else { return };
        if Some(&why) == was.as_ref() {
            return;
        }
        let image = status.str_at(&["image"]).unwrap_or_default();
        let pod = container.pod;
        match why.as_str() {
            // kuberuntime_manager.go `doBackOff`
            "CrashLoopBackOff" => {
                let (name, namespace, pod, uid) = (container.name, pod.namespace(), pod.name(), pod.uid());
                let message =
                    format!("Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})");
                self.add_for(container, true, "BackOff", message);
            }
            // images/image_manager.go
            "ImagePullBackOff" => {
                self.add_for(container, false, "BackOff", format!("Back-off pulling image \"{image}\""));
                self.add_for(container, true, "Failed", "Error: ImagePullBackOff".into());
            }
            "ErrImagePull" => {
                let why = status.str_at(&["state", "waiting", "message"]).unwrap_or_default();
                self.add_for(container, false, "Pulling", format!("Pulling image \"{image}\""));
                self.add_for(container, true, "Failed", format!("Failed to pull image \"{image}\": {why}"));
                self.add_for(container, true, "Failed", "Error: ErrImagePull".into());
            }
            _ => {}
        }
    }

    /// The kubelet stops the containers of a pod that starts to terminate.
    pub(super) fn containers_killed(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let Some(node) = node_of(new).filter(|_| new.is_terminating() && !old.is_terminating()) else {
            return;
        };
        for (list, field) in FIELDS {
            for status in new.items_at(&["status", field]) {
                if status.at(&["state", "running"]).is_some() {
                    let name = status.str_at(&["name"]).unwrap_or_default();
                    let message = format!("Stopping container {name}");
                    let report = self.add(Source::Kubelet(node.into()), new, "Killing", message);
                    report.involved.field_path = smol_str::format_smolstr!("spec.{list}{{{name}}}");
                }
            }
        }
    }
}
