//! What makes foreign code deterministic: while a thread is inside a run, the randomness and the clocks it asks libc for are ours.
//!
//! | source | who asks it | inside a run |
//! |---|---|---|
//! | `getrandom`, `getentropy`, `syscall(SYS_getrandom)` | std `HashMap`, every version of the `getrandom` crate, `rand`, `uuid` | a stream drawn from the seed |
//! | `clock_gettime` | `SystemTime`, `Instant`, `chrono`, `jiff` | epoch + virtual time; monotonic clocks: virtual time |
//! | `ahash::random_state` | kube's reflector store | a stream drawn from the seed |
//! | `fastrand` | back-off jitter | seeded |
//! | `pthread_create` | `thread::spawn`, `spawn_blocking` | goes through, and is counted: such a run is not deterministic |
//!
//! The symbols are defined in the binary, so the linker binds every caller to them before libc's; that holds for the
//! program's own code and for `dlsym(RTLD_DEFAULT)`, not for calls inside libc. They act strictly per thread: on a thread
//! that is in no run they hand the call to libc (`dlsym(RTLD_NEXT)`). Feature `hermetic` takes part on Linux with a
//! dynamically linked glibc (x86-64, aarch64); otherwise [`enter`] changes nothing but the panic hook, and [`INTERPOSES`] is false.
//!
//! Rules for the caller:
//! - One fresh thread per run: std takes its `HashMap` keys, and `rand` its generator, once per thread.
//! - Call [`set_now`] whenever the virtual clock has moved, before a program is polled (tokio's paused clock moves by
//!   itself while the runtime is parked: `Builder::on_thread_unpark` is the place).
//! - Build the tokio runtime inside the run: it takes its random seed and its first instant there.
//! - What a run costs in wall time is measured outside the guard.
//!
//! Leaks that remain: hashers seeded by addresses (hashbrown's default) and process-global counters (`tokio::select!`,
//! `futures::select!`), which only `fork` with address randomisation off makes equal; a `HashMap` built outside the run
//! and moved into it; CPU-time clocks, `time`, `gettimeofday`, `rdtsc`, `rdrand`, `/dev/urandom`, raw system calls;
//! `std::thread::sleep`, which sleeps for real and moves no virtual clock.
//!
//! Architecture invariant: names nothing else in the crate.

mod panics;
mod seeds;
#[cfg_attr(
    not(all(feature = "hermetic", target_os = "linux")),
    allow(dead_code, reason = "only interposed symbols and seeded crates ask it")
)]
mod state;

#[cfg(all(
    feature = "hermetic",
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod interpose;
#[cfg(not(all(
    feature = "hermetic",
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod interpose {
    pub(super) const INTERPOSES: bool = false;
    pub(super) fn keep_symbols() {}
}

#[cfg(all(test, feature = "hermetic", target_os = "linux"))]
mod tests;

pub use panics::{Panic, take_panics};
pub use state::{Guard, enter, is_active, set_now, threads_started};

/// Whether this build interposes libc's randomness and clocks: feature `hermetic` on Linux with a dynamic glibc.
pub const INTERPOSES: bool = interpose::INTERPOSES;
