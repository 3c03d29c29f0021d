//! Which lines of a user's own code a stack goes through.

use std::backtrace::Backtrace;

/// How many lines are told. Our choice: where it happened, and who wanted it.
const TOLD: usize = 3;

/// Parts of the paths of code that is not the user's: crates that cargo has fetched, and std.
const FETCHED: &[&str] = &["/registry/src/", "/git/checkouts/", "/rustc/", "/library/std/", "/library/core/"];

/// Crates that are not the user's, for stacks without paths: std's, and those on which operators stand.
const FETCHED_CRATES: &[&str] = &[
    "__rustc",
    "alloc",
    "backtrace",
    "core",
    "futures",
    "futures_core",
    "futures_util",
    "hyper",
    "hyper_util",
    "kube",
    "kube_client",
    "kube_runtime",
    "mio",
    "rustls",
    "signal_hook_registry",
    "socket2",
    "std",
    "test",
    "tokio",
    "tokio_stream",
    "tokio_util",
    "tower",
    "tracing",
];

/// Modules of wavetank that a program's stack goes through.
const OURS: &[&str] = &[
    "wavetank_sim::hermetic::clock",
    "wavetank_sim::hermetic::escapes",
    "wavetank_sim::hermetic::frames",
    "wavetank_sim::hermetic::host",
    "wavetank_sim::hermetic::interpose",
    "wavetank_sim::hermetic::last",
    "wavetank_sim::hermetic::shared",
    "wavetank_sim::programs",
    "wavetank_sim::cluster",
    "wavetank_sim::explore::run",
    "wavetank_sim::explore::world",
    "wavetank::builder",
    "wavetank::cli",
    "wavetank::commands",
    "wavetank::harness",
    "wavetank::isolate::drive",
    "wavetank::isolate::pool",
    "wavetank::isolate::sys",
    "wavetank::isolate::threads",
    "wavetank::isolate::zygote",
    "wavetank::sweep",
];

/// The lines of the user's own code that this call comes from, innermost first. Slow: it reads the program's symbols.
pub(super) fn of_caller() -> Vec<String> {
    own(&Backtrace::force_capture())
}

/// The lines of the user's own code in a stack, innermost first, as `function (file:line)`. Slow, as [`of_caller`].
pub(super) fn own(stack: &Backtrace) -> Vec<String> {
    places(&stack.to_string())
}

/// Reads a stack as std prints it: a line `N: function`, and, if its place is known, `at file:line:column` under it.
fn places(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(str::trim_start).peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some((_, function)) = line.split_once(": ") else { continue };
        let place = lines.next_if(|line| line.starts_with("at ")).map(|line| &line["at ".len()..]);
        if is_own(function, place) {
            let function = function.replace("::{{closure}}", "");
            let line = place.map(|place| place.rsplit_once(':').map_or(place, |(line, _column)| line));
            found.push(match line {
                Some(line) => format!("{function} ({})", line.trim_start_matches("./")),
                None => function,
            });
        }
    }
    found.dedup();
    found.truncate(TOLD);
    found
}

/// Whether a function is the user's own. C has no paths in names.
fn is_own(function: &str, place: Option<&str>) -> bool {
    let name = function.trim_start_matches(['<', '&']).trim_start_matches("dyn ");
    let Some((of_crate, _)) = name.split_once("::") else { return false };
    let fetched = |place: &str| FETCHED.iter().any(|part| place.contains(part));
    of_crate.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !FETCHED_CRATES.contains(&of_crate)
        && !OURS.iter().any(|module| name.starts_with(module))
        && !place.is_some_and(fetched)
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn of_a_stack_only_the_users_own_lines_are_told() {
        let text = "   0: std::backtrace::Backtrace::force_capture
             at /rustc/abc/library/std/src/backtrace.rs:312:9
   1: <wavetank_sim::hermetic::shared::Shared>::with
             at /home/u/wavetank/sim/src/hermetic/escapes.rs:9:1
   2: socket2::socket::Socket::connect
             at /home/u/.cargo/registry/src/index.crates.io-1/socket2-0.6/src/socket.rs:3:5
   3: my_operator::probe::{{closure}}
             at ./src/probe.rs:17:12
   4: my_operator::run::{{closure}}
             at /home/u/my-operator/src/lib.rs:40:7
   5: wavetank_sim::programs::stage::Stage::poll_woken
             at /home/u/wavetank/sim/src/programs/stage.rs:200:1
   6: <F as core::future::Future>::poll
   7: start_thread
             at ./nptl/pthread_create.c:442:8";
        assert_eq!(
            places(text),
            ["my_operator::probe (src/probe.rs:17)", "my_operator::run (/home/u/my-operator/src/lib.rs:40)"]
        );
        let without_places: String =
            text.lines().filter(|line| !line.contains(" at ")).map(|line| format!("{line}\n")).collect();
        assert_eq!(places(&without_places), ["my_operator::probe", "my_operator::run"]);
    }
}
