//! Byte streams between programs: to pod IPs and Service names.
//!
//! Real: TCP. Modelled: an address without a listener refuses the connection. Not modelled: listeners, so every connection
//! is refused until application models listen.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use tokio::io::DuplexStream;
use tower_service::Service;

use super::Host;
use super::fused::Fused;
use super::program::HostInner;

/// Opens byte streams from one host, as hyper's connectors do.
#[derive(Clone, Debug)]
pub struct Connector {
    host: Arc<HostInner>,
}

impl Host {
    /// The service that opens byte streams to pod IPs and Service names.
    pub fn connector(&self) -> Connector {
        self.inner.used();
        Connector { host: self.inner.clone() }
    }
}

impl Service<Uri> for Connector {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = Fused<Ready<io::Result<DuplexStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.host.used();
        let text = format!("{} cannot reach {uri}: no program listens there", self.host.spec.name);
        Fused::new(ready(Err(io::Error::new(io::ErrorKind::ConnectionRefused, text))))
    }
}
