//! The pod's status from its containers, field by field as the kubelet writes it.
//!
//! Real: `generateAPIPodStatus`. Modelled: phase, the five conditions, addresses, container statuses, with
//! `observedGeneration`. Not modelled: readiness gates; in container statuses `resources`, `user` and `volumeMounts`,
//! which only repeat the spec. The fields of a condition come from general knowledge if no kubelet was recorded.

use super::container::{ContainerWorker, ReportedState, RestartPolicy, Role, TerminatedState, WaitingState};
use crate::engine::Time;
use crate::object::{Key, Map, Object, Str, Value, keys};
use crate::{key, value};

pub(super) struct Facts<'a> {
    pub(super) pod: &'a Object,
    pub(super) containers: &'a [ContainerWorker],
    pub(super) restart: RestartPolicy,
    pub(super) started: &'a Str,
    pub(super) host_ip: &'a Address,
    /// Its address, once its sandbox is up.
    pub(super) pod_ip: Option<&'a Address>,
    /// Whether no container will run again.
    pub(super) over: bool,
    /// The status before: unchanged conditions keep their time.
    pub(super) before: &'a Value,
    pub(super) now: Time,
}

/// An address in a status: by itself, and as a list.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) ip: Str,
    ips: Value,
}

impl Address {
    pub(super) fn new(ip: Str) -> Self {
        let ips = value!([{"ip": (ip.clone())}]);
        Self { ip, ips }
    }
}

/// The wanted status: the kubelet's own fields only.
pub(super) fn pod_status(facts: &Facts<'_>) -> Value {
    let phase = phase(facts);
    // The capacity suffices for all fields.
    let mut entries: Vec<(Key, Value)> = Vec::with_capacity(10);
    entries.extend([
        (key!("conditions"), Value::list(conditions(facts, phase))),
        (key!("containerStatuses"), Value::list(container_statuses(facts))),
        (key!("hostIP"), facts.host_ip.ip.clone().into()),
        (key!("hostIPs"), facts.host_ip.ips.clone()),
        (key!("observedGeneration"), facts.pod.generation().into()),
        (key!("phase"), phase.into()),
    ]);
    let mut init = facts.containers.iter().filter(|container| container.role != Role::Main).peekable();
    if init.peek().is_some() {
        entries.push((key!("initContainerStatuses"), Value::list(init.map(container_status))));
    }
    if let Some(address) = facts.pod_ip {
        entries.push((key!("podIP"), address.ip.clone().into()));
        entries.push((key!("podIPs"), address.ips.clone()));
    }
    entries.push((key!("startTime"), facts.started.clone().into()));
    Value::Map(Map::from_entries(entries))
}

/// The status of a rejected pod: without conditions and containers.
pub(super) fn rejected_status(pod: &Object, reason: &Str, message: &str, since: &Str) -> Value {
    value!({
        "message": message, "observedGeneration": (pod.generation()), "phase": "Failed", "reason": (reason.clone()),
        "startTime": (since.clone())
    })
}

