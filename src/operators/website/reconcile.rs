//! One pass over one website: it writes the children and reports their status. Every pass does all of this, whatever
//! triggered it. Writing an unchanged object again has no effect.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::{finalizer as finalizers, wait};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::failures::Failures;
use super::status::status;
use super::{NAME, Website, children};

/// Holds a deleted website until its registration is gone.
const FINALIZER: &str = "example.wavetank.dev/registration";

/// The time between passes without a trigger, in case a watch misses something.
const RESYNC: Duration = Duration::from_secs(300);

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The watch for the custom resource's definition failed.
    #[error("failed to wait for the definition of websites: {0}")]
    Definition(#[source] wait::Error),
    /// A request for one object failed.
    #[error("failed to {verb} {object}: {source}")]
    Request {
        /// What the request should do.
        verb: &'static str,
        /// `Deployment shop`
        object: String,
        /// Why it failed.
        source: kube::Error,
    },
    /// Adding or removing the finalizer failed, or the pass between.
    #[error(transparent)]
    Finalizer(#[from] Box<finalizers::Error<Error>>),
}

/// When a pass records a generation as observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observe {
    /// With the status, after the children.
    AfterChildren,
    /// The classic bug. An "optimisation" skips the children of a generation that was observed before, and the pass records
    /// the generation first. If the operator fails or dies between the two writes, the children never change.
    BeforeChildren,
}

/// The state that all passes share.
pub(super) struct Operator {
    pub(super) client: Client,
    pub(super) observe: Observe,
    pub(super) failures: Failures,
}

/// One pass: writes children and status, or cleans up if the website is terminating.
pub(super) async fn reconcile(website: Arc<Website>, operator: Arc<Operator>) -> Result<Action, Error> {
    let name = website.name_any();
    let websites = operator.api::<Website>(&website);
    let operator = &operator;
    let action = finalizer(&websites, FINALIZER, website, |event| async move {
        match event {
            Event::Apply(website) => operator.apply(&website).await,
            Event::Cleanup(website) => operator.clean_up(&website).await,
        }
    })
    .await
    .map_err(Box::new)?;
    operator.failures.forget(&name);
    Ok(action)
}

/// After an error: another pass, after a wait that grows.
pub(super) fn error_policy(website: Arc<Website>, _: &Error, operator: Arc<Operator>) -> Action {
    Action::requeue(operator.failures.count(&website.name_any()))
}

impl Operator {
    async fn apply(&self, website: &Website) -> Result<Action, Error> {
        let deployment = self.children(website).await?;
        let status = status(website, &deployment, &Time(Timestamp::now()));
        if website.status.as_ref() != Some(&status) {
            self.report(website, &json!({ "status": status })).await?;
        }
        Ok(Action::requeue(RESYNC))
    }

    /// Writes the children. Returns the Deployment as stored.
    async fn children(&self, website: &Website) -> Result<Deployment, Error> {
        if self.observe == Observe::BeforeChildren {
            let generation = website.meta().generation;
            if website.status.as_ref().is_some_and(|status| status.observed_generation == generation) {
                return self.current(website).await;
            }
            self.report(website, &json!({ "status": { "observedGeneration": generation } })).await?;
        }
        self.write(website, &children::registration(website)).await?;
        self.write(website, &children::service(website)).await?;
        self.write(website, &children::deployment(website)).await
    }

    /// Deletes what the garbage collector does not. A pass may run twice, so it succeeds if nothing is left to delete.
    async fn clean_up(&self, website: &Website) -> Result<Action, Error> {
        let name = children::registration_name(website);
        match self.api::<ConfigMap>(website).delete(&name, &DeleteParams::default()).await {
            Ok(_) => Ok(Action::await_change()),
            Err(kube::Error::Api(error)) if error.is_not_found() => Ok(Action::await_change()),
            Err(error) => Err(failed::<ConfigMap>("delete", &name, error)),
        }
    }

    async fn current(&self, website: &Website) -> Result<Deployment, Error> {
        let name = website.name_any();
        let found = self.api::<Deployment>(website).get_opt(&name).await;
        found.map(Option::unwrap_or_default).map_err(|error| failed::<Deployment>("get", &name, error))
    }

    async fn write<K>(&self, website: &Website, wanted: &K) -> Result<K, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Serialize + DeserializeOwned,
    {
        let name = wanted.name_any();
        let params = PatchParams::apply(NAME).force();
        let written = self.api::<K>(website).patch(&name, &params, &Patch::Apply(wanted)).await;
        written.map_err(|error| failed::<K>("apply", &name, error))
    }

    async fn report(&self, website: &Website, patch: &serde_json::Value) -> Result<(), Error> {
        let name = website.name_any();
        let params = PatchParams::default();
        let reported = self.api::<Website>(website).patch_status(&name, &params, &Patch::Merge(patch)).await;
        reported.map(drop).map_err(|error| failed::<Website>("report the status of", &name, error))
    }

    /// An API in the website's namespace.
    fn api<K>(&self, website: &Website) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &website.namespace().unwrap_or_default())
    }
}

fn failed<K: Resource<DynamicType = ()>>(verb: &'static str, name: &str, source: kube::Error) -> Error {
    Error::Request { verb, object: format!("{} {name}", K::kind(&())), source }
}
