//! What programs did last, for the words about a run that never ends.
//!
//! A watchdog asks on the run's own thread, in a signal handler: it may interrupt anything, so nothing here waits for a lock.

use std::cell::RefCell;
use std::fmt::{self, Write};

use super::{frames, host, state};

/// How many calls are kept. Our choice: enough to see what a program is about.
const KEPT: usize = 5;

#[derive(Default)]
struct Last {
    /// The latest calls, each in a text that is used again and again.
    calls: [String; KEPT],
    /// How many calls there were.
    count: usize,
    /// The wall clock at t = 0, in ns since 1970.
    zero_ns: u64,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// Says what the wall clock is at t = 0, in ns since 1970: times are told from there.
pub fn set_zero(wall_ns: u64) {
    LAST.with_borrow_mut(|last| last.zero_ns = wall_ns);
}

/// Notes that a program calls the API server.
pub fn note_call(call: fmt::Arguments<'_>) {
    let Some(now) = seconds() else { return };
    LAST.with_borrow_mut(|last| {
        let text = &mut last.calls[last.count % KEPT];
        text.clear();
        // Writing to a text cannot fail.
        let _ = write!(text, "{now:.3}s {call}");
        last.count += 1;
    });
}

/// Virtual time from t = 0, in seconds.
fn seconds() -> Option<f64> {
    let wall_ns = state::wall_ns()?;
    let zero_ns = LAST.try_with(|last| last.try_borrow().map(|last| last.zero_ns)).ok()?.ok()?;
    Some((wall_ns as f64 - zero_ns as f64) / 1e9)
}

/// What this thread's run does now, in words: the time, the program, its last calls. Empty outside runs.
pub fn last_words() -> String {
    let Some(now) = seconds() else { return String::new() };
    let who = host::current().map_or_else(|| "a program".to_owned(), |host| host.to_string());
    let mut words = format!("at {now:.3}s {who} runs");
    let _ = LAST.try_with(|last| {
        let Ok(last) = last.try_borrow() else { return };
        let first = last.count.saturating_sub(KEPT);
        let calls: Vec<&str> = (first..last.count).map(|n| last.calls[n % KEPT].as_str()).collect();
        words.push_str(if calls.is_empty() {
            "; no program has called the API server"
        } else {
            "; the last calls: "
        });
        words.push_str(&calls.join(", "));
    });
    words
}

/// Which lines of the user's own code run on this thread, innermost first. Slow: it reads the program's symbols.
pub fn where_it_runs() -> Vec<String> {
    frames::of_caller()
}
