//! The parts of a path: resource, object and subresource; none for a document such as discovery.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::object::Str;
use crate::wire::Resource;

/// The parts of a path.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct ApiPath {
    /// The resource; none for discovery and health paths.
    pub(super) resource: Option<Resource>,
    /// The namespace, or empty.
    pub(super) namespace: Str,
    /// The object's name, or empty.
    pub(super) name: Str,
    /// The subresource and the rest of the path, or empty.
    pub(super) subresource: Str,
}

impl ApiPath {
    /// Reads a path, percent-decoded part by part.
    pub(super) fn of(path: &str) -> Self {
        let parts = path.split('/').filter(|part| !part.is_empty());
        let parts: Vec<Cow<'_, str>> = parts.map(|p| percent_decode_str(p).decode_utf8_lossy()).collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => Self::in_version("", version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => Self::in_version(group, version, rest),
            _ => Self::default(),
        }
    }

    fn in_version(group: &str, version: &str, parts: &[&str]) -> Self {
        let (namespace, parts) = match parts {
            // `status` and `finalize` are subresources of the namespace itself, not resources in it.
            ["namespaces", _, "status" | "finalize"] => ("", parts),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            _ => ("", parts),
        };
        let (plural, rest) = parts.split_first().unwrap_or((&"", &[]));
        let (name, rest) = rest.split_first().unwrap_or((&"", &[]));
        Self {
            resource: Some(Resource::of(group, version, plural)),
            namespace: namespace.into(),
            name: (*name).into(),
            subresource: rest.join("/").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources_objects_and_subresources() {
        let cases = [
            ("/api/v1/pods", "v1/pods|||"),
            ("/api/v1/namespaces/a/pods/b", "v1/pods|a|b|"),
            ("/api/v1/namespaces/a/pods/b/status", "v1/pods|a|b|status"),
            ("/api/v1/namespaces/a", "v1/namespaces||a|"),
            ("/api/v1/namespaces/a/finalize", "v1/namespaces||a|finalize"),
            ("/apis/apps/v1/namespaces/a/deployments/b/scale", "apps/v1/deployments|a|b|scale"),
            ("/apis/ex.test/v1/things/a%2Fb", "ex.test/v1/things||a/b|"),
            ("/version", "|||"),
            ("/apis/apps/v1", "|||"),
        ];
        for (path, want) in cases {
            let ApiPath { resource, namespace, name, subresource } = ApiPath::of(path);
            let resource = resource.map_or("", Resource::as_str);
            assert_eq!(format!("{resource}|{namespace}|{name}|{subresource}"), want, "{path}");
        }
    }
}
