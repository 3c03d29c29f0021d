//! Whole runs and their verdicts: what custom resources say of themselves, and setups that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;

use super::client::Client;
use super::wait;
use crate::engine::SECOND;
use crate::explore::{NoRun, Prepared, Run, run};
use crate::object::{Object, Value};
use crate::programs::{Host, Program};
use crate::scenario::{
    Action, Disabled, Ignore, MayBePending, OperatorSpec, Scenario, Step, Target, Wait, WaitFor, oracle,
};
use crate::value;
use crate::wire::PatchType;

const THINGS: &str = "/apis/ex.test/v1/namespaces/default/things";

/// The definition of `Thing`, whose objects may have any fields.
pub(crate) fn definition() -> Arc<Object> {
    let schema =
        value!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    let version = value!({"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": schema});
    Object::shared(value!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.ex.test"},
        "spec": {
            "group": "ex.test", "scope": "Namespaced", "versions": [version],
            "names": {"plural": "things", "singular": "thing", "kind": "Thing"}
        }
    }))
}

pub(crate) fn thing(name: &str) -> Arc<Object> {
    Object::shared(value!({"apiVersion": "ex.test/v1", "kind": "Thing", "metadata": {"name": name}}))
}

/// A scenario in which Things can be.
pub(crate) fn things() -> Scenario {
    let mut scenario = Scenario::new("things");
    scenario.setup = vec![Step::new(Action::Apply(vec![definition()]))];
    (scenario.converge.within_ms, scenario.converge.settle_ms) = (120 * SECOND, 30 * SECOND);
    scenario
}

/// A user creates the Thing `a` and writes these conditions into its status.
fn with_conditions(conditions: &[(&str, &str)]) -> Scenario {
    let condition = |&(kind, status): &(&str, &str)| value!({"type": kind, "status": status, "reason": "Why", "message": "says it"});
    let patch = value!({"status": {"conditions": (Value::list(conditions.iter().map(condition)))}});
    let target = Target::Named { kind: "thing".into(), namespace: None, name: "a".into() };
    let (patch_type, subresource) = (PatchType::Merge, Some("status".into()));
    let status = Step::new(Action::Patch { target, patch_type, patch, subresource });
    Scenario { steps: vec![Step::new(Action::Apply(vec![thing("a")])), status], ..things() }
}

/// Runs the scenario with this program beside the cluster, and no faults.
pub(crate) fn ran(mut scenario: Scenario, programs: &[Program]) -> Result<Run, Box<NoRun>> {
    scenario.operators = programs.iter().map(beside).collect();
    let prepared = Prepared::new(scenario, programs).expect("the scenario is right");
    run(&prepared, 1, &"".parse().expect("an empty plan is one"))
}

fn beside(program: &Program) -> OperatorSpec {
    let name = program.name().to_owned();
    OperatorSpec { program: name.clone(), name, replicas: 1, with: Value::Null }
}

fn found(scenario: Scenario, programs: &[Program]) -> Option<String> {
    let run = ran(scenario, programs).unwrap_or_else(|no_run| panic!("{}", no_run.why));
    run.violation.map(|found| found.to_string())
}

fn not_run(scenario: Scenario, programs: &[Program]) -> String {
    match ran(scenario, programs) {
        Ok(run) => panic!("it ran: {:?}", run.violation),
        Err(no_run) => no_run.why,
    }
}

fn failing(name: &str) -> Program {
    Program::new(name, async |_host: Host| Err::<(), _>("no route to the database"))
}

#[test]
fn a_custom_resource_that_stays_unready_does_not_converge_although_nothing_else_is_expected() {
    for status in ["False", "Unknown"] {
        let words = format!(
            "no_convergence: Thing default/a has Ready={status}: Why: says it, 120 s after the last fault healed"
        );
        assert_eq!(found(with_conditions(&[("Ready", status)]), &[]), Some(words));
    }
    assert_eq!(found(with_conditions(&[("Ready", "True"), ("Available", "False")]), &[]), None);
    assert_eq!(found(with_conditions(&[]), &[]), None);
}