/// The kubelet's `getPhase`.
fn phase(facts: &Facts<'_>) -> &'static str {
    if facts.containers.iter().any(ContainerWorker::has_failed) {
        return "Failed";
    }
    let is_init = |container: &&ContainerWorker| container.role == Role::Init;
    if !facts.over && facts.containers.iter().filter(is_init).any(|container| !container.lets_next_start()) {
        return "Pending";
    }
    let (mut running, mut waiting, mut stopped, mut succeeded) = (0, 0, 0, 0);
    for container in mains(facts) {
        match &container.state {
            ReportedState::Running { .. } => running += 1,
            ReportedState::Terminated(ended) => {
                stopped += 1;
                succeeded += usize::from(ended.exit.code == 0);
            }
            ReportedState::Waiting(_) if container.last.is_some() => stopped += 1,
            ReportedState::Waiting(_) => waiting += 1,
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

/// A condition as it should be now; an empty text means none.
struct Condition {
    kind: Str,
    is_true: bool,
    reason: Str,
    message: Str,
}

/// A constant text, made at compile time.
const fn text(text: &'static str) -> Str {
    if text.len() < size_of::<Str>() { Str::new_inline(text) } else { Str::new_static(text) }
}

const NONE: Str = text("");

fn conditions(facts: &Facts<'_>, phase: &str) -> [Value; 5] {
    const COMPLETED: Str = text("PodCompleted");
    const NOT_INITIALIZED: Str = text("ContainersNotInitialized");
    let plain = |kind, is_true, reason| Condition { kind, is_true, reason, message: NONE };
    let (ready, reason, message) = readiness(facts, phase);
    let readiness =
        |kind| Condition { kind, is_true: ready, reason: reason.clone(), message: message.clone() };
    let completed = if phase == "Succeeded" { COMPLETED } else { NONE };
    let incomplete: Vec<&str> =
        facts.containers.iter().filter(|c| !c.lets_next_start()).map(|c| c.name.as_str()).collect();
    let initialized = const { text("Initialized") };
    let initialized = if incomplete.is_empty() || phase == "Succeeded" {
        plain(initialized, true, completed)
    } else {
        let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
        Condition { kind: initialized, is_true: false, reason: NOT_INITIALIZED, message: message.into() }
    };
    let sandbox = facts.pod_ip.is_some() && !facts.over;
    let now = facts.now.rfc3339();
    [
        plain(const { text("PodReadyToStartContainers") }, sandbox, NONE),
        initialized,
        readiness(const { text("Ready") }),
        readiness(const { text("ContainersReady") }),
        plain(const { text("PodScheduled") }, true, NONE),
    ]
    .map(|condition| condition.value(facts, &now))
}

impl Condition {
    /// The condition in the status. If it has not changed, the old value is used again.
    fn value(self, facts: &Facts<'_>, now: &Str) -> Value {
        let status = if self.is_true { const { text("True") } } else { const { text("False") } };
        let has = |old: &Value, key, text: &Str| old.get_key(key).and_then(Value::as_text) == Some(text);
        let all = facts.before.get_key(keys::CONDITIONS).map(Value::items).unwrap_or_default();
        let before = all.iter().find(|old| has(old, keys::TYPE, &self.kind));
        let since = before.filter(|old| has(old, keys::STATUS, &status));
        let since = since.and_then(|old| old.get_key(keys::LAST_TRANSITION_TIME)).cloned();
        let some = |text: Str| (!text.is_empty()).then_some(Value::Str(text));
        let entries = [
            (key!("lastProbeTime"), Some(Value::Null)),
            (keys::LAST_TRANSITION_TIME, Some(since.unwrap_or_else(|| now.clone().into()))),
            (key!("message"), some(self.message)),
            (key!("observedGeneration"), Some(facts.pod.generation().into())),
            (key!("reason"), some(self.reason)),
            (keys::STATUS, Some(status.into())),
            (keys::TYPE, Some(self.kind.into())),
        ];
        if let Some(before) = before.filter(|before| is_made_of(before, &entries)) {
            return before.clone();
        }
        let mut present = Vec::with_capacity(entries.len());
        present.extend(entries.into_iter().filter_map(|(key, value)| Some((key, value?))));
        Value::Map(Map::from_entries(present))
    }
}

/// Whether a map has these entries, sorted by key, and no others.
fn is_made_of(map: &Value, entries: &[(Key, Option<Value>)]) -> bool {
    debug_assert!(entries.is_sorted_by_key(|(key, _)| key.as_str()), "maps are sorted by key");
    let present = map.as_map().into_iter().flatten().map(|(key, value)| (*key, value));
    present.eq(entries.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?))))
}

/// Status, reason and message of ContainersReady, and so of Ready (kubelet `GenerateContainersReadyCondition`).
fn readiness(facts: &Facts<'_>, phase: &str) -> (bool, Str, Str) {
    match phase {
        "Succeeded" => return (false, const { text("PodCompleted") }, NONE),
        "Failed" => return (false, const { text("PodFailed") }, NONE),
        _ => {}
    }
    // Sidecars have to be ready too.
    let lasting = facts.containers.iter().filter(|container| container.role != Role::Init);
    let unready: Vec<&str> = lasting.filter(|c| !c.is_ready()).map(|c| c.name.as_str()).collect();
    if unready.is_empty() {
        return (true, NONE, NONE);
    }
    let message = format!("containers with unready status: [{}]", unready.join(" "));
    (false, const { text("ContainersNotReady") }, message.into())
}

/// The containers of `spec.containers`.
fn mains<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a ContainerWorker> + use<'a> {
    facts.containers.iter().filter(|container| container.role == Role::Main)
}

