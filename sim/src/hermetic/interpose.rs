//! The interposed symbols of libc. Each answers calls of a thread inside a run, and passes all other calls to libc.
//!
//! `state` decides the answers. Symbols that no run needs are left alone.

use std::ffi::{CStr, c_int, c_long, c_uint, c_void};
use std::hint::black_box;
use std::mem::transmute;
use std::ptr::null_mut;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{clockid_t, pthread_attr_t, pthread_t, size_t, ssize_t, timespec};

use super::state;

#[path = "exit_calls.rs"]
mod exit_calls;
#[path = "output_calls.rs"]
mod output_calls;
#[path = "signal_calls.rs"]
mod signal_calls;

pub(super) use signal_calls::{call_handler, has_handler, renew_socket_pairs};

pub(super) const INTERPOSES: bool = true;

// getentropy(3) refuses more than 256 bytes.
const GETENTROPY_MAX: usize = 256;

type GetRandom = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
type GetEntropy = unsafe extern "C" fn(*mut c_void, size_t) -> c_int;
type ClockGetTime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
type Syscall = unsafe extern "C" fn(c_long, ...) -> c_long;
type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type PthreadCreate = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

/// A reference from code that every user runs, so that the linker keeps the symbols of this archive member.
pub(super) fn keep_symbols() {
    black_box(getrandom as GetRandom as *const ());
    black_box(getentropy as GetEntropy as *const ());
    black_box(clock_gettime as ClockGetTime as *const ());
    black_box(pthread_create as PthreadCreate as *const ());
    black_box(syscall as *const ());
    black_box(exit_calls::exit as exit_calls::Exit as *const ());
    black_box(exit_calls::_exit as exit_calls::Exit as *const ());
    black_box(exit_calls::_Exit as exit_calls::Exit as *const ());
    black_box(exit_calls::quick_exit as exit_calls::Exit as *const ());
    black_box(exit_calls::abort as exit_calls::Abort as *const ());
    black_box(signal_calls::sigaction as signal_calls::SigAction as *const ());
    black_box(signal_calls::signal as signal_calls::Signal as *const ());
    black_box(signal_calls::socketpair as signal_calls::SocketPair as *const ());
    black_box(output_calls::write as output_calls::Write as *const ());
    black_box(output_calls::writev as output_calls::WriteV as *const ());
}

/// libc's definition of a symbol, which ours hides.
struct Hidden {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Hidden {
    const fn new(name: &'static CStr) -> Self {
        Hidden { name, found: AtomicPtr::new(null_mut()) }
    }

    /// The definition; null if libc has none (`getrandom` before glibc 2.25).
    fn get(&self) -> *mut c_void {
        let found = self.found.load(Ordering::Relaxed);
        if !found.is_null() {
            return found;
        }
        // SAFETY: the name ends in NUL; `dlsym` has no other demands.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Answers like a kernel without the call.
fn missing() -> c_int {
    // SAFETY: libc's errno of this thread is always writable.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}

/// Fills the buffer from the random stream of the run. Returns false outside a run.
///
/// # Safety
/// `buffer` is writable for `length` bytes.
unsafe fn fill(buffer: *mut c_void, length: usize) -> bool {
    if !state::is_active() {
        return false;
    }
    // A probe of length 0 (the getrandom crate's first call in a process) has a dangling pointer and draws nothing.
    if length > 0 {
        // SAFETY: the caller's promise; bytes of any content may be overwritten.
        let bytes = unsafe { slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
        for chunk in bytes.chunks_mut(8) {
            let drawn = state::next_u64().unwrap_or_default().to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
    true
}

// SAFETY (of each symbol below): it has the name, arguments and answer of libc's definition, which callers expect; outside a
// run libc's definition answers.

#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    static HIDDEN: Hidden = Hidden::new(c"getrandom");
    // SAFETY: getrandom(2) demands a writable buffer of this length.
    if unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing() as ssize_t;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, GetRandom>(hidden)(buffer, length, flags) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    static HIDDEN: Hidden = Hidden::new(c"getentropy");
    // SAFETY: getentropy(3) demands a writable buffer of this length.
    if length <= GETENTROPY_MAX && unsafe { fill(buffer, length) } {
        return 0;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing();
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, GetEntropy>(hidden)(buffer, length) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, answer: *mut timespec) -> c_int {
    static HIDDEN: Hidden = Hidden::new(c"clock_gettime");
    let virtual_ns = match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => state::wall_ns(),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => state::monotonic_ns(),
        _ => None,
    };
    if let Some(ns) = virtual_ns {
        let time = timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as i64 };
        // SAFETY: clock_gettime(2) demands a writable timespec.
        unsafe { answer.write(time) };
        return 0;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing();
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, ClockGetTime>(hidden)(clock, answer) }
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
    static HIDDEN: Hidden = Hidden::new(c"syscall");
    // SAFETY: getrandom(2) demands a writable buffer `a` of length `b`.
    if number == libc::SYS_getrandom && unsafe { fill(a as *mut c_void, b as usize) } {
        return b;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing() as c_long;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, Syscall>(hidden)(number, a, b, c, d, e, f) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    static HIDDEN: Hidden = Hidden::new(c"pthread_create");
    state::count_thread();
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return libc::EAGAIN;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, PthreadCreate>(hidden)(thread, attributes, start, argument) }
}
