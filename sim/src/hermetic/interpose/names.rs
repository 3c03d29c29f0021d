//! Look-ups of names. A host knows its own name and `localhost`; any other name asks a server outside the run.

use std::ffi::{CStr, c_char, c_int};
use std::hint::black_box;
use std::net::IpAddr;
use std::ptr::null;

use libc::{addrinfo, sockaddr, socklen_t};

use super::libc_call;
use super::machine::with_host_name;
use crate::hermetic::escapes::{Reach, refuses};
use crate::hermetic::shared;

type GetAddrInfo =
    unsafe extern "C" fn(*const c_char, *const c_char, *const addrinfo, *mut *mut addrinfo) -> c_int;
type GetNameInfo = unsafe extern "C" fn(
    *const sockaddr,
    socklen_t,
    *mut c_char,
    socklen_t,
    *mut c_char,
    socklen_t,
    c_int,
) -> c_int;

pub(super) fn keep() {
    black_box(getaddrinfo as GetAddrInfo as *const ());
    black_box(getnameinfo as GetNameInfo as *const ());
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    answer: *mut *mut addrinfo,
) -> c_int {
    let real = |node, hints| {
        libc_call!(
            c"getaddrinfo" as GetAddrInfo, (node, service, hints, answer), else libc::EAI_SYSTEM
        )
    };
    if !shared::is_member() || node.is_null() {
        return real(node, hints);
    }
    // SAFETY: getaddrinfo(3) demands texts that end in NUL, and readable hints or null.
    let (name, wanted) = unsafe { (CStr::from_ptr(node), hints.as_ref()) };
    if is_number(name) {
        return real(node, hints);
    }
    if !is_own(name) {
        let refused = refuses(Reach::Sockets, || format!("tried to look up {}", name.to_string_lossy()));
        return if refused { libc::EAI_NONAME } else { real(node, hints) };
    }
    // SAFETY: hints are plain numbers and null pointers.
    let mut numeric: addrinfo = wanted.map_or_else(|| unsafe { std::mem::zeroed() }, |wanted| *wanted);
    let loopback = if numeric.ai_family == libc::AF_INET6 { c"::1" } else { c"127.0.0.1" };
    numeric.ai_flags = (numeric.ai_flags | libc::AI_NUMERICHOST) & !libc::AI_ADDRCONFIG;
    (numeric.ai_next, numeric.ai_addr) = (null::<addrinfo>().cast_mut(), null::<sockaddr>().cast_mut());
    real(loopback.as_ptr(), &raw const numeric)
}

/// Whether this is an address and not a name. Addresses of IPv6 may name an interface: `fe80::1%eth0`.
fn is_number(name: &CStr) -> bool {
    let text = name.to_str().unwrap_or_default();
    text.split_once('%').map_or(text, |(address, _)| address).parse::<IpAddr>().is_ok()
}

fn is_own(name: &CStr) -> bool {
    name == c"localhost" || with_host_name(|own| own == name).unwrap_or(false)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getnameinfo(
    address: *const sockaddr,
    length: socklen_t,
    host: *mut c_char,
    host_length: socklen_t,
    service: *mut c_char,
    service_length: socklen_t,
    flags: c_int,
) -> c_int {
    let asks = shared::is_member() && !host.is_null() && flags & libc::NI_NUMERICHOST == 0;
    if asks && refuses(Reach::Sockets, || "tried to look up the name of an address".into()) {
        return libc::EAI_NONAME;
    }
    libc_call!(
        c"getnameinfo" as GetNameInfo,
        (address, length, host, host_length, service, service_length, flags),
        else libc::EAI_SYSTEM
    )
}
