//! The seam through which programs reach each other: byte streams to pod IPs and Service names.
//!
//! Modelled: that nothing listens there yet, so that a connection is refused, as by a real node without a listener. Not
//! modelled: listeners. Application models bring them.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use tokio::io::DuplexStream;
use tower_service::Service;

use super::program::HostInner;

/// Opens byte streams from one host, as hyper's connectors do.
#[derive(Clone)]
pub struct Connector {
    host: Arc<HostInner>,
}

impl Connector {
    pub(crate) fn new(host: Arc<HostInner>) -> Self {
        Self { host }
    }
}

impl Service<Uri> for Connector {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = Ready<io::Result<DuplexStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let text = format!("{} cannot reach {uri}: no program listens there", self.host.name);
        ready(Err(io::Error::new(io::ErrorKind::ConnectionRefused, text)))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connector({})", self.host.name)
    }
}
