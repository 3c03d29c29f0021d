//! Programs that listen for SIGTERM, in a pod that is deleted.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::watcher;
use kube::{Api, Client};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use wavetank_sim::object::{Object, Value};
use wavetank_sim::programs::{Host, Program};
use wavetank_sim::scenario::{self as sim, ImageRule, OperatorSpec, Scenario, Step};

use super::exits::forked_with;

/// A pod that runs the program `op`, and so many other replicas of it beside the cluster.
fn scenario(beside: u32) -> Scenario {
    let mut scenario = Scenario::new("signals");
    let mut image = ImageRule::matching("op:1");
    image.program = Some("op".into());
    scenario.images = vec![image];
    let pod = r#"{
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "op"},
        "spec": {"containers": [{"name": "c", "image": "op:1"}]}
    }"#;
    let pod = Object::shared(Value::from_json(pod.as_bytes()).expect("it is JSON"));
    scenario.setup = vec![Step::new(sim::Action::Apply(vec![pod]))];
    let name = || "other".to_owned();
    scenario.operators = (0..beside)
        .map(|_| OperatorSpec { name: name(), program: "op".into(), replicas: 1, with: Value::Null })
        .collect();
    scenario
}

/// A program that takes two seconds to stop when it gets SIGTERM, as tokio tells it.
fn listens() -> Program {
    Program::new("op", async |_: Host| -> Result<(), std::io::Error> {
        let mut terminated = signal(SignalKind::terminate())?;
        terminated.recv().await;
        sleep(Duration::from_secs(2)).await;
        Ok(())
    })
}

/// The same in a spawned task.
fn listens_in_a_task() -> Program {
    Program::new("op", async |_: Host| -> Result<(), std::io::Error> {
        let mut terminated = signal(SignalKind::terminate())?;
        let listening = tokio::spawn(async move { terminated.recv().await });
        let _ = listening.await;
        sleep(Duration::from_secs(2)).await;
        Ok(())
    })
}

/// A controller of kube's that stops by itself.
fn controls() -> Program {
    Program::new("op", async |host: Host| -> Result<(), kube::Error> {
        let api = Api::<ConfigMap>::default_namespaced(Client::new(host.service(), "default"));
        let controller = Controller::new(api, watcher::Config::default()).shutdown_on_signal();
        let reconcile = |_, _| async { Ok::<_, kube::Error>(Action::await_change()) };
        controller
            .run(reconcile, |_, _, _| Action::await_change(), Arc::new(()))
            .for_each(|_| ready(()))
            .await;
        sleep(Duration::from_secs(2)).await;
        Ok(())
    })
}

#[test]
fn the_handler_of_the_only_program_is_called_when_its_pod_stops() {
    let expected = ["10s", "12s"].map(str::to_owned);
    for program in [listens, listens_in_a_task, controls] {
        let lines = forked_with(|| scenario(0), &program, "pod-deletion(pods/default/op)@10s");
        let lines = lines.expect("the run ends");
        let texts = ["told to stop (SIGTERM)", "stopped on SIGTERM: exited"];
        let wanted = expected.iter().zip(texts).map(|(at, text)| format!("{at} op@default/op: {text}"));
        let without_ms = |line: &String| {
            let (at, rest) = line.split_once("s ").expect("a line has a time");
            format!("{}s {rest}", at.split('.').next().expect("there are seconds"))
        };
        assert_eq!(lines.iter().map(without_ms).collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }
}

#[test]
fn beside_another_program_no_handler_is_called_and_a_note_says_so() {
    let lines = forked_with(|| scenario(1), &listens, "pod-deletion(pods/default/op)@10s");
    let lines = lines.expect("the run ends");
    let killed = "op@default/op: killed by its container runtime, without a call of its SIGTERM handler";
    assert!(lines.iter().any(|line| line.starts_with("40") && line.ends_with(killed)), "{lines:#?}");
    let last = lines.last().expect("there is a note");
    assert!(last.starts_with("note program op@default/op was killed at 40"), "{lines:#?}");
}
