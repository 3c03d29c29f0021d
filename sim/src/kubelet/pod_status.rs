//! The status that a pod's containers add up to, field by field as the kubelet writes it.
//!
//! Real: `generateAPIPodStatus`. Modelled: phase, the five conditions, addresses, container statuses, with
//! `observedGeneration`. Not modelled: readiness gates; in container statuses `resources`, `user` and `volumeMounts`,
//! which only repeat the spec. The fields of a condition follow general knowledge where no kubelet was recorded.

use super::container::{Container, RestartPolicy, Role, Shown, Terminated, Waiting};
use crate::engine::Time;
use crate::object::{Key, Map, Object, Str, Value};
use crate::{key, value};

/// What a status is made from.
pub(super) struct Facts<'a> {
    pub(super) pod: &'a Object,
    pub(super) containers: &'a [Container],
    pub(super) restart: RestartPolicy,
    /// Since when the kubelet has it.
    pub(super) started: Time,
    pub(super) host_ip: &'a str,
    /// Its address, once its sandbox is up.
    pub(super) pod_ip: Option<&'a str>,
    /// Whether nothing of it will ever run again.
    pub(super) over: bool,
    /// The status before: conditions that stay as they are keep their time.
    pub(super) before: &'a Value,
    pub(super) now: Time,
}

/// The wanted status: the kubelet's own fields only.
pub(super) fn pod_status(facts: &Facts<'_>) -> Value {
    let phase = phase(facts);
    let mut entries: Vec<(Key, Value)> = vec![
        (key!("conditions"), Value::list(conditions(facts, phase))),
        (key!("containerStatuses"), Value::list(container_statuses(facts))),
        (key!("hostIP"), facts.host_ip.into()),
        (key!("hostIPs"), value!([{"ip": (facts.host_ip)}])),
        (key!("observedGeneration"), facts.pod.generation().into()),
        (key!("phase"), phase.into()),
    ];
    if facts.containers.iter().any(|container| container.role != Role::Main) {
        let init = facts.containers.iter().filter(|container| container.role != Role::Main);
        entries.push((key!("initContainerStatuses"), Value::list(init.map(container_status))));
    }
    if let Some(ip) = facts.pod_ip {
        entries.push((key!("podIP"), ip.into()));
        entries.push((key!("podIPs"), value!([{"ip": ip}])));
    }
    entries.push((key!("startTime"), facts.started.rfc3339().into()));
    Value::Map(Map::from_entries(entries))
}

