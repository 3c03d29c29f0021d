//! The replay line reproduces the run in another process.

use std::process::Command;

use super::{NEVER_HOLDS, scenario_file, text, wavetank, web_yaml};
use wavetank::{Scenario, faults, pods, secs};

/// What follows `replay     ` in an output.
fn replay_line(said: &str) -> &str {
    said.lines()
        .find_map(|line| line.strip_prefix("replay     "))
        .unwrap_or_else(|| panic!("no replay line in: {said}"))
}

fn violation(said: &str) -> &str {
    said.lines()
        .find(|line| line.starts_with("violation  "))
        .unwrap_or_else(|| panic!("no violation in: {said}"))
}

#[test]
fn the_line_of_the_command_reproduces_the_violation() {
    let path = scenario_file("replay", NEVER_HOLDS);
    let first = text(&wavetank(&["run", path.to_str().unwrap(), "--seeds", "17..18"]).stdout);
    let shell =
        Command::new("sh").args(["-c", replay_line(&first)]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let again = shell.unwrap();
    assert_eq!(again.status.code(), Some(1), "{}", text(&again.stderr));
    let again = text(&again.stdout);
    assert_eq!(violation(&again), violation(&first));
    assert_eq!(replay_line(&again), replay_line(&first));
}

#[test]
fn the_line_of_the_buggy_operator_reproduces_its_violation() {
    let args = ["run", "scenarios/operator-classic-bug.yaml", "--seeds", "0..20"];
    let first = text(&wavetank(&args).stdout);
    let shell =
        Command::new("sh").args(["-c", replay_line(&first)]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    assert_eq!(violation(&text(&shell.unwrap().stdout)), violation(&first));
}

/// Fails if `FAILS_ON_PURPOSE` is set, as the next test does.
#[test]
fn fails_on_purpose() {
    if std::env::var_os("FAILS_ON_PURPOSE").is_none() {
        return;
    }
    let scenario = Scenario::new("never-holds")
        .apply_yaml(&web_yaml(3))
        .converges_within(secs(60))
        .settles_for(secs(30));
    scenario
        .fault(faults::pod_deletion(pods("app=web").one()).at(secs(1)..=secs(20)))
        .eventually("four pods", |view| {
            view.require(view.list("v1/Pod").len() == 4, "there are not four pods")
        })
        .seeds(5..7)
        .check();
}

#[test]
fn the_line_of_a_test_reproduces_its_violation() {
    // Runs the binary with the arguments that cargo would pass, because cargo in cargo would build again.
    let run = |test: &str, env: &[(String, String)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture"]).env("FAILS_ON_PURPOSE", "1");
        command.envs(env.iter().cloned());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(101), "{}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    };
    let first = run("replay::fails_on_purpose", &[]);
    let line = replay_line(&first).to_owned();
    let (env, cargo) = line.split_once(" cargo test ").expect("the line is one for cargo test");
    let (seed, plan) = env.split_once(" WAVETANK_PLAN='").expect("the line names seed and plan");
    let env = [
        ("WAVETANK_SEED".to_owned(), seed.trim_start_matches("WAVETANK_SEED=").to_owned()),
        ("WAVETANK_PLAN".to_owned(), plan.trim_end_matches('\'').to_owned()),
    ];
    assert!(cargo.contains("--test it") && cargo.ends_with(" -- --exact"), "{line}");
    let test = cargo.trim_end_matches(" -- --exact").rsplit(' ').next().unwrap();
    let again = run(test, &env);
    assert_eq!(violation(&again), violation(&first));
    assert_eq!(replay_line(&again), line);
}
