//! Volumes of a pod.

use super::check::{Checker, FieldPath, text};
use crate::object::{Value, names};

/// The required fields of the most common sources.
const REQUIRED: [(&str, &str); 5] = [
    ("configMap", "name"),
    ("hostPath", "path"),
    ("persistentVolumeClaim", "claimName"),
    ("secret", "secretName"),
    ("csi", "driver"),
];

/// Checks the volumes of the pod spec at `path`.
pub(super) fn volumes(spec: &Value, path: FieldPath<'_>, is_pod: bool, check: &mut Checker) {
    let volumes = spec.items_at(&["volumes"]);
    for (i, volume) in volumes.iter().enumerate() {
        let field = format_args!("{path}.volumes[{i}]");
        let name = text(volume, "name");
        if name.is_empty() {
            check.required(format_args!("{field}.name"), "");
        } else {
            check.names(format_args!("{field}.name"), name, names::label(name));
            if volumes[..i].iter().any(|v| text(v, "name") == name) {
                check.duplicate(format_args!("{field}.name"), &name.into());
            }
        }
        source(volume, field, check);
        if is_pod && text(spec, "serviceAccountName").is_empty() {
            tokens(volume, field, check);
        }
    }
}

fn source(volume: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let sources = volume.as_map().into_iter().flatten().filter(|(key, _)| key.as_str() != "name");
    let mut names: Vec<&str> = sources.map(|(key, _)| key.as_str()).collect();
    // Real: the order of fields in the Go type. Modelled: `emptyDir` first, then by name.
    names.sort_by_key(|name| *name != "emptyDir");
    match names.as_slice() {
        [] => check.required(field, "must specify a volume type"),
        [_, more @ ..] => {
            for name in more {
                check.forbidden(format_args!("{field}.{name}"), "may not specify more than 1 volume type");
            }
        }
    }
    for (source, key) in REQUIRED {
        if let Some(source_value) = volume.get(source)
            && text(source_value, key).is_empty()
        {
            check.required(format_args!("{field}.{source}.{key}"), "");
        }
    }
}

fn tokens(volume: &Value, field: FieldPath<'_>, check: &mut Checker) {
    for (i, source) in volume.items_at(&["projected", "sources"]).iter().enumerate() {
        if source.get("serviceAccountToken").is_some() {
            let why = "must not be specified when serviceAccountName is not set";
            check.forbidden(format_args!("{field}.projected.sources[{i}].serviceAccountToken"), why);
        }
    }
}
