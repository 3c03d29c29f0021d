//! Value rules of custom resources: type, required, enum, bounds, pattern, format, list types, junctors.
//!
//! Real: the OpenAPI validator of the API server, with its messages and its order of checks. Modelled: all that structural
//! schemas may contain but CEL rules, which are in `apiserver`. Differs: errors of sibling fields come in the order of the
//! fields; a real server varies it.

use std::fmt;

use derive_more::Display;
use regex_lite::Regex;

use super::build::error;
use super::format::{self, Format};
use super::{ListType, Node, NodeId, NodeKind, Scalar, SchemaError, Shape, Struct, Value};

/// One error of one field, as a cause of a Status.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("{field}: {message}")]
pub struct FieldError {
    /// The dotted path of the field, or `<nil>` if the real server names none.
    pub field: String,
    /// The reason of the cause, such as `FieldValueInvalid`.
    pub reason: &'static str,
    /// The message of the cause: `Invalid value: 0: must be ...`.
    pub message: String,
}

impl FieldError {
    /// A wrong value: `Invalid value: BAD: DETAIL`.
    pub fn invalid(field: &str, bad: &Value, detail: impl fmt::Display) -> Self {
        Self::new(field, "FieldValueInvalid", format!("Invalid value: {}: {detail}", bad.to_json()))
    }

    /// A missing value.
    pub fn required(field: &str, detail: &str) -> Self {
        let message =
            if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        Self::new(field, "FieldValueRequired", message)
    }

    /// A value that is not one of a list.
    pub fn not_supported(field: &str, bad: &Value, supported: &[Value]) -> Self {
        let supported: Vec<String> = supported.iter().map(Value::to_json).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", bad.to_json(), supported.join(", "));
        Self::new(field, "FieldValueNotSupported", message)
    }

    /// Any other error.
    pub fn new(field: &str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason, message: message.into() }
    }

    fn wrong_type(field: &str, found: &str, wanted: &str) -> Self {
        let message =
            format!("Invalid value: \"{found}\": {field} in body must be of type {wanted}: \"{found}\"");
        Self::new(field, "FieldValueTypeInvalid", message)
    }

    fn too_many(field: &str, found: usize, most: usize) -> Self {
        let message = format!("Too many: {found}: must have at most {most} items");
        Self::new(field, "FieldValueTooMany", message)
    }
}

/// The value rules of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct ValueRules {
    enumeration: Vec<Value>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    multiple_of: Option<f64>,
    min: Option<usize>,
    max: Option<usize>,
    pattern: Option<Regex>,
    /// Whether the schema has no type, as those in a junctor.
    pub(super) untyped: bool,
    pub(super) all_of: Vec<NodeId>,
    pub(super) any_of: Vec<NodeId>,
    pub(super) one_of: Vec<NodeId>,
    pub(super) not: Option<NodeId>,
}

