//! What tells a program on which machine it runs: its name, its kernel, its processors, its processes.
//!
//! Real: a container in a pod. Modelled: its host name, one processor, 4 GiB of memory, process 1.

use std::ffi::{CStr, c_char, c_int, c_long};
use std::hint::black_box;
use std::slice;

use libc::{cpu_set_t, pid_t, size_t, utsname};

use super::{failed, libc_call, missing};
use crate::hermetic::{host, shared};

/// The name of a host that is not known: that of a task that a program has spawned, beside other programs. Our choice.
const NO_NAME: &CStr = c"wavetank";
/// The process of a container's program, and the parent of that process.
pub(super) const OWN_PROCESS: pid_t = 1;
const NO_PROCESS: pid_t = 0;
/// Our choice: what is computed at one time is computed by one processor.
const PROCESSORS: c_long = 1;
/// Our choice: a small node.
const MEMORY_BYTES: c_long = 4 << 30;
/// Our choice: any release that programs know.
const KERNEL_RELEASE: &CStr = c"6.12.0";
const KERNEL_VERSION: &CStr = c"#1 SMP";

type GetHostName = unsafe extern "C" fn(*mut c_char, size_t) -> c_int;
type Uname = unsafe extern "C" fn(*mut utsname) -> c_int;
type GetPid = unsafe extern "C" fn() -> pid_t;
type SysConf = unsafe extern "C" fn(c_int) -> c_long;
type GetAffinity = unsafe extern "C" fn(pid_t, size_t, *mut cpu_set_t) -> c_int;

pub(super) fn keep() {
    black_box(gethostname as GetHostName as *const ());
    black_box(uname as Uname as *const ());
    black_box(getpid as GetPid as *const ());
    black_box(getppid as GetPid as *const ());
    black_box(sysconf as SysConf as *const ());
    black_box(sched_getaffinity as GetAffinity as *const ());
}

/// Gives the name of the host whose code runs here to `read`; `None` outside runs.
pub(super) fn with_host_name<T>(read: impl FnOnce(&CStr) -> T) -> Option<T> {
    if !shared::is_member() {
        return None;
    }
    Some(match host::current() {
        Some(host) => read(host.name()),
        None => read(NO_NAME),
    })
}

/// Copies a text with its NUL, cut to the room that there is.
fn copy(text: &CStr, room: &mut [c_char]) {
    let bytes = text.to_bytes();
    let Some(most) = room.len().checked_sub(1) else { return };
    let cut = &bytes[..bytes.len().min(most)];
    for (to, from) in room.iter_mut().zip(cut.iter().chain(&[0])) {
        *to = *from as c_char;
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn gethostname(answer: *mut c_char, length: size_t) -> c_int {
    let answered = with_host_name(|name| {
        // SAFETY: gethostname(2) demands a buffer that is writable for this length.
        copy(name, unsafe { slice::from_raw_parts_mut(answer, length) });
        if name.to_bytes().len() < length { 0 } else { failed(libc::ENAMETOOLONG) }
    });
    answered.unwrap_or_else(|| libc_call!(c"gethostname" as GetHostName, (answer, length), else missing()))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn uname(answer: *mut utsname) -> c_int {
    let result = libc_call!(c"uname" as Uname, (answer), else missing());
    if result == 0 {
        with_host_name(|name| {
            // SAFETY: uname(2) demands a writable utsname, and has filled it.
            let answer = unsafe { &mut *answer };
            copy(name, &mut answer.nodename);
            copy(KERNEL_RELEASE, &mut answer.release);
            copy(KERNEL_VERSION, &mut answer.version);
            copy(c"(none)", &mut answer.domainname);
        });
    }
    result
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn getpid() -> pid_t {
    if shared::is_member() { OWN_PROCESS } else { real_process() }
}

/// The number of this process on the machine.
pub(super) fn real_process() -> pid_t {
    libc_call!(c"getpid" as GetPid, (), else missing())
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn getppid() -> pid_t {
    if shared::is_member() { NO_PROCESS } else { libc_call!(c"getppid" as GetPid, (), else missing()) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn sysconf(name: c_int) -> c_long {
    let real = |name| libc_call!(c"sysconf" as SysConf, (name), else c_long::from(missing()));
    match name {
        _ if !shared::is_member() => real(name),
        libc::_SC_NPROCESSORS_ONLN | libc::_SC_NPROCESSORS_CONF => PROCESSORS,
        libc::_SC_PHYS_PAGES | libc::_SC_AVPHYS_PAGES => MEMORY_BYTES / real(libc::_SC_PAGESIZE).max(1),
        _ => real(name),
    }
}

/// Beside `sysconf`: std's `available_parallelism` asks this first.
#[unsafe(no_mangle)]
unsafe extern "C" fn sched_getaffinity(process: pid_t, length: size_t, answer: *mut cpu_set_t) -> c_int {
    if !shared::is_member() {
        return libc_call!(c"sched_getaffinity" as GetAffinity, (process, length, answer), else missing());
    }
    // SAFETY: sched_getaffinity(2) demands a set that is writable for this length.
    let bytes = unsafe { slice::from_raw_parts_mut(answer.cast::<u8>(), length) };
    bytes.fill(0);
    match bytes.first_mut() {
        Some(first) => *first = 1,
        None => return failed(libc::EINVAL),
    }
    0
}
