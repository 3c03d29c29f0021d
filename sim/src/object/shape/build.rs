//! Builds shapes from OpenAPI v3 as data: built-in types by name, custom resources from their CRD's schema.
//!
//! It does not check whether the schema of a CRD is structural, and refuses only schemas that it cannot build from.

use std::collections::BTreeMap;

use derive_more::Display;

use super::empty::{self, Empty};
use super::lookup;
use super::validate::ValueRules;
use super::{
    Field, Key, List, ListType, Node, NodeId, NodeKind, PatchStrategy, Scalar, Shape, Str, Struct, Value,
};

/// The built-in type of `metadata`, which every custom resource has.
const OBJECT_META: &str = include_str!("object_meta.json");
const OBJECT_META_NAME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The key of a default that the server sets in code, in the schema of a built-in type.
pub(crate) const SERVER_DEFAULT: &str = "x-server-default";

/// A schema from which no shape can be built.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("schema {path}: {message}")]
pub struct SchemaError {
    /// The dotted path in the schema.
    pub path: String,
    /// The error.
    pub message: String,
}

impl std::error::Error for SchemaError {}

type Result<T> = std::result::Result<T, SchemaError>;

impl Shape {
    /// The shape of the built-in type named `root`. `defs` maps type names to OpenAPI v3 schemas whose `$ref`s hold
    /// bare type names.
    pub fn from_openapi(defs: &Value, root: &str) -> Result<Self> {
        let mut build = Builder::new(defs, false);
        let root = build.named(root, root)?;
        Ok(build.finish(root))
    }

    /// The shape of a custom resource from its version's `openAPIV3Schema`.
    pub fn from_crd_schema(schema: &Value) -> Result<Self> {
        let defs = Value::from_json(OBJECT_META.as_bytes()).expect("our own schema parses");
        let mut build = Builder::new(&defs, true);
        let root = build.schema(schema, "openAPIV3Schema")?;
        build.add_object_fields(root)?;
        Ok(build.finish(root))
    }
}

struct Builder<'a> {
    defs: &'a Value,
    nodes: Vec<Node>,
    named: BTreeMap<String, NodeId>,
    custom: bool,
}

impl<'a> Builder<'a> {
    fn new(defs: &'a Value, custom: bool) -> Self {
        let any = Node { preserve_unknown: true, nullable: true, ..Node::default() };
        Self { defs, nodes: vec![any], named: BTreeMap::new(), custom }
    }

    fn finish(mut self, root: NodeId) -> Shape {
        lookup::make(&mut self.nodes);
        Shape { nodes: self.nodes, root, custom: self.custom }
    }

    fn add(&mut self, node: Node) -> Result<NodeId> {
        let id = u32::try_from(self.nodes.len()).map_err(|_| error("", "too many types"))?;
        self.nodes.push(node);
        Ok(NodeId(id))
    }

    fn named(&mut self, name: &str, path: &str) -> Result<NodeId> {
        if let Some(id) = self.named.get(name) {
            return Ok(*id);
        }
        let schema = self.defs.get(name).ok_or_else(|| error(path, format!("no type is named `{name}`")))?;
        let id = self.add(Node::default())?;
        self.named.insert(name.to_owned(), id);
        let mut node = self.node(schema, name)?;
        node.name = Some(name.into());
        if name.ends_with(".Quantity") {
            node.kind = NodeKind::Scalar(Scalar::Quantity);
        }
        self.nodes[id.0 as usize] = node;
        Ok(id)
    }

    fn schema(&mut self, schema: &Value, path: &str) -> Result<NodeId> {
        if let Some(name) = schema.str_at(&["$ref"]) {
            return self.named(name, path);
        }
        let node = self.node(schema, path)?;
        self.add(node)
    }

    fn node(&mut self, schema: &Value, path: &str) -> Result<Node> {
        if schema.as_map().is_none() {
            return Err(error(path, format!("a schema is an object, this is {}", schema.type_name())));
        }
        let is = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        let mut node = Node {
            kind: self.kind(schema, path)?,
            name: None,
            nullable: is("nullable"),
            preserve_unknown: is("x-kubernetes-preserve-unknown-fields"),
            embedded_resource: is("x-kubernetes-embedded-resource"),
            format: schema.str_at(&["format"]).map(Str::new),
            defaults: false,
            form: super::lookup::ScalarForm::default(),
            rules: self.rules(schema, path)?,
        };
        if node.embedded_resource {
            node.kind = NodeKind::Struct(self.object_fields(node.kind)?);
        }
        Ok(node)
    }

    fn rules(&mut self, schema: &Value, path: &str) -> Result<Option<Box<ValueRules>>> {
        if !self.custom {
            return Ok(None);
        }
        let Some(mut rules) = ValueRules::from_schema(schema, path)? else { return Ok(None) };
        for (key, branches) in
            [("allOf", &mut rules.all_of), ("anyOf", &mut rules.any_of), ("oneOf", &mut rules.one_of)]
        {
            for (i, branch) in schema.items_at(&[key]).iter().enumerate() {
                branches.push(self.schema(branch, &format!("{path}.{key}[{i}]"))?);
            }
        }
        if let Some(not) = schema.get("not") {
            rules.not = Some(self.schema(not, &format!("{path}.not"))?);
        }
        Ok(Some(rules))
    }

