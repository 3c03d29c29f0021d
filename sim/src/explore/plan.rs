//! Draws the plan of one run: each fault entry of the scenario with its ranges made exact.
//!
//! Every value comes from a draw of its own, named after the entry: an entry left out or changed shifts no other.

use crate::engine::Draws;
use crate::scenario::plan::ExactWhen;
use crate::scenario::{Arg, Args, CountRange, FaultSpec, Plan, PlannedFault, Scenario, TimeRange, Trigger};

/// The plan of this scenario with this seed.
pub fn draw_plan(scenario: &Scenario, seed: u64) -> Plan {
    let mut draws = Draws::new(seed);
    let mut plan = Vec::new();
    for (index, spec) in scenario.faults.iter().enumerate() {
        let mut entry = Entry { draws: &mut draws, name: scenario.fault_name(index) };
        entry.draw(spec, &mut plan);
    }
    Plan(plan)
}

/// One entry with the draws of its name.
struct Entry<'a> {
    draws: &'a mut Draws,
    name: String,
}

impl Entry<'_> {
    fn count(&mut self, what: &str, range: CountRange) -> u64 {
        self.draws.between(&["fault", &self.name, what], range.low, range.high)
    }

    fn time(&mut self, what: &str, range: TimeRange) -> u64 {
        self.draws.between(&["fault", &self.name, what], range.low_ms, range.high_ms)
    }

    fn draw(&mut self, spec: &FaultSpec, plan: &mut Vec<PlannedFault>) {
        let mut at = 0;
        for _ in 0..self.count("times", spec.times.unwrap_or(CountRange::exactly(1))) {
            let when = match &spec.when.trigger {
                Trigger::At(range) => ExactWhen::At(self.time("at", *range)),
                Trigger::Every(range) => {
                    at += self.time("every", *range);
                    ExactWhen::At(at)
                }
                Trigger::On(event) => {
                    let nth = self.count("nth", spec.when.nth);
                    ExactWhen::On { moment: spec.when.moment, event: event.clone(), nth }
                }
            };
            let duration_ms = spec.duration.map(|range| self.time("duration", range));
            let args = self.args(&spec.args);
            plan.push(PlannedFault {
                fault: spec.fault,
                target: spec.target.clone(),
                args,
                when,
                duration_ms,
            });
        }
    }

    fn args(&mut self, args: &Args) -> Args {
        let exact = args.0.iter().map(|(name, arg)| {
            let arg = match arg {
                Arg::Count(range) => Arg::Count(CountRange::exactly(self.count(name, *range))),
                Arg::Time(range) => Arg::Time(TimeRange::exactly(self.time(name, *range))),
                Arg::Bool(_) | Arg::Text(_) => arg.clone(),
            };
            (*name, arg)
        });
        Args(exact.collect())
    }
}
