//! The Endpoints controller: the older object of the same name as its Service, with the addresses of its pods.
//!
//! Real: pkg/controller/endpoint. Modelled: ready and not ready addresses, one subset per set of ports, named ports, hostnames,
//! headless services, the trigger-time annotation, deletion with the Service. Not modelled: the order of
//! several subsets, which is by a hash of each. Not modelled: the limit of 1000 addresses,
//! IPv6, what a controller left behind that was down while Services went.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::{Followed, Members, hostname, port_of, publishes_unready};
use super::port_order::of_endpoints;
use super::{ENDPOINT_CONTROLLER, ENDPOINTS_MANAGED_BY, HEADLESS, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

/// The controller of Endpoints.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct LegacyEndpoints {
    endpoints: Resource,
    members: Members,
}

impl Default for LegacyEndpoints {
    fn default() -> Self {
        Self { endpoints: Resource::new("v1/endpoints"), members: Members::default() }
    }
}

impl Controller for LegacyEndpoints {
    fn name(&self) -> &'static str {
        "endpoints-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*SERVICES, *PODS, self.endpoints])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *PODS {
            self.members.pod_changed(change, out);
            return;
        }
        if resource == *SERVICES {
            self.members.service_changed(change, caches);
        } else if change.new.is_some() {
            // What others write into it stays until the next change of a pod, as in a real cluster.
            return;
        }
        out.push(SyncKey::new(*SERVICES, ObjectKey::of(change.object())));
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let there = caches.of(self.endpoints).get(&target.key);
        let Some(service) = caches.of(*SERVICES).get(&target.key) else {
            if there.is_some() {
                out.then(Request::delete(self.endpoints, &target.key));
            }
            return out;
        };
        let Some(followed) = self.members.get_mut(&target.key) else { return out };
        if followed.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        if let Some(request) = write(self.endpoints, service, there, followed, caches) {
            out.then(request);
        }
        out
    }
}

/// The request after which the Endpoints show the Service's pods; nothing where they do.
fn write(
    endpoints: Resource,
    service: &Arc<Object>,
    there: Option<&Arc<Object>>,
    followed: &mut Followed,
    caches: &Caches,
) -> Option<Request> {
    let shown = |pod: &&Arc<Object>| publishes_unready(service) || !pod.is_terminating();
    let trigger = followed.trigger(service, caches, there.is_none());
    let pods: Vec<&Arc<Object>> = followed.pods(caches).into_iter().filter(shown).collect();
    let (subsets, labels) = (subsets(service, &pods), labels(service));
    if let Some(there) = there
        && there.items_at(&["subsets"]) == subsets
        && there.at(&["metadata", "labels"]) == Some(&labels)
    {
        return None;
    }
    let edit = |root: &mut Value| {
        root.set_at(&["metadata", "labels"], labels);
        if subsets.is_empty() {
            root.remove_at(&["subsets"]);
        } else {
            root.set_at(&["subsets"], Value::list(subsets));
        }
        match trigger {
            Some(time) => root.set_at(&["metadata", "annotations", TRIGGER_TIME], time),
            None => drop(root.remove_at(&["metadata", "annotations", TRIGGER_TIME])),
        }
    };
    if let Some(there) = there {
        return Some(Request::update(endpoints, Arc::new(there.edited(edit))));
    }
    let mut root = value!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": (service.name()), "namespace": (service.namespace())}
    });
    edit(&mut root);
    Some(Request::create(endpoints, Object::shared(root)))
}

/// The labels of a Service's Endpoints: the Service's own and what tells whose they are.
fn labels(service: &Object) -> Value {
    let mut labels = service.at(&["metadata", "labels"]).cloned().unwrap_or_else(Value::empty_map);
    labels.set_at(&[ENDPOINTS_MANAGED_BY], ENDPOINT_CONTROLLER);
    if service.str_at(&["spec", "clusterIP"]) == Some("None") {
        labels.set_at(&[HEADLESS], "");
    } else {
        labels.remove_at(&[HEADLESS]);
    }
    labels
}

/// The ports of a subset, its pods that are ready, and those that are not.
type Subset<'a> = (Value, Vec<&'a Arc<Object>>, Vec<&'a Arc<Object>>);

/// One subset per set of ports; in it the addresses in order.
fn subsets(service: &Object, pods: &[&Arc<Object>]) -> Vec<Value> {
    let mut by_ports: BTreeMap<String, Subset<'_>> = BTreeMap::new();
    for pod in pods {
        let ports = ports(service, pod);
        if ports.items().is_empty() && !service.items_at(&["spec", "ports"]).is_empty() {
            continue;
        }
        let entry = by_ports.entry(ports.to_json()).or_insert_with(|| (ports, Vec::new(), Vec::new()));
        let is_ready = publishes_unready(service) || pods::is_ready(pod);
        if is_ready { entry.1.push(pod) } else { entry.2.push(pod) }
    }
    let subset = |(ports, mut ready, mut unready): Subset<'_>| {
        let mut subset = Value::empty_map();
        for (field, pods) in [("addresses", &mut ready), ("notReadyAddresses", &mut unready)] {
            // By the text of the address (endpoints `LessEndpointAddress`).
            pods.sort_by_key(|pod| {
                (pod.str_at(&["status", "podIP"]).map(str::to_owned), pod.uid().to_owned())
            });
            if !pods.is_empty() {
                subset.set_at(&[field], Value::list(pods.iter().map(|pod| address(service, pod))));
            }
        }
        if !ports.items().is_empty() {
            subset.set_at(&["ports"], ports);
        }
        subset
    };
    by_ports.into_values().map(subset).collect()
}

fn address(service: &Object, pod: &Object) -> Value {
    let ip = pod.str_at(&["status", "podIP"]).unwrap_or_default();
    let mut address = value!({
        "ip": ip,
        "targetRef": {
            "kind": "Pod", "namespace": (pod.namespace()), "name": (pod.name()), "uid": (pod.uid())
        }
    });
    if let Some(node) = pod.at(&["spec", "nodeName"]) {
        address.set_at(&["nodeName"], node.clone());
    }
    if let Some(hostname) = hostname(service, pod) {
        address.set_at(&["hostname"], hostname);
    }
    address
}

/// The ports of a Service as a pod serves them; a port without a name has none here.
fn ports(service: &Object, pod: &Object) -> Value {
    let ports = service.items_at(&["spec", "ports"]).iter().filter_map(|port| {
        let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
        let mut out = value!({"port": (port_of(port, pod)?), "protocol": protocol});
        for field in ["name", "appProtocol"] {
            if let Some(text) = port.str_at(&[field]).filter(|text| !text.is_empty()) {
                out.set_at(&[field], text);
            }
        }
        Some(out)
    });
    Value::list(of_endpoints(ports.collect()))
}
