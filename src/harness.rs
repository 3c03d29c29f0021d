//! Runs scenarios from `cargo test`: a test for each scenario file, and `check()` of a scenario built in code.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wavetank_sim::explore::Prepared;

use crate::isolate::{Isolation, Pool, Session};
use crate::registry::Registry;
use crate::report::{self, print, print_error};
use crate::sweep::{Job, Report, Summary, jobs, warm_up, work};

/// The most seeds that a test of a scenario file runs. Our choice; `WAVETANK_SEEDS=A..B` overrides it.
const TEST_SEEDS: u64 = 50;

/// The settings in environment variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestSettings {
    /// `WAVETANK_SEED` or `WAVETANK_SEEDS`.
    pub(crate) seeds: Option<Range<u64>>,
    /// `WAVETANK_PLAN`.
    pub(crate) plan: Option<String>,
}

impl TestSettings {
    /// Reads the environment. The error says which variable is wrong, and what would be right.
    pub(crate) fn from_env() -> Result<Self, String> {
        let var = |name: &str| std::env::var(name).ok();
        let one = var("WAVETANK_SEED").map(|text| {
            let seed: Result<u64, _> = text.parse();
            seed.map(|seed| seed..seed + 1)
                .map_err(|_| format!("WAVETANK_SEED={text}: write a whole number such as 17"))
        });
        let many = var("WAVETANK_SEEDS").map(|text| {
            let parsed = text.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
            let range = parsed.filter(|range: &Range<u64>| range.start < range.end);
            range.ok_or_else(|| {
                format!("WAVETANK_SEEDS={text}: write a range such as 0..200, whose end is larger and does not run")
            })
        });
        Ok(Self { seeds: one.or(many).transpose()?, plan: var("WAVETANK_PLAN") })
    }
}

/// Runs a scenario over seeds in a session. The error is the text that the user reads.
pub(crate) fn sweep(
    session: &mut Session<'_, Job, Report>,
    index: usize,
    prepared: &Prepared,
    path: &str,
    seeds: Range<u64>,
    plan: Option<&str>,
    replay: &dyn Fn(&Report) -> String,
) -> Result<Summary, String> {
    let jobs = jobs(index, seeds, plan);
    let mut summary = Summary::of(prepared, path);
    if index == 0 && session.warm_up_was_stuck() {
        summary.count_stuck_warm_up();
    }
    let started = Instant::now();
    session.run(&jobs, &mut |n, outcome| {
        let report = Report::from_outcome(outcome, &jobs[n]);
        summary.add(&report);
        summary.goes_on(&report)
    });
    summary.wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if let Some(bad) = &summary.first_bad {
        let words = match &bad.no_run {
            Some(why) => report::no_run(&summary, bad.seed, why),
            None => report::failure(&summary, bad, &replay(bad)),
        };
        return Err(words);
    }
    // A replay runs one seed, and only some seeds have the violation that a scenario expects.
    let one_seed = jobs.len() == 1;
    match summary.verdict() {
        Err(why) if !one_seed => Err(format!("{}: {why}", summary.name)),
        _ => Ok(summary),
    }
}

impl Registry {
    /// The `main` of a test target with `harness = false`. Each `*.yaml` file of the folder is a test with the file's name.
    /// Filters, `--exact`, `--skip`, `--list` and nextest work.
    ///
    /// A test runs the first 50 seeds of its file. `WAVETANK_SEEDS`, `WAVETANK_SEED` and `WAVETANK_PLAN` override that.
    pub fn harness(&self, folder: &str) -> ExitCode {
        let files = match tests_in(Path::new(folder)) {
            Ok(files) => files,
            Err(why) => {
                print_error(&why);
                return ExitCode::from(2);
            }
        };
        let args = Args::from(std::env::args().skip(1));
        let chosen: Vec<&(String, PathBuf)> = files.iter().filter(|(name, _)| args.wants(name)).collect();
        if args.list {
            chosen.iter().for_each(|(name, _)| print(&format!("{name}: test")));
            return ExitCode::SUCCESS;
        }
        match self.run_tests(&chosen) {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(101), // libtest's code for failed tests
        }
    }

