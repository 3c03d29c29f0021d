//! The interposed symbols through which programs write: `write` and `writev` to stdout and stderr.
//!
//! Not seen: what C code prints by stdio, which calls `write` inside libc, and raw system calls.

use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, transmute};
use std::ptr::null;
use std::slice;

use libc::{iovec, size_t, ssize_t};

use super::{Hidden, missing};
use crate::hermetic::{exits, output, state};

pub(super) type Write = unsafe extern "C" fn(c_int, *const c_void, size_t) -> ssize_t;
pub(super) type WriteV = unsafe extern "C" fn(c_int, *const iovec, c_int) -> ssize_t;

/// Whether this call is a program's output. The handler of a signal gets its call passed on: it may allocate nothing.
fn is_output(descriptor: c_int) -> bool {
    let is_standard = matches!(descriptor, libc::STDOUT_FILENO | libc::STDERR_FILENO);
    is_standard && state::is_active() && !exits::is_called() && !in_handler()
}

/// Whether this thread runs on the stack for signals, as std's handler of stack overflows does.
pub(super) fn in_handler() -> bool {
    let mut stack = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: sigaltstack(2) with a null pointer changes nothing and fills `stack`.
    unsafe {
        libc::sigaltstack(null(), stack.as_mut_ptr()) == 0
            && stack.assume_init().ss_flags & libc::SS_ONSTACK != 0
    }
}

// SAFETY (of each symbol below): it has the name, arguments and answer of libc's definition, which callers expect; libc's
// definition answers what is not a program's output.

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn write(descriptor: c_int, buffer: *const c_void, length: size_t) -> ssize_t {
    static HIDDEN: Hidden = Hidden::new(c"write");
    // SAFETY: write(2) demands a readable buffer of this length.
    let taken = is_output(descriptor)
        && length > 0
        && output::write(descriptor, unsafe { slice::from_raw_parts(buffer.cast(), length) });
    // If a process dies that exists for one run alone, its output is all that is left of the run.
    if taken && !exits::owns_process() {
        return length as ssize_t;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing() as ssize_t;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    let written = unsafe { transmute::<*mut c_void, Write>(hidden)(descriptor, buffer, length) };
    // Taken is taken: a caller whose output was passed on in part must not write the rest again.
    if taken { length as ssize_t } else { written }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    static HIDDEN: Hidden = Hidden::new(c"writev");
    if is_output(descriptor) && count > 0 {
        // SAFETY: writev(2) demands `count` readable parts.
        let parts = unsafe { slice::from_raw_parts(parts, count as usize) };
        // SAFETY: each of them is a readable buffer of its length.
        return parts.iter().map(|part| unsafe { write(descriptor, part.iov_base, part.iov_len) }).sum();
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing() as ssize_t;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, WriteV>(hidden)(descriptor, parts, count) }
}
