//! What one commit of a component says. The texts are recorded (`ctl-*` cases) or those of the source that is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::{Object, OwnerRef, Str, Value};
use crate::wire::Commit;
use crate::wire::resource::{CRON_JOBS, JOBS, NODES, PODS, REPLICA_SETS};

/// The actor that the controllers are.
const MANAGER: &str = "kube-controller-manager";
/// The actor that the scheduler is.
const SCHEDULER: &str = "kube-scheduler";

/// Who tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Source {
    /// A controller, by its name.
    Controller(&'static str),
    /// The kubelet of a node.
    Kubelet(Str),
    /// The scheduler, which tells by the newer API.
    Scheduler,
}

/// Whom it is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct About {
    pub(super) api_version: Str,
    pub(super) kind: Str,
    pub(super) namespace: Str,
    pub(super) name: Str,
    pub(super) uid: Str,
    /// The part of it, such as one container.
    pub(super) field_path: Str,
}

/// One thing that is told.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) source: Source,
    pub(super) about: About,
    /// The resourceVersion of what it is about; nothing where that is not known.
    pub(super) version: Str,
    pub(super) warning: bool,
    pub(super) reason: Str,
    pub(super) message: String,
}

/// Objects by uid, as they are before the commit.
pub(super) type Known = BTreeMap<Str, Arc<Object>>;

/// What this commit says.
pub(super) fn words(known: &Known, actor: &str, commit: &Commit) -> Vec<Word> {
    let mut told = Telling { known, words: Vec::new() };
    let (old, new) = (commit.old.as_deref(), commit.new.as_deref());
    let kubelet = actor.strip_prefix("kubelet/");
    if commit.resource == *PODS {
        match (actor, kubelet) {
            (SCHEDULER, _) => told.scheduled(old, new),
            (MANAGER, _) => told.managed_pod(old, new),
            (_, Some(node)) => told.run_pod(&Source::Kubelet(node.into()), old, new),
            _ => {}
        }
        told.killed(old, new);
    } else if commit.resource == *NODES {
        told.node(kubelet, old, new);
    } else if actor == MANAGER && commit.resource == *REPLICA_SETS {
        told.scaled(old, new);
    } else if actor == MANAGER && commit.resource == *JOBS {
        told.job(old, new);
    } else if actor == MANAGER && commit.resource == *CRON_JOBS {
        told.cron_job(old, new);
    }
    told.words
}

struct Telling<'a> {
    known: &'a Known,
    words: Vec<Word>,
}

