//! Defaults of pods and pod templates that depend on other fields.
//!
//! Recorded in `defaulting-pod` and `defaulting-workloads`. A template gets fewer defaults than a pod: only pods get requests
//! from limits, and `enableServiceLinks`.

use super::super::tree::{default, edit_items, edited, text};
use crate::object::{Quantity, Value};
use crate::value;

const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Sets the defaults of a pod whose spec or status changed.
pub(super) fn pod(pod: &mut Value, new_spec: bool, new_status: bool) {
    if new_status {
        mirror_addresses(pod);
    }
    if !new_spec {
        return;
    }
    spec(pod, &["spec"]);
    default(pod, &["spec", "enableServiceLinks"], true);
    let host_network = pod.at(&["spec", "hostNetwork"]).and_then(Value::as_bool) == Some(true);
    for list in &CONTAINER_LISTS[..2] {
        edit_items(pod, &["spec", list], requests_from_limits);
        if host_network {
            edit_items(pod, &["spec", list], host_ports);
        }
    }
}

/// Sets the defaults of the pod template at `path`.
pub(super) fn template(value: &mut Value, path: &[&str]) {
    if let [rest @ .., _] = path
        && value.at(rest).is_some()
    {
        let mut spec_path = path.to_vec();
        spec_path.push("spec");
        if value.at(&spec_path).is_some() {
            spec(value, &spec_path);
        }
    }
}

/// Sets the defaults of the pod spec at `path`.
fn spec(value: &mut Value, path: &[&str]) {
    let Some(spec) = value.at(path) else { return };
    let mut new = spec.clone();
    for list in CONTAINER_LISTS {
        edit_items(&mut new, &[list], |container| {
            edited(container, container.get("imagePullPolicy").is_none(), |c| {
                let policy = pull_policy(text(c, &["image"]));
                c.set_at(&["imagePullPolicy"], policy);
            })
        });
    }
    edit_items(&mut new, &["volumes"], |volume| {
        let has_source = volume.as_map().is_some_and(|v| v.iter().any(|(key, _)| key.as_str() != "name"));
        edited(volume, !has_source, |v| v.set_at(&["emptyDir"], Value::empty_map()))
    });
    mirror_account(&mut new);
    let same = spec.as_map().zip(new.as_map()).is_some_and(|(a, b)| a.ptr_eq(b));
    if !same {
        value.set_at(path, new);
    }
}

/// `serviceAccount` is the deprecated name of `serviceAccountName` and always equals it.
fn mirror_account(spec: &mut Value) {
    let (name, old_name) = (text(spec, &["serviceAccountName"]), text(spec, &["serviceAccount"]));
    if name == old_name {
        return;
    }
    let name = if name.is_empty() { old_name } else { name }.to_owned();
    spec.set_at(&["serviceAccountName"], name.as_str());
    spec.set_at(&["serviceAccount"], name);
}

/// `podIP` is the first of `podIPs`.
fn mirror_addresses(pod: &mut Value) {
    let ip = text(pod, &["status", "podIP"]);
    let first = pod.items_at(&["status", "podIPs"]).first().and_then(|ip| ip.str_at(&["ip"]));
    match first {
        Some(first) if ip.is_empty() => {
            let first = first.to_owned();
            pod.set_at(&["status", "podIP"], first);
        }
        first if !ip.is_empty() && first != Some(ip) => {
            let ips = value!([{"ip": ip}]);
            pod.set_at(&["status", "podIPs"], ips);
        }
        _ => (),
    }
}

/// `Always` for the tag `latest`, which is the default without tag and digest.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let repository = path.split_once('/').map_or(path, |(_, rest)| rest);
    let is_reference = !repository.is_empty()
        && repository.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-/".contains(&b));
    match (tag, digest) {
        (Some("latest"), _) | (None, None) if is_reference => "Always",
        _ => "IfNotPresent",
    }
}

/// A container with a limit and without a request requests its limit.
fn requests_from_limits(container: &Value) -> Option<Value> {
    let limits = container.at(&["resources", "limits"])?.as_map()?;
    let requests = container.at(&["resources", "requests"]);
    let is_due = |key: &str| requests.is_none_or(|requests| requests.get(key).is_none());
    edited(container, limits.iter().any(|(key, _)| is_due(key.as_str())), |c| {
        for (key, limit) in limits.iter().filter(|(key, _)| is_due(key.as_str())) {
            c.set_at(&["resources", "requests", key.as_str()], limit.clone());
        }
    })
}

/// On the host's network, a container port is a host port.
fn host_ports(container: &Value) -> Option<Value> {
    let is_due = |port: &Value| port.i64_at(&["hostPort"]).unwrap_or(0) == 0;
    edited(container, container.items_at(&["ports"]).iter().any(is_due), |c| {
        edit_items(c, &["ports"], |port| {
            edited(port, is_due(port), |p| {
                let number = p.i64_at(&["containerPort"]).unwrap_or(0);
                p.set_at(&["hostPort"], number);
            })
        });
    })
}

/// The quality of service class: `Guaranteed`, `Burstable` or `BestEffort`, by requests and limits of cpu and memory.
pub(in super::super) fn qos_class(pod: &Value) -> &'static str {
    let mut guaranteed = true;
    let mut any = false;
    for list in &CONTAINER_LISTS[..2] {
        for container in pod.items_at(&["spec", list]) {
            for resource in ["cpu", "memory"] {
                let amount = |kind| {
                    let text = container.str_at(&["resources", kind, resource])?;
                    text.parse::<Quantity>().ok().filter(|q| !q.is_zero())
                };
                let (request, limit) = (amount("requests"), amount("limits"));
                any |= request.is_some() || limit.is_some();
                guaranteed &= limit.is_some() && (request.is_none() || request == limit);
            }
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
