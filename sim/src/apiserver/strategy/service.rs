//! Cluster IPs and node ports: allocated when a service or its new type needs them, and kept by updates that omit them.
//!
//! Differs: a real server draws addresses at random; here a service gets the first free address of `10.0.0.0/24` and the
//! first free port from 30000, so that addresses depend only on the order of creates. Not modelled: IPv6 and dual stack.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::super::store::Store;
use crate::object::{FieldError, Object, Value};
use crate::value;
use crate::wire::resource::SERVICES;

/// The first three bytes of the service range (the default of kube-apiserver `--service-cluster-ip-range`).
const RANGE: [u8; 3] = [10, 0, 0];
/// The first address that is allocated; those below it are for users' choice, as long as others are free (KEP-3070).
const DYNAMIC_FROM: u8 = 17;
/// kube-apiserver `--service-node-port-range`.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

/// Whether a service has this cluster IP.
fn has_ip(store: &Store, ip: &str) -> bool {
    let ip = Value::from(ip);
    services(store).any(|service| service.items_at(&["spec", "clusterIPs"]).contains(&ip))
}

/// Whether a service has this node port.
fn has_port(store: &Store, port: i64) -> bool {
    services(store).any(|service| ports(service.root()).contains(&port))
}

fn services(store: &Store) -> impl Iterator<Item = &Arc<Object>> {
    store.table(*SERVICES).into_iter().flat_map(|table| table.iter("").map(|(_, service)| service))
}

/// Allocates the addresses that the type of a new or changed service needs.
pub(crate) fn allocate(new: &mut Value, store: &Store, old: Option<&Value>) -> Vec<FieldError> {
    let kind = new.str_at(&["spec", "type"]).unwrap_or("ClusterIP").to_owned();
    if kind == "ExternalName" {
        return Vec::new();
    }
    let mut errors = Vec::new();
    cluster_ip(new, store, old, &mut errors);
    if errors.is_empty() && matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        node_ports(new, store, old, &mut errors);
    }
    errors
}

fn cluster_ip(new: &mut Value, store: &Store, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let first = new.items_at(&["spec", "clusterIPs"]).first().and_then(Value::as_str);
    let wanted = new.str_at(&["spec", "clusterIP"]).or(first).unwrap_or_default().to_owned();
    let is_same = old.and_then(|old| old.str_at(&["spec", "clusterIP"])) == Some(wanted.as_str());
    let ip = match wanted.as_str() {
        "" => match free_ip(store) {
            Some(ip) => ip,
            None => {
                let why = "failed to allocate a serviceIP: range is full";
                errors.push(FieldError::invalid("spec.clusterIPs", &value!([]), why));
                return;
            }
        },
        "None" => wanted,
        ip => {
            if let Some(why) = (!is_same).then(|| refusal(ip, store)).flatten() {
                let detail = format!("failed to allocate IP {ip}: {why}");
                errors.push(FieldError::invalid("spec.clusterIPs", &value!([ip]), detail));
            }
            wanted
        }
    };
    new.set_at(&["spec", "clusterIP"], ip.as_str());
    new.set_at(&["spec", "clusterIPs"], value!([ip]));
    for (field, default) in [("ipFamilies", value!(["IPv4"])), ("ipFamilyPolicy", "SingleStack".into())] {
        if new.at(&["spec", field]).is_none() {
            new.set_at(&["spec", field], default);
        }
    }
}

fn free_ip(store: &Store) -> Option<String> {
    let [a, b, c] = RANGE;
    let hosts = (DYNAMIC_FROM..=254).chain(1..DYNAMIC_FROM);
    hosts.map(|host| Ipv4Addr::new(a, b, c, host).to_string()).find(|ip| !has_ip(store, ip))
}

fn refusal(ip: &str, store: &Store) -> Option<&'static str> {
    let address: Ipv4Addr = ip.parse().ok()?;
    let octets = address.octets();
    if octets[..3] != RANGE || !(1..=254).contains(&octets[3]) {
        return Some("the provided network does not match the current range");
    }
    has_ip(store, ip).then_some("provided IP is already allocated")
}