impl Telling<'_> {
    fn tell(&mut self, source: Source, about: &Object, reason: &str, message: String) -> &mut Word {
        let version = about.meta("resourceVersion").into();
        let about = About {
            api_version: about.api_version().into(),
            kind: about.kind().into(),
            namespace: about.namespace().into(),
            name: about.name().into(),
            uid: about.uid().into(),
            field_path: Str::default(),
        };
        self.words.push(Word { source, about, version, warning: false, reason: reason.into(), message });
        self.words.last_mut().expect("pushed above")
    }

    /// As [`tell`](Self::tell), about the controller of an object, if it is there.
    fn tell_owner(
        &mut self,
        of: &Object,
        told: impl Fn(OwnerRef<'_>) -> Option<(&'static str, Str, String)>,
    ) {
        let Some(owner) = of.controller() else { return };
        let Some(object) = self.known.get(owner.uid).cloned() else { return };
        if let Some((controller, reason, message)) = told(owner) {
            self.tell(Source::Controller(controller), &object, &reason, message);
        }
    }

    /// The scheduler's words on a pod.
    fn scheduled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        if let (None, Some(node)) = (node_of(old), node_of(new)) {
            let message = format!("Successfully assigned {}/{} to {node}", new.namespace(), new.name());
            self.tell(Source::Scheduler, old, "Scheduled", message);
        }
        let why = |pod: &Object| {
            pod.condition("PodScheduled").and_then(|c| c.str_at(&["message"])).map(str::to_owned)
        };
        if let Some(message) = why(new).filter(|message| Some(message) != why(old).as_ref()) {
            self.tell(Source::Scheduler, old, "FailedScheduling", message).warning = true;
        }
    }

    /// What the controllers say when they create, delete or mark a pod.
    fn managed_pod(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(pod) = new.or(old) else { return };
        if old.is_none() {
            return self.tell_owner(pod, |owner| created_or_deleted(owner, pod.name(), true));
        }
        let goes = |pod: Option<&Object>| pod.is_none_or(Object::is_terminating);
        let marked = pod.condition("DisruptionTarget").and_then(|c| c.str_at(&["reason"]));
        if marked == Some("DeletionByTaintManager") {
            if old.is_some_and(|old| old.condition("DisruptionTarget").is_none()) {
                let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
                self.tell(
                    Source::Controller("taint-eviction-controller"),
                    pod,
                    "TaintManagerEviction",
                    message,
                );
            }
        } else if goes(new) && !goes(old) && marked.is_none() && !self.goes_with_its_owner(pod) {
            self.tell_owner(pod, |owner| created_or_deleted(owner, pod.name(), false));
        }
        let is_ready = |pod: &Object| pod.is_condition_true("Ready");
        if new.is_some_and(|new| !is_ready(new)) && old.is_some_and(is_ready) {
            let message = "Node is not ready".to_owned();
            self.tell(Source::Controller("node-controller"), pod, "NodeNotReady", message).warning = true;
        }
    }

    /// Whether the garbage collector or the namespace controller deletes it.
    fn goes_with_its_owner(&self, pod: &Object) -> bool {
        let owner = pod.controller().and_then(|owner| self.known.get(owner.uid));
        let in_going_namespace = self.known.values().any(|object| {
            object.kind() == "Namespace" && object.name() == pod.namespace() && object.is_terminating()
        });
        in_going_namespace || owner.is_none_or(|owner| owner.is_terminating())
    }

    /// A kubelet's words on the containers of a pod.
    fn run_pod(&mut self, kubelet: &Source, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        for field in ["initContainerStatuses", "containerStatuses"] {
            for status in new.items_at(&["status", field]) {
                let name = status.str_at(&["name"]).unwrap_or_default();
                let before =
                    old.items_at(&["status", field]).iter().find(|s| s.str_at(&["name"]) == Some(name));
                self.run_container(kubelet, new, status, before);
            }
        }
    }

    fn run_container(&mut self, kubelet: &Source, pod: &Object, status: &Value, before: Option<&Value>) {
        let name = status.str_at(&["name"]).unwrap_or_default();
        let mut tell = |warning: bool, reason: &str, message: String| {
            let word = self.tell(kubelet.clone(), pod, reason, message);
            word.warning = warning;
            word.about.field_path = field_path(pod, name);
        };
        let id = |status: &Value| status.str_at(&["containerID"]).map(str::to_owned);
        if let Some(id_now) = id(status)
            && before.and_then(id).as_ref() != Some(&id_now)
        {
            // Texts of the kubelet since v1.35 (kuberuntime_container.go `startContainer`).
            tell(false, "Created", "Container created".into());
            tell(false, "Started", "Container started".into());
        }
        let waits = |status: &Value| status.str_at(&["state", "waiting", "reason"]).map(str::to_owned);
        let (Some(why), was) = (waits(status), before.and_then(waits)) else { return };
        if Some(&why) == was.as_ref() {
            return;
        }
        let image = status.str_at(&["image"]).unwrap_or_default();
        let (space, pod_name, uid) = (pod.namespace(), pod.name(), pod.uid());
        match why.as_str() {
            // kuberuntime_manager.go `doBackOff`
            "CrashLoopBackOff" => {
                let message =
                    format!("Back-off restarting failed container {name} in pod {pod_name}_{space}({uid})");
                tell(true, "BackOff", message);
            }
            // images/image_manager.go
            "ImagePullBackOff" => {
                tell(false, "BackOff", format!("Back-off pulling image \"{image}\""));
                tell(true, "Failed", "Error: ImagePullBackOff".into());
            }
            "ErrImagePull" => {
                let said = status.str_at(&["state", "waiting", "message"]).unwrap_or_default();
                tell(true, "Failed", format!("Failed to pull image \"{image}\": {said}"));
                tell(true, "Failed", "Error: ErrImagePull".into());
            }
            _ => {}
        }
    }

    /// The kubelet stops the containers of a pod that is told to go.
    fn killed(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let Some(node) = node_of(new).filter(|_| new.is_terminating() && !old.is_terminating()) else {
            return;
        };
        let node = Str::from(node);
        for status in new.items_at(&["status", "containerStatuses"]) {
            if status.at(&["state", "running"]).is_some() {
                let name = status.str_at(&["name"]).unwrap_or_default();
                let message = format!("Stopping container {name}");
                let word = self.tell(Source::Kubelet(node.clone()), new, "Killing", message);
                word.about.field_path = field_path(new, name);
            }
        }
    }

    /// What is said of a node: by the node controller, and by its kubelet when it is ready.
    fn node(&mut self, kubelet: Option<&str>, old: Option<&Object>, new: Option<&Object>) {
        let Some(node) = new.or(old) else { return };
        let (name, is_ready) = (node.name(), |node: &Object| node.is_condition_true("Ready"));
        let status = |ready: &str| format!("Node {name} status is now: {ready}");
        let (reason, message) = match (old.map(is_ready), new.map(is_ready), kubelet) {
            (None, ..) => {
                ("RegisteredNode", format!("Node {name} event: Registered Node {name} in Controller"))
            }
            (_, None, _) => {
                ("RemovingNode", format!("Node {name} event: Removing Node {name} from Controller"))
            }
            (Some(true), Some(false), None) => ("NodeNotReady", status("NodeNotReady")),
            (Some(false), Some(true), Some(kubelet)) => {
                // A kubelet knows its node by name alone.
                let source = Source::Kubelet(kubelet.into());
                self.tell(source, node, "NodeReady", status("NodeReady")).about.uid = name.into();
                return;
            }
            _ => return,
        };
        self.tell(Source::Controller("node-controller"), node, reason, message);
    }

    /// What a Deployment says when it scales a replica set.
    fn scaled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(set) = new else { return };
        let size = |set: &Object| set.i64_at(&["spec", "replicas"]).unwrap_or(0);
        let (from, to) = (old.map_or(0, size), size(set));
        if from == to {
            return;
        }
        self.tell_owner(set, |owner| {
            let way = if to > from { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {} from {from} to {to}", set.name());
            (owner.kind == "Deployment")
                .then(|| ("deployment-controller", "ScalingReplicaSet".into(), message))
        });
    }

    /// What a job says of its end, and a cron job of a job that it created.
    fn job(&mut self, old: Option<&Object>, new: Option<&Object>) {
        const CONTROLLER: Source = Source::Controller("job-controller");
        let Some(job) = new else { return };
        let Some(old) = old else {
            return self.tell_owner(job, |owner| {
                let message = format!("Created job {}", job.name());
                (owner.kind == "CronJob").then(|| ("cronjob-controller", "SuccessfulCreate".into(), message))
            });
        };
        let came = |kind: &str| job.is_condition_true(kind) && !old.is_condition_true(kind);
        if came("Complete") {
            self.tell(CONTROLLER, job, "Completed", "Job completed".into());
        }
        if came("Suspended") {
            self.tell(CONTROLLER, job, "Suspended", "Job suspended".into());
        } else if old.is_condition_true("Suspended") && !job.is_condition_true("Suspended") {
            self.tell(CONTROLLER, job, "Resumed", "Job resumed".into());
        }
        if came("Failed")
            && let Some(condition) = job.condition("Failed")
        {
            let (reason, message) = (condition.str_at(&["reason"]), condition.str_at(&["message"]));
            let message = message.unwrap_or_default().to_owned();
            self.tell(CONTROLLER, job, reason.unwrap_or_default(), message).warning = true;
        }
    }

    /// What a cron job says of jobs that it no longer counts as active.
    fn cron_job(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let active = new.items_at(&["status", "active"]);
        for reference in old.items_at(&["status", "active"]).iter().filter(|r| !active.contains(r)) {
            let job = reference.str_at(&["uid"]).and_then(|uid| self.known.get(uid)).cloned();
            let ended = job
                .as_deref()
                .and_then(|job| ["Complete", "Failed"].into_iter().find(|kind| job.is_condition_true(kind)));
            if let (Some(job), Some(condition)) = (job, ended) {
                let message = format!("Saw completed job: {}, condition: {condition}", job.name());
                self.tell(Source::Controller("cronjob-controller"), new, "SawCompletedJob", message);
            }
        }
    }
}

