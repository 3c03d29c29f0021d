//! What a sweep prints while it goes and at its end, when it ends early, and notes that are failures.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{NEVER_HOLDS, scenario_file, text, wavetank, web_yaml};
use wavetank::{Scenario, faults, pods, secs};

/// A scenario whose fault strikes nobody, and which holds on every seed.
fn idle() -> String {
    NEVER_HOLDS
        .replace("pods.size() == 4", "pods.size() == 3")
        .replace("selector: app=web, pick", "selector: app=wbe, pick")
}

const IDLE_NOTE: &str = "pod-deletion never had an effect (3 planned): ";

fn json_lines(output: &std::process::Output) -> Vec<serde_json::Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Starts the command in the project's root, with pipes.
fn started(args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_note_is_a_failure_where_the_command_is_strict_and_stands_in_json() {
    let path = scenario_file("strict", idle());
    let args = ["run", path.to_str().unwrap(), "--seeds", "3"];
    assert_eq!(wavetank(&args).status.code(), Some(0));
    let strict = wavetank(&[&args[..], &["--strict"]].concat());
    let said = text(&strict.stdout);
    assert_eq!(strict.status.code(), Some(1), "{said}");
    let why = format!("never-holds: a note is a failure where checks are strict: {IDLE_NOTE}");
    assert!(said.contains(&why), "{said}");
    let lines = json_lines(&wavetank(&[&args[..], &["--json"]].concat()));
    for line in &lines {
        let note = line["notes"][0]["text"].as_str().unwrap();
        assert!(note.contains("pod-deletion(") && note.contains("nobody was there"), "{note}");
    }
    assert_eq!(lines.len(), 3);
}

fn idle_in_code() -> Scenario {
    let scenario = Scenario::new("idle").apply_yaml(&web_yaml(1)).settles_for(secs(30));
    scenario.fault(faults::pod_deletion(pods("app=wbe").one()).at(secs(1))).seeds(0..3)
}

/// Notes something if `NOTES_ON_PURPOSE` is set, as the test after the next does.
#[test]
fn notes_on_purpose() {
    if std::env::var_os("NOTES_ON_PURPOSE").is_some() {
        idle_in_code().check();
    }
}

/// Fails because it is strict if `NOTES_ON_PURPOSE` is set.
#[test]
fn strict_on_purpose() {
    if std::env::var_os("NOTES_ON_PURPOSE").is_some() {
        idle_in_code().strict().check();
    }
}

#[test]
fn a_test_shows_its_notes_although_it_passes_and_fails_with_them_where_it_is_strict() {
    let run = |test: &str, env: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact"]).env("NOTES_ON_PURPOSE", "1").envs(env.iter().copied());
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, _, notes) = run("sweeps::notes_on_purpose", &[]);
    let note = format!("note       sweeps::notes_on_purpose: {IDLE_NOTE}");
    assert!(code == Some(0) && notes.contains(&note), "{notes}");
    for (test, env) in
        [("sweeps::strict_on_purpose", &[][..]), ("sweeps::notes_on_purpose", &[("WAVETANK_STRICT", "1")])]
    {
        let (code, said, _) = run(test, env);
        assert!(code == Some(101) && said.contains("a note is a failure where checks are strict"), "{said}");
    }
    // A replay of one seed judges no notes.
    let (code, said, _) = run("sweeps::strict_on_purpose", &[("WAVETANK_SEED", "1")]);
    assert_eq!(code, Some(0), "{said}");
}

/// Violated soon after t = 5 s.
const VIOLATED_EARLY: &str = r#"
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: early}
spec:
  steps:
  - wait: 5s
  - create: {inline: '{apiVersion: v1, kind: ConfigMap, metadata: {name: bad}}'}
  faults:
  - {fault: reboot, target: {kind: Node, pick: one}, when: {at: 1s}}
  - {fault: reboot, target: {kind: Node, pick: one}, when: {at: 40s}}
  expect:
  - name: nothing bad
    always: {vars: {bad: {apiVersion: v1, kind: ConfigMap, name: bad}}, cel: bad == null}
