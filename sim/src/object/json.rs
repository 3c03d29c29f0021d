//! JSON text to tree and back, through serde. The result does not depend on the features of serde_json in a user's build.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::field_path::FieldPath;
use super::{Key, Map, Value};

/// With `arbitrary_precision`, serde_json represents a number as a map with this key.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

impl Value {
    /// Parses JSON text. The last of duplicate keys wins.
    pub fn from_json(text: &[u8]) -> Result<Self, serde_json::Error> {
        Self::from_json_noting(text, &mut |_| ())
    }

    /// Parses JSON text and calls `duplicate` with the dotted path of each duplicate key (`spec.ports[0].port`).
    pub fn from_json_noting(text: &[u8], duplicate: &mut dyn FnMut(&str)) -> Result<Self, serde_json::Error> {
        let mut de = serde_json::Deserializer::from_slice(text);
        let value = Noting { path: &FieldPath::ROOT, duplicate }.deserialize(&mut de)?;
        de.end()?;
        Ok(value)
    }

    /// The JSON text, keys sorted.
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(256);
        self.write_json(&mut out);
        String::from_utf8(out).expect("serde_json writes UTF-8")
    }

    /// Appends the JSON text, keys sorted.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Str(s) => write_text(s, out),
            Self::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write_json(out);
                }
                out.push(b']');
            }
            Self::Map(map) => {
                out.push(b'{');
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_text(key.as_str(), out);
                    out.push(b':');
                    value.write_json(out);
                }
                out.push(b'}');
            }
            scalar => serde_json::to_writer(out, scalar).expect("a Vec takes every write"),
        }
    }

    /// The tree of a serialisable value.
    pub fn from_serialize(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Self::from_json(&serde_json::to_vec(value)?)
    }
}

/// Appends a JSON string. Texts without escapes, which are most, are copied whole.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    let plain = text.bytes().fold(true, |plain, b| plain & (b >= 0x20) & (b != b'"') & (b != b'\\'));
    if plain {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        serde_json::to_writer(out, text).expect("a Vec takes every write");
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Int(n) => serializer.serialize_i64(*n),
            Self::Float(n) => serializer.serialize_f64(*n),
            Self::Str(s) => serializer.serialize_str(s),
            Self::List(items) => serializer.collect_seq(items.iter()),
            Self::Map(map) => serializer.collect_map(map.iter().map(|(k, v)| (k.as_str(), v))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Noting { path: &FieldPath::ROOT, duplicate: &mut |_| () }.deserialize(deserializer)
    }
}

/// Reads a value and reports duplicate keys.
struct Noting<'a> {
    path: &'a FieldPath<'a>,
    duplicate: &'a mut dyn FnMut(&str),
}

impl<'de> DeserializeSeed<'de> for Noting<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Noting<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(i64::try_from(n).map_or(Value::Float(n as f64), Value::Int))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        Ok(Value::from(n))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::Str(s.into()))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            let path = self.path.index(items.len());
            match seq.next_element_seed(Noting { path: &path, duplicate: self.duplicate })? {
                Some(item) => items.push(item),
                None => return Ok(Value::List(items.into())),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(Key, Value)> = Vec::new();
        let mut sorted = true;
        while let Some(name) = map.next_key::<KeyName>()? {
            if entries.is_empty() && name.0.as_str() == NUMBER_TOKEN {
                return number(&map.next_value::<String>()?).map_err(de::Error::custom);
            }
            let last = entries.last().map(|e| e.0);
            sorted &= last.is_none_or(|last| last < name.0);
            let path = self.path.field(name.0);
            if !sorted && entries.iter().any(|e| e.0 == name.0) {
                (self.duplicate)(&path.dotted());
            }
            let value = map.next_value_seed(Noting { path: &path, duplicate: self.duplicate })?;
            entries.push((name.0, value));
        }
        Ok(Value::Map(Map::from_entries(entries)))
    }
}

/// Parses the text of a number, as `arbitrary_precision` passes it.
fn number(text: &str) -> Result<Value, String> {
    if let Ok(n) = text.parse::<i64>() {
        return Ok(Value::Int(n));
    }
    text.parse::<f64>().map(Value::from).map_err(|_| format!("`{text}` is not a number"))
}

/// A map key, interned as it is read.
struct KeyName(Key);

impl<'de> Deserialize<'de> for KeyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = KeyName;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string key")
            }
            fn visit_str<E>(self, s: &str) -> Result<KeyName, E> {
                Ok(KeyName(Key::new(s)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn text_and_tree_round_trip_with_sorted_keys() {
        let v = Value::from_json(br#"{"b":[1,2.5,"x"],"a":{"n":null,"t":true}}"#).unwrap();
        assert_eq!(v.to_json(), r#"{"a":{"n":null,"t":true},"b":[1,2.5,"x"]}"#);
    }

    #[test]
    fn duplicate_keys_are_named_by_path_and_the_last_wins() {
        let mut seen = Vec::new();
        let text = br#"{"spec":{"ports":[{"port":1,"name":"a","port":2}],"x":1,"x":1}}"#;
        let v = Value::from_json_noting(text, &mut |p| seen.push(p.to_owned())).unwrap();
        assert_eq!(seen, ["spec.ports[0].port", "spec.x"]);
        assert_eq!(v, value!({"spec": {"ports": [{"port": 2, "name": "a"}], "x": 1}}));
    }

    #[test]
    fn integers_outside_i64_are_floats() {
        assert_eq!(Value::from_json(b"18446744073709551615").unwrap(), Value::Float(18446744073709551615.0));
    }

    #[test]
    fn nesting_beyond_the_limit_is_an_error_not_an_overflow() {
        assert!(Value::from_json("[".repeat(100_000).as_bytes()).is_err());
    }
}
