//! The JSON Schema of each fault, from the rows of the table in `wavetank_sim::scenario::fault` and from the fields of the format:
//! a branch has the fields that the fault takes, so that an editor completes them and marks all others.

use wavetank_sim::object::{Key, Map, Value};
use wavetank_sim::scenario::FaultInfo;
use wavetank_sim::scenario::fault::{ArgInfo, FAULTS, Lasts, Takes, Unless, Victim};
use wavetank_sim::value;

use super::faults::{FAULT, VICTIM};
use super::leaf::{COUNTS, DURATIONS, TEXT};
use crate::scenario::schema::{field, shape};
use crate::scenario::shape::Fields;

/// A closed map for each available fault.
pub(super) fn branches() -> Value {
    Value::list(FAULTS.iter().filter(|fault| fault.available).map(branch))
}

fn branch(fault: &FaultInfo) -> Value {
    let mut properties: Vec<(Key, Value)> = of(&FAULT, &["name", "when", "times"]);
    let mut required: Vec<Value> = vec!["fault".into(), "when".into()];
    let name = value!({"const": (fault.name), "description": (fault.about)});
    properties.push((Key::new("fault"), name));
    let mut add = |name: &'static str, is_required: bool, schema: Value| {
        let mut described = schema;
        let about = FAULT.named(name).map_or("", |field| field.about);
        described.set_at(&["description"], about);
        properties.push((Key::new(name), described));
        required.extend(is_required.then(|| Value::from(name)));
    };
    let between = fault.targets.contains(&Victim::Between);
    if !fault.strikes_the_cluster() {
        add("target", !between, target(fault));
    }
    if between {
        let party = any_of([value!({"const": "kube-apiserver"}), target(fault)]);
        add("between", false, value!({"type": "array", "items": party}));
    }
    if fault.arg("heal").is_some() {
        add("heal", false, FAULT.named("heal").map_or_else(Value::empty_map, |field| shape(&field.shape)));
    }
    if fault.lasts != Lasts::Never {
        add("duration", fault.lasts == Lasts::Must, shape(&DURATIONS));
    }
    if !fault.args.is_empty() {
        add("args", fault.args.iter().any(is_needed), args(fault));
    }
    let mut branch = closed(properties, required);
    branch.set_at(&["description"], fault.about);
    if between {
        branch.set_at(&["oneOf"], value!([{"required": ["target"]}, {"required": ["between"]}]));
    }
    branch
}

/// These fields of a map.
pub(super) fn of(fields: &'static Fields, names: &[&'static str]) -> Vec<(Key, Value)> {
    names.iter().filter_map(|name| Some((Key::new(name), field(fields.named(name)?)))).collect()
}

/// A closed map with these fields.
pub(super) fn closed(properties: Vec<(Key, Value)>, required: Vec<Value>) -> Value {
    let mut schema = value!({"type": "object", "additionalProperties": false});
    schema.set_at(&["properties"], properties.into_iter().collect::<Map>());
    if !required.is_empty() {
        schema.set_at(&["required"], required);
    }
    schema
}

fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    Value::from([("anyOf", Value::list(schemas))])
}

/// What the fault may strike, as a text or as a map.
fn target(fault: &FaultInfo) -> Value {
    any_of(fault.targets.iter().flat_map(|victim| match victim {
        Victim::Pod => objects("Pod", "[Pp]ods?", &["name", "namespace", "selector", "pick"]),
        Victim::Node => objects("Node", "[Nn]odes?", &["name", "namespace", "selector", "hosting", "pick"]),
        Victim::Program => programs(fault),
        Victim::Image => vec![shape(&TEXT), closed(of(&VICTIM, &["image"]), vec!["image".into()])],
        Victim::Between => {
            let nodes = objects("Node", "[Nn]odes?", &["name", "namespace", "selector", "hosting", "pick"]);
            let pods = objects("Pod", "[Pp]ods?", &["name", "namespace", "selector", "pick"]);
            [nodes, pods, programs(fault)].concat()
        }
        Victim::Cluster => Vec::new(),
    }))
}

fn objects(kind: &str, names: &str, fields: &[&'static str]) -> Vec<Value> {
    let (text, any_name) = (format!("^{names}/.+$"), format!("^{names}$"));
    let named = any_of([value!({"const": kind}), value!({"type": "string", "pattern": any_name})]);
    let mut properties = of(&VICTIM, fields);
    let mut kind = named;
    kind.set_at(&["description"], VICTIM.named("kind").map_or("", |field| field.about));
    properties.push((Key::new("kind"), kind));
    vec![value!({"type": "string", "pattern": text}), closed(properties, vec!["kind".into()])]
}

fn programs(fault: &FaultInfo) -> Vec<Value> {
    let fields: &[&'static str] =
        if fault.arg("kind").is_some() { &["program", "pick", "kind"] } else { &["program", "pick"] };
    vec![value!({"const": "all"}), closed(of(&VICTIM, fields), vec!["program".into()])]
}

fn is_needed(arg: &ArgInfo) -> bool {
    arg.unless == Unless::Required
}

fn args(fault: &FaultInfo) -> Value {
    let schemas = fault.args.iter().map(|arg| {
        let mut schema = match arg.takes {
            Takes::Count => shape(&COUNTS),
            Takes::Time => shape(&DURATIONS),
            Takes::Bool => value!({"enum": [true, false]}),
            Takes::Text => shape(&TEXT),
            // YAML reads a word such as 504 as a number.
            Takes::OneOf(words) => {
                let number = |word: &&str| word.parse::<i64>().ok().map(Value::from);
                let words =
                    words.iter().flat_map(|word| number(word).into_iter().chain([Value::from(*word)]));
                Value::from([("enum", Value::list(words))])
            }
        };
        schema.set_at(&["description"], arg.about);
        if let Unless::Default(default) = arg.unless {
            schema.set_at(&["default"], default_of(arg.takes, default));
        }
        (Key::new(arg.name), schema)
    });
    let needed = fault.args.iter().filter(|arg| is_needed(arg)).map(|arg| arg.name.into()).collect();
    closed(schemas.collect(), needed)
}

fn default_of(takes: Takes, text: &str) -> Value {
    match takes {
        Takes::Bool => Value::Bool(text == "true"),
        Takes::Count | Takes::OneOf(_) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Takes::Time | Takes::Text => text.into(),
    }
}
