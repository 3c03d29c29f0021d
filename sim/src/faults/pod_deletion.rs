//! `pod-deletion`: somebody deletes pods, as `kubectl delete pod` does; with grace 0, by force.

use super::{Fault, Victims};
use crate::cluster::{CHAOS, Cluster};
use crate::scenario::PlannedFault;
use crate::wire::{ObjectKey, Options, Request, resource};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        let grace = fault.args.count("gracePeriodSeconds").and_then(|grace| i64::try_from(grace).ok());
        for pod in &victims.objects {
            let options = Options {
                grace_s: grace,
                precondition_uid: Some(pod.uid().into()),
                field_manager: "kubectl".into(),
                ..Options::default()
            };
            cluster.ask(CHAOS, Request::delete(*resource::PODS, &ObjectKey::of(pod)).options(options));
        }
    }
}