/// `containerStatuses`, sorted by name.
fn container_statuses(facts: &Facts<'_>) -> Vec<Value> {
    let mut containers: Vec<&ContainerWorker> = mains(facts).collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    containers.into_iter().map(container_status).collect()
}

fn container_status(container: &ContainerWorker) -> Value {
    let id = match &container.state {
        ReportedState::Running { .. } => &container.id,
        ReportedState::Terminated(ended) => &ended.id,
        ReportedState::Waiting(_) => container.last.as_ref().map_or(&container.id, |ended| &ended.id),
    };
    let state = match &container.state {
        ReportedState::Waiting(waiting) => value!({"waiting": (waiting_value(waiting))}),
        ReportedState::Running { since, .. } => value!({"running": {"startedAt": (since.rfc3339())}}),
        ReportedState::Terminated(ended) => value!({"terminated": (terminated(ended))}),
    };
    let last = match &container.last {
        Some(ended) => value!({"terminated": (terminated(ended))}),
        None => Value::empty_map(),
    };
    let has_run = !id.is_empty();
    let image = if has_run { &container.full_image } else { &container.image };
    let image_id = if has_run { container.image_id.clone() } else { NONE };
    let ready = if container.role == Role::Init { container.lets_next_start() } else { container.is_ready() };
    let mut entries: Vec<(Key, Value)> = Vec::with_capacity(9);
    if has_run {
        entries.push((key!("containerID"), id.clone().into()));
    }
    entries.extend([
        (key!("image"), image.clone().into()),
        (key!("imageID"), image_id.into()),
        (key!("lastState"), last),
        (keys::NAME, container.name.clone().into()),
        (key!("ready"), ready.into()),
        (key!("restartCount"), i64::from(container.restarts).into()),
        (key!("started"), container.is_started().into()),
        (key!("state"), state),
    ]);
    Value::Map(Map::from_entries(entries))
}

fn waiting_value(waiting: &WaitingState) -> Value {
    if waiting.message.is_empty() {
        return value!({"reason": (waiting.reason.clone())});
    }
    value!({"message": (waiting.message.as_str()), "reason": (waiting.reason.clone())})
}

fn terminated(ended: &TerminatedState) -> Value {
    let time = |time: Option<Time>| time.map_or(Value::Null, |time| time.rfc3339().into());
    let mut entries: Vec<(Key, Value)> = Vec::with_capacity(6);
    if !ended.id.is_empty() {
        entries.push((key!("containerID"), ended.id.clone().into()));
    }
    entries.push((key!("exitCode"), i64::from(ended.exit.code).into()));
    entries.push((key!("finishedAt"), time(ended.finished)));
    if !ended.message.is_empty() {
        entries.push((key!("message"), ended.message.into()));
    }
    entries.push((key!("reason"), ended.exit.reason.into()));
    entries.push((key!("startedAt"), time(ended.started.or(ended.finished))));
    Value::Map(Map::from_entries(entries))
}
