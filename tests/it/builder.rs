//! Scenarios built in code: sweeps, the result of a run, and bad calls.

use wavetank::{Image, Nodes, Scenario, faults, mins, pods, program, scale, secs, vars};

use super::web_yaml;

fn web() -> Scenario {
    Scenario::new("web")
        .nodes(Nodes::named("node").count(2).cpu("4").memory("16Gi").zones(["a", "b"]))
        .image(Image::matching("example.com/*").pull(secs(1)..=secs(3)).ready(secs(1)..=secs(2)))
        .apply_yaml(&web_yaml(1))
        .step(scale("deployment/web", 3))
        .fault(faults::pod_deletion(pods("app=web").one()).every(secs(5)..=secs(20)).times(0..=3))
        .always("never more than five pods", |v| {
            v.require(v.list("v1/Pod").len() <= 5, "more than five pods")
        })
        .eventually_cel("ready", vars! { d: "apps/v1/Deployment/web" }, "d.status.readyReplicas == 3")
        .converges_within(mins(5))
        .settles_for(secs(60))
}

#[test]
fn a_built_scenario_holds_over_seeds() {
    web().seeds(0..20).check();
}

#[test]
fn a_run_shows_its_objects_writes_and_plan() {
    let run = web().run(1).unwrap();
    assert_eq!(run.verdict(), Ok(()));
    assert_eq!(run.objects("v1/Pod").len(), 3);
    assert_eq!(run.objects("apps/v1/Deployment")[0].i64_at(&["spec", "replicas"]), Some(3));
    assert!(run.writes().by("kube-scheduler").count() >= 3);
    let again = web().run_plan(1, run.plan()).unwrap();
    assert_eq!(again.fingerprint(), run.fingerprint());
}

#[test]
fn an_error_of_the_code_at_the_end_is_a_violation() {
    let run = web().at_end(|_host| async { Err("not as it should be".into()) }).run(1).unwrap();
    let found = run.violations().next().unwrap();
    assert_eq!(found.oracle, "at_end");
    assert!(found.message.contains("not as it should be"), "{found}");
}

#[test]
fn a_misspelt_or_unsuitable_oracle_is_a_problem_of_the_scenario() {
    let why = web().disable("hot_lop", "a slip").expect_violation("internal").run(1).unwrap_err();
    assert!(why.contains("did you mean `hot_loop`?"), "{why}");
    assert!(why.contains("oracle `internal` does not belong here"), "{why}");
}

#[test]
fn a_wrong_scenario_fails_its_test_and_names_the_calls() {
    let checked = std::panic::catch_unwind(|| {
        Scenario::new("x y").fault(faults::crash(program("nope")).at(secs(5))).seeds(0..20).check();
    });
    let why = *checked.expect_err("the check fails").downcast::<String>().expect("it panics with a text");
    let lines: Vec<&str> = why.trim().lines().collect();
    assert_eq!(
        lines,
        [
            "Scenario::new(\"x y\"): `x y` is wrong here: write a name of lower case letters, digits and `-`",
            "fault(crash(program(\"nope\")).at(5s)): `nope` is no program that runs here; no program runs: name one under \
             `operators` or `images`",
        ]
    );
}
