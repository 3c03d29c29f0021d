//! A scenario ready to be run many times: expectations compiled, programs found, its cluster booted when first needed.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::judge::Known;
use super::run::SETUP_BUDGETS_MS;
use crate::cluster::{Booted, ClusterConfig};
use crate::engine::Time;
use crate::hermetic::Reach;
use crate::oracles::{self, Compiled};
use crate::programs::Program;
use crate::scenario::{Action, Modality, Permitted, Place, Problem, Scenario};

#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) cluster: Booted,
    pub(super) known: Known,
}

/// Everything that is wrong with a scenario, by place. Only programs that nobody registered are found later.
pub fn problems(scenario: &Scenario) -> Vec<Problem> {
    let mut all = scenario.check();
    let mut checks = Vec::new();
    for (i, expectation) in scenario.expect.iter().enumerate() {
        let field = if expectation.modality == Modality::Always { "always" } else { "eventually" };
        checks.push((Place::of(&["spec", "expect"], Some(i)), field, &expectation.check));
    }
    for (list, steps) in [("setup", &scenario.setup), ("steps", &scenario.steps)] {
        for (i, step) in steps.iter().enumerate() {
            if let Action::Assert(check) = &step.action {
                checks.push((Place::of(&["spec", list], Some(i)), "assert", check));
            }
        }
    }
    for (place, field, check) in checks {
        let within = |problem: Problem| {
            let parts = [place.0.clone(), Place::of(&[field], None).0, problem.place.0];
            Problem { place: Place(parts.concat()), why: problem.why }
        };
        all.extend(oracles::problems(check).into_iter().map(within));
    }
    all
}

/// A scenario with its programs and compiled expectations. Runs share it.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) scenario: Scenario,
    pub(super) programs: Vec<Program>,
    pub(super) checks: Vec<Compiled>,
    /// Runs in the world of each run, at its end.
    pub(super) at_end: Option<Program>,
    /// Where runs begin, by how long before t = 0 that is; booted when first needed.
    origins: [OnceLock<Origin>; SETUP_BUDGETS_MS.len()],
}

impl Prepared {
    /// Prepares a scenario. `programs` are all that are registered. What cannot be is told in words.
    pub fn new(scenario: Scenario, programs: &[Program]) -> Result<Self, String> {
        let wrong: Vec<String> = problems(&scenario).iter().map(ToString::to_string).collect();
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let compile = |e| Compiled::new(e).map_err(|error| format!("expectation \"{}\": {error}", e.name));
        let checks = scenario.expect.iter().map(compile).collect::<Result<_, _>>()?;
        let find = |name: &str| {
            let found = programs.iter().find(|program| program.name() == name);
            let permissions = scenario.permissions.iter().filter(|permission| permission.program == name);
            let permitted = permissions.map(|permission| reach(permission.what));
            let permitting = |program: &Program| program.clone().permitting(permitted);
            found.map(permitting).ok_or_else(|| format!("no program \"{name}\" is registered"))
        };
        let beside = scenario.operators.iter().map(|operator| operator.program.as_str());
        let inside = scenario.images.iter().filter_map(|image| image.program.as_deref());
        let names: BTreeSet<&str> = beside.chain(inside).collect();
        let programs = names.into_iter().map(find).collect::<Result<_, _>>()?;
        Ok(Self { scenario, programs, checks, at_end: None, origins: Default::default() })
    }

    /// Runs this program in the world of each run, at its final virtual time; its error is a violation.
    #[must_use]
    pub fn at_end(mut self, program: Program) -> Self {
        self.at_end = Some(program);
        self
    }

    /// Where runs begin whose setup has the budget with this index.
    pub(super) fn origin(&self, budget: usize) -> &Origin {
        let start = Time::ZERO - SETUP_BUDGETS_MS[budget];
        self.origins[budget].get_or_init(|| {
            let cluster = Booted::new(ClusterConfig::of(&self.scenario, start));
            Origin { known: Known::of(&self.scenario, cluster.server()), cluster }
        })
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Whether a run runs foreign code.
    pub fn has_programs(&self) -> bool {
        !self.programs.is_empty() || self.at_end.is_some()
    }
}

fn reach(permitted: Permitted) -> Reach {
    match permitted {
        Permitted::Sockets => Reach::Sockets,
        Permitted::Threads => Reach::Threads,
        Permitted::Processes => Reach::Processes,
    }
}