/// What a pod's controller says of its creation or deletion.
fn created_or_deleted(owner: OwnerRef<'_>, pod: &str, created: bool) -> Option<(&'static str, Str, String)> {
    let reason = if created { "SuccessfulCreate" } else { "SuccessfulDelete" };
    let done = if created { "Created" } else { "Deleted" };
    let (controller, message) = match owner.kind {
        "ReplicaSet" => ("replicaset-controller", format!("{done} pod: {pod}")),
        "ReplicationController" => ("replication-controller", format!("{done} pod: {pod}")),
        "DaemonSet" => ("daemonset-controller", format!("{done} pod: {pod}")),
        "Job" => ("job-controller", format!("{done} pod: {pod}")),
        "StatefulSet" => {
            let doing = if created { "Create" } else { "Delete" };
            ("statefulset-controller", format!("{doing} Pod {pod} in StatefulSet {} successful", owner.name))
        }
        _ => return None,
    };
    Some((controller, reason.into(), message))
}

fn node_of(pod: &Object) -> Option<&str> {
    pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty())
}

fn field_path(pod: &Object, container: &str) -> Str {
    let inits = pod.items_at(&["spec", "initContainers"]);
    let list = if inits.iter().any(|c| c.str_at(&["name"]) == Some(container)) {
        "initContainers"
    } else {
        "containers"
    };
    smol_str::format_smolstr!("spec.{list}{{{container}}}")
}
