//! The JSON Schema of the format, from the data that also check files. It leaves out fields that this version lacks.

use wavetank_sim::object::{Key, Map, Value};
use wavetank_sim::value;

use super::format::SCENARIO;
use super::shape::{Fields, Leaf, Shape};

/// The JSON Schema of a scenario file (draft 2020-12).
pub fn schema() -> Value {
    let mut schema = fields(&SCENARIO);
    schema.set_at(&["$schema"], "https://json-schema.org/draft/2020-12/schema");
    schema.set_at(&["title"], "wavetank scenario");
    schema
}

fn fields(fields: &Fields) -> Value {
    let properties = fields.available().map(|field| {
        let mut schema = shape(&field.shape);
        schema.set_at(&["description"], field.about);
        (Key::new(field.name), schema)
    });
    let mut schema = value!({"type": "object", "additionalProperties": false});
    schema.set_at(&["properties"], properties.collect::<Map>());
    let required: Vec<Value> =
        fields.available().filter(|field| field.required).map(|field| field.name.into()).collect();
    if !required.is_empty() {
        schema.set_at(&["required"], required);
    }
    let one_of: Vec<Value> = fields.alternatives().map(|name| value!({"required": [name]})).collect();
    if !one_of.is_empty() {
        schema.set_at(&["oneOf"], one_of);
    }
    schema
}

pub(super) fn shape(it: &Shape) -> Value {
    match it {
        Shape::Leaf(leaf) => self::leaf(leaf),
        Shape::Word(words) => one_of(words),
        Shape::Named(named) => one_of(&(named.names)()),
        Shape::List(item) => Value::from([("type", "array".into()), ("items", shape(item))]),
        Shape::Map(value) => Value::from([("type", "object".into()), ("additionalProperties", shape(value))]),
        Shape::Fields(it) => fields(it),
        Shape::Branches(it, branches) => {
            let mut schema = fields(it);
            schema.set_at(&["allOf"], branches());
            schema
        }
        Shape::OneOf(shapes) => Value::from([("anyOf", Value::list(shapes.iter().map(shape)))]),
        Shape::Tree | Shape::Later => Value::empty_map(),
    }
}

fn one_of(words: &[&'static str]) -> Value {
    Value::from([("enum", Value::list(words.iter().map(|word| Value::from(*word))))])
}

fn leaf(leaf: &Leaf) -> Value {
    Value::from_json(leaf.schema.as_bytes()).expect("the format's schemas are JSON")
}
