//! The JSON Schema agrees with the parser: each accepts what the other accepts.

use wavetank_sim::object::Value;
use wavetank_sim::scenario::fault::{FAULTS, Lasts};

use super::*;
use crate::scenario::schema::{definition, maps};
use crate::scenario::yaml;

/// Whether a value is valid by the keywords that the schema uses, without patterns.
fn holds(schema: &Value, value: &Value) -> bool {
    valid(schema, schema, value)
}

fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let holds = |schema: &Value, value: &Value| valid(root, schema, value);
    if let Some(name) = schema.str_at(&["$ref"]) {
        let name = name.strip_prefix("#/$defs/").expect("references are to definitions");
        return holds(root.at(&["$defs", name]).expect("the definition is there"), value);
    }
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
        && *schema != Value::Bool(false)
        && schema.get("const").is_none_or(|word| word == value)
        && schema.get("not").is_none_or(|other| !holds(other, value))
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

/// The branch of a list's items for this fault or verb.
fn branch(list: &str, word: &str) -> Value {
    let schema = schema();
    let branches = schema.items_at(&["$defs", "spec", "properties", list, "items", "oneOf"]);
    let is = |branch: &&Value| match branch.str_at(&["properties", "fault", "const"]) {
        Some(fault) => fault == word,
        None => branch.items_at(&["required"]).contains(&word.into()),
    };
    branches.iter().find(is).unwrap_or_else(|| panic!("{list} has no branch {word}")).clone()
}

#[test]
fn each_fault_and_each_verb_has_a_branch_with_what_it_takes() {
    let keys = |schema: &Value, path: &[&str]| -> Vec<String> {
        let map = schema.at(path).and_then(Value::as_map);
        map.into_iter().flatten().map(|(key, _)| key.to_string()).collect()
    };
    for fault in FAULTS.iter().filter(|fault| fault.available) {
        let branch = branch("faults", fault.name);
        assert_eq!(branch.str_at(&["properties", "fault", "const"]), Some(fault.name));
        let mut args: Vec<&str> = fault.args.iter().map(|arg| arg.name).collect();
        args.sort_unstable();
        assert_eq!(keys(&branch, &["properties", "args", "properties"]), args, "{}", fault.name);
        let fields = keys(&branch, &["properties"]);
        let has = |field: &str| fields.iter().any(|name| name == field);
        assert_eq!(has("target"), !fault.strikes_the_cluster(), "{}", fault.name);
        assert_eq!(has("duration"), fault.lasts != Lasts::Never, "{}", fault.name);
        let required = branch.items_at(&["required"]);
        assert_eq!(required.contains(&"duration".into()), fault.lasts == Lasts::Must, "{}", fault.name);
    }
    for verb in Action::VERBS {
        for list in ["setup", "steps"] {
            assert_eq!(branch(list, verb).get("required"), Some(&Value::list([Value::from(*verb)])));
        }
    }
    let crash = branch("faults", "crash");
    assert_eq!(keys(&crash, &["properties"]), ["fault", "name", "target", "times", "when"]);
    let error = branch("faults", "api-error");
    assert_eq!(error.str_at(&["properties", "args", "properties", "retryAfter", "type"]), Some("string"));
    assert_eq!(error.items_at(&["properties", "args", "required"]), []);
    let latency = branch("faults", "api-latency");
    assert_eq!(latency.items_at(&["properties", "args", "required"]), ["by".into()]);
}

#[test]
fn an_event_has_two_names_of_which_a_file_has_one() {
    let good = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  operators: [{program: etcd}]\n";
    let fault = |when: &str| format!("{good}  faults: [{{fault: crash, target: all, when: {{{when}}}}}]\n");
    let always = |event: &str| {
        format!("{good}  expect: [{{name: e, always: {{{event} match: {{apiVersion: v1, kind: Pod}}}}}}]\n")
    };
    let (on, event) = ("on: {write: {verb: delete}}", "event: {write: {verb: delete}}");
    let same = |a: &str, b: &str| {
        let (a, b) = (read(a).unwrap(), read(b).unwrap());
        assert_eq!(a.faults, b.faults);
        let events = |s: &Scenario| s.expect.iter().map(|e| e.on.clone()).collect::<Vec<_>>();
        assert!(events(&a) == events(&b) && (a.faults.len() + events(&a).iter().flatten().count()) == 1);
    };
    same(&fault(on), &fault(event));
    same(&always(&format!("{on},")), &always(&format!("{event},")));
    let both = format!("{on}, {event}");
    for (text, right) in [
        (fault(&both), "`when` has `on` already: leave `event` out"),
        (always(&format!("{both},")), "`always` has `on` already: leave `event` out"),
        (fault("true: {write: {}}"), "`when` has no field `true`; did you mean `event`?"),
    ] {
        let bad = read(&text).unwrap_err().to_string();
        assert!(bad.contains(right), "{bad}");
        assert!(!holds(&schema(), &value(&text)), "{text}");
    }
    for text in [fault(on), fault(event), always(&format!("{on},")), always(&format!("{event},"))] {
        assert!(holds(&schema(), &value(&text)), "{text}");
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
        "faults: [{fault: crash, target: {image: a}, when: {at: 1s}}]",
        "faults: [{fault: slow-start, target: {program: a}, when: {at: 1s}, args: {by: 1s}}]",
        "faults: [{fault: crash, target: all, when: {event: {write: {verb: get}}}}]",
        "faults: [{fault: crash, target: all, when: {event: {watchEvent: {subresource: status}}}}]",
        "expect: [{name: e, always: {event: {watchEvent: {}}, match: {apiVersion: v1, kind: Pod}}}]",
        "cluster: {boot: cold}",
        "cluster: {apiServers: 2}",
        "faults: [{fault: crahs, target: pod/a, when: {at: 1s}}]",
        "faults: [{fault: pause, target: pod/a, when: {at: 1s}, duration: 1s}]",
        "faults: [{fault: crash, when: {at: 1s}}]",
        "faults: [{fault: crash, target: pod/a, when: {at: 1s}, duration: 1s}]",
        "faults: [{fault: partition, when: {at: 1s}, duration: 1s}]",
        "faults: [{fault: partition, target: node/a, between: [node/a, kube-apiserver], when: {at: 1s}, duration: 1s}]",
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
        let definitions = schema.get("$defs").and_then(Value::as_map);
        let definitions: usize = definitions.into_iter().flatten().map(|(_, schema)| described(schema)).sum();
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
        let branches = schema.items_at(&["anyOf"]).iter().chain(schema.items_at(&["oneOf"]));
        definitions + fields + inner + branches.map(described).sum::<usize>()
    }
    assert!(described(&schema()) > 100);
}

#[test]
fn each_definition_has_a_name_of_its_own() {
    let mut names: Vec<String> = maps().into_iter().map(definition).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
    assert!(schema().to_json().len() < 100_000);
}
