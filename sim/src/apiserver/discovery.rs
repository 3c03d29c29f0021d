//! Discovery, aggregated discovery (`as=APIGroupDiscoveryList`), version and health documents.
//!
//! Differs: a real server rebuilds its documents a moment after a CRD is established; this one makes them for each request
//! from the registry, so that clients never see outdated discovery. Not modelled: OpenAPI documents, the path index and
//! metrics (all 501), `storageVersionHash` of custom resources, ETags.

use bytes::Bytes;

use super::kind::{Kind, Subresource};
use super::registry::Registry;
use super::versions;
use crate::object::{Str, Value};
use crate::value;
use crate::wire::{Answer, Status};

const JSON: &str = "application/json";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const TEXT: &str = "text/plain; charset=utf-8";

/// The answer to a GET of a path that is not a resource.
pub(super) fn discovery(registry: &Registry, path: &str, accept: &str) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["version"] => json(version()),
        ["healthz" | "livez" | "readyz"] | ["healthz" | "livez" | "readyz", "ping" | "log" | "etcd"] => {
            raw(200, TEXT, "ok")
        }
        ["api" | "apis"] if wants_aggregated(accept) => aggregated(registry, parts[0] == "api"),
        ["api"] => json(value!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]
        })),
        ["api", "v1"] => json(resources(registry, "v1")),
        ["api", _] => Answer::Status(Box::new(Status::page_not_found())),
        ["apis"] => json(groups(registry)),
        ["apis", group] => group_of(registry, group).map_or_else(page_not_found, |mut group| {
            group.set_at(&["kind"], "APIGroup");
            group.set_at(&["apiVersion"], "v1");
            json(group)
        }),
        ["apis", group, version] if versions_of(registry, group).contains(version) => {
            let mut list = resources(registry, &format!("{group}/{version}"));
            list.set_at(&["apiVersion"], "v1");
            json(list)
        }
        ["" | "metrics"] | ["openapi", ..] => {
            Answer::Status(Box::new(Status::not_modelled(format!("the document /{}", parts.join("/")))))
        }
        _ => page_not_found(),
    }
}

/// The plain-text 404 of a real server's router for unknown paths.
pub(super) fn page_not_found() -> Answer {
    raw(404, TEXT, "404 page not found\n")
}

fn raw(code: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    Answer::Raw { code, content_type, body: body.into() }
}

fn json(document: Value) -> Answer {
    raw(200, JSON, document.to_json())
}

/// Whether the first supported media type of the Accept header is the aggregated document.
fn wants_aggregated(accept: &str) -> bool {
    let first = accept.split(',').map(str::trim).find(|media| {
        let plain = !media.contains("as=") && (media.starts_with(JSON) || media.starts_with("*/*"));
        plain
            || (media.contains("as=APIGroupDiscoveryList")
                && media.contains("v=v2")
                && !media.contains("v2beta1"))
    });
    first.is_some_and(|media| media.contains("as=APIGroupDiscoveryList"))
}

fn version() -> Value {
    value!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.0",
        "gitCommit": "wavetank", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.27.3", "compiler": "gc", "platform": "linux/amd64"
    })
}

/// The groups without core: the built-in ones in their order, then the custom ones by name.
fn group_names(registry: &Registry) -> Vec<&'static str> {
    let mut names = Vec::new();
    for group in registry.iter().map(|kind| kind.resource.group()) {
        if !group.is_empty() && !names.contains(&group) {
            names.push(group);
        }
    }
    names
}

/// The versions of a group, preferred first.
fn versions_of(registry: &Registry, group: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut custom = false;
    for kind in registry.iter().filter(|kind| kind.resource.group() == group) {
        custom |= kind.custom;
        if !found.contains(&kind.resource.version()) {
            found.push(kind.resource.version());
        }
    }
    if custom {
        found.sort_by(|a, b| versions::by_priority(a, b));
    }
    found
}

fn groups(registry: &Registry) -> Value {
    let groups: Vec<Value> =
        group_names(registry).into_iter().filter_map(|group| group_of(registry, group)).collect();
    value!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group_of(registry: &Registry, group: &str) -> Option<Value> {
    let versions: Vec<Value> = versions_of(registry, group)
        .into_iter()
        .map(|version| value!({"groupVersion": (format!("{group}/{version}")), "version": version}))
        .collect();
    let preferred = versions.first()?.clone();
    Some(value!({"name": group, "versions": versions, "preferredVersion": preferred}))
}

fn resources(registry: &Registry, group_version: &str) -> Value {
    let mut list = Vec::new();
    for kind in registry.iter().filter(|kind| kind.api_version() == group_version) {
        list.push(resource(kind));
        list.extend(kind.subresources.iter().map(|sub| sub_resource(kind, sub)));
    }
    value!({"kind": "APIResourceList", "groupVersion": group_version, "resources": list})
}

fn resource(kind: &Kind) -> Value {
    let mut entry = value!({
        "name": (kind.resource.plural()), "singularName": (kind.singular.clone()),
        "namespaced": (kind.namespaced), "kind": (kind.kind.clone()), "verbs": (strings(&kind.verbs))
    });
    optional(&mut entry, kind);
    if !kind.storage_hash.is_empty() {
        entry.set_at(&["storageVersionHash"], kind.storage_hash.clone());
    }
    entry
}

fn sub_resource(kind: &Kind, sub: &Subresource) -> Value {
    let mut entry = value!({
        "name": (format!("{}/{}", kind.resource.plural(), sub.name)), "singularName": "",
        "namespaced": (kind.namespaced), "kind": (sub.kind.clone()), "verbs": (strings(&sub.verbs))
    });
    if let Some((group, version)) = sub.api_version.split_once('/') {
        entry.set_at(&["group"], group);
        entry.set_at(&["version"], version);
    }
    entry
}

fn optional(entry: &mut Value, kind: &Kind) {
    if !kind.short_names.is_empty() {
        entry.set_at(&["shortNames"], strings(&kind.short_names));
    }
    if !kind.categories.is_empty() {
        entry.set_at(&["categories"], strings(&kind.categories));
    }
}

fn strings(texts: &[Str]) -> Value {
    Value::list(texts.iter().cloned().map(Value::Str))
}

fn aggregated(registry: &Registry, core: bool) -> Answer {
    let groups = if core { vec![""] } else { group_names(registry) };
    let items: Vec<Value> = groups.into_iter().map(|group| aggregated_group(registry, group)).collect();
    let list = value!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items
    });
    raw(200, AGGREGATED, list.to_json())
}

