//! What surrounds a kube operator in a run: signals, clusters of its own, threads.

use std::net::TcpListener;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::ListParams;
use kube::runtime::controller::Action;
use kube::runtime::{Controller, watcher};
use kube::{Api, Client};
use wavetank::{Host, Image, Program, Scenario, secs};

use super::{text, web_yaml};

fn with(program: Program) -> Scenario {
    Scenario::new("s").apply_yaml(&web_yaml(1)).operator(program).settles_for(secs(60))
}

/// The violation of a run with this program, in words.
fn found(program: Program) -> String {
    let run = with(program).run(1).expect("an escape in setup is a violation of the run");
    run.verdict().expect_err("it reaches out of the run").to_string()
}

const HINT: &str = "pass the client from host.service(): see README, \"Make your operator testable\"";

#[test]
fn a_controller_that_shuts_down_on_signals_runs() {
    let start = |host: Host| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(Client::new(host.service(), "default"));
        Controller::new(maps, watcher::Config::default())
            .shutdown_on_signal()
            .run(
                async |_, _| Ok::<_, std::io::Error>(Action::await_change()),
                |_, _, _| Action::requeue(secs(5)),
                std::sync::Arc::new(()),
            )
            .for_each(|_| async {})
            .await;
        Ok::<(), String>(())
    };
    with(Program::new("op", start)).seeds(0..3).check();
}

#[test]
fn a_program_that_makes_its_own_client_is_told_where_to_take_it_from() {
    let ends = |_: Host| async { Client::try_default().await.map(drop) };
    let panics = |_: Host| async {
        let client = Client::try_default().await.unwrap();
        Api::<Pod>::default_namespaced(client).list(&ListParams::default()).await.map(drop)
    };
    for program in [Program::new("op", ends), Program::new("op", panics)] {
        let found = found(program);
        assert!(found.starts_with("escape: op ") && found.contains(HINT), "{found}");
        assert!(found.contains("nfer"), "kube says that it infers its configuration: {found}");
    }
}

#[test]
fn a_program_with_a_cluster_of_its_own_does_not_reach_it() {
    let cluster = TcpListener::bind("127.0.0.1:0").unwrap();
    cluster.set_nonblocking(true).unwrap();
    let address = cluster.local_addr().unwrap();
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n"
    );
    let path = super::scenario_file("kubeconfig", config);
    let lists = |_: Host| async {
        let client = Client::try_default().await?;
        Api::<Pod>::default_namespaced(client).list(&ListParams::default()).await.map(drop)
    };
    let found = found(Program::new("op", lists).env("KUBECONFIG", path.to_str().unwrap()));
    assert!(found.starts_with(&format!("escape: op tried to connect to {address}")), "{found}");
    assert!(found.contains(HINT), "{found}");
    assert!(cluster.accept().is_err(), "nobody has connected");
}

async fn computes_in_a_thread(_: Host) -> Result<(), String> {
    let sum = tokio::task::spawn_blocking(|| (1..=3).sum::<i32>()).await;
    assert_eq!(sum.expect("it computes"), 6);
    std::future::pending().await
}

#[test]
fn a_thread_is_found_and_may_be_permitted() {
    let found = found(Program::new("op", computes_in_a_thread));
    assert!(found.starts_with("escape: op started the thread `tokio-rt-worker`"), "{found}");
    with(Program::new("op", computes_in_a_thread).allow("threads", "it computes")).seeds(0..3).check();
}

#[test]
fn a_program_in_a_pod_is_named_with_its_pod_and_may_be_permitted_too() {
    let pods = |program: Program| {
        let image = Image::matching("example.com/*").program(program);
        Scenario::new("s")
            .apply_yaml(&web_yaml(1))
            .image(image)
            .settles_for(secs(60))
            .run(1)
            .expect("it runs")
    };
    let found =
        pods(Program::new("op", computes_in_a_thread)).verdict().expect_err("it starts one").to_string();
    assert!(found.starts_with("escape: op on web-") && found.contains(" started the thread"), "{found}");
    let permitted = Program::new("op", computes_in_a_thread).allow("threads", "it computes");
    assert_eq!(pods(permitted).verdict(), Ok(()));
}

#[test]
fn a_permission_needs_a_known_word_and_a_reason() {
    for (word, reason, right) in [
        ("thread", "it computes", "`thread` cannot be permitted; did you mean `threads`?"),
        ("threads", " ", "permitting `threads` needs a reason: why op has to reach out of the run"),
    ] {
        let why = with(Program::new("op", computes_in_a_thread).allow(word, reason)).run(1).unwrap_err();
        assert!(why.contains(right), "{why}");
    }
}

async fn reads_the_clock_for_ever(_: Host) -> Result<(), String> {
    while std::time::Instant::now().elapsed() < secs(9_999_999_999) {}
    Ok(())
}

const FOR_EVER: &str = "violation  hot_loop: op reads the clock for ever without letting time pass";

#[test]
fn a_program_that_reads_the_clock_for_ever_ends_its_run_and_not_the_sweep() {
    let scenario = || with(Program::new("op", reads_the_clock_for_ever)).seeds(0..1);
    let found = std::panic::catch_unwind(|| scenario().check()).unwrap_err();
    let found = found.downcast_ref::<String>().expect("the text of the failure");
    assert!(found.contains(FOR_EVER), "{found}");
}

/// Ends its process if `READS_FOR_EVER` is set, as the next test does.
#[test]
fn reads_for_ever_on_purpose() {
    if std::env::var_os("READS_FOR_EVER").is_some() {
        drop(with(Program::new("op", reads_the_clock_for_ever)).run(1));
    }
}

#[test]
fn a_program_that_reads_the_clock_for_ever_in_a_thread_ends_the_sweep_with_the_reason() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["surroundings::reads_for_ever_on_purpose", "--exact"]).env("READS_FOR_EVER", "1");
    let ended = command.output().unwrap();
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains(FOR_EVER) && said.contains("use `--isolation fork`"), "{said}");
}