    fn run_tests(&self, chosen: &[&(String, PathBuf)]) -> bool {
        let loaded: Vec<_> = chosen.iter().map(|(_, path)| self.load(path)).collect();
        let scenarios: Vec<Prepared> = loaded.iter().filter_map(|l| l.as_ref().ok().cloned()).collect();
        let has_programs = scenarios.iter().any(Prepared::has_programs);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let do_job = |job: &Job| work(&scenarios, job);
        let warm = (!scenarios.is_empty()).then(|| warm_up(0));
        let mut session =
            match Pool::new(Isolation::default_for(has_programs), cores).open(warm.as_ref(), &do_job) {
                Ok(session) => session,
                Err(error) => {
                    print_error(&format!("wavetank cannot start the runs: {error}"));
                    return false;
                }
            };
        print(&format!("\nrunning {} test{}", chosen.len(), if chosen.len() == 1 { "" } else { "s" }));
        let mut failures = Vec::new();
        let mut index = 0;
        for ((name, path), loaded) in chosen.iter().zip(&loaded) {
            let result = loaded.as_ref().map_err(ToString::to_string).and_then(|prepared| {
                index += 1;
                test_file(&mut session, index - 1, prepared, name, path)
            });
            print(&format!("test {name} ... {}", if result.is_ok() { "ok" } else { "FAILED" }));
            failures.extend(result.err().map(|why| (name, why)));
        }
        for (name, why) in &failures {
            print(&format!("\n---- {name} ----\n{why}"));
        }
        let (failed, verdict) = (failures.len(), if failures.is_empty() { "ok" } else { "FAILED" });
        print(&format!(
            "\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out\n",
            chosen.len() - failed
        ));
        failures.is_empty()
    }
}

fn test_file(
    session: &mut Session<'_, Job, Report>,
    index: usize,
    prepared: &Prepared,
    name: &str,
    path: &Path,
) -> Result<(), String> {
    let settings = TestSettings::from_env()?;
    let own = &prepared.scenario().seeds;
    let seeds = settings.seeds.unwrap_or(own.start..own.end.min(own.start + TEST_SEEDS));
    let replay = |report: &Report| replay_line(report, name);
    sweep(session, index, prepared, &path.display().to_string(), seeds, settings.plan.as_deref(), &replay)
        .map(drop)
}

/// The `cargo test` command that reproduces a run of a test.
pub(crate) fn replay_line(report: &Report, test: &str) -> String {
    let plan = report.plan.replace('\'', "'\\''");
    let package = std::env::var("CARGO_PKG_NAME").map_or(String::new(), |name| format!(" -p {name}"));
    let words = format!("WAVETANK_SEED={} WAVETANK_PLAN='{plan}'", report.seed);
    format!("{words} cargo test{package}{} {test} -- --exact", target())
}

/// The ` --test NAME` that selects the running test binary, taken from its file name; empty for the tests of a library.
fn target() -> String {
    let exe = std::env::current_exe().ok();
    let stem = exe.as_deref().and_then(Path::file_stem).and_then(|stem| stem.to_str()).map(str::to_owned);
    let crate_name = std::env::var("CARGO_PKG_NAME").unwrap_or_default().replace('-', "_");
    // cargo names test binaries `target-0123456789abcdef`.
    match stem.as_deref().and_then(|stem| stem.rsplit_once('-')) {
        Some((name, hash)) if hash.len() == 16 && name != crate_name => format!(" --test {name}"),
        _ => String::new(),
    }
}

fn tests_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|e| format!("{}: wavetank cannot read the folder ({e})", folder.display()))?;
    let mut files: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .collect();
    files.sort();
    Ok(files)
}

/// The arguments of libtest that test runners use.
#[derive(Debug, Default)]
struct Args {
    filters: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
    ignored: bool,
}

impl Args {
    fn from(words: impl Iterator<Item = String>) -> Self {
        let mut args = Self::default();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--exact" => args.exact = true,
                "--list" => args.list = true,
                "--ignored" => args.ignored = true,
                "--skip" => args.skip.extend(words.next()),
                "--format" | "--test-threads" | "--color" | "--logfile" | "-Z" => drop(words.next()),
                flag if flag.starts_with('-') => {}
                filter => args.filters.push(filter.to_owned()),
            }
        }
        args
    }

    fn wants(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        // No scenario is ignored, so `--ignored` selects none.
        !self.ignored
            && (self.filters.is_empty() || self.filters.iter().any(fits))
            && !self.skip.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_select_tests_as_those_of_libtest_do() {
        let args = |words: &[&str]| Args::from(words.iter().map(|word| (*word).to_owned()));
        assert!(args(&[]).wants("web"));
        assert!(args(&["eb", "--nocapture", "--format", "terse"]).wants("web"));
        assert!(!args(&["eb", "--exact"]).wants("web"));
        assert!(!args(&["--skip", "we"]).wants("web"));
        assert!(!args(&["--ignored"]).wants("web"));
    }
}