fn aggregated_group(registry: &Registry, group: &str) -> Value {
    let versions: Vec<Value> = versions_of(registry, group)
        .into_iter()
        .map(|version| {
            let served = |kind: &&std::sync::Arc<Kind>| {
                kind.resource.group() == group && kind.resource.version() == version
            };
            let list: Vec<Value> =
                registry.iter().filter(served).map(|kind| aggregated_resource(kind)).collect();
            value!({"version": version, "resources": list, "freshness": "Current"})
        })
        .collect();
    let metadata = if group.is_empty() { value!({}) } else { value!({"name": group}) };
    value!({"metadata": metadata, "versions": versions})
}

fn aggregated_resource(kind: &Kind) -> Value {
    let mut entry = value!({
        "resource": (kind.resource.plural()), "singularResource": (kind.singular.clone()),
        "responseKind": (response_kind(kind, &kind.kind, "")),
        "scope": (if kind.namespaced { "Namespaced" } else { "Cluster" }), "verbs": (strings(&kind.verbs))
    });
    optional(&mut entry, kind);
    if !kind.subresources.is_empty() {
        let subs: Vec<Value> = kind
            .subresources
            .iter()
            .map(|sub| {
                value!({
                    "subresource": (sub.name.clone()), "verbs": (strings(&sub.verbs)),
                    "responseKind": (response_kind(kind, &sub.kind, &sub.api_version))
                })
            })
            .collect();
        entry.set_at(&["subresources"], subs);
    }
    entry
}

/// The kind of an answer. For built-in kinds group and version are empty if they are those of the list.
fn response_kind(kind: &Kind, name: &Str, api_version: &str) -> Value {
    let (group, version) = match api_version.split_once('/') {
        Some(parts) => parts,
        None if kind.custom => (kind.resource.group(), kind.resource.version()),
        None => ("", ""),
    };
    value!({"group": group, "version": version, "kind": (name.clone())})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, accept: &str) -> (u16, &'static str, Value) {
        match discovery(&Registry::builtin(), path, accept) {
            Answer::Raw { code, content_type, body } => {
                let text = String::from_utf8_lossy(&body).into_owned();
                (code, content_type, Value::from_json(&body).unwrap_or_else(|_| text.into()))
            }
            Answer::Status(status) => (status.code, JSON, status.to_value()),
            _ => panic!("{path}"),
        }
    }

    #[test]
    fn a_group_version_lists_resources_and_subresources() {
        let (code, _, doc) = get("/apis/apps/v1", JSON);
        assert_eq!(code, 200);
        assert_eq!(
            doc.pointer("/resources/3"),
            Some(&value!({
                "name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment",
                "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
                "shortNames": ["deploy"], "categories": ["all"], "storageVersionHash": "8aSe+NMegvE="
            }))
        );
        assert_eq!(
            doc.pointer("/resources/4"),
            Some(&value!({
                "name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling",
                "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]
            }))
        );
        assert_eq!(get("/api/v1", JSON).2.get("apiVersion"), None);
    }

    #[test]
    fn unknown_groups_get_plain_text_and_unknown_core_versions_a_status() {
        assert_eq!(get("/apis/nosuch.io/v1", JSON), (404, TEXT, "404 page not found\n".into()));
        assert_eq!(get("/nosuchpath", JSON), (404, TEXT, "404 page not found\n".into()));
        assert_eq!(get("/api/v2", JSON).2, Status::page_not_found().to_value());
        assert_eq!(get("/healthz", JSON), (200, TEXT, "ok".into()));
        assert_eq!(get("/openapi/v3", JSON).0, 501);
    }

    #[test]
    fn the_first_version_of_a_group_is_preferred() {
        let (_, _, doc) = get("/apis/autoscaling", JSON);
        assert_eq!(doc.str_at(&["preferredVersion", "version"]), Some("v2"));
        assert_eq!(doc.items_at(&["versions"]).len(), 2);
    }

    #[test]
    fn aggregated_discovery_is_returned_if_it_is_accepted_first() {
        let kubectl = format!("{AGGREGATED},{JSON}");
        let (code, content_type, doc) = get("/apis", &kubectl);
        assert_eq!((code, content_type), (200, AGGREGATED));
        assert_eq!(doc.pointer("/items/0/metadata/name"), Some(&"apiregistration.k8s.io".into()));
        assert_eq!(get("/apis", &format!("{JSON},{AGGREGATED}")).1, JSON);
        assert_eq!(
            get("/api", &kubectl).2.pointer("/items/0/versions/0/resources/1/shortNames/0"),
            Some(&"cs".into())
        );
    }
}