    fn kind(&mut self, schema: &Value, path: &str) -> Result<NodeKind> {
        let int_or_string = schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true)
            || schema.str_at(&["format"]) == Some("int-or-string");
        if int_or_string {
            return Ok(NodeKind::Scalar(Scalar::IntOrString));
        }
        Ok(match schema.str_at(&["type"]) {
            Some("object") => return self.object(schema, path),
            Some("array") => return self.list(schema, path),
            Some("string") => NodeKind::Scalar(Scalar::String),
            Some("integer") => NodeKind::Scalar(Scalar::Integer),
            Some("number") => NodeKind::Scalar(Scalar::Number),
            Some("boolean") => NodeKind::Scalar(Scalar::Boolean),
            Some(other) => return Err(error(path, format!("unknown type `{other}`"))),
            None if schema.get("properties").or(schema.get("required")).is_some() => {
                return self.object(schema, path);
            }
            None => NodeKind::Any,
        })
    }

    fn object(&mut self, schema: &Value, path: &str) -> Result<NodeKind> {
        let additional = match schema.get("additionalProperties") {
            Some(Value::Bool(true)) => Some(NodeId::ANY),
            Some(values @ Value::Map(_)) => {
                Some(self.schema(values, &format!("{path}.additionalProperties"))?)
            }
            _ => None,
        };
        let properties = schema.get("properties").and_then(Value::as_map);
        if additional.is_none() && properties.is_none() && !self.custom {
            return Ok(NodeKind::Any);
        }
        let mut fields = Vec::new();
        for (key, property) in properties.into_iter().flatten() {
            fields.push(self.field(*key, property, path)?);
        }
        let required: Vec<Key> = strings(schema, "required").map(Key::new).collect();
        if !self.custom {
            let owner = path.rsplit('.').next().unwrap_or_default();
            for (field, (_, property)) in fields.iter_mut().zip(properties.into_iter().flatten()) {
                field.empty = empty::of(owner, field.key.as_str(), property, required.contains(&field.key));
            }
        }
        let atomic = schema.str_at(&["x-kubernetes-map-type"]) == Some("atomic");
        Ok(NodeKind::Struct(Struct { fields, additional, required, atomic, ..Struct::default() }))
    }

    fn field(&mut self, key: Key, schema: &Value, path: &str) -> Result<Field> {
        let node = self.schema(schema, &format!("{path}.{key}"))?;
        let strategy = schema.str_at(&["x-kubernetes-patch-strategy"]).unwrap_or_default();
        let has = |wanted| strategy.split(',').any(|part| part == wanted);
        let default = schema.get("default");
        // In the OpenAPI of a built-in type, a zero means "written even if empty"; see `canonical`.
        let openapi = default.filter(|d| self.custom || !is_zero(d));
        Ok(Field {
            key,
            node,
            default: default.cloned(),
            assigned: schema.get(SERVER_DEFAULT).or(openapi).cloned(),
            atomic: schema.str_at(&["x-kubernetes-map-type"]).map(|t| t == "atomic"),
            patch: PatchStrategy {
                merge: has("merge"),
                replace: has("replace"),
                retain_keys: has("retainKeys"),
                merge_key: schema.str_at(&["x-kubernetes-patch-merge-key"]).map(Key::new),
            },
            empty: Empty::Kept,
        })
    }

    fn list(&mut self, schema: &Value, path: &str) -> Result<NodeKind> {
        let items = match schema.get("items") {
            Some(items) => self.schema(items, &format!("{path}.items"))?,
            None => NodeId::ANY,
        };
        let list_type = match schema.str_at(&["x-kubernetes-list-type"]) {
            Some("set") => ListType::Set,
            Some("map") => {
                ListType::Map(strings(schema, "x-kubernetes-list-map-keys").map(Key::new).collect())
            }
            _ => ListType::Atomic,
        };
        Ok(NodeKind::List(List { items, list_type }))
    }

    /// A struct with its own fields and those that every object has.
    fn object_fields(&mut self, kind: NodeKind) -> Result<Struct> {
        let mut own = if let NodeKind::Struct(own) = kind { own } else { Struct::default() };
        own.fields.retain(|f| !["apiVersion", "kind", "metadata"].contains(&f.key.as_str()));
        let string = self.add(Node { kind: NodeKind::Scalar(Scalar::String), ..Node::default() })?;
        let metadata = self.named(OBJECT_META_NAME, "metadata")?;
        for (key, node) in [("apiVersion", string), ("kind", string), ("metadata", metadata)] {
            let patch = PatchStrategy::default();
            own.fields.push(Field {
                key: Key::new(key),
                node,
                default: None,
                assigned: None,
                atomic: None,
                patch,
                empty: Empty::Kept,
            });
        }
        own.fields.sort_by_key(|f| f.key);
        Ok(own)
    }

    fn add_object_fields(&mut self, id: NodeId) -> Result<()> {
        let kind = std::mem::take(&mut self.nodes[id.0 as usize].kind);
        let own = self.object_fields(kind)?;
        self.nodes[id.0 as usize].kind = NodeKind::Struct(own);
        Ok(())
    }
}

fn strings<'v>(schema: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    schema.items_at(&[key]).iter().filter_map(Value::as_str)
}

fn is_zero(default: &Value) -> bool {
    match default {
        Value::Map(map) => map.is_empty(),
        Value::Str(s) => s.is_empty(),
        Value::Int(n) => *n == 0,
        Value::Bool(b) => !b,
        _ => false,
    }
}

pub(super) fn error(path: &str, message: impl Into<String>) -> SchemaError {
    SchemaError { path: path.to_owned(), message: message.into() }
}
