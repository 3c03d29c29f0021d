//! Every source by which code can learn of its machine or reach out of its run, and what each is inside a run. The header of
//! `hermetic` shows the same rows, and `tests` has a probe for each.

/// A source of ambient state.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// What is asked.
    pub name: &'static str,
    /// Who asks it.
    pub asked_by: &'static str,
    /// What it is inside a run.
    pub inside: Inside,
}

/// What a source is inside a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Seed, virtual time and host decide the answer, which this describes.
    Enclosed(&'static str),
    /// The run keeps it, and this becomes of it.
    Kept(&'static str),
    /// The violation `escape` reports it, unless the scenario permits it.
    Reported(&'static str),
    /// It is as outside. This follows.
    Open(&'static str),
}

use Inside::{Enclosed, Kept, Open, Reported};

const fn row(name: &'static str, asked_by: &'static str, inside: Inside) -> Source {
    Source { name, asked_by, inside }
}

/// All sources.
pub const SOURCES: &[Source] = &[
    row(
        "`getrandom`, `getentropy`",
        "std `HashMap`, every version of the `getrandom` crate, `rand`, `uuid`",
        Enclosed("a stream drawn from the seed"),
    ),
    row("`/dev/urandom`, `/dev/random`", "libraries in C", Enclosed("the same stream")),
    row("`ahash::random_state`", "kube's reflector store", Enclosed("the same stream")),
    row("`fastrand`", "back-off jitter", Enclosed("seeded")),
    row(
        "`clock_gettime`",
        "`Instant`, `SystemTime`, `chrono`, `jiff`",
        Enclosed("epoch + virtual time; monotonic clocks: virtual time; clocks of the processor: 0"),
    ),
    row("`time`, `gettimeofday`, `timespec_get`", "libraries in C", Enclosed("epoch + virtual time")),
    row("`localtime_r`, `mktime`, `TZ`", "`chrono::Local`, `jiff`, `time`", Enclosed("UTC")),
    row("`gethostname`, `uname`", "`hostname`, leader election", Enclosed("the host's name; kernel 6.12.0")),
    row("`getpid`, `getppid`", "`std::process::id`, names of files", Enclosed("1, as in a container; 0")),
    row(
        "`sysconf`, `sched_getaffinity`",
        "`available_parallelism`, `num_cpus`",
        Enclosed("one processor, 4 GiB of memory"),
    ),
    row(
        "`getenv`",
        "`std::env::var`",
        Enclosed("the host's variables, then the process's without those of machine, user and cluster"),
    ),
    row("`LANG`, `LC_*`", "libraries that translate or sort", Enclosed("unset")),
    row("`connect`, `bind`, `listen`", "HTTP clients and servers", Reported("refused")),
    row("`sendto`, `sendmsg`, `sendmmsg`", "UDP: DNS, statsd", Reported("refused, if they name an address")),
    row(
        "`getaddrinfo`, `getnameinfo`",
        "look-ups of names",
        Reported("refused; the host's own name and `localhost` are 127.0.0.1"),
    ),
    row(
        "`write`, `writev` to stdout and stderr",
        "`println!`, `tracing` and `log` subscribers",
        Kept("collected: `take_output`"),
    ),
    row(
        "`exit`, `_exit`, `abort`",
        "`std::process::exit`, a panic while unwinding",
        Kept("the host exits: `exits`"),
    ),
    row(
        "`sigaction`, `signal`",
        "`tokio::signal`, `Controller::shutdown_on_signal`",
        Kept("kept from the kernel; `signals` calls the handler of SIGTERM where it is clear for whom"),
    ),
    row("`pthread_create`", "`thread::spawn`, `spawn_blocking`", Reported("the thread runs outside the run")),
    row("`posix_spawn`, `fork`, `system`", "`std::process::Command`", Reported("refused")),
    row("`kill`", "clean-up of child processes", Reported("refused, but for the program's own process")),
    row(
        "addresses of code and memory",
        "hashers seeded by them: hashbrown's default",
        Open("only `fork` without address randomisation makes runs equal"),
    ),
    row(
        "counters of the process",
        "`tokio::select!`, `futures::select!`, statics",
        Open("only `fork` makes runs equal"),
    ),
    row(
        "what was built before the run",
        "a `HashMap`, an open connection",
        Open("it keeps its order, or its peer"),
    ),
    row("`environ`", "`std::env::vars`", Open("it lists the variables of the process")),
    row(
        "files, the working directory, `/proc`",
        "`std::fs`, `std::env::current_dir`",
        Open("a program that reads files depends on the machine"),
    ),
    row("users and groups", "`getuid`, `getpwuid`", Open("they are those of the process")),
    row(
        "raw system calls, `rdtsc`, `rdrand`",
        "`rustix`, `quanta`",
        Open("they see the machine, and what they reach is not seen"),
    ),
    row(
        "sleeping threads",
        "`thread::sleep`, `recv_timeout`, `park_timeout`",
        Open("they sleep in real time, and the virtual clock stands still"),
    ),
];
