//! The EndpointSlice mirroring controller: slices for Endpoints that a user wrote for a Service without a selector.
//!
//! Real: pkg/controller/endpointslicemirroring. Modelled: one slice per subset, ready and not ready addresses, labels and
//! annotations, skipped Endpoints (skip-mirror, leader election, those of the Endpoints controller). Not modelled: the
//! limit of 1000 addresses per subset, IPv6, the batching of changes over half a second.

use std::sync::Arc;

use super::port_order::of_slice;
use super::{ENDPOINT_CONTROLLER, ENDPOINTS_MANAGED_BY, HEADLESS, MANAGED_BY, SERVICE_NAME, TRIGGER_TIME};
use crate::client::Change;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{ENDPOINT_SLICES, ENDPOINTS, SERVICES};
use crate::wire::{ObjectKey, Request, Resource};

/// Its value of [`MANAGED_BY`] (pkg/controller/endpointslicemirroring `controllerName`).
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
/// Label of Endpoints that it skips (discovery/v1 `LabelSkipMirror`).
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Annotation of Endpoints that are locks (client-go resourcelock `LeaderElectionRecordAnnotationKey`).
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// Annotation that it does not copy (core/v1 `LastAppliedConfigAnnotation`).
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The controller that mirrors Endpoints.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct Mirroring;

impl Controller for Mirroring {
    fn name(&self) -> &'static str {
        "endpointslice-mirroring-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*SERVICES, *ENDPOINTS, *ENDPOINT_SLICES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        let name = if resource == *ENDPOINT_SLICES {
            object.label(SERVICE_NAME).filter(|_| object.label(MANAGED_BY) == Some(MANAGER))
        } else {
            Some(object.name())
        };
        out.extend(name.map(|name| SyncKey::new(*ENDPOINTS, ObjectKey::new(object.namespace(), name))));
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        // The garbage collector deletes the slices of deleted Endpoints.
        let Some(endpoints) = caches.of(*ENDPOINTS).get(&target.key) else { return out };
        let service = caches.of(*SERVICES).get(&target.key);
        let is_ours = |slice: &&Arc<Object>| slice.label(MANAGED_BY) == Some(MANAGER);
        let slices: Vec<&Arc<Object>> =
            caches.of(*ENDPOINT_SLICES).owned_by(endpoints.uid()).filter(is_ours).collect();
        let wanted = match service {
            Some(service) if is_mirrored(endpoints, service) => wanted(endpoints),
            _ => Vec::new(),
        };
        let kept = slices.iter().zip(&wanted);
        let changed = kept.filter(|(slice, wanted)| !shows(slice, wanted)).map(|(slice, wanted)| {
            let edited = slice.edited(|root| {
                for path in [&["endpoints"][..], &["ports"], &["metadata", "labels"]] {
                    root.set_at(path, wanted.at(path).cloned().unwrap_or_default());
                }
            });
            Request::update(*ENDPOINT_SLICES, Arc::new(edited))
        });
        let surplus = slices.iter().skip(wanted.len());
        let gone = surplus.map(|slice| Request::delete(*ENDPOINT_SLICES, &ObjectKey::of(slice)));
        let mut requests: Vec<Request> = changed.chain(gone).collect();
        let new = wanted.iter().skip(slices.len());
        requests.extend(new.map(|slice| Request::create(*ENDPOINT_SLICES, Object::shared(slice.clone()))));
        out.together(requests);
        out
    }
}

fn is_mirrored(endpoints: &Object, service: &Object) -> bool {
    let selects = service.at(&["spec", "selector"]).and_then(Value::as_map).is_some();
    !selects
        && endpoints.label(SKIP_MIRROR) != Some("true")
        && endpoints.label(ENDPOINTS_MANAGED_BY) != Some(ENDPOINT_CONTROLLER)
        && endpoints.annotation(LEADER).is_none()
}

fn shows(slice: &Object, wanted: &Value) -> bool {
    let same = |path: &[&str]| slice.at(path) == wanted.at(path);
    same(&["endpoints"]) && same(&["ports"]) && same(&["metadata", "labels"])
}

/// One slice per subset that has addresses.
fn wanted(endpoints: &Arc<Object>) -> Vec<Value> {
    let subsets = endpoints.items_at(&["subsets"]).iter();
    let slices = subsets.filter_map(|subset| {
        let ready = subset.items_at(&["addresses"]).iter().map(|address| endpoint(address, true));
        let unready = subset.items_at(&["notReadyAddresses"]).iter().map(|address| endpoint(address, false));
        let all: Vec<Value> = ready.chain(unready).collect();
        (!all.is_empty()).then(|| slice(endpoints, all, subset))
    });
    slices.collect()
}

fn slice(endpoints: &Arc<Object>, all: Vec<Value>, subset: &Value) -> Value {
    let owner = Owner { resource: *ENDPOINTS, kind: "Endpoints", object: endpoints };
    let mut labels = endpoints.at(&["metadata", "labels"]).cloned().unwrap_or_else(Value::empty_map);
    labels.remove_at(&[HEADLESS]);
    labels.set_at(&[MANAGED_BY], MANAGER);
    labels.set_at(&[SERVICE_NAME], endpoints.name());
    let mut root = value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "generateName": (format!("{}-", endpoints.name())), "namespace": (endpoints.namespace()),
            "labels": labels,
            "ownerReferences": [(controller_ref(&owner))]
        },
        "endpoints": (Value::list(all)),
        "ports": (Value::list(of_slice(subset.items_at(&["ports"]).iter().map(port).collect())))
    });
    let annotations = endpoints.at(&["metadata", "annotations"]).and_then(Value::as_map);
    for (key, text) in annotations.into_iter().flat_map(|map| map.iter()) {
        if ![LAST_APPLIED, TRIGGER_TIME].contains(&key.as_str()) {
            root.set_at(&["metadata", "annotations", key.as_str()], text.clone());
        }
    }
    root
}

fn endpoint(address: &Value, ready: bool) -> Value {
    let ip = address.str_at(&["ip"]).unwrap_or_default();
    let mut endpoint = value!({"addresses": [ip], "conditions": {"ready": ready}});
    for field in ["targetRef", "nodeName", "hostname"] {
        if let Some(value) = address.get(field) {
            endpoint.set_at(&[field], value.clone());
        }
    }
    endpoint
}

fn port(port: &Value) -> Value {
    let name = port.str_at(&["name"]).unwrap_or_default();
    let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
    let mut out = value!({"name": name, "protocol": protocol, "port": (port.i64_at(&["port"]).unwrap_or(0))});
    if let Some(app) = port.get("appProtocol") {
        out.set_at(&["appProtocol"], app.clone());
    }
    out
}
