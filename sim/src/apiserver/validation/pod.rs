//! Pods and pod templates. Recorded in `validation-pod`.

use super::check::{Checker, FieldPath, PendingWrite, text};
use super::container::containers;
use super::labels::labels;
use super::pod_update;
use super::volume::volumes;
use crate::object::{Value, names};

/// The largest value of ids and deadlines (`math.MaxInt32`).
const MAX_INT32: i64 = 2_147_483_647;

pub(super) fn pod(write: &PendingWrite<'_>, check: &mut Checker) {
    if !write.changes(&["spec"]) {
        return;
    }
    let Some(spec) = write.new.get("spec") else { return };
    self::spec(spec, format_args!("spec"), true, check);
    match write.old.and_then(|old| old.get("spec")) {
        None => on_create(spec, check),
        Some(old) if write.subresource.is_empty() => pod_update::check(spec, old, check),
        Some(_) => (),
    }
}

fn on_create(spec: &Value, check: &mut Checker) {
    if !spec.items_at(&["ephemeralContainers"]).is_empty() {
        check.forbidden("spec.ephemeralContainers", "cannot be set on create");
    }
    if !spec.items_at(&["schedulingGates"]).is_empty() && !text(spec, "nodeName").is_empty() {
        check.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
    }
}

/// Checks the pod template at `path`. Kinds that keep their pods running require the restart policy `Always`.
pub(super) fn template(value: &Value, path: &[&str], restarts_always: bool, check: &mut Checker) {
    let field = path.join(".");
    let Some(spec) = template_labels(value, path, check) else {
        check.required(format_args!("{field}.spec.containers"), "");
        return;
    };
    self::spec(spec, format_args!("{field}.spec"), false, check);
    if restarts_always {
        require_restart_always(spec, &field, check);
    }
}

/// Checks the template of a StatefulSet. Its pods also mount volumes of claim templates; therefore the spec is validated only
/// when pods are created (apps `ValidatePodTemplateSpecForStatefulSet`).
pub(super) fn loose_template(value: &Value, path: &[&str], check: &mut Checker) {
    if let Some(spec) = template_labels(value, path, check) {
        require_restart_always(spec, &path.join("."), check);
    }
}

/// Checks the labels of a template, and returns its spec.
fn template_labels<'v>(value: &'v Value, path: &[&str], check: &mut Checker) -> Option<&'v Value> {
    let template = value.at(path)?;
    let own = template.get("metadata").and_then(|metadata| metadata.get("labels"));
    labels(format_args!("{}.metadata.labels", path.join(".")), own, check);
    template.get("spec")
}

fn require_restart_always(spec: &Value, field: &str, check: &mut Checker) {
    if text(spec, "restartPolicy") != "Always" {
        check.one_of(format_args!("{field}.spec.restartPolicy"), spec.get("restartPolicy"), &["Always"]);
    }
}

fn spec(spec: &Value, path: FieldPath<'_>, is_pod: bool, check: &mut Checker) {
    volumes(spec, path, is_pod, check);
    containers(spec, path, check);
    check.one_of(
        format_args!("{path}.restartPolicy"),
        spec.get("restartPolicy"),
        &["Always", "OnFailure", "Never"],
    );
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    check.one_of(format_args!("{path}.dnsPolicy"), spec.get("dnsPolicy"), &dns);
    labels(format_args!("{path}.nodeSelector"), spec.get("nodeSelector"), check);
    for (key, rule) in [
        ("serviceAccountName", names::subdomain as fn(&str) -> Vec<String>),
        ("nodeName", names::subdomain),
        ("hostname", names::label),
        ("subdomain", names::label),
        ("priorityClassName", names::subdomain),
        ("runtimeClassName", names::subdomain),
    ] {
        if let Some(name) = spec.str_at(&[key]).filter(|name| !name.is_empty()) {
            check.names(format_args!("{path}.{key}"), name, rule(name));
        }
    }
    check.within(
        format_args!("{path}.activeDeadlineSeconds"),
        spec.get("activeDeadlineSeconds"),
        1,
        MAX_INT32,
    );
    security(spec, path, check);
    tolerations(spec, path, check);
    affinity(spec, path, check);
    spread(spec, path, check);
    gates(spec, path, check);
    check.one_of(format_args!("{path}.os"), spec.at(&["os", "name"]), &["linux", "windows"]);
}

