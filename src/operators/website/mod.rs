//! The website operator: it runs a web server for each `Website` in the namespace that its client defaults to.
//!
//! - `resource`: the custom resource and its definition
//! - `children`: the objects of a website, as pure functions
//! - `status`: the status of a website, as a pure function
//! - `reconcile`: one pass over one website
//! - `failures`: how long to wait after an error

mod children;
mod failures;
mod reconcile;
mod resource;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{
    Controller, Predicate, PredicateConfig, WatchStreamExt, controller, predicates, reflector, watcher,
};
use kube::{Api, Client, CustomResourceExt};

use failures::Failures;
use reconcile::{Observe, Operator, error_policy, reconcile};

pub use reconcile::Error;
pub use resource::{Website, WebsiteSpec, WebsiteStatus, crd};

/// The operator's name: the field manager of its applies, and a label of its objects.
const NAME: &str = "website-operator";

/// How long no event may come before a pass over a website. A pass writes several objects, each of which causes an event.
const DEBOUNCE: Duration = Duration::from_millis(100);

/// Reconciles all websites in the client's default namespace. Returns only with an error.
///
/// # Errors
/// The watch for the custom resource's definition failed. The process should restart.
pub async fn run(client: Client) -> Result<(), Error> {
    control(client, Observe::AfterChildren).await
}

/// The same with a classic bug: it records a generation as observed before it writes the children, and skips the children of
/// generations that it has observed.
///
/// # Errors
/// As [`run`].
pub async fn run_with_classic_bug(client: Client) -> Result<(), Error> {
    control(client, Observe::BeforeChildren).await
}

async fn control(client: Client, observe: Observe) -> Result<(), Error> {
    await_condition(Api::all(client.clone()), Website::crd_name(), conditions::is_crd_established())
        .await
        .map_err(Error::Definition)?;
    let websites = Api::default_namespaced(client.clone());
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let services: Api<Service> = Api::default_namespaced(client.clone());
    let operator = Arc::new(Operator { client, observe, failures: Failures::default() });
    let (reader, writer) = reflector::store();
    Controller::for_stream(spec_changes(websites, writer), reader)
        .owns(deployments, watcher::Config::default())
        .owns(services, watcher::Config::default())
        .with_config(controller::Config::default().debounce(DEBOUNCE))
        .run(reconcile, error_policy, operator)
        .for_each(|result| async move {
            match result {
                Ok((website, _)) => tracing::debug!(%website, "reconciled"),
                Err(error) => tracing::warn!(%error, "not reconciled"),
            }
        })
        .await;
    Ok(())
}

/// Websites whose spec, deletion or finalizers changed. Most other changes are statuses that this operator wrote itself. They
/// go into the store and cause no pass.
fn spec_changes(
    websites: Api<Website>,
    store: reflector::store::Writer<Website>,
) -> impl Stream<Item = Result<Website, watcher::Error>> {
    let changes = predicates::generation.combine(predicates::finalizers);
    watcher(websites, watcher::Config::default())
        .reflect(store)
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default())
}
