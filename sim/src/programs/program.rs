//! A program: the async code that a host runs, and the handle through which it reaches its world.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::HostSpec;
use super::fused::Fused;
use super::switchboard::{Incarnation, Switchboard};
use crate::hermetic::owners;
use crate::object::Str;

/// What a program's root future returns. Returning is a process exit: with code 0, or with an error in words.
pub type ExitResult = Result<(), String>;

/// A program's root future. It need not be `Send`: it never leaves the thread of its run.
pub(crate) type Root = Pin<Box<dyn Future<Output = ExitResult>>>;

/// Async code under a name. Cloning shares the code.
#[derive(Clone, derive_more::Debug)]
#[debug("Program({name})")]
pub struct Program {
    name: Str,
    start: Arc<dyn Fn(Host) -> Root + Send + Sync>,
}

impl Program {
    /// A program that calls `start` once per incarnation. When the future returns, the process exits.
    pub fn new<F, Fut, E>(name: &str, start: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        let start = move |host: Host| -> Root {
            let future = start(host);
            Box::pin(async move { future.await.map_err(|error| error.to_string()) })
        };
        Self { name: name.into(), start: Arc::new(start) }
    }

    /// The name that scenarios use.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn start(&self, host: Host) -> Root {
        (self.start)(host)
    }
}

/// One incarnation of a simulated process, as the program in it sees it.
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) inner: Arc<HostInner>,
}

/// What the clones of a host share.
#[derive(derive_more::Debug)]
#[debug("{} #{}", spec.name, incarnation.number)]
pub(crate) struct HostInner {
    pub(crate) incarnation: Incarnation,
    pub(crate) spec: HostSpec,
    /// Takes its calls.
    pub(crate) switchboard: Arc<Switchboard>,
    /// Whether it was told to stop.
    pub(crate) terminated: watch::Receiver<bool>,
}

impl HostInner {
    /// The current task uses it, which tells whose task it is.
    pub(super) fn used(&self) {
        owners::uses(self.incarnation.owner());
    }
}

impl Host {
    /// The name of the process: of the replica, or of the pod that it runs in.
    pub fn name(&self) -> &str {
        self.inner.used();
        &self.inner.spec.name
    }

    /// The user name that the API server sees.
    pub fn identity(&self) -> &str {
        self.inner.used();
        &self.inner.spec.identity
    }

    /// Completes when this process is told to stop: when the kubelet sends SIGTERM to its container. The process is killed when
    /// the grace period of its pod is over; a program that returns before has stopped gracefully.
    pub fn terminated(&self) -> Fused<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.inner.used();
        let mut terminated = self.inner.terminated.clone();
        Fused::new(Box::pin(async move {
            // The sender is dropped with the incarnation, so nobody will tell it any more.
            if terminated.wait_for(|terminated| *terminated).await.is_err() {
                std::future::pending::<()>().await;
            }
        }))
    }

    /// An environment variable. It comes from the pod's container, or from the operator's `with`.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.inner.used();
        self.inner.spec.env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
