//! The EndpointSlice controller: which pods stand behind a Service, and which of them are ready.
//!
//! Real: pkg/controller/endpointslice and k8s.io/endpointslice. Modelled: ready, serving, terminating,
//! publishNotReadyAddresses, named ports, one set of slices per list of ports, at most 100 endpoints in a slice, zones,
//! hostnames, headless services, the trigger-time annotation. Not modelled: IPv6, hints; pods on a node that is gone are
//! still shown.

use std::sync::Arc;

use super::members::{Members, hostname, port_of, publishes_unready};
use super::port_order::of_slice;
use super::{HEADLESS, MANAGED_BY, SERVICE_NAME, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::shared::pods;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{NODES, PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

const MANAGER: &str = "endpointslice-controller.k8s.io";
/// How many endpoints a slice has at most (kube-controller-manager `--max-endpoints-per-slice`).
const MOST: usize = 100;

/// The controller of endpoint slices.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct EndpointSlices {
    slices: Resource,
    members: Members,
}

impl Default for EndpointSlices {
    fn default() -> Self {
        Self { slices: Resource::new("discovery.k8s.io/v1/endpointslices"), members: Members::default() }
    }
}

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*SERVICES, *PODS, *NODES, self.slices])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *SERVICES {
            self.members.service_changed(change, caches);
            out.push(SyncKey::of(resource, object));
        } else if resource == *PODS {
            self.members.pod_changed(change, out);
        } else if let Some(name) =
            object.label(SERVICE_NAME).filter(|_| object.label(MANAGED_BY) == Some(MANAGER))
        {
            out.push(SyncKey::new(*SERVICES, ObjectKey::new(object.namespace(), name)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(service), Some(followed)) =
            (caches.of(*SERVICES).get(&target.key), self.members.get_mut(&target.key))
        else {
            return out;
        };
        if followed.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        let is_ours = |slice: &&Arc<Object>| slice.label(MANAGED_BY) == Some(MANAGER);
        let there: Vec<&Arc<Object>> =
            caches.of(self.slices).owned_by(service.uid()).filter(is_ours).collect();
        let trigger = followed.trigger(service, caches, there.is_empty());
        let mut wanted: Vec<Group> = Vec::new();
        for pod in followed.pods(caches) {
            let ports = ports(service, pod);
            let endpoint = endpoint(service, pod, caches);
            match wanted.iter_mut().find(|group| group.ports == ports) {
                Some(group) => group.endpoints.push(endpoint),
                None => wanted.push(Group { ports, endpoints: vec![endpoint] }),
            }
        }
        let labels = labels(service);
        let plan = plan(&there, wanted, &labels);
        out.together(plan.requests(self.slices, service, &there, &labels, trigger.as_ref()));
        out
    }
}

/// The endpoints with one list of ports.
struct Group {
    ports: Value,
    endpoints: Vec<Value>,
}

/// What becomes of the slices of a Service.
#[derive(Default)]
struct Plan {
    create: Vec<Group>,
    /// Which of the slices, and what they are to show.
    update: Vec<(usize, Group)>,
    delete: Vec<usize>,
}

/// The plan after which the slices show these endpoints. What is in a slice stays in it.
fn plan(there: &[&Arc<Object>], wanted: Vec<Group>, labels: &Value) -> Plan {
    let mut plan = Plan::default();
    let has = |slice: &Object, ports: &Value| slice.items_at(&["ports"]) == ports.items();
    let is_strange = |i: &usize| !wanted.iter().any(|group| has(there[*i], &group.ports));
    plan.delete.extend((0..there.len()).filter(is_strange));
    for Group { ports, endpoints: mut left } in wanted {
        let (mut changed, mut unchanged) = (Vec::new(), Vec::new());
        for (i, slice) in there.iter().enumerate().filter(|(_, slice)| has(slice, &ports)) {
            let had = slice.items_at(&["endpoints"]);
            let mut kept = Vec::new();
            for old in had {
                if let Some(at) = left.iter().position(|new| is_same(old, new)) {
                    kept.push(left.remove(at));
                }
            }
            if kept.is_empty() && !had.is_empty() {
                plan.delete.push(i);
            } else if kept != had || slice.at(&["metadata", "labels"]) != Some(labels) {
                changed.push((i, kept));
            } else {
                unchanged.push((i, kept));
            }
        }
        // The fullest ones first.
        changed.sort_by_key(|(_, endpoints)| std::cmp::Reverse(endpoints.len()));
        for (_, endpoints) in &mut changed {
            let room = MOST.saturating_sub(endpoints.len()).min(left.len());
            endpoints.extend(left.drain(..room));
        }
        while !left.is_empty() {
            let fits = |(_, endpoints): &&(usize, Vec<Value>)| endpoints.len() + left.len() <= MOST;
            let fullest = unchanged.iter().filter(fits).max_by_key(|(_, endpoints)| endpoints.len());
            let Some(i) = fullest.map(|(i, _)| *i) else {
                let endpoints = left.drain(..left.len().min(MOST)).collect();
                plan.create.push(Group { ports: ports.clone(), endpoints });
                continue;
            };
            let at = unchanged.iter().position(|(other, _)| *other == i).expect("it was found there");
            let (_, mut endpoints) = unchanged.remove(at);
            endpoints.append(&mut left);
            changed.push((i, endpoints));
        }
        let group = |(i, endpoints)| (i, Group { ports: ports.clone(), endpoints });
        plan.update.extend(changed.into_iter().map(group));
    }
    if plan.delete.len() == there.len() && plan.create.is_empty() {
        plan.keep_one_empty(there, labels);
    }
    plan
}

