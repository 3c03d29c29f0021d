//! Environment variables. A host has its own; of the process's, those that tell of the machine or its user are hidden.

use std::ffi::{CStr, c_char};
use std::hint::black_box;
use std::ptr::null_mut;

use super::libc_call;
use crate::hermetic::{host, shared};

type GetEnv = unsafe extern "C" fn(*const c_char) -> *mut c_char;

pub(super) fn keep() {
    black_box(getenv as GetEnv as *const ());
    black_box(secure_getenv as GetEnv as *const ());
}

/// What a variable is inside a run, if the host has no value of its own.
enum Inside {
    /// The host's name.
    HostName,
    /// Always this.
    Is(&'static CStr),
    /// It is not set.
    Unset,
}

/// The variables that differ from machine to machine, or by which a program finds a cluster or a proxy. An entry that ends in `_` is
/// all variables that begin so.
const VARIABLES: &[(&str, Inside)] = &[
    ("HOSTNAME", Inside::HostName),
    ("HOME", Inside::Is(c"/")),
    // A rule, not a name: it needs no files of the machine.
    ("TZ", Inside::Is(c"UTC0")),
    ("LANG", Inside::Unset),
    ("LANGUAGE", Inside::Unset),
    ("LC_", Inside::Unset),
    ("USER", Inside::Unset),
    ("LOGNAME", Inside::Unset),
    ("HOST", Inside::Unset),
    ("PWD", Inside::Unset),
    ("OLDPWD", Inside::Unset),
    ("XDG_", Inside::Unset),
    // Client::try_default finds a cluster by these.
    ("KUBECONFIG", Inside::Unset),
    ("KUBERNETES_", Inside::Unset),
    ("KUBE_", Inside::Unset),
    ("POD_", Inside::Unset),
    ("NODE_NAME", Inside::Unset),
    ("HTTP_PROXY", Inside::Unset),
    ("http_proxy", Inside::Unset),
    ("HTTPS_PROXY", Inside::Unset),
    ("https_proxy", Inside::Unset),
    ("ALL_PROXY", Inside::Unset),
    ("all_proxy", Inside::Unset),
    ("NO_PROXY", Inside::Unset),
    ("no_proxy", Inside::Unset),
];

/// By these a program looks for a cluster of its own.
const OF_CLUSTERS: &[&CStr] = &[c"KUBECONFIG", c"KUBERNETES_SERVICE_HOST"];

fn inside(name: &CStr) -> Option<&'static Inside> {
    let name = name.to_str().ok()?;
    let fits = |row: &&(&str, Inside)| name == row.0 || (row.0.ends_with('_') && name.starts_with(row.0));
    VARIABLES.iter().find(fits).map(|(_, inside)| inside)
}

/// The answer inside a run; `None` leaves it to the process.
///
/// # Safety
/// `name` is a text that ends in NUL.
unsafe fn answer(name: *const c_char) -> Option<*mut c_char> {
    if !shared::is_member() || name.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    let host = host::current();
    if let Some(host) = host.as_ref().filter(|_| OF_CLUSTERS.contains(&name)) {
        host.note_that_it_seeks_a_cluster();
    }
    // The texts of a host live as long as the host, which nobody drops while its code runs.
    let text = |text: &CStr| text.as_ptr().cast_mut();
    if let Some(own) = host.as_ref().and_then(|host| host.variable(name)) {
        return Some(text(own));
    }
    Some(match inside(name)? {
        Inside::HostName => host.map_or(null_mut(), |host| text(host.name())),
        Inside::Is(value) => text(value),
        Inside::Unset => null_mut(),
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: getenv(3) demands a text that ends in NUL.
    unsafe { answer(name) }.unwrap_or_else(|| libc_call!(c"getenv" as GetEnv, (name), else null_mut()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn secure_getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: secure_getenv(3) demands a text that ends in NUL.
    unsafe { answer(name) }.unwrap_or_else(|| libc_call!(c"secure_getenv" as GetEnv, (name), else null_mut()))
}