fn security(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    for key in ["runAsUser", "runAsGroup", "fsGroup"] {
        let value = spec.at(&["securityContext", key]);
        check.within(format_args!("{path}.securityContext.{key}"), value, 0, MAX_INT32);
    }
    let is = |key: &str| spec.get(key).and_then(Value::as_bool) == Some(true);
    if is("shareProcessNamespace") && is("hostPID") {
        let why = "ShareProcessNamespace and HostPID cannot both be enabled";
        check.invalid(format_args!("{path}.securityContext.shareProcessNamespace"), true, why);
    }
}

fn tolerations(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    for (i, toleration) in spec.items_at(&["tolerations"]).iter().enumerate() {
        let field = format_args!("{path}.tolerations[{i}]");
        let of = |key| text(toleration, key);
        if !of("key").is_empty() {
            check.names(format_args!("{field}.key"), of("key"), names::qualified_name(of("key")));
        }
        if of("key").is_empty() && of("operator") != "Exists" {
            let why =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            check.invalid(format_args!("{field}.operator"), of("operator"), why);
        }
        if toleration.get("tolerationSeconds").is_some() && of("effect") != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            check.invalid(format_args!("{field}.effect"), of("effect"), why);
        }
        match of("operator") {
            "Exists" if !of("value").is_empty() => {
                let why = "value must be empty when `operator` is 'Exists'";
                check.invalid(format_args!("{field}.operator"), of("value"), why);
            }
            "Exists" | "" => (),
            "Equal" => {
                check.names(format_args!("{field}.operator"), of("value"), names::label_value(of("value")))
            }
            _ => check.one_of(
                format_args!("{field}.operator"),
                toleration.get("operator"),
                &["Equal", "Exists"],
            ),
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        check.one_of(format_args!("{field}.effect"), toleration.get("effect"), &effects);
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn affinity(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    if let Some(node) = spec.at(&["affinity", "nodeAffinity", REQUIRED])
        && node.items_at(&["nodeSelectorTerms"]).is_empty()
    {
        let field = format_args!("{path}.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms");
        check.required(field, "must have at least one node selector term");
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        for (i, term) in spec.items_at(&["affinity", kind, REQUIRED]).iter().enumerate() {
            let field = format_args!("{path}.affinity.{kind}.{REQUIRED}[{i}].topologyKey");
            let key = text(term, "topologyKey");
            if key.is_empty() {
                check.required(field, "can not be empty");
            }
            check.names(field, key, names::qualified_name(key));
        }
    }
}

fn spread(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    for (i, constraint) in spec.items_at(&["topologySpreadConstraints"]).iter().enumerate() {
        let field = format_args!("{path}.topologySpreadConstraints[{i}]");
        let skew = constraint.i64_at(&["maxSkew"]).unwrap_or(0);
        if skew <= 0 {
            check.invalid(format_args!("{field}.maxSkew"), skew, "must be greater than zero");
        }
        if text(constraint, "topologyKey").is_empty() {
            check.required(format_args!("{field}.topologyKey"), "can not be empty");
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        check.one_of(
            format_args!("{field}.whenUnsatisfiable"),
            constraint.get("whenUnsatisfiable"),
            &actions,
        );
    }
}

fn gates(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    let gates = spec.items_at(&["schedulingGates"]);
    for (i, gate) in gates.iter().enumerate() {
        let name = text(gate, "name");
        check.names(format_args!("{path}.schedulingGates[{i}]"), name, names::qualified_name(name));
    }
    for (i, gate) in spec.items_at(&["readinessGates"]).iter().enumerate() {
        let kind = text(gate, "conditionType");
        check.names(
            format_args!("{path}.readinessGates[{i}].conditionType"),
            kind,
            names::qualified_name(kind),
        );
    }
}
