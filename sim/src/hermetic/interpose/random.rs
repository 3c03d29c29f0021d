//! Randomness: a stream drawn from the seed. A read of a random device draws from it too.

use std::ffi::{c_int, c_uint, c_void};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::slice;

use libc::{size_t, ssize_t};

use super::{libc_call, missing};
use crate::hermetic::state;

// getentropy(3) refuses more than 256 bytes.
const GETENTROPY_MAX: usize = 256;
// `/dev/random` and `/dev/urandom`: Documentation/admin-guide/devices.txt of Linux.
const RANDOM_DEVICES: [libc::dev_t; 2] = [libc::makedev(1, 8), libc::makedev(1, 9)];

type GetRandom = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
type GetEntropy = unsafe extern "C" fn(*mut c_void, size_t) -> c_int;
type Read = unsafe extern "C" fn(c_int, *mut c_void, size_t) -> ssize_t;

pub(super) fn keep() {
    black_box(getrandom as GetRandom as *const ());
    black_box(getentropy as GetEntropy as *const ());
    black_box(read as Read as *const ());
}

/// Fills the buffer from the random stream of the run. Returns false outside a run.
///
/// # Safety
/// `buffer` is writable for `length` bytes.
pub(super) unsafe fn fill(buffer: *mut c_void, length: usize) -> bool {
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

#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: getrandom(2) demands a writable buffer of this length.
    if unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    libc_call!(c"getrandom" as GetRandom, (buffer, length, flags), else missing() as ssize_t)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    // SAFETY: getentropy(3) demands a writable buffer of this length.
    if length <= GETENTROPY_MAX && unsafe { fill(buffer, length) } {
        return 0;
    }
    libc_call!(c"getentropy" as GetEntropy, (buffer, length), else missing())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn read(file: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    // SAFETY: read(2) demands a writable buffer of this length.
    if state::is_active() && is_random_device(file) && unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    libc_call!(c"read" as Read, (file, buffer, length), else missing() as ssize_t)
}

fn is_random_device(file: c_int) -> bool {
    let mut about = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `about` is writable, and is read only after the call has filled it.
    unsafe {
        libc::fstat(file, about.as_mut_ptr()) == 0 && {
            let about = about.assume_init();
            about.st_mode & libc::S_IFMT == libc::S_IFCHR && RANDOM_DEVICES.contains(&about.st_rdev)
        }
    }
}
