//! The JSON Schema of each fault, from the rows of the table in `wavetank_sim::scenario::fault`.

use wavetank_sim::object::{Key, Map, Value};
use wavetank_sim::scenario::fault::{ArgInfo, FAULTS, FaultInfo, Lasts, Takes, Unless, Victim};
use wavetank_sim::value;

use super::leaf::{COUNTS, DURATIONS, TEXT};
use crate::scenario::schema::shape;

/// The names of the available faults, and for each of them its target, arguments and duration.
pub(super) fn branches() -> Value {
    let available = || FAULTS.iter().filter(|fault| fault.available);
    let names = Value::list(available().map(|fault| Value::from(fault.name)));
    let known = value!({"properties": {"fault": {"enum": names}}});
    Value::list(std::iter::once(known).chain(available().map(branch)))
}

fn branch(fault: &FaultInfo) -> Value {
    let (mut properties, mut required) = (Vec::new(), Vec::new());
    let mut field = |name: &'static str, is: Option<bool>, schema: Value| {
        let schema = if is.is_none() { Value::Bool(false) } else { schema };
        properties.push((Key::new(name), schema));
        required.extend((is == Some(true)).then(|| Value::from(name)));
    };
    let between = fault.targets.contains(&Victim::Between);
    let targeted = !fault.strikes_the_cluster();
    field("target", targeted.then_some(!between), Value::empty_map());
    field("between", between.then_some(false), Value::empty_map());
    field("heal", fault.arg("heal").map(|_| false), Value::empty_map());
    field("args", Some(fault.args.iter().any(is_needed)), args(fault));
    let duration = match fault.lasts {
        Lasts::Never => None,
        Lasts::May => Some(false),
        Lasts::Must => Some(true),
    };
    field("duration", duration, Value::empty_map());
    let name = fault.name;
    let mut then = value!({"description": (fault.about), "properties": (Value::from(properties.into_iter().collect::<Map>()))});
    if !required.is_empty() {
        then.set_at(&["required"], required);
    }
    if between {
        then.set_at(&["oneOf"], value!([{"required": ["target"]}, {"required": ["between"]}]));
    }
    value!({"if": {"properties": {"fault": {"const": name}}, "required": ["fault"]}, "then": then})
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
        (Key::new(arg.name), schema)
    });
    let mut schema = value!({"type": "object", "additionalProperties": false});
    schema.set_at(&["properties"], schemas.collect::<Map>());
    let needed: Vec<Value> =
        fault.args.iter().filter(|arg| is_needed(arg)).map(|arg| arg.name.into()).collect();
    if !needed.is_empty() {
        schema.set_at(&["required"], needed);
    }
    schema
}
