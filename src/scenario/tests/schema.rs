//! The JSON Schema agrees with the parser: what one takes, the other takes.

use wavetank_sim::object::Value;

use super::*;
use crate::scenario::yaml;

/// Whether a value is right by the keywords that the schema uses; patterns are left out.
fn holds(schema: &Value, value: &Value) -> bool {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::Str(one)) => vec![one],
        Some(many) => many.items().iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    let is = |name: &&str| *name == value.type_name() || *name == "number" && value.type_name() == "integer";
    let has = |key: &Value| key.as_str().is_some_and(|key| value.get(key).is_some());
    let field =
        |(key, value): &(wavetank_sim::object::Key, Value)| match schema.at(&["properties", key.as_str()]) {
            Some(schema) => holds(schema, value),
            None => match schema.get("additionalProperties") {
                Some(Value::Bool(open)) => *open,
                Some(schema) => holds(schema, value),
                None => true,
            },
        };
    (types.is_empty() || types.iter().any(is))
        && schema.get("enum").is_none_or(|words| words.items().contains(value))
        && schema.items_at(&["required"]).iter().all(has)
        && schema
            .get("oneOf")
            .is_none_or(|o| o.items().iter().filter(|schema| holds(schema, value)).count() == 1)
        && schema.get("anyOf").is_none_or(|any| any.items().iter().any(|schema| holds(schema, value)))
        && schema.get("items").is_none_or(|schema| value.items().iter().all(|item| holds(schema, item)))
        && value.as_map().is_none_or(|map| map.iter().all(field))
}

fn value(text: &str) -> Value {
    yaml::document(&Source::new("s.yaml", text)).unwrap().value()
}

#[test]
fn what_the_parser_takes_is_right_by_the_schema() {
    for text in [POD_DELETION, UNDER_FIRE] {
        assert!(holds(&schema(), &value(text)));
    }
}

#[test]
fn what_the_parser_refuses_for_its_shape_is_wrong_by_the_schema() {
    let good = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n";
    assert!(holds(&schema(), &value(&format!("{good}  seeds: 3\n"))));
    for spec in [
        "seed: 3",
        "steps: {}",
        "steps: [{name: x}]",
        "steps: [{drain: {nodes: a}}]",
        "steps: [{scale: }]",
        "steps: [{wait: 30s, cordon: {node: a}}]",
        "faults: [{fault: crash}]",
        "faults: [{fault: crash, when: {sequence: []}}]",
        "operators: [{program: [a]}]",
        "expect: {cel: a}",
    ] {
        let text = format!("{good}  {spec}\n");
        assert!(read(&text).is_err() && !holds(&schema(), &value(&text)), "{spec}");
    }
}

#[test]
fn every_field_says_what_it_means() {
    fn described(schema: &Value) -> usize {
        let fields = schema.get("properties").and_then(Value::as_map).map_or(0, |fields| {
            let about = |field: &Value| {
                usize::from(field.str_at(&["description"]).is_some_and(|text| !text.is_empty()))
            };
            assert!(fields.iter().all(|(_, field)| about(field) == 1));
            fields.iter().map(|(_, field)| 1 + described(field)).sum()
        });
        let inner = ["items", "additionalProperties"]
            .iter()
            .filter_map(|key| schema.get(key))
            .map(described)
            .sum::<usize>();
        fields + inner + schema.items_at(&["anyOf"]).iter().map(described).sum::<usize>()
    }
    assert!(described(&schema()) > 100);
}
