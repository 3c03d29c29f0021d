//! What earlier sessions of this thread answered, so that a later session's zygote can walk past them.
//!
//! The n-th session's zygote comes by the sessions before it. It must take the same turns there as its driver did, so it gets what
//! the driver got: the outcomes that were delivered, run by run. Sessions of isolation `thread` are not kept: they are executed
//! again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

use serde::{Deserialize, Serialize};

/// More is not kept, and a further session is refused: a program that answers that much should open one session.
const MAX_BYTES: usize = 16 << 20;

/// The outcomes of one session as JSON: for each call of `run`, those that were delivered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Answers(VecDeque<Vec<String>>);

impl Answers {
    /// The outcomes of the next call of `run`.
    pub(super) fn next_run(&mut self) -> Option<Vec<String>> {
        self.0.pop_front()
    }
}

#[derive(Default)]
struct Kept {
    sessions: Vec<Answers>,
    bytes: usize,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Begins the record of a session; returns those before it.
pub(super) fn begin_session() -> io::Result<Vec<Answers>> {
    KEPT.with_borrow_mut(|kept| {
        if kept.bytes > MAX_BYTES {
            let reason = format!("the sessions before this one answered more than {MAX_BYTES} bytes; open one session for all runs");
            return Err(io::Error::other(reason));
        }
        let earlier = kept.sessions.clone();
        kept.sessions.push(Answers::default());
        Ok(earlier)
    })
}

/// Begins the record of a call of `run` in this session.
pub(super) fn begin_run(session: usize) {
    KEPT.with_borrow_mut(|kept| {
        if let Some(session) = kept.sessions.get_mut(session) {
            session.0.push_back(Vec::new());
        }
    });
}

/// Keeps one delivered outcome of the call of `run` that was begun last.
pub(super) fn keep(session: usize, outcome: String) {
    KEPT.with_borrow_mut(|kept| {
        kept.bytes += outcome.len();
        if kept.bytes > MAX_BYTES {
            kept.sessions.clear();
        } else if let Some(run) = kept.sessions.get_mut(session).and_then(|session| session.0.back_mut()) {
            run.push(outcome);
        }
    });
}
