//! Collects the panics of a run, so that one in a spawned task becomes a finding instead of a line on stderr.
//!
//! Does not judge: whether a caught panic is a violation is the oracle's business.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::state;

/// One panic of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// What the panic said.
    pub message: String,
    /// Where, as `file:line:column`.
    pub location: String,
}

thread_local! {
    static PANICS: RefCell<Vec<Panic>> = const { RefCell::new(Vec::new()) };
}

/// The panics of this thread's run since the last call, oldest first; they outlive the guard.
pub fn take_panics() -> Vec<Panic> {
    PANICS.take()
}

/// Puts the hook in place, once per process; panics outside a run go to the hook that was there before.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| if state::is_active() { keep(info) } else { previous(info) }));
    });
}

fn keep(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let panic = Panic { message: message(info.payload()), location };
    // A panic while its thread is being torn down has no list left to go to.
    let _ = PANICS.try_with(|panics| panics.borrow_mut().push(panic));
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a text").to_owned()
}
