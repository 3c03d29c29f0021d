//! Looking at one run: the story that `replay` prints while it goes, the revisions of an object, an object at a time.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::{scenario_file, text, wavetank};

const SCENARIO: &str = "scenarios/operator-classic-bug.yaml";
/// The error strikes the first write of the Deployment after t = 0, when the blog grows.
const PLAN: &str =
    "api-error(website-operator)@before(patch deployments/default/blog#1); crash(website-operator)@20s";

fn looked(args: &[&str]) -> (Option<i32>, String, String) {
    let output = wavetank(&[&["replay", SCENARIO, "--seed", "1", "--plan", PLAN], args].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_replay_tells_what_the_operator_writes_what_fails_and_what_changes() {
    let (_, story, _) = looked(&[]);
    for part in [
        "website-operator: started, incarnation 1",
        "website-operator: patch deployments default/blog: created",
        "kube-controller-manager: deployments default/blog: Available False -> True (MinimumReplicasAvailable)",
        "website-operator: patch websites/status default/blog: status.conditions[Ready].status False -> True",
        "user: the blog grows",
        "chaos: api-error(website-operator)@before(patch deployments/default/blog#1)",
        "website-operator: got 500 to patch deployments default/blog: Internal error occurred: ",
        "chaos: crash(website-operator)@20s",
        "website-operator: crashed",
        "website-operator: started, incarnation 2",
        "website-operator: watches websites again",
        "kubectl get pods",
    ] {
        assert!(story.contains(part), "`{part}` is missing in: {story}");
    }
}

#[test]
fn a_replay_of_an_expected_violation_says_that_it_is_the_expected_one() {
    let path = scenario_file("expected", super::NEVER_HOLDS.split("  expect:").next().unwrap());
    let fails = "  steps: [{assert: {match: {apiVersion: v1, kind: ConfigMap, metadata: {name: absent}}}}]\n  expect: {violation: step}\n";
    let path = {
        let text = std::fs::read_to_string(path).unwrap() + fails;
        scenario_file("expected", text)
    };
    let output = wavetank(&["replay", path.to_str().unwrap()]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("violation  step (expected): step \"assert\" ("), "{said}");
    assert!(said.contains("expected   the scenario expects a violation of `step`, and this is it"), "{said}");
}

#[test]
fn revisions_of_an_object_have_their_writers_and_what_changed() {
    for kind in ["website", "websites", "Website", "websites.example.wavetank.dev"] {
        let (_, shown, why) = looked(&["--object", &format!("{kind}/blog")]);
        assert_eq!(why, "", "{kind}");
        for part in [
            "user: patch websites default/blog, created, revision ",
            "          + kind: Website\n",
            "          ~ metadata.finalizers = [\"example.wavetank.dev/registration\"]\n",
            "website-operator: patch websites/status default/blog, revision ",
            "          ~ status.conditions[Ready].status False -> True\n",
        ] {
            assert!(shown.contains(part), "`{part}` is missing in: {shown}");
        }
    }
    let (code, shown, why) = looked(&["--object", "deploy/blg"]);
    assert_eq!((code, shown.as_str()), (Some(2), ""));
    assert!(why.contains("this run has no deploy/blg in namespace default; it has default/blog"), "{why}");
    let (code, _, why) = looked(&["--object", "deploy/blog", "-n", "shop"]);
    assert!(code == Some(2) && why.contains("in namespace shop; it has default/blog"), "{why}");
    let (code, _, why) = looked(&["--object", "widget/blog"]);
    assert!(code == Some(2) && why.contains("no object of kind `widget`; it has "), "{why}");
}

#[test]
fn an_object_is_printed_as_it_was_at_a_time() {
    let replicas = |args: &[&str]| {
        let (code, shown, why) = looked(&[&["--get", "website/blog"], args].concat());
        assert_eq!((code, why.as_str()), (Some(0), ""), "{shown}");
        let field = |line: &str| {
            let line = line.trim().trim_start_matches('"');
            line.starts_with("replicas")
                .then(|| line.trim_end_matches(',').split(' ').next_back().unwrap().to_owned())
        };
        shown.lines().find_map(field).unwrap()
    };
    assert_eq!(replicas(&["--at", "-1s"]), "1");
    assert_eq!(replicas(&["--at", "1s"]), "2");
    assert_eq!(replicas(&[]), "2");
    assert_eq!(replicas(&["--at", "-1s", "-o", "json"]), "1");
    for (args, right) in [
        (&["--get", "website/blog", "--at", "-60s"][..], "at -60s: it was created at -"),
        (&["--get", "website/blog", "--at", "20000h"], "the run ended at "),
        (&["--get", "website/blog", "--at", "soon"], "`soon` is no duration"),
        (&["--get", "website"], "`website` names no object: write KIND/NAME"),
        (&["--at", "3s"], "--get"),
        (&["-n", "shop"], "--namespace goes with --object or --get"),
    ] {
        let (code, shown, why) = looked(args);
        assert_eq!((code, shown.as_str()), (Some(2), ""), "{args:?}");
        assert!(why.contains(right), "{args:?}: {why}");
    }
}

/// A run that takes seconds of wall time, and has something to tell at its beginning.
const LONG: &str = r#"
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: long}
spec:
  cluster: {nodePools: [{name: node, count: 200}]}
  setup:
  - apply:
      inline: |
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 5000
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "example.com/web:1"}]}
"#;

#[test]
fn a_replay_prints_while_the_run_goes() {
    let path = scenario_file("long", LONG);
    for (isolation, what) in [("thread", &[][..]), ("fork", &[]), ("fork", &["--record"])] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
        command.args(["replay", path.to_str().unwrap(), "--isolation", isolation]).args(what);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let still_runs = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(first.contains('s') && still_runs, "{isolation} {what:?}: {first}");
    }
}
