//! The Endpoints controller: writes an object of the same name as the Service, with the addresses of its pods.
//!
//! Real: pkg/controller/endpoint. Modelled: ready and not ready addresses, one subset per set of ports, named ports, hostnames,
//! headless Services, the trigger-time annotation, deletion with the Service. Not modelled: the order of several subsets,
//! which is by a hash of each; the limit of 1000 addresses; IPv6; deleting Endpoints of Services that were deleted while
//! the controller was down.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::{PodsByService, ServicePods, hostname, labels, port_of, publishes_unready};
use super::port_order::of_endpoints;
use super::{ENDPOINT_CONTROLLER, ENDPOINTS_MANAGED_BY, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{ENDPOINTS, PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

/// The controller of Endpoints.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct LegacyEndpoints {
    services: PodsByService,
}

impl Controller for LegacyEndpoints {
    fn name(&self) -> &'static str {
        "endpoints-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*SERVICES, *PODS, *ENDPOINTS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *PODS {
            self.services.pod_changed(change, out);
            return;
        }
        if resource == *SERVICES {
            self.services.service_changed(change, caches);
        } else if change.new.is_some() {
            // What other clients write stays until the next change of a pod, as in a real cluster.
            return;
        }
        out.push(SyncKey::new(*SERVICES, ObjectKey::of(change.object())));
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let there = caches.of(*ENDPOINTS).get(&target.key);
        let Some(service) = caches.of(*SERVICES).get(&target.key) else {
            if there.is_some() {
                out.then(Request::delete(*ENDPOINTS, &target.key));
            }
            return out;
        };
        let Some(members) = self.services.get_mut(&target.key) else { return out };
        if members.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        out.together(write(service, there, members, caches).into_iter().collect());
        out
    }
}

/// The request that writes the Service's pods into its Endpoints; `None` if they are there.
fn write(
    service: &Arc<Object>,
    there: Option<&Arc<Object>>,
    members: &mut ServicePods,
    caches: &Caches,
) -> Option<Request> {
    let is_shown = |pod: &&Arc<Object>| publishes_unready(service) || !pod.is_terminating();
    let trigger = members.trigger(service, caches, there.is_none());
    let pods: Vec<&Arc<Object>> = members.pods(caches).into_iter().filter(is_shown).collect();
    let labels = labels(service, &[(ENDPOINTS_MANAGED_BY, ENDPOINT_CONTROLLER)]);
    let subsets = subsets(service, &pods);
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
        return Some(Request::update(*ENDPOINTS, Arc::new(there.edited(edit))));
    }
    let mut root = value!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": (service.name()), "namespace": (service.namespace())}
    });
    edit(&mut root);
    Some(Request::create(*ENDPOINTS, Object::shared(root)))
}

/// The ports of a subset, its ready pods, and its other pods.
type Subset<'a> = (Value, Vec<&'a Arc<Object>>, Vec<&'a Arc<Object>>);

/// One subset per set of ports, with sorted addresses.
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

/// The ports of a Service as a pod serves them.
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
