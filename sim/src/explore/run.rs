//! One run: boot, setup, then safety while the faults rage, heal, and liveness in bounded time.

use std::ops::ControlFlow;

use super::Prepared;
use super::judge::Judge;
use super::liveness::Waiting;
use super::world::{Halt, World, found};
use crate::cluster::{CHAOS, Cluster};
use crate::engine::{Fingerprint, Millis, SECOND, Time};
use crate::faults::{Injector, Unused};
use crate::hermetic;
use crate::oracles::{CONVERGED, ENDED, Note, Violation};
use crate::programs::{Stage, on_stage};
use crate::scenario::{Plan, oracle};
use crate::wire::{History, What};

/// How long before t = 0 setup may begin, in ms, tried in turn: t = 0 is fixed, and how long setup takes is not known
/// before it is done. The last is the longest that setup may take.
pub(super) const SETUP_BUDGETS_MS: [Millis; 3] = [60 * SECOND, 300 * SECOND, 1800 * SECOND];

/// For how long setup must be quiet. Our choice: longer than controllers take to react, shorter than a settle window.
pub(super) const SETUP_SETTLE_MS: Millis = 30 * SECOND;

/// How long the fault phase waits for events that set off faults and steps, once ordered steps and timed faults are done. Our
/// choice: an event may need a crash-loop back-off first, which is 5 minutes at most.
const EVENTS_WAIT_MS: Millis = 300 * SECOND;

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The faults that were planned.
    pub plan: Plan,
    /// What was found; none if all held.
    pub violation: Option<Violation>,
    /// The record's hash.
    pub fingerprint: Fingerprint,
    /// The virtual time at the end.
    pub end: Time,
    /// How long after the faults healed the system was converged for good, in ms.
    pub converged_after_ms: Option<Millis>,
    /// Faults and triggered steps that came to nothing.
    pub unused: Vec<Unused>,
    /// What else to know of it.
    pub notes: Vec<Note>,
    /// The record.
    pub history: History,
}

/// Why there was no run.
#[derive(Debug)]
pub struct NoRun {
    /// Why, in words: the programs that kept ending, and what did not converge or which step failed.
    pub why: String,
    /// The record up to there.
    pub history: History,
}

/// Sees a run while it goes: gets the record so far, after each step of the cluster. The number counts attempts from 0: a setup that
/// does not converge in its time is tried again from the beginning with a longer one. `Break` ends the run there; what it came
/// to then means nothing.
pub type Watch<'w> = dyn FnMut(usize, &History) -> ControlFlow<()> + 'w;

/// Runs a scenario with a seed and a plan. Best on a fresh thread: see [`hermetic`].
pub fn run(prepared: &Prepared, seed: u64, plan: &Plan) -> Result<Run, Box<NoRun>> {
    run_watched(prepared, seed, plan, None)
}

/// Like [`run()`], with somebody who watches. What a watcher does changes nothing in the run, unless it ends it.
pub fn run_watched(
    prepared: &Prepared,
    seed: u64,
    plan: &Plan,
    mut watch: Option<&mut Watch<'_>>,
) -> Result<Run, Box<NoRun>> {
    let longest = SETUP_BUDGETS_MS.len() - 1;
    for budget in 0..longest {
        let ran = run_from(prepared, seed, plan, budget, reborrowed(&mut watch));
        if ran.is_ok() {
            return ran;
        }
    }
    run_from(prepared, seed, plan, longest, watch)
}

fn reborrowed<'a>(watch: &'a mut Option<&mut Watch<'_>>) -> Option<&'a mut Watch<'a>> {
    match watch {
        Some(watch) => Some(&mut **watch),
        None => None,
    }
}

/// Runs with a setup that begins by the budget with this index.
fn run_from(
    prepared: &Prepared,
    seed: u64,
    plan: &Plan,
    budget: usize,
    watch: Option<&mut Watch<'_>>,
) -> Result<Run, Box<NoRun>> {
    let start = Time::ZERO - SETUP_BUDGETS_MS[budget];
    let guard = hermetic::enter(seed, start.wall_ns());
    let played = on_stage(start, hermetic::set_now, async |stage| {
        play(prepared, seed, plan, budget, stage, watch).await
    });
    drop(guard);
    played.unwrap_or_else(|error| {
        let why = format!("the runtime cannot be built: {error}");
        Err(Box::new(NoRun { why, history: History::default() }))
    })
}

async fn play(
    prepared: &Prepared,
    seed: u64,
    plan: &Plan,
    budget: usize,
    stage: Stage,
    watch: Option<&mut Watch<'_>>,
) -> Result<Run, Box<NoRun>> {
    let scenario = &prepared.scenario;
    let origin = prepared.origin(budget);
    let cluster = Cluster::new(&origin.cluster, seed, prepared.programs.clone(), stage);
    let injector = Injector::new(plan, &scenario.namespace, seed);
    let judge = Judge::new(scenario, &prepared.checks, origin.known.clone());
    let mut world = World::new(scenario, cluster, injector, judge);
    if let Some(watch) = watch {
        world.watched_by(budget, watch);
    }
    if let Err(halt) = setup(&mut world).await {
        return world.failed_setup(seed, plan, halt);
    }
    let mut verdict = safety_heal_liveness(&mut world, seed).await;
    if let (Ok(_), Some(check)) = (&verdict, &prepared.at_end) {
        verdict = world.at_end(check).await.and(verdict);
    }
    Ok(world.finish(seed, plan, verdict))
}

