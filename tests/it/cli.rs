//! Exit codes and outputs of the command.

use super::{NEVER_HOLDS, scenario_file, text, wavetank};

#[track_caller]
fn is_bad_input(name: &str, content: impl AsRef<[u8]>, wanted: &[&str]) {
    let path = scenario_file(name, content);
    let output = wavetank(&["run", path.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for part in wanted {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    assert_eq!(text(&output.stdout), "", "nothing runs");
}

#[test]
fn a_bad_file_is_named_with_its_place_and_nothing_runs() {
    is_bad_input("empty", "", &["scenario.yaml:1:1", "empty"]);
    is_bad_input("cut", "kind: Scenario\nspec: [1,2", &["scenario.yaml:2"]);
    is_bad_input("utf16", b"\xff\xfe\x00k", &["scenario.yaml:1"]);
    is_bad_input("deep", format!("a: {}", "[".repeat(100_000)), &["scenario.yaml:1"]);
    is_bad_input(
        "kind",
        NEVER_HOLDS.replace("kind: Scenario", "kind: Scenaro"),
        &["scenario.yaml:3:7", "Scenaro"],
    );
    is_bad_input(
        "unknown",
        NEVER_HOLDS.replace("spec:\n  setup", "spec:\n  nonsense: 1\n  setup"),
        &["nonsense"],
    );
    is_bad_input(
        "fault",
        NEVER_HOLDS.replace("pod-deletion", "volume-loss"),
        &["this version has no fault `volume-loss`"],
    );
    is_bad_input(
        "cel",
        NEVER_HOLDS.replace("pods.size() == 4", "pods.size( == 4"),
        &["scenario.yaml:27:12", "line 1, column"],
    );
}

#[test]
fn a_bad_flag_and_an_absent_file_are_bad_input() {
    assert_eq!(wavetank(&["run", "--no-such-flag"]).status.code(), Some(2));
    let absent = wavetank(&["run", "no/such/file.yaml"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).contains("no/such/file.yaml"), "{}", text(&absent.stderr));
}

#[test]
fn explain_knows_oracles_and_faults_and_suggests_a_name_for_a_wrong_one() {
    let explained = |args: &[&str]| {
        let output = wavetank(&[&["explain"], args].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, page, _) = explained(&["fault", "node-loss"]);
    assert_eq!(code, Some(0));
    for part in ["duration                required", "return, replace; default return"] {
        assert!(page.contains(part), "`{part}` is missing in: {page}");
    }
    assert!(
        page.contains("in a plan:\n  node-loss(Node/*)@30s+2m\nin a file:\n  - fault: node-loss\n"),
        "{page}"
    );
    let (code, page, _) = explained(&["oracle", "hot_loop"]);
    assert_eq!(code, Some(0));
    assert!(page.starts_with("oracle hot_loop\nA program writes one object again and again"), "{page}");
    assert!(page.contains("oracles: {disable: [{name: hot_loop, reason: \"..\"}]}"), "{page}");
    for (args, part) in [
        (&["plan"][..], "EVENT  = [ACTOR: ]VERB KIND[/SUBRESOURCE]/NAMESPACE/NAME"),
        (&["expect"], "cel: d.status.readyReplicas == d.spec.replicas"),
        (&["step", "scale"], "replicas *            how many replicas"),
        (&["trigger"], "event                   at a request or a watch event (or `on`)"),
        (&["converge"], "default 20m: a duration such as `30s`"),
        (&["image"], "hang                    the time after the start"),
        (&["partition"], "target: {kind: Node, pick: one}"),
    ] {
        let (code, page, why) = explained(args);
        assert!(code == Some(0) && page.contains(part), "{args:?}: {page}{why}");
    }
    let (code, all, _) = explained(&[]);
    assert_eq!(code, Some(0));
    assert!(!all.contains("  counts ") && all.contains("\n  pod-deletion  "), "{all}");
    for (args, right) in [
        (["oracle", "counts"], "this version has no oracle `counts`; known: no_convergence, "),
        (["oracle", "hotloop"], "did you mean `hot_loop`?"),
        (["fault", "volume-loss"], "this version has no fault `volume-loss`; known: pod-deletion, "),
        (["fault", "pod-deleton"], "did you mean `pod-deletion`?"),
        (["steps", "scale"], "there is no topic `steps`; did you mean `step`? topics: scenario, cluster,"),
    ] {
        let (code, said, why) = explained(&args);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{args:?}");
        assert!(why.contains(right), "{why}");
    }
}

#[test]
fn a_violation_is_exit_code_one_and_its_text_has_the_expectation_and_the_replay_line() {
    let path = scenario_file("violation", NEVER_HOLDS);
    let output = wavetank(&["run", path.to_str().unwrap(), "--seeds", "3..5"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["violation  no_convergence", "four pods", "seed 3", "replay     ", "pod-deletion("] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
}

#[test]
fn a_fault_that_never_has_an_effect_gets_a_note() {
    let three = NEVER_HOLDS.replace("pods.size() == 4", "pods.size() == 3");
    let path = scenario_file("idle", three.replace("selector: app=web, pick", "selector: app=wbe, pick"));
    let output = wavetank(&["run", path.to_str().unwrap(), "--seeds", "0..3"]);
    let note = "note       pod-deletion never had an effect (3 planned): ";
    assert!(text(&output.stdout).contains(note), "{}", text(&output.stdout));
    let path = scenario_file("bites", three);
    let output = wavetank(&["run", path.to_str().unwrap(), "--seeds", "0..3"]);
    assert!(!text(&output.stdout).contains("note "), "{}", text(&output.stdout));
}

#[test]
fn json_has_one_object_per_run_and_junit_one_case_per_scenario() {
    let junit = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("junit.xml");
    let args = ["run", "scenarios/staticweb-walkthrough.yaml", "--seeds", "0..3", "--json", "--junit"];
    let output = wavetank(&[&args[..], &[junit.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    for (seed, line) in lines.iter().enumerate() {
        assert_eq!((line["seed"].as_u64(), line["verdict"].as_str()), (Some(seed as u64), Some("held")));
        assert!(line["fingerprint"].as_str().is_some_and(|f| f.len() == 32) && line["virtual_s"].is_number());
    }
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("staticweb-walkthrough") && xml.contains("failures=\"0\""), "{xml}");
}

#[test]
fn the_same_seeds_have_the_same_fingerprints_with_one_and_two_jobs_in_threads_and_forks() {
    let fingerprints = |more: &[&str]| {
        let args = ["run", "scenarios/operator-under-fire.yaml", "--seeds", "0..6", "--json"];
        let output = text(&wavetank(&[&args[..], more].concat()).stdout);
        let line =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["fingerprint"].to_string();
        output.lines().map(line).collect::<Vec<_>>()
    };
    let one = fingerprints(&["--jobs", "1"]);
    assert_eq!(one.len(), 6);
    assert_eq!(one, fingerprints(&["--jobs", "2"]));
    assert_eq!(one, fingerprints(&["--isolation", "thread"]));
}
