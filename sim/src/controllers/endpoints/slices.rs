//! The EndpointSlice controller: which pods stand behind a Service, and which of them are ready.
//!
//! Real: pkg/controller/endpointslice. Modelled: ready, serving, terminating, publishNotReadyAddresses, named ports, hostnames,
//! headless services, the trigger-time annotation. Not modelled: more than one slice per Service (a real one starts a
//! second at 100 endpoints), IPv6, zones and hints.

use std::sync::Arc;

use super::members::{Members, hostname, port_of, publishes_unready};
use super::{HEADLESS, MANAGED_BY, SERVICE_NAME, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::claim::{Owner, controller_ref};
use crate::controllers::{Caches, Controller, Outcome, Target, Watches, pods};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

const MANAGER: &str = "endpointslice-controller.k8s.io";

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
        Watches::These(vec![*SERVICES, *PODS, self.slices])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        let object = change.object();
        if resource == *SERVICES {
            self.members.service_changed(change, caches);
            out.push(Target::of(resource, object));
        } else if resource == *PODS {
            self.members.pod_changed(change, out);
        } else if let Some(name) =
            object.label(SERVICE_NAME).filter(|_| object.label(MANAGED_BY) == Some(MANAGER))
        {
            out.push(Target::new(*SERVICES, ObjectKey::new(object.namespace(), name)));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(service), Some(followed)) =
            (caches.of(*SERVICES).get(&target.key), self.members.get_mut(&target.key))
        else {
            return out;
        };
        if followed.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        let pods = followed.pods(caches);
        let is_ours = |slice: &&Arc<Object>| slice.label(MANAGED_BY) == Some(MANAGER);
        let slice = caches.of(self.slices).owned_by(service.uid()).find(is_ours);
        let trigger = followed.trigger(service, &pods, slice.is_none());
        if let Some(request) = write(self.slices, service, slice, &pods, trigger) {
            out.then(request);
        }
        out
    }
}

/// The endpoint of a pod.
fn endpoint(service: &Object, pod: &Object) -> Value {
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
    if let Some(node) = pod.at(&["spec", "nodeName"]) {
        endpoint.set_at(&["nodeName"], node.clone());
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
    Value::list(ports.collect::<Vec<_>>())
}

/// The labels of a Service's slice: the Service's own and what tells whose it is.
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

/// The request after which the slice shows these pods; nothing where it does.
fn write(
    slices: Resource,
    service: &Arc<Object>,
    slice: Option<&Arc<Object>>,
    pods: &[&Arc<Object>],
    trigger: Option<Str>,
) -> Option<Request> {
    // Endpoints keep their places; new ones follow.
    let had = slice.map(|slice| slice.items_at(&["endpoints"])).unwrap_or_default();
    let place = |pod: &Arc<Object>| {
        let is_it = |e: &Value| e.str_at(&["targetRef", "uid"]) == Some(pod.uid());
        had.iter().position(is_it).unwrap_or(had.len())
    };
    let mut pods = pods.to_vec();
    pods.sort_by_key(|pod| place(pod));
    let endpoints: Vec<Value> = pods.iter().map(|pod| endpoint(service, pod)).collect();
    let ports = pods.first().map(|pod| ports(service, pod)).unwrap_or_default();
    let labels = labels(service);
    if let Some(slice) = slice
        && endpoints == had
        && slice.at(&["metadata", "labels"]) == Some(&labels)
        && slice.at(&["ports"]).cloned().unwrap_or_default() == ports
    {
        return None;
    }
    let edit = |root: &mut Value| {
        root.set_at(&["metadata", "labels"], labels);
        root.set_at(&["endpoints"], if endpoints.is_empty() { Value::Null } else { Value::list(endpoints) });
        root.set_at(&["ports"], ports);
        match trigger {
            Some(time) => root.set_at(&["metadata", "annotations", TRIGGER_TIME], time),
            None => drop(root.remove_at(&["metadata", "annotations", TRIGGER_TIME])),
        }
    };
    if let Some(slice) = slice {
        return Some(Request::update(slices, Arc::new(slice.edited(edit))));
    }
    let owner = Owner { resource: *SERVICES, kind: "Service", object: service };
    let mut root = value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "generateName": (format!("{}-", service.name())), "namespace": (service.namespace()),
            "ownerReferences": [(controller_ref(&owner))]
        }
    });
    edit(&mut root);
    Some(Request::create(slices, Object::shared(root)))
}
