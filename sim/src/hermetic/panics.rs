//! Collects the panics of a run, so that a panic in a spawned task becomes a finding instead of a line on stderr.
//!
//! The `panic` oracle decides whether a caught panic is a violation. A panic of a task that a dead incarnation has left behind
//! counts for nothing and is not collected: in life its process is gone.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::{output, owners, state};

/// One panic of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The message.
    pub message: String,
    /// The place, as `file:line:column`.
    pub location: String,
    /// The address of the host whose code panicked, if that is known.
    pub host: Option<u32>,
    /// The wall clock in the run, in ns since 1970.
    pub wall_ns: u64,
}

thread_local! {
    static PANICS: RefCell<Vec<Panic>> = const { RefCell::new(Vec::new()) };
}

/// The panics of the run of this thread since the last call, oldest first. They outlive the guard.
pub fn take_panics() -> Vec<Panic> {
    PANICS.take()
}

/// Takes the newest panic of the run of this thread, for code that caught it.
pub fn take_last_panic() -> Option<Panic> {
    PANICS.with_borrow_mut(Vec::pop)
}

/// Forgets all of them, before a run.
pub(super) fn clear() {
    PANICS.take();
}

/// Installs the hook, once per process. It passes panics outside a run to the previous hook.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| if state::is_active() { keep(info) } else { previous(info) }));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    let owner = owners::current();
    if owner.is_some_and(owners::is_over) {
        return;
    }
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let message = message(info.payload());
    output::add(format!("panicked at {location}: {message}"));
    let host = owner.map(|owner| owner.host);
    let panic = Panic { message, location, host, wall_ns: state::wall_ns().unwrap_or_default() };
    // A thread that is being torn down has no list any more.
    let _ = PANICS.try_with(|panics| panics.borrow_mut().push(panic));
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}
