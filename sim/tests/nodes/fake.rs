//! A small API server and the wires to kubelets, runtime and scheduler: just enough to drive them. No judge of fidelity:
//! all patches are merge patches, nothing is defaulted or
//! validated.

use std::collections::BTreeMap;
use std::sync::Arc;

use wavetank_sim::engine::{Draws, Millis, Queue, Time};
use wavetank_sim::kubelet::Kubelet;
use wavetank_sim::kubelet::booted::{self, Node, booted_lease, booted_node};
use wavetank_sim::object::patch::merge::merge;
use wavetank_sim::object::{Object, Str, Value, pod_row};
use wavetank_sim::programs::Runtime;
use wavetank_sim::programs::images::{Image, Images};
use wavetank_sim::value;
use wavetank_sim::wire::resource::{LEASES, NODES, PODS};
use wavetank_sim::wire::{
    Addr, Answer, Body, Component, Effect, HostOrder, Input, List, ObjectKey, Outbox, Request, RequestId,
    Resource, Status, Verb, WatchEvent,
};

/// One leg of a message.
const LEG_MS: Millis = 1;
const RUNTIME: Addr = Addr(100);

enum Event {
    Input(Addr, Input),
    Request(Box<Request>),
}

type Change = (u64, Resource, Option<Arc<Object>>, Option<Arc<Object>>);

pub(crate) struct Fake {
    queue: Queue<Event>,
    pub(crate) objects: BTreeMap<(Resource, ObjectKey), Arc<Object>>,
    history: Vec<Change>,
    revision: u64,
    watches: Vec<(Addr, RequestId, Resource, Str)>,
    pub(crate) parts: BTreeMap<Addr, Box<dyn Component>>,
    pub(crate) runtime: Runtime,
    /// `update leases kube-node-lease/node-1` and so on, of all writes.
    pub(crate) writes: Vec<String>,
    pub(crate) hosts: Vec<HostOrder>,
    /// The next so many pod status writes are lost with a 500.
    pub(crate) status_failures: u32,
    /// The next so many bindings as well.
    pub(crate) binding_failures: u32,
}

