//! The ends that programs give their process: `exit` and `abort`.
//!
//! All programs of a run share one process, so such a call would end the run. Where the process exists for one run alone, it
//! ends after telling what called ([`on_exit`]), and the run is done again in another process that knows when to end that
//! incarnation ([`expect`]). So a run sees the exit of a host.
//!
//! Such an end comes just before the turn of the incarnation that calls: the start closure is its first turn, then each poll of
//! its root future is one. If a spawned task calls, it comes after the last turn before the call, at the time of the call. What
//! the incarnation does between that and the call is lost, but for the lines that it writes.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::owners::{self, Owner};
use super::{output, state};

/// The exit code of a process that SIGABRT ended: 128 + the signal's number, as a shell and containerd say it.
pub(super) const ABORTED: i32 = 128 + 6;

/// A program's call of `exit` or `abort`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExitCall {
    /// The seed of the run.
    pub seed: u64,
    /// The program; none for a task that cannot be put down to one.
    pub program: Option<String>,
    /// Whether an incarnation that has ended left the calling task behind.
    pub is_leftover: bool,
    /// When and with which code an incarnation ends.
    pub exit: Exit,
}

/// When an incarnation ends, and with which code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exit {
    /// In which attempt at the run, from 1: a setup that needs more time begins again.
    pub attempt: u32,
    /// The host.
    pub host: u32,
    /// Its incarnation.
    pub incarnation: u32,
    /// In which turn it calls, from 1; of a task: the last turn before.
    pub turn: u64,
    /// Whether a spawned task calls.
    pub in_task: bool,
    /// The wall clock in the run, in ns since 1970.
    pub wall_ns: u64,
    /// The exit code.
    pub code: i32,
    /// The lines that it wrote between this end and the call.
    pub last_words: Vec<String>,
}

impl Exit {
    fn owner(&self) -> Owner {
        Owner { host: self.host, incarnation: self.incarnation }
    }
}

/// Gets a call, and returns the code with which this process ends.
type Handler = dyn Fn(&ExitCall) -> i32 + Send + Sync;

static HANDLER: Mutex<Option<Arc<Handler>>> = Mutex::new(None);
/// The exits that are known. They lie outside the memory of the run's thread: a run that knows of one finds the same memory.
static EXPECTED: Mutex<Vec<Exit>> = Mutex::new(Vec::new());
static EXPECTS: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SEED: Cell<u64> = const { Cell::new(0) };
    static ATTEMPT: Cell<u32> = const { Cell::new(0) };
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this process exists for one run alone.
static OWNS_PROCESS: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on this process exists for one run alone.
pub fn own_process() {
    OWNS_PROCESS.store(true, Ordering::Relaxed);
}

/// Whether this process exists for one run alone.
pub fn owns_process() -> bool {
    OWNS_PROCESS.load(Ordering::Relaxed)
}

/// Sets what hears of calls of `exit` and `abort` in a run. It returns the code with which this process ends at once. Without
/// it, such a call does what it does everywhere.
pub fn on_exit(handler: impl Fn(&ExitCall) -> i32 + Send + Sync + 'static) {
    *lock(&HANDLER) = Some(Arc::new(handler));
}

/// The run of this process has these exits.
pub fn expect(exits: Vec<Exit>) {
    EXPECTS.store(!exits.is_empty(), Ordering::Relaxed);
    *lock(&EXPECTED) = exits;
}

/// This thread enters a run.
pub(super) fn begin(seed: u64) {
    SEED.set(seed);
    ATTEMPT.set(ATTEMPT.get() + 1);
}

/// From now on this thread ends its process itself: no exit is a program's any more.
pub fn are_ours() {
    CALLED.set(true);
}

/// Whether this thread is ending its process.
pub(super) fn is_called() -> bool {
    CALLED.get()
}

/// The current code calls `exit`. Returns the code with which the process ends now; none where nobody hears of it.
pub(super) fn call(code: i32) -> Option<i32> {
    if !state::is_active() || CALLED.replace(true) {
        return None;
    }
    let handler = lock(&HANDLER).clone()?;
    let owner = owners::current();
    let exit = Exit {
        attempt: ATTEMPT.get(),
        host: owner.map_or(0, |owner| owner.host),
        incarnation: owner.map_or(0, |owner| owner.incarnation),
        turn: owner.map_or(0, owners::turns),
        in_task: !owners::is_in_turn(),
        wall_ns: state::wall_ns().unwrap_or_default(),
        code,
        last_words: owner.map(output::last_words).unwrap_or_default(),
    };
    let program = owner.map(owners::name);
    Some(handler(&ExitCall {
        seed: SEED.get(),
        program,
        is_leftover: owner.is_some_and(owners::is_over),
        exit,
    }))
}

/// The code with which this incarnation ends now, if it does: before its next turn, or because one of its tasks calls.
pub fn due(owner: Owner, before_turn: bool) -> Option<i32> {
    if !EXPECTS.load(Ordering::Relaxed) {
        return None;
    }
    let (turns, now) = (owners::turns(owner), state::wall_ns().unwrap_or_default());
    let is_due = |exit: &Exit| match exit.in_task {
        false => before_turn && turns + 1 == exit.turn,
        true => turns >= exit.turn && now >= exit.wall_ns,
    };
    let mut expected = lock(&EXPECTED);
    let exit =
        expected.iter().position(|exit| is_of_this_attempt(exit) && exit.owner() == owner && is_due(exit))?;
    let exit = expected.swap_remove(exit);
    drop(expected);
    output::say(owner, exit.last_words);
    Some(exit.code)
}

/// When a task calls next that belongs to a living incarnation, in ns since 1970.
pub fn next_in_task() -> Option<u64> {
    if !EXPECTS.load(Ordering::Relaxed) {
        return None;
    }
    let expected = lock(&EXPECTED);
    let next = expected
        .iter()
        .filter(|exit| exit.in_task && is_of_this_attempt(exit) && !owners::is_over(exit.owner()));
    next.map(|exit| exit.wall_ns).min()
}

fn is_of_this_attempt(exit: &Exit) -> bool {
    exit.attempt == ATTEMPT.get()
}
