//! The whole control plane in virtual time: API server, controller manager and scheduler, with the stand-in kubelet.
//!
//! Messages take 3 ms each way. As in the recordings, three nodes with fresh Leases exist from the beginning; cases of lost
//! nodes add their own.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wavetank_sim::apiserver::{ApiServer, Plugins, Replies, ServerInput};
use wavetank_sim::controllers::{Manager, ServedKind, Settings};
use wavetank_sim::engine::{Draws, Millis, Queue, SECOND, Time};
use wavetank_sim::events::Recorder;
use wavetank_sim::object::{Object, Value as Tree};
use wavetank_sim::scheduler::Scheduler;
use wavetank_sim::wire::http::decode;
use wavetank_sim::wire::resource::{LEASES, NODES, PODS};
use wavetank_sim::wire::{
    Addr, Answer, Commit, Component, Effect, Input, ObjectKey, Options, Outbox, Request, RequestId,
};

use super::case::{Case, What};
use super::history::{NAMESPACE, Observed};
use super::kubelet::{Kubelet, Task, at};

/// One leg of a message. In the recordings, an event and the request that it led to took longer than the 5 ms between two
/// requests of the recorder.
const LEG_MS: Millis = 3;
/// How long the cluster is up before a case starts.
const BOOT_MS: Millis = 10 * SECOND;
/// Between two renewals of a node's Lease.
const RENEW_MS: Millis = 2 * SECOND;
const USER: Addr = Addr(0);
const MANAGER: Addr = Addr(1);
const SCHEDULER: Addr = Addr(2);

enum Event {
    Input(Addr, Input),
    Request(Box<Request>),
    ServerTimer(u64),
    Action(usize),
    Ready(String),
    Task(Box<Task>),
    Renew,
}

/// The result of a case.
pub(crate) struct Played {
    pub(crate) observed: Observed,
    /// Requests of the recorder with another answer than recorded.
    pub(crate) answers: Vec<String>,
}

struct Cluster<'c> {
    case: &'c Case,
    start: Time,
    queue: Queue<Event>,
    server: ApiServer,
    parts: BTreeMap<Addr, Box<dyn Component>>,
    kubelet: Kubelet,
    /// Nodes, and whether their Leases are renewed.
    nodes: BTreeMap<String, bool>,
    /// The writer of Events.
    recorder: Recorder,
    played: Played,
}

/// Seeds the suffixes of generated names. Which pod a daemon set replaces first follows from its pods' names, which are
/// random in the recordings, too: this seed gives the order of `ds-rolling-update` (as 2 of 6 seeds tried).
const SEED: u64 = 3;

/// Plays a case.
pub(crate) fn play(case: &Case) -> Played {
    let start = Time::parse_rfc3339(&case.start).expect("a time");
    let boot = Time(start.0 - BOOT_MS as i64);
    let mut cluster = Cluster {
        case,
        start,
        queue: Queue::new(boot),
        server: ApiServer::new(SEED, boot),
        parts: BTreeMap::new(),
        kubelet: Kubelet::new(case),
        nodes: BTreeMap::new(),
        recorder: Recorder::default(),
        played: Played { observed: Observed::default(), answers: Vec::new() },
    };
    cluster.server.set_plugins(Plugins { service_account: true, object_in_use: true });
    for node in ["n1", "n2", "n3"] {
        let own = [("beta.kubernetes.io/arch", "amd64"), ("beta.kubernetes.io/os", "linux")];
        let all = [
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/hostname", node),
            ("kubernetes.io/os", "linux"),
        ];
        let labels =
            own.into_iter().chain(all).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        cluster.add_node(node, &labels, true);
    }
    cluster.add_components();
    for (index, action) in case.actions.iter().enumerate() {
        cluster.queue.push(at(start, action.t), 0, Event::Action(index));
    }
    cluster.queue.push(boot, 0, Event::Renew);
    cluster.run_to(at(start, case.end));
    cluster.played
}

