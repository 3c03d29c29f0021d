//! One run: boot, setup, then safety while the faults rage, heal, and liveness in bounded time.

use super::Prepared;
use super::judge::Judge;
use super::world::{Halt, World, found};
use crate::cluster::{CHAOS, Cluster};
use crate::engine::{Fingerprint, Millis, SECOND, Time};
use crate::faults::{Injector, Unused};
use crate::hermetic;
use crate::oracles::{CONVERGED, ENDED, ESCAPED, Note, Violation};
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
    /// Why, in words: the setup did not converge, or a step of it failed.
    pub why: String,
    /// The record up to there.
    pub history: History,
}

/// Runs a scenario with a seed and a plan. Best on a fresh thread: see [`hermetic`].
pub fn run(prepared: &Prepared, seed: u64, plan: &Plan) -> Result<Run, Box<NoRun>> {
    let longest = SETUP_BUDGETS_MS.len() - 1;
    let mut shorter = (0..longest).map(|budget| run_from(prepared, seed, plan, budget));
    shorter.find(Result::is_ok).unwrap_or_else(|| run_from(prepared, seed, plan, longest))
}

/// Runs with a setup that begins by the budget with this index.
fn run_from(prepared: &Prepared, seed: u64, plan: &Plan, budget: usize) -> Result<Run, Box<NoRun>> {
    let start = Time::ZERO - SETUP_BUDGETS_MS[budget];
    let guard = hermetic::enter(seed, start.wall_ns());
    hermetic::set_zero(Time::ZERO.wall_ns());
    let played =
        on_stage(start, hermetic::set_now, async |stage| play(prepared, seed, plan, budget, stage).await);
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
) -> Result<Run, Box<NoRun>> {
    let scenario = &prepared.scenario;
    let origin = prepared.origin(budget);
    let cluster = Cluster::new(&origin.cluster, seed, prepared.programs.clone(), stage);
    let injector = Injector::new(plan, &scenario.namespace, seed);
    let judge = Judge::new(scenario, &prepared.checks, origin.known.clone());
    let mut world = World::new(scenario, cluster, injector, judge);
    if let Err(why) = setup(&mut world).await {
        if let Some(found) = world.clock_loop.take().or_else(|| world.judged_by(&[ESCAPED])) {
            return Ok(world.finish(seed, plan, Err(Halt::Found(found))));
        }
        return Err(Box::new(NoRun { why, history: world.cluster.into_history() }));
    }
    let mut verdict = safety_heal_liveness(&mut world, seed).await;
    if let (Ok(_), Some(check)) = (&verdict, &prepared.at_end) {
        verdict = world.at_end(check).await.and(verdict);
    }
    Ok(world.finish(seed, plan, verdict))
}

/// Applies the setup, without faults, and waits until it has converged; then lets time pass until t = 0.
async fn setup(world: &mut World<'_>) -> Result<(), String> {
    world.start_operators();
    world.judge.restart(world.cluster.now(), world.cluster.server(), false);
    let scenario = world.scenario;
    let failed = |halt: Halt| format!("setup did not converge: {}", halt.in_words());
    for step in &scenario.setup {
        world.step(step).await.map_err(failed)?;
    }
    world.converge(Time::ZERO, SETUP_SETTLE_MS).await.map_err(failed)?;
    world.pass_until(Time::ZERO).await.map_err(failed)
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
    world.converge(healed + scenario.converge.within_ms, scenario.converge.settle_ms).await?;
    let converged = world.judge.converged_since.unwrap_or(healed);
    world.converged = Some(converged);
    world.judged_by(CONVERGED).map_or(Ok(converged.since(healed)), found)
}

impl World<'_> {
    fn finish(mut self, seed: u64, plan: &Plan, verdict: Result<Millis, Halt>) -> Run {
        let (mut violation, converged_after_ms) = match verdict {
            Ok(after) => (None, Some(after)),
            Err(Halt::Found(violation)) => (Some(violation), None),
            Err(Halt::StepFailed(why)) => (Some(Violation::new(oracle::STEP, self.cluster.now(), why)), None),
        };
        violation = self.judged_by(ENDED).or(violation);
        let is_disabled = |found: &Violation| self.scenario.disable.iter().any(|d| d.oracle == found.oracle);
        violation = violation.filter(|found| !is_disabled(found));
        if let Some(violation) = &violation {
            self.cluster.note(CHAOS, What::Step(smol_str::format_smolstr!("violation {}", violation.oracle)));
        }
        let end = self.cluster.now();
        let (unused, notes) = (std::mem::take(&mut self.unused), std::mem::take(&mut self.notes));
        let history = self.cluster.into_history();
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
