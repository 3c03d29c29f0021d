//! The interposed symbols through which a program ends its process.
//!
//! The handler of a signal, such as std's of stack overflows, ends the process as it does everywhere.

use std::ffi::{c_int, c_void};
use std::mem::transmute;

use super::Hidden;
use super::output_calls::in_handler;
use crate::hermetic::exits;

pub(super) type Exit = unsafe extern "C" fn(c_int) -> !;
pub(super) type Abort = unsafe extern "C" fn() -> !;

/// Ends this process at once if a program's run hears of the call.
fn called(code: c_int) {
    // The kernel takes eight bits of it.
    let code = if in_handler() { None } else { exits::call(code & 0xff) };
    if let Some(code) = code {
        // SAFETY: _exit(2) has no preconditions.
        unsafe { _exit(code) }
    }
}

/// Calls libc's definition of a symbol, which does not return.
///
/// # Safety
/// libc's symbol has this type.
unsafe fn end(hidden: *mut c_void, code: c_int) -> ! {
    if hidden.is_null() {
        // No libc lacks them.
        loop {
            std::hint::spin_loop();
        }
    }
    // SAFETY: the caller's promise.
    unsafe { transmute::<*mut c_void, Exit>(hidden)(code) }
}

// SAFETY (of each symbol below): it has the name, arguments and answer of libc's definition, which callers expect; libc's
// definition answers unless a program's run hears of the call.

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn exit(code: c_int) -> ! {
    static HIDDEN: Hidden = Hidden::new(c"exit");
    called(code);
    // SAFETY: the symbol of this name in libc has this type.
    unsafe { end(HIDDEN.get(), code) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn _exit(code: c_int) -> ! {
    static HIDDEN: Hidden = Hidden::new(c"_exit");
    called(code);
    // SAFETY: the symbol of this name in libc has this type.
    unsafe { end(HIDDEN.get(), code) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn _Exit(code: c_int) -> ! {
    // SAFETY: the two are one function.
    unsafe { _exit(code) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn quick_exit(code: c_int) -> ! {
    static HIDDEN: Hidden = Hidden::new(c"quick_exit");
    called(code);
    // SAFETY: the symbol of this name in libc has this type.
    unsafe { end(HIDDEN.get(), code) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn abort() -> ! {
    static HIDDEN: Hidden = Hidden::new(c"abort");
    called(exits::ABORTED);
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        // SAFETY: _exit(2) has no preconditions.
        unsafe { _exit(exits::ABORTED) }
    }
    // SAFETY: the symbol of this name in libc has this type.
    unsafe { transmute::<*mut c_void, Abort>(hidden)() }
}
