//! From a definition to the kinds that it defines, one per served version.
//!
//! Building a type costs more than most requests, and all runs of a sweep define the same types. Therefore the process keeps
//! each type, and finds it by its schema.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::kind::{Kind, ScalePaths, Subresource};
use super::super::rules::Rules;
use super::super::tree::text;
use crate::object::{Digest, SchemaError, Shape, Str, Value};
use crate::wire::Resource;

/// The verbs of custom resources, in the order of discovery (apiextensions `DiscoveryController`).
const VERBS: [&str; 8] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
/// The verbs of their subresources.
const SUBRESOURCE_VERBS: [&str; 3] = ["get", "patch", "update"];

/// Types by the digest of their schema. An entry never changes, unless two schemas share a digest.
static SHAPES: Mutex<BTreeMap<u64, (Value, Arc<Shape>)>> = Mutex::new(BTreeMap::new());

/// The kinds of a valid definition, one per served version.
pub(crate) fn kinds(crd: &Value) -> Result<Vec<Kind>, SchemaError> {
    let Some(spec) = crd.get("spec") else { return Ok(Vec::new()) };
    let versions = spec.items_at(&["versions"]);
    let storage = storage_version(crd).and_then(Value::as_str).unwrap_or_default();
    versions
        .iter()
        .filter(|version| is_true(version, "served"))
        .map(|version| kind(crd, spec, version, storage))
        .collect()
}

/// The name of the version in which instances are stored.
pub(in super::super) fn storage_version(crd: &Value) -> Option<&Value> {
    crd.items_at(&["spec", "versions"]).iter().find(|version| is_true(version, "storage"))?.get("name")
}

fn is_true(version: &Value, key: &str) -> bool {
    version.get(key).and_then(Value::as_bool) == Some(true)
}

fn kind(crd: &Value, spec: &Value, version: &Value, storage: &str) -> Result<Kind, SchemaError> {
    let (group, plural) = (text(spec, &["group"]), text(spec, &["names", "plural"]));
    let name = |key| Str::new(text(spec, &["names", key]));
    let subresources = subresources(version, &name("kind"));
    Ok(Kind {
        resource: Resource::of(group, text(version, &["name"]), plural),
        storage: Resource::of(group, storage, plural),
        kind: name("kind"),
        list_kind: name("listKind"),
        singular: name("singular"),
        short_names: texts(spec, "shortNames"),
        categories: texts(spec, "categories"),
        namespaced: text(spec, &["scope"]) == "Namespaced",
        custom: true,
        modelled: true,
        verbs: VERBS.map(Str::new).to_vec(),
        rules: Rules::custom(subresources.iter().any(|sub| sub.name == "status")),
        subresources,
        storage_hash: Str::default(),
        terminating: crd.at(&["metadata", "deletionTimestamp"]).is_some(),
        columns: version.items_at(&["additionalPrinterColumns"]).to_vec(),
        selectable: paths(version, "selectableFields"),
        scale: version.at(&["subresources", "scale"]).map(scale_paths),
        shape: OnceLock::from(shape(version.at(&["schema", "openAPIV3Schema"]))?),
        new_status: OnceLock::from(None),
    })
}

fn subresources(version: &Value, kind: &Str) -> Vec<Subresource> {
    let sub = |name, kind: &Str, api_version| Subresource {
        name: Str::new(name),
        kind: kind.clone(),
        api_version: Str::new(api_version),
        verbs: SUBRESOURCE_VERBS.map(Str::new).to_vec(),
    };
    let has = |name| version.at(&["subresources", name]).is_some();
    let status = has("status").then(|| sub("status", kind, ""));
    let scale = has("scale").then(|| sub("scale", &Str::new("Scale"), "autoscaling/v1"));
    status.into_iter().chain(scale).collect()
}

fn scale_paths(scale: &Value) -> ScalePaths {
    let path = |key| path_of(text(scale, &[key]));
    ScalePaths {
        spec: path("specReplicasPath"),
        status: path("statusReplicasPath"),
        selector: path("labelSelectorPath"),
    }
}

fn paths(version: &Value, key: &str) -> Vec<Str> {
    version.items_at(&[key]).iter().filter_map(|field| field.str_at(&["jsonPath"])).map(path_text).collect()
}

fn path_text(path: &str) -> Str {
    path.trim_start_matches('.').into()
}

/// The keys of a simple JSON path: `.spec.replicas`.
fn path_of(path: &str) -> Vec<Str> {
    path.split('.').filter(|key| !key.is_empty()).map(Str::new).collect()
}

/// The type that a schema describes; without a schema, any object.
pub(super) fn shape(schema: Option<&Value>) -> Result<Arc<Shape>, SchemaError> {
    let any = Value::from([("type", "object".into())]);
    let schema = schema.unwrap_or(&any);
    let mut digest = Digest::new();
    digest.value(schema);
    let digest = digest.finish();
    let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, shape)) = shapes.get(&digest)
        && known == schema
    {
        return Ok(shape.clone());
    }
    let shape = Arc::new(Shape::from_crd_schema(schema)?);
    shapes.insert(digest, (schema.clone(), shape.clone()));
    Ok(shape)
}

fn texts(spec: &Value, key: &str) -> Vec<Str> {
    spec.items_at(&["names", key]).iter().filter_map(Value::as_str).map(Str::new).collect()
}
