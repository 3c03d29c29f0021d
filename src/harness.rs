//! Runs scenarios from `cargo test`: a test for each scenario file, and `check()` of a scenario built in code.
//!
//! What a user should know besides the verdict goes to stderr past libtest's capture, so that it is seen although the test
//! passes: a test that checks nothing looks like any other otherwise.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use wavetank_sim::explore::Prepared;
use wavetank_sim::scenario::range::seeds;

use crate::isolate::{Isolation, Pool, Session};
use crate::registry::Registry;
use crate::report::{self, finished, print, print_error};
use crate::summary::{Limits, Summary, conduct};
use crate::sweep::{Job, Report, jobs, warm_up, work};

/// The most seeds that a test of a scenario file runs. Our choice; `WAVETANK_SEEDS` overrides it.
const TEST_SEEDS: u64 = 50;

/// The settings in environment variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestSettings {
    /// `WAVETANK_SEED` or `WAVETANK_SEEDS`.
    pub(crate) seeds: Option<Range<u64>>,
    /// `WAVETANK_PLAN`.
    pub(crate) plan: Option<String>,
    /// `WAVETANK_STRICT`: whether notes are failures.
    pub(crate) strict: bool,
}

impl TestSettings {
    /// Reads the environment. The error says which variable is wrong, and what would be right.
    pub(crate) fn from_env() -> Result<Self, String> {
        Self::from(&|name| std::env::var(name).ok())
    }

    fn from(var: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let one = var("WAVETANK_SEED").map(|text| {
            let seed: Result<u64, _> = text.parse();
            seed.map(|seed| seed..seed + 1)
                .map_err(|_| format!("WAVETANK_SEED={text}: write a whole number such as 17"))
        });
        let many =
            var("WAVETANK_SEEDS").map(|text| seeds(&text).map_err(|why| format!("WAVETANK_SEEDS: {why}")));
        let strict = match var("WAVETANK_STRICT").as_deref() {
            None | Some("" | "0" | "false") => false,
            Some("1" | "true") => true,
            Some(text) => return Err(format!("WAVETANK_STRICT={text}: write 1 or 0")),
        };
        Ok(Self { seeds: one.or(many).transpose()?, plan: var("WAVETANK_PLAN"), strict })
    }
}

/// What a test runs.
pub(crate) struct Tested<'a> {
    /// Its place among the scenarios of the session.
    pub(crate) index: usize,
    /// The scenario.
    pub(crate) prepared: &'a Prepared,
    /// Its file; empty for a scenario built in code.
    pub(crate) path: &'a str,
    /// The test's name.
    pub(crate) test: &'a str,
    /// The seeds, if the environment names none.
    pub(crate) seeds: Range<u64>,
    /// Whether notes are failures.
    pub(crate) strict: bool,
}

impl Tested<'_> {
    /// Runs the scenario over its seeds, and prints the notes. The error is the text that the user reads.
    pub(crate) fn sweep(self, session: &mut Session<'_, Job, Report>) -> Result<Summary, String> {
        let settings = TestSettings::from_env()?;
        let seeds = settings.seeds.unwrap_or(self.seeds);
        let jobs = jobs(self.index, seeds, settings.plan.as_deref());
        let mut summary = Summary::of(self.prepared, self.path, jobs.len());
        conduct(session, self.prepared, &jobs, &Limits::default(), &mut summary, &mut ());
        let notes: String =
            summary.notes().map(|note| format!("note       {}: {note}\n", self.test)).collect();
        if !notes.is_empty() {
            print_error(notes.trim_end());
        }
        if let Some((seed, why)) = &summary.no_run {
            return Err(report::no_run(&summary, *seed, why));
        }
        let failed = summary
            .failures
            .groups
            .iter()
            .map(|failure| report::failure(&summary, failure, &replay_line(&failure.first, self.test)));
        let words: Vec<String> = failed.chain(report::failures(&summary)).collect();
        // A replay runs one seed, and only some seeds have the violation that a scenario expects, or an effect of each fault.
        let is_replay = jobs.len() == 1;
        match summary.verdict((self.strict || settings.strict) && !is_replay) {
            Err(why) if !words.is_empty() => Err(format!("{}\n{}: {why}", words.join("\n"), summary.name)),
            Err(why) if !is_replay => Err(format!("{}: {why}", summary.name)),
            _ => Ok(summary),
        }
    }
}