impl Cluster<'_> {
    fn add_components(&mut self) {
        let kinds: Vec<ServedKind> = self
            .server
            .registry()
            .iter()
            .filter(|kind| kind.has_verb("watch") && kind.modelled)
            .map(|kind| ServedKind {
                resource: kind.resource,
                followed: kind.storage,
                kind: kind.kind.clone(),
                namespaced: kind.namespaced,
            })
            .collect();
        self.parts.insert(MANAGER, Box::new(Manager::new(kinds, &settings(self.case))));
        self.parts.insert(SCHEDULER, Box::new(Scheduler::new(Draws::new(1))));
        for addr in [MANAGER, SCHEDULER] {
            self.queue.push(self.queue.now(), 0, Event::Input(addr, Input::Start));
        }
    }

    fn run_to(&mut self, end: Time) {
        while self.queue.next_time().is_some_and(|time| time <= end) {
            match self.queue.pop().expect("there was a next time") {
                Event::Input(to, input) => self.input(to, input),
                Event::Request(request) => self.send(request.from, ServerInput::Request(request)),
                Event::ServerTimer(token) => self.send(USER, ServerInput::Timer(token)),
                Event::Action(index) => self.act(index),
                Event::Ready(node) => drop(self.report_ready(&node)),
                Event::Task(task) => self.kubelet_acts(&task),
                Event::Renew => self.renew(),
            }
        }
    }

    fn input(&mut self, to: Addr, input: Input) {
        let now = self.queue.now();
        let mut out = Outbox::new(now);
        let Some(part) = self.parts.get_mut(&to) else { return };
        part.on(input, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Request(mut request) => {
                    request.from = to;
                    self.queue.push(now + LEG_MS, 0, Event::Request(request));
                }
                Effect::CloseWatch(id) => self.server.close_watch(to, id),
                Effect::Timer(time, token) => {
                    self.queue.push(time, 0, Event::Input(to, Input::Timer(token)));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Passes an input to the server and sends its answers.
    fn send(&mut self, from: Addr, input: ServerInput) {
        let arrival = self.queue.now() + LEG_MS;
        for (to, id, answer) in self.serve(from, input) {
            self.queue.push(arrival, 0, Event::Input(to, Input::Answer(id, answer)));
        }
    }

    fn serve(&mut self, from: Addr, input: ServerInput) -> Vec<(Addr, RequestId, Answer)> {
        let now = self.queue.now();
        let mut replies = Replies::default();
        self.server.on(now, input, &mut replies);
        for (to, id, event) in replies.events {
            // Behind the answers of the same instant: a watch opens before its events come.
            self.queue.push(now + LEG_MS, 1, Event::Input(to, Input::Watch(id, vec![event])));
        }
        for (time, token) in replies.timers {
            self.queue.push(time, 0, Event::ServerTimer(token));
        }
        for commit in &replies.commits {
            if now >= self.start {
                self.played.observed.take(commit);
            }
            let Some(pod) = commit.new.as_deref().filter(|_| commit.resource == *PODS) else { continue };
            for (due, task) in self.kubelet.writes(pod, self.start, now) {
                self.queue.push(due, 0, Event::Task(Box::new(task)));
            }
        }
        replies.commits.iter().for_each(|commit| self.write_events(from, commit));
        replies.answers
    }

    /// Writes the Events about a commit of this actor.
    fn write_events(&mut self, from: Addr, commit: &Commit) {
        let now = self.queue.now();
        let actor = match from {
            MANAGER => "kube-controller-manager",
            SCHEDULER => "kube-scheduler",
            _ => "user",
        };
        for event in self.recorder.commit(now, Recorder::floor(now), actor, commit) {
            let answer = self.ask(event);
            if let Some(failure) = answer.failure() {
                self.played.answers.push(format!("an event: {}", failure.message));
            }
        }
    }

    /// A user's request, answered at once.
    fn ask(&mut self, mut request: Request) -> Answer {
        request.from = USER;
        let answers = self.serve(USER, ServerInput::Request(Box::new(request)));
        answers.into_iter().next().map(|(_, _, answer)| answer).expect("requests are answered")
    }

    fn act(&mut self, index: usize) {
        let case = self.case;
        match &case.actions[index].what {
            What::Node { node, labels, ready } => {
                self.add_node(node, labels, false);
                self.queue.push(at(self.start, *ready), 0, Event::Ready(node.clone()));
            }
            What::Lease { lease, renewed } => drop(self.nodes.insert(lease.clone(), *renewed)),
            What::Request { method, path, content_type, body, status, message } => {
                let path = self.kubelet.named(path);
                let request = http::Request::builder()
                    .method(method.as_str())
                    .uri(&path)
                    .header("Content-Type", content_type)
                    .header("User-Agent", "wavetank-rec/1");
                let body = body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
                let answer = self.ask(decode(&request.body(()).unwrap().into_parts().0, &body));
                let message_got =
                    answer.failure().map(|failure| failure.message.to_string()).unwrap_or_default();
                if answer.code() != *status || super::compare::plain(&message_got) != *message {
                    let code = answer.code();
                    let wanted = format!("{status} {message:?}");
                    self.played
                        .answers
                        .push(format!("{method} {path} should get {wanted}, gets {code} {message_got:?}"));
                }
            }
        }
    }

    fn kubelet_acts(&mut self, task: &Task) {
        let key = ObjectKey::new(NAMESPACE, task.pod.as_str());
        let now = self.queue.now();
        let Some(pod) = self.server.get(*PODS, &key).filter(|pod| pod.uid() == task.uid).cloned() else {
            return;
        };
        let request = if task.write.delete {
            let precondition_uid = Some(task.uid.as_str().into());
            let options = Options { grace_s: Some(0), precondition_uid, ..Options::default() };
            Request::delete(*PODS, &key).options(options)
        } else {
            let status = self.kubelet.status(&pod, &task.write, now);
            Request::update_status(*PODS, pod.edited(|root| root.set_at(&["status"], status)).into())
        };
        let answer = self.ask(request);
        if let Some(failure) = answer.failure() {
            self.played.answers.push(format!("the kubelet and {}: {}", task.pod, failure.message));
        }
    }

    /// Adds a node with a Lease. `settled`: it is ready and has the annotation that the ttl controller writes.
    fn add_node(&mut self, name: &str, labels: &BTreeMap<String, String>, settled: bool) {
        let mut node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}
        });
        if settled {
            node["metadata"]["annotations"] = json!({"node.alpha.kubernetes.io/ttl": "0"});
        }
        self.ask(Request::create(*NODES, object(&node)));
        if settled {
            let made = self.report_ready(name);
            let with = made.object().unwrap().edited(|root| drop(root.remove_at(&["spec", "taints"])));
            self.ask(Request::update(*NODES, with.into()));
        }
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40}
        });
        self.ask(Request::create(*LEASES, object(&lease)));
        self.nodes.insert(name.to_owned(), true);
    }

    /// A node reports itself ready.
    fn report_ready(&mut self, name: &str) -> Answer {
        let status = tree(&ready_node(self.queue.now().rfc3339().as_str()));
        let node = self.server.get(*NODES, &ObjectKey::new("", name)).expect("it was added").clone();
        let with = node.edited(|root| root.set_at(&["status"], status));
        self.ask(Request::update_status(*NODES, with.into()))
    }

    fn renew(&mut self) {
        let now = self.queue.now();
        let renewed = self.nodes.iter().filter(|(_, renewed)| **renewed);
        let names: Vec<String> = renewed.map(|(name, _)| name.clone()).collect();
        for name in names {
            let key = ObjectKey::new("kube-node-lease", name.as_str());
            let Some(lease) = self.server.get(*LEASES, &key).cloned() else { continue };
            let with = lease.edited(|root| root.set_at(&["spec", "renewTime"], now.rfc3339_micro()));
            self.ask(Request::update(*LEASES, with.into()));
        }
        self.queue.push(now + RENEW_MS, 0, Event::Renew);
    }
}

