//! The JSON text of an object: type first, `metadata.managedFields` in sorted order.

use std::ops::Range;

use bytes::Bytes;

use super::{Managed, Map, Value, json::write_text};

/// The JSON text of an object, with the position of its parts.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) text: Bytes,
    /// The end of the type (`{"apiVersion":..,"kind":..,`).
    pub(super) type_end: usize,
    /// The range of the value of `metadata`; empty if there is none.
    pub(super) metadata: Range<usize>,
}

/// The JSON of an object, in exactly the memory it needs.
pub(super) fn encoded(root: &Value, managed: &Managed) -> Encoded {
    let mut out = Vec::with_capacity(1024);
    let (type_end, metadata) = object(root, managed, &mut out);
    Encoded { text: out.into_boxed_slice().into(), type_end, metadata }
}

fn object(root: &Value, managed: &Managed, out: &mut Vec<u8>) -> (usize, Range<usize>) {
    let Value::Map(map) = root else {
        root.write_json(out);
        return (out.len().min(1), 0..0);
    };
    let mut found = 0..0;
    let mut writer = Members { out, first: true };
    for key in ["apiVersion", "kind"] {
        if let Some(value) = map.get(key) {
            writer.key(key);
            value.write_json(writer.out);
        }
    }
    let type_end = writer.out.len() + 1;
    for (key, value) in map {
        match (key.as_str(), value) {
            ("apiVersion" | "kind", _) => continue,
            ("metadata", Value::Map(metadata)) => {
                writer.key("metadata");
                found.start = writer.out.len();
                self::metadata(metadata, managed, writer.out);
                found.end = writer.out.len();
            }
            (key, value) => {
                writer.key(key);
                value.write_json(writer.out);
            }
        }
    }
    if writer.first {
        writer.out.push(b'{');
    }
    out.push(b'}');
    // An object without fields beside its type has no comma after it.
    (type_end.min(out.len() - 1), found)
}

/// Appends the JSON of `metadata`; null if there is none.
pub(super) fn metadata_of(root: &Value, managed: &Managed, out: &mut Vec<u8>) {
    match root.get("metadata") {
        Some(Value::Map(map)) => metadata(map, managed, out),
        other => other.unwrap_or(&Value::Null).write_json(out),
    }
}

fn metadata(map: &Map, managed: &Managed, out: &mut Vec<u8>) {
    let owned = !managed.entries().is_empty();
    let mut writer = Members { out, first: true };
    let mut pending = owned;
    for (key, value) in map {
        if pending && key.as_str() > "managedFields" {
            pending = false;
            writer.key("managedFields");
            managed.write_json(writer.out);
        }
        if owned && key.as_str() == "managedFields" {
            continue;
        }
        writer.key(key.as_str());
        value.write_json(writer.out);
    }
    if pending {
        writer.key("managedFields");
        managed.write_json(writer.out);
    }
    if writer.first {
        writer.out.push(b'{');
    }
    out.push(b'}');
}

/// Writes the members of one JSON object.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Members<'_> {
    fn key(&mut self, key: &str) {
        self.out.push(if self.first { b'{' } else { b',' });
        self.first = false;
        write_text(key, self.out);
        self.out.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::{Object, Shape, Writer};
    use crate::value;

    #[test]
    fn the_type_comes_first_and_can_be_cut_off() {
        let object = Object::new(value!({"data": {"b": 1, "a": "x"}, "kind": "K", "apiVersion": "v1"}));
        assert_eq!(object.json(), r#"{"apiVersion":"v1","kind":"K","data":{"a":"x","b":1}}"#);
        assert_eq!(object.json_without_type(), br#""data":{"a":"x","b":1}}"#);
        assert_eq!(Object::new(value!({"kind": "K", "apiVersion": "v1"})).json_without_type(), b"}");
        assert_eq!(Object::new(value!({})).json(), "{}");
        assert_eq!(Object::new(value!({"a": 1})).json_without_type(), br#""a":1}"#);
    }

    #[test]
    fn metadata_is_the_same_before_and_after_the_whole_is_written() {
        for root in
            [value!({"kind": "K", "metadata": {"name": "n"}, "spec": {"a": 1}}), value!({"kind": "K"})]
        {
            let object = Object::new(root);
            let metadata = || {
                let mut out = Vec::new();
                object.write_metadata_json(&mut out);
                String::from_utf8(out).unwrap()
            };
            let before = metadata();
            object.json();
            assert_eq!(metadata(), before);
        }
    }

    #[test]
    fn managed_fields_are_written_in_their_place() {
        let shape = Arc::new(Shape::from_crd_schema(&value!({"type": "object"})).unwrap());
        let root = value!({"kind": "K", "metadata": {"labels": {"a": "b"}, "name": "n"}});
        let writer =
            Writer { manager: "m".into(), api_version: "v1".into(), time: "T".into(), ..Writer::default() };
        let object =
            Object::with_managed(root.clone(), Managed::default().updated(writer, None, &root, &shape));
        let entry = r#"{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:a":{}}}},"manager":"m","operation":"Update","time":"T"}"#;
        let wanted = format!(
            r#"{{"kind":"K","metadata":{{"labels":{{"a":"b"}},"managedFields":[{entry}],"name":"n"}}}}"#
        );
        assert_eq!(object.json(), wanted.as_bytes());
        assert_eq!(object.full_tree(), Value::from_json(wanted.as_bytes()).unwrap());
    }
}
