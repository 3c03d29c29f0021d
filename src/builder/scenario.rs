//! The builder of scenarios, which also runs them.

use std::future::Future;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use wavetank_sim::explore::{self, Prepared, draw_plan};
use wavetank_sim::object::Object;
use wavetank_sim::programs::{self, Host};
use wavetank_sim::scenario::oracle::{self, OracleInfo, Use};
use wavetank_sim::scenario::{
    self, Action, Check, Disabled, Expectation, MayBePending, Modality, Plan, RustCheck, Step, Var, View,
    When,
};

use super::cluster::object;
use super::faults::Fault;
use super::{Image, Nodes, Program, Run, Times};
use crate::harness::Tested;
use crate::isolate::{Isolation, Pool};
use crate::scenario::format::{check_objects, check_step};
use crate::scenario::{BadScenario, load, manifests, manifests_of};
use crate::sweep::{Job, tell_exits, warm_up, work};

/// A scenario built in code, or read from a file.
#[derive(Clone, Debug)]
#[must_use = "a scenario does nothing until you run it"]
pub struct Scenario {
    inner: scenario::Scenario,
    programs: Vec<programs::Program>,
    at_end: Option<programs::Program>,
    /// What is wrong with the calls so far. A run reports it.
    problems: Vec<String>,
    nodes_given: bool,
    strict: bool,
}

impl Scenario {
    /// A booted cluster of three nodes in which nothing happens, with 200 seeds.
    pub fn new(name: &str) -> Self {
        Self::from(scenario::Scenario::new(name))
    }

