//! The face of isolation: a pool, the session it opens, and what becomes of a job. How a job is executed is the business of
//! `threads` and `zygote`.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::threads;
#[cfg(target_os = "linux")]
use super::zygote;

/// How jobs are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// A fresh thread per job.
    Thread,
    /// A fresh process per job, forked from a zygote. Linux only.
    Fork,
}

impl Isolation {
    /// `Fork` where foreign code runs and the system can, else `Thread`.
    pub fn default_for(has_programs: bool) -> Self {
        if has_programs && cfg!(target_os = "linux") { Isolation::Fork } else { Isolation::Thread }
    }
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome<O> {
    /// It returned.
    Done(O),
    /// It panicked.
    Panicked {
        /// What the panic said, and where if that is known.
        message: String,
    },
    /// Its process ended before it returned.
    Died {
        /// `exit code 3`, `signal 6`.
        how: String,
        /// The end of what it wrote to stdout and stderr.
        output: String,
    },
    /// It was still running when its wall-clock time was over. Depends on the machine: never deterministic.
    Stuck {
        /// The time it was given, in seconds.
        wall_s: u64,
    },
}

/// What is done with an input.
pub type Work<'a, I, O> = dyn Fn(&I) -> O + Sync + 'a;

/// Takes the outcomes in the order of the inputs, each with its index; `Break` ends the sweep.
pub type OnResult<'a, O> = dyn FnMut(usize, Outcome<O>) -> ControlFlow<()> + 'a;

/// How jobs are executed.
#[derive(Clone, Debug)]
pub struct Pool {
    /// How they are kept apart.
    pub isolation: Isolation,
    /// How many are executed at once; 0 counts as 1.
    pub jobs: usize,
    /// Wall-clock time after which a forked job counts as stuck.
    pub stuck_after: Duration,
}

impl Pool {
    /// A pool whose jobs are stuck after a minute.
    pub fn new(isolation: Isolation, jobs: usize) -> Self {
        Pool { isolation, jobs, stuck_after: Duration::from_secs(60) }
    }

    /// Makes everything ready for jobs that do `work`. In a zygote this never returns.
    ///
    /// `warm_up` is executed once in the zygote before it forks, so that lazily made tables are made once; a job that does not
    /// return is left out. What it leaves in statics is what every job starts with: give one that does not depend on
    /// the seed or the plan, or a replay starts from other statics than the sweep did.
    ///
    /// Fails if the zygote ends or goes elsewhere before it serves; the error carries its last output.
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
            Isolation::Thread => Place::Threads { jobs: self.jobs },
            #[cfg(target_os = "linux")]
            Isolation::Fork if zygote::is_inside_job() => Place::Threads { jobs: self.jobs },
            #[cfg(target_os = "linux")]
            Isolation::Fork => Place::Zygote(zygote::open(self, warm_up, work)?),
            #[cfg(not(target_os = "linux"))]
            Isolation::Fork => {
                let _ = warm_up;
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "isolation fork needs Linux; use thread",
                ));
            }
        };
        Ok(Session { work, place })
    }
}

/// A place where jobs of one kind are executed; dropping it ends its processes.
pub struct Session<'w, I, O> {
    work: &'w Work<'w, I, O>,
    place: Place,
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
    /// Whether every job sees the same addresses: `fork`, where the system let us switch randomisation off. Without, hashers
    /// seeded by addresses differ from session to session.
    pub fn addresses_are_fixed(&self) -> bool {
        match &self.place {
            Place::Threads { .. } => false,
            #[cfg(target_os = "linux")]
            Place::Zygote(place) => place.addresses_are_fixed(),
        }
    }

    /// Executes the inputs and gives each outcome to `on_result`. After a `Break` no job is started, and those under way are awaited.
    pub fn run(&mut self, inputs: &[I], on_result: &mut OnResult<'_, O>) {
        match &mut self.place {
            Place::Threads { jobs } => threads::run(*jobs, inputs, self.work, on_result),
            #[cfg(target_os = "linux")]
            Place::Zygote(place) => place.run(inputs, on_result),
        }
    }
}
