//! Priority: a pod gets the priority and the preemption policy of its PriorityClass.
//!
//! Recorded in `validation-pod` and `defaulting-pod`.

use super::Attributes;
use crate::object::Value;
use crate::wire::{ObjectKey, Resource, Status};

const CLASSES: &str = "scheduling.k8s.io/v1/priorityclasses";
/// The default of `preemptionPolicy`.
const PREEMPT: &str = "PreemptLowerPriority";

/// The classes that exist on every server (scheduling `SystemPriorityClasses`).
const SYSTEM: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

struct Class {
    name: String,
    value: i64,
    preemption: String,
}

pub(super) fn admit(write: &Attributes<'_>, pod: &mut Value) -> Result<(), Box<Status>> {
    let name = pod.str_at(&["spec", "priorityClassName"]).unwrap_or_default().to_owned();
    let class = if name.is_empty() { default_class(write) } else { named(write, &name)? };
    if let Some(sent) = pod.i64_at(&["spec", "priority"])
        && sent != class.value
    {
        return Err(write.forbidden(&format!(
            "the integer value of priority ({sent}) must not be provided in pod spec; priority admission controller \
             computed {} from the given PriorityClass name",
            class.value
        )));
    }
    if let Some(sent) = pod.str_at(&["spec", "preemptionPolicy"])
        && sent != class.preemption
    {
        return Err(write.forbidden(&format!(
            "the string value of PreemptionPolicy ({sent}) must not be provided in pod spec; priority admission \
             controller computed {} from the given PriorityClass name",
            class.preemption
        )));
    }
    pod.set_at(&["spec", "priority"], class.value);
    pod.set_at(&["spec", "preemptionPolicy"], class.preemption);
    if !class.name.is_empty() && name.is_empty() {
        pod.set_at(&["spec", "priorityClassName"], class.name);
    }
    Ok(())
}

fn named(write: &Attributes<'_>, name: &str) -> Result<Class, Box<Status>> {
    if let Some(class) = write.store.get(Resource::new(CLASSES), &ObjectKey::new("", name)) {
        return Ok(of(class.root()));
    }
    match SYSTEM.iter().find(|(system, _)| *system == name) {
        Some((_, value)) => {
            Ok(Class { name: name.to_owned(), value: *value, preemption: PREEMPT.to_owned() })
        }
        None => Err(write.forbidden(&format!("no PriorityClass with name {name} was found"))),
    }
}

/// The global default class with the lowest value; without one, no class and priority 0.
fn default_class(write: &Attributes<'_>) -> Class {
    let classes = write.store.table(Resource::new(CLASSES)).into_iter().flat_map(|table| table.iter(""));
    let is_default = |class: &Value| class.get("globalDefault").and_then(Value::as_bool).unwrap_or_default();
    let all = classes.map(|(_, class)| class.root()).filter(|class| is_default(class)).map(of);
    all.min_by_key(|class| class.value).unwrap_or_else(|| Class {
        name: String::new(),
        value: 0,
        preemption: PREEMPT.to_owned(),
    })
}

fn of(class: &Value) -> Class {
    Class {
        name: class.str_at(&["metadata", "name"]).unwrap_or_default().to_owned(),
        value: class.i64_at(&["value"]).unwrap_or(0),
        preemption: class.str_at(&["preemptionPolicy"]).unwrap_or(PREEMPT).to_owned(),
    }
}
