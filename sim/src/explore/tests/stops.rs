//! Whole runs in which the pod of a program is deleted: SIGTERM, the grace, SIGKILL.

use std::time::Duration;

use super::{played_with, wait};
use crate::engine::SECOND;
use crate::object::Object;
use crate::programs::{Host, Program};
use crate::scenario::{Action, ImageRule, Scenario, Step};
use crate::value;
use crate::wire::What;
use crate::wire::resource::PODS;

/// What became of a program whose pod is deleted at 10 s with a grace of 20 s, and when its pod was gone.
fn told(program: Program) -> (Vec<String>, i64) {
    let mut scenario = Scenario::new("stops");
    let mut image = ImageRule::matching("op:1");
    image.program = Some("op".into());
    scenario.images = vec![image];
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "op"},
        "spec": {"terminationGracePeriodSeconds": 20, "containers": [{"name": "c", "image": "op:1"}]}
    });
    scenario.setup = vec![Step::new(Action::Apply(vec![Object::shared(pod)]))];
    scenario.steps = vec![wait(60 * SECOND)];
    scenario.converge.settle_ms = 60 * SECOND;
    let run = played_with(&[program], scenario, "pod-deletion(pods/default/op, gracePeriodSeconds=20)@10s");
    assert_eq!(run.violation, None);
    let lives = run.history.record.entries().iter().filter(|entry| entry.time.0 > 0);
    let lives = lives.filter_map(|entry| match &entry.what {
        What::Host(text) => Some(format!("{} {text}", entry.time.0 / 1000)),
        _ => None,
    });
    let gone = run.commits().find(|(_, commit)| commit.resource == *PODS && commit.new.is_none());
    (lives.collect(), gone.expect("the pod is deleted").0.0 / 1000)
}

async fn sleep_s(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[test]
fn a_program_that_returns_within_its_grace_has_stopped_gracefully() {
    let (lives, gone) = told(Program::new("op", async |host: Host| {
        host.terminated().await;
        sleep_s(3).await;
        Ok::<(), String>(())
    }));
    assert_eq!(lives, ["10 told to stop (SIGTERM)", "13 stopped on SIGTERM: exited"]);
    assert_eq!(gone, 13);
    let (lives, _) = told(Program::new("op", async |host: Host| {
        let terminated = host.terminated();
        tokio::spawn(terminated).await.map_err(|error| error.to_string())?;
        Err::<(), _>("the lease is not released".to_owned())
    }));
    let error = "10 stopped on SIGTERM: exited with an error: the lease is not released";
    assert_eq!(lives, ["10 told to stop (SIGTERM)", error]);
}

#[test]
fn a_program_that_does_not_end_is_killed_when_its_grace_is_over() {
    for program in [
        Program::new("op", async |_: Host| std::future::pending::<Result<(), String>>().await),
        Program::new("op", async |host: Host| {
            host.terminated().await;
            sleep_s(21).await;
            Ok::<(), String>(())
        }),
    ] {
        let (lives, gone) = told(program);
        assert_eq!(lives, ["10 told to stop (SIGTERM)", "30 killed by its container runtime"]);
        assert_eq!(gone, 30);
    }
}

#[test]
fn a_program_beside_the_cluster_and_one_that_crashes_are_told_nothing() {
    let listens = Program::new("op", async |host: Host| {
        host.terminated().await;
        Err::<(), _>("it was told".to_owned())
    });
    let run = super::operated(&listens, 1, "crash(op)@10s");
    assert_eq!(run.violation, None);
    let texts = run.history.record.entries().iter().map(|entry| entry.what.to_string());
    assert_eq!(texts.filter(|text| text.contains("it was told")).count(), 0);
}
