//! Makes foreign code deterministic: while a thread is inside a run, we answer its calls to libc for randomness and clocks.
//!
//! | source | its callers | inside a run |
//! |---|---|---|
//! | `getrandom`, `getentropy`, `syscall(SYS_getrandom)` | std `HashMap`, every version of the `getrandom` crate, `rand`, `uuid` | a stream drawn from the seed |
//! | `clock_gettime` | `SystemTime`, `Instant`, `chrono`, `jiff` | epoch + virtual time; monotonic clocks: virtual time |
//! | `ahash::random_state` | kube's reflector store | a stream drawn from the seed |
//! | `fastrand` | back-off jitter | seeded |
//! | `write`, `writev` to stdout and stderr | `println!`, `tracing` and `log` subscribers | collected: [`take_output`] |
//! | `exit`, `_exit`, `abort` | `std::process::exit`, a panic while unwinding | told ([`exits::on_exit`]), so that the run can be done again with an exit of the host |
//! | `sigaction`, `signal` | `tokio::signal`, `Controller::shutdown_on_signal` | kept from the kernel; the handler of SIGTERM is called where it is clear for whom ([`signals`]) |
//! | `pthread_create` | `thread::spawn`, `spawn_blocking` | passed on and counted: a run with threads is not deterministic |
//!
//! The binary defines these symbols, so the linker binds callers to them before libc's: those of the program's own code and of
//! `dlsym(RTLD_DEFAULT)`, but not calls inside libc. They act strictly per thread: on a thread outside a run they pass the
//! call to libc (`dlsym(RTLD_NEXT)`). Feature `hermetic` works on Linux with a dynamically linked glibc (x86-64, aarch64);
//! elsewhere [`enter`] changes only the panic hook, and [`INTERPOSES`] is false.
//!
//! Rules for the caller:
//! - One fresh thread per run: std takes its `HashMap` keys, and `rand` its generator, once per thread.
//! - Call [`set_now`] whenever the virtual clock has moved, before a program is polled (tokio's paused clock moves by
//!   itself while the runtime is parked: `Builder::on_thread_unpark` is the place).
//! - Build the tokio runtime inside the run: it takes its random seed and its first instant there.
//! - Measure the wall time of a run outside the guard.
//!
//! Remaining leaks: hashers seeded by addresses (hashbrown's default) and process-global counters (`tokio::select!`,
//! `futures::select!`), which only `fork` without address randomisation makes equal; a `HashMap` built outside the run
//! and moved into it; CPU-time clocks, `time`, `gettimeofday`, `rdtsc`, `rdrand`, `/dev/urandom`, raw system calls;
//! `std::thread::sleep`, which sleeps in real time and does not move the virtual clock.
//!
//! Architecture invariant: names nothing else in the crate.

pub mod exits;
mod output;
pub mod owners;
mod panics;
mod seeds;
pub mod signals;
#[cfg_attr(
    not(all(feature = "hermetic", target_os = "linux")),
    allow(dead_code, reason = "only interposed symbols and seeded crates use it")
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
    pub(super) fn has_handler(_signal: i32) -> bool {
        false
    }
    pub(super) fn call_handler(_signal: i32) {}
    pub(super) fn renew_socket_pairs() {}
}

#[cfg(all(test, feature = "hermetic", target_os = "linux"))]
mod tests;

pub use output::{Line, end_lines, take_output};
pub use panics::{Panic, take_last_panic, take_panics};
pub use state::{Guard, enter, is_active, set_now, threads_started};

/// Whether this build interposes libc's randomness and clocks: feature `hermetic` on Linux with a dynamic glibc.
pub const INTERPOSES: bool = interpose::INTERPOSES;
