//! Ways to run a scenario: one strategy per file.
//!
//! - [`Prepared`]: a scenario ready to be run many times; [`problems`]: what is wrong with one
//! - [`run()`]: one run, from boot to verdict; [`run_watched`] shows it while it goes
//! - [`draw_plan`]: the plan of a seed (random exploration)
//! - `world`, `steps`, `triggered`, `liveness`, `judge`, `notes`: what a run is made of
//!
//! To add a strategy: one file that makes plans, one line here.

mod config;
mod judge;
mod liveness;
mod notes;
mod plan;
mod prepared;
mod run;
mod steps;
#[cfg(test)]
pub(crate) mod tests;
mod triggered;
mod world;

pub use plan::draw_plan;
pub use prepared::{Prepared, problems};
pub use run::{NoRun, Run, Watch, run, run_watched};