impl Plan {
    /// A Service without endpoints has one slice, which is empty.
    fn keep_one_empty(&mut self, there: &[&Arc<Object>], labels: &Value) {
        let is_empty = |slice: &Object| {
            slice.items_at(&["endpoints"]).is_empty()
                && slice.items_at(&["ports"]).is_empty()
                && slice.at(&["metadata", "labels"]) == Some(labels)
        };
        match there {
            [only] if is_empty(only) => self.delete.clear(),
            _ => self.create.push(Group { ports: Value::Null, endpoints: Vec::new() }),
        }
    }

    fn requests(
        mut self,
        slices: Resource,
        service: &Arc<Object>,
        there: &[&Arc<Object>],
        labels: &Value,
        trigger: Option<&Str>,
    ) -> Vec<Request> {
        // A slice that would go becomes the one that would come.
        while !self.delete.is_empty()
            && let Some(group) = self.create.pop()
        {
            self.update.push((self.delete.remove(0), group));
        }
        let create = self.create.iter().filter(|_| !service.is_terminating()).map(|group| {
            let owner = Owner { resource: *SERVICES, kind: "Service", object: service };
            let mut root = value!({
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
                "metadata": {
                    "generateName": (format!("{}-", service.name())), "namespace": (service.namespace()),
                    "ownerReferences": [(controller_ref(&owner))]
                }
            });
            show(&mut root, group, labels, trigger);
            Request::create(slices, Object::shared(root))
        });
        let update = self.update.iter().map(|(i, group)| {
            let edited = there[*i].edited(|root| show(root, group, labels, trigger));
            Request::update(slices, Arc::new(edited))
        });
        let delete = self.delete.iter().map(|i| Request::delete(slices, &ObjectKey::of(there[*i])));
        create.chain(update).chain(delete).collect()
    }
}

/// Makes a slice show these endpoints.
fn show(root: &mut Value, group: &Group, labels: &Value, trigger: Option<&Str>) {
    let endpoints = &group.endpoints;
    root.set_at(&["metadata", "labels"], labels.clone());
    root.set_at(
        &["endpoints"],
        if endpoints.is_empty() { Value::Null } else { Value::list(endpoints.iter().cloned()) },
    );
    root.set_at(&["ports"], group.ports.clone());
    match trigger {
        Some(time) => root.set_at(&["metadata", "annotations", TRIGGER_TIME], time.clone()),
        None => drop(root.remove_at(&["metadata", "annotations", TRIGGER_TIME])),
    }
}

/// Whether two endpoints are one in two states (`hashEndpoint`).
fn is_same(a: &Value, b: &Value) -> bool {
    let all: [&[&str]; 4] =
        [&["addresses"], &["hostname"], &["targetRef", "namespace"], &["targetRef", "name"]];
    all.iter().all(|path| a.at(path) == b.at(path))
}

/// The endpoint of a pod.
fn endpoint(service: &Object, pod: &Object, caches: &Caches) -> Value {
    let (serving, terminating) = (pods::is_ready(pod), pod.is_terminating());
    let ip = pod.str_at(&["status", "podIP"]).unwrap_or_default();
    let ready = publishes_unready(service) || (serving && !terminating);
    let mut endpoint = value!({
        "addresses": [ip],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": {
            "kind": "Pod", "namespace": (pod.namespace()), "name": (pod.name()), "uid": (pod.uid())
        }
    });
    if let Some(name) = pod.str_at(&["spec", "nodeName"]) {
        endpoint.set_at(&["nodeName"], name);
        let node = caches.of(*NODES).get(&ObjectKey::new("", name));
        if let Some(zone) = node.and_then(|node| node.label("topology.kubernetes.io/zone")) {
            endpoint.set_at(&["zone"], zone);
        }
    }
    if let Some(hostname) = hostname(service, pod) {
        endpoint.set_at(&["hostname"], hostname);
    }
    endpoint
}

/// The ports of a Service as a pod serves them.
fn ports(service: &Object, pod: &Object) -> Value {
    let ports = service.items_at(&["spec", "ports"]).iter().filter_map(|port| {
        let number = port_of(port, pod)?;
        let name = port.str_at(&["name"]).unwrap_or_default();
        let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
        let mut out = value!({"name": name, "protocol": protocol, "port": number});
        if let Some(app) = port.get("appProtocol") {
            out.set_at(&["appProtocol"], app.clone());
        }
        Some(out)
    });
    Value::list(of_slice(ports.collect()))
}

/// The labels of a Service's slices: the Service's own and what tells whose they are.
fn labels(service: &Object) -> Value {
    let mut labels = service.at(&["metadata", "labels"]).cloned().unwrap_or_else(Value::empty_map);
    labels.set_at(&[MANAGED_BY], MANAGER);
    labels.set_at(&[SERVICE_NAME], service.name());
    if service.str_at(&["spec", "clusterIP"]) == Some("None") {
        labels.set_at(&[HEADLESS], "");
    } else {
        labels.remove_at(&[HEADLESS]);
    }
    labels
}
