//! Network addresses: a program of a run connects to none, listens on none and sends to none, unless it may.
//!
//! Unix sockets and pairs of sockets inside the run work: the signal handling of tokio has one. A unix socket that was not
//! bound in the run belongs to another process.

use std::ffi::{c_int, c_uint, c_void};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::{mem, slice};

use libc::{mmsghdr, msghdr, sa_family_t, size_t, sockaddr, sockaddr_in, sockaddr_in6, socklen_t, ssize_t};

use super::{failed, libc_call, missing};
use crate::hermetic::escapes::{Reach, refuses};
use crate::hermetic::shared::{self, lock};

type WithAddress = unsafe extern "C" fn(c_int, *const sockaddr, socklen_t) -> c_int;
type Listen = unsafe extern "C" fn(c_int, c_int) -> c_int;
type SendTo =
    unsafe extern "C" fn(c_int, *const c_void, size_t, c_int, *const sockaddr, socklen_t) -> ssize_t;
type SendMsg = unsafe extern "C" fn(c_int, *const msghdr, c_int) -> ssize_t;
type SendMmsg = unsafe extern "C" fn(c_int, *mut mmsghdr, c_uint, c_int) -> c_int;

pub(super) fn keep() {
    black_box(connect as WithAddress as *const ());
    black_box(bind as WithAddress as *const ());
    black_box(listen as Listen as *const ());
    black_box(sendto as SendTo as *const ());
    black_box(sendmsg as SendMsg as *const ());
    black_box(sendmmsg as SendMmsg as *const ());
}

/// An address of a socket.
enum Address {
    /// None, or one that dissolves a connection.
    Nowhere,
    Unix(Vec<u8>),
    Internet(SocketAddr),
    /// Of another family, with its number.
    Other(sa_family_t),
}

impl Address {
    /// # Safety
    /// `address` is null or readable for `length` bytes.
    unsafe fn read(address: *const c_void, length: socklen_t) -> Self {
        let length = length as usize;
        if address.is_null() || length < mem::size_of::<sa_family_t>() {
            return Self::Nowhere;
        }
        // SAFETY: the caller's promise, and each read is as long as was checked. Addresses may be unaligned.
        unsafe {
            let family = address.cast::<sa_family_t>().read_unaligned();
            match c_int::from(family) {
                libc::AF_UNSPEC => Self::Nowhere,
                libc::AF_UNIX => Self::Unix(slice::from_raw_parts(address.cast::<u8>(), length).to_vec()),
                libc::AF_INET if length >= mem::size_of::<sockaddr_in>() => {
                    let read = address.cast::<sockaddr_in>().read_unaligned();
                    let ip = Ipv4Addr::from(u32::from_be(read.sin_addr.s_addr));
                    Self::Internet(SocketAddr::new(IpAddr::V4(ip), u16::from_be(read.sin_port)))
                }
                libc::AF_INET6 if length >= mem::size_of::<sockaddr_in6>() => {
                    let read = address.cast::<sockaddr_in6>().read_unaligned();
                    let ip = Ipv6Addr::from(read.sin6_addr.s6_addr);
                    Self::Internet(SocketAddr::new(IpAddr::V6(ip), u16::from_be(read.sin6_port)))
                }
                _ => Self::Other(family),
            }
        }
    }

    /// Whether a program must not do this with the address, which is noted.
    fn is_refused(&self, what: &str) -> bool {
        let deed = || match self {
            Self::Unix(bytes) => {
                let path = bytes.get(mem::size_of::<sa_family_t>()..).unwrap_or_default();
                let path = String::from_utf8_lossy(path).replace('\0', "@");
                format!("tried to {what} the unix socket {}", path.trim_end_matches('@'))
            }
            Self::Internet(address) => format!("tried to {what} {address}"),
            Self::Nowhere | Self::Other(_) => {
                format!("tried to {what} an address of family {}", self.family())
            }
        };
        let is_own = |bytes: &Vec<u8>| shared::with(|s| lock(&s.unix_sockets).contains(bytes));
        match self {
            Self::Nowhere => false,
            Self::Unix(bytes) if is_own(bytes).unwrap_or(true) => false,
            _ => refuses(Reach::Sockets, deed),
        }
    }

    fn family(&self) -> sa_family_t {
        if let Self::Other(family) = self { *family } else { 0 }
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: connect(2) demands an address that is readable for this length.
    if shared::is_member() && unsafe { Address::read(address.cast(), length) }.is_refused("connect to") {
        return failed(libc::ECONNREFUSED);
    }
    libc_call!(c"connect" as WithAddress, (socket, address, length), else missing())
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn bind(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    let real = || libc_call!(c"bind" as WithAddress, (socket, address, length), else missing());
    if !shared::is_member() {
        return real();
    }
    // SAFETY: bind(2) demands an address that is readable for this length.
    match unsafe { Address::read(address.cast(), length) } {
        Address::Unix(bytes) => {
            let result = real();
            if result == 0 {
                shared::with(|shared| lock(&shared.unix_sockets).push(bytes));
            }
            result
        }
        address if address.is_refused("bind") => failed(libc::EACCES),
        _ => real(),
    }
}

/// Beside `bind`: a socket that listens without an address gets one from the kernel.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn listen(socket: c_int, backlog: c_int) -> c_int {
    if shared::is_member()
        && is_internet(socket)
        && refuses(Reach::Sockets, || "tried to listen on any address".into())
    {
        return failed(libc::EACCES);
    }
    libc_call!(c"listen" as Listen, (socket, backlog), else missing())
}

fn is_internet(socket: c_int) -> bool {
    let (mut domain, mut length): (c_int, _) = (0, mem::size_of::<c_int>() as socklen_t);
    // SAFETY: the answer is an int, and both places are writable.
    let asked = unsafe {
        libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_DOMAIN, (&raw mut domain).cast(), &raw mut length)
    };
    asked == 0 && matches!(domain, libc::AF_INET | libc::AF_INET6)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn sendto(
    socket: c_int,
    bytes: *const c_void,
    count: size_t,
    flags: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> ssize_t {
    // SAFETY: sendto(2) demands an address that is readable for this length, or null.
    if shared::is_member() && unsafe { Address::read(address.cast(), length) }.is_refused("send to") {
        return failed(libc::ECONNREFUSED) as ssize_t;
    }
    libc_call!(
        c"sendto" as SendTo, (socket, bytes, count, flags, address, length), else missing() as ssize_t
    )
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn sendmsg(socket: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    // SAFETY: sendmsg(2) demands a readable header.
    if shared::is_member() && unsafe { names_refused(message) } {
        return failed(libc::ECONNREFUSED) as ssize_t;
    }
    libc_call!(c"sendmsg" as SendMsg, (socket, message, flags), else missing() as ssize_t)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn sendmmsg(
    socket: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> c_int {
    // SAFETY: sendmmsg(2) demands that many readable headers.
    let refused = |n: usize| unsafe { names_refused(&raw const (*messages.add(n)).msg_hdr) };
    if shared::is_member() && (0..count as usize).any(refused) {
        return failed(libc::ECONNREFUSED);
    }
    libc_call!(c"sendmmsg" as SendMmsg, (socket, messages, count, flags), else missing())
}

/// Whether a message names an address that is refused.
///
/// # Safety
/// `message` is null or a readable header.
unsafe fn names_refused(message: *const msghdr) -> bool {
    // SAFETY: the caller's promise; the header's name is readable for its length, or null.
    let address = unsafe { message.as_ref() }.map(|m| unsafe { Address::read(m.msg_name, m.msg_namelen) });
    address.is_some_and(|address| address.is_refused("send to"))
}
