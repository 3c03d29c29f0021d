//! What is wrong with a scenario, whoever made it: the reader of files and the builder both report it. A problem has the place
//! that a scenario file has for it; a reader turns the place into line and column, the builder into the call.
//!
//! - `place`: problems and their places; `checker`: the walk that collects them
//! - `cluster`: names, nodes, images, operators, flags
//! - `steps`, `faults`, `expect`: the parts of the same names
//! - `programs`: which programs run, so that faults and events name no other
//!
//! Not checked here: CEL and the kinds of checks, which `oracles` knows; what a file says and a value cannot, such as unknown
//! fields.

use super::form;
use super::{Plan, Scenario};
use checker::Checker;
pub use place::{Part, Place, Problem};
use programs::Running;

mod checker;
mod cluster;
mod expect;
mod faults;
mod place;
mod programs;
mod steps;

impl Scenario {
    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<Problem> {
        let running = Running::of(self);
        let mut checker = Checker { scenario: self, running, place: Place::default(), problems: Vec::new() };
        checker.field("metadata", |c| c.form("name", &form::LABEL, &self.name));
        checker.field("spec", Checker::spec);
        checker.problems
    }

    /// What is wrong with a plan for it: faults of programs that do not run here.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), String> {
        let running = Running::of(self);
        let mut named = plan
            .0
            .iter()
            .flat_map(|fault| faults::programs_of(fault).into_iter().map(move |program| (fault, program)));
        named.try_for_each(|(fault, program)| {
            running.check(program).map_err(|why| format!("plan, {fault}: {why}"))
        })
    }
}