fn node_ports(new: &mut Value, store: &Store, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let wants = new.at(&["spec", "allocateLoadBalancerNodePorts"]).and_then(Value::as_bool) != Some(false);
    let own: Vec<i64> = old.map(ports).unwrap_or_default();
    let mut given: Vec<i64> = ports(new);
    let mut list = new.items_at(&["spec", "ports"]).to_vec();
    for (i, port) in list.iter_mut().enumerate() {
        let field = format!("spec.ports[{i}].nodePort");
        match port.i64_at(&["nodePort"]).unwrap_or(0) {
            0 if wants => {
                let free = NODE_PORTS.into_iter().find(|p| !given.contains(p) && !has_port(store, *p));
                let Some(free) = free else { continue };
                given.push(free);
                port.set_at(&["nodePort"], free);
            }
            0 => (),
            number if own.contains(&number) => (),
            number if !NODE_PORTS.contains(&number) => {
                let range = format!("{}-{}", NODE_PORTS.start(), NODE_PORTS.end());
                let why =
                    format!("provided port is not in the valid range. The range of valid ports is {range}");
                errors.push(FieldError::invalid(&field, &number.into(), why));
            }
            number if has_port(store, number) => {
                let why = "provided port is already allocated";
                errors.push(FieldError::invalid(&field, &number.into(), why));
            }
            _ => (),
        }
    }
    new.set_at(&["spec", "ports"], list);
}

/// The node ports of a service.
fn ports(service: &Value) -> Vec<i64> {
    let ports = service.items_at(&["spec", "ports"]).iter();
    ports.filter_map(|port| port.i64_at(&["nodePort"])).filter(|port| *port != 0).collect()
}

/// Keeps the addresses that an update omits, and removes those that the new type does not have.
pub(super) fn on_update(new: &mut Value, old: &Value) {
    let kind = |service: &Value| service.str_at(&["spec", "type"]).unwrap_or("ClusterIP").to_owned();
    let (new_kind, old_kind) = (kind(new), kind(old));
    if new_kind == "ExternalName" {
        if old_kind != new_kind {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
            {
                if new.at(&["spec", field]) == old.at(&["spec", field]) {
                    new.remove_at(&["spec", field]);
                }
            }
        }
        return;
    }
    if old_kind != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if new.at(&["spec", field]).is_none()
                && let Some(value) = old.at(&["spec", field])
            {
                new.set_at(&["spec", field], value.clone());
            }
        }
    }
    let has_ports = |kind: &str| matches!(kind, "NodePort" | "LoadBalancer");
    if has_ports(&new_kind) && has_ports(&old_kind) {
        keep_node_ports(new, old);
    } else if has_ports(&old_kind) {
        drop_node_ports(new, old);
    }
}

/// A port without a node port keeps the node port that it had.
fn keep_node_ports(new: &mut Value, old: &Value) {
    let same =
        |a: &Value, b: &Value| a.get("port") == b.get("port") && a.get("protocol") == b.get("protocol");
    let taken = ports(new);
    edit_ports(new, |port| {
        let was =
            old.items_at(&["spec", "ports"]).iter().find(|was| same(was, port))?.i64_at(&["nodePort"])?;
        let is_free = port.i64_at(&["nodePort"]).unwrap_or(0) == 0 && !taken.contains(&was);
        is_free.then_some(was)
    });
}

/// Removes node ports that only repeat the stored ones, and other fields of the old type.
fn drop_node_ports(new: &mut Value, old: &Value) {
    let own = ports(old);
    edit_ports(new, |port| port.i64_at(&["nodePort"]).filter(|port| own.contains(port)).map(|_| 0));
    for field in ["externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts"] {
        if new.at(&["spec", field]).is_some() && new.at(&["spec", field]) == old.at(&["spec", field]) {
            new.remove_at(&["spec", field]);
        }
    }
}

