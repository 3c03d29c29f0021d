//! The pods that each Service selects, updated at each change, and when one of them last became ready or unready; what both
//! controllers read from a Service and its pods.
//!
//! Real: pkg/controller/util/endpoint: selector caches and the trigger time tracker. Modelled: both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::HEADLESS;
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::controllers::{Caches, SyncKey};
use crate::object::{LabelSelector, Object, Str, Value, lasting_containers};
use crate::wire::ObjectKey;
use crate::wire::resource::{PODS, SERVICES};

/// All Services and their pods.
#[derive(Clone, Debug, Default)]
pub(super) struct PodsByService {
    services: BTreeMap<ObjectKey, ServicePods>,
}

/// One Service and its pods.
#[derive(Clone, Debug, Default)]
pub(super) struct ServicePods {
    pub(super) selector: Option<LabelSelector>,
    /// The pods that it selects.
    pods: BTreeSet<ObjectKey>,
    /// When the pods last became ready or unready.
    times: BTreeMap<ObjectKey, Str>,
    /// Whether the Service's creation has been a trigger already.
    created: bool,
}

impl PodsByService {
    pub(super) fn get_mut(&mut self, service: &ObjectKey) -> Option<&mut ServicePods> {
        self.services.get_mut(service)
    }

    /// Handles a change of a Service: finds its pods if its selector changed.
    pub(super) fn service_changed(&mut self, change: &Change, caches: &Caches) {
        let key = ObjectKey::of(change.object());
        let Some(service) = &change.new else {
            self.services.remove(&key);
            return;
        };
        let labels =
            service.at(&["spec", "selector"]).and_then(Value::as_map).filter(|labels| !labels.is_empty());
        let selector = labels.map(LabelSelector::from_labels);
        let members = self.services.entry(key).or_default();
        if members.selector != selector {
            let fits = |pod: &&Arc<Object>| selector.as_ref().is_some_and(|s| s.matches(pod.labels()));
            let pods = caches.of(*PODS).in_namespace(service.namespace()).filter(fits);
            members.pods = pods.map(|pod| ObjectKey::of(pod)).collect();
            members.selector = selector;
        }
    }

    /// Handles a change of a pod: adds the keys of the Services that select it or did.
    pub(super) fn pod_changed(&mut self, change: &Change, out: &mut Vec<SyncKey>) {
        let key = ObjectKey::of(change.object());
        let from = ObjectKey::new(key.namespace.clone(), "");
        let all =
            self.services.range_mut(from..).take_while(|(service, _)| service.namespace == key.namespace);
        let mut selecting = all.filter(|(_, members)| members.selector.is_some()).peekable();
        if selecting.peek().is_none()
            || change.old.as_ref().zip(change.new.as_ref()).is_some_and(|(old, new)| looks_the_same(old, new))
        {
            return;
        }
        for (service, members) in selecting {
            let Some(selector) = &members.selector else { continue };
            let is_member = change.new.as_ref().is_some_and(|new| selector.matches(new.labels()));
            let was_member =
                if is_member { !members.pods.insert(key.clone()) } else { members.pods.remove(&key) };
            if is_member || was_member {
                out.push(SyncKey::new(*SERVICES, service.clone()));
            }
        }
    }
}

impl ServicePods {
    /// The pods that have an address.
    pub(super) fn pods<'a>(&self, caches: &'a Caches) -> Vec<&'a Arc<Object>> {
        let members = self.pods.iter().filter_map(|key| caches.of(*PODS).get(key));
        members.filter(|pod| has_address(pod)).collect()
    }

    /// The earliest time of the changes since the last sync: of a pod's readiness, or the Service's creation.
    pub(super) fn trigger(&mut self, service: &Object, caches: &Caches, first: bool) -> Option<Str> {
        let ready_since = |pod: &Object| {
            pod.condition("Ready").and_then(|c| c.str_at(&["lastTransitionTime"])).map(Str::new)
        };
        let pods = self.pods.iter().filter_map(|key| caches.of(*PODS).get(key));
        let times: BTreeMap<ObjectKey, Str> =
            pods.filter_map(|pod| Some((ObjectKey::of(pod), ready_since(pod)?))).collect();
        let newer = times.iter().filter(|(pod, time)| self.times.get(*pod).is_none_or(|old| old < *time));
        let mut changed: Vec<Str> = newer.map(|(_, time)| time.clone()).collect();
        if first && !std::mem::replace(&mut self.created, true) {
            changed.push(service.meta("creationTimestamp").into());
        }
        self.times = times;
        changed.into_iter().min()
    }
}

/// Whether a change of a pod changes nothing that an endpoint shows.
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

/// The pod's hostname, if the Service gives it a name in DNS.
pub(super) fn hostname<'a>(service: &Object, pod: &'a Object) -> Option<&'a str> {
    let hostname = pod.str_at(&["spec", "hostname"]).filter(|hostname| !hostname.is_empty())?;
    (pod.str_at(&["spec", "subdomain"]) == Some(service.name())).then_some(hostname)
}

/// Whether the Service shows all its pods as ready.
pub(super) fn publishes_unready(service: &Object) -> bool {
    service.at(&["spec", "publishNotReadyAddresses"]).and_then(Value::as_bool).unwrap_or(false)
}

/// The labels of a Service's Endpoints or slices: the Service's own, these, and `headless` if it is.
pub(super) fn labels(service: &Object, more: &[(&str, &str)]) -> Value {
    let mut labels = service.at(&["metadata", "labels"]).cloned().unwrap_or_else(Value::empty_map);
    more.iter().for_each(|(label, value)| labels.set_at(&[label], *value));
    if service.str_at(&["spec", "clusterIP"]) == Some("None") {
        labels.set_at(&[HEADLESS], "");
    } else {
        labels.remove_at(&[HEADLESS]);
    }
    labels
}

/// The number of a Service's port on a pod.
pub(super) fn port_of(port: &Value, pod: &Object) -> Option<i64> {
    match port.get("targetPort") {
        Some(Value::Int(number)) if *number != 0 => Some(*number),
        Some(Value::Str(name)) => named_port(pod, name, port.str_at(&["protocol"]).unwrap_or("TCP")),
        _ => port.i64_at(&["port"]),
    }
}

fn named_port(pod: &Object, name: &str, protocol: &str) -> Option<i64> {
    let mut ports = lasting_containers(pod).flat_map(|container| container.items_at(&["ports"]));
    let is_it = |port: &&Value| {
        port.str_at(&["name"]) == Some(name) && port.str_at(&["protocol"]).unwrap_or("TCP") == protocol
    };
    ports.find(is_it)?.i64_at(&["containerPort"])
}