impl Registry {
    /// The `main` of a test target with `harness = false`. Each `*.yaml` file of the folder is a test with the file's name.
    /// Filters, `--exact`, `--skip`, `--list` and nextest work.
    ///
    /// A test runs the first 50 seeds of its file. `WAVETANK_SEEDS` (`1000` or `50..1000`), `WAVETANK_SEED` and `WAVETANK_PLAN`
    /// override that. What a sweep notes besides its verdict, such as a fault that never has an effect, goes to stderr; with
    /// `WAVETANK_STRICT=1` it fails the test.
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
        match self.run_tests(&chosen, files.len() - chosen.len()) {
            true => finished(ExitCode::SUCCESS),
            false => finished(ExitCode::from(101)), // libtest's code for failed tests
        }
    }

    fn run_tests(&self, chosen: &[&(String, PathBuf)], filtered_out: usize) -> bool {
        let started = Instant::now();
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
            let verdict = result.as_ref().map_or("FAILED".into(), |ran| format!("ok ({ran})"));
            print(&format!("test {name} ... {verdict}"));
            failures.extend(result.err().map(|why| (name, why)));
        }
        for (name, why) in &failures {
            print(&format!("\n---- {name} ----\n{why}"));
        }
        let (failed, verdict) = (failures.len(), if failures.is_empty() { "ok" } else { "FAILED" });
        print(&format!(
            "\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored; 0 measured; {filtered_out} filtered out; \
             finished in {:.2}s\n",
            chosen.len() - failed,
            started.elapsed().as_secs_f64()
        ));
        failures.is_empty()
    }
}

/// Runs the test of a file. Returns what ran, in words.
fn test_file(
    session: &mut Session<'_, Job, Report>,
    index: usize,
    prepared: &Prepared,
    name: &str,
    path: &Path,
) -> Result<String, String> {
    let own = &prepared.scenario().seeds;
    let capped = own.start..own.end.min(own.start + TEST_SEEDS);
    let path = path.display().to_string();
    let tested = Tested { index, prepared, path: &path, test: name, seeds: capped.clone(), strict: false };
    let summary = tested.sweep(session)?;
    let seconds = summary.wall_ms as f64 / 1000.0;
    let all = own.end - own.start;
    let of = match capped.end < own.end && summary.runs as u64 == TEST_SEEDS {
        true => format!(" of {all} seeds, WAVETANK_SEEDS={all} runs all"),
        false => " seeds".into(),
    };
    Ok(format!("{}{of}, {seconds:.2} s", summary.runs))
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

    #[test]
    fn settings_of_the_environment_are_what_people_expect_or_an_error_that_says_what_is() {
        let settings =
            |name: &str, text: &str| TestSettings::from(&|asked| (asked == name).then(|| text.to_owned()));
        let seeds = |name, text| settings(name, text).map(|settings| settings.seeds);
        assert_eq!(seeds("WAVETANK_SEEDS", "5"), Ok(Some(0..5)));
        assert_eq!(seeds("WAVETANK_SEEDS", "5..9"), Ok(Some(5..9)));
        assert_eq!(seeds("WAVETANK_SEED", "5"), Ok(Some(5..6)));
        assert_eq!(seeds("OTHER", "5"), Ok(None));
        assert!(seeds("WAVETANK_SEEDS", "9..5").is_err_and(|why| why.contains("WAVETANK_SEEDS: `9..5`")));
        assert!(seeds("WAVETANK_SEED", "0..5").is_err_and(|why| why.contains("write a whole number")));
        let strict = |text| settings("WAVETANK_STRICT", text).map(|settings| settings.strict);
        assert_eq!((strict("1"), strict("0")), (Ok(true), Ok(false)));
        assert!(strict("yes!").is_err_and(|why| why.contains("write 1 or 0")));
    }
}
