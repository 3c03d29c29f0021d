//! Handlers of signals that programs set. No real signal is raised in a run, and none of its handlers is known to the kernel.
//!
//! Handlers belong to the process, as in life, and so does a handler that libraries set once for all (`tokio::signal`). So a
//! handler is called only where it is clear for whom: in a process that exists for one run alone, while one program runs.

use super::interpose;

/// SIGTERM, by which a process is asked to stop.
const SIGTERM: i32 = 15;

/// Whether a program of this process has set a handler of SIGTERM.
pub fn is_termination_handled() -> bool {
    interpose::has_handler(SIGTERM)
}

/// Calls the handler of SIGTERM on this thread, if there is one.
pub fn terminate() {
    interpose::call_handler(SIGTERM);
}

/// Gives the socket pairs of this process new sockets. For a process that has just been forked: its parent and its siblings
/// hold the same pairs, and `tokio::signal` sends itself through one what happened.
pub fn renew_socket_pairs() {
    interpose::renew_socket_pairs();
}