/// The kubelet's `getPhase`.
fn phase(facts: &Facts<'_>) -> &'static str {
    if facts.containers.iter().any(Container::has_failed) {
        return "Failed";
    }
    let is_init = |container: &&Container| container.role == Role::Init;
    if !facts.over && facts.containers.iter().filter(is_init).any(|container| !container.lets_go_on()) {
        return "Pending";
    }
    let (mut running, mut waiting, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for container in mains(facts) {
        match &container.shown {
            Shown::Running { .. } => running += 1,
            Shown::Terminated(ended) => {
                stopped += 1;
                succeeded += usize::from(ended.exit.code == 0);
            }
            Shown::Waiting(_) if container.last.is_some() => stopped += 1,
            Shown::Waiting(_) => waiting += 1,
        }
    }
    if waiting > 0 {
        return "Pending";
    }
    if running > 0 || (!facts.over && facts.restart == RestartPolicy::Always) {
        return "Running";
    }
    match (stopped == succeeded, facts.restart) {
        (true, _) => "Succeeded",
        (false, RestartPolicy::Never) => "Failed",
        (false, _) if facts.over => "Failed",
        (false, _) => "Running",
    }
}

/// One condition as it should be now.
struct Condition {
    kind: &'static str,
    is_true: bool,
    reason: &'static str,
    message: String,
}

fn conditions(facts: &Facts<'_>, phase: &str) -> [Value; 5] {
    let plain = |kind, is_true, reason| Condition { kind, is_true, reason, message: String::new() };
    let (ready, reason, message) = readiness(facts, phase);
    let readiness = |kind| Condition { kind, is_true: ready, reason, message: message.clone() };
    let completed = if phase == "Succeeded" { "PodCompleted" } else { "" };
    let incomplete: Vec<&str> =
        facts.containers.iter().filter(|c| !c.lets_go_on()).map(|c| c.name.as_str()).collect();
    let initialized = if incomplete.is_empty() || phase == "Succeeded" {
        plain("Initialized", true, completed)
    } else {
        let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
        Condition { kind: "Initialized", is_true: false, reason: "ContainersNotInitialized", message }
    };
    let sandbox = facts.pod_ip.is_some() && !facts.over;
    [
        plain("PodReadyToStartContainers", sandbox, ""),
        initialized,
        readiness("Ready"),
        readiness("ContainersReady"),
        plain("PodScheduled", true, ""),
    ]
    .map(|condition| condition.value(facts))
}

impl Condition {
    fn value(self, facts: &Facts<'_>) -> Value {
        let status = if self.is_true { "True" } else { "False" };
        let before = facts
            .before
            .items_at(&["conditions"])
            .iter()
            .find(|c| c.str_at(&["type"]) == Some(self.kind) && c.str_at(&["status"]) == Some(status))
            .and_then(|c| c.get("lastTransitionTime"))
            .cloned();
        let mut entries: Vec<(Key, Value)> = Vec::with_capacity(7);
        entries.push((key!("lastProbeTime"), Value::Null));
        entries.push((key!("lastTransitionTime"), before.unwrap_or_else(|| facts.now.rfc3339().into())));
        if !self.message.is_empty() {
            entries.push((key!("message"), self.message.into()));
        }
        entries.push((key!("observedGeneration"), facts.pod.generation().into()));
        if !self.reason.is_empty() {
            entries.push((key!("reason"), self.reason.into()));
        }
        entries.push((key!("status"), status.into()));
        entries.push((key!("type"), self.kind.into()));
        Value::Map(Map::from_entries(entries))
    }
}

/// Status, reason and message of ContainersReady, and so of Ready (kubelet `GenerateContainersReadyCondition`).
fn readiness(facts: &Facts<'_>, phase: &str) -> (bool, &'static str, String) {
    match phase {
        "Succeeded" => return (false, "PodCompleted", String::new()),
        "Failed" => return (false, "PodFailed", String::new()),
        _ => {}
    }
    let unready: Vec<&str> = lasting(facts).filter(|c| !c.ready()).map(|c| c.name.as_str()).collect();
    if unready.is_empty() {
        return (true, "", String::new());
    }
    (false, "ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))
}

/// The containers that the pod is for.
fn mains<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Container> + use<'a> {
    facts.containers.iter().filter(|container| container.role == Role::Main)
}

/// The containers that have to be ready: sidecars too.
fn lasting<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Container> + use<'a> {
    facts.containers.iter().filter(|container| container.role != Role::Init)
}

/// `containerStatuses`, sorted by name.
fn container_statuses(facts: &Facts<'_>) -> Vec<Value> {
    let mut containers: Vec<&Container> = mains(facts).collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    containers.into_iter().map(container_status).collect()
}

fn container_status(container: &Container) -> Value {
    let id = match &container.shown {
        Shown::Running { .. } => &container.id,
        Shown::Terminated(ended) => &ended.id,
        Shown::Waiting(_) => container.last.as_ref().map_or(&container.id, |ended| &ended.id),
    };
    let state = match &container.shown {
        Shown::Waiting(waiting) => value!({"waiting": (waiting_value(waiting))}),
        Shown::Running { since, .. } => value!({"running": {"startedAt": (since.rfc3339())}}),
        Shown::Terminated(ended) => value!({"terminated": (terminated(ended))}),
    };
    let last = match &container.last {
        Some(ended) => value!({"terminated": (terminated(ended))}),
        None => Value::empty_map(),
    };
    let there = !id.is_empty();
    let image = if there { &container.full_image } else { &container.image };
    let mut status = value!({
        "image": (image.clone()),
        "imageID": (if there { container.image_id.clone() } else { Str::default() }),
        "lastState": last,
        "name": (container.name.clone()),
        "ready": (if container.role == Role::Init { container.lets_go_on() } else { container.ready() }),
        "restartCount": (i64::from(container.restarts)),
        "started": (container.is_started()),
        "state": state,
    });
    if there {
        status.set_at(&["containerID"], id.clone());
    }
    status
}

fn waiting_value(waiting: &Waiting) -> Value {
    let mut value = value!({"reason": (waiting.reason.clone())});
    if !waiting.message.is_empty() {
        value.set_at(&["message"], waiting.message.as_str());
    }
    value
}

fn terminated(ended: &Terminated) -> Value {
    let time = |time: Option<Time>| time.map_or(Value::Null, |time| time.rfc3339().into());
    let mut value = value!({
        "exitCode": (i64::from(ended.exit.code)),
        "finishedAt": (time(ended.finished)),
        "reason": (ended.exit.reason),
        "startedAt": (time(ended.started.or(ended.finished))),
    });
    if !ended.message.is_empty() {
        value.set_at(&["message"], ended.message);
    }
    if !ended.id.is_empty() {
        value.set_at(&["containerID"], ended.id.clone());
    }
    value
}
