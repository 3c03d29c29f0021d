//! Scenarios built in code: sweeps, the result of a run, and bad calls.

use wavetank::{
    Image, Nodes, Scenario, any_pod, faults, image, mins, on, pods, program, scale, secs, upgrade_nodes, vars,
};

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
fn a_step_built_in_code_is_checked_as_one_of_a_file_is() {
    for (step, right) in [
        (scale("web", 3), "`web/` is wrong here: write a target such as `deployment/web`"),
        (upgrade_nodes("1.36", 1), "`1.36` is wrong here: write a version such as `v1.36.1`"),
    ] {
        let why = web().step(step).run(1).unwrap_err();
        assert!(why.contains(right), "{why}");
    }
    let nameless = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: p-}\n";
    let why = Scenario::new("nameless").apply_yaml(nameless).run(1).unwrap_err();
    assert!(why.contains("`apply` needs a name"), "{why}");
}

#[test]
fn a_fault_built_in_code_is_checked_as_one_of_a_file_is() {
    let (crash, [one, three]) = (|| faults::crash(program("web")), [1_u64, 3]);
    let slow = |victims| faults::slow_start(victims, secs(1));
    for (fault, right) in [
        (crash().after(on::write().verb("pach")), "faults::crash: `pach` is no verb: write one of"),
        (crash().after(on::write().verb("get")), "faults::crash: `get` is no write: write one of create"),
        (crash().after(on::watch_event().verb("watch-event")), "is no watch-event: write one of added"),
        (crash().after(on::write()).nth(0), "faults::crash: occurrences count from 1"),
        (crash().after(on::write()).nth(three..=one), "`3..1` ends before it starts: write `1..3`"),
        (crash().at(secs(3)).nth(2), "`nth` goes with `on`"),
        (crash().at(secs(3)..=secs(1)), "`3s..1s` ends before it starts"),
        (crash().every(secs(3)), "faults::crash: `every` needs `times`"),
        (crash().every(secs(0)).times(3), "a pause of `0s` never ends"),
        (crash().every(secs(3)).times(0..=10_001), "10001 times are too many: write at most 10000"),
        (faults::pod_deletion(pods("==")), "`==` is no label selector"),
        (slow(image("a").all()), "faults::slow_start: `all` does not go with an image"),
        (faults::node_loss(any_pod()).lasting(secs(3)), "it cannot strike `Pod/*`: it strikes nodes"),
        (crash().arg("x", true), "it has no argument `x`; it has none"),
    ] {
        let why = web().fault(fault).run(1).unwrap_err();
        assert!(why.contains(right), "{why}");
    }
}
