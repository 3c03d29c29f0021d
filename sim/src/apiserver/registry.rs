//! The kinds that a server serves: the built-in ones, shared by all runs of a process, and the custom ones of one run.
//!
//! `crd` validates definitions and turns them into kinds.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use super::kind::{Kind, Subresource};
use super::rules::Rules;
use super::schema;
use crate::object::{Str, Value};
use crate::wire::Resource;

/// One line per built-in resource, taken from the discovery documents of a v1.36 server, in their order.
const KINDS: &str = include_str!("../../data/kinds.json");

/// Resources that serve the objects of another resource under other field names: the served one, the stored one.
const STORED_AS: &[(&str, &str)] = &[
    ("autoscaling/v1/horizontalpodautoscalers", "autoscaling/v2/horizontalpodautoscalers"),
    ("events.k8s.io/v1/events", "v1/events"),
];

/// Parsed once per process; immutable.
static BUILTIN: LazyLock<Builtin> = LazyLock::new(Builtin::load);

#[derive(Debug)]
struct Builtin {
    kinds: Vec<Arc<Kind>>,
    /// The digest of each resource and the index of its kind, sorted.
    by_digest: Vec<(u64, usize)>,
}

/// The kinds that a server serves.
#[derive(Clone, Debug)]
pub struct Registry {
    builtin: &'static Builtin,
    custom: BTreeMap<Resource, Arc<Kind>>,
}

impl Registry {
    /// The built-in kinds.
    pub fn builtin() -> Self {
        Self { builtin: &BUILTIN, custom: BTreeMap::new() }
    }

    /// The kind of this resource.
    pub fn lookup(&self, resource: Resource) -> Option<&Arc<Kind>> {
        self.builtin.lookup(resource).or_else(|| self.custom.get(&resource))
    }

    /// The name of the kind under a resource; empty where there is none.
    pub fn kind_name(&self, resource: Option<Resource>) -> &str {
        resource.and_then(|resource| self.lookup(resource)).map_or("", |kind| &kind.kind)
    }

    /// The kind with this apiVersion and kind.
    pub fn by_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Kind>> {
        self.iter().find(|k| k.kind == kind && k.api_version() == api_version)
    }

    /// All kinds: the built-in ones in discovery's order, then the custom ones by resource.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.builtin.kinds.iter().chain(self.custom.values())
    }

    /// Adds custom kinds.
    pub fn add(&mut self, kinds: impl IntoIterator<Item = Kind>) {
        self.custom.extend(kinds.into_iter().map(|kind| (kind.resource, Arc::new(kind))));
    }

    /// Removes all versions of a custom resource.
    pub fn remove(&mut self, group: &str, plural: &str) {
        self.custom.retain(|r, _| r.group() != group || r.plural() != plural);
    }
}

impl Builtin {
    fn load() -> Self {
        let rows = Value::from_json(KINDS.as_bytes()).expect("our own data parses");
        let kinds: Vec<Arc<Kind>> = rows.items().iter().map(|row| Arc::new(kind(row))).collect();
        let mut by_digest: Vec<_> =
            kinds.iter().enumerate().map(|(i, kind)| (kind.resource.digest(), i)).collect();
        by_digest.sort_unstable();
        debug_assert!(by_digest.is_sorted_by(|a, b| a.0 < b.0), "no two built-in resources share a digest");
        Self { kinds, by_digest }
    }

    fn lookup(&self, resource: Resource) -> Option<&Arc<Kind>> {
        let at = self.by_digest.binary_search_by_key(&resource.digest(), |(digest, _)| *digest).ok()?;
        let kind = &self.kinds[self.by_digest[at].1];
        (kind.resource == resource).then_some(kind)
    }
}

fn kind(row: &Value) -> Kind {
    let name = text(row, "resource");
    let stored = STORED_AS.iter().find(|(served, _)| *served == name).map_or(name.as_str(), |(_, s)| *s);
    let (kind, resource) = (text(row, "kind"), Resource::new(&name));
    Kind {
        resource,
        storage: Resource::new(stored),
        list_kind: format!("{kind}List").into(),
        singular: kind.to_lowercase().into(),
        short_names: texts(row, "shortNames"),
        categories: texts(row, "categories"),
        namespaced: row.get("namespaced").and_then(Value::as_bool) == Some(true),
        custom: false,
        modelled: schema::is_known(resource.api_version(), &kind),
        verbs: texts(row, "verbs"),
        subresources: row.items_at(&["subresources"]).iter().map(subresource).collect(),
        storage_hash: text(row, "hash"),
        rules: Rules::builtin(&name),
        terminating: false,
        columns: Vec::new(),
        selectable: Vec::new(),
        scale: None,
        shape: OnceLock::new(),
        new_status: OnceLock::new(),
        kind,
    }
}

fn subresource(row: &Value) -> Subresource {
    Subresource {
        name: text(row, "name"),
        kind: text(row, "kind"),
        api_version: text(row, "apiVersion"),
        verbs: texts(row, "verbs"),
    }
}

fn text(row: &Value, key: &str) -> Str {
    row.str_at(&[key]).unwrap_or_default().into()
}

fn texts(row: &Value, key: &str) -> Vec<Str> {
    row.items_at(&[key]).iter().filter_map(Value::as_str).map(Str::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::resource::{DEPLOYMENTS, PODS};

    #[test]
    fn built_in_kinds_are_found_by_resource_and_by_kind() {
        let registry = Registry::builtin();
        let pods = registry.lookup(*PODS).unwrap();
        assert_eq!(
            (pods.kind.as_str(), pods.list_kind.as_str(), pods.singular.as_str()),
            ("Pod", "PodList", "pod")
        );
        assert!(pods.namespaced && pods.has_status() && pods.rules.graceful);
        assert_eq!(pods.subresource("eviction").unwrap().api_version, "policy/v1");
        assert_eq!(registry.by_kind("apps/v1", "Deployment").unwrap().resource, *DEPLOYMENTS);
        assert!(registry.by_kind("apps/v1", "Pod").is_none());
    }

    #[test]
    fn every_row_of_the_rules_is_a_kind() {
        let served: Vec<&str> = Registry::builtin().iter().map(|k| k.resource.as_str()).collect();
        for (resource, _) in super::super::rules::TABLE {
            assert!(served.contains(resource), "{resource}");
        }
    }
}
