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
};

use super::calls::{self, Calls};
use super::cluster::{Allow, object};
use super::faults::Fault;
use super::{Image, Nodes, Program, Run, Times};
use crate::harness::Tested;
use crate::isolate::{Isolation, Pool, end_on_endless_loops};
use crate::scenario::{BadScenario, load, manifests, manifests_of};
use crate::sweep::{Job, tell_exits, warm_up, work};

/// A scenario built in code, or read from a file.
#[derive(Clone, Debug)]
#[must_use = "a scenario does nothing until you run it"]
pub struct Scenario {
    inner: scenario::Scenario,
    programs: Vec<programs::Program>,
    at_end: Option<programs::Program>,
    /// What is wrong with the calls so far and does not show in the scenario. A run reports it.
    problems: Vec<String>,
    calls: Calls,
    nodes_given: bool,
    strict: bool,
}

impl Scenario {
    /// A booted cluster of three nodes in which nothing happens, with 200 seeds.
    pub fn new(name: &str) -> Self {
        Self { calls: Calls::named(name), ..Self::from(scenario::Scenario::new(name)) }
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
        let (item, call) =
            (self.inner.cluster.node_pools.len(), format!("nodes(Nodes::named({:?}))", nodes.0.name));
        self.calls.note(&["cluster", "nodePools"], Some(item), call);
        self.inner.cluster.node_pools.push(nodes.0);
        self
    }

    /// Sets a flag of a component, by its real name: `.flag("kube-controller-manager", "node-monitor-grace-period", "50s")`.
    pub fn flag(mut self, component: &str, name: &str, value: &str) -> Self {
        self.calls.note(
            &["cluster", "flags", component, name],
            None,
            format!("flag({component:?}, {name:?}, {value:?})"),
        );
        let (component, name, value) = (component.into(), name.into(), value.into());
        self.inner.cluster.flags.push(scenario::Flag { component, name, value });
        self
    }

