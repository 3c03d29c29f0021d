//! The JSON Schema of the format, from the data that also check files. It leaves out fields that this version lacks.

use wavetank_sim::object::{Key, Map, Value};
use wavetank_sim::value;

use super::format::SCENARIO;
use super::shape::{Field, Fields, Leaf, Shape};

/// The JSON Schema of a scenario file (draft 2020-12).
pub fn schema() -> Value {
    let mut schema = fields(&SCENARIO);
    schema.set_at(&["$schema"], "https://json-schema.org/draft/2020-12/schema");
    schema.set_at(&["title"], "wavetank scenario");
    let definitions = maps().into_iter().map(|map| (Key::new(&definition(map)), fields(map)));
    schema.set_at(&["$defs"], definitions.collect::<Map>());
    schema
}

/// The name of a map's definition, to which every place refers that takes such a map.
pub(super) fn definition(fields: &Fields) -> String {
    let plain = fields.what.replace('`', "");
    let name = plain.strip_prefix("an ").or_else(|| plain.strip_prefix("a ")).unwrap_or(&plain);
    name.replace(' ', "-").replace("'s", "")
}

/// Every map within a scenario.
pub(super) fn maps() -> Vec<&'static Fields> {
    fn within(shape: &'static Shape, found: &mut Vec<&'static Fields>) {
        match shape {
            Shape::List(inner) | Shape::Map(inner) => within(inner, found),
            Shape::OneOf(shapes) => shapes.iter().for_each(|shape| within(shape, found)),
            Shape::Branches(fields, _) => below(fields, found),
            Shape::Fields(fields) if !found.iter().any(|known| std::ptr::eq(*known, *fields)) => {
                found.push(fields);
                below(fields, found);
            }
            _ => {}
        }
    }
    fn below(fields: &'static Fields, found: &mut Vec<&'static Fields>) {
        fields.fields.iter().for_each(|field| within(&field.shape, found));
    }
    let mut found = Vec::new();
    below(&SCENARIO, &mut found);
    found
}

fn fields(fields: &Fields) -> Value {
    let properties = fields.available().flat_map(|it| {
        let alias = it.other.map(|other| {
            let mut schema = shape(&it.shape);
            schema.set_at(&["description"], format!("another name of `{}`: {}", it.name, it.about));
            (Key::new(other), schema)
        });
        std::iter::once((Key::new(it.name), field(it))).chain(alias)
    });
    let mut schema = value!({"type": "object", "additionalProperties": false});
    schema.set_at(&["properties"], properties.collect::<Map>());
    let required: Vec<Value> =
        fields.available().filter(|field| field.required).map(|field| field.name.into()).collect();
    if !required.is_empty() {
        schema.set_at(&["required"], required);
    }
    let names =
        |name: &'static str| std::iter::once(name).chain(fields.named(name).and_then(|field| field.other));
    let one_of = fields.alternatives().flat_map(names).map(|name| value!({"required": [name]}));
    let one_of: Vec<Value> = one_of.collect();
    if !one_of.is_empty() {
        schema.set_at(&["oneOf"], one_of);
    }
    let twice =
        fields.available().filter_map(|field| Some(value!({"required": [(field.name), (field.other?)]})));
    let twice: Vec<Value> = twice.collect();
    if !twice.is_empty() {
        schema.set_at(&["not"], Value::from([("anyOf", Value::from(twice))]));
    }
    schema
}

/// A field with its description.
pub(super) fn field(field: &Field) -> Value {
    let mut schema = shape(&field.shape);
    schema.set_at(&["description"], field.about);
    schema
}

pub(super) fn shape(it: &Shape) -> Value {
    match it {
        Shape::Leaf(leaf) => self::leaf(leaf),
        Shape::Word(words) => one_of(words),
        Shape::Named(named) => one_of(&(named.names)()),
        Shape::List(item) => Value::from([("type", "array".into()), ("items", shape(item))]),
        Shape::Map(value) => Value::from([("type", "object".into()), ("additionalProperties", shape(value))]),
        Shape::Fields(it) => Value::from([("$ref", format!("#/$defs/{}", definition(it)).into())]),
        Shape::Branches(_, branches) => Value::from([("type", "object".into()), ("oneOf", branches())]),
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
