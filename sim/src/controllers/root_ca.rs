//! The root CA publisher: keeps a ConfigMap `kube-root-ca.crt` in every active namespace.
//!
//! Real: pkg/controller/certificates/rootcacertpublisher. Modelled: creation, repair after deletion and changes. Not
//! modelled: the certificate; nothing in the simulation uses TLS.

use std::sync::Arc;

use super::namespace::is_active;
use super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::client::Change;
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, NAMESPACES};
use crate::wire::{Answer, ObjectKey, Request, Resource};

/// pkg/controller/certificates/rootcacertpublisher `RootCACertConfigMapName`.
const NAME: &str = "kube-root-ca.crt";
/// The same, `Description`.
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such \
     as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
/// Our choice, because there is no certificate: the body decodes to `wavetank: no TLS inside`.
const BUNDLE: &str =
    "-----BEGIN CERTIFICATE-----\nd2F2ZXRhbms6IG5vIFRMUyBpbnNpZGU=\n-----END CERTIFICATE-----\n";

/// The publisher of the root CA.
#[derive(Clone, Debug)]
pub(super) struct RootCa;

impl Controller for RootCa {
    fn name(&self) -> &'static str {
        "root-ca-certificate-publisher-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NAMESPACES, *CONFIG_MAPS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *NAMESPACES {
            out.push(SyncKey::of(resource, object));
        } else if object.name() == NAME {
            out.push(SyncKey::new(*NAMESPACES, ObjectKey::new("", object.namespace())));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        if !caches.of(*NAMESPACES).get(&target.key).is_some_and(|namespace| is_active(namespace)) {
            return out;
        }
        let data = || value!({"ca.crt": BUNDLE});
        match caches.of(*CONFIG_MAPS).get(&ObjectKey::new(target.key.name.clone(), NAME)) {
            None => {
                let map = value!({
                    "apiVersion": "v1", "kind": "ConfigMap", "data": (data()),
                    "metadata": {
                        "name": NAME, "namespace": (target.key.name.clone()),
                        "annotations": {"kubernetes.io/description": DESCRIPTION}
                    }
                });
                out.then(Request::create(*CONFIG_MAPS, Object::shared(map)));
            }
            Some(map) => {
                let described =
                    map.annotation("kubernetes.io/description").is_some_and(|text| !text.is_empty());
                let only = map.at(&["data"]).and_then(Value::as_map).is_some_and(|data| data.len() == 1);
                if described && only && map.str_at(&["data", "ca.crt"]) == Some(BUNDLE) {
                    return out;
                }
                let repaired = map.edited(|root| {
                    root.set_at(&["data"], data());
                    root.set_at(&["metadata", "annotations", "kubernetes.io/description"], DESCRIPTION);
                });
                out.then(Request::update(*CONFIG_MAPS, Arc::new(repaired)));
            }
        }
        out
    }

    fn answered(&mut self, _: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let there = answer.failure().is_some_and(|failure| failure.reason == "AlreadyExists");
        if there { Verdict::Fine } else { Verdict::usual(call, answer) }
    }
}
