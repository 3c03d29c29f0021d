//! What the server sets in workloads (selectors of Jobs, template generations), and what it drops.

use super::super::defaults::labels_from_template;
use crate::object::Value;

/// The annotation with the generation of a DaemonSet's template (apps/v1 `DeprecatedTemplateGeneration`).
pub(super) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// A field of StatefulSets whose feature gate MaxUnavailableStatefulSet is off: the server drops it unless the stored object
/// has it (`dropStatefulSetDisabledFields`).
pub(super) const MAX_UNAVAILABLE: [&str; 4] = ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];

pub(super) fn template_generation(new: &mut Value, generation: i64) {
    let path = ["metadata", "annotations", TEMPLATE_GENERATION];
    let text = generation.to_string();
    if new.str_at(&path) != Some(&text) {
        new.set_at(&path, text);
    }
}

/// A Job selects its pods by its own uid, unless it sets `manualSelector`.
pub(super) fn job_selector(new: &mut Value) {
    if new.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true) {
        return;
    }
    let text = |key| new.str_at(&["metadata", key]).unwrap_or_default().to_owned();
    let (uid, name) = (text("uid"), text("name"));
    let labels = ["spec", "template", "metadata", "labels"];
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ] {
        new.set_at(&[labels[0], labels[1], labels[2], labels[3], key], value.as_str());
    }
    new.set_at(&["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"], uid);
    labels_from_template(new);
}

#[cfg(test)]
mod tests {
    use super::super::super::registry::Registry;
    use super::super::on_update;
    use super::*;
    use crate::value;
    use crate::wire::Resource;

    #[test]
    fn a_field_whose_gate_is_off_stays_only_if_it_was_stored() {
        let registry = Registry::builtin();
        let kind = registry.lookup(Resource::new("apps/v1/statefulsets")).unwrap();
        let set = |update: Value| value!({"spec": {"updateStrategy": {"rollingUpdate": update}}});
        let (with, without) = (set(value!({"maxUnavailable": 2})), set(value!({"partition": 0})));
        let updated = |old: &Value| {
            let mut new = with.clone();
            on_update(kind, &mut new, old, "", "T");
            new.at(&MAX_UNAVAILABLE).is_some()
        };
        assert_eq!((updated(&with), updated(&without)), (true, false));
    }
}
