//! The types of the built-in kinds: the OpenAPI schemas of a v1.36 server, and defaults that OpenAPI does not show.
//!
//! Schemas are parsed once per process. A shape is built on first use and shared by all runs and threads.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::object::{SERVER_DEFAULT, Shape, Value};

/// Type name to OpenAPI v3 schema.
const SCHEMAS: &str = include_str!("../../data/builtin-schemas.json");

/// Type name (from its group on) to field to the default that the server sets in code, whatever the other fields are.
/// Recorded in `defaulting-*` and `*-crud`.
const SERVER_DEFAULTS: &str = include_str!("../../data/server-defaults.json");

/// Immutable, but for shapes that are added on first use.
static TYPES: LazyLock<BuiltinTypes> = LazyLock::new(BuiltinTypes::load);

struct BuiltinTypes {
    schemas: Value,
    /// `apps/v1/Deployment` to type name.
    by_kind: BTreeMap<String, String>,
    shapes: Mutex<BTreeMap<String, Arc<Shape>>>,
}

/// The type of a built-in kind. A kind without a schema gets a type that accepts anything.
pub(super) fn shape(api_version: &str, kind: &str) -> Arc<Shape> {
    let Some(name) = TYPES.by_kind.get(&format!("{api_version}/{kind}")) else {
        let any = Value::from([("any", Value::empty_map())]);
        return Arc::new(Shape::from_openapi(&any, "any").expect("an empty schema is a schema"));
    };
    let mut shapes = TYPES.shapes.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || Arc::new(Shape::from_openapi(&TYPES.schemas, name).expect("our own schemas build"));
    shapes.entry(name.clone()).or_insert_with(build).clone()
}

/// Whether the kind has a schema.
pub(super) fn is_known(api_version: &str, kind: &str) -> bool {
    TYPES.by_kind.contains_key(&format!("{api_version}/{kind}"))
}

impl BuiltinTypes {
    fn load() -> Self {
        let mut schemas = Value::from_json(SCHEMAS.as_bytes()).expect("our own data parses");
        let names: Vec<String> = entries(&schemas).map(|(name, _)| name.to_owned()).collect();
        let added = Value::from_json(SERVER_DEFAULTS.as_bytes()).expect("our own data parses");
        for (short, defaults) in entries(&added) {
            let end = format!(".{short}");
            let name =
                names.iter().find(|name| name.ends_with(&end)).expect("defaults name types that exist");
            for (field, default) in entries(defaults) {
                schemas.set_at(&[name, "properties", field, SERVER_DEFAULT], default.clone());
            }
        }
        let by_kind = entries(&schemas).flat_map(|(name, schema)| kinds_of(name, schema)).collect();
        Self { schemas, by_kind, shapes: Mutex::default() }
    }
}

fn kinds_of<'a>(name: &'a str, schema: &'a Value) -> impl Iterator<Item = (String, String)> + 'a {
    schema.items_at(&["x-kubernetes-group-version-kind"]).iter().map(move |gvk| {
        let part = |key| gvk.str_at(&[key]).unwrap_or_default();
        let slash = if part("group").is_empty() { "" } else { "/" };
        (format!("{}{slash}{}/{}", part("group"), part("version"), part("kind")), name.to_owned())
    })
}

fn entries(value: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    value.as_map().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}
