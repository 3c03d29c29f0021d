//! A run in motion: the cluster, the faults and the judge, advanced together.

use super::judge::Judge;
use super::run::Watch;
use super::triggered::{FIRST_TOKEN, Triggered};
use crate::cluster::{Cluster, Stepped, USER};
use crate::engine::Time;
use crate::faults::{Injector, Unused};
use crate::hermetic::{self, Escape, Panic};
use crate::object::Str;
use crate::oracles::{self, ESCAPED, Loops, Note, Observed, REQUESTS_AT_ONCE, RecordJudge, Violation};
use crate::programs::{HostSpec, Program};
use crate::scenario::{OracleInfo, Scenario, oracle};
use crate::wire::{Addr, Answer, History, NoFaults, Request, What};

/// Wake-ups that nobody waits for by name: time has to pass.
pub(super) const PASSING: u64 = u64::MAX;

/// Why a run ends before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something was found.
    Found(Violation),
    /// The system has not converged in time.
    NotConverged(Violation),
    /// A step of the scenario could not be done.
    StepFailed(String),
}

impl Halt {
    pub(super) fn in_words(self) -> String {
        match self {
            Self::Found(violation) | Self::NotConverged(violation) => violation.message,
            Self::StepFailed(why) => why,
        }
    }
}

/// The run ends with this violation.
pub(super) fn found<T>(violation: Violation) -> Result<T, Halt> {
    Err(Halt::Found(violation))
}

#[derive(derive_more::Debug)]
pub(super) struct World<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) cluster: Cluster,
    pub(super) injector: Injector,
    pub(super) judge: Judge<'s>,
    pub(super) triggered: Triggered,
    /// Faults and steps whose event never came.
    pub(super) unused: Vec<Unused>,
    /// What else to know of the run.
    pub(super) notes: Vec<Note>,
    /// When setup began.
    pub(super) began: Time,
    /// When all faults had healed and all programs ran again.
    pub(super) healed: Option<Time>,
    /// Since when the system was converged for good.
    pub(super) converged: Option<Time>,
    panics: Vec<Panic>,
    escapes: Vec<(Time, Escape)>,
    /// How many entries of the record have been taken in.
    seen: usize,
    /// Whether setup is over.
    pub(super) judging: bool,
    armed: bool,
    /// Answers to hosts at the current instant.
    burst: (Time, u32),
    /// Who sees the record grow, and which attempt this is.
    #[debug(skip)]
    watch: Option<(usize, &'s mut Watch<'s>)>,
    /// Whether a program may run: else nobody asks what programs do, at each event.
    runs_programs: bool,
    /// Looks for hot loops until a fault strikes; none where no program runs.
    loops: Option<Loops>,
}

impl<'s> World<'s> {
    pub(super) fn new(
        scenario: &'s Scenario,
        cluster: Cluster,
        injector: Injector,
        judge: Judge<'s>,
    ) -> Self {
        let (burst, seen) = ((cluster.now(), 0), cluster.history().record.entries().len());
        Self {
            scenario,
            cluster,
            injector,
            judge,
            triggered: Triggered::default(),
            unused: Vec::new(),
            notes: Vec::new(),
            began: burst.0,
            healed: None,
            converged: None,
            panics: Vec::new(),
            escapes: Vec::new(),
            seen,
            judging: false,
            armed: false,
            burst,
            watch: None,
            runs_programs: false,
            loops: None,
        }
    }

    pub(super) fn watched_by(&mut self, attempt: usize, watch: &'s mut Watch<'s>) {
        self.watch = Some((attempt, watch));
    }

    pub(super) fn start_operators(&mut self) {
        let scenario = self.scenario;
        let in_pods = || scenario.images.iter().any(|image| image.program.is_some());
        self.runs_programs = !scenario.operators.is_empty() || in_pods();
        self.loops =
            (self.runs_programs && !self.is_disabled(oracle::HOT_LOOP)).then(|| Loops::new(self.began));
        for operator in &self.scenario.operators {
            let Some(program) = self.cluster.program(&operator.program).cloned() else { continue };
            for replica in 0..operator.replicas {
                let name = match operator.replicas {
                    1 => operator.name.clone(),
                    _ => format!("{}-{replica}", operator.name),
                };
                let spec = HostSpec {
                    program: program.clone(),
                    identity: name.as_str().into(),
                    name: name.into(),
                    env: crate::cluster::with_env(&operator.with),
                };
                self.cluster.add_host(spec, 0);
            }
        }
    }

