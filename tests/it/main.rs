//! Tests of the command and the library from outside, in one binary.
//!
//! - `cli`: exit codes, bad input, JSON, JUnit
//! - `controllers`: without a controller, its scenario fails
//! - `sweeps`: what a sweep prints, when it ends early, notes that are failures
//! - `input`: scenarios from stdin, and those of a folder
//! - `looking`: one run while it goes, an object's revisions, an object at a time
//! - `places`: where a failed step and its manifest are written
//! - `replay`: the printed line reproduces the run in another process, from the command line and from `cargo test`
//! - `signals`: programs that listen for SIGTERM
//! - `builder`: a scenario built in code
//! - `events`: Events of the control plane, with and without a reader
//! - `exits`: programs that end their process
//! - `triggered`: steps that events set off
//! - `verdicts`: what ends a run, and what is noted of it
//! - `compaction`: a kube client whose watches and pages are too old

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod builder;
mod cli;
mod compaction;
mod controllers;
mod events;
mod exits;
mod input;
mod looking;
mod places;
mod replay;
mod signals;
mod sweeps;
mod triggered;
mod verdicts;

use std::path::PathBuf;
use std::process::{Command, Output};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

/// Runs the command in the project's root.
fn wavetank(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("the command is built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A scenario file with this text, in a folder of this name.
fn scenario_file(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let path = folder.join("scenario.yaml");
    std::fs::write(&path, text).expect("the folder for temporary files can be written");
    path
}

/// The manifest of a Deployment with this number of pods.
fn web_yaml(replicas: u32) -> String {
    format!(
        r#"
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: "example.com/web:1"}}]}}
"#
    )
}

/// A program that follows all pods.
async fn follow_pods(host: wavetank::Host) -> Result<(), String> {
    let pods: Api<Pod> = Api::default_namespaced(Client::new(host.service(), "default"));
    let followed = watcher(pods, watcher::Config::default()).default_backoff();
    followed.for_each(|_| std::future::ready(())).await;
    Ok(())
}

/// A scenario that fails on every seed: it expects four pods of a Deployment of three.
const NEVER_HOLDS: &str = r#"# What: expects four pods of a Deployment of three. Why: tests need a violation. Expected: violated on every seed.
apiVersion: wavetank.dev/v1alpha1
kind: Scenario
metadata: {name: never-holds}
spec:
  setup:
  - apply:
      inline: |
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 3
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "example.com/web:1"}]}
  faults:
  - fault: pod-deletion
    target: {kind: Pod, selector: app=web, pick: one}
    when: {at: 1s..20s}
  converge: {within: 60s, settle: 30s}
  expect:
  - name: four pods
    eventually:
      vars: {pods: {apiVersion: v1, kind: Pod, selector: app=web}}
      cel: pods.size() == 4
"#;
