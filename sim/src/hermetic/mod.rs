//! Makes foreign code deterministic: while a thread is inside a run, we answer its calls to libc for randomness, clocks and the
//! machine, and refuse what would leave the run.
//!
//! | source | its callers | inside a run |
//! |---|---|---|
//! | `getrandom`, `getentropy` | std `HashMap`, every version of the `getrandom` crate, `rand`, `uuid` | a stream drawn from the seed |
//! | `/dev/urandom`, `/dev/random` | libraries in C | the same stream |
//! | `ahash::random_state` | kube's reflector store | the same stream |
//! | `fastrand` | back-off jitter | seeded |
//! | `clock_gettime` | `Instant`, `SystemTime`, `chrono`, `jiff` | epoch + virtual time; monotonic clocks: virtual time; clocks of the processor: 0 |
//! | `time`, `gettimeofday`, `timespec_get` | libraries in C | epoch + virtual time |
//! | `localtime_r`, `mktime`, `TZ` | `chrono::Local`, `jiff`, `time` | UTC |
//! | `gethostname`, `uname` | `hostname`, leader election | the host's name; kernel 6.12.0 |
//! | `getpid`, `getppid` | `std::process::id`, names of files | 1, as in a container; 0 |
//! | `sysconf`, `sched_getaffinity` | `available_parallelism`, `num_cpus` | one processor, 4 GiB of memory |
//! | `getenv` | `std::env::var` | the host's variables, then the process's without those of machine, user and cluster |
//! | `LANG`, `LC_*` | libraries that translate or sort | unset |
//! | `connect`, `bind`, `listen` | HTTP clients and servers | reported: refused |
//! | `sendto`, `sendmsg`, `sendmmsg` | UDP: DNS, statsd | reported: refused, if they name an address |
//! | `getaddrinfo`, `getnameinfo` | look-ups of names | reported: refused; the host's own name and `localhost` are 127.0.0.1 |
//! | `write`, `writev` to stdout and stderr | `println!`, `tracing` and `log` subscribers | collected: `take_output` |
//! | `exit`, `_exit`, `abort` | `std::process::exit`, a panic while unwinding | the host exits: `exits` |
//! | `sigaction`, `signal` | `tokio::signal`, `Controller::shutdown_on_signal` | kept from the kernel; `signals` calls the handler of SIGTERM where it is clear for whom |
//! | `pthread_create` | `thread::spawn`, `spawn_blocking` | reported: the thread runs outside the run |
//! | `posix_spawn`, `fork`, `system` | `std::process::Command` | reported: refused |
//! | `kill` | clean-up of child processes | reported: refused, but for the program's own process |
//! | addresses of code and memory | hashers seeded by them: hashbrown's default | **open**: only `fork` without address randomisation makes runs equal |
//! | counters of the process | `tokio::select!`, `futures::select!`, statics | **open**: only `fork` makes runs equal |
//! | what was built before the run | a `HashMap`, an open connection | **open**: it keeps its order, or its peer |
//! | `environ` | `std::env::vars` | **open**: it lists the variables of the process |
//! | files, the working directory, `/proc` | `std::fs`, `std::env::current_dir` | **open**: a program that reads files depends on the machine |
//! | users and groups | `getuid`, `getpwuid` | **open**: they are those of the process |
//! | raw system calls, `rdtsc`, `rdrand` | `rustix`, `quanta` | **open**: they see the machine, and what they reach is not seen |
//! | sleeping threads | `thread::sleep`, `recv_timeout`, `park_timeout` | **open**: they sleep in real time, and the virtual clock stands still |
//!
//! The same as data: [`SOURCES`]. What is **reported** is the violation `escape`, unless the scenario permits it.
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
//! Architecture invariant: names nothing else in the crate.
#![cfg_attr(
    not(all(feature = "hermetic", target_os = "linux")),
    allow(dead_code, reason = "only interposed symbols and seeded crates use it")
)]

mod clock;
mod escapes;
pub mod exits;
mod frames;
mod host;
mod last;
mod output;
pub mod owners;
mod panics;
mod seeds;
mod shared;
pub mod signals;
mod sources;
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
    pub(super) fn abort() -> ! {
        unreachable!("no clock is interposed")
    }
    pub(super) fn has_handler(_signal: i32) -> bool {
        false
    }
    pub(super) fn call_handler(_signal: i32) {}
    pub(super) fn renew_socket_pairs() {}
}

#[cfg(all(test, feature = "hermetic", target_os = "linux"))]
pub(crate) mod probes;
#[cfg(all(test, feature = "hermetic", target_os = "linux"))]
mod tests;

pub use clock::{ClockLoop, READS_AT_ONCE, on_endless_loop, take_clock_loop};
pub use escapes::{Escape, Reach, has_news, take_escapes};
#[cfg(all(test, feature = "hermetic", target_os = "linux"))]
pub(crate) use host::as_host;
pub use host::{HostIdentity, admit, run_as, set_living};
pub use last::{last_words, note_call, set_zero, where_it_runs};
pub use output::{Line, end_lines, take_output};
pub use panics::{Panic, take_last_panic, take_panics};
pub use sources::{Inside, SOURCES, Source};
pub use state::{Guard, enter, is_active, set_now};

/// Whether this build interposes libc's randomness and clocks: feature `hermetic` on Linux with a dynamic glibc.
pub const INTERPOSES: bool = interpose::INTERPOSES;
