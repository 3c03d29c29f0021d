//! The EndpointSlice controller: which pods stand behind a Service, and which of them are ready.
//!
//! Real: pkg/controller/endpointslice. Modelled: ready, serving, terminating, publishNotReadyAddresses, named ports, hostnames,
//! headless services, the trigger-time annotation. Not modelled: more than one slice per Service (a real one starts a
//! second at 100 endpoints), IPv6, zones and hints, and the older Endpoints object beside the slice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claim::{Owner, controller_ref};
use super::{Caches, Controller, Outcome, Target, Watches, pods};
use crate::client::Change;
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, Value};
use crate::value;
use crate::wire::resource::{PODS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const HEADLESS: &str = "service.kubernetes.io/headless";
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The controller of endpoint slices.
#[derive(Debug)]
pub(super) struct EndpointSlices {
    slices: Resource,
    services: BTreeMap<ObjectKey, Followed>,
}

/// What is known of one Service between syncs.
#[derive(Debug, Default)]
struct Followed {
    selector: Option<LabelSelector>,
    /// The pods that it selects.
    pods: BTreeSet<ObjectKey>,
    /// When the pods in the slice last became ready or unready.
    times: BTreeMap<ObjectKey, Str>,
    created: bool,
}

impl Default for EndpointSlices {
    fn default() -> Self {
        Self { slices: Resource::new("discovery.k8s.io/v1/endpointslices"), services: BTreeMap::new() }
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
            self.follow(change, caches);
            out.push(Target::of(resource, object));
        } else if resource == *PODS {
            self.pod_changed(change, out);
        } else if let Some(name) =
            object.label(SERVICE_NAME).filter(|_| object.label(MANAGED_BY) == Some(MANAGER))
        {
            out.push(Target::new(*SERVICES, ObjectKey::new(object.namespace(), name)));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let (Some(service), Some(followed)) =
            (caches.of(*SERVICES).get(&target.key), self.services.get_mut(&target.key))
        else {
            return out;
        };
        if followed.selector.is_none() || service.str_at(&["spec", "type"]) == Some("ExternalName") {
            return out;
        }
        let members = followed.pods.iter().filter_map(|key| caches.of(*PODS).get(key));
        let pods: Vec<&Arc<Object>> = members.filter(|pod| has_address(pod)).collect();
        let is_ours = |slice: &&Arc<Object>| slice.label(MANAGED_BY) == Some(MANAGER);
        let slice = caches.of(self.slices).owned_by(service.uid()).find(is_ours);
        let trigger = followed.trigger(service, &pods, slice.is_none());
        if let Some(request) = write(self.slices, service, slice, &pods, trigger) {
            out.then(request);
        }
        out
    }
}

impl EndpointSlices {
    /// A Service came, changed or went: finds its pods once.
    fn follow(&mut self, change: &Change, caches: &Caches) {
        let key = ObjectKey::of(change.object());
        let Some(service) = &change.new else {
            self.services.remove(&key);
            return;
        };
        let labels =
            service.at(&["spec", "selector"]).and_then(Value::as_map).filter(|labels| !labels.is_empty());
        let selector = labels.map(LabelSelector::from_labels);
        let followed = self.services.entry(key).or_default();
        if followed.selector != selector {
            let fits = |pod: &&Arc<Object>| selector.as_ref().is_some_and(|s| s.matches(pod.labels()));
            let pods = caches.of(*PODS).in_namespace(service.namespace()).filter(fits);
            followed.pods = pods.map(|pod| ObjectKey::of(pod)).collect();
            followed.selector = selector;
        }
    }

    fn pod_changed(&mut self, change: &Change, out: &mut Vec<Target>) {
        let key = ObjectKey::of(change.object());
        let from = ObjectKey::new(key.namespace.clone(), "");
        let near =
            self.services.range_mut(from..).take_while(|(service, _)| service.namespace == key.namespace);
        let mut selecting = near.filter(|(_, followed)| followed.selector.is_some()).peekable();
        if selecting.peek().is_none()
            || change.old.as_ref().zip(change.new.as_ref()).is_some_and(|(old, new)| looks_the_same(old, new))
        {
            return;
        }
        for (service, followed) in selecting {
            let Some(selector) = &followed.selector else { continue };
            let is_member = change.new.as_ref().is_some_and(|new| selector.matches(new.labels()));
            let was_member =
                if is_member { !followed.pods.insert(key.clone()) } else { followed.pods.remove(&key) };
            if is_member || was_member {
                out.push(Target::new(*SERVICES, service.clone()));
            }
        }
    }
}

/// Whether nothing changed that an endpoint shows.
fn looks_the_same(old: &Object, new: &Object) -> bool {
    let shown = |pod: &Object| {
        (pods::is_ready(pod), pod.is_terminating(), pods::is_finished(pod), pod.uid() == old.uid())
    };
    shown(old) == shown(new)
        && old.labels() == new.labels()
        && old.at(&["status", "podIP"]) == new.at(&["status", "podIP"])
        && old.at(&["spec", "nodeName"]) == new.at(&["spec", "nodeName"])
}

fn has_address(pod: &Object) -> bool {
    !pods::is_finished(pod) && pod.str_at(&["status", "podIP"]).is_some_and(|ip| !ip.is_empty())
}

impl Followed {
    /// The earliest time of what changed since the last sync, if that has one: a pod's readiness, the Service's creation.
    fn trigger(&mut self, service: &Object, pods: &[&Arc<Object>], first: bool) -> Option<Str> {
        let ready_since = |pod: &Object| {
            pod.condition("Ready").and_then(|c| c.str_at(&["lastTransitionTime"])).map(Str::new)
        };
        let times: BTreeMap<ObjectKey, Str> =
            pods.iter().filter_map(|pod| Some((ObjectKey::of(pod), ready_since(pod)?))).collect();
        let newer = times.iter().filter(|(pod, time)| self.times.get(*pod).is_none_or(|old| old < *time));
        let mut changed: Vec<Str> = newer.map(|(_, time)| time.clone()).collect();
        if first && !std::mem::replace(&mut self.created, true) {
            changed.push(service.meta("creationTimestamp").into());
        }
        self.times = times;
        changed.into_iter().min()
    }
}

/// The endpoint of a pod.
fn endpoint(service: &Object, pod: &Object) -> Value {
    let (serving, terminating) = (pods::is_ready(pod), pod.is_terminating());
    let publish = service.at(&["spec", "publishNotReadyAddresses"]).and_then(Value::as_bool).unwrap_or(false);
    let ip = pod.str_at(&["status", "podIP"]).unwrap_or_default();
    let ready = publish || (serving && !terminating);
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
    let hostname = pod.str_at(&["spec", "hostname"]).filter(|hostname| !hostname.is_empty());
    if let Some(hostname) = hostname.filter(|_| pod.str_at(&["spec", "subdomain"]) == Some(service.name())) {
        endpoint.set_at(&["hostname"], hostname);
    }
    endpoint
}

/// The ports of a Service as a pod serves them.
fn ports(service: &Object, pod: &Object) -> Value {
    let ports = service.items_at(&["spec", "ports"]).iter().filter_map(|port| {
        let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
        let number = match port.get("targetPort") {
            Some(Value::Int(number)) if *number != 0 => *number,
            Some(Value::Str(name)) => named_port(pod, name, protocol)?,
            _ => port.i64_at(&["port"])?,
        };
        let name = port.str_at(&["name"]).unwrap_or_default();
        let mut out = value!({"name": name, "protocol": protocol, "port": number});
        if let Some(app) = port.get("appProtocol") {
            out.set_at(&["appProtocol"], app.clone());
        }
        Some(out)
    });
    Value::list(ports.collect::<Vec<_>>())
}

fn named_port(pod: &Object, name: &str, protocol: &str) -> Option<i64> {
    let containers = pod.items_at(&["spec", "containers"]).iter();
    let mut ports = containers.flat_map(|container| container.items_at(&["ports"]));
    let is_it = |port: &&Value| {
        port.str_at(&["name"]) == Some(name) && port.str_at(&["protocol"]).unwrap_or("TCP") == protocol
    };
    ports.find(is_it)?.i64_at(&["containerPort"])
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
