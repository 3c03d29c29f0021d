//! The interface of isolation: a pool, the session that it opens, and the outcome of a job. `threads` and `zygote` execute jobs.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::drive::Follow;
use super::threads;
#[cfg(target_os = "linux")]
use super::zygote;

/// How jobs are isolated from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// A fresh thread per job.
    Thread,
    /// A fresh process per job, forked from a zygote. Linux only.
    Fork,
}

impl Isolation {
    /// `Fork` if programs run and the system is Linux, else `Thread`.
    pub fn default_for(has_programs: bool) -> Self {
        if has_programs && cfg!(target_os = "linux") { Isolation::Fork } else { Isolation::Thread }
    }
}

/// The outcome of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome<O> {
    /// It returned.
    Done(O),
    /// It panicked.
    Panicked {
        /// The message of the panic, and its place if that is known.
        message: String,
    },
    /// Its process ended before it returned.
    Died {
        /// `exit code 3`, `signal 6`.
        how: String,
        /// The end of what it wrote to stdout and stderr.
        output: String,
    },
    /// It still ran when its wall-clock time was over. This depends on the machine and is not deterministic.
    Stuck {
        /// That time, in seconds.
        wall_s: u64,
        /// What it did last, as far as it is known.
        words: String,
    },
    /// A program in it reads the clock for ever and never lets time pass.
    Looped {
        /// Which program, and where.
        words: String,
    },
}

/// The work on an input.
pub type Work<'a, I, O> = dyn Fn(&I) -> O + Sync + 'a;

/// Gets each outcome with the index of its input, in the order of the inputs. `Break` ends the sweep.
pub type OnResult<'a, O> = dyn FnMut(usize, Outcome<O>) -> ControlFlow<()> + 'a;

/// Who follows the jobs of a session, on the thread that runs it.
pub trait Follower<O> {
    /// Gets each outcome with the index of its input, in the order of the inputs. `Break` ends the sweep; the outcomes of jobs
    /// that run are lost.
    fn on_result(&mut self, n: usize, outcome: Outcome<O>) -> ControlFlow<()>;

    /// Gets a text that a job told ([`tell`](super::tell())), at once.
    fn on_told(&mut self, _n: usize, _text: String) {}

    /// Comes several times a second while jobs run. After a `Break` no job starts; the outcomes of those that run still come.
    fn on_wait(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The face of a follower for lanes.
struct Following<'f, O>(&'f mut dyn Follower<O>);

impl<O> Follow<Outcome<O>> for Following<'_, O> {
    fn answer(&mut self, n: usize, outcome: Outcome<O>) -> ControlFlow<()> {
        self.0.on_result(n, outcome)
    }

    fn told(&mut self, n: usize, text: String) {
        self.0.on_told(n, text);
    }

    fn look(&mut self) -> ControlFlow<()> {
        self.0.on_wait()
    }
}

/// A function that only gets the outcomes.
struct OnlyResults<'f, 'g, O>(&'f mut OnResult<'g, O>);

impl<O> Follower<O> for OnlyResults<'_, '_, O> {
    fn on_result(&mut self, n: usize, outcome: Outcome<O>) -> ControlFlow<()> {
        (self.0)(n, outcome)
    }
}

/// How to execute jobs.
#[derive(Clone, Debug)]
pub struct Pool {
    /// How to isolate them.
    pub isolation: Isolation,
    /// How many run at once; 0 counts as 1.
    pub jobs: usize,
    /// Wall-clock time after which a forked job counts as stuck.
    pub stuck_after: Duration,
    /// How many jobs may start beyond the one whose outcome is due. It bounds the outcomes that wait in memory.
    pub ahead: usize,
}

impl Pool {
    /// A pool whose jobs count as stuck after a minute.
    pub fn new(isolation: Isolation, jobs: usize) -> Self {
        // Our choice: 10,000 outcomes of some hundred bytes each, while the one that is due takes its minute.
        Pool { isolation, jobs, stuck_after: Duration::from_secs(60), ahead: 10_000 }
    }

    /// Opens a session for jobs that do `work`. In the session's zygote this never returns.
    ///
    /// The zygote executes `warm_up` once before it forks, so that lazy tables are made only once; it skips a warm-up that does
    /// not return. Every job starts with the statics that the warm-up leaves. So the warm-up must not depend on the seed or the
    /// plan, or a replay would start with other statics than the sweep.
    ///
    /// # Errors
    /// The zygote ended or did not reach this call. The error has its last output.
    pub fn open<'w, I, O>(
        &self,
        warm_up: Option<&I>,
        work: &'w Work<'w, I, O>,
    ) -> io::Result<Session<'w, I, O>>
    where
        I: Serialize + DeserializeOwned + Sync,
        O: Serialize + DeserializeOwned + Send,
    {
        let place = match self.isolation {
            Isolation::Thread => {
                threads::end_on_endless_loops();
                Place::Threads { jobs: self.jobs }
            }
            #[cfg(target_os = "linux")]
            Isolation::Fork if zygote::is_inside_job() => Place::Threads { jobs: self.jobs },
            #[cfg(target_os = "linux")]
            Isolation::Fork => Place::Zygote(zygote::open(self, warm_up, work)?),
            #[cfg(not(target_os = "linux"))]
            Isolation::Fork => {
                let _ = warm_up;
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "isolation fork needs Linux: use thread",
                ));
            }
        };
        Ok(Session { work, place, ahead: self.ahead })
    }
}

/// Executes jobs. Dropping it ends its processes.
pub struct Session<'w, I, O> {
    work: &'w Work<'w, I, O>,
    place: Place,
    ahead: usize,
}

enum Place {
    Threads {
        jobs: usize,
    },
    #[cfg(target_os = "linux")]
    Zygote(zygote::Place),
}

impl<I, O> Session<'_, I, O>
where
    I: Serialize + DeserializeOwned + Sync,
    O: Serialize + DeserializeOwned + Send,
{
    /// Whether every job sees the same addresses. It does under `fork`, if the system lets us switch randomisation off.
    /// Otherwise hashers that take addresses as seeds differ from session to session.
    pub fn addresses_are_fixed(&self) -> bool {
        match &self.place {
            Place::Threads { .. } => false,
            #[cfg(target_os = "linux")]
            Place::Zygote(place) => place.addresses_are_fixed(),
        }
    }

    /// Whether the session's warm-up was stuck for the whole time of a job.
    pub fn warm_up_was_stuck(&self) -> bool {
        match &self.place {
            Place::Threads { .. } => false,
            #[cfg(target_os = "linux")]
            Place::Zygote(place) => place.warm_up_was_stuck(),
        }
    }

    /// Executes a job for each input and passes its outcome to `on_result`. After a `Break` it starts no job, and waits for those
    /// that run.
    pub fn run(&mut self, inputs: &[I], on_result: &mut OnResult<'_, O>) {
        self.follow(inputs, &mut OnlyResults(on_result));
    }

    /// Executes a job for each input. The follower gets outcomes, and what jobs tell before.
    pub fn follow(&mut self, inputs: &[I], follower: &mut dyn Follower<O>) {
        let (ahead, follower) = (self.ahead, &mut Following(follower));
        match &mut self.place {
            Place::Threads { jobs } => threads::run(*jobs, ahead, inputs, self.work, follower),
            #[cfg(target_os = "linux")]
            Place::Zygote(place) => place.run(inputs, ahead, follower),
        }
    }
}