"#;

#[test]
fn a_violation_lists_the_faults_that_had_struck_and_its_replay_line_has_all() {
    let path = scenario_file("early", VIOLATED_EARLY);
    let args = ["run", path.to_str().unwrap(), "--seed", "4"];
    let said = text(&wavetank(&args).stdout);
    let listed: Vec<&str> = said.lines().filter(|line| line.starts_with("           ")).collect();
    let later = "           1 of 2 planned faults had not struck by then";
    assert_eq!(listed, ["           reboot(Node/*)@1s", later], "{said}");
    assert!(said.contains("--plan 'reboot(Node/*)@1s; reboot(Node/*)@40s'"), "{said}");
    let line = &json_lines(&wavetank(&[&args[..], &["--json"]].concat()))[0];
    assert_eq!(line["struck"], serde_json::json!(["reboot(Node/*)@1s"]));
}

#[test]
fn runs_that_fail_alike_are_one_failure_with_a_count() {
    let path = scenario_file("alike", NEVER_HOLDS);
    let args = ["run", path.to_str().unwrap(), "--seeds", "5"];
    let output = wavetank(&args);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for (beginning, times) in [("violation  ", 1), ("replay     ", 1), ("failed     ", 1)] {
        assert_eq!(said.lines().filter(|line| line.starts_with(beginning)).count(), times, "{said}");
    }
    assert!(said.contains("failed     5 runs, first with seed 0   no_convergence: expectation"), "{said}");
    assert!(said.contains("never-holds: 5 of 5 runs failed"), "{said}");
    let fast = text(&wavetank(&[&args[..], &["--fail-fast", "--jobs", "1"]].concat()).stdout);
    assert!(fast.contains("1 of 5 seeds   0 passed") && fast.contains("1 of 1 runs failed"), "{fast}");
}

#[test]
fn an_expected_violation_that_no_run_has_is_told_with_what_the_runs_had() {
    let wrong = NEVER_HOLDS.replace("  expect:", "  expect: {violation: hot_loop}\n  x:");
    let wrong = &wrong[..wrong.find("  x:").unwrap()];
    let path = scenario_file("unmet", wrong);
    let said = text(&wavetank(&["run", path.to_str().unwrap(), "--seeds", "2"]).stdout);
    let why = "the scenario expects the violation `hot_loop`, and no seed has it: all 2 runs are without a violation";
    assert!(said.contains(why), "{said}");
    let fails = VIOLATED_EARLY.split("  expect:").next().unwrap().replace(
        "bad}}'}",
        "bad}}'}\n  - assert: {match: {apiVersion: v1, kind: ConfigMap, metadata: {name: absent}}}",
    );
    let path = scenario_file("unmet-other", format!("{fails}  expect: {{violation: hot_loop}}\n"));
    let said = text(&wavetank(&["run", path.to_str().unwrap(), "--seeds", "2"]).stdout);
    let why = "2 of 2 runs failed; the scenario expects the violation `hot_loop`, and no run has it: 2 with `step`, 0 with none";
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_budget_ends_a_sweep_and_the_summary_says_how_many_seeds_ran() {
    let path = scenario_file("budget", idle());
    let args = ["run", path.to_str().unwrap(), "--budget", "0s", "--seeds", "7"];
    let output = wavetank(&args);
    let said = text(&output.stdout);
    assert!(output.status.code() == Some(0) && said.contains("0 of 7 seeds   0 passed"), "{said}");
    assert!(said.contains("note       only 0 of 7 seeds ran: the budget of 0s was over"), "{said}");
    assert_eq!(wavetank(&[&args[..], &["--strict"]].concat()).status.code(), Some(1));
}

/// Starts an endless sweep, waits until its first failure is printed, and sends a signal.
fn signalled(signal: &str, isolation: &str, junit: &Path) -> (Option<i32>, String) {
    let path = scenario_file(&format!("signalled-{signal}"), NEVER_HOLDS);
    let (path, other) = (path.to_str().unwrap(), "scenarios/staticweb-walkthrough.yaml");
    let junit = junit.to_str().unwrap();
    let args = ["run", path, other, "--seeds", "1000000", "--isolation", isolation, "--junit", junit];
    let mut child = started(&args);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.find(|line| line.as_ref().unwrap().starts_with("replay     ")).unwrap().unwrap();
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    (child.wait().unwrap().code(), format!("{first}\n{}", rest.join("\n")))
}

#[test]
fn a_signal_ends_a_sweep_at_once_with_its_summary_and_a_complete_junit_file() {
    for (signal, isolation, code) in [("-INT", "thread", 130), ("-TERM", "fork", 143)] {
        let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("signalled{signal}.xml"));
        let (ended, said) = signalled(signal, isolation, &junit);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(" of 1000000 seeds   0 passed"), "{said}");
        let xml = std::fs::read_to_string(&junit).unwrap();
        assert!(xml.contains("</testsuites>") && xml.contains("failures=\"1\""), "{xml}");
        assert!(xml.contains("a signal ended the sweep") && xml.contains("<skipped"), "{xml}");
    }
}

