//! The outcomes of this thread's earlier sessions, with which the zygote of a later session replays them.
//!
//! The zygote of the n-th session executes the code of the sessions before it. There it must take the same branches as its
//! driver, so it gets the outcomes that the driver got, in the same order. Sessions of isolation `thread` are not kept: the
//! zygote executes them again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;

use serde::{Deserialize, Serialize};

/// The most that is kept. Our choice. After more, a further session is refused: such a program should open only one.
const MAX_BYTES: usize = 16 << 20;

/// The outcomes of one session as JSON, for each call of `run`.
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

/// Begins the history of a session. Returns the sessions before it.
pub(super) fn begin_session() -> io::Result<Vec<Answers>> {
    KEPT.with_borrow_mut(|kept| {
        if kept.bytes > MAX_BYTES {
            let reason = format!("the earlier sessions have answered more than {MAX_BYTES} bytes: open one session for all runs");
            return Err(io::Error::other(reason));
        }
        let earlier = kept.sessions.clone();
        kept.sessions.push(Answers::default());
        Ok(earlier)
    })
}

/// Begins the history of a call of `run` in this session.
pub(super) fn begin_run(session: usize) {
    KEPT.with_borrow_mut(|kept| {
        if let Some(session) = kept.sessions.get_mut(session) {
            session.0.push_back(Vec::new());
        }
    });
}

/// Keeps an outcome of the latest call of `run`.
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
