//! The kinds that checks name: found in a server, and refused where there can be none.

use std::sync::Arc;

use crate::apiserver::{ApiServer, Kind, Registry};
use crate::object::Object;
use crate::scenario::KindName;
use crate::scenario::near::instead;

/// The served kind of this apiVersion that goes by a name.
pub(super) fn served<'a>(
    registry: &'a Registry,
    api_version: &str,
    name: &KindName,
) -> Option<&'a Arc<Kind>> {
    let is = |known: &&Arc<Kind>| {
        known.api_version() == api_version
            && name.matches(known.resource.group(), known.resource.plural(), &known.kind)
    };
    registry.by_kind(api_version, &name.0).or_else(|| registry.iter().find(is))
}

/// The objects of a kind, sorted by key.
pub(super) fn objects<'a>(
    server: &'a ApiServer,
    api_version: &str,
    kind: &KindName,
) -> impl Iterator<Item = &'a Arc<Object>> {
    let known = served(server.registry(), api_version, kind).map(|kind| kind.resource);
    known.into_iter().flat_map(|resource| server.objects_of(resource))
}

/// An unknown kind in a group of Kubernetes is a mistake, and so is an unknown group without a dot. In other groups a definition
/// may define it, whose group always has a dot (apiextensions, `spec.group`).
pub(super) fn can_be(api_version: &str, kind: &KindName) -> Result<(), String> {
    let registry = Registry::builtin();
    if served(&registry, api_version, kind).is_some() {
        return Ok(());
    }
    let of_version = |known: &&Arc<Kind>| known.api_version() == api_version;
    let kinds: Vec<&str> = registry.iter().filter(of_version).map(|known| known.kind.as_str()).collect();
    if !kinds.is_empty() {
        return Err(format!("there is no kind `{kind}` in {api_version}; {}", instead(&kind.0, kinds)));
    }
    match api_version.rsplit_once('/') {
        Some((group, version)) if group.contains('.') && !version.is_empty() => Ok(()),
        _ => {
            let mut versions: Vec<&str> = registry.iter().map(|known| known.api_version()).collect();
            versions.dedup();
            Err(format!("there is no apiVersion `{api_version}`; {}", instead(api_version, versions)))
        }
    }
}

/// As [`can_be`], and the name must be the kind's own, as in a manifest.
pub(super) fn can_be_written(api_version: &str, kind: &KindName) -> Result<(), String> {
    can_be(api_version, kind)?;
    match served(&Registry::builtin(), api_version, kind) {
        Some(known) if known.kind != kind.0 => Err(format!("`{kind}` is no kind: write `{}`", known.kind)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_goes_by_all_its_names_and_one_that_cannot_be_is_refused() {
        for (api_version, kind) in [
            ("v1", "Pod"),
            ("v1", "pods"),
            ("apps/v1", "deployment"),
            ("apps/v1", "deployments.apps"),
            ("example.com/v1", "Anything"),
        ] {
            assert_eq!(can_be(api_version, &kind.into()), Ok(()), "{api_version} {kind}");
        }
        for (api_version, kind, right) in [
            ("v1", "Pd", "there is no kind `Pd` in v1; did you mean `Pod`?"),
            ("v1", "Deployment", "there is no kind `Deployment` in v1; "),
            ("app/v1", "Deployment", "there is no apiVersion `app/v1`; did you mean `apps/v1`?"),
            ("", "Pod", "there is no apiVersion ``"),
        ] {
            let error = can_be(api_version, &kind.into()).unwrap_err();
            assert!(error.starts_with(right), "{error}");
        }
    }
}
