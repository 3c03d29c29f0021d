//! System calls by number, through libc's `syscall`. Those that have a function of their own here go through it.

use std::ffi::{c_int, c_long};
use std::hint::black_box;

use super::{clock, libc_call, machine, missing, network, process, random, thread};
use crate::hermetic::{shared, state};

/// `FUTEX_CMD_MASK` of linux/futex.h, for the bits that are used.
const FUTEX_COMMAND: c_int = 0x7f;

type Syscall = unsafe extern "C" fn(c_long, ...) -> c_long;

pub(super) fn keep() {
    black_box(syscall as *const ());
}

/// libc's `syscall` is variadic, which stable Rust cannot define. On both architectures callers pass integer arguments where
/// this definition expects these six, and reading more of them than were passed is harmless.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    let real = || libc_call!(c"syscall" as Syscall, (number, a, b, c, d, e, f), else c_long::from(missing()));
    // SAFETY: getrandom(2) demands a writable buffer `a` of length `b`.
    if number == libc::SYS_getrandom && unsafe { random::fill(a as *mut _, b as usize) } {
        return b;
    }
    // The futex of a lock is asked for most often. A thread of a program rests in it; the run's own thread does too, but nobody
    // waits for that.
    if number == libc::SYS_futex {
        let waits = matches!(b as c_int & FUTEX_COMMAND, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET);
        return if waits { thread::resting(real) } else { real() };
    }
    if !shared::is_member() && !state::is_active() {
        return real();
    }
    // SAFETY: the arguments are those of the function with the name of the call, whose demands the caller keeps.
    unsafe {
        c_long::from(match number {
            libc::SYS_clock_gettime => clock::clock_gettime(a as c_int, b as *mut _),
            libc::SYS_gettimeofday => clock::gettimeofday(a as *mut _, b as *mut _),
            libc::SYS_uname => machine::uname(a as *mut _),
            libc::SYS_getpid => machine::getpid(),
            libc::SYS_getppid => machine::getppid(),
            libc::SYS_kill => process::kill(a as c_int, b as c_int),
            libc::SYS_connect => network::connect(a as c_int, b as *const _, c as u32),
            libc::SYS_bind => network::bind(a as c_int, b as *const _, c as u32),
            libc::SYS_listen => network::listen(a as c_int, b as c_int),
            libc::SYS_sendto => {
                let sent = network::sendto(
                    a as c_int,
                    b as *const _,
                    c as usize,
                    d as c_int,
                    e as *const _,
                    f as u32,
                );
                return sent as c_long;
            }
            libc::SYS_sendmsg => return network::sendmsg(a as c_int, b as *const _, c as c_int) as c_long,
            _ => return real(),
        })
    }
}
