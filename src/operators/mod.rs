//! Real kube-rs operators, shipped as programs. The scenarios in `scenarios/` run them, and they show how to write an operator
//! that can be tested: `run(client)` is separate from `main`, and its caller passes the client.
//!
//! - `website`: a custom resource with a Deployment, a Service and a registration, and one classic bug to find
//! - `client`: a kube client that retries as a production client does
//!
//! To add one: a folder with `run(client)`, and a line in [`programs`].

mod client;
pub mod website;

use std::pin::pin;

use futures::future::{Either, select};
use wavetank_sim::programs::{Host, Program};

/// The shipped operators, under the names that scenarios use.
pub fn programs() -> Vec<Program> {
    vec![
        Program::new("website-operator", |host| until_told(website::run(watching(&host)), host)),
        Program::new("website-operator-buggy", |host| {
            until_told(website::run_with_classic_bug(watching(&host)), host)
        }),
    ]
}

/// Runs an operator until its process is told to stop. It leaves nothing behind that another one must wait for.
async fn until_told<E>(run: impl Future<Output = Result<(), E>>, host: Host) -> Result<(), E> {
    match select(pin!(run), host.terminated()).await {
        Either::Left((ended, _)) => ended,
        Either::Right(_) => Ok(()),
    }
}

/// A client for the namespace that the process should watch, else for its own. A pod gets both variables from its manifest,
/// an operator beside the cluster from `with`.
fn watching(host: &Host) -> kube::Client {
    let namespace = host.env("WATCH_NAMESPACE").or_else(|| host.env("POD_NAMESPACE")).unwrap_or("default");
    client::retrying(host.service(), namespace)
}
