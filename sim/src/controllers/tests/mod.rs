//! A cluster for the tests of controllers: a store that answers at once, a kubelet that starts one pod per step, the manager.
//!
//! Not an API server: no defaults, no validation, no namespaces that refuse. It answers what controllers need.

mod endpoint_slice;
mod endpoints;
mod manager;
mod namespace;
mod nodes;
mod pod_gc;
mod replicaset;
mod store;
mod taint_eviction;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Manager, ServedKind, Settings, all};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{
    CONFIG_MAPS, CONTROLLER_REVISIONS, CRDS, DAEMON_SETS, DEPLOYMENTS, JOBS, LEASES, NAMESPACES, NODES,
    PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS,
    SERVICE_ACCOUNTS, SERVICES, STATEFUL_SETS,
};
use crate::wire::{Answer, Component, Effect, Input, ObjectKey, Outbox, Request, Resource, Status, Verb};
use store::Store;

/// The namespace of all tests.
pub(super) const NS: &str = "default";

/// The requests that fail, and how; the store does not see these.
type Failing = Box<dyn FnMut(&Request) -> Option<Status>>;

pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) now: Time,
    pub(super) rule: Failing,
    /// Resources whose watch events wait until `release`.
    pub(super) held: Vec<Resource>,
    /// Every request but lists and watches: `create v1/pods default/a`.
    pub(super) requests: Vec<String>,
    /// Whether the kubelet binds, starts and removes pods.
    pub(super) kubelet: bool,
    manager: Manager,
    out: Outbox,
    inputs: VecDeque<Input>,
    waiting: Vec<Input>,
    watches: BTreeMap<Resource, u64>,
    timers: Vec<(Time, u64)>,
}

impl Fixture {
    /// A cluster with all controllers but those of nodes, started. It has no nodes.
    pub(super) fn new() -> Self {
        Self::with(Self::manager())
    }

    fn manager() -> Manager {
        let of_nodes = ["node-lifecycle-controller", "pod-garbage-collector-controller"];
        let controllers = all(&Settings::default()).into_iter();
        Manager::with(kinds(), controllers.filter(|c| !of_nodes.contains(&c.name())).collect())
    }

    pub(super) fn with(manager: Manager) -> Self {
        Self::build(manager, Box::new(|_| None))
    }

    /// As [`new`](Self::new), with requests that fail from the start.
    pub(super) fn started(rule: impl FnMut(&Request) -> Option<Status> + 'static) -> Self {
        Self::build(Self::manager(), Box::new(rule))
    }

    fn build(manager: Manager, rule: Failing) -> Self {
        let now = Time(0);
        let mut fixture = Self {
            store: Store::default(),
            now,
            rule,
            held: Vec::new(),
            requests: Vec::new(),
            kubelet: true,
            manager,
            out: Outbox::new(now),
            inputs: VecDeque::from([Input::Start]),
            waiting: Vec::new(),
            watches: BTreeMap::new(),
            timers: Vec::new(),
        };
        fixture.run();
        fixture
    }

    /// Runs until nothing is left to do at this time.
    pub(super) fn run(&mut self) {
        self.deliver();
        for _ in 0..100_000 {
            if let Some(input) = self.inputs.pop_front() {
                self.out.set_now(self.now);
                self.manager.on(input, &mut self.out);
                let effects: Vec<Effect> = self.out.drain().collect();
                effects.into_iter().for_each(|effect| self.effect(effect));
            } else if let Some(i) = self.timers.iter().position(|(due, _)| *due <= self.now) {
                let (_, token) = self.timers.remove(i);
                self.inputs.push_back(Input::Timer(token));
            } else if !(self.kubelet && self.store.kubelet(self.now)) {
                return;
            }
            self.deliver();
        }
        panic!("the controllers do not settle");
    }

