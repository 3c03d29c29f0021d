//! `eviction`: somebody evicts pods through their subresource, as `kubectl drain` does; a disruption budget may refuse, and
//! then nothing happens: the fault does not ask again.

use std::sync::Arc;

use super::{Fault, Victims};
use crate::cluster::{CHAOS, Cluster};
use crate::object::Object;
use crate::scenario::PlannedFault;
use crate::value;
use crate::wire::{Body, ObjectKey, Options, Request, Verb, resource};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        let grace = fault.args.count("gracePeriodSeconds").and_then(|grace| i64::try_from(grace).ok());
        for pod in &victims.objects {
            cluster.ask(CHAOS, eviction(pod, grace));
        }
    }
}

/// The request that evicts a pod, if it is still this one.
fn eviction(pod: &Object, grace_s: Option<i64>) -> Request {
    let mut eviction = value!({
        "apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": (pod.name()), "namespace": (pod.namespace())},
        "deleteOptions": {"preconditions": {"uid": (pod.uid())}}
    });
    if let Some(seconds) = grace_s {
        eviction.set_at(&["deleteOptions", "gracePeriodSeconds"], seconds);
    }
    let options = Options { field_manager: "kubectl".into(), ..Options::default() };
    Request {
        body: Body::Object(Arc::new(Object::new(eviction))),
        ..Request::one(Verb::Create, *resource::PODS, &ObjectKey::of(pod))
            .subresource("eviction")
            .options(options)
    }
}
