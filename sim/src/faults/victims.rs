//! Who a target means at this moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::known::Known;
use crate::cluster::Cluster;
use crate::engine::Draws;
use crate::object::{LabelSelector, Object, Str};
use crate::programs::ContainerSelector;
use crate::scenario::{FaultTarget, Hosting, KindName, Pattern, Pick};
use crate::wire::{Addr, ObjectKey, Resource, resource};

/// Those that a fault strikes now.
#[derive(Debug, Default)]
pub(super) struct Victims {
    /// Hosts that run.
    pub(super) hosts: Vec<Addr>,
    /// Objects that are not being deleted.
    pub(super) objects: Vec<Arc<Object>>,
    /// Images, as a glob.
    pub(super) image: Option<Str>,
}

impl Victims {
    /// Whether there is nobody. An image counts as somebody: its containers may be yet to come.
    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.objects.is_empty() && self.image.is_none()
    }

    /// The containers of the image, or of the pods.
    pub(super) fn containers(&self) -> ContainerSelector {
        match &self.image {
            Some(image) => ContainerSelector::Image(image.clone()),
            None => ContainerSelector::Pods(self.objects.iter().map(|pod| pod.uid().into()).collect()),
        }
    }
}

/// What finding victims needs.
pub(super) struct Search<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) known: &'a Known,
    pub(super) namespace: &'a str,
    /// Draws of the run, for picks; keyed by the fault's text and the candidate's birth name, so that neither another
    /// fault nor another candidate shifts the choice between two.
    pub(super) draws: &'a Draws,
    pub(super) fault: &'a str,
}

impl Search<'_> {
    /// The victims of a target. `at` is the host at whose event the fault strikes, if it is one of them.
    pub(super) fn victims(&self, target: &FaultTarget, at: Option<Addr>) -> Victims {
        match target {
            FaultTarget::Program { program, pick } => {
                Victims { hosts: self.hosts(program, *pick, at), ..Victims::default() }
            }
            FaultTarget::Objects { kind, namespace, name, selector, hosting, pick } => {
                let namespace = namespace.as_deref().unwrap_or(self.namespace);
                let mut found = self.objects(kind, namespace, name, selector.as_deref());
                if let Some(hosting) = hosting {
                    let nodes = self.nodes_of(hosting, namespace);
                    found.retain(|(_, node)| nodes.contains(node.name()));
                }
                let picked = self.pick(found, *pick, |(birth, _)| birth.clone());
                let objects = picked.into_iter().map(|(_, object)| object).collect();
                Victims { objects, ..Victims::default() }
            }
            FaultTarget::Image { image } => {
                Victims { image: Some(image.0.as_str().into()), ..Victims::default() }
            }
            FaultTarget::Cluster => Victims::default(),
        }
    }

    fn hosts(&self, program: &Pattern, pick: Pick, at: Option<Addr>) -> Vec<Addr> {
        let running: Vec<Addr> = self
            .cluster
            .hosts_named(|name| program.matches(name))
            .filter(|(_, runs)| *runs)
            .map(|(addr, _)| addr)
            .collect();
        let first = match pick {
            Pick::One => at,
            Pick::Leader => running.iter().copied().find(|addr| self.holds_a_lease(*addr)),
            _ => None,
        };
        if let Some(first) = first.filter(|first| running.contains(first)) {
            return vec![first];
        }
        let name = |addr: &Addr| self.cluster.history().actor(*addr).name.clone();
        self.pick(running, pick, name)
    }

    fn holds_a_lease(&self, host: Addr) -> bool {
        let Some(spec) = self.cluster.hosts().spec(host) else { return false };
        let leases = self.cluster.server().objects().filter(|(resource, _)| *resource == *resource::LEASES);
        leases.filter_map(|(_, lease)| lease.str_at(&["spec", "holderIdentity"])).any(|holder| {
            // client-go appends `_` and a random part to the host's name.
            holder == spec.name
                || holder.strip_prefix(spec.name.as_str()).is_some_and(|rest| rest.starts_with('_'))
        })
    }

    /// The objects that are meant, with their birth names.
    fn objects(
        &self,
        kind: &KindName,
        namespace: &str,
        name: &Pattern,
        selector: Option<&str>,
    ) -> Vec<(Str, Arc<Object>)> {
        let selector = selector.and_then(|text| LabelSelector::parse(text).ok());
        let birth = |resource: Resource, object: &Object| self.known.birth(resource, &ObjectKey::of(object));
        let all = self.cluster.server().objects().filter(|(resource, object)| {
            kind.matches(resource.group(), resource.plural(), object.kind())
                && (object.namespace().is_empty() || object.namespace() == namespace)
                && !object.is_terminating()
                && selector.as_ref().is_none_or(|selector| selector.matches(object.labels()))
                && name.matches(&birth(*resource, object))
        });
        all.map(|(resource, o)| (birth(resource, o), o.clone())).collect()
    }

    /// The nodes that these pods run on, or are about to.
    fn nodes_of(&self, hosting: &Hosting, namespace: &str) -> BTreeSet<&str> {
        let selector = LabelSelector::parse(&hosting.selector).ok();
        let pods = self.cluster.server().objects().filter(|(resource, pod)| {
            *resource == *resource::PODS
                && pod.namespace() == namespace
                && selector.as_ref().is_some_and(|selector| selector.matches(pod.labels()))
                && !pod.is_finished_pod()
        });
        pods.filter_map(|(_, pod)| pod.str_at(&["spec", "nodeName"])).collect()
    }

    /// Picks among candidates: each has its own drawn number, and the lowest are taken.
    fn pick<T>(&self, candidates: Vec<T>, pick: Pick, name: impl Fn(&T) -> Str) -> Vec<T> {
        let count = pick.of(candidates.len());
        let draw = |candidate: &T| {
            self.draws.nth(&["pick", self.fault, &name(candidate)], self.cluster.now().0.unsigned_abs())
        };
        let mut drawn: Vec<(u64, T)> = candidates.into_iter().map(|c| (draw(&c), c)).collect();
        drawn.sort_by_key(|(draw, _)| *draw);
        drawn.truncate(count);
        drawn.into_iter().map(|(_, candidate)| candidate).collect()
    }
}
