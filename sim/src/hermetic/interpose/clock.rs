//! Clocks: virtual time. The processor's clocks stand still, because computing takes no virtual time.

use std::ffi::{c_int, c_long, c_void};
use std::hint::black_box;
use std::ptr::null_mut;

use libc::{clockid_t, time_t, timespec, timeval, tm};

use super::{libc_call, missing};
use crate::hermetic::{clock, state};

const SECOND_NS: u64 = 1_000_000_000;
/// `TIME_UTC` of time.h.
const TIME_UTC: c_int = 1;

type ClockGetTime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
type Time = unsafe extern "C" fn(*mut time_t) -> time_t;
type GetTimeOfDay = unsafe extern "C" fn(*mut timeval, *mut c_void) -> c_int;
type TimespecGet = unsafe extern "C" fn(*mut timespec, c_int) -> c_int;
type LocalTime = unsafe extern "C" fn(*const time_t, *mut tm) -> *mut tm;
type MakeTime = unsafe extern "C" fn(*mut tm) -> time_t;

pub(super) fn keep() {
    black_box(clock_gettime as ClockGetTime as *const ());
    black_box(time as Time as *const ());
    black_box(gettimeofday as GetTimeOfDay as *const ());
    black_box(timespec_get as TimespecGet as *const ());
    black_box(localtime_r as LocalTime as *const ());
    black_box(mktime as MakeTime as *const ());
}

fn as_timespec(ns: u64) -> timespec {
    timespec { tv_sec: (ns / SECOND_NS) as i64, tv_nsec: (ns % SECOND_NS) as c_long }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn clock_gettime(id: clockid_t, answer: *mut timespec) -> c_int {
    let virtual_ns = match id {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI => clock::read_wall_ns(),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => clock::read_monotonic_ns(),
        libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID => clock::read_processor_ns(),
        _ => None,
    };
    if let Some(ns) = virtual_ns {
        // SAFETY: clock_gettime(2) demands a writable timespec.
        unsafe { answer.write(as_timespec(ns)) };
        return 0;
    }
    libc_call!(c"clock_gettime" as ClockGetTime, (id, answer), else missing())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn time(answer: *mut time_t) -> time_t {
    let Some(ns) = clock::read_wall_ns() else {
        return libc_call!(c"time" as Time, (answer), else time_t::from(missing()));
    };
    let seconds = (ns / SECOND_NS) as time_t;
    if !answer.is_null() {
        // SAFETY: time(2) demands a writable number, or null.
        unsafe { answer.write(seconds) };
    }
    seconds
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gettimeofday(answer: *mut timeval, zone: *mut c_void) -> c_int {
    let Some(ns) = clock::read_wall_ns() else {
        return libc_call!(c"gettimeofday" as GetTimeOfDay, (answer, zone), else missing());
    };
    if !answer.is_null() {
        let time = timeval { tv_sec: (ns / SECOND_NS) as time_t, tv_usec: (ns % SECOND_NS / 1000) as c_long };
        // SAFETY: gettimeofday(2) demands a writable timeval, or null.
        unsafe { answer.write(time) };
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn timespec_get(answer: *mut timespec, base: c_int) -> c_int {
    match clock::read_wall_ns().filter(|_| base == TIME_UTC) {
        // SAFETY: timespec_get(3) demands a writable timespec.
        Some(ns) => unsafe { answer.write(as_timespec(ns)) },
        None => return libc_call!(c"timespec_get" as TimespecGet, (answer, base), else 0),
    }
    base
}

/// Inside a run the local time is UTC: libc reads the machine's zone without our `getenv`.
#[unsafe(no_mangle)]
unsafe extern "C" fn localtime_r(seconds: *const time_t, answer: *mut tm) -> *mut tm {
    if state::is_active() {
        // SAFETY: gmtime_r(3) makes the demands of localtime_r(3).
        return unsafe { libc::gmtime_r(seconds, answer) };
    }
    libc_call!(c"localtime_r" as LocalTime, (seconds, answer), else null_mut())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mktime(local: *mut tm) -> time_t {
    if state::is_active() {
        // SAFETY: timegm(3) makes the demands of mktime(3).
        return unsafe { libc::timegm(local) };
    }
    libc_call!(c"mktime" as MakeTime, (local), else time_t::from(missing()))
}