/// The keys of a schema that are value rules.
const KEYS: &[&str] = &[
    "enum",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

impl ValueRules {
    pub(super) fn from_schema(schema: &Value, path: &str) -> Result<Option<Box<Self>>, SchemaError> {
        let untyped = schema.get("type").is_none();
        if !untyped && KEYS.iter().all(|key| schema.get(key).is_none()) {
            return Ok(None);
        }
        let number = |key: &str| match schema.get(key) {
            Some(Value::Int(n)) => Some(*n as f64),
            Some(Value::Float(n)) => Some(*n),
            _ => None,
        };
        let size = |keys: [&str; 3]| keys.iter().find_map(|k| number(k)).map(|n| n.max(0.0) as usize);
        let is = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        let pattern = schema.str_at(&["pattern"]).map(|p| {
            Regex::new(p).map_err(|e| error(path, format!("pattern `{p}` is not a regular expression: {e}")))
        });
        Ok(Some(Box::new(Self {
            enumeration: schema.items_at(&["enum"]).to_vec(),
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: is("exclusiveMinimum"),
            exclusive_maximum: is("exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min: size(["minLength", "minItems", "minProperties"]),
            max: size(["maxLength", "maxItems", "maxProperties"]),
            pattern: pattern.transpose()?,
            untyped,
            ..Self::default()
        })))
    }
}

impl Shape {
    /// All errors of the fields of a custom resource, except `metadata`.
    pub fn validate(&self, value: &Value) -> Vec<FieldError> {
        let mut check = Validator { shape: self, path: String::new(), errors: Vec::new() };
        check.value(self.root(), value);
        check.path.clear();
        check.list_types(self.root(), value);
        check.errors
    }
}

struct Validator<'a> {
    shape: &'a Shape,
    path: String,
    errors: Vec<FieldError>,
}

impl<'a> Validator<'a> {
    fn value(&mut self, id: NodeId, value: &Value) {
        let node = self.shape.node(id);
        if value.is_null() && node.nullable {
            return;
        }
        let rules = node.rules.as_deref();
        self.type_of(node, value);
        if let Some(rules) = rules {
            self.junctors(rules, value);
            self.scalar(rules, node, value);
        }
        match (&node.kind, value) {
            (NodeKind::List(list), Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    let depth = push_index(&mut self.path, i);
                    self.value(list.items, item);
                    self.path.truncate(depth);
                }
            }
            (NodeKind::Struct(s), Value::Map(_)) => self.fields(id, s, node, value),
            _ => (),
        }
    }

    fn type_of(&mut self, node: &Node, value: &Value) {
        let wanted = match &node.kind {
            NodeKind::Any => return,
            NodeKind::Struct(_) => "object",
            NodeKind::List(_) => "array",
            NodeKind::Scalar(Scalar::String) => "string",
            NodeKind::Scalar(Scalar::Integer) => "integer",
            NodeKind::Scalar(Scalar::Number) => "number",
            NodeKind::Scalar(Scalar::Boolean) => "boolean",
            NodeKind::Scalar(Scalar::IntOrString | Scalar::Quantity) => "integer,string",
        };
        if node.rules.as_ref().is_some_and(|r| r.untyped) && matches!(node.kind, NodeKind::Struct(_)) {
            return;
        }
        let found = value.type_name();
        let fits = match wanted {
            "number" => ["number", "integer"].contains(&found),
            "integer,string" => ["integer", "string"].contains(&found),
            _ => wanted == found,
        };
        if !fits {
            self.errors.push(FieldError::wrong_type(&self.path, found, wanted));
        }
        match (value, &node.format) {
            (Value::Float(_), format) if wanted == "integer" => self.not_integer(format.as_deref()),
            (Value::Int(n), Some(format)) if format == "int32" && i32::try_from(*n).is_err() => {
                self.not_integer(Some("int32"));
            }
            (Value::Str(s), Some(f)) if Format::named(f).is_some_and(|f| !format::fits(f, s)) => {
                self.errors.push(FieldError::new(
                    &self.path,
                    "FieldValueTypeInvalid",
                    format!("Invalid value: {s:?}: {} in body must be of type {f}: {s:?}", self.path),
                ));
            }
            _ => (),
        }
    }

    fn not_integer(&mut self, format: Option<&str>) {
        let kind = format.map_or("(default format)".into(), |f| format!("with format {f}"));
        let message =
            format!("Invalid value: \"\": Checked value must be of type integer {kind} in {}", self.path);
        self.errors.push(FieldError::new("<nil>", "FieldValueInvalid", message));
    }

    fn invalid(&mut self, bad: &Value, detail: impl fmt::Display) {
        let detail = format!("{} in body {detail}", self.path);
        self.errors.push(FieldError::invalid(&self.path, bad, detail));
    }

    fn scalar(&mut self, rules: &ValueRules, node: &Node, value: &Value) {
        match value {
            Value::Str(s) => self.string(rules, s, value),
            Value::Int(n) => self.number(rules, *n as f64, value),
            Value::Float(n) => self.number(rules, *n, value),
            Value::List(items) => self.size(rules, items.len(), "items"),
            Value::Map(map) => self.size(rules, map.len(), "properties"),
            Value::Null | Value::Bool(_) => (),
        }
        if !rules.enumeration.is_empty() && !rules.enumeration.contains(value) && !node.nullable {
            self.errors.push(FieldError::not_supported(&self.path, value, &rules.enumeration));
        }
    }

    fn string(&mut self, rules: &ValueRules, s: &str, value: &Value) {
        let length = s.chars().count();
        if let Some(max) = rules.max.filter(|max| length > *max) {
            let message = format!("Too long: may not be more than {max} bytes");
            self.errors.push(FieldError::new(&self.path, "FieldValueTooLong", message));
        }
        if let Some(min) = rules.min.filter(|min| length < *min) {
            self.invalid(value, format_args!("should be at least {min} chars long"));
        }
        if let Some(pattern) = rules.pattern.as_ref().filter(|p| !p.is_match(s)) {
            self.invalid(value, format_args!("should match '{}'", pattern.as_str()));
        }
    }

    fn number(&mut self, rules: &ValueRules, n: f64, value: &Value) {
        if let Some(of) = rules.multiple_of.filter(|of| (n / of).fract() != 0.0) {
            self.invalid(value, format_args!("should be a multiple of {of}"));
        }
        match rules.maximum {
            Some(max) if rules.exclusive_maximum && n >= max => {
                self.invalid(value, format_args!("should be less than {max}"));
            }
            Some(max) if n > max => {
                self.invalid(value, format_args!("should be less than or equal to {max}"))
            }
            _ => (),
        }
        match rules.minimum {
            Some(min) if rules.exclusive_minimum && n <= min => {
                self.invalid(value, format_args!("should be greater than {min}"));
            }
            Some(min) if n < min => {
                self.invalid(value, format_args!("should be greater than or equal to {min}"))
            }
            _ => (),
        }
    }

    fn size(&mut self, rules: &ValueRules, size: usize, what: &str) {
        if let Some(min) = rules.min.filter(|min| size < *min) {
            let bad = Value::Int(size as i64);
            self.invalid(&bad, format_args!("should have at least {min} {what}"));
        }
        if let Some(max) = rules.max.filter(|max| size > *max) {
            self.errors.push(FieldError::too_many(&self.path, size, max));
        }
    }

    fn fields(&mut self, id: NodeId, s: &'a Struct, node: &Node, value: &Value) {
        let embedded = if node.embedded_resource { &["apiVersion", "kind"][..] } else { &[] };
        for key in s.required.iter().map(|k| k.as_str()).chain(embedded.iter().copied()) {
            if value.get(key).is_none() {
                let depth = push_field(&mut self.path, key);
                self.errors.push(FieldError::required(&self.path, ""));
                self.path.truncate(depth);
            }
        }
        for (key, child) in value.as_map().into_iter().flatten() {
            if key.as_str() == "metadata" && (self.path.is_empty() || node.embedded_resource) {
                continue;
            }
            if let Some(child_id) = self.shape.child(id, *key) {
                let depth = push_field(&mut self.path, key.as_str());
                self.value(child_id, child);
                self.path.truncate(depth);
            }
        }
    }

    /// The errors of one schema of a junctor.
    fn branch(&self, id: NodeId, value: &Value) -> Vec<FieldError> {
        let mut check = Validator { shape: self.shape, path: self.path.clone(), errors: Vec::new() };
        check.value(id, value);
        check.errors
    }

    fn junctors(&mut self, rules: &ValueRules, value: &Value) {
        for id in &rules.all_of {
            let errors = self.branch(*id, value);
            self.errors.extend(errors);
        }
        let fewest =
            |branches: Vec<Vec<FieldError>>| branches.into_iter().min_by_key(Vec::len).unwrap_or_default();
        let run = |ids: &[NodeId]| ids.iter().map(|id| self.branch(*id, value)).collect::<Vec<_>>();
        let (any, one) = (run(&rules.any_of), run(&rules.one_of));
        let not_holds = rules.not.is_some_and(|id| self.branch(id, value).is_empty());
        if !any.is_empty() && !any.iter().any(Vec::is_empty) {
            self.junctor("must validate at least one schema (anyOf)");
            self.errors.extend(fewest(any));
        }
        match one.iter().filter(|errors| errors.is_empty()).count() {
            _ if one.is_empty() => (),
            0 => {
                self.junctor("must validate one and only one schema (oneOf). Found none valid");
                self.errors.extend(fewest(one));
            }
            1 => (),
            n => self.junctor(&format!(
                "must validate one and only one schema (oneOf). Found {n} valid alternatives"
            )),
        }
        if not_holds {
            self.junctor("must not validate the schema (not)");
        }
    }

    fn junctor(&mut self, what: &str) {
        let message = format!("Invalid value: \"\": \"{}\" {what}", self.path);
        self.errors.push(FieldError::new("<nil>", "FieldValueInvalid", message));
    }

    /// Duplicates in sets and list maps. As on a real server, this pass comes after all other checks.
    fn list_types(&mut self, id: NodeId, value: &Value) {
        match value {
            Value::Map(map) => {
                for (key, child) in map {
                    let Some(child_id) = self.shape.child(id, *key).filter(|id| *id != NodeId::ANY) else {
                        continue;
                    };
                    let depth = push_field(&mut self.path, key.as_str());
                    self.list_types(child_id, child);
                    self.path.truncate(depth);
                }
            }
            Value::List(items) => {
                let Some(list) = self.shape.as_list(id) else { return };
                for (i, item) in items.iter().enumerate() {
                    let depth = push_index(&mut self.path, i);
                    self.duplicate(&list.list_type, &items[..i], item);
                    self.list_types(list.items, item);
                    self.path.truncate(depth);
                }
            }
            _ => (),
        }
    }

    fn duplicate(&mut self, list_type: &ListType, earlier: &[Value], item: &Value) {
        let key_of = |item: &Value| match list_type {
            ListType::Map(keys) => {
                Value::Map(keys.iter().filter_map(|k| Some((*k, item.get(k.as_str())?.clone()))).collect())
            }
            _ => item.clone(),
        };
        if *list_type == ListType::Atomic {
            return;
        }
        let key = key_of(item);
        if earlier.iter().any(|e| key_of(e) == key) {
            let message = format!("Duplicate value: {}", key.to_json());
            self.errors.push(FieldError::new(&self.path, "FieldValueDuplicate", message));
        }
    }
}

/// Appends `.name`, or `name` at the start, to a dotted path. Returns the old length.
fn push_field(path: &mut String, name: &str) -> usize {
    let depth = path.len();
    if depth > 0 {
        path.push('.');
    }
    path.push_str(name);
    depth
}

/// Appends `[index]` to a path. Returns the old length.
fn push_index(path: &mut String, index: usize) -> usize {
    use std::fmt::Write;
    let depth = path.len();
    write!(path, "[{index}]").expect("a String takes every write");
    depth
}
