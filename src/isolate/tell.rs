//! What a job tells before its answer: texts for whoever follows the session.
//!
//! A job runs on a thread of its own, which knows where its texts go.

use std::cell::RefCell;

/// Takes the texts of one job.
pub(super) type Sink = Box<dyn FnMut(&str) + Send>;

thread_local! {
    static SINK: RefCell<Option<Sink>> = const { RefCell::new(None) };
}

/// Tells a text to the follower of this job's session (`Follower::on_told`). Outside a job nothing happens.
///
/// Under `fork` this allocates nothing, so that the programs of a run find the same memory whether somebody listens or not.
pub fn tell(text: &str) {
    SINK.with_borrow_mut(|sink| sink.iter_mut().for_each(|sink| sink(text)));
}

/// Does a job whose texts go to this sink.
pub(super) fn telling<T>(sink: Sink, job: impl FnOnce() -> T) -> T {
    SINK.set(Some(sink));
    let done = job();
    SINK.set(None);
    done
}