    /// Runs up to `time`, timer by timer.
    pub(super) fn run_until(&mut self, time: Time) {
        self.run();
        while let Some(due) = self.timers.iter().map(|(due, _)| *due).filter(|due| *due <= time).min() {
            self.now = due.max(self.now);
            self.run();
        }
        self.now = time;
        self.run();
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Request(request) => {
                let answer = (self.rule)(&request).map(|status| Answer::Status(Box::new(status)));
                let resource = request.resource.unwrap();
                if !matches!(request.verb, Verb::List | Verb::Watch) {
                    self.requests.push(format!("{} {resource} {}", request.verb.as_str(), request.key()));
                }
                if request.verb == Verb::Watch && answer.is_none() {
                    self.watches.insert(resource, request.id);
                }
                let answer = answer.unwrap_or_else(|| self.store.answer(&request, self.now));
                self.deliver();
                self.inputs.push_back(Input::Answer(request.id, answer));
            }
            Effect::Timer(due, token) => self.timers.push((due, token)),
            Effect::CloseWatch(id) => self.watches.retain(|_, watch| *watch != id),
            other => panic!("{other:?}"),
        }
    }

    /// Delivers the store's events to the watches.
    fn deliver(&mut self) {
        for (resource, event) in std::mem::take(&mut self.store.events) {
            if let Some(id) = self.watches.get(&resource) {
                let input = Input::Watch(*id, vec![event]);
                if self.held.contains(&resource) {
                    self.waiting.push(input);
                } else {
                    self.inputs.push_back(input);
                }
            }
        }
    }

    /// Delivers the events that were held back.
    pub(super) fn release(&mut self) {
        self.held.clear();
        self.inputs.extend(self.waiting.drain(..));
        self.run();
    }

    /// Ends the watch of a resource; with an error event if one is given.
    pub(super) fn end_watch(&mut self, resource: Resource, error: Option<Status>) {
        let id = self.watches.remove(&resource).unwrap();
        self.inputs.push_back(match error {
            Some(status) => Input::Watch(id, vec![crate::wire::WatchEvent::Error(Box::new(status))]),
            None => Input::WatchEnded(id),
        });
    }

    /// Creates an object and runs.
    pub(super) fn create(&mut self, resource: Resource, object: Value) -> Arc<Object> {
        let object = self.store.create(resource, object, self.now).unwrap();
        self.run();
        object
    }

    /// Edits an object and runs.
    pub(super) fn edit(&mut self, resource: Resource, name: &str, edit: impl FnOnce(&mut Value)) {
        let updated = self.get(resource, name).edited(edit);
        self.store.update(resource, Arc::new(updated), "").unwrap();
        self.run();
    }

    /// From now on every request of this verb and resource fails.
    pub(super) fn refuse(&mut self, verb: Verb, resource: Resource, failure: Status) {
        let is_meant = move |request: &Request| request.verb == verb && request.resource == Some(resource);
        self.rule = Box::new(move |request| is_meant(request).then(|| failure.clone()));
    }

    /// Deletes an object with a propagation policy and runs.
    pub(super) fn delete(&mut self, resource: Resource, name: &str, propagation: &str) {
        let mut request = Request::delete(resource, &ObjectKey::of(&self.get(resource, name)));
        request.options.propagation = propagation.into();
        let answer = self.store.answer(&request, self.now);
        assert!(answer.failure().is_none(), "{answer:?}");
        self.run();
    }

    pub(super) fn get(&self, resource: Resource, name: &str) -> Arc<Object> {
        self.find(resource, name).unwrap_or_else(|| panic!("no {resource} {name}"))
    }

    /// The object with this name in the namespace of the tests, or cluster-scoped.
    pub(super) fn find(&self, resource: Resource, name: &str) -> Option<Arc<Object>> {
        let at = |namespace| self.store.objects.get(&(resource, ObjectKey::new(namespace, name)));
        at(NS).or_else(|| at("")).cloned()
    }

    /// The only object of a resource.
    pub(super) fn only(&self, resource: Resource) -> Arc<Object> {
        let [only] = &self.all(resource)[..] else { panic!("not one of {resource}") };
        only.clone()
    }

    pub(super) fn all(&self, resource: Resource) -> Vec<Arc<Object>> {
        let objects = self.store.objects.iter().filter(|((of, _), _)| *of == resource);
        objects.map(|(_, object)| object.clone()).collect()
    }

    /// The distinct statuses of an object so far, in order.
    pub(super) fn statuses(&self, resource: Resource, name: &str) -> Vec<Value> {
        let states =
            self.store.commits.iter().filter(|(of, object)| *of == resource && object.name() == name);
        let mut statuses: Vec<Value> =
            states.filter_map(|(_, object)| object.at(&["status"]).cloned()).collect();
        statuses.dedup();
        statuses
    }

    /// Replaces an object's status and runs.
    pub(super) fn set_status(&mut self, resource: Resource, name: &str, status: Value) {
        let updated = self.get(resource, name).edited(|root| root.set_at(&["status"], status));
        self.store.update(resource, Arc::new(updated), "status").unwrap();
        self.run();
    }

    /// The requests since the last call.
    pub(super) fn take_requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }
}

/// The kinds that the cluster serves.
pub(super) fn kinds() -> Vec<ServedKind> {
    let kind = |resource: Resource, kind: &str, namespaced| ServedKind {
        resource,
        followed: resource,
        kind: Str::new(kind),
        namespaced,
    };
    vec![
        kind(*PODS, "Pod", true),
        kind(*REPLICA_SETS, "ReplicaSet", true),
        kind(*DEPLOYMENTS, "Deployment", true),
        kind(*STATEFUL_SETS, "StatefulSet", true),
        kind(*DAEMON_SETS, "DaemonSet", true),
        kind(*REPLICATION_CONTROLLERS, "ReplicationController", true),
        kind(*CONTROLLER_REVISIONS, "ControllerRevision", true),
        kind(*PERSISTENT_VOLUME_CLAIMS, "PersistentVolumeClaim", true),
        kind(*PERSISTENT_VOLUMES, "PersistentVolume", false),
        kind(*NODES, "Node", false),
        kind(*CONFIG_MAPS, "ConfigMap", true),
        kind(*SERVICES, "Service", true),
        kind(*SERVICE_ACCOUNTS, "ServiceAccount", true),
        kind(*NAMESPACES, "Namespace", false),
        kind(*JOBS, "Job", true),
        kind(*LEASES, "Lease", true),
        kind(*CRDS, "CustomResourceDefinition", false),
    ]
}

/// A ReplicaSet or Deployment of nginx.
pub(super) fn workload(name: &str, replicas: i64) -> Value {
    value!({
        "metadata": {"name": name, "namespace": NS},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "d"}}, "template": (template("nginx:1"))}
    })
}

/// A pod template as the server stores it.
pub(super) fn template(image: &str) -> Value {
    value!({
        "metadata": {"labels": {"app": "d"}},
        "spec": {
            "containers": [{
                "image": image, "imagePullPolicy": "IfNotPresent", "name": "c", "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30
        }
    })
}
