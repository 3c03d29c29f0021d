//! Isolation `fork`: a zygote forks a process for each job, so that all jobs start with the same memory.
//!
//! ```text
//! driver ── exec ──> zygote ── fork ──> server, one per lane ── fork ──> job, one per input
//! ```
//! - The driver (`driver`) starts its own program again, with `WAVETANK_ZYGOTE` in the environment and without address
//!   randomisation. The new process, the zygote, inherits a socket and an output file for each lane.
//! - The zygote (`serve`) executes the same calls of `Pool::open`. It replays the earlier sessions with the outcomes that the
//!   driver got. In its own session it warms up, forks a server for each lane and waits until they end.
//! - A server forks a job for each input and waits for it. It allocates nothing between jobs, so that all start with equal memory.
//! - A job reads its input from the lane, does the work on a fresh thread, writes its answer to the lane and ends.
//!
//! The messages on a lane (`lane`):
//! 1. When it is ready, the server sends the driver a byte.
//! 2. For each job, the driver sends the server the byte `go` and the job its input. The job sends the driver what it tells, and
//!    its answer, if it has one, or its last words. Then the server sends the driver the exit status of the job's process.
//!
//! If a program ends the process of a job by `exit` or `abort`, the job sends its last message of that. The driver does the job
//! again with what it has learned (`exits`).
//!
//! The interval timer of a job is its watchdog. Before it ends the job, the job says what it did last (`last_words`). The kernel kills each of these processes when its parent ends.

mod driver;
mod exits;
mod lane;
mod last_words;
mod serve;

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::drive::Follow;
use super::history::Answers;
use super::{Outcome, Pool, Work, sys};

pub(crate) use serve::is_inside_job;

/// What the driver tells the zygote: `PID:FD,FD,..`, its own process, then the socket and the output file of each lane.
const VARIABLE: &str = "WAVETANK_ZYGOTE";

/// The side of a session on which this process is.
pub(super) enum Place {
    Driver(driver::Driver),
    /// A zygote that replays an earlier session.
    Replay(Answers),
}

/// In a driver, starts a zygote. In a zygote, serves its own session and replays earlier ones.
pub(super) fn open<I, O>(pool: &Pool, warm_up: Option<&I>, work: &Work<'_, I, O>) -> io::Result<Place>
where
    I: DeserializeOwned + Sync,
    O: Serialize + Send,
{
    match serve::caller()? {
        serve::Caller::Driver => driver::Driver::start(pool).map(Place::Driver),
        serve::Caller::Earlier(answers) => Ok(Place::Replay(answers)),
        serve::Caller::Zygote(lanes) => serve::serve(lanes, pool.stuck_after, warm_up, work),
    }
}

impl Place {
    pub(super) fn addresses_are_fixed(&self) -> bool {
        match self {
            Place::Driver(driver) => driver.addresses_are_fixed(),
            // The driver started the zygotes of all sessions in the same way.
            Place::Replay(_) => sys::addresses_are_fixed(),
        }
    }

    pub(super) fn warm_up_was_stuck(&self) -> bool {
        match self {
            Place::Driver(driver) => driver.warm_up_was_stuck(),
            // The outcomes that the driver got say how far it went.
            Place::Replay(_) => false,
        }
    }

    pub(super) fn run<I, O>(&mut self, inputs: &[I], ahead: usize, follower: &mut dyn Follow<Outcome<O>>)
    where
        I: Serialize + Sync,
        O: Serialize + DeserializeOwned + Send,
    {
        match self {
            Place::Driver(driver) => driver.run(inputs, ahead, follower),
            Place::Replay(answers) => replay(answers, follower),
        }
    }
}

fn replay<O: DeserializeOwned>(answers: &mut Answers, follower: &mut dyn Follow<Outcome<O>>) {
    let run = answers.next_run().expect("a zygote makes the same calls as its driver");
    for (n, json) in run.iter().enumerate() {
        let outcome: Outcome<O> = serde_json::from_str(json).expect("we can read the outcomes that we wrote");
        if follower.answer(n, outcome).is_break() {
            return;
        }
    }
}