    /// Moves by one event.
    pub(super) async fn advance(&mut self) -> Result<(), Halt> {
        let stepped = if self.armed || self.judging && self.injector.notes_requests() {
            self.cluster.step(&mut self.injector).await
        } else {
            self.cluster.step(&mut NoFaults).await
        };
        if self.runs_programs {
            self.take_output();
        }
        self.take_in()?;
        if self.runs_programs {
            self.judge_decisions()?;
        }
        if self.armed {
            self.injector.strike_due(&mut self.cluster);
        }
        if let Stepped::Woke(token) = stepped
            && (FIRST_TOKEN..PASSING).contains(&token)
        {
            self.triggered.due.push_back(usize::try_from(token - FIRST_TOKEN).unwrap_or(usize::MAX));
        }
        if self.armed && !self.triggered.is_over() {
            self.do_due_steps().await?;
        }
        match stepped {
            Stepped::Woke(PASSING) => {
                self.judge.on_time(self.cluster.now(), self.cluster.server()).map_or(Ok(()), found)
            }
            Stepped::Woke(token) if self.armed && token < FIRST_TOKEN => {
                self.injector.strike(usize::try_from(token).unwrap_or(usize::MAX), &mut self.cluster);
                Ok(())
            }
            Stepped::Event | Stepped::Woke(_) => Ok(()),
            Stepped::Idle => Err(Halt::StepFailed("nothing is left to happen in the cluster".into())),
            Stepped::Spinning => found(oracles::spinning(self.cluster.now())),
        }
    }

    /// Judges the checks that are about requests which hosts have just sent.
    fn judge_decisions(&mut self) -> Result<(), Halt> {
        let (now, server) = (self.cluster.now(), self.cluster.server());
        let mut sent = self.injector.take_decisions().into_iter();
        sent.find_map(|at| self.judge.at_request(&at, now, server)).map_or(Ok(()), found)
    }

    /// Takes in what programs have written since the last call.
    fn take_output(&mut self) {
        for line in hermetic::take_output() {
            self.cluster.log(Time::at_wall_ns(line.wall_ns), line.host.map(Addr), line.text);
        }
    }

    /// The record, when the run is over.
    pub(super) fn into_history(mut self) -> History {
        hermetic::end_lines();
        self.take_output();
        self.cluster.into_history()
    }

    /// Takes in what programs have reached for outside the run since the last call. Whether that was anything.
    fn take_reaches(&mut self) -> Result<bool, Halt> {
        let now = self.cluster.now();
        if let Some(clock_loop) = hermetic::take_clock_loop() {
            return found(oracles::reading_clocks(now, &clock_loop));
        }
        let escapes = hermetic::take_escapes();
        let escaped = !escapes.is_empty();
        // Where the oracle is disabled, a program may try for ever.
        if self.escapes.is_empty() {
            self.escapes.extend(escapes.into_iter().map(|escape| (now, escape)));
        }
        Ok(escaped)
    }

    /// Takes in what was recorded since the last call.
    fn take_in(&mut self) -> Result<(), Halt> {
        if let Some((attempt, watch)) = &mut self.watch
            && watch(*attempt, self.cluster.history()).is_break()
        {
            return Err(Halt::StepFailed("who watches the run has ended it".into()));
        }
        let mut escaped = self.runs_programs && self.take_reaches()?;
        while let Some(entry) = self.cluster.history().record.entries().get(self.seen) {
            self.seen += 1;
            let now = entry.time;
            if let Some(loops) = &mut self.loops {
                loops.on_entry(entry, self.cluster.history()).map_or(Ok(()), found)?;
            }
            match &entry.what {
                What::Commit(commit) => {
                    let commit = commit.clone();
                    self.injector.learn(&commit);
                    let broken = self.judge.on_commit(now, &commit, self.cluster.server(), self.judging);
                    broken.map_or(Ok(()), found)?;
                    if let Some(end) = self.judge.grace_ends() {
                        self.cluster.wake_at(end, PASSING);
                    }
                }
                What::Host(text) => {
                    escaped |= oracles::seeks_cluster(text);
                    self.injector.learn_hosts(&self.cluster);
                    self.judge.unconverge(now);
                    self.judge.programs_run = self.cluster.all_programs_run();
                    self.judge.refresh(now, self.cluster.server(), self.judging);
                }
                What::Answered { .. } => {
                    let count = if self.burst.0 == now { self.burst.1 + 1 } else { 1 };
                    self.burst = (now, count);
                    if count > REQUESTS_AT_ONCE {
                        return found(oracles::spinning(now));
                    }
                }
                What::Fault(_) => self.loops = None,
                _ => {}
            }
        }
        if escaped { self.judged_by(&[ESCAPED]).map_or(Ok(()), found) } else { Ok(()) }
    }

