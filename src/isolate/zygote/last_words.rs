//! What a job says when something ends it from outside: its watchdog, or the hermetic layer where a program reads the clock for ever.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use wavetank_sim::hermetic::{self, exits};

use super::lane;
use crate::isolate::sys;

/// The time for the words about a job that is stuck. Our choice: reading the symbols of a large program takes seconds.
const TIME_FOR_WORDS: Duration = Duration::from_secs(10);

/// Where the words go; the job's own lane.
static LANE: AtomicI32 = AtomicI32::new(-1);

struct Lane(RawFd);

impl Write for Lane {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        sys::write(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prepares a job. The thread that does the work calls [`sys::take_alarms`].
pub(super) fn prepare(lane: &UnixStream) {
    LANE.store(lane.as_raw_fd(), Ordering::Relaxed);
    sys::on_alarm(stuck);
    hermetic::on_endless_loop(looped);
}

/// A program reads the clock for ever.
fn looped(words: &str) {
    exits::are_ours();
    say(lane::LOOPED, words);
    sys::exit(0)
}

/// The time of the job is over. This runs in a signal handler, on the thread that does the work, which may be anywhere. The first
/// message needs no memory; if a later one hangs or fails, the second alarm ends the job.
fn stuck() {
    exits::are_ours();
    say(lane::STUCK, "");
    sys::kill_after(TIME_FOR_WORDS);
    say(lane::STUCK, &hermetic::last_words());
    let places = hermetic::where_it_runs();
    if !places.is_empty() {
        say(lane::STUCK, &format!("it is in {}", places.join(", called by ")));
    }
    sys::exit(0)
}

fn say(kind: u8, words: &str) {
    // Nobody is left whom an error could be told.
    let _ = lane::write_words(&mut Lane(LANE.load(Ordering::Relaxed)), kind, words);
}
