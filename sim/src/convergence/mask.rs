//! The masked form of one object, as a hash. Two states of a cluster are equal if their masked objects are.
//!
//! Left out: Events, Leases, ControllerRevisions, reviews, CertificateSigningRequests; ReplicaSets with 0 wanted and 0 actual
//! pods; ConfigMaps `kube-root-ca.crt` and ServiceAccounts `default`; Jobs of CronJobs with their pods, and `status.active` of
//! the CronJob; what `converge.ignore` names.
//!
//! Removed or replaced in the others:
//! - metadata: resourceVersion, managedFields, generation, uid, creationTimestamp, and the annotations of [`ANNOTATIONS`]
//! - status: observedGeneration and containerID; conditions become a map from type to status, without messages and times
//! - in strings: uids, times, addresses, generated names and node names become tokens (`tokens`)
//!
//! Reduced: a Node to its labels, `spec.unschedulable` and Ready; an EndpointSlice to service, ports and ready count; Endpoints
//! likewise.
//!
//! These rules are our choice, because correct operators change all of this for ever or differently in each run.

use super::pending::is_noise;
use super::tokens::Tokens;
use crate::object::{Digest, Map, Object, Value};

/// Fields of `metadata` that the server keeps.
const METADATA: [&str; 5] = ["resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"];

/// Annotations that change although the wanted state does not.
const ANNOTATIONS: [&str; 4] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/restartedAt",
    "control-plane.alpha.kubernetes.io/leader", // client-go's leader lock in Endpoints and ConfigMaps
];

/// Kinds that are not state, with their group.
const NO_STATE: [(&str, &str); 6] = [
    ("ControllerRevision", "apps/"),
    ("TokenReview", "authentication.k8s.io/"),
    ("SubjectAccessReview", "authorization.k8s.io/"),
    ("SelfSubjectAccessReview", "authorization.k8s.io/"),
    ("LocalSubjectAccessReview", "authorization.k8s.io/"),
    ("CertificateSigningRequest", "certificates.k8s.io/"),
];

/// Whether the masked state leaves the object out. Looks only at the object itself.
pub(super) fn leaves_out(object: &Object) -> bool {
    let kind = object.kind();
    match (object.api_version(), kind) {
        ("v1", "ConfigMap") => object.name() == "kube-root-ca.crt",
        ("v1", "ServiceAccount") => object.name() == "default",
        ("apps/v1", "ReplicaSet") => {
            let none = |path: &[&str], default| object.i64_at(path).unwrap_or(default) == 0;
            none(&["spec", "replicas"], 1) && none(&["status", "replicas"], 0)
        }
        _ => {
            is_noise(object)
                || NO_STATE
                    .iter()
                    .any(|(name, group)| *name == kind && object.api_version().starts_with(group))
        }
    }
}

/// The hash of one top-level field of an object that is not reduced.
pub(super) fn field(tokens: &Tokens, kind: &str, key: &str, value: &Value) -> u64 {
    let mut mask = Mask { tokens, digest: Digest::new(), in_status: key == "status" };
    mask.digest.bytes(key.as_bytes());
    match (key, value, kind) {
        ("metadata", Value::Map(map), _) => mask.map(map, &METADATA),
        ("status", Value::Map(map), "CronJob") => mask.map(map, &["active"]),
        _ => mask.value(value),
    }
    mask.digest.finish()
}

/// The hash of an object that is reduced to a few facts; none for other kinds.
pub(super) fn reduced(tokens: &Tokens, object: &Object) -> Option<u64> {
    let mut mask = Mask { tokens, digest: Digest::new(), in_status: false };
    match (object.api_version(), object.kind()) {
        ("v1", "Node") => mask.node(object),
        ("discovery.k8s.io/v1", "EndpointSlice") => mask.endpoint_slice(object),
        ("v1", "Endpoints") => mask.endpoints(object),
        _ => return None,
    }
    Some(mask.digest.finish())
}

struct Mask<'a> {
    tokens: &'a Tokens,
    digest: Digest,
    in_status: bool,
}

impl Mask<'_> {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Str(text) => self.tokens.hash(text, &mut self.digest),
            Value::List(items) => {
                self.digest.word(7 + ((items.len() as u64) << 8));
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => self.map(map, &[]),
            other => self.digest.value(other),
        }
    }

    fn map(&mut self, map: &Map, skip: &[&str]) {
        self.digest.word(8);
        for (name, value) in map {
            let key = name.as_str();
            match (key, value) {
                _ if skip.contains(&key) => continue,
                ("observedGeneration" | "containerID", _) if self.in_status => continue,
                ("conditions", Value::List(items)) if self.in_status => self.conditions(items),
                ("annotations", Value::Map(map)) => self.map(map, &ANNOTATIONS),
                _ => {
                    self.digest.word(name.digest());
                    self.value(value);
                }
            }
        }
        self.digest.word(9);
    }

    /// Conditions are an unordered map from type to status.
    fn conditions(&mut self, items: &[Value]) {
        let one = |item: &Value| {
            let mut digest = Digest::new();
            digest.bytes(item.str_at(&["type"]).unwrap_or_default().as_bytes());
            digest.bytes(item.str_at(&["status"]).unwrap_or_default().as_bytes());
            digest.finish()
        };
        self.digest.word(10);
        self.digest.word(items.iter().map(one).fold(0, u64::wrapping_add));
    }

    /// Labels, spec.unschedulable, Ready. Not the name: a node may replace another.
    fn node(&mut self, object: &Object) {
        self.digest.bytes(b"Node");
        if let Some(labels) = object.labels() {
            self.map(labels, &[]);
        }
        let unschedulable = object.at(&["spec", "unschedulable"]).and_then(Value::as_bool).unwrap_or(false);
        self.digest.word(u64::from(unschedulable));
        let ready = object.condition("Ready").and_then(|c| c.str_at(&["status"])).unwrap_or_default();
        self.digest.bytes(ready.as_bytes());
    }

    /// Service, ports, number of ready endpoints. An absent `ready` means ready, by the API.
    fn endpoint_slice(&mut self, object: &Object) {
        self.digest.bytes(b"EndpointSlice");
        self.tokens.hash(object.namespace(), &mut self.digest);
        self.tokens.hash(object.label("kubernetes.io/service-name").unwrap_or_default(), &mut self.digest);
        object.items_at(&["ports"]).iter().for_each(|port| self.value(port));
        let is_ready = |endpoint: &&Value| endpoint.at(&["conditions", "ready"]) != Some(&Value::Bool(false));
        self.digest.word(object.items_at(&["endpoints"]).iter().filter(is_ready).count() as u64);
    }

    /// Name, ports, number of ready addresses.
    fn endpoints(&mut self, object: &Object) {
        self.digest.bytes(b"Endpoints");
        self.tokens.hash(object.namespace(), &mut self.digest);
        self.tokens.hash(object.name(), &mut self.digest);
        for subset in object.items_at(&["subsets"]) {
            subset.items_at(&["ports"]).iter().for_each(|port| self.value(port));
            self.digest.word(subset.items_at(&["addresses"]).len() as u64);
        }
    }
}
