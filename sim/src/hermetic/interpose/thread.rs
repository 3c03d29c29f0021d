//! Threads that programs start. They run in real time, outside the run, but belong to it: what they reach for is refused too.

use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;
use std::sync::atomic::Ordering;

use libc::{pthread_attr_t, pthread_t};

use super::libc_call;
use crate::hermetic::escapes;
use crate::hermetic::shared::{self, Member, lock};

type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type PthreadCreate = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;
type SetName = unsafe extern "C" fn(pthread_t, *const c_char) -> c_int;

pub(super) fn keep() {
    black_box(pthread_create as PthreadCreate as *const ());
    black_box(pthread_setname_np as SetName as *const ());
}

/// What a thread of a program begins with.
struct Beginning {
    start: Start,
    argument: *mut c_void,
    member: Member,
}

extern "C-unwind" fn begin(beginning: *mut c_void) -> *mut c_void {
    // `pthread_exit` may unwind this frame: it has nothing to drop. The memory of such a thread stays.
    let beginning = beginning.cast::<Beginning>();
    // SAFETY: `pthread_create` made it for this thread alone, and it stays until the thread has done its work.
    let answer = unsafe {
        (*beginning).member.begin();
        ((*beginning).start)((*beginning).argument)
    };
    // SAFETY: as above; nothing uses it after this.
    unsafe { Box::from_raw(beginning) }.member.end();
    answer
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let Some(member) = shared::new_member() else {
        return libc_call!(
            c"pthread_create" as PthreadCreate, (thread, attributes, start, argument), else libc::EAGAIN
        );
    };
    let of_thread = member.thread().clone();
    let beginning = Box::into_raw(Box::new(Beginning { start, argument, member })).cast::<c_void>();
    let error = libc_call!(
        c"pthread_create" as PthreadCreate, (thread, attributes, begin, beginning), else libc::EAGAIN
    );
    if error != 0 {
        of_thread.rests.store(true, Ordering::Release);
        // SAFETY: no thread has begun with it.
        drop(unsafe { Box::from_raw(beginning.cast::<Beginning>()) });
        return error;
    }
    escapes::thread_started(&of_thread);
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_setname_np(thread: pthread_t, name: *const c_char) -> c_int {
    // SAFETY: pthread_self(3) has no preconditions.
    if let Some(own) = shared::this_thread().filter(|_| thread == unsafe { libc::pthread_self() }) {
        // SAFETY: pthread_setname_np(3) demands a text that ends in NUL.
        let text = unsafe { std::ffi::CStr::from_ptr(name) };
        *lock(&own.name) = Some(text.to_string_lossy().into_owned());
    }
    libc_call!(c"pthread_setname_np" as SetName, (thread, name), else libc::ENOSYS)
}

/// Runs a call in which this thread may wait: std waits by it.
pub(super) fn resting<T>(call: impl FnOnce() -> T) -> T {
    let Some(thread) = shared::this_thread() else { return call() };
    thread.rests.store(true, Ordering::Release);
    let answer = call();
    thread.rests.store(false, Ordering::Release);
    answer
}
