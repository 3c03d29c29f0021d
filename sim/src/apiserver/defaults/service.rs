//! Defaults of services that depend on other fields. Recorded in `defaulting-services-etc`.
//!
//! `strategy` allocates cluster IPs and node ports.

use super::super::tree::{default, edit_items, edited, text};
use crate::object::Value;

/// How long a client stays with the same pod (core `DefaultClientIPServiceAffinitySeconds`).
const AFFINITY_S: i64 = 10_800;

pub(super) fn service(new: &mut Value) {
    let Some(spec) = new.get("spec") else { return };
    let (kind, affinity) = (text(spec, &["type"]), text(spec, &["sessionAffinity"]));
    let external = matches!(kind, "NodePort" | "LoadBalancer") || !spec.items_at(&["externalIPs"]).is_empty();
    let internal = matches!(kind, "ClusterIP" | "NodePort" | "LoadBalancer");
    let (balanced, sticky) = (kind == "LoadBalancer", affinity == "ClientIP");
    if sticky {
        default(new, &["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"], AFFINITY_S);
    }
    if external {
        default(new, &["spec", "externalTrafficPolicy"], "Cluster");
    }
    if internal {
        default(new, &["spec", "internalTrafficPolicy"], "Cluster");
    }
    if balanced {
        default(new, &["spec", "allocateLoadBalancerNodePorts"], true);
    }
    edit_items(new, &["spec", "ports"], |port| {
        let is_due = match port.get("targetPort") {
            None | Some(Value::Null | Value::Int(0)) => true,
            Some(Value::Str(name)) => name.is_empty(),
            Some(_) => false,
        };
        edited(port, is_due, |port| {
            let number = port.get("port").cloned().unwrap_or(Value::Int(0));
            port.set_at(&["targetPort"], number);
        })
    });
}