    /// The scenario of a file that names no programs. [`operator`](Self::operator) and [`image`](Self::image) add some.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, BadScenario> {
        load(path.as_ref(), &[]).map(Self::from)
    }

    /// A pool of nodes; the first one replaces the default three.
    pub fn nodes(mut self, nodes: Nodes) -> Self {
        if !std::mem::replace(&mut self.nodes_given, true) {
            self.inner.cluster.node_pools.clear();
        }
        self.inner.cluster.node_pools.push(nodes.0);
        self
    }

    /// The namespace for objects that name none.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.inner.namespace = namespace.into();
        self
    }

    /// Applies a CRD in setup.
    pub fn crd(self, crd: impl Serialize) -> Self {
        self.apply(crd)
    }

    /// Applies an object in setup.
    pub fn apply(mut self, value: impl Serialize) -> Self {
        match object(&value) {
            Ok(object) => self.setup(vec![object]),
            Err(why) => {
                self.problems.push(why);
                self
            }
        }
    }

    /// Applies manifests in setup: a file, or the files of a folder, sorted by name.
    pub fn apply_path(mut self, path: impl AsRef<Path>) -> Self {
        match manifests(path.as_ref(), &mut self.inner.places) {
            Ok(objects) => self.setup(objects),
            Err(why) => {
                self.problems.push(why.to_string());
                self
            }
        }
    }

    /// Applies manifests in setup, from their text.
    pub fn apply_yaml(mut self, text: &str) -> Self {
        match manifests_of(text) {
            Ok(objects) => self.setup(objects),
            Err(why) => {
                self.problems.push(why.to_string());
                self
            }
        }
    }

    fn setup(mut self, objects: Vec<Arc<Object>>) -> Self {
        let step = Step::new(Action::Apply(objects));
        self.check_step(&step);
        self.inner.setup.push(step);
        self
    }

    /// Runs a program beside the cluster.
    pub fn operator(mut self, program: Program) -> Self {
        self.inner.operators.push(program.spec);
        self.programs.push(program.program);
        self
    }

    /// How the containers of some images behave. The first rule that matches an image wins.
    pub fn image(mut self, image: Image) -> Self {
        self.programs.extend(image.program);
        self.inner.images.push(image.rule);
        self
    }

    /// A change. Steps run in order.
    pub fn step(mut self, step: Step) -> Self {
        self.check_step(&step);
        self.inner.steps.push(step);
        self
    }

    /// Checks a step as a scenario file is checked.
    fn check_step(&mut self, step: &Step) {
        let when = step.when.iter().flat_map(When::check).map(|(_, why)| why);
        let problems = check_step(&step.action).err().into_iter().chain(when);
        self.problems.extend(problems.map(|why| format!("step \"{}\": {why}", step.label())));
    }

    /// A failure.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.problems.extend(fault.problems());
        self.inner.faults.push(fault.spec);
        self
    }

    /// A check that must hold at every commit from t = 0.
    pub fn always(self, name: &str, check: impl Fn(&View<'_>) + Send + Sync + 'static) -> Self {
        self.expect(name, Modality::Always, Check::Rust(RustCheck::new(check)))
    }

    /// A check that must hold when the run has converged.
    pub fn eventually(self, name: &str, check: impl Fn(&View<'_>) + Send + Sync + 'static) -> Self {
        self.expect(name, Modality::Eventually, Check::Rust(RustCheck::new(check)))
    }

    /// A CEL expression that must hold at every commit from t = 0.
    pub fn always_cel(self, name: &str, vars: Vec<Var>, source: &str) -> Self {
        self.expect(name, Modality::Always, Check::Cel { vars, source: source.into() })
    }

    /// A CEL expression that must hold when the run has converged.
    pub fn eventually_cel(self, name: &str, vars: Vec<Var>, source: &str) -> Self {
        self.expect(name, Modality::Eventually, Check::Cel { vars, source: source.into() })
    }

    fn expect(mut self, name: &str, modality: Modality, check: Check) -> Self {
        self.inner.expect.push(Expectation { name: name.into(), modality, check, on: None, grace_ms: 0 });
        self
    }

    /// The time from healing in which the system must converge.
    pub fn converges_within(mut self, time: Duration) -> Self {
        self.inner.converge.within_ms = time.times().low_ms;
        self
    }

    /// The time for which the system must stay converged.
    pub fn settles_for(mut self, time: Duration) -> Self {
        self.inner.converge.settle_ms = time.times().low_ms;
        self
    }

    /// Objects that may be pending when all is well: all of a `kind`, or one of them as `kind/name`. Such is a custom resource
    /// that is `Ready=False` by design. Its state must still come to rest.
    pub fn may_be_pending(self, objects: &str) -> Self {
        let (kind, name) = objects.split_once('/').map_or((objects, None), |(kind, name)| (kind, Some(name)));
        self.pending(
            objects,
            MayBePending { kind: kind.into(), name: name.map(str::to_owned), selector: None },
        )
    }

    /// Objects of a kind with these labels that may be pending when all is well. The selector is as kubectl writes it.
    pub fn may_be_pending_with(self, kind: &str, selector: &str) -> Self {
        let entry = MayBePending { kind: kind.into(), name: None, selector: Some(selector.into()) };
        self.pending(kind, entry)
    }

    fn pending(mut self, objects: &str, entry: MayBePending) -> Self {
        match check_objects(objects).and_then(|()| entry.check()) {
            Ok(()) => self.inner.converge.pending.push(entry),
            Err(why) => self.problems.push(format!("may_be_pending: {why}")),
        }
        self
    }

    /// A convergence is a violation that only a timer of a program brings about (`slow_convergence`). Otherwise it is a note.
    pub fn without_resync(mut self) -> Self {
        self.inner.converge.without_resync = true;
        self
    }

    /// Switches an oracle off, for a reason.
    pub fn disable(mut self, oracle: &str, reason: &str) -> Self {
        match OracleInfo::usable(oracle, Use::Disabled) {
            Ok(oracle) => self.inner.disable.push(Disabled { oracle, reason: reason.into() }),
            Err(why) => self.problems.push(why),
        }
        self
    }

    /// Expects a violation that this oracle reports on some seed, and no other violation.
    pub fn expect_violation(mut self, oracle: &str) -> Self {
        match OracleInfo::usable(oracle, Use::Expected) {
            Ok(oracle) => self.inner.expect_violation = Some(oracle),
            Err(why) => self.problems.push(why),
        }
        self
    }

    /// The seeds of [`check`](Self::check).
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.inner.seeds = seeds;
        self
    }

    /// Code that runs in each run at its end. An error or a panic is a violation.
    pub fn at_end<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Box<dyn std::error::Error>>> + 'static,
    {
        self.at_end = Some(programs::Program::new(oracle::AT_END.name, check));
        self
    }

    /// Makes notes failures of [`check`](Self::check): a fault that never has an effect, a step whose event never comes, and
    /// what else a sweep says besides its verdict. A replay of one seed judges no notes.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Runs all seeds. Panics if some run has a violation: with the text of each kind of failure, and a line that replays it.
    /// Notes go to stderr, also where the test passes.
    ///
    /// `WAVETANK_SEED`, `WAVETANK_SEEDS` (`50` or `50..100`) and `WAVETANK_PLAN` override seeds and plan, and `WAVETANK_STRICT=1`
    /// makes notes failures. Under `#[test]`, runs with programs fork from a second process of the test binary, which runs that
    /// test again: code before `check` runs there too.
    ///
    /// # Panics
    /// If a run has a violation, or the scenario is wrong.
    #[track_caller]
    pub fn check(self) {
        if let Err(why) = self.checked() {
            panic!("\n{why}\n");
        }
    }

    fn checked(self) -> Result<(), String> {
        let (seeds, strict) = (self.inner.seeds.clone(), self.strict);
        let prepared = [self.prepared()?];
        let do_job = |job: &Job| work(&prepared, job);
        let isolation = Isolation::default_for(prepared[0].has_programs());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Pool::new(isolation, cores);
        let mut session = pool
            .open(Some(&warm_up(0)), &do_job)
            .map_err(|e| format!("wavetank cannot start the runs: {e}"))?;
        let test = std::thread::current().name().unwrap_or("main").to_owned();
        let tested = Tested { index: 0, prepared: &prepared[0], path: "", test: &test, seeds, strict };
        tested.sweep(&mut session).map(drop)
    }

    fn prepared(self) -> Result<Prepared, String> {
        if !self.problems.is_empty() {
            return Err(self.problems.join("\n"));
        }
        let prepared = Prepared::new(self.inner, &self.programs)?;
        Ok(match self.at_end {
            Some(check) => prepared.at_end(check),
            None => prepared,
        })
    }

    /// Runs one seed with the plan that the seed draws, in a fresh thread of this process.
    ///
    /// # Errors
    /// If the scenario is wrong or its setup does not converge.
    pub fn run(self, seed: u64) -> Result<Run, String> {
        let plan = draw_plan(&self.inner, seed);
        self.run_plan(seed, &plan)
    }

    /// Runs one seed with this plan, in a fresh thread of this process.
    ///
    /// # Errors
    /// If the scenario is wrong or its setup does not converge.
    pub fn run_plan(self, seed: u64, plan: &Plan) -> Result<Run, String> {
        let prepared = self.prepared()?;
        tell_exits();
        let ran = std::thread::scope(|scope| scope.spawn(|| explore::run(&prepared, seed, plan)).join());
        let ran = ran.map_err(|_| "wavetank itself panicked".to_owned())?;
        ran.map(Run).map_err(|no_run| no_run.why)
    }
}

impl From<scenario::Scenario> for Scenario {
    fn from(inner: scenario::Scenario) -> Self {
        Self {
            inner,
            programs: Vec::new(),
            at_end: None,
            problems: Vec::new(),
            nodes_given: false,
            strict: false,
        }
    }
}