    pub(super) async fn pass_until(&mut self, time: Time) -> Result<(), Halt> {
        self.pass_while(time, |_| true).await
    }

    /// Lets time pass while `goes_on`, but not past `limit`.
    pub(super) async fn pass_while(
        &mut self,
        limit: Time,
        goes_on: impl Fn(&Self) -> bool,
    ) -> Result<(), Halt> {
        let goes_on = |world: &Self| world.cluster.now() < limit && goes_on(world);
        if goes_on(self) {
            self.cluster.wake_at(limit, PASSING);
        }
        while goes_on(self) {
            self.advance().await?;
        }
        Ok(())
    }

    /// Sends a request as the user and waits for the answer.
    pub(super) async fn ask(&mut self, request: Request) -> Result<Answer, Halt> {
        let id = self.cluster.ask(USER, request);
        loop {
            if let Some(answer) = self.cluster.take_answer(USER, id) {
                return Ok(answer);
            }
            self.advance().await?;
        }
    }

    /// Runs a program to its end; what it says then is judged.
    pub(super) async fn at_end(&mut self, program: &Program) -> Result<(), Halt> {
        let name: Str = program.name().into();
        let spec = HostSpec { program: program.clone(), name: name.clone(), identity: name, env: Vec::new() };
        self.runs_programs = true;
        self.loops = None; // it may write what it likes
        let (addr, from) = (self.cluster.add_host(spec, 0), self.seen);
        loop {
            self.advance().await?;
            let mut entries = self.cluster.history().record.entries()[from..].iter();
            let ended = entries.find_map(|entry| match &entry.what {
                What::Host(text) if entry.actor == addr && !text.starts_with("started") => Some(text.clone()),
                _ => None,
            });
            match ended.as_deref() {
                None => {}
                Some("exited") => return Ok(()),
                Some(why) => return found(Violation::new(oracle::AT_END, self.cluster.now(), why)),
            }
        }
    }

    /// From here on faults may strike and what must always hold is judged.
    pub(super) fn arm(&mut self, seed: u64) {
        (self.armed, self.judging) = (true, true);
        self.injector.learn_hosts(&self.cluster);
        for (index, ms) in self.injector.timed() {
            self.cluster.wake_at(Time::ZERO + ms, index as u64);
        }
        self.arm_steps(seed);
        for (check, event) in self.judge.events() {
            self.injector.judge_at(check, event.clone());
        }
        self.judge.restart(self.cluster.now(), self.cluster.server(), true);
    }

    /// When the last fault strikes, or the last step is done, that waits for a time.
    pub(super) fn last_timed(&self) -> Time {
        let faults = self.injector.timed().map(|(_, ms)| Time::ZERO + ms + 1);
        faults.chain(self.triggered.last_timed().map(|time| time + 1)).max().unwrap_or(Time::ZERO)
    }

    pub(super) fn heal(&mut self) {
        self.unused = self.injector.heal(&mut self.cluster);
        let steps = self.disarm_steps();
        self.unused.extend(steps.into_iter().map(Unused::never));
        self.armed = false;
    }

    /// Healing is over: judges convergence from now on.
    pub(super) fn judge_from_here(&mut self) -> Time {
        let now = self.cluster.now();
        self.healed = Some(now);
        self.judge.restart(now, self.cluster.server(), true);
        now
    }

    /// Whether the scenario switches this oracle off.
    pub(super) fn is_disabled(&self, oracle: &OracleInfo) -> bool {
        self.scenario.disable.iter().any(|disabled| disabled.oracle == oracle)
    }

    /// What judges of the record find in what has happened so far. A disabled one is not asked, so that it hides no other.
    pub(super) fn judged_by(&mut self, judges: &[RecordJudge]) -> Option<Violation> {
        self.panics.extend(hermetic::take_panics());
        let asked = judges.iter().filter(|(oracle, _)| !self.is_disabled(oracle));
        self.observed().judged_by(asked)
    }

    /// The run up to now, as judges of the record see it.
    pub(super) fn observed(&self) -> Observed<'_> {
        Observed {
            history: self.cluster.history(),
            healed: self.healed,
            converged: self.converged,
            panics: &self.panics,
            escapes: &self.escapes,
            converge: Some(&self.scenario.converge),
        }
    }
}
