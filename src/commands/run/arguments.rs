//! The arguments of `wavetank run`.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use wavetank_sim::scenario::range::{Millis, seeds};

use crate::isolate::Isolation;
use crate::summary::Limits;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Scenario files, folders of them (`*.yaml`, without subfolders), or `-` for a scenario from stdin.
    #[arg(required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Seeds to run: `200` for the first 200, or `0..200`, where 200 does not run; default: the seeds of each scenario.
    #[arg(long, value_name = "N|A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// The only seed to run.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// How many runs at the same time; default: one per core.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(super) jobs: Option<usize>,
    /// Print a JSON object for each run, each on a line.
    #[arg(long)]
    pub(super) json: bool,
    /// With `--json`: also each run step by step, its record, and what its programs printed.
    #[arg(long, requires = "json")]
    pub(super) detail: bool,
    /// Write a JUnit file.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Fail where there is a note, such as a fault that never has an effect.
    #[arg(long)]
    pub(super) strict: bool,
    /// End at the first run that fails.
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Start no run after this wall time, such as `60s`.
    #[arg(long, value_name = "TIME")]
    budget: Option<Millis>,
    /// How to isolate runs from each other; default: fork if a program runs, else thread.
    #[arg(long, value_enum)]
    pub(super) isolation: Option<IsolationFlag>,
    /// Run each seed twice and name the first entry of the record that differs.
    #[arg(long, conflicts_with_all = ["budget", "detail"])]
    pub(super) check_determinism: bool,
}

/// The values of `--isolation`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum IsolationFlag {
    /// A fresh thread per run.
    Thread,
    /// A fresh process per run.
    Fork,
}

impl From<IsolationFlag> for Isolation {
    fn from(flag: IsolationFlag) -> Self {
        match flag {
            IsolationFlag::Thread => Self::Thread,
            IsolationFlag::Fork => Self::Fork,
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let jobs: Option<usize> = text.parse().ok().filter(|jobs| *jobs > 0);
    jobs.ok_or_else(|| {
        "write how many runs there are at the same time, at least 1; without it, one per core".into()
    })
}

impl Run {
    /// The seeds that the command line names.
    pub(super) fn seeds(&self) -> Option<Range<u64>> {
        self.seeds.clone().or(self.seed.map(|seed| seed..seed + 1))
    }

    pub(super) fn limits(&self) -> Limits {
        let end = |budget: Millis| (Instant::now() + Duration::from_millis(budget.0), budget.to_string());
        Limits { fail_fast: self.fail_fast, budget: self.budget.map(end) }
    }
}
