//! Other processes: a program starts none, and signals none but itself.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::hint::black_box;

use libc::pid_t;

use super::machine::{OWN_PROCESS, real_process};
use super::{failed, libc_call, missing};
use crate::hermetic::escapes::{Reach, refuses};
use crate::hermetic::shared;

type Spawn = unsafe extern "C" fn(
    *mut pid_t,
    *const c_char,
    *const c_void,
    *const c_void,
    *const *mut c_char,
    *const *mut c_char,
) -> c_int;
type Fork = unsafe extern "C" fn() -> pid_t;
type System = unsafe extern "C" fn(*const c_char) -> c_int;
type Kill = unsafe extern "C" fn(pid_t, c_int) -> c_int;

pub(super) fn keep() {
    black_box(posix_spawn as Spawn as *const ());
    black_box(posix_spawnp as Spawn as *const ());
    black_box(fork as Fork as *const ());
    black_box(system as System as *const ());
    black_box(kill as Kill as *const ());
}

/// Whether the start of this program is refused.
///
/// # Safety
/// `program` is null or a text that ends in NUL.
unsafe fn refuses_start(program: *const c_char) -> bool {
    refuses(Reach::Processes, || {
        // SAFETY: the caller's promise.
        let name = (!program.is_null()).then(|| unsafe { CStr::from_ptr(program) });
        format!("tried to run `{}`", name.unwrap_or(c"sh").to_string_lossy())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_spawn(
    child: *mut pid_t,
    program: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    arguments: *const *mut c_char,
    variables: *const *mut c_char,
) -> c_int {
    // SAFETY: posix_spawn(3) demands a text that ends in NUL.
    if unsafe { refuses_start(program) } {
        return libc::EPERM;
    }
    libc_call!(
        c"posix_spawn" as Spawn, (child, program, actions, attributes, arguments, variables), else libc::ENOSYS
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_spawnp(
    child: *mut pid_t,
    program: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    arguments: *const *mut c_char,
    variables: *const *mut c_char,
) -> c_int {
    // SAFETY: posix_spawnp(3) demands a text that ends in NUL.
    if unsafe { refuses_start(program) } {
        return libc::EPERM;
    }
    libc_call!(
        c"posix_spawnp" as Spawn, (child, program, actions, attributes, arguments, variables), else libc::ENOSYS
    )
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fork() -> pid_t {
    if refuses(Reach::Processes, || "tried to fork its process".into()) {
        return failed(libc::EPERM);
    }
    libc_call!(c"fork" as Fork, (), else missing())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn system(command: *const c_char) -> c_int {
    // SAFETY: system(3) demands a text that ends in NUL, or null.
    if unsafe { refuses_start(command) } {
        return failed(libc::EPERM);
    }
    libc_call!(c"system" as System, (command), else missing())
}

/// A program knows itself as process 1, which is another one on the machine.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn kill(process: pid_t, signal: c_int) -> c_int {
    let real = |process| libc_call!(c"kill" as Kill, (process, signal), else missing());
    if !shared::is_member() {
        return real(process);
    }
    if process == OWN_PROCESS || process == real_process() {
        return real(real_process());
    }
    if refuses(Reach::Processes, || format!("tried to send signal {signal} to the process {process}")) {
        return failed(libc::EPERM);
    }
    real(process)
}