#[test]
fn output_that_cannot_be_written_is_bad_input_and_a_reader_who_leaves_is_no_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    let output = command.args(["explain"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("wavetank cannot write to stdout: "), "{}", text(&output.stderr));
    let path = scenario_file("closed", NEVER_HOLDS);
    let mut child = started(&["run", path.to_str().unwrap(), "--seeds", "1000000", "--json"]);
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(141), "as a command that SIGPIPE ends");
    assert!(!text(&output.stderr).contains("cannot write"), "{}", text(&output.stderr));
}

#[test]
fn two_scenarios_of_one_name_are_told_apart_by_their_files() {
    let (one, other) = (scenario_file("twin-a", idle()), scenario_file("twin-b", idle()));
    let args = ["run", one.to_str().unwrap(), other.to_str().unwrap(), "--seeds", "1"];
    let said = text(&wavetank(&args).stdout);
    for path in [&one, &other] {
        assert!(said.contains(&format!("never-holds ({})", path.display())), "{said}");
    }
    let lines = json_lines(&wavetank(&[&args[..], &["--json"]].concat()));
    let files: Vec<_> = lines.iter().map(|line| line["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(files, [one.display().to_string(), other.display().to_string()]);
    for line in &lines {
        let replay = line["replay"].as_str().unwrap();
        assert!(replay.contains(" replay ") && replay.contains("--seed 0 --plan"), "{replay}");
        assert!(line.get("timeline").is_none());
    }
    let detailed = json_lines(&wavetank(&[&args[..], &["--json", "--detail"]].concat()));
    let story = detailed[0]["timeline"].as_array().unwrap();
    assert!(story.iter().any(|line| line.as_str().unwrap().contains("kubectl get pods")), "{story:?}");
    assert!(detailed[0]["record"].as_array().unwrap().len() > 50 && detailed[0]["logs"].is_array());
}

#[test]
fn flags_about_seeds_and_jobs_mean_what_they_say_or_say_what_would_be_right() {
    let path = scenario_file("flags", idle());
    let path = path.to_str().unwrap();
    let seeds = |args: &[&str]| {
        let output = wavetank(&[&["run", path, "--json"], args].concat());
        json_lines(&output).iter().map(|line| line["seed"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(seeds(&["--seeds", "3"]), [0, 1, 2]);
    assert_eq!(seeds(&["--seeds", "2..4"]), [2, 3]);
    assert_eq!(seeds(&["--seed", "7"]), [7]);
    for (args, right) in [
        (&["--jobs", "0"][..], "at least 1; without it, one per core"),
        (&["--seeds", "4..2"], "write `200`, or `0..200`"),
        (&["--seed", "7", "--seeds", "3"], "cannot be used with"),
        (&["--detail"], "--json"),
        (&["--budget", "60"], "write `30s`"),
    ] {
        let output = wavetank(&[&["run", path], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(right), "{args:?}: {}", text(&output.stderr));
    }
}
