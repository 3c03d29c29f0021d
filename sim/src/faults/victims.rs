//! Whom a target means at this moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::known_hosts::{Choice, KnownHosts};
use super::known_objects::KnownObjects;
use crate::cluster::Cluster;
use crate::object::{LabelSelector, Object, Str};
use crate::programs::ContainerSelector;
use crate::scenario::{FaultTarget, Hosting, KindName, Pattern};
use crate::wire::{Addr, ObjectKey, Resource, resource};

/// Those that a fault strikes.
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
    pub(super) hosts: &'a KnownHosts,
    pub(super) known: &'a KnownObjects,
    pub(super) namespace: &'a str,
    pub(super) choice: Choice<'a>,
}

impl Search<'_> {
    /// The victims of a target. `at` is the host at whose event the fault strikes, if it is one of them.
    pub(super) fn victims(&self, target: &FaultTarget, at: Option<Addr>) -> Victims {
        match target {
            FaultTarget::Program { program, .. } => {
                let hosts = self.hosts.chosen(program, self.choice, at, self.known);
                Victims { hosts, ..Victims::default() }
            }
            FaultTarget::Objects { kind, namespace, name, selector, hosting, .. } => {
                let namespace = namespace.as_deref().unwrap_or(self.namespace);
                let mut found = self.objects(kind, namespace, name, selector.as_deref());
                if let Some(hosting) = hosting {
                    let nodes = self.nodes_of(hosting, namespace);
                    found.retain(|(_, node)| nodes.contains(node.name()));
                }
                let chosen = self.choice.among(found, |(birth, _)| birth.clone());
                let objects = chosen.into_iter().map(|(_, object)| object).collect();
                Victims { objects, ..Victims::default() }
            }
            FaultTarget::Image { image } => {
                Victims { image: Some(image.0.as_str().into()), ..Victims::default() }
            }
            FaultTarget::Cluster => Victims::default(),
        }
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
}