/// Applies the setup, without faults, and waits until it has converged; then lets time pass until t = 0.
async fn setup(world: &mut World<'_>) -> Result<(), Halt> {
    world.start_operators();
    world.judge.restart(world.cluster.now(), world.cluster.server(), false);
    let scenario = world.scenario;
    for step in &scenario.setup {
        world.step(step).await?;
    }
    world.converge(Waiting::Setup, Time::ZERO, SETUP_SETTLE_MS).await?;
    world.pass_until(Time::ZERO).await
}

/// Safety while the faults rage, then heal, then liveness in bounded time: the system must converge after healing and
/// stay converged. Returns how long after healing it was converged for good, in ms.
async fn safety_heal_liveness(world: &mut World<'_>, seed: u64) -> Result<Millis, Halt> {
    let scenario = world.scenario;
    // Safety: whatever happens, `always` holds.
    world.arm(seed);
    for step in scenario.steps.iter().filter(|step| step.when.is_none()) {
        world.step(step).await?;
    }
    world.pass_until(world.last_timed()).await?;
    let deadline = world.cluster.now() + EVENTS_WAIT_MS;
    let is_over =
        |world: &World<'_>| world.triggered.is_over() && world.injector.is_over(world.cluster.now());
    world.pass_while(deadline, |world| !is_over(world)).await?;
    if let Some(end) = world.injector.lasts_until() {
        world.pass_until(end).await?;
    }
    // Heal: all faults end, all crashed programs run.
    world.heal();
    let deadline = world.cluster.now() + scenario.converge.within_ms;
    world.pass_while(deadline, |world| !world.cluster.all_programs_run()).await?;
    // Liveness: the system converges in time, and stays converged.
    let healed = world.judge_from_here();
    let deadline = healed + scenario.converge.within_ms;
    world.converge(Waiting::Healed, deadline, scenario.converge.settle_ms).await?;
    let converged = world.judge.converged_since.unwrap_or(healed);
    world.converged = Some(converged);
    world.judged_by(CONVERGED).map_or(Ok(converged.since(healed)), found)
}

impl World<'_> {
    /// What a run came to whose setup did not. A violation speaks first: it needs no more time, and often is the cause.
    fn failed_setup(mut self, seed: u64, plan: &Plan, halt: Halt) -> Result<Run, Box<NoRun>> {
        let found = match &halt {
            Halt::Found(violation) if !self.is_disabled(violation.oracle) => Some(violation.clone()),
            _ => self.judged_by(ENDED),
        };
        if let Some(violation) = found {
            return Ok(self.finish(seed, plan, Err(Halt::Found(violation))));
        }
        let mut causes = self.failing(self.began);
        causes.extend(self.absent_kinds().map(|note| note.text));
        causes.push(halt.in_words());
        let why = format!("setup did not converge: {}", causes.join("; "));
        Err(Box::new(NoRun { why, history: self.into_history() }))
    }

    fn finish(mut self, seed: u64, plan: &Plan, verdict: Result<Millis, Halt>) -> Run {
        let (mut violation, converged_after_ms) = match verdict {
            Ok(after) => (None, Some(after)),
            Err(Halt::Found(violation) | Halt::NotConverged(violation)) => (Some(violation), None),
            Err(Halt::StepFailed(why)) => (Some(Violation::new(oracle::STEP, self.cluster.now(), why)), None),
        };
        violation = self.judged_by(ENDED).or(violation);
        violation = violation.filter(|found| !self.is_disabled(found.oracle));
        if let Some(violation) = &violation {
            self.cluster.note(CHAOS, What::Step(smol_str::format_smolstr!("violation {}", violation.oracle)));
        }
        let end = self.cluster.now();
        self.note_at_end();
        let (unused, notes) = (std::mem::take(&mut self.unused), std::mem::take(&mut self.notes));
        let history = self.into_history();
        let fingerprint = history.record.fingerprint();
        Run {
            seed,
            plan: plan.clone(),
            violation,
            fingerprint,
            end,
            converged_after_ms,
            unused,
            notes,
            history,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::tests::scenario;

    #[test]
    fn who_watches_a_run_sees_it_grow_changes_nothing_and_may_end_it() {
        let prepared = Prepared::new(scenario(), &[]).unwrap();
        let untold = run(&prepared, 1, &Plan::default()).unwrap();
        let mut lengths = Vec::new();
        let mut watch = |attempt: usize, history: &History| {
            assert_eq!(attempt, 0);
            lengths.push(history.record.entries().len());
            ControlFlow::Continue(())
        };
        let watched = run_watched(&prepared, 1, &Plan::default(), Some(&mut watch)).unwrap();
        assert_eq!(watched.fingerprint, untold.fingerprint);
        assert!(lengths.is_sorted() && lengths.first() < lengths.last(), "{lengths:?}");
        let mut calls = 0;
        let mut soon = |_: usize, _: &History| {
            calls += 1;
            if calls > 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let ended = run_watched(&prepared, 1, &Plan::default(), Some(&mut soon)).unwrap_err();
        assert!(ended.history.record.entries().len() < watched.history.record.entries().len());
    }
}
