//! Containers: names, images, ports, environment, mounts, probes, resources.
//!
//! Recorded in `validation-pod`.

use super::check::{Checker, FieldPath, text};
use crate::object::{Quantity, Value, names};

/// The handlers of a probe.
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
/// The pod fields that environment variables may refer to (core `validEnvDownwardAPIFieldPathExpressions`).
const FIELD_PATHS: [&str; 10] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "spec.hostname",
];
/// The resources without a domain that containers may request (core `standardContainerResources`).
const STANDARD_RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Checks the containers of the pod spec at `path`.
pub(super) fn containers(spec: &Value, path: FieldPath<'_>, check: &mut Checker) {
    if spec.items_at(&["containers"]).is_empty() {
        check.required(format_args!("{path}.containers"), "");
    }
    let mut seen: Vec<&str> = Vec::new();
    for list in ["containers", "initContainers"] {
        for (i, container) in spec.items_at(&[list]).iter().enumerate() {
            let field = format_args!("{path}.{list}[{i}]");
            let name = text(container, "name");
            if name.is_empty() {
                check.required(format_args!("{field}.name"), "");
            } else {
                check.names(format_args!("{field}.name"), name, names::label(name));
                if seen.contains(&name) {
                    check.duplicate(format_args!("{field}.name"), &name.into());
                }
                seen.push(name);
            }
            common(container, spec, field, check);
            probes(container, field, list == "initContainers", check);
        }
    }
}

fn common(container: &Value, spec: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let image = text(container, "image");
    if image.is_empty() {
        check.required(format_args!("{field}.image"), "");
    } else if image.trim() != image {
        check.invalid(format_args!("{field}.image"), image, "must not have leading or trailing whitespace");
    }
    ports(container, spec, field, check);
    env(container, field, check);
    mounts(container, spec, field, check);
    let policies = ["Always", "IfNotPresent", "Never"];
    check.one_of(format_args!("{field}.imagePullPolicy"), container.get("imagePullPolicy"), &policies);
    resources(container, field, check);
    for key in ["runAsUser", "runAsGroup"] {
        let value = container.at(&["securityContext", key]);
        check.within(format_args!("{field}.securityContext.{key}"), value, 0, i64::from(i32::MAX));
    }
    let Some(context) = container.get("securityContext") else { return };
    let is = |key: &str, wanted: bool| context.get(key).and_then(Value::as_bool) == Some(wanted);
    if is("privileged", true) && is("allowPrivilegeEscalation", false) {
        let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        check.invalid(format_args!("{field}.securityContext"), context.clone(), why);
    }
}