#[test]
fn a_stalled_custom_resource_is_a_violation_of_its_own_unless_that_is_off() {
    let conditions = [("Stalled", "True"), ("Ready", "False")];
    let words = "Thing default/a has Stalled=True: Why: says it, 120 s after the last fault healed";
    assert_eq!(found(with_conditions(&conditions), &[]), Some(format!("stalled: {words}")));
    let mut off = with_conditions(&conditions);
    off.disable = vec![Disabled { oracle: oracle::STALLED, reason: "a test".into() }];
    assert_eq!(found(off, &[]), Some(format!("no_convergence: {words}")));
    let reconciling = found(with_conditions(&[conditions[0], ("Reconciling", "True")]), &[]);
    assert!(
        reconciling.is_some_and(|found| found.starts_with("no_convergence: Thing default/a has Reconciling"))
    );
}

#[test]
fn what_is_named_as_pending_or_ignored_may_be_unready_and_stalled() {
    let entry = |name: Option<&str>| MayBePending {
        kind: "things.ex.test".into(),
        name: name.map(str::to_owned),
        selector: None,
    };
    for conditions in [[("Ready", "False")], [("Stalled", "True")]] {
        for (pending, holds) in [(entry(None), true), (entry(Some("a")), true), (entry(Some("b")), false)] {
            let mut scenario = with_conditions(&conditions);
            scenario.converge.pending = vec![pending];
            assert_eq!(found(scenario, &[]).is_none(), holds);
        }
        let mut scenario = with_conditions(&conditions);
        scenario.converge.ignore = vec![Ignore { kind: "thing".into(), selector: None, fields: vec![] }];
        assert_eq!(found(scenario, &[]), None);
    }
}

#[test]
fn what_may_be_pending_must_still_come_to_rest() {
    let flapping = Program::new("flapping", async |host: Host| {
        let client = Client::new(&host);
        // Until there is a Thing, the program gets 404.
        for count in 0.. {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let status =
                value!({"status": {"count": count, "conditions": [{"type": "Ready", "status": "False"}]}});
            client.write(Method::PATCH, &format!("{THINGS}/a/status"), status).await.ok();
        }
        Ok::<_, String>(())
    });
    let mut scenario = things();
    scenario.converge.pending = vec![MayBePending { kind: "Thing".into(), name: None, selector: None }];
    scenario.steps = vec![Step::new(Action::Apply(vec![thing("a")])), wait(60 * SECOND)];
    let found = found(scenario, &[flapping]).expect("the state changes every 10 s");
    assert!(
        found.starts_with("unstable: converged at times, but never for 30 s at a stretch in 120 s"),
        "{found}"
    );
}

#[test]
fn a_wait_for_convergence_says_how_long_it_waited_and_is_never_stalled() {
    let mut scenario = with_conditions(&[("Stalled", "True")]);
    let until = Wait { until: WaitFor::Converged, timeout_ms: 60 * SECOND };
    scenario.steps.push(Step::new(Action::Wait(until)));
    let words = "no_convergence: Thing default/a has Stalled=True: Why: says it, 60 s after the wait began";
    assert_eq!(found(scenario, &[]).as_deref(), Some(words));
}

#[test]
fn a_setup_that_fails_says_first_which_program_keeps_ending() {
    let why = not_run(things(), &[failing("op")]);
    assert!(why.starts_with("setup did not converge: program op ended with an error "), "{why}");
    assert!(why.contains(" times, last at -") && why.contains(": no route to the database; "), "{why}");
    assert!(why.ends_with("; program op does not run, 1800 s after setup began"), "{why}");
    let returning = Program::new("op", async |_host: Host| Ok::<_, String>(()));
    let why = not_run(things(), &[returning]);
    assert!(why.starts_with("setup did not converge: program op returned "), "{why}");
}

#[test]
fn a_step_of_setup_that_fails_says_first_which_program_keeps_ending() {
    let mut scenario = things();
    scenario.setup.push(Step::new(Action::Apply(vec![thing("a")])));
    let target = Target::Named { kind: "thing".into(), namespace: None, name: "a".into() };
    let until = WaitFor::Condition { target, condition: "Ready".into(), status: "True".into() };
    scenario.setup.push(Step::new(Action::Wait(Wait { until, timeout_ms: 50 * SECOND })));
    let why = not_run(scenario, &[failing("op")]);
    assert!(why.starts_with("setup did not converge: program op ended with an error "), "{why}");
    assert!(why.contains("; step \"wait for Ready=True of thing/a\" failed at "), "{why}");
}

