//! The interposed symbols of libc. Each answers calls of a thread inside a run, and passes all other calls to libc.
//!
//! - `random`, `clock`: what a run's seed and virtual time decide
//! - `machine`, `names`, `variables`: what tells a program where it runs
//! - `network`, `thread`, `process`: what leaves a run
//! - `output`, `exit`, `signal`: what programs write to stdout and stderr, how they end their process, what they do at signals
//! - `calls`: `syscall()`, which reaches any of these by number
//!
//! `state` and `host` decide the answers. Symbols that no run needs are left alone.
//!
//! To interpose another symbol: a function here with the symbol's name, its line in the `keep` of its file, its row in
//! `sources` and in the header of `hermetic`, and its probe in `probes`, with its line in `tests`.
//!
//! What is true of each symbol, and why its unsafe code is sound: it has the name, the arguments and the answer of libc's
//! definition, which callers expect. Callers keep that definition's demands on pointers. Outside a run, libc's own definition
//! answers.

mod calls;
mod clock;
mod exit;
mod machine;
mod names;
mod network;
mod output;
mod process;
mod random;
mod signal;
mod thread;
mod variables;

use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

pub(super) use signal::{call_handler, has_handler, renew_socket_pairs};

pub(super) const INTERPOSES: bool = true;

/// References from code that every user runs, so that the linker keeps the symbols of these archive members.
pub(super) fn keep_symbols() {
    calls::keep();
    clock::keep();
    exit::keep();
    machine::keep();
    names::keep();
    network::keep();
    output::keep();
    process::keep();
    random::keep();
    signal::keep();
    thread::keep();
    variables::keep();
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

/// Calls libc's definition of a symbol, as a function of this type; without one, the answer is the last argument.
macro_rules! libc_call {
    ($name:literal as $type:ty, ($($argument:expr),*), else $missing:expr) => {{
        static HIDDEN: $crate::hermetic::interpose::Hidden =
            $crate::hermetic::interpose::Hidden::new($name);
        let hidden = HIDDEN.get();
        if hidden.is_null() {
            $missing
        } else {
            // SAFETY: libc's symbol of this name has this type, and the arguments are those of our caller.
            unsafe { std::mem::transmute::<*mut std::ffi::c_void, $type>(hidden)($($argument),*) }
        }
    }};
}
use libc_call;

/// Fails with this error number.
fn failed(errno: c_int) -> c_int {
    // SAFETY: libc's errno of this thread is always writable.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// Ends this process at once, without a trace.
pub(super) fn abort() -> ! {
    loop {
        // SAFETY: raise(3) takes any signal, and this one cannot be caught.
        unsafe { libc::raise(libc::SIGKILL) };
    }
}

/// Answers like a kernel without the call.
fn missing() -> c_int {
    failed(libc::ENOSYS)
}
