//! A kube client over any HTTP service. It retries as a production client does.

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::client::retry::RetryPolicy;
use tower::retry::RetryLayer;
use tower::{BoxError, Service, ServiceBuilder};

/// A client that retries 429, 503 and 504, after the server's `Retry-After` or a back-off from 5 ms, as one from a kubeconfig
/// does. `Client::new` alone returns these errors to the caller.
pub(super) fn retrying<S, B>(service: S, namespace: &str) -> Client
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(RetryPolicy::server_retry()))
        .map_err(Into::<BoxError>::into)
        .service(service);
    Client::new(service, namespace)
}
