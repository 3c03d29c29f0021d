//! The order of ports: by a hash of each, equal to the real one.
//!
//! Real: `portsInOrder` of the slices (FNV-128a) and `portsByHash` of Endpoints (MD5), both over a dump of the Go struct, as
//! `template_hash` makes one. Modelled: both.

use crate::object::Value;

/// Ports in the order of an EndpointSlice.
pub(super) fn of_slice(mut ports: Vec<Value>) -> Vec<Value> {
    ports.sort_by_cached_key(|port| fnv_128a(dump(port, true).as_bytes()));
    ports
}

/// Ports in the order of Endpoints.
pub(super) fn of_endpoints(mut ports: Vec<Value>) -> Vec<Value> {
    ports.sort_by_cached_key(|port| md5::compute(dump(port, false)).0);
    ports
}

/// Go's dump of an `EndpointPort`: of discovery/v1, where every field is a pointer, or of core/v1.
fn dump(port: &Value, is_pointer: bool) -> String {
    let star = if is_pointer { "*" } else { "" };
    let name = port.str_at(&["name"]).unwrap_or_default();
    let protocol = port.str_at(&["protocol"]).unwrap_or("TCP");
    let number = format!("Port:({star}int32){}", port.i64_at(&["port"]).unwrap_or(0));
    let app = port.str_at(&["appProtocol"]).unwrap_or("<nil>");
    let (first, second) = if is_pointer {
        (format!("Protocol:(*v1.Protocol){protocol}"), number)
    } else {
        (number, format!("Protocol:(v1.Protocol){protocol}"))
    };
    format!("(v1.EndpointPort){{Name:({star}string){name} {first} {second} AppProtocol:(*string){app}}}")
}

fn fnv_128a(bytes: &[u8]) -> u128 {
    // The offset and the prime of FNV with 128 bits.
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn two_ports_are_ordered_by_their_hashes() {
        let port = |name: &str, number: i64| value!({"name": name, "port": number, "protocol": "TCP"});
        let names = |ports: Vec<Value>| -> Vec<String> {
            ports.iter().filter_map(|port| port.str_at(&["name"]).map(str::to_owned)).collect()
        };
        // Worked out by hand from the two hash functions.
        let cases = [
            ([("http", 80), ("https", 443)], ["https", "http"], ["https", "http"]),
            ([("http", 8080), ("https", 8443)], ["http", "https"], ["https", "http"]),
            ([("http", 80), ("metrics", 9090)], ["http", "metrics"], ["metrics", "http"]),
        ];
        for (ports, slice, endpoints) in cases {
            let ports: Vec<Value> = ports.iter().map(|(name, number)| port(name, *number)).collect();
            assert_eq!(names(of_slice(ports.clone())), slice);
            assert_eq!(names(of_endpoints(ports)), endpoints);
        }
    }
}
