//! The EndpointSlice controller: writes the pods behind a Service, and which of them are ready.
//!
//! Real: pkg/controller/endpointslice and k8s.io/endpointslice. Modelled: ready, serving, terminating,
//! publishNotReadyAddresses, named ports, one set of slices per list of ports, at most 100 endpoints in a slice, zones,
//! hostnames, headless Services, the trigger-time annotation. Differs: slices keep showing pods of a deleted node. Not
//! modelled: IPv6, hints.

use std::sync::Arc;

use super::members::{PodsByService, hostname, labels, port_of, publishes_unready};
use super::port_order::of_slice;
use super::{MANAGED_BY, SERVICE_NAME, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::shared::pods;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{ENDPOINT_SLICES, NODES, PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

/// Its value of [`MANAGED_BY`] (pkg/controller/endpointslice `controllerName`).
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// Most endpoints of a slice (kube-controller-manager `--max-endpoints-per-slice`).
const MOST: usize = 100;

/// The controller of EndpointSlices.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct EndpointSlices {
    services: PodsByService,
}

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*SERVICES, *PODS, *NODES, *ENDPOINT_SLICES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *SERVICES {
            self.services.service_changed(change, caches);
            out.push(SyncKey::of(resource, object));
        } else if resource == *PODS {
            self.services.pod_changed(change, out);
        } else if let Some(name) =
            object.label(SERVICE_NAME).filter(|_| object.label(MANAGED_BY) == Some(MANAGER))
        {
            out.push(SyncKey::new(*SERVICES, ObjectKey::new(object.namespace(), name)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(service), Some(members)) =
            (caches.of(*SERVICES).get(&target.key), self.services.get_mut(&target.key))
        else {
            return out;
        };
        if members.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        let is_ours = |slice: &&Arc<Object>| slice.label(MANAGED_BY) == Some(MANAGER);
        let there: Vec<&Arc<Object>> =
            caches.of(*ENDPOINT_SLICES).owned_by(service.uid()).filter(is_ours).collect();
        let trigger = members.trigger(service, caches, there.is_empty());
        let mut wanted: Vec<PortGroup> = Vec::new();
        for pod in members.pods(caches) {
            let ports = ports(service, pod);
            let endpoint = endpoint(service, pod, caches);
            match wanted.iter_mut().find(|group| group.ports == ports) {
                Some(group) => group.endpoints.push(endpoint),
                None => wanted.push(PortGroup { ports, endpoints: vec![endpoint] }),
            }
        }
        let labels = labels(service, &[(MANAGED_BY, MANAGER), (SERVICE_NAME, service.name())]);
        let changes = changes(&there, wanted, &labels);
        out.together(changes.requests(service, &there, &labels, trigger.as_ref()));
        out
    }
}

/// The endpoints with one list of ports.
struct PortGroup {
    ports: Value,
    endpoints: Vec<Value>,
}

/// What to do with the slices of a Service.
#[derive(Default)]
struct SliceChanges {
    create: Vec<PortGroup>,
    /// Indexes of slices, and their new content.
    update: Vec<(usize, PortGroup)>,
    /// Indexes of slices.
    delete: Vec<usize>,
}

/// The changes after which the slices show these endpoints. An endpoint stays in its slice.
fn changes(there: &[&Arc<Object>], wanted: Vec<PortGroup>, labels: &Value) -> SliceChanges {
    let mut plan = SliceChanges::default();
    let has = |slice: &Object, ports: &Value| slice.items_at(&["ports"]) == ports.items();
    let is_unwanted = |i: &usize| !wanted.iter().any(|group| has(there[*i], &group.ports));
    plan.delete.extend((0..there.len()).filter(is_unwanted));
    for PortGroup { ports, endpoints: mut left } in wanted {
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
                plan.create.push(PortGroup { ports: ports.clone(), endpoints });
                continue;
            };
            let at = unchanged.iter().position(|(other, _)| *other == i).expect("`i` comes from this list");
            let (_, mut endpoints) = unchanged.remove(at);
            endpoints.append(&mut left);
            changed.push((i, endpoints));
        }
        let group = |(i, endpoints)| (i, PortGroup { ports: ports.clone(), endpoints });
        plan.update.extend(changed.into_iter().map(group));
    }
    if plan.delete.len() == there.len() && plan.create.is_empty() {
        plan.keep_one_empty(there, labels);
    }
    plan
}

impl SliceChanges {
    /// Gives a Service without endpoints one empty slice.
    fn keep_one_empty(&mut self, there: &[&Arc<Object>], labels: &Value) {
        let is_empty = |slice: &Object| {
            slice.items_at(&["endpoints"]).is_empty()
                && slice.items_at(&["ports"]).is_empty()
                && slice.at(&["metadata", "labels"]) == Some(labels)
        };
        match there {
            [only] if is_empty(only) => self.delete.clear(),
            _ => self.create.push(PortGroup { ports: Value::Null, endpoints: Vec::new() }),
        }
    }

    fn requests(
        mut self,
        service: &Arc<Object>,
        there: &[&Arc<Object>],
        labels: &Value,
        trigger: Option<&Str>,
    ) -> Vec<Request> {
        // Reuses a slice to delete in place of one to create.
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
            Request::create(*ENDPOINT_SLICES, Object::shared(root))
        });
        let update = self.update.iter().map(|(i, group)| {
            let edited = there[*i].edited(|root| show(root, group, labels, trigger));
            Request::update(*ENDPOINT_SLICES, Arc::new(edited))
        });
        let delete = self.delete.iter().map(|i| Request::delete(*ENDPOINT_SLICES, &ObjectKey::of(there[*i])));
        create.chain(update).chain(delete).collect()
    }
}

/// Writes these endpoints into a slice.
fn show(root: &mut Value, group: &PortGroup, labels: &Value, trigger: Option<&Str>) {
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

/// Whether two values are states of the same endpoint (`hashEndpoint`).
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