fn ports(container: &Value, spec: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    let ports = container.items_at(&["ports"]);
    for (i, port) in ports.iter().enumerate() {
        let field = format_args!("{field}.ports[{i}]");
        let name = text(port, "name");
        if !name.is_empty() {
            check.names(format_args!("{field}.name"), name, port_name(name));
            if ports[..i].iter().any(|p| text(p, "name") == name) {
                check.duplicate(format_args!("{field}.name"), &name.into());
            }
        }
        let number = port.i64_at(&["containerPort"]).unwrap_or(0);
        let host = port.i64_at(&["hostPort"]).unwrap_or(0);
        if number == 0 {
            check.required(format_args!("{field}.containerPort"), "");
        } else {
            check.within(format_args!("{field}.containerPort"), port.get("containerPort"), 1, 65_535);
        }
        if host != 0 {
            check.within(format_args!("{field}.hostPort"), port.get("hostPort"), 1, 65_535);
        }
        if host_network && host != number {
            let why = "must match `containerPort` when `hostNetwork` is true";
            check.invalid(format_args!("{field}.hostPort"), host, why);
        }
        check.one_of(format_args!("{field}.protocol"), port.get("protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

fn env(container: &Value, field: FieldPath<'_>, check: &mut Checker) {
    for (i, variable) in container.items_at(&["env"]).iter().enumerate() {
        let field = format_args!("{field}.env[{i}]");
        if text(variable, "name").is_empty() {
            check.required(format_args!("{field}.name"), "");
        }
        let Some(source) = variable.get("valueFrom") else { continue };
        if !text(variable, "value").is_empty() {
            check.invalid(
                format_args!("{field}.valueFrom"),
                "",
                "may not be specified when `value` is not empty",
            );
        }
        if let Some(path) = source.str_at(&["fieldRef", "fieldPath"]) {
            let subscript =
                path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['");
            if !subscript && !FIELD_PATHS.contains(&path) {
                let why = format!("error converting fieldPath: field label not supported: {path}");
                check.invalid(format_args!("{field}.valueFrom.fieldRef.fieldPath"), path, &why);
            }
        }
    }
}

fn mounts(container: &Value, spec: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let mounts = container.items_at(&["volumeMounts"]);
    for (i, mount) in mounts.iter().enumerate() {
        let field = format_args!("{field}.volumeMounts[{i}]");
        let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            check.required(format_args!("{field}.name"), "");
        } else if !spec.items_at(&["volumes"]).iter().any(|v| text(v, "name") == name) {
            check.not_found(format_args!("{field}.name"), name);
        }
        if path.is_empty() {
            check.required(format_args!("{field}.mountPath"), "");
        } else if mounts[..i].iter().any(|m| text(m, "mountPath") == path) {
            check.invalid(format_args!("{field}.mountPath"), path, "must be unique");
        }
    }
}

fn probes(container: &Value, field: FieldPath<'_>, is_init: bool, check: &mut Checker) {
    let restarts = text(container, "restartPolicy") == "Always";
    for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get(kind) else { continue };
        let field = format_args!("{field}.{kind}");
        if is_init && !restarts {
            check.forbidden(field, "may not be set for init containers without restartPolicy=Always");
            continue;
        }
        handler(probe, field, check);
        for key in
            ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
        {
            check.not_negative(format_args!("{field}.{key}"), probe.get(key));
        }
        let successes = probe.i64_at(&["successThreshold"]).unwrap_or(1);
        if kind != "readinessProbe" && successes > 1 {
            check.invalid(format_args!("{field}.successThreshold"), successes, "must be 1");
        }
    }
}

fn handler(probe: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let set: Vec<&str> = HANDLERS.into_iter().filter(|handler| probe.get(handler).is_some()).collect();
    if set.is_empty() {
        check.required(field, "must specify a handler type");
    }
    for more in set.iter().skip(1) {
        check.forbidden(format_args!("{field}.{more}"), "may not specify more than 1 handler type");
    }
    for handler in ["httpGet", "tcpSocket"] {
        if let Some(port) = probe.at(&[handler, "port"]) {
            port_number_or_name(format_args!("{field}.{handler}.port"), port, check);
        }
    }
}

/// Checks a port number or the name of a port.
pub(super) fn port_number_or_name(field: FieldPath<'_>, port: &Value, check: &mut Checker) {
    match port {
        Value::Str(name) => check.names(field, name, port_name(name)),
        number => check.within(field, Some(number), 1, 65_535),
    }
}

/// Why a name is not a port name (apimachinery `IsValidPortName`).
fn port_name(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.len() > 15 {
        reasons.push("must be no more than 15 bytes".to_owned());
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        reasons.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
        return reasons;
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        reasons.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        reasons.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        reasons.push("must not begin or end with a hyphen".to_owned());
    }
    reasons
}

fn resources(container: &Value, field: FieldPath<'_>, check: &mut Checker) {
    let amounts = |kind: &str| container.at(&["resources", kind]).and_then(Value::as_map);
    let parse = |value: &Value| value.as_str().and_then(|text| text.parse::<Quantity>().ok());
    for kind in ["limits", "requests"] {
        for (name, amount) in amounts(kind).into_iter().flatten() {
            let field = format_args!("{field}.resources.{kind}[{name}]");
            let name = name.as_str();
            let is_huge_pages = name.starts_with("hugepages-");
            if !name.contains('/') && !is_huge_pages && !STANDARD_RESOURCES.contains(&name) {
                check.invalid(field, name, "must be a standard resource type or fully qualified");
                check.invalid(field, name, "must be a standard resource for containers");
            }
            if parse(amount).is_some_and(|quantity| quantity < Quantity::from_units(0)) {
                check.invalid(field, amount.clone(), "must be greater than or equal to 0");
            }
        }
    }
    for (name, request) in amounts("requests").into_iter().flatten() {
        let limit = amounts("limits").and_then(|limits| limits.get(name.as_str()));
        let Some(limit) = limit else {
            if name.as_str().contains('/') {
                let why = "Limit must be set for non overcommitable resources";
                check.required(format_args!("{field}.resources.limits"), why);
            }
            continue;
        };
        let shown = limit.as_str().unwrap_or_default();
        if let (Some(asked), Some(most)) = (parse(request), parse(limit))
            && asked > most
        {
            let why = format!("must be less than or equal to {name} limit of {shown}");
            check.invalid(format_args!("{field}.resources.requests"), request.clone(), &why);
        }
    }
}
