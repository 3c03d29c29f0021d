//! Isolation `fork`: jobs in processes that a zygote forks, so that each starts from the same memory.
//!
//! ```text
//! driver ── exec ──> zygote ── fork ──> server, one per lane ── fork ──> job, one per input
//! ```
//! - The driver (`driver`) starts itself again with `WAVETANK_ZYGOTE` in the environment, address randomisation off, and one
//!   socket and one output file per lane inherited.
//! - The zygote (`serve`) comes by the same calls of `Pool::open`. It walks past the earlier ones with the answers that the
//!   driver got there, warms up at its own, forks a server per lane and waits for their end.
//! - A server forks a job per input and waits for it. It allocates nothing in between, so that all jobs start from equal memory.
//! - A job reads its input from the lane, does the work on a fresh thread, writes its answer to the lane and ends.
//!
//! On a lane (`lane`): server to driver one byte when ready; then per job, driver to server one byte `go`, driver to job the input, job to
//! driver the answer if there is one, server to driver how the job's process ended. A job's watchdog is its own interval timer.
//! Every process is killed when its parent ends.

mod driver;
mod lane;
mod serve;

use std::io;
use std::ops::ControlFlow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::history::Answers;
use super::{OnResult, Outcome, Pool, Work, sys};

pub(super) use serve::is_inside_job;

/// Driver to zygote: `PID:FD,FD,..`, the driver's process and per lane the socket and the output file.
const VARIABLE: &str = "WAVETANK_ZYGOTE";

/// Where the jobs of a session go.
pub(super) enum Place {
    Driver(driver::Driver),
    /// In a zygote on its way to a later session.
    WalkingPast(Answers),
}

/// In a driver, starts a zygote; in a zygote, serves if this is the session it is for.
pub(super) fn open<I, O>(pool: &Pool, warm_up: Option<&I>, work: &Work<'_, I, O>) -> io::Result<Place>
where
    I: DeserializeOwned + Sync,
    O: Serialize + Send,
{
    match serve::arrive()? {
        serve::Arrival::Driver => driver::Driver::start(pool).map(Place::Driver),
        serve::Arrival::Earlier(answers) => Ok(Place::WalkingPast(answers)),
        serve::Arrival::Ours(lanes) => serve::serve(lanes, pool.stuck_after, warm_up, work),
    }
}

impl Place {
    pub(super) fn addresses_are_fixed(&self) -> bool {
        match self {
            Place::Driver(driver) => driver.addresses_are_fixed(),
            // The earlier session's zygote was started as this one was.
            Place::WalkingPast(_) => sys::addresses_are_fixed(),
        }
    }

    pub(super) fn run<I, O>(&mut self, inputs: &[I], on_result: &mut OnResult<'_, O>)
    where
        I: Serialize + Sync,
        O: Serialize + DeserializeOwned + Send,
    {
        match self {
            Place::Driver(driver) => driver.run(inputs, on_result),
            Place::WalkingPast(answers) => walk_past(answers, on_result),
        }
    }
}

fn walk_past<O: DeserializeOwned>(answers: &mut Answers, on_result: &mut OnResult<'_, O>) {
    let run = answers.next_run().expect("a zygote makes the calls its driver made before");
    for (n, json) in run.iter().enumerate() {
        let outcome: Outcome<O> = serde_json::from_str(json).expect("an outcome we wrote is one we can read");
        if let ControlFlow::Break(()) = on_result(n, outcome) {
            return;
        }
    }
}
