//! The JSON Schema agrees with the parser: each accepts what the other accepts.

use wavetank_sim::object::Value;

use super::*;
use crate::scenario::yaml;

/// Whether a value is valid by the keywords that the schema uses, without patterns.
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
    let conditional = |branch: &Value| match (branch.get("if"), branch.get("then")) {
        (Some(case), Some(then)) => !holds(case, value) || holds(then, value),
        _ => holds(branch, value),
    };
    (types.is_empty() || types.iter().any(is))
        && *schema != Value::Bool(false)
        && schema.get("const").is_none_or(|word| word == value)
        && schema.items_at(&["allOf"]).iter().all(conditional)
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
fn what_the_parser_accepts_is_valid_by_the_schema() {
    for text in [POD_DELETION, UNDER_FIRE] {
        assert!(holds(&schema(), &value(text)));
    }
}

#[test]
fn what_the_parser_refuses_for_its_form_is_invalid_by_the_schema() {
    let good = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n";
    for spec in [
        "seeds: 3",
        "expect: {violation: step}",
        "oracles: {disable: [{name: panic, reason: r}]}",
        "converge: {pending: [{kind: Pod, name: a}, {kind: Pod, selector: a=b}, {kind: Pod}], withoutResync: true}",
    ] {
        let text = format!("{good}  {spec}\n");
        assert!(read(&text).is_ok() && holds(&schema(), &value(&text)), "{spec}");
    }
    for spec in [
        "seed: 3",
        "steps: {}",
        "steps: [{name: x}]",
        "steps: [{drain: {nodes: a}}]",
        "steps: [{scale: }]",
        "steps: [{wait: 30s, cordon: {node: a}}]",
        "faults: [{fault: crash}]",
        "faults: [{fault: crash, when: {sequence: []}}]",
        "faults: [{fault: crahs, target: pod/a, when: {at: 1s}}]",
        "faults: [{fault: pause, target: pod/a, when: {at: 1s}, duration: 1s}]",
        "faults: [{fault: crash, when: {at: 1s}}]",
        "faults: [{fault: crash, target: pod/a, when: {at: 1s}, duration: 1s}]",
        "faults: [{fault: compaction, target: pod/a, when: {at: 1s}}]",
        "faults: [{fault: slow-start, target: pod/a, when: {at: 1s}}]",
        "faults: [{fault: slow-start, target: pod/a, when: {at: 1s}, args: {bye: 1s}}]",
        "faults: [{fault: node-loss, target: node/a, when: {at: 1s}, duration: 1s, heal: never}]",
        "faults: [{fault: reboot, target: node/a, when: {at: 1s}, heal: return}]",
        "faults: [{fault: api-error, target: all, when: {at: 1s}, args: {status: 404}}]",
        "converge: {pending: [{kind: Pod, name: a, selector: a=b}]}",
        "converge: {withoutResync: [true]}",
        "operators: [{program: [a]}]",
        "expect: {cel: a}",
        "expect: {violation: internal}",
        "expect: {violation: counts}",
        "oracles: {disable: [{name: step, reason: r}]}",
    ] {
        let text = format!("{good}  {spec}\n");
        assert!(read(&text).is_err() && !holds(&schema(), &value(&text)), "{spec}");
    }
}

#[test]
fn every_field_has_a_description() {
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
