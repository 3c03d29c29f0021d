//! Type errors of built-in kinds, with the messages of the Go decoder.
//!
//! Real: the first value that does not fit its Go type fails the request. Modelled: that, with the type names of the schema.
//! Differs: string types have no names of their own (`v1.PullPolicy` is `string`).

use derive_more::Display;

use super::format::{is_base64, is_date_time};
use super::lookup::ScalarForm;
use super::{Key, NodeId, NodeKind, Scalar, Shape, Value};
use crate::object::Quantity;
use crate::object::quantity::is_plain;

/// Why a body does not have its built-in type: the message of the real server.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub struct DecodeError(pub String);

impl std::error::Error for DecodeError {}

impl Shape {
    /// Checks the types of a built-in object's values; null fits every type.
    pub fn decode(&self, value: &Value) -> Result<(), DecodeError> {
        Decode::new(self).value(self.root(), value)
    }

    /// The short name of a built-in struct: `PodSpec`.
    fn short_name(&self, id: NodeId) -> &str {
        let name = self.node(id).name.as_deref().unwrap_or_default();
        name.rsplit('.').next().unwrap_or_default()
    }

    /// The Go type of a node, as decode errors print it.
    fn go_type(&self, id: NodeId) -> String {
        let node = self.node(id);
        match &node.kind {
            NodeKind::Any => "map[string]interface {}".into(),
            NodeKind::List(list) => format!("[]{}", self.go_type(list.items)),
            NodeKind::Struct(s) => match s.additional {
                Some(values) if node.name.is_none() => format!("map[string]{}", self.go_type(values)),
                _ => format!("v1.{}", self.short_name(id)),
            },
            NodeKind::Scalar(scalar) => match (scalar, node.format.as_deref()) {
                (Scalar::String, Some("byte")) => "[]uint8".into(),
                (Scalar::String, _) => "string".into(),
                (Scalar::Integer, format) => format.unwrap_or("int64").into(),
                (Scalar::Number, _) => "float64".into(),
                (Scalar::Boolean, _) => "bool".into(),
                (Scalar::IntOrString, _) => "intstr.IntOrString".into(),
                (Scalar::Quantity, _) => "resource.Quantity".into(),
            },
        }
    }
}

/// The walk of [`Shape::decode`].
pub(super) struct Decode<'a> {
    shape: &'a Shape,
    /// Named fields only: the Go decoder omits map keys and indices.
    path: Vec<&'static str>,
    /// The struct of the last named field.
    owner: NodeId,
}

impl<'a> Decode<'a> {
    pub(super) fn new(shape: &'a Shape) -> Self {
        Self { shape, path: Vec::new(), owner: shape.root() }
    }

    /// The value at `key` of a map at `id`.
    fn field(&mut self, id: NodeId, key: Key, child: &Value) -> Result<(), DecodeError> {
        let Some(child_id) = self.shape.child(id, key) else { return Ok(()) };
        if self.shape.as_struct(id).is_none_or(|s| s.field(key).is_none()) {
            return self.value(child_id, child);
        }
        let owner = std::mem::replace(&mut self.owner, id);
        self.path.push(key.as_str());
        self.value(child_id, child)?;
        self.path.pop();
        self.owner = owner;
        Ok(())
    }

    fn value(&mut self, id: NodeId, value: &Value) -> Result<(), DecodeError> {
        let node = self.shape.node(id);
        match (&node.kind, value) {
            (_, Value::Null) | (NodeKind::Any, _) => Ok(()),
            (NodeKind::Struct(_), Value::Map(map)) => {
                map.iter().try_for_each(|(key, child)| self.field(id, *key, child))
            }
            (NodeKind::List(list), Value::List(items)) => {
                items.iter().try_for_each(|i| self.value(list.items, i))
            }
            (NodeKind::Scalar(scalar), _) => self.scalar(id, *scalar, value),
            _ => Err(self.mismatch(id, value)),
        }
    }

    pub(super) fn scalar(&self, id: NodeId, scalar: Scalar, value: &Value) -> Result<(), DecodeError> {
        let form = self.shape.node(id).form;
        let fits = match (scalar, value) {
            (Scalar::String, Value::Str(s)) => return text(form, s),
            (Scalar::Quantity, Value::Str(s)) if is_plain(s) => true,
            (Scalar::Quantity, Value::Str(s)) => {
                return s.parse::<Quantity>().map(drop).map_err(|e| DecodeError(e.to_string()));
            }
            (Scalar::Integer, Value::Int(n)) if form == ScalarForm::Int32 => i32::try_from(*n).is_ok(),
            (Scalar::Integer | Scalar::Number | Scalar::Quantity | Scalar::IntOrString, Value::Int(_)) => {
                true
            }
            (Scalar::Number | Scalar::Quantity, Value::Float(_)) => true,
            (Scalar::Boolean, Value::Bool(_)) | (Scalar::IntOrString, Value::Str(_)) => true,
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.mismatch(id, value)) }
    }

    fn mismatch(&self, id: NodeId, value: &Value) -> DecodeError {
        let integer = matches!(self.shape.node(id).kind, NodeKind::Scalar(Scalar::Integer));
        let found = match value {
            Value::Bool(_) => "bool".into(),
            Value::Int(_) | Value::Float(_) if integer => format!("number {}", value.to_json()),
            Value::Int(_) | Value::Float(_) => "number".into(),
            other => other.type_name().to_owned(),
        };
        let owner = self.shape.short_name(self.owner);
        let path = self.path.join(".");
        let wanted = self.shape.go_type(id);
        DecodeError(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {wanted}"
        ))
    }
}

fn text(form: ScalarForm, s: &str) -> Result<(), DecodeError> {
    match form {
        ScalarForm::Time | ScalarForm::MicroTime if !is_date_time(s) => Err(DecodeError(format!(
            "parsing time {s:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {s:?} as \"2006\""
        ))),
        ScalarForm::Bytes if !is_base64(s) => {
            let at = s.bytes().position(|b| !b.is_ascii_alphanumeric() && b != b'+' && b != b'/');
            Err(DecodeError(format!("illegal base64 data at input byte {}", at.unwrap_or(s.len()))))
        }
        _ => Ok(()),
    }
}
