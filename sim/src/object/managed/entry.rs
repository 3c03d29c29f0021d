//! One entry of managedFields, and the list after a write.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Comparison, FieldSet};
use crate::object::json::write_text;
use crate::object::{Str, Value};

/// How a manager came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    /// The name in managedFields.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// The writer of a write, with its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writer {
    /// The field manager.
    pub manager: Str,
    /// The written subresource; empty for the object itself.
    pub subresource: Str,
    /// The version of the written object.
    pub api_version: Str,
    /// The time, to the second, in RFC 3339.
    pub time: Str,
}

/// One entry of managedFields.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedEntry {
    /// The field manager.
    pub manager: Str,
    /// How the manager came to own the fields.
    pub operation: Operation,
    /// The subresource that the manager wrote; empty for the object itself.
    pub subresource: Str,
    /// The version of the fields.
    pub api_version: Str,
    /// The time of the last change of the entry.
    pub time: Option<Str>,
    /// The owned fields.
    pub fields: Arc<FieldSet>,
}

impl ManagedEntry {
    /// An entry of `writer` without fields.
    pub(crate) fn new(writer: &Writer, operation: Operation) -> Self {
        Self {
            manager: writer.manager.clone(),
            operation,
            subresource: writer.subresource.clone(),
            api_version: writer.api_version.clone(),
            time: Some(writer.time.clone()),
            fields: Arc::default(),
        }
    }

    /// Whether this is the entry of `writer`. There is one per manager and subresource, for updates also per version.
    pub(crate) fn belongs_to(&self, writer: &Writer, operation: Operation) -> bool {
        self.operation == operation
            && self.manager == writer.manager
            && self.subresource == writer.subresource
            && (operation == Operation::Apply || self.api_version == writer.api_version)
    }

    /// Whether the entries differ in no more than their times.
    pub(super) fn is_same_apart_from_time(&self, other: &Self) -> bool {
        Self { time: None, ..self.clone() } == Self { time: None, ..other.clone() }
    }

    /// The order in which the server lists entries.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    fn key(&self) -> (Operation, Option<&str>, &str, &str, &str) {
        (self.operation, self.time.as_deref(), &self.manager, &self.api_version, &self.subresource)
    }

    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value.str_at(&[key]).map(Str::new);
        let operation = match text("operation")?.as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if text("fieldsType")? != "FieldsV1" {
            return None;
        }
        let fields = value.get("fieldsV1").map_or(Some(FieldSet::default()), FieldSet::from_value)?;
        Some(Self {
            manager: text("manager").unwrap_or_default(),
            operation,
            subresource: text("subresource").unwrap_or_default(),
            api_version: text("apiVersion").filter(|version| !version.is_empty())?,
            time: text("time"),
            fields: Arc::new(fields),
        })
    }

    pub(super) fn to_value(&self) -> Value {
        let mut text = Vec::new();
        self.write_json(&mut text);
        Value::from_json(&text).expect("our own JSON parses")
    }

    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let field = |out: &mut Vec<u8>, key: &str, text: &str| {
            out.extend_from_slice(key.as_bytes());
            write_text(text, out);
        };
        field(out, "{\"apiVersion\":", &self.api_version);
        out.extend_from_slice(b",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":");
        self.fields.write_json(out);
        field(out, ",\"manager\":", &self.manager);
        field(out, ",\"operation\":", self.operation.as_str());
        if !self.subresource.is_empty() {
            field(out, ",\"subresource\":", &self.subresource);
        }
        if let Some(time) = &self.time {
            field(out, ",\"time\":", time);
        }
        out.push(b'}');
    }
}

/// The entries after an update: the writer takes the fields that it changed from all others; removed fields have no owner.
pub(super) fn after_update(list: &[ManagedEntry], change: &Comparison, writer: &Writer) -> Vec<ManagedEntry> {
    let taken = change.modified.union(&change.added).without_system_fields();
    let mut out = Vec::with_capacity(list.len() + 1);
    let mut own = ManagedEntry::new(writer, Operation::Update);
    for entry in list {
        if entry.belongs_to(writer, Operation::Update) {
            own = entry.clone();
        } else {
            out.extend(without(entry, &[&taken, &change.removed]));
        }
    }
    if own.fields.overlaps(&change.removed) {
        own.fields = Arc::new(own.fields.difference(&change.removed));
    }
    if !taken.is_empty() {
        own.fields = Arc::new(own.fields.union(&taken));
        own.time = Some(writer.time.clone());
    }
    out.extend((!own.fields.is_empty()).then_some(own));
    out
}

/// The entry without these fields; none if it would be empty.
pub(crate) fn without(entry: &ManagedEntry, gone: &[&FieldSet]) -> Option<ManagedEntry> {
    let mut entry = entry.clone();
    for gone in gone {
        if entry.fields.overlaps(gone) {
            entry.fields = Arc::new(entry.fields.difference(gone));
        }
    }
    (!entry.fields.is_empty()).then_some(entry)
}