    /// The namespace for objects that name none.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.inner.namespace = namespace.into();
        self.calls.note(&["namespace"], None, format!("namespace({namespace:?})"));
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
                self.problems.push(format!("apply: {why}"));
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
        self.calls.note(&["setup"], Some(self.inner.setup.len()), step.label());
        self.inner.setup.push(step);
        self
    }

    /// Runs a program beside the cluster.
    pub fn operator(mut self, program: Program) -> Self {
        let call = format!("operator(Program::new({:?}))", program.program.name());
        self.allow(&call, program.allow);
        self.register(&call, program.program);
        self.calls.note(&["operators"], Some(self.inner.operators.len()), call);
        self.inner.operators.push(program.spec);
        self
    }

    /// Adds a program; under one name there is one code.
    fn register(&mut self, call: &str, program: programs::Program) {
        match self.programs.iter().find(|known| known.name() == program.name()) {
            None => self.programs.push(program),
            Some(known) if known.is_same(&program) => {}
            Some(_) => {
                let why =
                    "another program has this name: choose another, or clone the program to run it twice";
                self.problems.push(format!("{call}: {why}"));
            }
        }
    }

    /// How the containers of some images behave. The first rule that matches an image wins.
    pub fn image(mut self, image: Image) -> Self {
        let call = format!("image(Image::matching({:?}))", image.rule.image.0);
        self.allow(&call, image.allow);
        self.problems.extend(image.problems.iter().map(|why| format!("{call}: {why}")));
        if let Some(program) = image.program {
            self.register(&call, program);
        }
        self.calls.note(&["images"], Some(self.inner.images.len()), call);
        self.inner.images.push(image.rule);
        self
    }

    fn allow(&mut self, call: &str, permissions: Vec<Allow>) {
        for permission in permissions {
            match permission {
                Ok(permission) => self.inner.permissions.push(permission),
                Err(why) => self.problems.push(format!("{call}: {why}")),
            }
        }
    }

    /// A change. Steps run in order.
    pub fn step(mut self, step: Step) -> Self {
        self.calls.note(&["steps"], Some(self.inner.steps.len()), format!("step({})", step.label()));
        self.inner.steps.push(step);
        self
    }

    /// A failure.
    pub fn fault(mut self, fault: Fault) -> Self {
        let (spec, problems) = fault.finished();
        let call = calls::fault(&spec);
        self.problems.extend(problems.into_iter().map(|why| format!("{call}: {why}")));
        self.calls.note(&["faults"], Some(self.inner.faults.len()), call);
        self.inner.faults.push(spec);
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
        let word = if modality == Modality::Always { "always" } else { "eventually" };
        let method = if matches!(check, Check::Rust(_)) { word.into() } else { format!("{word}_cel") };
        self.calls.note(&["expect"], Some(self.inner.expect.len()), format!("{method}({name:?})"));
        self.inner.expect.push(Expectation { name: name.into(), modality, check, on: None, grace_ms: 0 });
        self
    }

    /// The time from healing in which the system must converge.
    pub fn converges_within(mut self, time: Duration) -> Self {
        self.inner.converge.within_ms = time.times().low_ms;
        self.calls.note(&["converge", "within"], None, format!("converges_within({})", time.times()));
        self
    }

    /// The time for which the system must stay converged.
    pub fn settles_for(mut self, time: Duration) -> Self {
        self.inner.converge.settle_ms = time.times().low_ms;
        self.calls.note(&["converge", "settle"], None, format!("settles_for({})", time.times()));
        self
    }

    /// Objects that may be pending when all is well: all of a `kind`, or one of them as `kind/name`. Such is a custom resource
    /// that is `Ready=False` by design. Its state must still come to rest.
    pub fn may_be_pending(self, objects: &str) -> Self {
        let (kind, name) = objects.split_once('/').map_or((objects, None), |(kind, name)| (kind, Some(name)));
        let call = format!("may_be_pending({objects:?})");
        self.pending(call, MayBePending { kind: kind.into(), name: name.map(str::to_owned), selector: None })
    }

    /// Objects of a kind with these labels that may be pending when all is well. The selector is as kubectl writes it.
    pub fn may_be_pending_with(self, kind: &str, selector: &str) -> Self {
        let entry = MayBePending { kind: kind.into(), name: None, selector: Some(selector.into()) };
        self.pending(format!("may_be_pending_with({kind:?}, {selector:?})"), entry)
    }

    fn pending(mut self, call: String, entry: MayBePending) -> Self {
        self.calls.note(&["converge", "pending"], Some(self.inner.converge.pending.len()), call);
        self.inner.converge.pending.push(entry);
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
            Ok(oracle) => {
                let item = Some(self.inner.disable.len());
                self.calls.note(
                    &["oracles", "disable"],
                    item,
                    format!("disable({:?}, {reason:?})", oracle.name),
                );
                self.inner.disable.push(Disabled { oracle, reason: reason.into() });
            }
            Err(why) => self.problems.push(format!("disable({oracle:?}): {why}")),
        }
        self
    }

    /// Expects a violation that this oracle reports on some seed, and no other violation.
    pub fn expect_violation(mut self, oracle: &str) -> Self {
        match OracleInfo::usable(oracle, Use::Expected) {
            Ok(oracle) => self.inner.expect_violation = Some(oracle),
            Err(why) => self.problems.push(format!("expect_violation({oracle:?}): {why}")),
        }
        self
    }

    /// The seeds of [`check`](Self::check).
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.calls.note(&["seeds"], None, format!("seeds({seeds:?})"));
        self.inner.seeds = seeds;
        self
    }

    /// Code that runs in each run at its end. An error or a panic is a violation.
    pub fn at_end<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Box<dyn std::error::Error>>> + 'static,
    {
        if self.at_end.replace(programs::Program::new(oracle::AT_END.name, check)).is_some() {
            self.problems.push("at_end: it is there twice: write one check with both".into());
        }
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
        let found = explore::problems(&self.inner);
        let wrong = self.problems.iter().cloned().chain(found.iter().map(|found| self.calls.in_words(found)));
        let wrong: Vec<String> = wrong.collect();
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
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
        let prepared = self.prepared()?;
        let plan = draw_plan(prepared.scenario(), seed);
        run(&prepared, seed, &plan)
    }

    /// Runs one seed with this plan, in a fresh thread of this process.
    ///
    /// # Errors
    /// If the scenario is wrong or its setup does not converge.
    pub fn run_plan(self, seed: u64, plan: &Plan) -> Result<Run, String> {
        let prepared = self.prepared()?;
        prepared.scenario().check_plan(plan)?;
        run(&prepared, seed, plan)
    }
}

/// Runs in a fresh thread of this process.
fn run(prepared: &Prepared, seed: u64, plan: &Plan) -> Result<Run, String> {
    tell_exits();
    end_on_endless_loops();
    let ran = std::thread::scope(|scope| scope.spawn(|| explore::run(prepared, seed, plan)).join());
    let ran = ran.map_err(|_| "wavetank itself panicked".to_owned())?;
    ran.map(Run).map_err(|no_run| no_run.why)
}

impl From<scenario::Scenario> for Scenario {
    fn from(inner: scenario::Scenario) -> Self {
        Self {
            inner,
            programs: Vec::new(),
            at_end: None,
            problems: Vec::new(),
            calls: Calls::default(),
            nodes_given: false,
            strict: false,
        }
    }
}
