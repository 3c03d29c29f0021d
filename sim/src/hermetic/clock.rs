//! The clocks of a run, as programs read them, and how often they do.
//!
//! A program that reads a clock again and again in one poll waits for a time that cannot come: virtual time passes only when
//! all programs wait. After [`READS_AT_ONCE`] reads it is noted, and each further read is a second later than the one before, so
//! that most such loops end and the run can report them. A loop that goes on for as many reads again ends the process of the run.

use std::cell::RefCell;
use std::sync::Mutex;

use super::state::{self, Run};
use super::{frames, host, shared};

/// What monotonic clocks read when the tokio clock starts. Our choice: small, because std passes deadlines on this clock to
/// the kernel, which returns at once if the machine's clock is past them, and would block in real time otherwise.
const MONOTONIC_START_NS: u64 = 1_000_000_000;

/// So many reads of clocks in one poll are a loop. Our choice: no program needs so many, and they take well under two seconds.
pub const READS_AT_ONCE: u64 = 10_000_000;

const SECOND_NS: u64 = 1_000_000_000;

/// A program that reads clocks without letting time pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockLoop {
    /// Its host, if that is known.
    pub host: Option<String>,
    /// The lines of its own code that the loop is in, innermost first.
    pub places: Vec<String>,
}

thread_local! {
    static NOTED: RefCell<Option<ClockLoop>> = const { RefCell::new(None) };
}

/// What ends the process of a run whose program never stops to read clocks.
static GIVE_UP: Mutex<Option<fn(&str)>> = Mutex::new(None);

/// Sets what ends a process in which a program reads clocks for ever. It gets the reason in words, and must not return.
/// Without it, or if it returns, the process aborts.
pub fn on_endless_loop(give_up: fn(&str)) {
    if let Ok(mut slot) = GIVE_UP.lock() {
        *slot = Some(give_up);
    }
}

/// Takes the loop that was noted since the last call.
pub fn take_clock_loop() -> Option<ClockLoop> {
    NOTED.take()
}

/// A program is polled: it may read clocks again.
pub(super) fn polled() {
    state::update(|run| run.reads = 0);
}

/// The wall clock inside a run, in ns since 1970.
pub(super) fn read_wall_ns() -> Option<u64> {
    read(|run| run.epoch_ns.saturating_add(run.now_ns))
}

/// The monotonic clocks inside a run, in ns.
pub(super) fn read_monotonic_ns() -> Option<u64> {
    read(|run| MONOTONIC_START_NS.saturating_add(run.now_ns))
}

/// The processor's clocks inside a run, in ns.
pub(super) fn read_processor_ns() -> Option<u64> {
    read(|_| 0)
}

fn read(answer: fn(&Run) -> u64) -> Option<u64> {
    let (reads, ns) = state::update(|run| {
        run.reads += 1;
        (run.reads, answer(run))
    })?;
    let Some(beyond) = reads.checked_sub(READS_AT_ONCE).filter(|beyond| *beyond > 0) else { return Some(ns) };
    match beyond {
        1 => note(),
        READS_AT_ONCE => give_up(),
        _ => {}
    }
    Some(ns.saturating_add(beyond.saturating_mul(SECOND_NS)))
}

#[cold]
fn note() {
    let found = ClockLoop { host: host::current().map(|host| host.to_string()), places: frames::of_caller() };
    // A thread that is being torn down notes nothing.
    let _ = NOTED.try_with(|noted| noted.borrow_mut().get_or_insert(found).host.is_some());
}

#[cold]
fn give_up() {
    let who = host::current().map_or_else(|| "a program".to_owned(), |host| host.to_string());
    let places = frames::of_caller();
    let at = if places.is_empty() { String::new() } else { format!(", in {}", places.join(", in ")) };
    let words = format!("{who} reads the clock for ever without letting time pass{at}");
    // What ends the process is not the program's.
    shared::leave();
    state::leave();
    if let Some(end) = GIVE_UP.lock().ok().and_then(|slot| *slot) {
        end(&words);
    }
    super::interpose::abort()
}
