//! The stand-in kubelet of the recordings: a bound pod is Running and Ready 50 ms later, a deletion is confirmed after 50 ms.
//!
//! It does what it is recorded to have done and nothing else: the n-th pod of a prefix that gets a node lives the life of
//! the n-th one recorded. It never acts earlier than it did then, so that pods get ready one by one as they did.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use wavetank_sim::engine::{Millis, Time};
use wavetank_sim::object::{Object, Value as Tree};

use super::case::{Case, Deed};
use super::history::is_suffix;

/// From the event to the deed (the recorder).
const DELAY_MS: Millis = 50;

/// Something it is going to do to a pod.
pub(crate) struct Task {
    pub(crate) pod: String,
    pub(crate) uid: String,
    pub(crate) deed: Deed,
}

/// The stand-in.
#[derive(Default)]
pub(crate) struct Kubelet {
    /// By prefix or whole name: the lives to come.
    lives: BTreeMap<String, VecDeque<Vec<Deed>>>,
    /// By prefix or whole name: the deletions to confirm.
    deletions: BTreeMap<String, VecDeque<Deed>>,
    /// The uids it has taken up, and those whose deletion it has seen.
    taken: Vec<String>,
    going: Vec<String>,
    /// `prefix-#n` and the name of that pod here.
    names: BTreeMap<String, String>,
    addresses: u32,
}

impl Kubelet {
    pub(crate) fn new(case: &Case) -> Self {
        let mut kubelet = Self::default();
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for deed in &case.kubelet {
            let key = prefix(&deed.pod).to_owned();
            if deed.delete {
                kubelet.deletions.entry(key).or_default().push_back(deed.clone());
                open.remove(deed.pod.as_str());
                continue;
            }
            let lives = kubelet.lives.entry(key).or_default();
            let life = *open.entry(&deed.pod).or_insert_with(|| {
                lives.push_back(Vec::new());
                lives.len() - 1
            });
            lives[life].push(deed.clone());
        }
        kubelet
    }

    /// What it will do about a pod as it is now.
    pub(crate) fn sees(&mut self, pod: &Object, start: Time, now: Time) -> Vec<(Time, Task)> {
        let uid = pod.uid().to_owned();
        let bound = pod.str_at(&["spec", "nodeName"]).is_some_and(|node| !node.is_empty());
        let prefix = pod.meta("generateName");
        let generated = !prefix.is_empty() && pod.name().strip_prefix(prefix).is_some_and(is_suffix);
        let key = if generated { prefix.to_owned() } else { pod.name().to_owned() };
        let mut tasks = Vec::new();
        let mut due = now + DELAY_MS;
        let mut add = |deed: &Deed| {
            due = due.max(at(start, deed.t));
            tasks.push((due, Task { pod: pod.name().to_owned(), uid: uid.clone(), deed: deed.clone() }));
        };
        if bound && !self.taken.contains(&uid) {
            self.taken.push(uid.clone());
            let life = self.lives.get_mut(&key).and_then(VecDeque::pop_front).unwrap_or_default();
            life.iter().for_each(&mut add);
            if let Some(deed) = life.first() {
                self.names.insert(deed.pod.clone(), pod.name().to_owned());
            }
        }
        if bound && pod.is_terminating() && !self.going.contains(&uid) {
            self.going.push(uid.clone());
            let deletion = self.deletions.get_mut(&key).and_then(VecDeque::pop_front);
            deletion.iter().for_each(add);
        }
        tasks
    }

    /// The text with the names that pods have here.
    pub(crate) fn named(&self, text: &str) -> String {
        let longest_first = self.names.iter().rev();
        longest_first.fold(text.to_owned(), |text, (token, name)| text.replace(token, name))
    }

    /// The status that it reports of a pod.
    pub(crate) fn status(&mut self, pod: &Object, deed: &Deed, now: Time) -> Tree {
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
            vec![condition(own[0], true), condition(own[1], deed.ready), condition(own[2], deed.ready)];
        let others = status["conditions"].as_array().into_iter().flatten();
        conditions.extend(others.filter(|c| !own.iter().any(|own| c["type"] == *own)).cloned());
        let state = match deed.phase.as_str() {
            "Running" => json!({"running": {"startedAt": stamp.as_str()}}),
            _ => json!({"terminated": {
                "exitCode": deed.exit_code.unwrap_or(0), "startedAt": stamp.as_str(), "finishedAt": stamp.as_str()
            }}),
        };
        let container = |container: &Tree| {
            json!({
                "name": container.str_at(&["name"]), "state": state, "lastState": {}, "ready": deed.ready,
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
        status["phase"] = deed.phase.as_str().into();
        status["conditions"] = conditions.into();
        status["hostIP"] = "127.0.0.1".into();
        status["startTime"] = stamp.as_str().into();
        status["containerStatuses"] = containers.into();
        if let Some(reason) = &deed.reason {
            status["reason"] = reason.as_str().into();
        }
        Tree::from_json(status.to_string().as_bytes()).unwrap()
    }
}

/// The time so many seconds after the start.
pub(crate) fn at(start: Time, seconds: f64) -> Time {
    Time(start.0 + (seconds * 1000.0).round() as i64)
}

/// `d-abc-` of `d-abc-#3`; a whole name where it is no generated one.
fn prefix(pod: &str) -> &str {
    pod.split_once('#').map_or(pod, |(prefix, _)| prefix)
}
