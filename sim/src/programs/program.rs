//! A program: the async code that a host runs, and the handle it gets to its world.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Connector, HostService, Switchboard};
use crate::object::Str;
use crate::wire::Addr;

/// How a program's root future ends: a process exit, with an error in words or without.
pub type Exit = Result<(), String>;

/// A program's root future. It need not be `Send`: it never leaves the thread of its run.
pub(crate) type Root = Pin<Box<dyn Future<Output = Exit>>>;

/// Async code under a name. Cloning shares the code.
#[derive(Clone)]
pub struct Program {
    name: Str,
    start: Arc<dyn Fn(Host) -> Root + Send + Sync>,
}

impl Program {
    /// A program that runs `start` once per incarnation. Returning is a process exit.
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

    /// The root future of a new incarnation.
    pub(crate) fn start(&self, host: Host) -> Root {
        (self.start)(host)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.name)
    }
}

/// One incarnation of a simulated process, as the program in it sees it.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<HostInner>,
}

/// What the clones of a host share.
pub(crate) struct HostInner {
    /// The host's address on the wire.
    pub(crate) addr: Addr,
    /// Which life of the host this is, from 1.
    pub(crate) incarnation: u32,
    /// `memcached-operator-0`, or the pod's name.
    pub(crate) name: Str,
    /// The user that the API server sees.
    pub(crate) identity: Str,
    /// Environment variables.
    pub(crate) env: Vec<(Str, Str)>,
    /// Where its calls go.
    pub(crate) switchboard: Arc<Switchboard>,
}

impl Host {
    /// The HTTP service to hand to `kube::Client::new`.
    pub fn service(&self) -> HostService {
        HostService::new(self.inner.clone())
    }

    /// The service that opens byte streams to pod IPs and Service names.
    pub fn connector(&self) -> Connector {
        Connector::new(self.inner.clone())
    }

    /// The name of the process: the replica's, or the pod's it runs in.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The user that the API server sees.
    pub fn identity(&self) -> &str {
        &self.inner.identity
    }

    /// An environment variable: of the pod's container, or of the operator's `with`.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.inner.env.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({} #{})", self.inner.name, self.inner.incarnation)
    }
}