/// Sets node ports; 0 removes one.
fn edit_ports(new: &mut Value, edit: impl Fn(&Value) -> Option<i64>) {
    let mut list = new.items_at(&["spec", "ports"]).to_vec();
    let mut changed = false;
    for port in &mut list {
        match edit(port) {
            Some(0) => changed |= port.remove_at(&["nodePort"]).is_some(),
            Some(number) => {
                port.set_at(&["nodePort"], number);
                changed = true;
            }
            None => (),
        }
    }
    if changed {
        new.set_at(&["spec", "ports"], list);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::stored;
    use super::*;

    /// A store with a service that has these addresses and ports.
    fn in_use(ips: &[&str], ports: &[i64]) -> Store {
        let ips = Value::list(ips.iter().map(|ip| (*ip).into()));
        let ports = Value::list(ports.iter().map(|port| value!({"nodePort": (*port)})));
        let spec = value!({"clusterIPs": ips, "ports": ports});
        stored([(*SERVICES, value!({"metadata": {"name": "other", "namespace": "default"}, "spec": spec}))])
    }

    fn service(spec: Value) -> Value {
        value!({"spec": spec})
    }

    fn allocated(new: &mut Value, taken: &Store, old: Option<&Value>) -> String {
        allocate(new, taken, old).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_service_gets_the_next_free_address_and_port() {
        let mut new =
            service(value!({"type": "NodePort", "ports": [{"port": 80}, {"port": 81, "nodePort": 30001}]}));
        let taken = in_use(&["10.0.0.17", "10.0.0.18"], &[30_000]);
        assert_eq!(allocated(&mut new, &taken, None), "");
        assert_eq!(new.at(&["spec", "clusterIPs"]), Some(&value!(["10.0.0.19"])));
        assert_eq!(ports(&new), [30_002, 30_001]);
        let mut headless = service(value!({"type": "ClusterIP", "clusterIP": "None"}));
        assert_eq!(allocated(&mut headless, &taken, None), "");
        assert_eq!(headless.at(&["spec", "clusterIPs"]), Some(&value!(["None"])));
    }

    /// Recorded in `validation-service`.
    #[test]
    fn an_address_in_use_or_out_of_range_is_refused() {
        let taken = in_use(&["10.0.0.10"], &[30_123]);
        let fixed = |ip: &str| service(value!({"type": "ClusterIP", "clusterIP": ip}));
        assert_eq!(
            allocated(&mut fixed("10.0.0.10"), &taken, None),
            "spec.clusterIPs: Invalid value: [\"10.0.0.10\"]: failed to allocate IP 10.0.0.10: provided IP is already allocated"
        );
        assert!(allocated(&mut fixed("1.2.3.4"), &taken, None).ends_with("does not match the current range"));
        assert_eq!(allocated(&mut fixed("10.0.0.10"), &taken, Some(&fixed("10.0.0.10"))), "");
        let mut port = service(value!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30123}]}));
        assert_eq!(
            allocated(&mut port, &taken, None),
            "spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated"
        );
    }

    #[test]
    fn an_update_keeps_the_addresses_it_omits_and_drops_those_of_the_old_type() {
        let mut old = service(value!({"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]}));
        assert_eq!(allocated(&mut old, &Store::default(), None), "");
        let mut same = service(value!({"type": "NodePort", "ports": [{"port": 80, "protocol": "TCP"}]}));
        on_update(&mut same, &old);
        assert_eq!(same, old);
        let mut plain = old.clone();
        plain.set_at(&["spec", "type"], "ClusterIP");
        on_update(&mut plain, &old);
        assert_eq!(
            (ports(&plain), plain.at(&["spec", "clusterIP"])),
            (vec![], old.at(&["spec", "clusterIP"]))
        );
        let mut external = old.clone();
        external.set_at(&["spec", "type"], "ExternalName");
        on_update(&mut external, &old);
        assert_eq!(external.at(&["spec", "clusterIP"]), None);
    }
}
