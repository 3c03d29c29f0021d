//! The stand-in kubelet of the recordings: 50 ms after its binding a pod is Running and Ready, 50 ms after its deletion it
//! is removed.
//!
//! It repeats the recorded writes: the n-th pod of a prefix that is bound gets the writes of the n-th recorded one. It never
//! writes earlier than in the recording, so that pods get ready in the recorded order.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use wavetank_sim::engine::{Millis, Time};
use wavetank_sim::object::{Object, Value as Tree};

use super::case::{Case, KubeletWrite};
use super::history::is_suffix;

/// From the event to the write, as in the recorder.
const DELAY_MS: Millis = 50;

/// A write that is due later.
pub(crate) struct Task {
    pub(crate) pod: String,
    pub(crate) uid: String,
    pub(crate) write: KubeletWrite,
}

/// The stand-in.
#[derive(Default)]
pub(crate) struct Kubelet {
    /// By prefix or whole name: the status writes of each recorded pod.
    statuses: BTreeMap<String, VecDeque<Vec<KubeletWrite>>>,
    /// By prefix or whole name: the recorded deletions.
    deletions: BTreeMap<String, VecDeque<KubeletWrite>>,
    /// The uids of the bound pods, and of the terminating ones among them.
    bound: Vec<String>,
    terminating: Vec<String>,
    /// `prefix-#n` and the name of that pod here.
    names: BTreeMap<String, String>,
    addresses: u32,
}

impl Kubelet {
    pub(crate) fn new(case: &Case) -> Self {
        let mut kubelet = Self::default();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for write in &case.kubelet {
            let key = prefix(&write.pod).to_owned();
            if write.delete {
                kubelet.deletions.entry(key).or_default().push_back(write.clone());
                open.remove(write.pod.as_str());
                continue;
            }
            let pods = kubelet.statuses.entry(key).or_default();
            let pod = *open.entry(&write.pod).or_insert_with(|| {
                pods.push_back(Vec::new());
                pods.len() - 1
            });
            pods[pod].push(write.clone());
        }
        kubelet
    }

    /// The writes that follow from this state of a pod.
    pub(crate) fn writes(&mut self, pod: &Object, start: Time, now: Time) -> Vec<(Time, Task)> {
        let uid = pod.uid().to_owned();
        let bound = pod.str_at(&["spec", "nodeName"]).is_some_and(|node| !node.is_empty());
        let prefix = pod.meta("generateName");
        let generated = !prefix.is_empty() && pod.name().strip_prefix(prefix).is_some_and(is_suffix);
        let key = if generated { prefix.to_owned() } else { pod.name().to_owned() };
        let mut tasks = Vec::new();
        let mut due = now + DELAY_MS;
        let mut add = |write: &KubeletWrite| {
            due = due.max(at(start, write.t));
            tasks.push((due, Task { pod: pod.name().to_owned(), uid: uid.clone(), write: write.clone() }));
        };
        if bound && !self.bound.contains(&uid) {
            self.bound.push(uid.clone());
            let statuses = self.statuses.get_mut(&key).and_then(VecDeque::pop_front).unwrap_or_default();
            statuses.iter().for_each(&mut add);
            if let Some(write) = statuses.first() {
                self.names.insert(write.pod.clone(), pod.name().to_owned());
            }
        }
        if bound && pod.is_terminating() && !self.terminating.contains(&uid) {
            self.terminating.push(uid.clone());
            let deletion = self.deletions.get_mut(&key).and_then(VecDeque::pop_front);
            deletion.iter().for_each(add);
        }
        tasks
    }

    /// The text with the names of the pods in this run.
    pub(crate) fn named(&self, text: &str) -> String {
        let longest_first = self.names.iter().rev();
        longest_first.fold(text.to_owned(), |text, (token, name)| text.replace(token, name))
    }

    /// The status that it writes.
    pub(crate) fn status(&mut self, pod: &Object, write: &KubeletWrite, now: Time) -> Tree {
        let mut status: Value = pod
            .at(&["status"])
            .map_or(Value::Null, |status| serde_json::from_str(&status.to_json()).unwrap());
        let stamp = now.rfc3339();
        let condition = |kind: &str, is: bool| {
            let is = if is { "True" } else { "False" };
            json!({"type": kind, "status": is, "lastProbeTime": null, "lastTransitionTime": stamp.as_str()})
        };
        let own = ["Initialized", "Ready", "ContainersReady"];
        let mut conditions =
            vec![condition(own[0], true), condition(own[1], write.ready), condition(own[2], write.ready)];
        let others = status["conditions"].as_array().into_iter().flatten();
        conditions.extend(others.filter(|c| !own.iter().any(|own| c["type"] == *own)).cloned());
        let state = match write.phase.as_str() {
            "Running" => json!({"running": {"startedAt": stamp.as_str()}}),
            _ => json!({"terminated": {
                "exitCode": write.exit_code.unwrap_or(0), "startedAt": stamp.as_str(), "finishedAt": stamp.as_str()
            }}),
        };
        let container = |container: &Tree| {
            json!({
                "name": container.str_at(&["name"]), "state": state, "lastState": {}, "ready": write.ready,
                "restartCount": 0, "image": "x", "imageID": "x"
            })
        };
        let containers: Vec<Value> = pod.items_at(&["spec", "containers"]).iter().map(container).collect();
        if status.get("podIP").is_none() {
            self.addresses += 1;
            let address = format!("10.244.0.{}", self.addresses);
            status["podIP"] = address.as_str().into();
            status["podIPs"] = json!([{"ip": address}]);
        }
        status["phase"] = write.phase.as_str().into();
        status["conditions"] = conditions.into();
        status["hostIP"] = "127.0.0.1".into();
        status["startTime"] = stamp.as_str().into();
        status["containerStatuses"] = containers.into();
        if let Some(reason) = &write.reason {
            status["reason"] = reason.as_str().into();
        }
        Tree::from_json(status.to_string().as_bytes()).unwrap()
    }
}

/// The time so many seconds after the start.
pub(crate) fn at(start: Time, seconds: f64) -> Time {
    Time(start.0 + (seconds * 1000.0).round() as i64)
}

/// `d-abc-` of `d-abc-#3`; the whole name if it was not generated.
fn prefix(pod: &str) -> &str {
    pod.split_once('#').map_or(pod, |(prefix, _)| prefix)
}