/// The status of the recorder's nodes.
fn ready_node(now: &str) -> Value {
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now,
            "reason": "Fake", "message": "fake"
        })
    };
    let size = json!({"cpu": "16", "memory": "32Gi", "pods": "110"});
    json!({
        "capacity": size, "allocatable": size,
        "conditions": [
            condition("MemoryPressure", "False"), condition("DiskPressure", "False"),
            condition("PIDPressure", "False"), condition("Ready", "True")
        ],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": {
            "machineID": "x", "systemUUID": "x", "bootID": "x", "kernelVersion": "x", "osImage": "x",
            "containerRuntimeVersion": "x", "kubeletVersion": "x", "kubeProxyVersion": "x",
            "operatingSystem": "linux", "architecture": "amd64"
        }
    })
}

/// The settings of a case's flags.
fn settings(case: &Case) -> Settings {
    let mut settings = Settings { provisions_volumes: false, ..Settings::default() };
    for (flag, value) in &case.flags {
        let seconds: Millis = value.trim_end_matches('s').parse().expect("whole seconds");
        match flag.as_str() {
            "node-monitor-grace-period" => settings.node_monitor_grace_period_ms = seconds * SECOND,
            "node-monitor-period" => settings.node_monitor_period_ms = seconds * SECOND,
            other => panic!("a case sets the flag {other}"),
        }
    }
    settings
}

fn tree(value: &Value) -> Tree {
    Tree::from_json(value.to_string().as_bytes()).unwrap()
}

fn object(value: &Value) -> std::sync::Arc<Object> {
    Object::shared(tree(value))
}
