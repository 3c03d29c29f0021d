//! Notes over a whole sweep: faults and steps that had no effect in any run, and the notes of single runs, counted.

use std::collections::BTreeMap;

use wavetank_sim::oracles::Note;

use crate::sweep::Report;

/// The most kinds of notes that are kept. Our choice: nobody reads more.
const KEPT: usize = 100;

/// The notes of the runs so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// For each kind of fault and each step with a trigger: how often it was planned, how often it had no effect, and why
    /// the last time.
    planned: BTreeMap<String, (usize, usize, String)>,
    /// Notes of runs by key: how many runs have it, and the seed and the text of the first.
    of_runs: BTreeMap<String, (usize, u64, String)>,
}

impl Notes {
    /// Adds those of a run.
    pub(super) fn add(&mut self, report: &Report) {
        for fault in report.plan.split("; ").filter(|fault| !fault.is_empty()) {
            self.planned.entry(kind_of(fault).to_owned()).or_default().0 += 1;
        }
        for (what, why) in &report.unused {
            let (planned, unused, last) = self.planned.entry(kind_of(what).to_owned()).or_default();
            *planned += usize::from(is_step(what));
            *unused += 1;
            last.clone_from(why);
        }
        for (key, text) in &report.notes {
            if self.of_runs.len() < KEPT || self.of_runs.contains_key(key) {
                let first = || (0, report.seed, text.clone());
                self.of_runs.entry(key.clone()).or_insert_with(first).0 += 1;
            }
        }
    }

    /// All of them in words, after this number of runs.
    pub(super) fn in_words(&self, runs: usize) -> impl Iterator<Item = String> {
        let of_runs = self.of_runs.iter().filter_map(move |(key, (having, seed, text))| {
            match (Note::is_of_sweep(key), *having == runs) {
                (false, _) => Some(format!("{text} ({having} of {runs} runs, first with seed {seed})")),
                (true, true) => Some(format!("{text} in any of {runs} runs")),
                (true, false) => None,
            }
        });
        self.idle(runs).chain(of_runs)
    }

    /// In words, the faults and steps that had no effect in any run.
    fn idle(&self, runs: usize) -> impl Iterator<Item = String> {
        let idle = move |what: &str, planned: usize, unused: usize| {
            unused == planned && (!is_step(what) || unused == runs)
        };
        let all =
            self.planned.iter().filter(move |(what, (planned, unused, _))| idle(what, *planned, *unused));
        all.map(|(what, (planned, _, why))| format!("{what} never had an effect ({planned} planned): {why}"))
    }
}

/// The kind of a planned fault; the whole text of a step.
fn kind_of(what: &str) -> &str {
    if is_step(what) { what } else { what.split(['(', '@']).next().unwrap_or(what) }
}

/// Whether this is a step. Reports name a step only if it did not run.
fn is_step(what: &str) -> bool {
    what.starts_with("step ")
}
