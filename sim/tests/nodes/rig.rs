//! Kubelets, container runtime and API server without controllers. A test adds a scheduler where it needs one.

use std::collections::BTreeMap;
use std::sync::Arc;

use wavetank_sim::apiserver::{ApiServer, Plugins, Replies, ServerInput};
use wavetank_sim::engine::{Draws, Millis, Queue, Time};
use wavetank_sim::kubelet::Kubelet;
use wavetank_sim::kubelet::booted::{NodeConfig, booted_lease, booted_node};
use wavetank_sim::object::names::NODE_LEASE_NAMESPACE;
use wavetank_sim::object::{Object, Value, pod_row};
use wavetank_sim::programs::ContainerRuntime;
use wavetank_sim::programs::images::{Image, Images};
use wavetank_sim::value;
use wavetank_sim::wire::resource::{LEASES, NODES, PODS};
use wavetank_sim::wire::{
    Addr, Answer, Component, Effect, HostOrder, Input, ObjectKey, Options, Outbox, Request, Resource, Status,
    Verb,
};

/// One leg of a message.
const LEG_MS: Millis = 1;
const USER: Addr = Addr(0);
const RUNTIME: Addr = Addr(100);

enum Event {
    Input(Addr, Input),
    Request(Box<Request>),
    ServerTimer(u64),
}

pub(crate) struct Rig {
    queue: Queue<Event>,
    server: ApiServer,
    parts: BTreeMap<Addr, Box<dyn Component>>,
    runtime: ContainerRuntime,
    /// All writes of the parts except those of Leases: `patch pods/status default/a`.
    pub(crate) writes: Vec<String>,
    pub(crate) hosts: Vec<HostOrder>,
    /// How many of the next status writes of pods fail with a 500.
    pub(crate) status_failures: u32,
    /// How many of the next bindings fail with a 500.
    pub(crate) binding_failures: u32,
}

impl Rig {
    /// Nodes with their kubelets, booted at t = 0.
    pub(crate) fn new(nodes: u32, images: Vec<Image>) -> Self {
        let mut rig = Self {
            queue: Queue::new(Time::ZERO),
            server: ApiServer::new(1, Time::ZERO),
            parts: BTreeMap::new(),
            runtime: ContainerRuntime::new(Images::new(images), Draws::new(1)),
            writes: Vec::new(),
            hosts: Vec::new(),
            status_failures: 0,
            binding_failures: 0,
        };
        rig.server.set_plugins(Plugins { service_account: false, object_in_use: false });
        let capacity = [("cpu", "4"), ("memory", "16Gi"), ("pods", "110")];
        let capacity = BTreeMap::from(capacity.map(|(k, v)| (k.to_owned(), v.to_owned())));
        for index in 1..=nodes {
            let name = format!("node-{index}");
            let (zone, capacity) = (Some(["a", "b"][index as usize % 2].to_owned()), capacity.clone());
            let node = NodeConfig { name: name.clone(), zone, capacity, ..NodeConfig::default() };
            rig.add_node(&booted_node(&node, index, "v1.36.0", Time::ZERO), &name);
            let mut kubelet = Kubelet::new(&name, index);
            kubelet.place_heartbeat(&mut Draws::new(1));
            rig.add(Addr(index), Box::new(kubelet));
        }
        rig
    }

    fn add_node(&mut self, node: &Value, name: &str) {
        let status = node.get("status").cloned().unwrap_or_default();
        let made = self.ask(Request::create(*NODES, Object::shared(node.clone())));
        let with = made.edited(|root| root.set_at(&["status"], status));
        self.ask(Request::update_status(*NODES, Arc::new(with)));
        self.edit(*NODES, "", name, |root| drop(root.remove_at(&["spec", "taints"])));
        let lease = booted_lease(name, made.uid(), Time::ZERO);
        self.ask(Request::create(*LEASES, Object::shared(lease)));
    }

    pub(crate) fn add(&mut self, addr: Addr, part: Box<dyn Component>) {
        self.parts.insert(addr, part);
        self.queue.push(self.queue.now(), 0, Event::Input(addr, Input::Start));
    }

    pub(crate) fn now(&self) -> Time {
        self.queue.now()
    }

    /// Runs until this many seconds after the start.
    pub(crate) fn run_to(&mut self, seconds: f64) {
        let end = Time((seconds * 1000.0) as i64);
        while self.queue.next_time().is_some_and(|time| time <= end) {
            match self.queue.pop() {
                Some(Event::Input(to, input)) => self.input(to, input),
                Some(Event::Request(request)) => self.request(request),
                Some(Event::ServerTimer(token)) => drop(self.serve(ServerInput::Timer(token))),
                None => {}
            }
        }
        self.queue.advance(end);
    }

    fn input(&mut self, to: Addr, input: Input) {
        let mut out = Outbox::new(self.now());
        match to {
            RUNTIME => self.runtime.on(input, &mut out),
            _ => self.parts.get_mut(&to).expect("a part").on(input, &mut out),
        }
        self.effects(to, &mut out);
    }

    fn effects(&mut self, from: Addr, out: &mut Outbox) {
        for effect in out.drain() {
            let now = self.now();
            match effect {
                Effect::Request(mut request) => {
                    request.from = from;
                    self.queue.push(now + LEG_MS, 0, Event::Request(request));
                }
                Effect::CloseWatch(id) => self.server.close_watch(from, id),
                Effect::Timer(at, token) => self.queue.push(at, 0, Event::Input(from, Input::Timer(token))),
                Effect::Order(order) => {
                    self.queue.push(now, 0, Event::Input(RUNTIME, Input::Order(from, order)));
                }
                Effect::Runtime(to, news) => self.queue.push(now, 0, Event::Input(to, Input::Runtime(news))),
                Effect::Host(order) => self.hosts.push(order),
                Effect::Renew(..) => self.queue.push(now, 0, Event::Input(from, Input::NotRenewed(None))),
            }
        }
    }