impl Fake {
    /// A cluster of so many nodes, each with its kubelet, booted at t = 0.
    pub(crate) fn new(nodes: u32, images: Vec<Image>) -> Self {
        let mut fake = Self {
            queue: Queue::new(Time::ZERO),
            objects: BTreeMap::new(),
            history: Vec::new(),
            revision: 0,
            watches: Vec::new(),
            parts: BTreeMap::new(),
            runtime: Runtime::new(Images::new(images), Draws::new(1)),
            writes: Vec::new(),
            hosts: Vec::new(),
            status_failures: 0,
            binding_failures: 0,
        };
        let capacity = [("cpu", "4"), ("memory", "16Gi"), ("pods", "110")];
        let capacity = capacity.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        for index in 1..=nodes {
            let name = format!("node-{index}");
            let zone = Some(["a", "b"][index as usize % 2]);
            let (labels, taints) = (BTreeMap::new(), &[][..]);
            let node = Node {
                name: &name,
                index,
                zone,
                labels: &labels,
                taints,
                capacity: &capacity,
                version: "v1.36.0",
            };
            fake.put(*NODES, booted_node(&node, Time::ZERO));
            fake.put(*LEASES, booted_lease(&name, "u", Time::ZERO));
            fake.add(Addr(index), Box::new(Kubelet::new(&name, index, &mut Draws::new(1))));
        }
        fake
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
                Some(Event::Request(request)) => self.request(&request),
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

    pub(crate) fn effects(&mut self, from: Addr, out: &mut Outbox) {
        for effect in out.drain() {
            let now = self.now();
            match effect {
                Effect::Request(mut request) => {
                    request.from = from;
                    self.queue.push(now + LEG_MS, 0, Event::Request(request));
                }
                Effect::CloseWatch(id) => self.watches.retain(|w| (w.0, w.1) != (from, id)),
                Effect::Timer(at, token) => self.queue.push(at, 0, Event::Input(from, Input::Timer(token))),
                Effect::Order(order) => {
                    self.queue.push(now, 0, Event::Input(RUNTIME, Input::Order(from, order)));
                }
                Effect::Runtime(to, news) => self.queue.push(now, 0, Event::Input(to, Input::Runtime(news))),
                Effect::Host(order) => self.hosts.push(order),
            }
        }
    }

    fn request(&mut self, request: &Request) {
        let answer = self.handle(request);
        let at = self.now() + LEG_MS;
        self.queue.push(at, 0, Event::Input(request.from, Input::Answer(request.id, answer)));
        if request.verb == Verb::Watch {
            let resource = request.resource.expect("a resource");
            let selector = request.options.field_selector.clone();
            let from: u64 =
                request.options.resource_version.as_ref().and_then(|v| v.parse().ok()).unwrap_or(0);
            self.watches.push((request.from, request.id, resource, selector));
            let missed: Vec<Change> = self.history.iter().filter(|c| c.0 > from).cloned().collect();
            let watch = self.watches.len() - 1;
            missed.iter().for_each(|change| self.tell(watch, change));
        }
    }

    fn handle(&mut self, request: &Request) -> Answer {
        let resource = request.resource.expect("a resource");
        let key = (resource, request.key());
        if request.verb.is_write() && resource != *LEASES {
            let sub = if request.subresource.is_empty() { "" } else { "/" };
            let what = format!("{}{sub}{}", resource.plural(), request.subresource);
            self.writes.push(format!("{} {what} {}", request.verb.as_str(), request.key()));
        }
        let found = self.objects.get(&key).cloned();
        let missing = || Answer::Status(Box::new(Status::not_found(resource, &request.name)));
        match (&request.verb, &request.body, found) {
            (Verb::List, ..) => self.list(resource, &request.options.field_selector),
            (Verb::Watch, ..) => Answer::Watching,
            (Verb::Create, ..) if request.subresource == "binding" && self.binding_failures > 0 => {
                self.binding_failures -= 1;
                Answer::Status(Box::new(Status::new(500, "InternalError", "lost")))
            }
            (Verb::Create, Body::Object(binding), Some(pod)) if request.subresource == "binding" => {
                let node = binding.str_at(&["target", "name"]).unwrap_or_default().to_owned();
                self.store(resource, pod.edited(|root| root.set_at(&["spec", "nodeName"], node)))
            }
            (Verb::Create, Body::Object(object), None) if request.subresource.is_empty() => {
                self.store(resource, Object::new(object.root().clone()))
            }
            (Verb::Patch, Body::Patch(..), Some(_)) if resource == *PODS && self.status_failures > 0 => {
                self.status_failures -= 1;
                Answer::Status(Box::new(Status::new(500, "InternalError", "lost")))
            }
            (Verb::Patch, Body::Patch(_, patch), Some(old)) => {
                if patch.str_at(&["metadata", "resourceVersion"]) != Some(old.meta("resourceVersion")) {
                    return Answer::Status(Box::new(Status::stale(resource, &request.name)));
                }
                self.store(resource, Object::new(merge(old.root(), patch)))
            }
            (Verb::Update, Body::Object(new), Some(_)) => {
                self.store(resource, Object::new(new.root().clone()))
            }
            (Verb::Get, _, Some(old)) => Answer::Object { code: 200, object: old, warnings: Vec::new() },
            (Verb::Delete, _, Some(old)) => self.delete(resource, &old, request.options.grace_s),
            _ => missing(),
        }
    }

    fn list(&self, resource: Resource, selector: &str) -> Answer {
        let of = self.objects.iter().filter(|((r, _), object)| *r == resource && selects(selector, object));
        let items = of.map(|(_, object)| object.clone()).collect();
        Answer::List(Box::new(List { items, revision: self.revision, ..List::default() }))
    }

    /// Deletes as the server does: gracefully where the pod is bound.
    pub(crate) fn delete(&mut self, resource: Resource, old: &Arc<Object>, grace: Option<i64>) -> Answer {
        let grace = grace.unwrap_or(30);
        let bound = old.str_at(&["spec", "nodeName"]).is_some();
        if grace > 0 && bound {
            let going = old.edited(|root| {
                root.set_at(&["metadata", "deletionTimestamp"], "soon");
                root.set_at(&["metadata", "deletionGracePeriodSeconds"], grace);
                root.set_at(&["metadata", "generation"], old.generation() + 1);
            });
            return self.store(resource, going);
        }
        self.commit(resource, Some(old.clone()), None);
        Answer::Object { code: 200, object: old.clone(), warnings: Vec::new() }
    }

    fn store(&mut self, resource: Resource, object: Object) -> Answer {
        let object = self.put(resource, object.root().clone());
        Answer::Object { code: 200, object, warnings: Vec::new() }
    }

    pub(crate) fn put(&mut self, resource: Resource, root: Value) -> Arc<Object> {
        let revision = self.revision + 1;
        let object = Object::shared(root);
        let object = Arc::new(object.edited(|root| {
            root.set_at(&["metadata", "resourceVersion"], revision.to_string());
            if object.uid().is_empty() {
                root.set_at(&["metadata", "uid"], format!("uid-{revision}"));
                root.set_at(&["metadata", "creationTimestamp"], self.queue.now().rfc3339());
                root.set_at(&["metadata", "generation"], 1);
            }
        }));
        let old = self.objects.get(&(resource, ObjectKey::of(&object))).cloned();
        self.commit(resource, old, Some(object.clone()));
        object
    }

    fn commit(&mut self, resource: Resource, old: Option<Arc<Object>>, new: Option<Arc<Object>>) {
        self.revision += 1;
        let key = (resource, ObjectKey::of(new.as_ref().or(old.as_ref()).expect("a side")));
        match &new {
            Some(new) => self.objects.insert(key, new.clone()),
            None => self.objects.remove(&key),
        };
        self.history.push((self.revision, resource, old, new));
        let change = self.history.last().cloned().expect("pushed");
        (0..self.watches.len()).for_each(|watch| self.tell(watch, &change));
    }

    fn tell(&mut self, watch: usize, (_, resource, old, new): &Change) {
        let (to, id, watched, selector) = &self.watches[watch];
        let sees = |o: &Option<Arc<Object>>| o.clone().filter(|o| selects(selector, o));
        let event = match (sees(old), sees(new)) {
            (None, Some(new)) => WatchEvent::Added(new),
            (Some(_), Some(new)) => WatchEvent::Modified(new),
            (Some(old), None) => WatchEvent::Deleted(old),
            (None, None) => return,
        };
        if watched == resource {
            let at = self.now() + LEG_MS;
            self.queue.push(at, 1, Event::Input(*to, Input::Watch(*id, vec![event])));
        }
    }

    /// Adds a pod of one container to this node, or to none.
    pub(crate) fn pod(&mut self, name: &str, node: &str, edit: impl FnOnce(&mut Value)) {
        let mut pod = value!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "schedulerName": "default-scheduler",
                "restartPolicy": "Always",
                "containers": [{"name": "c", "image": "nginx", "imagePullPolicy": "Always", "resources": {}}],
            },
            "status": {"phase": "Pending", "qosClass": "BestEffort"},
        });
        if !node.is_empty() {
            pod.set_at(&["spec", "nodeName"], node);
        }
        edit(&mut pod);
        self.put(*PODS, pod);
    }

    pub(crate) fn get_pod(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(&(*PODS, ObjectKey::new("default", name)))
    }

    /// The pod as kubectl prints it, without its name: `1/1 Running 0 3s`; nothing once it is gone.
    pub(crate) fn row(&self, name: &str) -> String {
        let Some(pod) = self.get_pod(name) else { return String::new() };
        let since = |at: &str| Some(self.now().since(Time::parse_rfc3339(at)?) as i64 / 1000);
        let row = pod_row(pod, since);
        format!("{} {} {} {}", row.ready, row.status, row.restarts, row.age)
    }

    /// A user deletes a pod.
    pub(crate) fn user_deletes(&mut self, name: &str, grace: Option<i64>) {
        let pod = self.get_pod(name).cloned().expect("a pod");
        self.delete(*PODS, &pod, grace);
    }

    /// Lets the test act on the runtime as faults do.
    pub(crate) fn on_runtime<T>(&mut self, act: impl FnOnce(&mut Runtime, &mut Outbox) -> T) -> T {
        let mut out = Outbox::new(self.now());
        let result = act(&mut self.runtime, &mut out);
        self.effects(RUNTIME, &mut out);
        result
    }

    pub(crate) fn lease(&self, node: &str) -> Time {
        let key = (*LEASES, ObjectKey::new(booted::LEASE_NAMESPACE, node));
        let at = self.objects[&key].str_at(&["spec", "renewTime"]).map(str::to_owned);
        Time::parse_rfc3339(&at.expect("a renewal")).expect("a time")
    }
}

fn selects(selector: &str, object: &Object) -> bool {
    let Some((path, wanted)) = selector.split_once('=') else { return true };
    let path: Vec<&str> = path.split('.').collect();
    object.str_at(&path).unwrap_or_default() == wanted
}
