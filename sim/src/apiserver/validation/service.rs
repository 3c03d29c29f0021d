//! Services. Recorded in `validation-service`.

use std::net::IpAddr;

use super::check::{Checker, PendingWrite, text};
use super::container::port_number_or_name;
use super::labels::labels;
use crate::object::{FieldError, Value, names};
use crate::value;

const NOT_AN_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

pub(super) fn service(write: &PendingWrite<'_>, check: &mut Checker) {
    if !write.changes(&["spec"]) {
        return;
    }
    let Some(spec) = write.new.get("spec") else {
        return check.required("spec.ports", "");
    };
    let kind = text(spec, "type");
    if let Some(old) = write.old {
        cluster_ip_stays(spec, old, check);
    }
    ports(spec, kind, check);
    labels(format_args!("spec.selector"), spec.get("selector"), check);
    check.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), &["ClientIP", "None"]);
    check.one_of("spec.type", spec.get("type"), &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    addresses(spec, kind, check);
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    check.one_of("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), &policies);
    for (i, family) in spec.items_at(&["ipFamilies"]).iter().enumerate() {
        if family.as_str() == Some("IPv6") {
            check.invalid(format_args!("spec.ipFamilies[{i}]"), "IPv6", "not configured on this cluster");
        }
    }
    let external = matches!(kind, "NodePort" | "LoadBalancer") || !spec.items_at(&["externalIPs"]).is_empty();
    if let Some(policy) = spec.get("externalTrafficPolicy").filter(|_| !external) {
        let why = "may only be set for externally-accessible services";
        check.invalid("spec.externalTrafficPolicy", policy.clone(), why);
    }
}

fn cluster_ip_stays(spec: &Value, old: &Value, check: &mut Checker) {
    let of = |spec: &Value| text(spec, "clusterIP").to_owned();
    let was = old.get("spec").map(of).unwrap_or_default();
    let is_external = |kind: Option<&str>| kind == Some("ExternalName");
    if is_external(old.str_at(&["spec", "type"])) || is_external(spec.str_at(&["type"])) || was.is_empty() {
        return;
    }
    if of(spec) != was {
        check.invalid("spec.clusterIPs[0]", value!([(of(spec))]), "may not change once set");
    }
}

fn ports(spec: &Value, kind: &str, check: &mut Checker) {
    let ports = spec.items_at(&["ports"]);
    let headless = text(spec, "clusterIP") == "None";
    if ports.is_empty() && !headless && kind != "ExternalName" {
        check.required("spec.ports", "");
    }
    for (i, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{i}]");
        let name = text(port, "name");
        if name.is_empty() && ports.len() > 1 {
            check.required(format_args!("{field}.name"), "");
        } else if !name.is_empty() {
            check.names(format_args!("{field}.name"), name, names::label(name));
            if ports[..i].iter().any(|p| text(p, "name") == name) {
                check.duplicate(format_args!("{field}.name"), &name.into());
            }
        }
        check.within(format_args!("{field}.port"), port.get("port"), 1, 65_535);
        check.one_of(format_args!("{field}.protocol"), port.get("protocol"), &["SCTP", "TCP", "UDP"]);
        if let Some(target) = port.get("targetPort").filter(|_| !headless) {
            port_number_or_name(format_args!("{field}.targetPort"), target, check);
        }
        let node_port = port.i64_at(&["nodePort"]).unwrap_or(0);
        if node_port != 0 && matches!(kind, "ClusterIP" | "ExternalName") {
            let why = format!("may not be used when `type` is '{kind}'");
            check.forbidden(format_args!("{field}.nodePort"), &why);
        }
        let same = |other: &Value| {
            other.get("port") == port.get("port") && text(other, "protocol") == text(port, "protocol")
        };
        if ports[..i].iter().any(same) {
            double_port(&field, port, check);
        }
    }
}

fn double_port(field: &str, port: &Value, check: &mut Checker) {
    let message = format!(
        "Duplicate value: {{\"Name\":\"\",\"Protocol\":{:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
        text(port, "protocol"),
        port.i64_at(&["port"]).unwrap_or(0)
    );
    check.errors.push(FieldError::new(field, "FieldValueDuplicate", message));
}

fn addresses(spec: &Value, kind: &str, check: &mut Checker) {
    let ip = text(spec, "clusterIP");
    if kind == "ExternalName" {
        let name = text(spec, "externalName").trim_end_matches('.');
        if name.is_empty() {
            check.required("spec.externalName", "");
        } else {
            check.names("spec.externalName", name, names::subdomain(name));
        }
    } else if !matches!(ip, "" | "None") && ip.parse::<IpAddr>().is_err() {
        check.invalid("spec.clusterIPs[0]", ip, NOT_AN_IP);
    }
    for (i, ip) in spec.items_at(&["externalIPs"]).iter().enumerate() {
        if ip.as_str().is_none_or(|ip| ip.parse::<IpAddr>().is_err()) {
            check.invalid(format_args!("spec.externalIPs[{i}]"), ip.clone(), NOT_AN_IP);
        }
    }
}