    fn request(&mut self, request: Box<Request>) {
        let resource = request.resource.expect("a resource");
        let (from, id) = (request.from, request.id);
        if request.verb.is_write() && resource != *LEASES {
            let sub = if request.subresource.is_empty() { "" } else { "/" };
            let what = format!("{}{sub}{}", resource.plural(), request.subresource);
            self.writes.push(format!("{} {what} {}", request.verb.as_str(), request.key()));
        }
        let failures = match (request.verb, request.subresource.as_str()) {
            (Verb::Patch, "status") if resource == *PODS => Some(&mut self.status_failures),
            (Verb::Create, "binding") => Some(&mut self.binding_failures),
            _ => None,
        };
        let answer = match failures.filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                Answer::Status(Box::new(Status::new(500, "InternalError", "lost")))
            }
            None => return self.send(ServerInput::Request(request)),
        };
        self.queue.push(self.now() + LEG_MS, 0, Event::Input(from, Input::Answer(id, answer)));
    }

    /// Passes an input to the server and sends its answers.
    fn send(&mut self, input: ServerInput) {
        for (to, id, answer) in self.serve(input) {
            self.queue.push(self.now() + LEG_MS, 0, Event::Input(to, Input::Answer(id, answer)));
        }
    }

    fn serve(&mut self, input: ServerInput) -> Vec<(Addr, u64, Answer)> {
        let mut replies = Replies::default();
        self.server.on(self.now(), input, &mut replies);
        let at = self.now() + LEG_MS;
        for (to, id, event) in replies.events {
            // Behind the answers of the same instant: a watch opens before its events come.
            self.queue.push(at, 1, Event::Input(to, Input::Watch(id, vec![event])));
        }
        for (at, token) in replies.timers {
            self.queue.push(at, 0, Event::ServerTimer(token));
        }
        replies.answers
    }

    /// A user's request, answered at once.
    pub(crate) fn ask(&mut self, mut request: Request) -> Arc<Object> {
        request.from = USER;
        let (_, _, answer) = self.serve(ServerInput::Request(Box::new(request))).pop().expect("an answer");
        match answer.object() {
            Ok(object) => object.clone(),
            Err(status) => panic!("{status}"),
        }
    }

    /// A user reads an object, edits it and writes it back.
    pub(crate) fn edit(
        &mut self,
        resource: Resource,
        namespace: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) {
        let object = self.ask(Request::get(resource, &ObjectKey::new(namespace, name)));
        self.ask(Request::update(resource, Arc::new(object.edited(edit))));
    }

    /// A user edits the status of a pod.
    pub(crate) fn edit_status(&mut self, pod: &str, edit: impl FnOnce(&mut Value)) {
        let object = self.ask(Request::get(*PODS, &ObjectKey::new("default", pod)));
        self.ask(Request::update_status(*PODS, Arc::new(object.edited(edit))));
    }

    /// A user creates a pod of one container, bound to the node unless it is empty.
    pub(crate) fn pod(&mut self, name: &str, node: &str, edit: impl FnOnce(&mut Value)) {
        let mut pod = value!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        });
        if !node.is_empty() {
            pod.set_at(&["spec", "nodeName"], node);
        }
        edit(&mut pod);
        self.ask(Request::create(*PODS, Object::shared(pod)));
    }

    /// A user deletes a pod.
    pub(crate) fn delete(&mut self, name: &str, grace_s: Option<i64>) {
        let request = Request::delete(*PODS, &ObjectKey::new("default", name));
        self.ask(request.options(Options { grace_s, ..Options::default() }));
    }

    fn find(&self, resource: Resource, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        let found = |object: &Object| object.namespace() == namespace && object.name() == name;
        self.server.objects().find(|(of, object)| *of == resource && found(object)).map(|(_, object)| object)
    }

    pub(crate) fn get_pod(&self, name: &str) -> Option<&Arc<Object>> {
        self.find(*PODS, "default", name)
    }

    /// The pod as kubectl prints it, without its name: `1/1 Running 0 3s`; empty once it is deleted.
    pub(crate) fn row(&self, name: &str) -> String {
        let Some(pod) = self.get_pod(name) else { return String::new() };
        let since = |at: &str| Some(self.now().since(Time::parse_rfc3339(at)?) as i64 / 1000);
        let row = pod_row(pod, since);
        format!("{} {} {} {}", row.ready, row.status, row.restarts, row.age)
    }

    /// Calls the runtime as a fault does.
    pub(crate) fn on_runtime<T>(&mut self, act: impl FnOnce(&mut ContainerRuntime, &mut Outbox) -> T) -> T {
        let mut out = Outbox::new(self.now());
        let result = act(&mut self.runtime, &mut out);
        self.effects(RUNTIME, &mut out);
        result
    }

    /// The machine of a node loses its power and is back at once.
    pub(crate) fn power_cycle(&mut self, node: u32) {
        self.on_runtime(|runtime, out| runtime.power_off(Addr(node), out));
        self.input(Addr(node), Input::Boot);
    }

    /// When the node's Lease was renewed last.
    pub(crate) fn renewed(&self, node: &str) -> Time {
        let lease = self.find(*LEASES, NODE_LEASE_NAMESPACE, node).expect("a lease");
        Time::parse_rfc3339(lease.str_at(&["spec", "renewTime"]).expect("a renewal")).expect("a time")
    }
}