#[test]
fn a_panic_in_setup_is_the_verdict_found_with_the_shortest_setup() {
    let late = Program::new("op", async |host: Host| {
        tokio::time::sleep(Duration::from_secs(3)).await;
        host.env("REPLICAS").expect("replicas are set");
        Ok::<_, String>(())
    });
    let start = Program::new("op", |_host: Host| {
        let start = || -> std::future::Ready<Result<(), String>> { panic!("no config file") };
        start()
    });
    for (program, words) in
        [(late, "panic: op panicked at "), (start, "panic: op panicked in its start closure at ")]
    {
        let run =
            ran(things(), std::slice::from_ref(&program)).unwrap_or_else(|no_run| panic!("{}", no_run.why));
        let found = run.violation.expect("the program panics").to_string();
        assert!(found.starts_with(words) && found.contains("verdicts.rs:"), "{found}");
        assert!(found.ends_with(": replicas are set") || found.ends_with(": no config file"), "{found}");
        let first = run.history.record.entries()[0].time;
        assert_eq!(first.0, -60_000, "the longer setups do not run");
        let mut off = things();
        off.disable = vec![Disabled { oracle: oracle::PANIC, reason: "a test".into() }];
        let why = not_run(off, &[program]);
        assert!(why.starts_with("setup did not converge: program op panicked"), "{why}");
    }
}

#[test]
fn a_program_that_ends_after_setup_has_its_last_words_in_the_verdict() {
    let failed = Arc::new(AtomicBool::new(false));
    let later = Program::new("op", move |_host: Host| {
        let failed = failed.clone();
        async move {
            if !failed.swap(true, Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_secs(70)).await;
            }
            Err::<(), _>("the licence has run out")
        }
    });
    let found = found(things(), &[later]).expect("the program does not run");
    let words = "no_convergence: program op does not run, 120 s after the last fault healed; program op ended with an error ";
    assert!(found.starts_with(words), "{found}");
    assert!(found.ends_with(": the licence has run out"), "{found}");
}

/// Writes a ConfigMap every so often, and changes it each time or never.
fn writing(every_ms: u64, changes: bool) -> Program {
    Program::new("op", move |host: Host| write_on(host, every_ms, changes))
}

async fn write_on(host: Host, every_ms: u64, changes: bool) -> Result<(), String> {
    let client = Client::new(&host);
    let path = "/api/v1/namespaces/default/configmaps";
    client.write(Method::POST, path, value!({"metadata": {"name": "a"}})).await.ok();
    for count in 0.. {
        let text = if changes { format!("{count}") } else { "same".to_owned() };
        client.write(Method::PATCH, &format!("{path}/a"), value!({"data": {"count": text}})).await?;
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
    }
    Ok(())
}

#[test]
fn a_hot_loop_in_setup_ends_the_run_a_minute_after_the_last_other_change() {
    for (program, words) in [
        (writing(10, true), "op changed configmaps default/a 10 times in 60 s although nothing else changed"),
        (
            writing(1000, false),
            "op tried to write configmaps default/a 30 times in 60 s although nothing else changed",
        ),
    ] {
        let run =
            ran(things(), std::slice::from_ref(&program)).unwrap_or_else(|no_run| panic!("{}", no_run.why));
        assert_eq!(run.violation.map(|found| found.to_string()), Some(format!("hot_loop: {words}")));
        assert!(run.end.since(run.history.record.entries()[0].time) < 100_000, "{}", run.end);
    }
    let mut off = things();
    off.disable = vec![Disabled { oracle: oracle::HOT_LOOP, reason: "a test".into() }];
    assert_eq!(found(off, &[writing(1000, false)]), None);
    assert_eq!(found(things(), &[writing(7000, false)]), None);
}

#[test]
fn a_hot_loop_while_faults_rage_waits_for_the_settle_window() {
    let program = writing(1000, false);
    let mut scenario = things();
    scenario.operators = vec![beside(&program)];
    scenario.disable = Vec::new();
    scenario.steps = vec![wait(300 * SECOND)];
    // The run begins 60 s before t = 0, so that no minute is quiet before the fault strikes.
    let run = super::played_with(&[program], scenario, "compaction(keep=99)@1s");
    let found = run.violation.expect("it loops in the settle window").to_string();
    assert!(found.ends_with("30 times in 60 s although all had converged"), "{found}");
}
