//! Failures of steps name the step's place in the scenario file, and the manifest's.

use wavetank::Scenario;

use super::{scenario_file, text, wavetank};

/// A Deployment whose selector does not fit: the API server refuses it.
const UNFIT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: web, image: "example.com/web:1"}]}
"#;

const SCENARIO: &str = "apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: placed}
spec:
";

/// What a run of one seed says on stdout and stderr, with its exit code.
fn said(name: &str, steps: &str) -> (Option<i32>, String) {
    let path = scenario_file(name, format!("{SCENARIO}{steps}"));
    std::fs::write(path.with_file_name("unfit.yaml"), format!("# a comment\n---\n{UNFIT}")).unwrap();
    let output = wavetank(&["run", path.to_str().unwrap(), "--seed", "1"]);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_failed_step_of_setup_names_its_place_and_its_manifest() {
    let inline: String = UNFIT.lines().map(|line| format!("        {line}\n")).collect();
    let setup = format!("  setup:\n  - name: the web\n    apply:\n      inline: |\n{inline}");
    let (code, words) = said("placed-inline", &setup);
    assert_eq!(code, Some(2), "{words}");
    let step = "placed-inline/scenario.yaml:6:5) failed at -";
    assert!(words.contains("step \"the web\" (") && words.contains(step), "{words}");
    let manifest = "patch deployments default/web: ";
    assert!(words.contains(manifest) && words.contains("placed-inline/scenario.yaml:9:9)"), "{words}");

    let (code, words) = said("placed-file", "  setup:\n  - wait: 1s\n  - {apply: unfit.yaml}\n");
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("placed-file/scenario.yaml:7:5) failed at -"), "{words}");
    assert!(words.contains("placed-file/unfit.yaml:3:1)"), "{words}");
}

#[test]
fn a_failed_step_names_its_place() {
    let (code, words) = said("placed-step", "  steps:\n  - wait: 1s\n  - {create: [unfit.yaml]}\n");
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("violation  step: step \"create Deployment/web\" ("), "{words}");
    for place in ["placed-step/scenario.yaml:7:5) failed at 1.", "placed-step/unfit.yaml:3:1)"] {
        assert!(words.contains(place), "`{place}` is missing in: {words}");
    }
    let steps = "  steps:\n  - scale: {target: deployment/none, replicas: 1}\n";
    let (_, words) = said("placed-scale", steps);
    assert!(words.contains("placed-scale/scenario.yaml:6:5) failed at 0"), "{words}");
}

#[test]
fn a_manifest_that_the_builder_applies_names_its_file() {
    let (_, _) = said("placed-builder", "  setup: []\n");
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("placed-builder");
    let why = Scenario::new("placed").apply_path(folder.join("unfit.yaml")).run(1).unwrap_err();
    assert!(why.contains("placed-builder/unfit.yaml:3:1)"), "{why}");
}
