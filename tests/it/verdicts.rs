//! What ends a run, and what is noted of it, from the command line and from code.

use wavetank::{Program, Scenario, scale, secs};

use super::{NEVER_HOLDS, scenario_file, text, wavetank, web_yaml};

fn holding() -> String {
    NEVER_HOLDS.replace("pods.size() == 4", "pods.size() == 3")
}

#[test]
fn an_image_rule_that_matches_no_container_in_any_run_gets_a_note() {
    let images = |glob: &str| {
        holding().replace("spec:\n  setup", &format!("spec:\n  images: [{{image: \"{glob}\"}}]\n  setup"))
    };
    let said = |name: &str, glob: &str| {
        let path = scenario_file(name, images(glob));
        text(&wavetank(&["run", path.to_str().unwrap(), "--seeds", "0..3"]).stdout)
    };
    let words = "note       images: `example.org/*` matched no container in any of 3 runs";
    let said_of_none = said("no-image", "example.org/*");
    assert!(said_of_none.contains(words), "{said_of_none}");
    let said_of_all = said("image", "example.com/*");
    assert!(!said_of_all.contains("note  "), "{said_of_all}");
}

#[test]
fn manifests_without_an_object_are_refused_in_code_too() {
    let why = Scenario::new("nothing").apply_yaml("# nothing\n").run(1).unwrap_err();
    assert!(why.contains("`apply` has no manifest"), "{why}");
}

#[test]
fn what_may_be_pending_is_checked_in_code_as_in_a_file() {
    for (scenario, right) in [
        (
            Scenario::new("a").may_be_pending("Thing/"),
            "may_be_pending(\"Thing/\"): `` is wrong here: write an object's name",
        ),
        (Scenario::new("a").may_be_pending(""), "`` is wrong here: write a kind such as"),
        (Scenario::new("a").may_be_pending_with("Thing", "=="), "`==` is no label selector"),
    ] {
        let why = scenario.run(1).unwrap_err();
        assert!(why.contains(right), "{why}");
    }
    let broken = web_yaml(1).replace("example.com/web:1", "example.com/web:bad");
    let pending = || {
        Scenario::new("a")
            .image(wavetank::Image::matching("*:bad").never_ready())
            .apply_yaml(&broken)
            .may_be_pending("deployment/web")
            .may_be_pending_with("replicasets", "app=web")
            .settles_for(secs(30))
    };
    assert_eq!(pending().may_be_pending("Pod").run(1).unwrap().verdict(), Ok(()));
    let why = pending().run(1).unwrap_err();
    assert!(why.starts_with("setup did not converge: Pod default/web-"), "{why}");
}

#[test]
fn a_panic_in_setup_is_a_violation_with_its_place_and_exit_code_one() {
    let start = |_host| -> std::future::Ready<Result<(), String>> { panic!("no config file") };
    let run = Scenario::new("panics").operator(Program::new("op", start)).run(1).unwrap();
    let found = run.violations().next().unwrap().to_string();
    assert!(found.starts_with("panic: op panicked in its start closure at tests/it/verdicts.rs:"), "{found}");
    assert!(found.ends_with(": no config file"), "{found}");
}

#[test]
fn a_panic_of_a_check_is_what_the_check_found() {
    let scenario = |kind: &'static str| {
        let check = move |view: &wavetank::View<'_>| {
            let first = view.list(kind).first().cloned();
            first.expect("there is a deployment");
        };
        let scenario = Scenario::new("checks")
            .step(scale("deployment/web", 2))
            .apply_yaml(&web_yaml(1))
            .converges_within(secs(60))
            .settles_for(secs(30));
        (scenario.clone().always("one", check), scenario.eventually("one", check))
    };
    let (always, eventually) = scenario("apps/v1/StatefulSet");
    let words = "the check panicked at tests/it/verdicts.rs:";
    for (scenario, begin) in [(always, "always: \"one\" did not hold at 0"), (eventually, "no_convergence: ")]
    {
        let run = scenario.run(1).unwrap();
        let found = run.violations().next().unwrap().to_string();
        assert!(found.starts_with(begin) && found.contains(words), "{found}");
        assert!(found.contains(": there is a deployment"), "{found}");
    }
    let (always, eventually) = scenario("apps/v1/Deployment");
    assert_eq!(always.run(1).unwrap().verdict(), Ok(()));
    assert_eq!(eventually.run(1).unwrap().verdict(), Ok(()));
}
