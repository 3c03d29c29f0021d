//! The interposed symbols through which a program ends its process.
//!
//! The handler of a signal, such as std's of stack overflows, ends the process as it does everywhere.

use std::ffi::c_int;
use std::hint::black_box;

use super::libc_call;
use super::output::in_handler;
use crate::hermetic::exits;

type Exit = unsafe extern "C" fn(c_int) -> !;
type Abort = unsafe extern "C" fn() -> !;

pub(super) fn keep() {
    black_box(exit as Exit as *const ());
    black_box(_exit as Exit as *const ());
    black_box(_Exit as Exit as *const ());
    black_box(quick_exit as Exit as *const ());
    black_box(abort as Abort as *const ());
}

/// Ends this process at once if a program's run hears of the call.
fn called(code: c_int) {
    // The kernel takes eight bits of it.
    let code = if in_handler() { None } else { exits::call(code & 0xff) };
    if let Some(code) = code {
        // SAFETY: _exit(2) has no preconditions.
        unsafe { _exit(code) }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn exit(code: c_int) -> ! {
    called(code);
    libc_call!(c"exit" as Exit, (code), else super::abort())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn _exit(code: c_int) -> ! {
    called(code);
    libc_call!(c"_exit" as Exit, (code), else super::abort())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn _Exit(code: c_int) -> ! {
    // SAFETY: the two are one function.
    unsafe { _exit(code) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn quick_exit(code: c_int) -> ! {
    called(code);
    libc_call!(c"quick_exit" as Exit, (code), else super::abort())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn abort() -> ! {
    called(exits::ABORTED);
    libc_call!(c"abort" as Abort, (), else super::abort())
}
